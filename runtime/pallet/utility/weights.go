package utility

import "github.com/tacit-network/tacit/runtime/frame"

// What the pallet itself costs: once a call, and for each inner call.
const (
	weightBase  = 5 * frame.Microsecond
	weightInner = 3 * frame.Microsecond
)

// base is what the pallet itself costs to make n calls.
func base(n int) frame.Weight { return frame.Time(weightBase + weightInner*uint64(n)) }

func weigh(rt *frame.Runtime, calls ...frame.AnyCall) frame.Weight {
	sum := base(len(calls))
	for _, c := range calls {
		sum = sum.Add(rt.Weight(c))
	}
	return sum
}

func one(c frame.AnyCall) []frame.AnyCall { return []frame.AnyCall{c} }

func weighBatch(rt *frame.Runtime, c Batch) frame.Weight             { return weigh(rt, c.Calls...) }
func weighBatchAll(rt *frame.Runtime, c BatchAll) frame.Weight       { return weigh(rt, c.Calls...) }
func weighForceBatch(rt *frame.Runtime, c ForceBatch) frame.Weight   { return weigh(rt, c.Calls...) }
func weighDerivative(rt *frame.Runtime, c AsDerivative) frame.Weight { return weigh(rt, c.Call) }
func weighDispatchAs(rt *frame.Runtime, c DispatchAs) frame.Weight   { return weigh(rt, c.Call) }
func weighIfElse(rt *frame.Runtime, c IfElse) frame.Weight           { return weigh(rt, c.Main, c.Fallback) }
func weighWithWeight(_ *frame.Runtime, c WithWeight) frame.Weight    { return c.Weight }

func weighFallible(rt *frame.Runtime, c DispatchAsFallible) frame.Weight { return weigh(rt, c.Call) }
