package grandpa

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// voters makes n GRANDPA keys and the set of them.
func voters(t testing.TB, setID uint64, n int) ([]keys.GrandpaPair, AuthoritySet) {
	t.Helper()
	set := AuthoritySet{ID: setID}
	var pairs []keys.GrandpaPair
	for i := range n {
		p, err := keys.NewPair(keys.Ed25519, hash.Blake2b256([]byte{byte(i), byte(i >> 8), byte(setID)}))
		if err != nil {
			t.Fatal(err)
		}
		g, err := keys.NewGrandpaPair(p)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, g)
		set.Authorities = append(set.Authorities, Authority{g.ID(), 1})
	}
	return pairs, set
}

func justify(t testing.TB, h chain.Header, pairs []keys.GrandpaPair, set AuthoritySet) Justification {
	t.Helper()
	target := TargetOf(h)
	var votes []SignedPrecommit
	for _, p := range pairs {
		votes = append(votes, Sign(p, target, uint64(h.Number), set.ID))
	}
	j, err := Assemble(uint64(h.Number), target, set, votes)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestAssembleIsMinimal(t *testing.T) {
	for n := 1; n < 12; n++ {
		pairs, set := voters(t, 3, n)
		h := chain.Header{Number: 7}
		target := TargetOf(h)
		var votes []SignedPrecommit
		for _, i := range rand.New(rand.NewPCG(1, uint64(n))).Perm(n) {
			votes = append(votes, Sign(pairs[i], target, 7, 3), Sign(pairs[i], target, 7, 3))
		}
		strangers, _ := voters(t, 4, 1)
		votes = append(votes, Sign(strangers[0], target, 7, 3), Sign(pairs[0], Target{}, 7, 3))
		j, err := Assemble(7, target, set, votes)
		if err != nil {
			t.Fatal(err)
		}
		threshold, _ := set.Threshold()
		if uint64(len(j.Commit.Precommits)) != threshold {
			t.Errorf("%d of %d votes, want %d", len(j.Commit.Precommits), n, threshold)
		}
		for i := 1; i < len(j.Commit.Precommits); i++ {
			if bytes.Compare(j.Commit.Precommits[i-1].ID[:], j.Commit.Precommits[i].ID[:]) >= 0 {
				t.Errorf("n = %d: the votes are not sorted", n)
			}
		}
		if err := Verify(j, set, h); err != nil {
			t.Errorf("n = %d: %v", n, err)
		}
		if err := j.Evidence().Substrate(set, target); err != nil {
			t.Errorf("n = %d: Substrate: %v", n, err)
		}
		back, err := DecodeJustification(j.Encode())
		if err != nil || !bytes.Equal(back.Encode(), j.Encode()) {
			t.Errorf("n = %d does not come back: %v", n, err)
		}
		if want := 46 + 132*len(j.Commit.Precommits); len(j.Encode()) != want {
			t.Errorf("n = %d: %d bytes, want %d", n, len(j.Encode()), want)
		}
		if _, err := Assemble(7, target, set, j.Commit.Precommits[1:]); !errors.Is(err, ErrVotes) {
			t.Errorf("n = %d: too few votes give %v", n, err)
		}
	}
}

// Over as many rounds as there are authorities, each vote is chosen as often as
// any other.
func TestAssembleIsFair(t *testing.T) {
	const n = 7
	pairs, set := voters(t, 3, n)
	chosen := map[keys.GrandpaID]int{}
	for round := range uint64(n) {
		target := TargetOf(chain.Header{Number: chain.BlockNumber(round)})
		var votes []SignedPrecommit
		for _, p := range pairs {
			votes = append(votes, Sign(p, target, round, 3))
		}
		j, err := Assemble(round, target, set, votes)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range j.Commit.Precommits {
			chosen[v.ID]++
		}
	}
	for _, p := range pairs {
		if chosen[p.ID()] != 5 {
			t.Errorf("%v is chosen in %d of %d rounds", p.ID(), chosen[p.ID()], n)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	pairs, set := voters(t, 0, 4)
	h := chain.Header{Number: 9}
	good := justify(t, h, pairs, set)
	change := func(f func(j *Justification, s *AuthoritySet, h *chain.Header)) error {
		j, err := DecodeJustification(good.Encode())
		if err != nil {
			t.Fatal(err)
		}
		s, header := set, h
		f(&j, &s, &header)
		return Verify(j, s, header)
	}
	type (
		J = *Justification
		S = *AuthoritySet
		H = *chain.Header
	)
	for name, row := range map[string]struct {
		want error
		f    func(J, S, H)
	}{
		"as it is":      {nil, func(J, S, H) {}},
		"other set":     {ErrSignature, func(_ J, s S, _ H) { s.ID++ }},
		"other round":   {ErrSignature, func(j J, _ S, _ H) { j.Round++ }},
		"other header":  {ErrTarget, func(_ J, _ S, h H) { h.StateRoot[0]++ }},
		"number":        {ErrTarget, func(j J, _ S, _ H) { j.Commit.Target.Number++ }},
		"vote's number": {ErrUnrelatedVote, func(j J, _ S, _ H) { j.Commit.Precommits[1].Target.Number++ }},
		"ancestry":      {ErrRedundantAncestry, func(j J, _ S, h H) { j.Ancestries = []chain.Header{*h} }},
		"one too few":   {ErrLowWeight, func(j J, _ S, _ H) { j.Commit.Precommits = j.Commit.Precommits[1:] }},
		"repeated":      {ErrDuplicateVote, func(j J, _ S, _ H) { j.Commit.Precommits[1] = j.Commit.Precommits[0] }},
		"stranger":      {ErrUnknownAuthority, func(j J, _ S, _ H) { j.Commit.Precommits[2].ID[0]++ }},
		"signature":     {ErrSignature, func(j J, _ S, _ H) { j.Commit.Precommits[2].Signature[9]++ }},
		"one too many": {ErrRedundantVote, func(j J, _ S, h H) {
			j.Commit.Precommits = nil
			for _, p := range pairs {
				j.Commit.Precommits = append(j.Commit.Precommits, Sign(p, TargetOf(*h), 9, 0))
			}
		}},
		"empty set": {ErrSet, func(_ J, s S, _ H) { s.Authorities = nil }},
		"too heavy": {ErrSet, func(_ J, s S, _ H) { s.Authorities = []Authority{{Weight: 1 << 63}, {Weight: 1 << 63}} }},
	} {
		err := change(row.f)
		if !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
}

func TestLightChain(t *testing.T) {
	pairs0, set0 := voters(t, 0, 4)
	pairs1, set1 := voters(t, 1, 5)
	genesis := chain.Header{}
	l, err := NewLightChain(TargetOf(genesis), set0)
	if err != nil {
		t.Fatal(err)
	}
	handOff := func(next []Authority, delay uint32) []chain.DigestItem {
		return []chain.DigestItem{LogItem(OnDisabled{1}), chain.AuraPreRuntime(1), LogItem(ScheduledChange{next, delay})}
	}
	h3 := chain.Header{Number: 3}
	h5 := chain.Header{Number: 5, Digest: handOff(set1.Authorities, 0)}
	h6 := chain.Header{Number: 6}
	step := func(l LightChain, h chain.Header, pairs []keys.GrandpaPair, set AuthoritySet) LightChain {
		t.Helper()
		next, err := l.Step(h, justify(t, h, pairs, set))
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	l3 := step(l, h3, pairs0, set0)
	l5 := step(l3, h5, pairs0, set0)
	if l5.Set.ID != 1 || len(l5.Set.Authorities) != 5 || l5.Hash != h5.Hash() {
		t.Errorf("after the hand-off: %+v", l5)
	}
	l6 := step(l5, h6, pairs1, set1)
	if back, err := scale.Decode[LightChain](scale.Marshal(l6)); err != nil || fmt.Sprint(back) != fmt.Sprint(l6) {
		t.Errorf("%v comes back as %v, %v", l6, back, err)
	}
	if _, err := l5.Step(h6, justify(t, h6, pairs0, set0)); !errors.Is(err, ErrStep) {
		t.Errorf("the old set signs after the hand-off: %v", err)
	}
	if _, err := l6.Step(h5, justify(t, h5, pairs1, set1)); !errors.Is(err, ErrStep) {
		t.Errorf("a step back: %v", err)
	}
	twice := append(set1.Authorities[:2:2], set1.Authorities[0])
	low := []Authority{{keys.GrandpaID{1}, 1}}
	many := make([]Authority, MaxAuthorities+1)
	for name, digest := range map[string][]chain.DigestItem{
		"delay":         handOff(set1.Authorities, 1),
		"empty set":     handOff(nil, 0),
		"twice":         handOff(twice, 0),
		"low order":     handOff(low, 0),
		"too many":      handOff(many, 0),
		"no weight":     handOff([]Authority{{set1.Authorities[0].ID, 0}}, 0),
		"forced":        {LogItem(ForcedChange{1, ScheduledChange{set1.Authorities, 0}})},
		"unreadable":    {chain.DigestConsensus{Engine: chain.EngineGrandpa, Data: []byte{9}}},
		"forced behind": append(handOff(set1.Authorities, 0), LogItem(ForcedChange{})),
	} {
		h := chain.Header{Number: 4, Digest: digest}
		next, err := l3.Step(h, justify(t, h, pairs0, set0))
		if !errors.Is(err, ErrStep) || fmt.Sprint(next) != fmt.Sprint(l3) {
			t.Errorf("%s: %v, %v", name, next, err)
		}
	}
	if _, err := NewLightChain(Target{}, AuthoritySet{}); !errors.Is(err, ErrSet) {
		t.Errorf("an empty set starts a light chain: %v", err)
	}
}

func TestEquivocation(t *testing.T) {
	pairs, _ := voters(t, 0, 1)
	a, b := Target{hash.H256{1}, 5}, Target{hash.H256{2}, 5}
	va, vb := Sign(pairs[0], a, 5, 7), Sign(pairs[0], b, 5, 7)
	good := TwoVotes{5, va.ID, a, va.Signature, b, vb.Signature}
	if err := (EquivocationProof{7, PrecommitEquivocation{good}}).Check(); err != nil {
		t.Error(err)
	}
	same, otherRound := good, good
	same.Second, same.SecondSignature = same.First, same.FirstSignature
	otherRound.Round++
	for name, p := range map[string]EquivocationProof{
		"one block": {7, PrecommitEquivocation{same}}, "round": {7, PrecommitEquivocation{otherRound}},
		"set": {8, PrecommitEquivocation{good}}, "kind": {7, PrevoteEquivocation{good}}, "nothing": {},
	} {
		if err := p.Check(); !errors.Is(err, ErrEquivocation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := EquivocationProof{7, PrecommitEquivocation{good}}
	raw := scale.Marshal(p)
	if back, err := scale.Decode[EquivocationProof](raw); err != nil || back != p || len(raw) != 8+1+8+32+2*(36+64) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}

func TestFinalityProof(t *testing.T) {
	pairs, set := voters(t, 2, 4)
	h1 := chain.Header{Number: 1}
	h2 := chain.Header{Number: 2, ParentHash: h1.Hash()}
	h3 := chain.Header{Number: 3, ParentHash: h2.Hash()}
	j := justify(t, h3, pairs, set)
	p := FinalityProof{h3.Hash(), j.Encode(), []chain.Header{h2, h3}}
	back, err := DecodeFinalityProof(scale.Marshal(p))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := back.Verify(set); err != nil || got != TargetOf(h3) {
		t.Errorf("got %v, %v", got, err)
	}
	back.UnknownHeaders = []chain.Header{h1, h3}
	if _, err := back.Verify(set); !errors.Is(err, ErrTarget) {
		t.Errorf("a gap in the headers: %v", err)
	}
}

func TestWarp(t *testing.T) {
	pairs0, set0 := voters(t, 0, 4)
	pairs1, set1 := voters(t, 1, 3)
	h5 := chain.Header{Number: 5, Digest: []chain.DigestItem{LogItem(ScheduledChange{Next: set1.Authorities})}}
	h9 := chain.Header{Number: 9}
	p := WarpProof{[]Fragment{{h5, justify(t, h5, pairs0, set0)}, {h9, justify(t, h9, pairs1, set1)}}, true}
	back, err := DecodeWarpProof(p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if set, h, err := back.Verify(set0); err != nil || set.ID != 1 || h.Number != 9 {
		t.Errorf("got set %d at %d, %v", set.ID, h.Number, err)
	}
	back.Finished = false
	if _, _, err := back.Verify(set0); !errors.Is(err, ErrWarp) {
		t.Errorf("unfinished: %v", err)
	}
	if _, _, err := (WarpProof{}).Verify(set0); !errors.Is(err, ErrWarp) {
		t.Errorf("empty: %v", err)
	}
}

func FuzzDecodeJustification(f *testing.F) {
	pairs, set := voters(f, 0, 4)
	f.Add(justify(f, chain.Header{Number: 1}, pairs, set).Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		j, err := DecodeJustification(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(j.Encode(), raw) {
			t.Errorf("%x encodes as %x", raw, j.Encode())
		}
		_ = j.Evidence().Substrate(set, j.Commit.Target)
		_ = j.Evidence().Bridge(set, j.Commit.Target)
		_ = j.Evidence().Smoldot(set)
	})
}

func FuzzDecodeWarpProof(f *testing.F) {
	pairs, set := voters(f, 0, 2)
	h := chain.Header{Number: 1, Digest: []chain.DigestItem{LogItem(ScheduledChange{Next: set.Authorities})}}
	f.Add(WarpProof{[]Fragment{{h, justify(f, h, pairs, set)}}, false}.Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := DecodeWarpProof(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Encode(), raw) {
			t.Errorf("%x encodes as %x", raw, p.Encode())
		}
		_, _, _ = p.Verify(set)
	})
}

func FuzzDecodeLog(f *testing.F) {
	f.Add(LogItem(ForcedChange{1, ScheduledChange{[]Authority{{}}, 2}}).Data)
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := DecodeLog(raw)
		if err == nil && !bytes.Equal(LogItem(l).Data, raw) {
			t.Errorf("%x encodes as %x", raw, LogItem(l).Data)
		}
	})
}

func FuzzDecodeFullCommit(f *testing.F) {
	pairs, set := voters(f, 0, 2)
	f.Add(EncodeFullCommit(0, justify(f, chain.Header{Number: 1}, pairs, set)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		id, e, err := DecodeFullCommit(raw)
		if err == nil && !bytes.Equal(EncodeFullCommit(id, Justification{e.Round, e.Commit, nil}), raw) {
			t.Errorf("%x does not come back", raw)
		}
	})
}

func FuzzDecodeClientSet(f *testing.F) {
	f.Add(scale.Marshal(ClientSet{PendingStandard: ForkTree{Roots: []ForkNode{{Data: PendingChange{Kind: DelayBest{3}}}}}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := DecodeClientSet(raw)
		if err == nil && !bytes.Equal(scale.Marshal(s), raw) {
			t.Errorf("%x encodes as %x", raw, scale.Marshal(s))
		}
	})
}

func benchmarkVerify(b *testing.B, n int) {
	// n signatures are the threshold of a set of this size.
	size := n
	for ; size-(size-1)/3 < n; size++ {
	}
	pairs, set := voters(b, 0, size)
	h := chain.Header{Number: 1}
	j := justify(b, h, pairs, set)
	for b.Loop() {
		if err := Verify(j, set, h); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify4(b *testing.B)   { benchmarkVerify(b, 4) }
func BenchmarkVerify100(b *testing.B) { benchmarkVerify(b, 100) }

func ExampleLightChain_Step() {
	seed, _ := keys.FromURI(keys.Ed25519, "//Alice")
	alice, _ := keys.NewGrandpaPair(seed)
	set := AuthoritySet{0, []Authority{{alice.ID(), 1}}}
	light, _ := NewLightChain(Target{}, set)

	header := chain.Header{Number: 1}
	vote := Sign(alice, TargetOf(header), 1, set.ID)
	justification, _ := Assemble(1, TargetOf(header), set, []SignedPrecommit{vote})
	light, err := light.Step(header, justification)
	fmt.Println(light.Number, err)
	// Output: 1 <nil>
}
