package executor

import (
	"bytes"
	"fmt"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// maxStoredKey is the longest name of a value: a contract's own, or a mark and
// the name of a code.
const maxStoredKey = host.MaxKey + 1

// finish makes the changes of a call that is done. All of it is checked before:
// what no contract could have done, the executor did.
func (a *asked) finish(body []byte) (host.Result, error) {
	d, err := scale.Decode[done](body)
	if err != nil {
		return host.Result{}, err
	}
	r := host.Result{Outcome: d.Outcome, Grown: d.Grown, Events: d.Events, Lines: d.Lines, Debug: d.Debug}
	if err := a.plausible(r); err != nil {
		return host.Result{}, err
	}
	if len(d.Changes) > 0 && (a.env.Query || r.Status != vm.OK) {
		return host.Result{}, fmt.Errorf("%w: changes of a call that changes nothing", errFrame)
	}
	apply, err := a.changes(d.Changes)
	if err != nil {
		return host.Result{}, err
	}
	if err := a.foresight.learn(alikeOf(a.env), d.Read); err != nil {
		return host.Result{}, err
	}
	for _, do := range apply {
		do()
	}
	return r, nil
}

func (a *asked) plausible(r host.Result) error {
	switch {
	case r.Status > vm.OutOfGas, r.Gas > a.gas, len(r.Data) > host.MaxInput, len(r.Reason) > maxReason, len(r.Debug) > host.MaxDebug,
		len(r.Events) > host.MaxEvents, len(r.Lines) > host.MaxLines:
		return fmt.Errorf("%w: the outcome is not one", errFrame)
	}
	for i, g := range r.Grown {
		switch {
		case r.Status != vm.OK, i > 0 && bytes.Compare(r.Grown[i-1].Contract[:], g.Contract[:]) >= 0,
			g.Ended && (g.Items != 0 || g.Bytes != 0),
			min(g.Items, g.Bytes) < -host.MaxCluster, max(g.Items, g.Bytes) > host.MaxCluster:
			return fmt.Errorf("%w: contract %x stores %d entries and %d bytes more", errFrame, g.Contract, g.Items, g.Bytes)
		}
	}
	for _, e := range r.Events {
		if len(e.Data) > host.MaxValue || len(e.Topics) > host.MaxTopics {
			return fmt.Errorf("%w: an event of %d bytes", errFrame, len(e.Data))
		}
	}
	for _, l := range r.Lines {
		if len(l.Text) > host.MaxLine {
			return fmt.Errorf("%w: a line of %d bytes", errFrame, len(l.Text))
		}
	}
	return nil
}

// changes reads what a call changes. Money may move, and not become more or
// less.
func (a *asked) changes(list []change) (apply []func(), err error) {
	var before, after scale.U128
	moved := map[[32]byte]bool{}
	fits := true
	add := func(sum *scale.U128, n scale.U128) {
		var ok bool
		*sum, ok = sum.Add(n)
		fits = fits && ok
	}
	for _, c := range list {
		id := c.Contract
		switch {
		case c.Kind <= changeClear && len(c.Key) > 0 && len(c.Key) <= maxStoredKey && len(c.Value) <= host.MaxValue:
			if c.Kind == changeSet {
				apply = append(apply, func() { a.state(id).Set(c.Key, c.Value) })
			} else {
				apply = append(apply, func() { a.state(id).Clear(c.Key) })
			}
		case c.Kind == changeBalance && a.env.Money != nil && !moved[id]:
			n, err := scale.Decode[scale.U128](c.Value)
			if err != nil {
				return nil, err
			}
			moved[id] = true
			add(&before, a.env.Money.Balance(id))
			add(&after, n)
			apply = append(apply, func() { a.env.Money.SetBalance(id, n) })
		case c.Kind == changeRecord && a.around != nil:
			r, err := scale.Decode[host.Record](c.Value)
			if err != nil {
				return nil, err
			}
			apply = append(apply, func() { a.around.Put(id, r) })
		default:
			return nil, fmt.Errorf("%w: change of kind %d", errFrame, c.Kind)
		}
	}
	if !fits || before != after {
		return nil, fmt.Errorf("%w: money was made or lost", errFrame)
	}
	return apply, nil
}
