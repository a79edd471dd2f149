package runtime

import (
	"fmt"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/timestamp"
	"github.com/tacit-network/tacit/scale"
)

// inherentExtrinsics makes the inherents of a block, in the order in which
// they must stand: the time, then a proof of finality if there is one.
func (r *Runtime) inherentExtrinsics(_ *frame.Context, a inherents) ([]Extrinsic, error) {
	var out []Extrinsic
	for _, item := range a.Inherent.Data {
		if item.ID == TimestampInherent {
			now, err := scale.Decode[uint64](item.Data)
			if err != nil {
				return nil, fmt.Errorf("the time: %w", err)
			}
			out = append(out, r.Bare(timestamp.Set{Now: now}))
		}
	}
	for _, item := range a.Inherent.Data {
		if item.ID == GrandpaInherent {
			out = append(out, r.Bare(grandpa.NoteJustification{Justification: item.Data}))
		}
	}
	return out, nil
}

// Bare is call, the struct of a declared call, as an
// extrinsic that nobody signed.
func (r *Runtime) Bare(call any) Extrinsic {
	return append(Extrinsic{0x04}, scale.Marshal(r.CallOf(call))...)
}

// SetTime is the call that sets the time of a block, in milliseconds since
// 1970.
func (r *Runtime) SetTime(ms uint64) any { return timestamp.Set{Now: ms} }

// NoteJustification is the call that brings a proof of finality.
func (r *Runtime) NoteJustification(justification []byte) any {
	return grandpa.NoteJustification{Justification: justification}
}

// InherentKind says what an extrinsic is to the author of a block.
type InherentKind uint8

// The kinds.
const (
	// NoInherent is a transaction.
	NoInherent InherentKind = iota
	// TimeInherent sets the time.
	TimeInherent
	// FinalityInherent brings a proof of finality.
	FinalityInherent
)

// Inspect decodes a whole extrinsic and says whether it is an inherent.
func (r *Runtime) Inspect(whole []byte) (InherentKind, error) {
	x, call, err := r.decode(whole)
	if err != nil {
		return NoInherent, err
	}
	if x.Signed == nil {
		switch call.Args.(type) {
		case timestamp.Set:
			return TimeInherent, nil
		case grandpa.NoteJustification:
			return FinalityInherent, nil
		}
	}
	return NoInherent, nil
}
