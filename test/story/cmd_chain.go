package story

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// chain validators=4 authors=Vera sudo=Alice session=600 [hardware=real] Alice=1000 Bob=5
//
// begins a chain, with accounts and what they hold. One of real hardware takes
// a root that was made for the story for its vendor's, under the policy of
// production; no program has such an option. The first validators have
// the accounts of the authors named. A session has so many blocks. With seats=5
// stake=100 the validators, called v0 and so on, have that at stake, and
// elections say who validates.
func (w *World) chain(l *line) error {
	n, err := l.number("validators", 4)
	if err != nil {
		return err
	}
	var g runtime.Genesis
	for _, name := range slices.Sorted(maps.Keys(l.opts)) {
		if slices.Contains([]string{"validators", "authors", "sudo", "session", "hardware", "seats", "stake"}, name) {
			continue
		}
		tokens, err := strconv.ParseUint(l.opt(name, ""), 10, 64)
		if err != nil {
			return err
		}
		who, err := w.account(name)
		if err != nil {
			return err
		}
		g.Balances = append(g.Balances, runtime.Endowment{Account: who.AccountID(), Amount: runtime.Unit.MulSat(scale.U64(tokens))})
	}
	if w.real = l.opt("hardware", "simulated") == "real"; w.real {
		w.vendor.PKI = devpki.New(vendorSeed)
	}
	var authors []chain.AccountID
	for _, name := range strings.FieldsFunc(l.opt("authors", ""), func(r rune) bool { return r == ',' }) {
		id, err := w.who(name)
		if err != nil {
			return err
		}
		authors = append(authors, id)
	}
	session, err := l.number("session", 600)
	if err != nil {
		return err
	}
	g.SessionBlocks = chain.BlockNumber(session)
	seats, err := l.number("seats", 0)
	if err != nil {
		return err
	}
	g.Staking = staking.Genesis{ValidatorCount: uint32(seats), MinimumValidatorCount: min(uint32(seats), 2), SlashRewardFraction: staking.One / 10}
	stake, err := tokens(l.opt("stake", "0"))
	if err != nil {
		return err
	}
	if name := l.opt("sudo", ""); name != "" {
		id, err := w.who(name)
		if err != nil {
			return err
		}
		g.Sudo = &id
	}
	if err := w.found(n, authors, stake, g); err != nil {
		w.tb.Fatal(err)
	}
	return nil
}

