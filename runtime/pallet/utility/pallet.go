// Package utility makes several calls in one, one call or else another, or a
// call on behalf of an account that is derived from the signer's
// (pallet_utility, as of the call dispatch_as_fallible).
//
// Inner calls carry the filters of the origin: what a proxy may not call, it
// may not call in a batch either. Root bypasses them.
package utility

import (
	_ "embed"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
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
	// DispatchAs makes a call on behalf of any origin, and says how it ended; root alone may.
	DispatchAs struct {
		AsOrigin frame.OriginCaller
		Call     frame.AnyCall
	}
	// ForceBatch makes calls in order, whichever of them fail.
	ForceBatch struct{ Calls []frame.AnyCall }
	// WithWeight makes a call as root that counts as weight, whatever it weighs; root alone may.
	WithWeight struct {
		Call   frame.AnyCall
		Weight frame.Weight
	}
	// IfElse makes the call main, or fallback if main fails.
	IfElse struct{ Main, Fallback frame.AnyCall }
	// DispatchAsFallible makes a call on behalf of any origin, and fails as it does; root alone may.
	DispatchAsFallible struct {
		AsOrigin frame.OriginCaller
		Call     frame.AnyCall
	}
)

// Outcome is how a call ended.
type Outcome = scale.Result[struct{}, frame.DispatchError]

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
	// DispatchedAs says how a call on behalf of another origin ended.
	DispatchedAs struct{ Result Outcome }
	// IfElseMainSuccess says that the first of two calls was done.
	IfElseMainSuccess struct{}
	// IfElseFallbackCalled says why the first of two calls failed, and that the second was done.
	IfElseFallbackCalled struct{ MainError frame.DispatchError }
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
			frame.CallWith(0, p.batch, weighBatch, func(c Batch) []frame.AnyCall { return c.Calls }),
			frame.CallWith(1, p.asDerivative, weighDerivative, func(c AsDerivative) []frame.AnyCall { return one(c.Call) }),
			frame.CallWith(2, p.batchAll, weighBatchAll, func(c BatchAll) []frame.AnyCall { return c.Calls }),
			frame.CallWith(3, p.dispatchAs, weighDispatchAs, func(c DispatchAs) []frame.AnyCall { return one(c.Call) }),
			frame.CallWith(4, p.forceBatch, weighForceBatch, func(c ForceBatch) []frame.AnyCall { return c.Calls }),
			frame.CallWith(5, p.withWeight, weighWithWeight, func(c WithWeight) []frame.AnyCall { return one(c.Call) }),
			frame.CallWith(6, p.ifElse, weighIfElse, func(c IfElse) []frame.AnyCall { return []frame.AnyCall{c.Main, c.Fallback} }),
			frame.CallWith(7, p.dispatchAsFallible, weighFallible, func(c DispatchAsFallible) []frame.AnyCall { return one(c.Call) }),
		},
		Events: []frame.EventDef{
			frame.Event[BatchInterrupted](0), frame.Event[BatchCompleted](1), frame.Event[BatchCompletedWithErrors](2),
			frame.Event[ItemCompleted](3), frame.Event[ItemFailed](4), frame.Event[DispatchedAs](5),
			frame.Event[IfElseMainSuccess](6), frame.Event[IfElseFallbackCalled](7),
		},
		Errors: []*frame.Error{ErrTooManyCalls},
	}
}
