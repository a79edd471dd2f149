package frame_test

import (
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// holder is a pallet that holds money, and stores reasons.
type holder struct {
	State struct {
		Last storage.Value[frame.HoldReason]
		Ice  storage.Value[frame.FreezeReason]
	}
}

func (h *holder) Declare() frame.Pallet {
	return frame.Pallet{Name: "Staking", State: &h.State, Holds: []string{"Staking", "Tip"}}
}

// The reasons of all pallets are an enum of the pallets, of enums of their
// reasons, as construct_runtime makes RuntimeHoldReason; in two bytes.
func TestHoldReasons(t *testing.T) {
	rt := frame.New(frame.Config{
		Pallets: []frame.At{{Index: 6, Module: &holder{}}},
		Naming:  func(reflect.Type) (metadata.Form, bool) { return metadata.Form{}, false },
	})
	types := map[metadata.TypeID]metadata.Type{}
	byPath := map[string]metadata.Type{}
	for _, p := range rt.Metadata().Types {
		types[p.ID] = p.Type
		if n := len(p.Type.Path); n > 0 {
			byPath[p.Type.Path[n-1]] = p.Type
		}
	}
	outer, ok := byPath["RuntimeHoldReason"].Def.(metadata.VariantDef)
	if !ok || len(outer.Variants) != 1 || outer.Variants[0].Name != "Staking" || outer.Variants[0].Index != 6 {
		t.Fatalf("RuntimeHoldReason is %+v", byPath["RuntimeHoldReason"])
	}
	inner := types[outer.Variants[0].Fields[0].Type]
	def, ok := inner.Def.(metadata.VariantDef)
	if !ok || !reflect.DeepEqual(inner.Path, []string{"pallet_staking", "pallet", "HoldReason"}) || len(def.Variants) != 2 || def.Variants[1].Name != "Tip" || def.Variants[1].Index != 1 {
		t.Errorf("the reasons of Staking are %+v", inner)
	}
	if none, ok := byPath["RuntimeFreezeReason"].Def.(metadata.VariantDef); !ok || len(none.Variants) != 0 {
		t.Errorf("RuntimeFreezeReason is %+v, and nobody freezes", none)
	}
	if got := scale.Marshal(frame.HoldReason{Pallet: 6, Reason: 1}); !reflect.DeepEqual(got, []byte{6, 1}) {
		t.Errorf("Staking.Tip is %x", got)
	}
}
