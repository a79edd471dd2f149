package runtime_test

import (
	"testing"

	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
)

// A block has room for 200 registrations, and for uploads beside them whose
// lists are as long as the parser takes.
func TestAdmissionFits(t *testing.T) {
	rt := runtime.New()
	normal := rt.System.BlockWeights.PerClass.Normal
	room := normal.MaxTotal.RefTime
	one := rt.Weight(rt.CallOf(registry.Register{})).RefTime + normal.BaseExtrinsic.RefTime
	if 200*one > room {
		t.Errorf("200 registrations weigh %d of %d", 200*one, room)
	}
	upload := attestation.UploadCollateral{}
	upload.Collateral.PCKCRL = make([]byte, 128<<10)
	if w := rt.Weight(rt.CallOf(upload)).RefTime; w > room || w < 3_000_000_000 {
		t.Errorf("an upload with a list of 128 KiB weighs %d of %d", w, room)
	}
}
