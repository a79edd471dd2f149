package system

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// RuntimeVersion names a runtime (sp_version::RuntimeVersion).
type RuntimeVersion struct {
	SpecName           string
	ImplName           string
	AuthoringVersion   uint32
	SpecVersion        uint32
	ImplVersion        uint32
	Apis               []APIVersion
	TransactionVersion uint32
	SystemVersion      uint8
}

// APIVersion is one runtime API in a RuntimeVersion.
type APIVersion struct {
	ID      [8]byte `name:"-"`
	Version uint32  `name:"-"`
}

// LastUpgrade names a runtime in short.
type LastUpgrade struct {
	SpecVersion uint32 `scale:"compact"`
	SpecName    string
}

// UpgradeAuthorization is which version comes after which block.
type UpgradeAuthorization struct {
	SpecVersion uint32
	Height      chain.BlockNumber
}

// Digest is the log of a header.
type Digest struct{ Logs []chain.DigestItem }

// KeyValue is an item of the state.
type KeyValue struct {
	Key   []byte `name:"-"`
	Value []byte `name:"-"`
}

// PerClassWeight is a weight for each class of calls.
type PerClassWeight struct{ Normal, Operational, Mandatory frame.Weight }

// Total is the sum over the classes.
func (w PerClassWeight) Total() frame.Weight { return w.Normal.Add(w.Operational).Add(w.Mandatory) }

func (w *PerClassWeight) of(c frame.Class) *frame.Weight {
	switch c {
	case frame.Normal:
		return &w.Normal
	case frame.Operational:
		return &w.Operational
	}
	return &w.Mandatory
}

// DbWeight is what one read and one write of the database weigh.
type DbWeight struct{ Read, Write uint64 }

// BlockLength limits the length of a block.
type BlockLength struct{ Max PerClassLength }

// PerClassLength is a length in bytes for each class of calls.
type PerClassLength struct{ Normal, Operational, Mandatory uint32 }

// BlockWeights limits the weight of a block.
type BlockWeights struct {
	BaseBlock, MaxBlock frame.Weight
	PerClass            PerClassLimits
}

// PerClassLimits are the limits for each class of calls.
type PerClassLimits struct{ Normal, Operational, Mandatory ClassLimits }

// ClassLimits are the limits of one class; nil is no limit.
type ClassLimits struct {
	BaseExtrinsic frame.Weight
	MaxExtrinsic  *frame.Weight
	MaxTotal      *frame.Weight
	Reserved      *frame.Weight
}

func (w BlockWeights) of(c frame.Class) ClassLimits {
	switch c {
	case frame.Normal:
		return w.PerClass.Normal
	case frame.Operational:
		return w.PerClass.Operational
	}
	return w.PerClass.Mandatory
}

// Limits returns the limits of a block whose normal calls may use the given
// percentage of what it may weigh and measure.
func Limits(most frame.Weight, length uint32, normalPercent uint64) (BlockWeights, BlockLength) {
	base := frame.Time(75 * frame.Microsecond)
	part := func(percent uint64) *frame.Weight {
		return &frame.Weight{RefTime: most.RefTime / 100 * percent, ProofSize: most.ProofSize / 100 * percent}
	}
	less := func(w *frame.Weight) *frame.Weight {
		return &frame.Weight{RefTime: w.RefTime - base.RefTime, ProofSize: w.ProofSize}
	}
	return BlockWeights{
		BaseBlock: frame.Time(400 * frame.Microsecond), MaxBlock: most,
		PerClass: PerClassLimits{
			Normal:      ClassLimits{base, less(part(normalPercent)), part(normalPercent), &frame.Weight{}},
			Operational: ClassLimits{base, less(part(100)), part(100), part(100 - normalPercent)},
			Mandatory:   ClassLimits{BaseExtrinsic: base},
		},
	}, BlockLength{PerClassLength{uint32(uint64(length) * normalPercent / 100), length, length}}
}
