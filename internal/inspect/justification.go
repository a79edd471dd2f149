package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

// Rules say by whose rules a justification is judged.
type Rules string

// The rules. Ours are the bridge's without ancestries.
const (
	Substrate Rules = "substrate"
	Strict    Rules = "strict"
	Smoldot   Rules = "smoldot"
)

// ParseRules returns the rules with the given name.
func ParseRules(name string) (Rules, error) {
	for _, r := range []Rules{Substrate, Strict, Smoldot} {
		if name == string(r) {
			return r, nil
		}
	}
	return "", fmt.Errorf("no rules %q: know substrate, strict and smoldot", name)
}

// field is the name that files give the verdict of these rules.
func (r Rules) field() string {
	if r == Strict {
		return "bridge_strict"
	}
	return string(r)
}

// expected returns the verdict that a case's expect field tells, or nil.
func (r Rules) expected(raw json.RawMessage) *bool {
	var text string
	if m := object(raw); m != nil {
		field, ok := m[r.field()]
		if !ok {
			field, ok = m["result"]
		}
		if !ok {
			return nil
		}
		raw = field
	}
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	want := text == "ok" || text == "valid" || len(text) > 10 && text[:3] == "all"
	return &want
}

func (r Rules) check(e grandpa.Evidence, set grandpa.AuthoritySet, target grandpa.Target) error {
	switch r {
	case Strict:
		return e.Bridge(set, target)
	case Smoldot:
		return e.Smoldot(set)
	}
	return e.Substrate(set, target)
}

// authority is a pair of an id and a weight.
type authority grandpa.Authority

// UnmarshalJSON implements json.Unmarshaler.
func (a *authority) UnmarshalJSON(raw []byte) error {
	var id Bytes
	pair := []any{&id, &a.Weight}
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 || len(id) != 32 {
		return fmt.Errorf("%.100s is no pair of an authority and its weight", raw)
	}
	a.ID = keys.GrandpaID(id)
	return nil
}

// target is a pair of a hash and a number.
type target grandpa.Target

// UnmarshalJSON implements json.Unmarshaler.
func (t *target) UnmarshalJSON(raw []byte) error {
	var h Bytes
	pair := []any{&h, &t.Number}
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 || len(h) != 32 {
		return fmt.Errorf("%.100s is no pair of a hash and a number", raw)
	}
	t.Hash = hash.H256(h)
	return nil
}

func setOf(id uint64, list []authority) grandpa.AuthoritySet {
	set := grandpa.AuthoritySet{ID: id}
	for _, a := range list {
		set.Authorities = append(set.Authorities, grandpa.Authority(a))
	}
	return set
}

