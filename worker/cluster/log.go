package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// Limits of a contract's log. Older entries make room for newer ones.
const (
	maxEntries  = 256
	maxLogEvent = 4 << 10 // bytes of an event that is logged

	// maxLogs is the most bytes of all logs of a cluster, as they lie on the disk.
	// What would be more is not logged, unless it takes the place of an older
	// entry. Logs decide nothing, and neither does how many there are.
	maxLogs = 256 << 20
)

// ErrNotOwner tells that somebody else than a contract's owner asked for its log.
var ErrNotOwner = errors.New("only the owner of a contract reads its log")

// Logs lie beside the state: they are encrypted as it is, and the root says
// nothing about them.
func logName(contract hash.H256) string { return "log" + string(contract[:]) }

func entryName(contract hash.H256, seq uint64) string {
	return logName(contract) + string([]byte{byte(seq % maxEntries)})
}

func (t *Tx) getBeside(name string) ([]byte, bool) {
	for x := t; x != nil; x = x.under {
		if v, ok := x.beside[name]; ok {
			return v, v != nil
		}
	}
	v, ok, err := t.v.get(t.base, name)
	if err != nil && t.err == nil {
		t.err = err
	}
	return v, ok
}

// log keeps what a command logged, and its events when it succeeded. What a
// contract said that is not there, since its constructor failed or it has ended,
// nobody could read.
func (t *Tx) log(block uint32, time uint64, r host.Result) {
	for _, l := range r.Lines {
		t.logEntry(l.Contract, wire.LogEntry{Block: block, Time: time, Level: l.Level, Text: l.Text})
	}
	if r.Status != vm.OK {
		return
	}
	for _, e := range r.Events {
		if len(e.Data) <= maxLogEvent {
			t.logEntry(e.Contract, wire.LogEntry{Block: block, Time: time, Topics: e.Topics, Data: e.Data})
		}
	}
}

func (t *Tx) logEntry(contract hash.H256, e wire.LogEntry) {
	if record, _ := t.get(contractName(contract)); len(record) == 0 {
		return
	}
	e.Seq = nextEntry(t.getBeside(logName(contract)))
	name, value := entryName(contract, e.Seq), scale.Marshal(e)
	if old, ok := t.getBeside(name); (!ok || len(value) > len(old)) && t.kept.Logs+uint64(stored(name, value)) > maxLogs {
		return
	}
	t.setBeside(name, value)
	t.setBeside(logName(contract), binary.LittleEndian.AppendUint64(nil, e.Seq+1))
}

func (t *Tx) setBeside(name string, value []byte) {
	if old, ok := t.getBeside(name); ok {
		t.kept.add(name, old, -1)
	}
	if value != nil {
		t.kept.add(name, value, 1)
	}
	t.beside[name] = value
}

func nextEntry(b []byte, ok bool) uint64 {
	if !ok || len(b) != 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// Log returns what is kept of a contract's log from an entry on, to its owner.
func (c *Cluster) Log(r Reader, contract hash.H256, owner keys.AccountID, from uint64) (wire.Log, error) {
	record, ok, err := c.vault.get(r, contractName(contract))
	if err != nil {
		return wire.Log{}, err
	}
	if !ok || len(record) != 64 || keys.AccountID(record[32:]) != owner {
		return wire.Log{}, ErrNotOwner
	}
	counter, ok, err := c.vault.get(r, logName(contract))
	if err != nil {
		return wire.Log{}, err
	}
	out := wire.Log{Next: nextEntry(counter, ok)}
	if out.Next > maxEntries {
		from = max(from, out.Next-maxEntries)
	}
	for seq := from; seq < out.Next; seq++ {
		b, ok, err := c.vault.get(r, entryName(contract, seq))
		if err != nil {
			return out, err
		}
		if !ok {
			return out, fmt.Errorf("%w: entry %d of a log is missing", errState, seq)
		}
		e, err := scale.Decode[wire.LogEntry](b)
		if err != nil {
			return out, fmt.Errorf("%w: entry %d of a log: %v", errState, seq, err)
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}
