package story

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/scale"
)

// shared is an account of several owners.
type shared struct {
	owners    []chain.AccountID // sorted
	threshold uint16
}

// who returns the account of a name, whether it has a key or not.
func (w *World) who(name string) (chain.AccountID, error) {
	for id, n := range w.names {
		if n == name {
			return id, nil
		}
	}
	p, err := w.account(name)
	return p.AccountID(), err
}

// share NAME threshold=2 owners=Alice,Bob,Carol
//
// names the account that its owners have together.
func (w *World) share(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	n, err := l.number("threshold", 2)
	if err != nil {
		return err
	}
	s := shared{threshold: uint16(n)}
	for _, owner := range strings.Split(l.opt("owners", ""), ",") {
		id, err := w.who(owner)
		if err != nil {
			return err
		}
		s.owners = append(s.owners, id)
	}
	slices.SortFunc(s.owners, func(a, b chain.AccountID) int { return bytes.Compare(a[:], b[:]) })
	account := multisig.Account(s.owners, s.threshold)
	w.shared[account], w.names[account] = s, name
	return nil
}

// pure NAME by=Alice
//
// makes an account without a key, and names it.
func (w *World) pure(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	by, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	// It stands behind the time, and behind a justification if there is one.
	candidates := map[chain.AccountID]bool{}
	for i := range uint32(3) {
		id := proxy.Pure(by.AccountID(), proxy.Any, 0, w.app.Head().Number+1, i)
		candidates[id], w.names[id] = true, name
	}
	if err := w.do(by, proxy.CreatePure{ProxyType: proxy.Any}); err != nil {
		return err
	}
	list, err := w.events(w.app.Head())
	for _, event := range list {
		if made, ok := event.(proxy.PureCreated); ok {
			delete(candidates, made.Pure)
		}
	}
	for id := range candidates {
		delete(w.names, id)
	}
	return err
}

// call CALL by=Alice tip=0 [spec=1]
//
// signs a call, maybe for another spec version, and makes a block. Calls may contain calls: batch(pay(Bob,5),…).
func (w *World) call(l *line) error {
	text, err := l.arg(0)
	if err != nil {
		return err
	}
	by, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	args, err := w.parse(text, by.AccountID())
	if err != nil {
		return err
	}
	tip, err := tokens(l.opt("tip", "0"))
	if err != nil {
		return err
	}
	nonce, err := w.nonce(by)
	if err != nil {
		return err
	}
	spec, err := l.number("spec", 0)
	if err != nil {
		return err
	}
	w.wallet = uint32(spec)
	x := w.signedWith(by, chain.Extra{Nonce: nonce, Tip: tip}, w.app.Genesis(), args)
	w.wallet = 0
	if err := w.submit(x.Encode()); err != nil {
		return err
	}
	return w.step()
}

// split divides "a(b,c),d" at the commas that stand in no brackets.
func split(text string) (parts []string) {
	depth, from := 0, 0
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	if from < len(text) {
		parts = append(parts, text[from:])
	}
	return parts
}

// parse reads a call that signer makes.
func (w *World) parse(text string, signer chain.AccountID) (any, error) {
	name, rest, _ := strings.Cut(text, "(")
	a := reader{w: w, signer: signer, parts: split(strings.TrimSuffix(rest, ")"))}
	out := a.read(name)
	if a.err == nil && len(a.parts) > 0 {
		a.err = fmt.Errorf("%s has too many arguments", name)
	}
	return out, a.err
}

// reader reads the arguments of one call; the first error stays.
type reader struct {
	w      *World
	signer chain.AccountID
	parts  []string
	err    error
}

func (a *reader) next() string {
	if len(a.parts) == 0 {
		if a.err == nil {
			a.err = fmt.Errorf("an argument is missing")
		}
		return ""
	}
	part := a.parts[0]
	a.parts = a.parts[1:]
	return part
}

func (a *reader) account() (id chain.AccountID) {
	name, err := a.next(), error(nil)
	if id, err = a.w.who(name); a.err == nil {
		a.err = err
	}
	return id
}

func (a *reader) address() chain.MultiAddress { return chain.AddressID{ID: a.account()} }

func (a *reader) amount() chain.Balance {
	v, err := tokens(a.next())
	if a.err == nil {
		a.err = err
	}
	return v
}

func (a *reader) number() uint32 {
	n, err := strconv.ParseUint(a.next(), 10, 32)
	if a.err == nil {
		a.err = err
	}
	return uint32(n)
}

