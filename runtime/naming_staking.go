package runtime

import (
	"reflect"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
	"github.com/tacit-network/tacit/runtime/pallet/offences"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
)

// stakingPaths are the names by which wallets know the types of staking.
var stakingPaths = map[reflect.Type]string{
	reflect.TypeFor[staking.Perbill]():               "sp_arithmetic::per_things::Perbill",
	reflect.TypeFor[staking.Percent]():               "sp_arithmetic::per_things::Percent",
	reflect.TypeFor[staking.ValidatorPrefs]():        "pallet_staking::ValidatorPrefs",
	reflect.TypeFor[staking.Ledger]():                "pallet_staking::StakingLedger",
	reflect.TypeFor[staking.UnlockChunk]():           "pallet_staking::UnlockChunk",
	reflect.TypeFor[staking.Nominations]():           "pallet_staking::Nominations",
	reflect.TypeFor[staking.ActiveEraInfo]():         "pallet_staking::ActiveEraInfo",
	reflect.TypeFor[staking.EraRewardPoints]():       "pallet_staking::EraRewardPoints",
	reflect.TypeFor[staking.IndividualExposure]():    "sp_staking::IndividualExposure",
	reflect.TypeFor[staking.PagedExposureMetadata](): "sp_staking::PagedExposureMetadata",
	reflect.TypeFor[staking.ExposurePage]():          "sp_staking::ExposurePage",
	reflect.TypeFor[staking.Forcing]():               "pallet_staking::Forcing",
	reflect.TypeFor[staking.UnappliedSlash]():        "pallet_staking::UnappliedSlash",
	reflect.TypeFor[staking.SlashingSpans]():         "pallet_staking::slashing::SlashingSpans",
	reflect.TypeFor[staking.SpanRecord]():            "pallet_staking::slashing::SpanRecord",
	reflect.TypeFor[imonline.Public]():               "pallet_im_online::sr25519::app_sr25519::Public",
	reflect.TypeFor[imonline.Heartbeat]():            "pallet_im_online::Heartbeat",
	reflect.TypeFor[offences.OffenceDetails]():       "sp_staking::offence::OffenceDetails",
	reflect.TypeFor[grandpa.EquivocationProof]():     "sp_consensus_grandpa::EquivocationProof",
}

// stakingTuples are structs that clients see as tuples.
var stakingTuples = map[reflect.Type]bool{
	reflect.TypeFor[staking.Points]():      true,
	reflect.TypeFor[staking.OtherSlash]():  true,
	reflect.TypeFor[staking.BondedEra]():   true,
	reflect.TypeFor[staking.EraSlash]():    true,
	reflect.TypeFor[staking.SpanKey]():     true,
	reflect.TypeFor[staking.EraOffender](): true,
}

// stakingEnums are the enums of staking, and its map.
var stakingEnums = map[reflect.Type]metadata.Form{
	reflect.TypeFor[staking.RewardDestination](): {
		Path:   []string{"pallet_staking", "RewardDestination"},
		Params: []metadata.FormParam{{Name: "AccountId", Type: reflect.TypeFor[chain.AccountID]()}},
	},
	reflect.TypeFor[staking.PointMap](): {
		Path:   []string{"BTreeMap"},
		Params: []metadata.FormParam{{Name: "K", Type: reflect.TypeFor[chain.AccountID]()}, {Name: "V", Type: reflect.TypeFor[uint32]()}},
		Def: func(r *metadata.Registry) metadata.TypeDef {
			return metadata.Composite{Fields: []metadata.Field{{Type: metadata.Of[[]staking.Points](r)}}}
		},
	},
	reflect.TypeFor[offences.Kind](): {Def: func(r *metadata.Registry) metadata.TypeDef {
		return metadata.Array{Len: 16, Type: metadata.Of[uint8](r)}
	}},
	reflect.TypeFor[staking.ConfigOp[chain.Balance]]():   configOp[chain.Balance](),
	reflect.TypeFor[staking.ConfigOp[uint32]]():          configOp[uint32](),
	reflect.TypeFor[staking.ConfigOp[staking.Percent]](): configOp[staking.Percent](),
	reflect.TypeFor[staking.ConfigOp[staking.Perbill]](): configOp[staking.Perbill](),
	reflect.TypeFor[grandpa.Equivocation](): {
		Path: []string{"sp_consensus_grandpa", "Equivocation"},
		Names: map[reflect.Type]string{
			reflect.TypeFor[grandpa.PrevoteEquivocation](): "Prevote", reflect.TypeFor[grandpa.PrecommitEquivocation](): "Precommit",
		},
	},
}

func configOp[T any]() metadata.Form {
	return metadata.Form{
		Path:   []string{"pallet_staking", "pallet", "pallet", "ConfigOp"},
		Params: []metadata.FormParam{{Name: "T", Type: reflect.TypeFor[T]()}},
		Names: map[reflect.Type]string{
			reflect.TypeFor[staking.Noop[T]](): "Noop", reflect.TypeFor[staking.Set[T]](): "Set", reflect.TypeFor[staking.Remove[T]](): "Remove",
		},
	}
}
