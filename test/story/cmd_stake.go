package story

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	palletgrandpa "github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
)

// stake bond|extra|unbond|rebond Carol 100
// stake validate Carol commission=5
// stake nominate Bob v0,Carol
// stake chill|withdraw Carol
// stake payout v0 era=0 by=Bob
//
// makes a call of staking.
func (w *World) stake(l *line) error {
	verb, err := l.arg(0)
	if err != nil {
		return err
	}
	name, err := l.arg(1)
	if err != nil {
		return err
	}
	who, err := w.who(name)
	if err != nil {
		return err
	}
	var amount chain.Balance
	if slices.Contains([]string{"bond", "extra", "unbond", "rebond"}, verb) {
		word, err := l.arg(2)
		if err != nil {
			return err
		}
		if amount, err = tokens(word); err != nil {
			return err
		}
	}
	var call any
	switch verb {
	case "bond":
		call = staking.Bond{Value: amount, Payee: staking.Staked{}}
	case "extra":
		call = staking.BondExtra{MaxAdditional: amount}
	case "unbond":
		call = staking.Unbond{Value: amount}
	case "rebond":
		call = staking.Rebond{Value: amount}
	case "withdraw":
		call = staking.WithdrawUnbonded{NumSlashingSpans: 9}
	case "chill":
		call = staking.Chill{}
	case "validate":
		commission, err := l.number("commission", 0)
		if err != nil {
			return err
		}
		call = staking.Validate{Prefs: staking.ValidatorPrefs{Commission: staking.One / 100 * staking.Perbill(commission)}}
	case "nominate":
		word, err := l.arg(2)
		if err != nil {
			return err
		}
		var n staking.Nominate
		for _, target := range strings.Split(word, ",") {
			id, err := w.who(target)
			if err != nil {
				return err
			}
			n.Targets = append(n.Targets, chain.AddressID{ID: id})
		}
		call = n
	case "payout":
		era, err := l.number("era", 0)
		if err != nil {
			return err
		}
		call, name = staking.PayoutStakers{ValidatorStash: who, Era: uint32(era)}, l.opt("by", "Bob")
	default:
		return fmt.Errorf("nothing is staked by %q", verb)
	}
	signer, err := w.signer(name)
	if err != nil {
		return err
	}
	return w.do(signer, call)
}

// signer returns the account that signs for a name: of a validator of genesis,
// that is its own.
func (w *World) signer(name string) (keys.Pair, error) {
	if place, ok := strings.CutPrefix(name, "v"); ok {
		if i, err := strconv.Atoi(place); err == nil {
			return keys.FromURI(keys.Sr25519, fmt.Sprintf("//validator//%d", i))
		}
	}
	return w.account(name)
}

// sessionKeys are those of a validator of genesis, or of an account that named
// some by keys.
func (w *World) sessionKeys(name string) (keystore.Session, error) {
	if place, ok := strings.CutPrefix(name, "v"); ok {
		if i, err := strconv.Atoi(place); err == nil {
			return keystore.Develop(fmt.Sprintf("//validator//%d", i))
		}
	}
	return keystore.Develop("//" + name)
}

// keys Carol
//
// names session keys, with which a node votes from now on.
func (w *World) setKeys(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	who, err := w.account(name)
	if err != nil {
		return err
	}
	s, err := w.sessionKeys(name)
	if err != nil {
		return err
	}
	w.voters = append(w.voters, s.Grandpa)
	w.solo = engine.NewSolo(w.app, w.voters)
	return w.do(who, session.SetKeys{Keys: s.Public(), Proof: s.Prove(who.AccountID())})
}

// beat Carol [session=-1]
//
// sends the heartbeat of a node, for a session that many after the one under way.
func (w *World) beat(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	shift, err := l.number("session", 0)
	if err != nil {
		return err
	}
	s, err := w.sessionKeys(name)
	if err != nil {
		return err
	}
	state, err := w.state()
	if err != nil {
		return err
	}
	h := imonline.Heartbeat{
		SessionIndex: uint32(int(w.rt.Session.CurrentIndex.Get(state)) + shift), AuthorityID: imonline.Public(s.Beacon.Public()),
	}
	call := imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(s.Beacon.Sign(h.SigningBytes(w.app.Genesis())))}
	if err := w.submit(scale.AppendBytes(nil, w.rt.Bare(call))); err != nil {
		return err
	}
	return w.step()
}

// equivocate v2 by=Bob [forged=yes]
//
// proves that a validator voted for two blocks in the round of the head.
func (w *World) equivocate(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	s, err := w.sessionKeys(name)
	if err != nil {
		return err
	}
	by, err := w.signer(l.opt("by", "Bob"))
	if err != nil {
		return err
	}
	head := w.app.Head()
	set, err := w.app.Voters(head.Number)
	if err != nil {
		return err
	}
	round := uint64(head.Number)
	first, second := grandpa.TargetOf(head), grandpa.Target{Hash: hash.H256{9}, Number: head.Number}
	a, b := grandpa.Sign(s.Grandpa, first, round, set.ID), grandpa.Sign(s.Grandpa, second, round, set.ID)
	if l.opt("forged", "") != "" {
		b.Signature[3] ^= 1
	}
	return w.do(by, palletgrandpa.ReportEquivocation{EquivocationProof: grandpa.EquivocationProof{
		SetID: set.ID, Equivocation: grandpa.PrecommitEquivocation{TwoVotes: grandpa.TwoVotes{
			Round: round, ID: s.Grandpa.ID(), First: first, FirstSignature: a.Signature, Second: second, SecondSignature: b.Signature,
		}},
	}})
}

// stakes
//
// tells the era, and who validates in it with how much behind.
func (w *World) stakes(*line) error {
	state, err := w.state()
	if err != nil {
		return err
	}
	era, _ := w.rt.Staking.ActiveEra.Get(state)
	w.printf("era %d, session %d, GRANDPA set %d\n", era.Index, w.rt.Session.CurrentIndex.Get(state), w.rt.Grandpa.CurrentSetID.Get(state))
	for _, id := range w.rt.Session.Validators.Get(state) {
		e, _ := w.rt.Staking.ErasStakersOverview.Get(state, era.Index, id)
		w.printf("  %s  %s, own %s, %d nominators\n", w.name(id), amount(e.Total), amount(e.Own), e.NominatorCount)
	}
	return nil
}

// stash Carol
func (w *World) stash(l *line) error {
	for _, name := range l.args {
		who, err := w.who(name)
		if err != nil {
			return err
		}
		state, err := w.state()
		if err != nil {
			return err
		}
		ledger, ok := w.rt.Staking.Ledger.Get(state, who)
		if !ok {
			w.printf("%s has nothing at stake\n", name)
			continue
		}
		w.printf("%s  bonded %s, at stake %s", name, amount(ledger.Total), amount(ledger.Active))
		for _, u := range ledger.Unlocking {
			w.printf(", %s free in era %d", amount(u.Value), u.Era)
		}
		w.printf("\n")
	}
	return nil
}
