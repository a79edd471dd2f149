package session

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// The roles.
var (
	GrandpaType = KeyType{'g', 'r', 'a', 'n'}
	EngineType  = KeyType{'e', 'n', 'g', 'n'}
	BeaconType  = KeyType{'b', 'c', 'o', 'n'}
)

// Proof shows that whoever signs set_keys holds the keys: each key's signature
// of ProofPayload.
type Proof struct{ Grandpa, Engine, Beacon [64]byte }

// ProofPayload is what each session key signs to show that it belongs to an
// account: "POP_" and the account (sp_core's proof of possession). None of the
// messages that these keys sign otherwise begins so.
func ProofPayload(owner chain.AccountID) []byte { return append([]byte("POP_"), owner[:]...) }

// typed returns the keys with their roles.
func (k Keys) typed() [3]TypedKey {
	return [3]TypedKey{{GrandpaType, k.Grandpa[:]}, {EngineType, k.Engine[:]}, {BeaconType, k.Beacon[:]}}
}

// check refuses keys under which anybody could sign, and two alike.
func (k Keys) check() error {
	if keys.IsLowOrder(k.Grandpa) || keys.IsLowOrder(k.Engine) || k.Beacon == (BeaconKey{}) {
		return ErrLowOrderKey
	}
	if [32]byte(k.Grandpa) == [32]byte(k.Engine) {
		return ErrDuplicatedKey
	}
	return nil
}

func (p *Pallet) setKeys(ctx *frame.Context, c SetKeys) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if err := c.Keys.check(); err != nil {
		return err
	}
	if !proves(ctx, who, c.Keys, c.Proof) {
		return ErrInvalidProof
	}
	return p.claim(ctx, who, c.Keys)
}

// proves checks the signatures of the keys.
func proves(ctx *frame.Context, who chain.AccountID, k Keys, raw []byte) bool {
	proof, err := scale.Decode[Proof](raw)
	if err != nil {
		return false
	}
	payload := ProofPayload(who)
	return ctx.VerifySignature(uint8(keys.Ed25519), k.Grandpa[:], payload, proof.Grandpa[:]) &&
		ctx.VerifySignature(uint8(keys.Ed25519), k.Engine[:], payload, proof.Engine[:]) &&
		ctx.VerifySignature(uint8(keys.Sr25519), k.Beacon[:], payload, proof.Beacon[:])
}

// claim gives an account keys that nobody else has, in place of its own.
func (p *Pallet) claim(ctx *frame.Context, who chain.AccountID, k Keys) error {
	for _, t := range k.typed() {
		if owner, ok := p.KeyOwner.Get(ctx, t); ok && owner != who {
			return ErrDuplicatedKey
		}
		if s, ok := p.Served.Get(ctx, t); ok && s.Owner != who { // what was done with it is another's
			return ErrDuplicatedKey
		}
	}
	old, had := p.NextKeys.Get(ctx, who)
	if !had && p.Accounts.Consume(ctx, who) != nil {
		return ErrNoAccount
	}
	if had {
		p.release(ctx, old)
	}
	for _, t := range k.typed() {
		p.KeyOwner.Put(ctx, t, who)
	}
	p.NextKeys.Put(ctx, who, k)
	return nil
}

func (p *Pallet) release(ctx *frame.Context, k Keys) {
	for _, t := range k.typed() {
		p.KeyOwner.Remove(ctx, t)
	}
}

func (p *Pallet) purgeKeys(ctx *frame.Context, _ PurgeKeys) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	old, had := p.NextKeys.Get(ctx, who)
	if !had {
		return ErrNoKeys
	}
	p.release(ctx, old)
	p.NextKeys.Remove(ctx, who)
	p.Accounts.Unconsume(ctx, who)
	return nil
}
