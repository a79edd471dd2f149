// Package sudo lets one key do what governance else does. Only development
// and test chains have it (pallet_sudo).
package sudo

import (
	_ "embed"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

//go:embed pallet.go
var source string

// State is what the pallet stores.
type State struct {
	// The account that may do what root may.
	Key storage.OptValue[chain.AccountID]
}

// The calls.
type (
	// Sudo makes a call as root; the key alone may.
	Sudo struct{ Call frame.AnyCall }
	// SetKey hands the key to another account.
	SetKey struct{ New chain.MultiAddress }
	// SudoAs makes a call on behalf of who; the key alone may.
	SudoAs struct {
		Who  chain.MultiAddress
		Call frame.AnyCall
	}
	// RemoveKey gives the key up for ever.
	RemoveKey struct{}
)

// Outcome is how a call ended.
type Outcome = scale.Result[struct{}, frame.DispatchError]

// The events.
type (
	// Sudid says how a call as root ended.
	Sudid struct{ SudoResult Outcome }
	// KeyChanged says that the key was handed over.
	KeyChanged struct {
		Old *chain.AccountID
		New chain.AccountID
	}
	// KeyRemoved says that nobody has the key any more.
	KeyRemoved struct{}
	// SudoAsDone says how a call on behalf of another ended.
	SudoAsDone struct{ SudoResult Outcome }
)

// The errors.
var (
	// ErrRequireSudo means that the signer does not have the key.
	ErrRequireSudo = frame.NewError(0, "RequireSudo")
)

// Pallet is the sudo of one chain.
type Pallet struct{ State }

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	over := frame.Time(10 * frame.Microsecond)
	return frame.Pallet{
		Name: "Sudo", Source: source, State: &p.State,
		Calls: []frame.CallDef{
			frame.CallWith(0, p.sudo, func(rt *frame.Runtime, c Sudo) frame.Weight { return rt.Weight(c.Call).Add(over) },
				func(c Sudo) []frame.AnyCall { return []frame.AnyCall{c.Call} }),
			frame.Call(2, p.setKey, over),
			frame.CallWith(3, p.sudoAs, func(rt *frame.Runtime, c SudoAs) frame.Weight { return rt.Weight(c.Call).Add(over) },
				func(c SudoAs) []frame.AnyCall { return []frame.AnyCall{c.Call} }),
			frame.Call(4, p.removeKey, over),
		},
		Events: []frame.EventDef{
			frame.Event[Sudid](0), frame.Event[KeyChanged](1), frame.Event[KeyRemoved](2), frame.Event[SudoAsDone](3),
		},
		Errors: []*frame.Error{ErrRequireSudo},
	}
}
