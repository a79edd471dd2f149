package invariant_test

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/invariant"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

type nothing struct{}

func (nothing) Get([]byte) ([]byte, bool)                  { return nil, false }
func (nothing) NextKey([]byte) ([]byte, bool)              { return nil, false }
func (nothing) RootWith([]storage.Change, uint8) hash.H256 { return hash.H256{} }
func verify(uint8, []byte, []byte, []byte) bool            { return false }

// Each thing that does not hold is told.
func TestCheck(t *testing.T) {
	rt := runtime.New()
	o := storage.NewOverlay(nothing{}, verify)
	if err := invariant.Check(rt, o); err != nil {
		t.Fatalf("of nothing: %v", err)
	}
	who, one := chain.AccountID{1}, scale.U64(1)
	rt.System.Account.Put(o, who, frame.AccountInfo{Data: frame.AccountData{Free: one}})
	rt.Staking.Ledger.Put(o, who, staking.Ledger{Stash: who, Total: one, Active: one})
	rt.Staking.CurrentEra.Put(o, 3)
	rt.Staking.ErasTotalStake.Put(o, 3, one)
	rt.Staking.ErasStakersOverview.Put(o, 3, who, staking.PagedExposureMetadata{Total: scale.U64(5), Own: one, NominatorCount: 1, PageCount: 1})
	rt.Clusters.Ledgers.Put(o, hash.H256{9}, clusters.Ledger{Escrow: one})
	err := invariant.Check(rt, o)
	for _, want := range []string{"0 are issued", "0 are on hold", "stand behind " + who.String(), "in escrow for cluster"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
