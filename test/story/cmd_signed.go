package story

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// signedLabel marks messages whose answer is the events of a signed extrinsic.
const signedLabel = "signed"

// sign store CODE | new CODE [args…] | call CONTRACT LABEL [args…] [nonce=0] [by=Alice] [payer=Alice] [in=CLUSTER] [as=NAME]
// [gas=ALL] [era=BLOCKS] [born=BLOCK] [bad=signature|genesis|bytes|name]
//
// sends what an account signed for a cluster's contract runtime, which another one
// pays for. With an era of so many blocks it is mortal, from its birth on; that is
// the newest block that can be one, or the given one. A call new stores the code too, and
// makes a contract that is called as the option as says.
func (w *World) sign(l *line) error {
	payer, err := w.account(l.opt("payer", "Alice"))
	if err != nil {
		return err
	}
	who, cluster, err := w.of(l)
	if err != nil {
		return err
	}
	as := l.opt("as", "it")
	call, source, code, err := w.signedCall(l, who, cluster, as)
	if err != nil {
		return err
	}
	s, err := w.signFor(l, who, cluster, call, source)
	if err != nil {
		return err
	}
	s.Code = code
	bad := l.opt("bad", "")
	if bad == "name" {
		s.Code = &hash.H256{1}
	}
	input := scale.Marshal(s)
	if bad == "bytes" {
		input = input[:len(input)/2]
	}
	m, err := w.seal(&contract{id: cluster, cluster: cluster}, payer, signedLabel, seal.KindSigned, input)
	if err != nil {
		return err
	}
	m.call = clusters.Transact{Cluster: cluster, Envelope: m.envelope}
	return w.send(as, payer, m)
}

// signedCall makes a call of the contract runtime, without the source of its code,
// which the chain has under a name.
func (w *World) signedCall(l *line, who keys.Pair, cluster hash.H256, as string) (call frame.RuntimeCall, source []byte, code *hash.H256, err error) {
	kind, err := l.arg(0)
	if err != nil {
		return nil, nil, nil, err
	}
	name, err := l.arg(1)
	if err != nil {
		return nil, nil, nil, err
	}
	gas, err := l.number("gas", 2_000_000_000)
	if err != nil {
		return nil, nil, nil, err
	}
	limit := frame.Weight{RefTime: frame.Time(uint64(gas))}
	if kind == "call" {
		label, err := l.arg(2)
		if err != nil {
			return nil, nil, nil, err
		}
		c := w.things[name]
		if c == nil {
			return nil, nil, nil, fmt.Errorf("no contract is called %s", name)
		}
		input, err := w.encode(c, label, l.args[3:])
		return frame.Call{Dest: chain.AddressID{ID: keys.AccountID(c.id)}, GasLimit: limit, Data: input}, nil, nil, err
	}
	packed, err := w.code(name)
	if err != nil {
		return nil, nil, nil, err
	}
	if source, err = unpacked(packed); err != nil {
		return nil, nil, nil, err
	}
	id := words.CodeHash(words.Chunks(packed))
	if kind == "store" {
		return frame.UploadCode{}, source, &id, nil
	}
	if kind != "new" {
		return nil, nil, nil, fmt.Errorf("nothing of the contract runtime is called %s", kind)
	}
	c := &contract{code: id, cluster: cluster, id: words.ContractID(who.AccountID(), id, cluster, []byte(as))}
	if c.meta, err = w.meta(name); err != nil {
		return nil, nil, nil, err
	}
	input, err := w.encode(c, "new", l.args[2:])
	if err != nil {
		return nil, nil, nil, err
	}
	w.things[as], w.names[c.id] = c, as
	return frame.InstantiateWithCode{GasLimit: limit, Data: input, Salt: []byte(as)}, source, &id, nil
}

func unpacked(code []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(code))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// signFor signs a call with its code in it, and takes that out again.
func (w *World) signFor(l *line, who keys.Pair, cluster hash.H256, call frame.RuntimeCall, source []byte) (s frame.Signed, err error) {
	nonce, err := l.number("nonce", 0)
	if err != nil {
		return s, err
	}
	era, err := l.number("era", 0)
	if err != nil {
		return s, err
	}
	born, err := l.number("born", int(w.app.Head().Number))
	if err != nil {
		return s, err
	}
	first := frame.First(w.app.Genesis(), cluster)
	genesis := first.Hash()
	bad := l.opt("bad", "")
	if bad == "genesis" {
		genesis = w.app.Genesis()
	}
	extra := chain.Extra{Nonce: uint32(nonce)}
	implicit := chain.Implicit{SpecVersion: frame.SpecVersion, TxVersion: frame.TransactionVersion, Genesis: genesis, EraBlock: genesis}
	if era > 0 {
		extra.Era = chain.MortalEra(uint64(era), uint32(born))
		h, err := w.app.Store().HeaderAt(chain.BlockNumber(extra.Era.Birth(uint64(born))))
		if err != nil {
			return s, err
		}
		implicit.EraBlock, s.Birth = h.Hash(), h.Encode()
	}
	whole := call
	switch k := call.(type) {
	case frame.UploadCode:
		k.Code = source
		whole = k
	case frame.InstantiateWithCode:
		k.Code = source
		whole = k
	}
	x := chain.SignExtrinsic(who, frame.EncodeCall(whole), extra, implicit)
	x.Call = frame.EncodeCall(call)
	if bad == "signature" {
		x.Signed.Extra.Tip = scale.U64(1) // which was not signed
	}
	s.Extrinsic = x.Encode()
	return s, nil
}

// applied tells the events of a signed extrinsic.
func (w *World) applied(out []byte) string {
	a, err := scale.Decode[frame.Applied](out)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, r := range a.Records {
		list = append(list, w.contractEvent(r.Event))
	}
	return strings.Join(list, ", ")
}

func (w *World) contractEvent(e []byte) string {
	switch {
	case bytes.HasPrefix(e, []byte{frame.System, 0}):
		return "success"
	case bytes.HasPrefix(e, []byte{frame.System, 1, 3, frame.Contracts}):
		for _, known := range frame.Errors {
			if slices.Equal(e[4:8], []byte{byte(known.Error), 0, 0, 0}) {
				return known.Name
			}
		}
	case bytes.HasPrefix(e, []byte{frame.Contracts, frame.IndexInstantiated}):
		return told[frame.Instantiated](w, e)
	case bytes.HasPrefix(e, []byte{frame.Contracts, frame.IndexCodeStored}):
		return told[frame.CodeStored](w, e)
	case bytes.HasPrefix(e, []byte{frame.Contracts, frame.IndexContractEmitted}):
		return told[frame.ContractEmitted](w, e)
	}
	return fmt.Sprintf("0x%x", e)
}

func told[E any](w *World, e []byte) string {
	v, err := scale.Decode[E](e[2:])
	if err != nil {
		return err.Error()
	}
	return w.show(reflect.ValueOf(v))
}
