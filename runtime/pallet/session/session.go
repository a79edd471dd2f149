package session

import (
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

// Start puts the first validators into genesis; they validate the first two
// sessions. A session has period blocks. As in FRAME, a first validator has an
// account even where nothing is in it.
func (p *Pallet) Start(ctx *frame.Context, period chain.BlockNumber, first []Validator) error {
	if period == 0 {
		return fmt.Errorf("a session has no blocks")
	}
	if len(first) == 0 || len(first) > int(p.MaxValidators) {
		return fmt.Errorf("%d validators are not in 1…%d", len(first), p.MaxValidators)
	}
	var validators []chain.AccountID
	var active []Keys
	for i, v := range first {
		err := v.Keys.check()
		if err == nil && slices.Contains(validators, v.Account) {
			err = fmt.Errorf("it stands twice")
		}
		if err == nil {
			p.Accounts.Provide(ctx, v.Account)
			err = p.claim(ctx, v.Account, v.Keys)
		}
		if err != nil {
			return fmt.Errorf("validator %d, %s: %w", i, v.Account, err)
		}
		validators, active = append(validators, v.Account), append(active, v.Keys)
	}
	p.Period.Put(ctx, period)
	p.Validators.Put(ctx, validators)
	p.ActiveKeys.Put(ctx, active)
	p.QueuedKeys.Put(ctx, first)
	p.serve(ctx, 0, nil, first)
	return nil
}

// OnInitialize implements frame.Initializer: at the end of a session the next
// one begins.
func (p *Pallet) OnInitialize(ctx *frame.Context) frame.Weight {
	now := p.Blocks.Now(ctx)
	if now%max(p.Period.Get(ctx), 1) != 0 {
		return frame.Time(5 * frame.Microsecond)
	}
	weight := frame.Time(frame.Microsecond * (200 + 20*uint64(len(p.Validators.Get(ctx)))))
	return weight.Add(p.rotate(ctx, now))
}

// rotate begins the next session, as pallet_session's rotate_session does. It
// returns what the manager does weighs.
func (p *Pallet) rotate(ctx *frame.Context, now chain.BlockNumber) (weight frame.Weight) {
	index, changed := p.CurrentIndex.Get(ctx), p.QueuedChanged.Get(ctx)
	queued := p.QueuedKeys.Get(ctx)
	if p.Manager != nil {
		weight = p.Manager.WeighEnd(ctx, index)
		p.Manager.EndSession(ctx, index)
	}
	if changed {
		p.end(ctx, now)
		p.DisabledValidators.Kill(ctx)
	}
	validators, active := make([]chain.AccountID, len(queued)), make([]Keys, len(queued))
	for i, q := range queued {
		validators[i], active[i] = q.Account, q.Keys
	}
	p.Validators.Put(ctx, validators)
	p.ActiveKeys.Put(ctx, active)
	index++
	p.CurrentIndex.Put(ctx, index)
	if p.Manager != nil {
		p.Manager.StartSession(ctx, index)
		weight = weight.Add(p.Manager.Weigh(ctx, index+1))
	}
	p.plan(ctx, index+1, queued)
	ctx.Emit(NewSession{index})
	p.Handler.OnNewSession(ctx, changed, index, active)
	return weight
}

// end remembers the set that ends with block now, for as long as its last
// blocks may be asked about.
func (p *Pallet) end(ctx *frame.Context, now chain.BlockNumber) {
	kept := p.EndedSets.Get(ctx)
	kept = slices.DeleteFunc(kept, func(e Ended) bool { return e.At+endedFor < now })
	p.EndedSets.Put(ctx, append(kept, Ended{now, p.Validators.Get(ctx), p.ActiveKeys.Get(ctx)}))
}

// endedFor is how many blocks after its last a set is remembered. Block h may
// ask who finalises h - 2.
const endedFor = 4

// plan queues the validators of a session. Who took its keys out serves with those
// that it has until it is chosen no more: were all to go at once that like to,
// those who are left might be too few who are online.
func (p *Pallet) plan(ctx *frame.Context, index uint32, now []Validator) {
	var queued []Validator
	for _, who := range p.next(ctx, index) {
		if k, ok := p.NextKeys.Get(ctx, who); ok {
			queued = append(queued, Validator{who, k})
		} else if i := slices.IndexFunc(now, func(v Validator) bool { return v.Account == who }); i >= 0 {
			queued = append(queued, now[i])
		}
	}
	if len(queued) == 0 { // none of them has keys: a chain without validators stands still for ever
		queued = now
	}
	changed := !slices.Equal(queued, now)
	p.QueuedKeys.Put(ctx, queued)
	p.QueuedChanged.Put(ctx, changed)
	if changed {
		p.serve(ctx, index, now, queued)
		ctx.Emit(NewQueued{})
	}
}

// next says who validates in a session.
func (p *Pallet) next(ctx *frame.Context, index uint32) []chain.AccountID {
	if p.Manager != nil {
		if list, ok := p.Manager.NewSession(ctx, index); ok && len(list) > 0 {
			return list
		}
	}
	if list, ok := p.PlannedValidators.Get(ctx); ok {
		p.PlannedValidators.Kill(ctx)
		return list
	}
	return p.Validators.Get(ctx)
}

func weighSet(_ *frame.Runtime, c SetValidators) frame.Weight {
	return frame.Time(frame.Microsecond * (20 + 15*uint64(len(c.Validators))))
}

func (p *Pallet) setValidators(ctx *frame.Context, c SetValidators) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if len(c.Validators) == 0 || len(c.Validators) > int(p.MaxValidators) {
		return ErrBadSet
	}
	sorted := slices.Clone(c.Validators)
	slices.SortFunc(sorted, func(a, b chain.AccountID) int { return slices.Compare(a[:], b[:]) })
	if len(slices.Compact(sorted)) != len(c.Validators) {
		return ErrBadSet
	}
	for _, who := range c.Validators {
		if !p.NextKeys.Has(ctx, who) {
			return ErrBadSet
		}
	}
	p.PlannedValidators.Put(ctx, c.Validators)
	return nil
}

// Finalisers returns the validators that finalise a block, and their keys:
// those of the state before it. They are also who makes the block after it.
func (p *Pallet) Finalisers(ctx storage.Reader, target chain.BlockNumber) ([]chain.AccountID, []Keys) {
	if e, ok := EndedAt(p.EndedSets.Get(ctx), target); ok {
		return e.Validators, e.Keys
	}
	return p.Validators.Get(ctx), p.ActiveKeys.Get(ctx)
}

// EndedAt returns the set among those that ended which finalises a block; false
// where it is the present one.
func EndedAt(ended []Ended, target chain.BlockNumber) (Ended, bool) {
	for _, e := range ended {
		if target <= e.At {
			return e, true
		}
	}
	return Ended{}, false
}
