// Package utility makes several calls in one, or on behalf of an account that
// is derived from the signer's (pallet_utility).
package utility

import (
	_ "embed"

	"github.com/tacit-network/tacit/runtime/frame"
)

//go:embed pallet.go
var source string

// Config is what a chain chooses.
type Config struct {
	// The most calls in one batch.
	BatchedCallsLimit uint32 `name:"batched_calls_limit"`
}

// The calls.
type (
	// Batch makes calls in order until one fails; those before it stay done.
	Batch struct{ Calls []frame.AnyCall }
	// AsDerivative makes a call on behalf of the signer's derived account with this index.
	AsDerivative struct {
		Index uint16
		Call  frame.AnyCall
	}
	// BatchAll makes calls in order; if one fails, none is done.
	BatchAll struct{ Calls []frame.AnyCall }
	// ForceBatch makes calls in order, whichever of them fail.
	ForceBatch struct{ Calls []frame.AnyCall }
)

// The events.
type (
	// BatchInterrupted says which call of a batch failed, and why.
	BatchInterrupted struct {
		Index uint32
		Error frame.DispatchError
	}
	// BatchCompleted says that all calls of a batch were done.
	BatchCompleted struct{}
	// BatchCompletedWithErrors says that a batch is done, but some of its calls failed.
	BatchCompletedWithErrors struct{}
	// ItemCompleted says that one call of a batch was done.
	ItemCompleted struct{}
	// ItemFailed says why one call of a batch failed.
	ItemFailed struct{ Error frame.DispatchError }
)

// The errors.
var (
	// ErrTooManyCalls means that the batch is too long.
	ErrTooManyCalls = frame.NewError(0, "TooManyCalls")
)

// Pallet makes several calls in one.
type Pallet struct{ Config }

// Declare implements frame.Module.
func (p *Pallet) Declare() frame.Pallet {
	return frame.Pallet{
		Name: "Utility", Source: source, Config: p.Config,
		Calls: []frame.CallDef{
			frame.CallBy(0, p.batch, func(rt *frame.Runtime, c Batch) frame.Weight { return weigh(rt, c.Calls) }),
			frame.CallBy(1, p.asDerivative, func(rt *frame.Runtime, c AsDerivative) frame.Weight {
				return weigh(rt, []frame.AnyCall{c.Call})
			}),
			frame.CallBy(2, p.batchAll, func(rt *frame.Runtime, c BatchAll) frame.Weight { return weigh(rt, c.Calls) }),
			frame.CallBy(4, p.forceBatch, func(rt *frame.Runtime, c ForceBatch) frame.Weight { return weigh(rt, c.Calls) }),
		},
		Events: []frame.EventDef{
			frame.Event[BatchInterrupted](0), frame.Event[BatchCompleted](1), frame.Event[BatchCompletedWithErrors](2),
			frame.Event[ItemCompleted](3), frame.Event[ItemFailed](4),
		},
		Errors: []*frame.Error{ErrTooManyCalls},
	}
}