// JustificationFile judges the cases of a file about GRANDPA: justifications,
// commits, votes, warp proofs, digests, headers, or a checkpoint.
func JustificationFile(file string, rules Rules) ([]Case, error) {
	raw, err := read(file)
	if err != nil {
		return nil, err
	}
	m, items := object(raw), list(raw)
	switch {
	case m["lightSyncState"] != nil:
		return []Case{checkpoint(filepath.Base(file), raw)}, nil
	case m["vectors"] != nil || m["decode_errors"] != nil:
		cases := each(list(m["vectors"]), "vector", rules.vector)
		cases = append(cases, each(list(m["decode_errors"]), "decode error", decodeError)...)
		return append(cases, each(list(m["thresholds_unit_weights"]), "threshold", threshold)...), nil
	case m["justification"] != nil || m["justification_fields"] != nil || m["justification_file"] != nil ||
		m["commit"] != nil || m["public_key"] != nil:
		return []Case{rules.single(file, raw)}, nil
	case len(items) > 0:
		return each(items, "case", func(i int, raw json.RawMessage) Case {
			if object(raw)["consensus_data"] != nil {
				return digest(i, raw)
			}
			var v vector
			if err := json.Unmarshal(raw, &v); err != nil {
				return must(fmt.Sprintf("case %d", i), err)
			}
			return rules.vector(i, v)
		}), nil
	case m != nil:
		if cases := headers(m); len(cases) > 0 {
			return cases, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", file, ErrLayout)
}

// vector is a case of the synthetic files.
type vector struct {
	Name             string
	SetID            uint64 `json:"set_id"`
	Authorities      []authority
	Target           *target
	Justification    Bytes
	Proof            *Bytes
	StartSetID       uint64      `json:"start_set_id"`
	StartAuthorities []authority `json:"start_authorities"`
	Expect           json.RawMessage
}

func (r Rules) vector(i int, v vector) Case {
	name := named(v.Name, "vector", i)
	return verdict(name, guard(func() error {
		if v.Proof != nil {
			return warp(v)
		}
		j, err := grandpa.DecodeJustification(v.Justification)
		if err != nil {
			return err
		}
		want := j.Commit.Target
		if v.Target != nil {
			want = grandpa.Target(*v.Target)
		}
		return r.check(j.Evidence(), setOf(v.SetID, v.Authorities), want)
	}), r.expected(v.Expect))
}

func warp(v vector) error {
	p, err := grandpa.DecodeWarpProof(*v.Proof)
	if err != nil {
		return err
	}
	set, header, err := p.Verify(setOf(v.StartSetID, v.StartAuthorities))
	if err != nil {
		return err
	}
	var want struct {
		SetID       *uint64 `json:"set_id"`
		Number      *uint32
		Hash        Bytes
		Authorities []Bytes
	}
	if len(v.Expect) > 0 && object(v.Expect) != nil {
		if err := json.Unmarshal(v.Expect, &want); err != nil {
			return fmt.Errorf("read what is expected: %w", err)
		}
	}
	switch {
	case want.SetID != nil && *want.SetID != set.ID:
		return fmt.Errorf("the proof leads to set %d instead of %d", set.ID, *want.SetID)
	case want.Number != nil && *want.Number != header.Number, want.Hash != nil && !want.Hash.is(header.Hash()):
		return fmt.Errorf("the proof leads to block %d %v", header.Number, header.Hash())
	case want.Authorities != nil && !slices.EqualFunc(want.Authorities, set.Authorities, func(id Bytes, a grandpa.Authority) bool { return id.is(a.ID) }):
		return errors.New("the proof leads to another list of authorities")
	}
	return nil
}

func decodeError(i int, v struct {
	Name, Expect string
	Bytes        Bytes
}) Case {
	_, err := grandpa.DecodeJustification(v.Bytes)
	no := false
	return verdict(named(v.Name, "decode error", i), err, &no)
}

func threshold(_ int, row [2]uint64) Case {
	set := grandpa.AuthoritySet{Authorities: []grandpa.Authority{{Weight: row[0]}}}
	got, err := set.Threshold()
	if err == nil && got != row[1] {
		err = fmt.Errorf("the threshold is %d instead of %d", got, row[1])
	}
	return must(fmt.Sprintf("threshold of %d", row[0]), err)
}

// digest judges one message of the runtime to GRANDPA.
func digest(i int, raw json.RawMessage) Case {
	var v struct {
		Name    string
		Data    Bytes           `json:"consensus_data"`
		Item    Bytes           `json:"digest_item"`
		Decoded json.RawMessage `json:"decoded"`
		Expect  string
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(fmt.Sprintf("case %d", i), err)
	}
	want := v.Expect == "" && string(v.Decoded) != "null"
	l, err := grandpa.DecodeLog(v.Data)
	if err == nil && len(v.Item) > 0 && !bytes.Equal(chain.EncodeDigestItem(grandpa.LogItem(l)), v.Item) {
		err = errors.New("the log does not encode to the item")
	}
	return verdict(named(v.Name, "case", i), err, &want)
}

// single judges a file that has one case about a real network.
func (r Rules) single(file string, raw []byte) Case {
	name := filepath.Base(file)
	var v single
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(name, fmt.Errorf("read case: %w", err))
	}
	want := r.expected(v.Expect)
	if want == nil {
		yes := true
		want = &yes
	}
	return verdict(name, guard(func() error { return r.judge(file, v) }), want)
}

type single struct {
	SetID             uint64 `json:"set_id"`
	Authorities       []authority
	Complete          *bool `json:"authorities_complete"`
	Signers           []Bytes
	Size              int    `json:"real_set_size"`
	TargetHash        Bytes  `json:"target_hash"`
	TargetNumber      uint32 `json:"target_number"`
	Justification     Bytes
	JustificationFile string  `json:"justification_file"`
	Fields            *fields `json:"justification_fields"`
	Commit            Bytes
	Payload           Bytes
	PublicKey         Bytes `json:"public_key"`
	Signature         Bytes
	Expect            json.RawMessage
}

// set returns the voters. Where only those are known who signed, stand-ins
// take the places of the others, so that the threshold is as it was.
func (v single) set() grandpa.AuthoritySet {
	set := setOf(v.SetID, v.Authorities)
	if len(v.Authorities) > 0 {
		return set
	}
	for _, id := range v.Signers {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: id.h256(), Weight: 1})
	}
	size := v.Size
	for size == 0 || size-(size-1)/3 < len(v.Signers) {
		size++
	}
	for i := range size - len(v.Signers) {
		stand := hash.Blake2b256(fmt.Appendf(nil, "filler-%d", i))
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: keys.GrandpaID(stand), Weight: 1})
	}
	return set
}

