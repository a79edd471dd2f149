package frame

import "math"

// Weight is what a call may cost: picoseconds on the reference machine and
// bytes of proof.
type Weight struct {
	RefTime   uint64 `scale:"compact"`
	ProofSize uint64 `scale:"compact"`
}

// Units of Weight.
const (
	Microsecond = 1_000_000
	Millisecond = 1000 * Microsecond
	Second      = 1000 * Millisecond
)

// Time is a Weight of time alone.
func Time(refTime uint64) Weight { return Weight{RefTime: refTime} }

// Add returns w + v; what does not fit is the most there is.
func (w Weight) Add(v Weight) Weight {
	return Weight{addSat(w.RefTime, v.RefTime), addSat(w.ProofSize, v.ProofSize)}
}

// Exceeds says whether any part of w is over limit.
func (w Weight) Exceeds(limit Weight) bool {
	return w.RefTime > limit.RefTime || w.ProofSize > limit.ProofSize
}

// Min returns the lesser of each part.
func (w Weight) Min(v Weight) Weight {
	return Weight{min(w.RefTime, v.RefTime), min(w.ProofSize, v.ProofSize)}
}

func addSat(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// Class says which part of a block a call may use.
type Class uint8

// The classes.
const (
	Normal Class = iota
	Operational
	Mandatory
)

// Variants implements scale.Units.
func (Class) Variants() []string { return []string{"Normal", "Operational", "Mandatory"} }

// Pays says whether a call costs a fee.
type Pays uint8

// The two answers.
const (
	PaysYes Pays = iota
	PaysNo
)

// Variants implements scale.Units.
func (Pays) Variants() []string { return []string{"Yes", "No"} }

// DispatchInfo is what is known of a call before it runs.
type DispatchInfo struct {
	Weight  Weight
	Class   Class
	PaysFee Pays
}

// PostInfo is what is known of a call after it ran.
type PostInfo struct {
	// ActualWeight is nil when the call cost what it was declared to.
	ActualWeight *Weight
	PaysFee      Pays
}

// Actual is what a call with the given info really cost.
func (p PostInfo) Actual(info DispatchInfo) Weight {
	if p.ActualWeight == nil {
		return info.Weight
	}
	return p.ActualWeight.Min(info.Weight)
}

// Fee says whether a fee is due after all.
func (p PostInfo) Fee(info DispatchInfo) Pays {
	if info.PaysFee == PaysNo {
		return PaysNo
	}
	return p.PaysFee
}