func (a *reader) kind() proxy.ProxyType {
	name := a.next()
	i := slices.Index(proxy.Any.Variants(), name)
	if i < 0 && a.err == nil {
		a.err = fmt.Errorf("no proxy is of type %q", name)
	}
	return proxy.ProxyType(max(i, 0))
}

func (a *reader) call() frame.AnyCall {
	args, err := a.w.parse(a.next(), a.signer)
	if err != nil {
		if a.err == nil {
			a.err = err
		}
		return frame.AnyCall{}
	}
	return a.w.rt.CallOf(args)
}

func (a *reader) calls() (list []frame.AnyCall) {
	for len(a.parts) > 0 && a.err == nil {
		list = append(list, a.call())
	}
	return list
}

// multi reads the account that a call is for, and the others who own it.
func (a *reader) multi() (s shared, others []chain.AccountID, account chain.AccountID) {
	account = a.account()
	s = a.w.shared[account]
	for _, o := range s.owners {
		if o != a.signer {
			others = append(others, o)
		}
	}
	return s, others, account
}

// when is the time of the first approval of a call, nil before it.
func (a *reader) when(account chain.AccountID, id multisig.CallHash) *multisig.Timepoint {
	state, err := a.w.state()
	if err != nil {
		a.err = err
		return nil
	}
	if m, ok := a.w.rt.Multisig.Multisigs.Get(state, account, id); ok {
		return &m.When
	}
	return nil
}

func hashOf(c frame.AnyCall) hash.H256 { return hash.Blake2b256(scale.Encode(c)) }

// most is what a story allows a call of several owners to weigh.
var most = frame.Weight{RefTime: 10 * frame.Millisecond, ProofSize: 1 << 16}

func (a *reader) read(name string) any {
	switch name {
	case "pay":
		return balances.TransferKeepAlive{Dest: a.address(), Value: a.amount()}
	case "remark":
		return system.Remark{Remark: []byte(a.next())}
	case "authorize_upgrade":
		return system.AuthorizeUpgrade{SpecVersion: a.number(), Height: a.number()}
	case "sudo":
		return sudo.Sudo{Call: a.call()}
	case "spend":
		return treasury.Spend{Beneficiary: a.address(), Amount: a.amount()}
	case "payout":
		return treasury.Payout{Index: a.number()}
	case "batch":
		return utility.Batch{Calls: a.calls()}
	case "batch_all":
		return utility.BatchAll{Calls: a.calls()}
	case "force_batch":
		return utility.ForceBatch{Calls: a.calls()}
	case "if_else":
		return utility.IfElse{Main: a.call(), Fallback: a.call()}
	case "as_derivative":
		return utility.AsDerivative{Index: uint16(a.number()), Call: a.call()}
	case "as_multi":
		s, others, account := a.multi()
		c := a.call()
		return multisig.AsMulti{
			Threshold: s.threshold, OtherSignatories: others, MaybeTimepoint: a.when(account, multisig.CallHash(hashOf(c))), Call: c, MaxWeight: most,
		}
	case "approve_as_multi":
		s, others, account := a.multi()
		id := multisig.CallHash(hashOf(a.call()))
		return multisig.ApproveAsMulti{
			Threshold: s.threshold, OtherSignatories: others, MaybeTimepoint: a.when(account, id), CallHash: id, MaxWeight: most,
		}
	case "cancel_as_multi":
		s, others, account := a.multi()
		id := multisig.CallHash(hashOf(a.call()))
		c := multisig.CancelAsMulti{Threshold: s.threshold, OtherSignatories: others, CallHash: id}
		if at := a.when(account, id); at != nil {
			c.Timepoint = *at
		}
		return c
	case "proxy":
		return proxy.Proxy{Real: a.address(), Call: a.call()}
	case "add_proxy":
		return proxy.AddProxy{Delegate: a.address(), ProxyType: a.kind(), Delay: chain.BlockNumber(a.number())}
	case "remove_proxies":
		return proxy.RemoveProxies{}
	case "announce":
		return proxy.Announce{Real: a.address(), CallHash: hashOf(a.call())}
	case "reject_announcement":
		return proxy.RejectAnnouncement{Delegate: a.address(), CallHash: hashOf(a.call())}
	case "proxy_announced":
		return proxy.ProxyAnnounced{Delegate: a.address(), Real: a.address(), Call: a.call()}
	}
	return a.admission(name)
}
