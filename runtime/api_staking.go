package runtime

import (
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/frame"
)

// The arguments of the APIs of staking.
type (
	ownershipArg struct {
		SetID       uint64
		AuthorityID [32]byte
	}
	quotaArg struct{ Balance chain.Balance }
	eraArg   struct {
		Era     uint32
		Account chain.AccountID
	}
)

// OpaqueKeyOwnershipProof is empty: the chain knows who had which key.
type OpaqueKeyOwnershipProof []byte

var keyOwnership = frame.Func("generate_key_ownership_proof", "The proof of who had a key, for a report: it is empty.",
	func(*frame.Context, ownershipArg) (*OpaqueKeyOwnershipProof, error) {
		return &OpaqueKeyOwnershipProof{}, nil
	})

// stakingAPI is pallet_staking_runtime_api's.
func (r *Runtime) stakingAPI() frame.API {
	return frame.API{Name: "StakingApi", Version: 1, Methods: []frame.Fn{
		frame.Func("nominations_quota", "How many validators one may nominate with a bond.", func(*frame.Context, quotaArg) (uint32, error) {
			return r.Staking.MaxNominations, nil
		}),
		frame.Func("eras_stakers_page_count", "How many pages of nominators a validator had in an era.", func(ctx *frame.Context, a eraArg) (uint32, error) {
			meta, ok := r.Staking.ErasStakersOverview.Get(ctx, a.Era, a.Account)
			if !ok {
				return 0, nil
			}
			return max(meta.PageCount, 1), nil
		}),
		frame.Func("pending_rewards", "Whether rewards of a validator in an era wait to be paid.", func(ctx *frame.Context, a eraArg) (bool, error) {
			meta, ok := r.Staking.ErasStakersOverview.Get(ctx, a.Era, a.Account)
			if _, ended := r.Staking.ErasValidatorReward.Get(ctx, a.Era); !ok || !ended {
				return false, nil
			}
			claimed := r.Staking.ClaimedRewards.Get(ctx, a.Era, a.Account)
			for page := range max(meta.PageCount, 1) {
				if !slices.Contains(claimed, page) {
					return true, nil
				}
			}
			return false, nil
		}),
	}}
}