func (r Rules) judge(file string, v single) error {
	switch {
	case v.PublicKey != nil:
		if !keys.VerifyEd25519(v.PublicKey.h256(), v.Payload, v.Signature) {
			return grandpa.ErrSignature
		}
		return nil
	case v.Commit != nil:
		id, e, err := grandpa.DecodeFullCommit(v.Commit)
		if err != nil {
			return err
		}
		if v.SetID == 0 {
			v.SetID = id
		}
		if id != v.SetID {
			return fmt.Errorf("the commit is of set %d instead of %d", id, v.SetID)
		}
		return r.check(e, v.set(), e.Commit.Target)
	case v.Fields != nil:
		e := v.Fields.evidence()
		return r.check(e, v.set(), e.Commit.Target)
	case v.JustificationFile != "":
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), filepath.Base(v.JustificationFile)))
		if err != nil {
			return err
		}
		v.Justification = raw
	}
	j, err := grandpa.DecodeJustification(v.Justification)
	if err != nil {
		return err
	}
	want := j.Commit.Target
	if len(v.TargetHash) > 0 {
		want = grandpa.Target{Hash: v.TargetHash.h256(), Number: v.TargetNumber}
	}
	return r.check(j.Evidence(), v.set(), want)
}

// fields is a justification of a chain whose headers have another form.
type fields struct {
	Round        uint64
	TargetHash   Bytes  `json:"target_hash"`
	TargetNumber uint32 `json:"target_number"`
	Precommits   []struct {
		TargetHash    Bytes  `json:"target_hash"`
		TargetNumber  uint32 `json:"target_number"`
		Signature, ID Bytes
	}
	Ancestries []struct{ Raw, Hash Bytes } `json:"votes_ancestries"`
}

func (f *fields) evidence() grandpa.Evidence {
	e := grandpa.Evidence{Round: f.Round, Commit: grandpa.Commit{
		Target: grandpa.Target{Hash: f.TargetHash.h256(), Number: f.TargetNumber}}}
	for _, p := range f.Precommits {
		e.Commit.Precommits = append(e.Commit.Precommits, grandpa.SignedPrecommit{
			Target:    grandpa.Target{Hash: p.TargetHash.h256(), Number: p.TargetNumber},
			Signature: p.Signature.sig(), ID: p.ID.h256()})
	}
	for _, a := range f.Ancestries {
		h, _, err := chain.DecodeHeaderPrefix(a.Raw)
		if err != nil {
			panic(fieldError{err})
		}
		e.Links = append(e.Links, grandpa.Link{Hash: hash.Blake2b256(a.Raw), Parent: h.ParentHash})
	}
	return e
}

// headers judges an object of raw headers by name.
func headers(m map[string]json.RawMessage) []Case {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	var cases []Case
	for _, name := range names {
		var bad Bytes
		if json.Unmarshal(m[name], &bad) == nil && len(name) > 0 && name[0] == '_' {
			_, err := chain.DecodeHeader(bad)
			no := false
			cases = append(cases, verdict(name, err, &no))
			continue
		}
		var v struct{ Raw, Hash Bytes }
		if json.Unmarshal(m[name], &v) != nil || len(v.Raw) == 0 {
			continue
		}
		h, err := chain.DecodeHeader(v.Raw)
		if err == nil && !v.Hash.is(h.Hash()) {
			err = fmt.Errorf("the hash is %v instead of %x", h.Hash(), []byte(v.Hash))
		}
		cases = append(cases, must(name, err))
	}
	return cases
}

// checkpoint judges the light-sync state of a chain spec.
func checkpoint(name string, raw []byte) Case {
	var v struct {
		State struct {
			Header Bytes `json:"finalizedBlockHeader"`
			Set    Bytes `json:"grandpaAuthoritySet"`
		} `json:"lightSyncState"`
		Expect struct {
			HeaderHash Bytes   `json:"header_hash"`
			SetID      *uint64 `json:"set_id"`
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return must(name, err)
	}
	s, err := grandpa.DecodeClientSet(v.State.Set)
	if err == nil {
		err = s.Current().Check()
	}
	if err == nil && v.Expect.SetID != nil && *v.Expect.SetID != s.SetID {
		err = fmt.Errorf("set %d instead of %d", s.SetID, *v.Expect.SetID)
	}
	if err == nil {
		var h chain.Header
		if h, err = chain.DecodeHeader(v.State.Header); err == nil && len(v.Expect.HeaderHash) > 0 && !v.Expect.HeaderHash.is(h.Hash()) {
			err = fmt.Errorf("the header's hash is %v", h.Hash())
		}
	}
	return must(name, err)
}
