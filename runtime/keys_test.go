package runtime_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/runtime"
	palletgrandpa "github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// However many validators take their session keys out at once, fewer than a
// third of them go with a change: they serve with the keys that they have until
// the elections let them go.
func TestPurgedKeysLeaveSlowly(t *testing.T) {
	const validators, purged = 9, 4
	x := stakers(t, validators)
	x.block()
	var txs [][]byte
	for i := range purged {
		txs = append(txs, x.sign(pair(t, fmt.Sprintf("//v%d", i)), 0, session.PurgeKeys{}))
	}
	results, _ := x.block(txs...)
	for _, r := range results {
		if !r.OK || !r.Value.OK {
			t.Fatal(x.rt.Explain(r.Value.Err))
		}
	}
	before, least := len(x.rt.Session.Validators.Get(x.state)), validators
	for x.head.Number < 250 {
		x.block()
		now := len(x.rt.Session.Validators.Get(x.state))
		if gone := before - now; 3*gone >= before {
			t.Fatalf("block %d: of %d validators %d are left", x.head.Number, before, now)
		}
		before, least = now, min(least, now)
	}
	if least != validators-purged {
		t.Errorf("at last %d validate, and %d have keys", least, validators-purged)
	}
}

// play is a chain on which accounts stake, take and leave keys, show that they
// are there, and are accused, as chance has it.
type play struct {
	*tester
	r    *rand.Rand
	keys map[string]string // the name of an account's keys, by that of the account
}

const players = 10

func (p *play) someone() string { return fmt.Sprintf("//v%d", p.r.IntN(players)) }

// act is an extrinsic of somebody.
func (p *play) act() (tx []byte, done func()) {
	name := p.someone()
	who := pair(p, name)
	var call any
	switch n := p.r.IntN(100); {
	case n < 20:
		fresh := fmt.Sprintf("//k%d", p.r.IntN(60))
		k, proof := sessionKeys(p, fresh, who.AccountID())
		call, done = session.SetKeys{Keys: k, Proof: proof}, func() { p.keys[name] = fresh }
	case n < 22:
		call, done = session.PurgeKeys{}, func() { delete(p.keys, name) }
	case n < 36:
		call = staking.Bond{Value: runtime.Unit.MulSat(scale.U64(1 + p.r.Uint64N(100))), Payee: staking.Staked{}}
	case n < 48:
		call = staking.Validate{}
	case n < 54:
		call = staking.Nominate{Targets: []chain.MultiAddress{chain.AddressID{ID: pair(p, p.someone()).AccountID()}}}
	case n < 58:
		call = staking.Chill{}
	case n < 62:
		call = staking.Unbond{Value: runtime.Unit.MulSat(scale.U64(p.r.Uint64N(60)))}
	case n < 66:
		era, _ := p.rt.Staking.ActiveEra.Get(p.state)
		call = staking.PayoutStakers{ValidatorStash: pair(p, p.someone()).AccountID(), Era: era.Index - min(era.Index, 1)}
	case n < 67:
		set := p.rt.Grandpa.CurrentSetID.Get(p.state)
		proof := twice(grandpaPair(p, fmt.Sprintf("//k%d//g", p.r.IntN(60))), 1+p.r.Uint64N(uint64(p.head.Number)+1), set-min(set, uint64(p.r.IntN(3))))
		return scale.AppendBytes(nil, p.rt.Bare(palletgrandpa.ReportEquivocationUnsigned{EquivocationProof: proof})), nil
	default:
		key, ok := p.keys[name]
		if !ok {
			return nil, nil
		}
		beacon := pair(p, key+"//b")
		h := imonline.Heartbeat{SessionIndex: p.rt.Session.CurrentIndex.Get(p.state), AuthorityID: imonline.Public(beacon.Public())}
		signed := imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(beacon.Sign(h.SigningBytes(p.genesis)))}
		return scale.AppendBytes(nil, p.rt.Bare(signed)), nil
	}
	return p.sign(who, p.rt.System.Account.Get(p.state, who.AccountID()).Nonce, call), done
}

// TestRandomSessions checks each block: the voters for finality are the
// validators with their keys, their set has another number where and only where
// a header hands over, whoever serves is known by its keys, few change at once,
// and no token is made or lost.
func TestRandomSessions(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := &play{r: rand.New(rand.NewPCG(seed, 3)), keys: map[string]string{}}
			p.tester = start(t, func(g *runtime.Genesis) {
				g.SessionBlocks, g.Validators = 8, nil
				g.Staking = staking.Genesis{ValidatorCount: 6, MinimumValidatorCount: 3, SlashRewardFraction: staking.One / 10}
				for i := range players {
					name, key := fmt.Sprintf("//v%d", i), fmt.Sprintf("//k%d", i)
					who := pair(t, name).AccountID()
					g.Balances = append(g.Balances, runtime.Endowment{Account: who, Amount: runtime.Unit.MulSat(scale.U64(1000))})
					if i < 6 {
						k, _ := sessionKeys(t, key, who)
						p.keys[name] = key
						g.Validators = append(g.Validators, session.Validator{Account: who, Keys: k})
						g.Staking.Stakers = append(g.Staking.Stakers, staking.Staker{Stash: who, Amount: runtime.Unit.MulSat(scale.U64(100))})
					}
				}
			})
			sets, eras := uint64(0), uint32(0)
			for range 700 {
				p.next()
				if t.Failed() {
					return
				}
				sets = p.rt.Grandpa.CurrentSetID.Get(p.state)
				active, _ := p.rt.Staking.ActiveEra.Get(p.state)
				eras = active.Index
			}
			if sets < 10 || eras < 4 {
				t.Errorf("in 700 blocks there were %d sets and %d eras", sets, eras)
			}
		})
	}
}

