package staking

import (
	"slices"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

// wantValidators sets how many validators are wanted.
func (p *Pallet) wantValidators(ctx *frame.Context, n uint64) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if n > uint64(p.MaxValidators) {
		return ErrTooManyValidators
	}
	p.ValidatorCount.Put(ctx, uint32(n))
	return nil
}

func (p *Pallet) setValidatorCount(ctx *frame.Context, c SetValidatorCount) error {
	return p.wantValidators(ctx, uint64(c.New))
}

func (p *Pallet) increaseValidatorCount(ctx *frame.Context, c IncreaseValidatorCount) error {
	return p.wantValidators(ctx, uint64(p.ValidatorCount.Get(ctx))+uint64(c.Additional))
}

func (p *Pallet) scaleValidatorCount(ctx *frame.Context, c ScaleValidatorCount) error {
	old := p.ValidatorCount.Get(ctx)
	return p.wantValidators(ctx, uint64(old)+c.Factor.ofCount(old))
}

func (p *Pallet) force(ctx *frame.Context, mode Forcing) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	p.setForce(ctx, mode)
	return nil
}

func (p *Pallet) setForce(ctx *frame.Context, mode Forcing) {
	p.ForceEra.Put(ctx, mode)
	ctx.Emit(ForceEraEvent{mode})
}

func (p *Pallet) forceNoEras(ctx *frame.Context, _ ForceNoEras) error { return p.force(ctx, ForceNone) }
func (p *Pallet) forceNewEra(ctx *frame.Context, _ ForceNewEra) error { return p.force(ctx, ForceNew) }
func (p *Pallet) forceNewEraAlways(ctx *frame.Context, _ ForceNewEraAlways) error {
	return p.force(ctx, ForceAlways)
}

func weighInvulnerables(_ *frame.Runtime, c SetInvulnerables) frame.Weight {
	return frame.Time(frame.Microsecond * (20 + uint64(len(c.Invulnerables))))
}

func (p *Pallet) setInvulnerables(ctx *frame.Context, c SetInvulnerables) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if len(c.Invulnerables) > int(p.MaxValidators) {
		return ErrBoundNotMet
	}
	p.Invulnerables.Put(ctx, c.Invulnerables)
	return nil
}

func weighCancel(_ *frame.Runtime, c CancelDeferredSlash) frame.Weight {
	return frame.Time(frame.Millisecond + frame.Microsecond*20*uint64(len(c.SlashIndices)))
}

func (p *Pallet) cancelDeferredSlash(ctx *frame.Context, c CancelDeferredSlash) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if len(c.SlashIndices) == 0 {
		return ErrEmptyTargets
	}
	for i, n := range c.SlashIndices[1:] {
		if n <= c.SlashIndices[i] {
			return ErrNotSortedAndUnique
		}
	}
	list := p.UnappliedSlashes.Get(ctx, c.Era)
	if int64(c.SlashIndices[len(c.SlashIndices)-1]) >= int64(len(list)) {
		return ErrInvalidSlashIndex
	}
	for _, i := range slices.Backward(c.SlashIndices) {
		list = slices.Delete(list, int(i), int(i)+1)
	}
	if len(list) == 0 {
		p.UnappliedSlashes.Remove(ctx, c.Era)
		return nil
	}
	p.UnappliedSlashes.Put(ctx, c.Era, list)
	return nil
}

func (p *Pallet) setStakingConfigs(ctx *frame.Context, c SetStakingConfigs) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	set(ctx, &p.MinNominatorBond, c.MinNominatorBond)
	set(ctx, &p.MinValidatorBond, c.MinValidatorBond)
	set(ctx, &p.MaxNominatorsCount.Value, c.MaxNominatorCount)
	set(ctx, &p.MaxValidatorsCount.Value, c.MaxValidatorCount)
	set(ctx, &p.ChillThreshold.Value, c.ChillThreshold)
	if least, ok := c.MinCommission.(Set[Perbill]); ok {
		c.MinCommission = Set[Perbill]{min(least.To, One)} // nobody could ask for more
	}
	set(ctx, &p.MinCommission, c.MinCommission)
	set(ctx, &p.MaxStakedRewards.Value, c.MaxStakedRewards)
	return nil
}

// set carries an operation out.
func set[T any](ctx *frame.Context, v *storage.Value[T], op ConfigOp[T]) {
	switch op := op.(type) {
	case Set[T]:
		v.Put(ctx, op.To)
	case Remove[T]:
		v.Kill(ctx)
	}
}

func (p *Pallet) setMinCommission(ctx *frame.Context, c SetMinCommission) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	p.MinCommission.Put(ctx, min(c.New, One))
	return nil
}
