package system

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

func (p *Pallet) authorizeUpgrade(ctx *frame.Context, c AuthorizeUpgrade) error {
	if err := ctx.EnsureRoot(); err != nil {
		return err
	}
	if c.SpecVersion <= p.Version.SpecVersion {
		return ErrSpecVersionNeedsToIncrease
	}
	// A node must be able to tell before it begins a block whether it can end it.
	if c.Height <= p.Number.Get(ctx) {
		return ErrUpgradeTooEarly
	}
	p.AuthorizedUpgrade.Put(ctx, UpgradeAuthorization(c))
	ctx.Emit(UpgradeAuthorized(c))
	return nil
}

// Due returns the upgrade that the block under way ends with.
func (p *Pallet) Due(ctx *frame.Context) (UpgradeAuthorization, bool) {
	u, ok := p.AuthorizedUpgrade.Find(ctx)
	return u, ok && u.Height == p.Number.Get(ctx)
}

// Start notes in the genesis state which version is in force.
func (p *Pallet) Start(ctx *frame.Context) { p.force(ctx, p.Version) }

// Upgrade ends the block under way with another version in force.
func (p *Pallet) Upgrade(ctx *frame.Context, next RuntimeVersion) {
	p.AuthorizedUpgrade.Kill(ctx)
	p.force(ctx, next)
	p.DepositLog(ctx, chain.DigestRuntimeUpdated{})
	ctx.Emit(CodeUpdated{})
}

func (p *Pallet) force(ctx *frame.Context, v RuntimeVersion) {
	p.LastRuntimeUpgrade.Put(ctx, LastUpgrade{v.SpecVersion, v.SpecName})
}