// next runs a block and checks what it leads to.
func (p *play) next() {
	before, set := p.rt.Session.Validators.Get(p.state), p.rt.Grandpa.CurrentSetID.Get(p.state)
	if tx, done := p.act(); tx == nil {
		p.block()
	} else if results, _ := p.block(tx); done != nil && results[0].OK && results[0].Value.OK {
		done()
	}
	ctx := p.rt.Context(storage.NewOverlay(backend{p.state}, verify))
	validators, active := p.rt.Session.Validators.Get(p.state), p.rt.Session.ActiveKeys.Get(p.state)
	authorities := p.rt.Grandpa.Authorities.Get(p.state)
	if len(validators) != len(active) || len(active) != len(authorities) || len(active) == 0 {
		p.Fatalf("block %d: %d validators with %d keys, and %d authorities", p.head.Number, len(validators), len(active), len(authorities))
	}
	engine := map[session.EngineKey]bool{}
	for i, k := range active {
		if [32]byte(authorities[i].Key) != [32]byte(k.Grandpa) || engine[k.Engine] {
			p.Errorf("block %d: validator %d votes with another key, or another's", p.head.Number, i)
		}
		engine[k.Engine] = true
		index := p.rt.Session.CurrentIndex.Get(p.state)
		for role, key := range map[session.KeyType][]byte{session.GrandpaType: k.Grandpa[:], session.EngineType: k.Engine[:]} {
			if who, ok := p.rt.Session.OwnerOf(ctx, role, key, index); !ok || who != validators[i] {
				p.Errorf("block %d: the %s key of %s is %s's, %v", p.head.Number, role, validators[i], who, ok)
			}
		}
	}
	for _, i := range p.rt.Session.DisabledValidators.Get(p.state) {
		if int(i) >= len(validators) {
			p.Errorf("block %d: validator %d of %d is disabled", p.head.Number, i, len(validators))
		}
	}
	logs, err := grandpa.Logs(p.head)
	if err != nil {
		p.Fatal(err)
	}
	scheduled, _ := grandpa.FindChanges(logs)
	if now := p.rt.Grandpa.CurrentSetID.Get(p.state); (now != set) != (scheduled != nil) || now > set+1 {
		p.Errorf("block %d: set %d after %d, handed over: %v", p.head.Number, now, set, scheduled != nil)
	}
	in, out := 0, 0
	for _, who := range validators {
		if !slices.Contains(before, who) {
			in++
		}
	}
	for _, who := range before {
		if !slices.Contains(validators, who) {
			out++
		}
	}
	if n, next := len(before), len(validators); n >= 4 && (3*in >= next || 3*out >= n) || n < 4 && in+out > 1 || next < 3 {
		p.Errorf("block %d: of %d validators %d go, and of %d %d are new", p.head.Number, n, out, next, in)
	}
	sum := chain.Balance{}
	for _, a := range p.rt.System.Account.All(p.state) {
		sum = sum.AddSat(a.Data.Free).AddSat(a.Data.Reserved)
	}
	if issued := p.rt.Balances.TotalIssuance.Get(p.state); issued != sum {
		p.Errorf("block %d: %s are issued and %s are there", p.head.Number, issued, sum)
	}
}

// A validator shows that it is there with the keys that it serves with, too,
// while those wait that it named in their place, or after it took them out.
func TestHeartbeatOfServingKeys(t *testing.T) {
	for name, call := range map[string]func(x *tester, who chain.AccountID) any{
		"other keys named": func(x *tester, who chain.AccountID) any {
			k, proof := sessionKeys(x, "//other", who)
			return session.SetKeys{Keys: k, Proof: proof}
		},
		"keys taken out": func(*tester, chain.AccountID) any { return session.PurgeKeys{} },
	} {
		t.Run(name, func(t *testing.T) {
			x := stakers(t, 12)
			v := pair(t, "//v11") // does not make a block of the first ten
			results, _ := x.block(x.sign(v, 0, call(x, v.AccountID())))
			if !results[0].Value.OK {
				t.Fatal(x.rt.Explain(results[0].Value.Err))
			}
			old := pair(t, "//v11//b")
			beat := func() bool {
				h := imonline.Heartbeat{SessionIndex: x.rt.Session.CurrentIndex.Get(x.state), AuthorityID: imonline.Public(old.Public())}
				call := imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(old.Sign(h.SigningBytes(x.genesis)))}
				results, _ := x.block(scale.AppendBytes(nil, x.rt.Bare(call)))
				return results[0].OK && results[0].Value.OK
			}
			if !beat() {
				t.Error("in this session it is not believed")
			}
			for x.head.Number < 18 { // in 20 a session begins without them
				x.block()
			}
			if !beat() {
				t.Error("in the next session it is not believed")
			}
			for x.head.Number < 31 {
				x.block()
			}
			if beat() {
				t.Error("keys that serve no more are believed")
			}
		})
	}
}