// validators 0,2,3 by=Alice
//
// plans, by Sudo, that the validators of genesis with these places validate.
func (w *World) validators(l *line) error {
	var list []chain.AccountID
	for _, place := range strings.Split(l.args[0], ",") {
		i, err := strconv.Atoi(place)
		if err != nil || i < 0 || i >= len(w.spec.Genesis.Validators) {
			return fmt.Errorf("there is no validator %q", place)
		}
		list = append(list, w.spec.Genesis.Validators[i].Account)
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	return w.do(who, sudo.Sudo{Call: w.rt.CallOf(session.SetValidators{Validators: list})})
}

// block [n]
//
// makes blocks.
func (w *World) blocks(l *line) error {
	n := 1
	if len(l.args) > 0 {
		var err error
		if n, err = strconv.Atoi(l.args[0]); err != nil {
			return err
		}
	}
	for range n {
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

// settle
//
// makes blocks, and lets all relays run after each, until nothing more happens.
func (w *World) settle(*line) error {
	for still := 0; still < 3; {
		if err := w.step(); err != nil {
			return err
		}
		idle := w.quiet
		var all []*enclave // names change when workers are drawn
		for _, name := range w.order {
			all = append(all, w.workers[name])
		}
		for _, e := range all {
			if err := w.relay(e, honest); err != nil {
				return err
			}
			idle = idle && w.quiet && e.worker.Info().Pending == 0
		}
		if still++; !idle {
			still = 0
		}
	}
	return nil
}

// crash
//
// ends the node as a failure of power would, and starts it on what its disk
// was told to keep.
func (w *World) crash(*line) error {
	left := w.fs.CrashClone(vfs.CrashCloneCfg{})
	before := w.app.Head()
	w.close()
	w.fs = left
	if err := w.open(); err != nil {
		return err
	}
	after := w.app.Head()
	w.printf("the node starts again at block %d of %d, final %d\n", after.Number, before.Number, w.app.Final())
	return nil
}

// balance NAME
func (w *World) balance(l *line) error {
	for _, name := range l.args {
		who, err := w.who(name)
		if err != nil {
			return err
		}
		state, err := w.state()
		if err != nil {
			return err
		}
		a := w.rt.System.Account.Get(state, who)
		reserved := ""
		if !a.Data.Reserved.IsZero() {
			reserved = "  reserved " + amount(a.Data.Reserved)
		}
		w.printf("%s  %s%s  nonce %d\n", name, amount(a.Data.Free), reserved, a.Nonce)
	}
	return nil
}

// changed
//
// prints which storage items differ from what they were when it was asked the
// last time, without those that every block changes.
func (w *World) changed(*line) error {
	state, err := w.state()
	if err != nil {
		return err
	}
	if w.mark != nil {
		list := w.differences(w.mark, state)
		if len(list) == 0 {
			list = []string{"nothing"}
		}
		w.printf("changed: %s\n", strings.Join(list, ", "))
	}
	w.mark = state
	return nil
}

// transfer VALUE from=Alice to=Bob [nonce=+1] [bad=signature|chain|era|ancient|truncated|trailing|oversized|remark|call]
//
// signs a transfer, makes a transaction bad in some way, and submits it. What
// the node refuses is also put into a proposal, as a dishonest proposer would.
func (w *World) transfer(l *line) error {
	word, err := l.arg(0)
	if err != nil {
		return err
	}
	value, err := tokens(word)
	if err != nil {
		return err
	}
	from, err := w.account(l.opt("from", "Alice"))
	if err != nil {
		return err
	}
	to, err := w.who(l.opt("to", "Bob"))
	if err != nil {
		return err
	}
	nonce, err := w.nonce(from)
	if err != nil {
		return err
	}
	shift, err := l.number("nonce", 0)
	if err != nil {
		return err
	}
	raw, err := w.spoil(l.opt("bad", ""), from, chain.Extra{Nonce: nonce + uint32(shift)}, balances.TransferAllowDeath{
		Dest: chain.AddressID{ID: to}, Value: value,
	})
	if err != nil {
		return err
	}
	err = w.submit(raw)
	if err == nil {
		return w.step()
	}
	w.printf("refused: %s\n", w.plain(err.Error()))
	in := engine.Input{Time: w.now + interval, Proposer: 0, Validators: len(w.voters), Txs: [][]byte{raw}}
	if err := w.app.Check(in); err != nil {
		w.printf("a proposal with it: %s\n", w.plain(err.Error()))
		return nil
	}
	staged, err := w.app.Execute(in)
	if err != nil {
		return err
	}
	w.printf("a proposal with it: left out: %v\n", staged.Refused[0])
	return nil
}

// spoil signs a call as it should not be.
func (w *World) spoil(how string, who keys.Pair, extra chain.Extra, call any) ([]byte, error) {
	genesis := w.app.Genesis()
	switch how {
	case "":
		return w.signedWith(who, extra, genesis, call).Encode(), nil
	case "signature":
		x := w.signedWith(who, extra, genesis, call)
		call := x.Call
		call[len(call)-1] ^= 1
		return x.Encode(), nil
	case "era": // of the 64 blocks from block 0 on
		extra.Era = chain.MortalEra(64, 0)
		return w.signedWith(who, extra, genesis, call).Encode(), nil
	case "ancient": // alive, and its first block is forgotten
		extra.Era = chain.MortalEra(16384, 8)
		h, err := w.app.Store().HashOf(8)
		return w.signedWith(who, extra, h, call).Encode(), err
	case "truncated":
		raw := w.signedWith(who, extra, genesis, call).Encode()
		return raw[:len(raw)-3], nil
	case "trailing":
		return append(w.signedWith(who, extra, genesis, call).Encode(), 0), nil
	case "oversized":
		x := w.signedWith(who, extra, genesis, call)
		x.Call = append(x.Call, make([]byte, 5<<20)...)
		return x.Encode(), nil
	case "remark": // longer than a block's share, though well formed
		return w.signedWith(who, extra, genesis, system.Remark{Remark: make([]byte, 4<<20)}).Encode(), nil
	case "call":
		x := w.signedWith(who, extra, genesis, call)
		x.Call[0] = 250
		return x.Encode(), nil
	case "chain": // signed for another chain
		return w.signedWith(who, extra, w.app.Head().Hash(), call).Encode(), nil
	}
	return nil, fmt.Errorf("nothing is known to be bad as %q", how)
}

// tokens reads an amount of at most twelve decimals.
func tokens(s string) (chain.Balance, error) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > runtime.Decimals {
		return chain.Balance{}, errors.New("an amount has at most twelve decimals")
	}
	return scale.ParseU128(whole + part + strings.Repeat("0", runtime.Decimals-len(part)))
}
