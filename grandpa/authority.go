package grandpa

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// MaxAuthorities is the most authorities that a set of a chain we follow has.
const MaxAuthorities = 2048

// ErrSet means that a list of authorities is not to be used.
var ErrSet = errors.New("bad authority set")

// Authority is a voter and the weight of its vote.
type Authority struct {
	ID     keys.GrandpaID
	Weight uint64
}

// AuthoritySet is the voters of a stretch of blocks. ID counts the sets.
type AuthoritySet struct {
	ID          uint64
	Authorities []Authority
}

// Threshold is the least weight that makes a block final: total - ⌊(total-1)/3⌋,
// which is more than two thirds.
func (s AuthoritySet) Threshold() (uint64, error) {
	total, carry := uint64(0), uint64(0)
	for _, a := range s.Authorities {
		if total, carry = bits.Add64(total, a.Weight, 0); carry != 0 {
			return 0, fmt.Errorf("%w: the weights overflow", ErrSet)
		}
	}
	if total == 0 {
		return 0, fmt.Errorf("%w: it has no weight", ErrSet)
	}
	return total - (total-1)/3, nil
}

// Check says whether a light chain may hand belief over to the set: it is not
// empty nor too large, names nobody twice, has no weight 0 and no key under
// which anybody can sign.
func (s AuthoritySet) Check() error {
	if n := len(s.Authorities); n == 0 || n > MaxAuthorities {
		return fmt.Errorf("%w: %d authorities", ErrSet, n)
	}
	seen := make(map[keys.GrandpaID]bool, len(s.Authorities))
	for i, a := range s.Authorities {
		switch {
		case seen[a.ID]:
			return fmt.Errorf("%w: authority %d stands twice", ErrSet, i)
		case a.Weight == 0:
			return fmt.Errorf("%w: authority %d has no weight", ErrSet, i)
		case keys.IsLowOrder(a.ID):
			return fmt.Errorf("%w: the key of authority %d is of low order", ErrSet, i)
		}
		seen[a.ID] = true
	}
	_, err := s.Threshold()
	return err
}

// Log is a message of the runtime to GRANDPA in a header: ScheduledChange,
// ForcedChange, OnDisabled, Pause or Resume.
type Log interface{ grandpaLog() }

// ScheduledChange announces the next set, which takes over when the block that
// is Delay above this one is final.
type ScheduledChange struct {
	Next  []Authority
	Delay uint32
}

// ForcedChange announces a set that takes over without finality.
type ForcedChange struct {
	// Median is the last block that was final to half of the authorities.
	Median chain.BlockNumber
	Change ScheduledChange
}

// OnDisabled says that an authority is to be ignored.
type OnDisabled struct{ Index uint64 }

// Pause says that voting stops.
type Pause struct{ Delay uint32 }

// Resume says that voting goes on.
type Resume struct{ Delay uint32 }

func (ScheduledChange) grandpaLog() {}
func (ForcedChange) grandpaLog()    {}
func (OnDisabled) grandpaLog()      {}
func (Pause) grandpaLog()           {}
func (Resume) grandpaLog()          {}

var _ = scale.Enum(scale.V[Log]{1: ScheduledChange{}, 2: ForcedChange{}, 3: OnDisabled{}, 4: Pause{}, 5: Resume{}})

// DecodeLog reads the data of one digest item of GRANDPA's.
func DecodeLog(raw []byte) (Log, error) {
	v, err := scale.Decode[struct{ Log Log }](raw)
	if err != nil {
		return nil, fmt.Errorf("decode GRANDPA log: %w", err)
	}
	return v.Log, nil
}

// LogItem is the digest item that carries a log.
func LogItem(l Log) chain.DigestConsensus {
	return chain.DigestConsensus{Engine: chain.EngineGrandpa, Data: scale.Marshal(struct{ Log Log }{l})}
}

// Logs returns all of GRANDPA's logs in a header, and the first error of one
// that cannot be read, which other implementations pass over.
func Logs(h chain.Header) (logs []Log, err error) {
	for _, item := range h.Digest {
		c, ok := item.(chain.DigestConsensus)
		if !ok || c.Engine != chain.EngineGrandpa {
			continue
		}
		l, e := DecodeLog(c.Data)
		if e != nil {
			if err == nil {
				err = e
			}
			continue
		}
		logs = append(logs, l)
	}
	return logs, err
}

// FindChanges returns the first scheduled and the first forced change among
// logs, each nil when there is none. Where there are both the forced one counts.
func FindChanges(logs []Log) (scheduled *ScheduledChange, forced *ForcedChange) {
	for _, l := range logs {
		switch l := l.(type) {
		case ScheduledChange:
			if scheduled == nil {
				scheduled = &l
			}
		case ForcedChange:
			if forced == nil {
				forced = &l
			}
		}
	}
	return scheduled, forced
}
