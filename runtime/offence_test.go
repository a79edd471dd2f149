package runtime_test

import (
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	palletgrandpa "github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

func ed25519(t testing.TB, uri string) keys.Pair {
	p, err := keys.FromURI(keys.Ed25519, uri)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func grandpaPair(t testing.TB, uri string) keys.GrandpaPair {
	p, err := keys.NewGrandpaPair(ed25519(t, uri))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sessionKeys are those that belong to a name, and the proof of them.
func sessionKeys(t testing.TB, name string, owner chain.AccountID) (session.Keys, []byte) {
	g, e, b := ed25519(t, name+"//g"), ed25519(t, name+"//e"), pair(t, name+"//b")
	payload := session.ProofPayload(owner)
	return session.Keys{Grandpa: session.GrandpaKey(g.Public()), Engine: session.EngineKey(e.Public()), Beacon: session.BeaconKey(b.Public())},
		scale.Marshal(session.Proof{Grandpa: [64]byte(g.Sign(payload)), Engine: [64]byte(e.Sign(payload)), Beacon: [64]byte(b.Sign(payload))})
}

// accused is a chain of four who stake, with sessions of ten blocks.
func accused(t *testing.T) *tester { return stakers(t, 4) }

// stakers is a chain on which so many stake, who make its blocks in turn, with
// sessions of ten blocks.
func stakers(t *testing.T, count int) *tester {
	return start(t, func(g *runtime.Genesis) {
		g.SessionBlocks, g.Validators, g.Staking = 10, nil, staking.Genesis{ValidatorCount: uint32(count), SlashRewardFraction: staking.One / 10}
		for i := range count {
			name := fmt.Sprintf("//v%d", i)
			who := pair(t, name).AccountID()
			k, _ := sessionKeys(t, name, who)
			g.Validators = append(g.Validators, session.Validator{Account: who, Keys: k})
			g.Balances = append(g.Balances, runtime.Endowment{Account: who, Amount: runtime.Unit.MulSat(scale.U64(200))})
			g.Staking.Stakers = append(g.Staking.Stakers, staking.Staker{Stash: who, Amount: runtime.Unit.MulSat(scale.U64(100))})
		}
	})
}

// twice are two votes of a pair in a round.
func twice(by keys.GrandpaPair, round, set uint64, change ...func(*grandpa.TwoVotes)) grandpa.EquivocationProof {
	a, b := grandpa.Target{Hash: hash.H256{1}, Number: 5}, grandpa.Target{Hash: hash.H256{2}, Number: 5}
	v := grandpa.TwoVotes{
		Round: round, ID: by.ID(), First: a, FirstSignature: grandpa.Sign(by, a, round, set).Signature, Second: b, SecondSignature: grandpa.Sign(by, b, round, set).Signature,
	}
	for _, f := range change {
		f(&v)
	}
	return grandpa.EquivocationProof{SetID: set, Equivocation: grandpa.PrecommitEquivocation{TwoVotes: v}}
}

// A proof of two votes for finality is believed if it proves something, of a set
// that there was, by a key that served in it, and once; the reporter pays no fee
// for a true one. That the key was replaced since does not help.
func TestEquivocationReports(t *testing.T) {
	guilty := grandpaPair(t, "//v1//g")
	for name, c := range map[string]struct {
		proof grandpa.EquivocationProof
		want  string
	}{
		"true":                   {twice(guilty, 5, 0), ""},
		"of a round to come":     {twice(guilty, 1<<40, 0), ""},
		"for one block":          {twice(guilty, 5, 0, func(v *grandpa.TwoVotes) { v.Second, v.SecondSignature = v.First, v.FirstSignature }), "Grandpa.InvalidEquivocationProof"},
		"forged":                 {twice(guilty, 5, 0, func(v *grandpa.TwoVotes) { v.SecondSignature[9] ^= 1 }), "Grandpa.InvalidEquivocationProof"},
		"of two rounds":          {twice(guilty, 5, 0, func(v *grandpa.TwoVotes) { v.SecondSignature = grandpa.Sign(guilty, v.Second, 6, 0).Signature }), "Grandpa.InvalidEquivocationProof"},
		"signed for another set": {twice(guilty, 5, 1, func(*grandpa.TwoVotes) {}), "Grandpa.InvalidEquivocationProof"},
		"another's key":          {twice(grandpaPair(t, "//stranger"), 5, 0), "Grandpa.InvalidKeyOwnershipProof"},
	} {
		t.Run(name, func(t *testing.T) {
			x := accused(t)
			alice := pair(t, "//Alice")
			before := x.free(alice.AccountID())
			results, _ := x.block(x.sign(alice, 0, palletgrandpa.ReportEquivocation{EquivocationProof: c.proof}))
			got := ""
			if !results[0].Value.OK {
				got = x.rt.Explain(results[0].Value.Err)
			}
			if got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
			if free := x.free(alice.AccountID()); (free == before) != (c.want == "") {
				t.Errorf("the reporter had %s and has %s", before, free)
			}
			slash, slashed := x.rt.Staking.ValidatorSlashInEra.Get(x.state, 0, pair(t, "//v1").AccountID())
			if slashed != (c.want == "") || slashed && slash.Fraction != 562_500_000 {
				t.Errorf("slashed %+v, %v", slash, slashed)
			}
			if c.want != "" {
				return
			}
			results, _ = x.block(x.sign(alice, 1, palletgrandpa.ReportEquivocation{EquivocationProof: c.proof}))
			if got := x.rt.Explain(results[0].Value.Err); got != "Grandpa.DuplicateOffenceReport" {
				t.Errorf("again: %s", got)
			}
		})
	}
}

func TestKeysDoNotHide(t *testing.T) {
	x := accused(t)
	v1, alice := pair(t, "//v1"), pair(t, "//Alice")
	fresh, proof := sessionKeys(t, "//fresh", v1.AccountID())
	results, _ := x.block(x.sign(v1, 0, session.SetKeys{Keys: fresh, Proof: proof}))
	if !results[0].Value.OK {
		t.Fatal(x.rt.Explain(results[0].Value.Err))
	}
	for x.head.Number < 35 { // the new keys serve
		x.block()
	}
	if set := x.rt.Grandpa.CurrentSetID.Get(x.state); set != 1 {
		t.Fatalf("the set is %d", set)
	}
	// Nobody else can take the old keys over.
	old, taken := sessionKeys(t, "//v1", alice.AccountID())
	results, _ = x.block(x.sign(alice, 0, session.SetKeys{Keys: old, Proof: taken}))
	if got := x.rt.Explain(results[0].Value.Err); got != "Session.DuplicatedKey" {
		t.Errorf("keys that another served with: %s", got)
	}
	bare := scale.AppendBytes(nil, x.rt.Bare(palletgrandpa.ReportEquivocationUnsigned{EquivocationProof: twice(grandpaPair(t, "//v1//g"), 5, 0)}))
	results, _ = x.block(bare)
	if !results[0].OK || !results[0].Value.OK {
		t.Fatalf("the report: %+v", results[0])
	}
	if _, slashed := x.rt.Staking.ValidatorSlashInEra.Get(x.state, 0, v1.AccountID()); !slashed {
		t.Error("with other keys it is not slashed")
	}
	if results, _ = x.block(bare); results[0].OK {
		t.Error("the same report is taken again")
	}
	// The old keys did not serve in the new set.
	late := scale.AppendBytes(nil, x.rt.Bare(palletgrandpa.ReportEquivocationUnsigned{EquivocationProof: twice(grandpaPair(t, "//v1//g"), 34, 1)}))
	if results, _ = x.block(late); results[0].OK {
		t.Error("a key is punished for a set that it was not in")
	}
}

// A key signs as many rounds as its holder likes. All of a session are one
// offence: what a validator that has lost already makes up costs the chain
// nothing more, and those who vote twice in the rounds of a session did it
// together.
func TestOneReportASession(t *testing.T) {
	x := accused(t)
	bare := func(proof grandpa.EquivocationProof) runtime.Applied {
		results, _ := x.block(scale.AppendBytes(nil, x.rt.Bare(palletgrandpa.ReportEquivocationUnsigned{EquivocationProof: proof})))
		return results[0]
	}
	if r := bare(twice(grandpaPair(t, "//v1//g"), 5, 0)); !r.OK || !r.Value.OK {
		t.Fatalf("the first report: %+v", r)
	}
	for round := range uint64(3) {
		if r := bare(twice(grandpaPair(t, "//v1//g"), 6+round, 0)); r.OK {
			t.Errorf("a report of round %d, of a session of which there is one, is taken for nothing", 6+round)
		}
	}
	if r := bare(twice(grandpaPair(t, "//v2//g"), 9, 0)); !r.OK || !r.Value.OK {
		t.Fatalf("the report of another: %+v", r)
	}
	for _, name := range []string{"//v1", "//v2"} {
		slash, _ := x.rt.Staking.ValidatorSlashInEra.Get(x.state, 0, pair(t, name).AccountID())
		if slash.Fraction != staking.One {
			t.Errorf("%s, one of two of four, is slashed by %d", name, slash.Fraction)
		}
	}
	if n := len(x.rt.Offences.SessionOffences.Get(x.state, 0)); n != 1 {
		t.Errorf("the session has %d offences", n)
	}
}

// The block in which a session ends weighs the election that it holds, also
// where nothing but who was offline in that session brings the election about.
func TestForcedElectionIsWeighed(t *testing.T) {
	x := stakers(t, 12)
	var events []any
	for x.head.Number < 10 {
		_, events = x.block()
	}
	elected := false
	for _, e := range events {
		if _, ok := e.(staking.StakersElected); ok {
			elected = true
		}
	}
	if !elected {
		t.Fatalf("no election is held: %v", events)
	}
	// An election weighs a millisecond, a tenth of one for each seat, and more.
	least := staking.WeightJudge.RefTime + frame.Millisecond + 12*100*frame.Microsecond
	if got := x.rt.System.BlockWeight.Get(x.state).Mandatory.RefTime; got < least {
		t.Errorf("the block weighs %d, and one that judges and elects at least %d", got, least)
	}
}
