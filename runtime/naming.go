package runtime

import (
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/aura"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
)

// paths are the names by which wallets know types; by them they find the
// special treatment that an address, a signature or a weight needs.
var paths = map[reflect.Type]string{
	reflect.TypeFor[keys.AccountID]():               "sp_core::crypto::AccountId32",
	reflect.TypeFor[hash.H256]():                    "primitive_types::H256",
	reflect.TypeFor[frame.Weight]():                 "sp_weights::weight_v2::Weight",
	reflect.TypeFor[frame.Class]():                  "frame_support::dispatch::DispatchClass",
	reflect.TypeFor[frame.Pays]():                   "frame_support::dispatch::Pays",
	reflect.TypeFor[frame.DispatchInfo]():           "frame_support::dispatch::DispatchInfo",
	reflect.TypeFor[frame.ModuleError]():            "sp_runtime::ModuleError",
	reflect.TypeFor[frame.TokenError]():             "sp_runtime::TokenError",
	reflect.TypeFor[frame.ArithmeticError]():        "sp_arithmetic::ArithmeticError",
	reflect.TypeFor[frame.TransactionalError]():     "sp_runtime::TransactionalError",
	reflect.TypeFor[frame.Source]():                 "sp_runtime::transaction_validity::TransactionSource",
	reflect.TypeFor[frame.Validity]():               "sp_runtime::transaction_validity::ValidTransaction",
	reflect.TypeFor[frame.AccountInfo]():            "frame_system::AccountInfo",
	reflect.TypeFor[frame.AccountData]():            "pallet_balances::types::AccountData",
	reflect.TypeFor[chain.Header]():                 "sp_runtime::generic::header::Header",
	reflect.TypeFor[system.Digest]():                "sp_runtime::generic::digest::Digest",
	reflect.TypeFor[system.RuntimeVersion]():        "sp_version::RuntimeVersion",
	reflect.TypeFor[system.LastUpgrade]():           "frame_system::LastRuntimeUpgradeInfo",
	reflect.TypeFor[system.PerClassWeight]():        "frame_support::dispatch::PerDispatchClass",
	reflect.TypeFor[system.PerClassLimits]():        "frame_support::dispatch::PerDispatchClass",
	reflect.TypeFor[system.PerClassLength]():        "frame_support::dispatch::PerDispatchClass",
	reflect.TypeFor[system.BlockLength]():           "frame_system::limits::BlockLength",
	reflect.TypeFor[system.BlockWeights]():          "frame_system::limits::BlockWeights",
	reflect.TypeFor[system.ClassLimits]():           "frame_system::limits::WeightsPerClass",
	reflect.TypeFor[system.DbWeight]():              "sp_weights::RuntimeDbWeight",
	reflect.TypeFor[balances.BalanceLock]():         "pallet_balances::types::BalanceLock",
	reflect.TypeFor[balances.ReserveData]():         "pallet_balances::types::ReserveData",
	reflect.TypeFor[balances.Reasons]():             "pallet_balances::types::Reasons",
	reflect.TypeFor[balances.AdjustmentDirection](): "pallet_balances::types::AdjustmentDirection",
	reflect.TypeFor[balances.BalanceStatus]():       "frame_support::traits::tokens::misc::BalanceStatus",
	reflect.TypeFor[balances.HoldAmount]():          "frame_support::traits::tokens::misc::IdAmount",
	reflect.TypeFor[balances.FreezeAmount]():        "frame_support::traits::tokens::misc::IdAmount",
	reflect.TypeFor[multisig.Timepoint]():           "pallet_multisig::Timepoint",
	reflect.TypeFor[multisig.Multisig]():            "pallet_multisig::Multisig",
	reflect.TypeFor[proxy.ProxyType]():              "tacit_runtime::ProxyType",
	reflect.TypeFor[proxy.Definition]():             "pallet_proxy::ProxyDefinition",
	reflect.TypeFor[proxy.Announcement]():           "pallet_proxy::Announcement",
	reflect.TypeFor[proxy.DepositKind]():            "pallet_proxy::DepositKind",
	reflect.TypeFor[treasury.PalletID]():            "frame_support::PalletId",
	reflect.TypeFor[treasury.SpendStatus]():         "pallet_treasury::SpendStatus",
	reflect.TypeFor[payment.Releases]():             "pallet_transaction_payment::Releases",
	reflect.TypeFor[payment.Multiplier]():           "sp_arithmetic::fixed_point::FixedU128",
	reflect.TypeFor[payment.RuntimeDispatchInfo]():  "pallet_transaction_payment::types::RuntimeDispatchInfo",
	reflect.TypeFor[payment.FeeDetails]():           "pallet_transaction_payment::types::FeeDetails",
	reflect.TypeFor[payment.InclusionFee]():         "pallet_transaction_payment::types::InclusionFee",
	reflect.TypeFor[grandpa.Public]():               "sp_consensus_grandpa::app::Public",
	reflect.TypeFor[aura.Public]():                  "sp_consensus_aura::sr25519::app_sr25519::Public",
	reflect.TypeFor[aura.Slot]():                    "sp_consensus_slots::Slot",
	reflect.TypeFor[Block]():                        "sp_runtime::generic::block::Block",
	reflect.TypeFor[Extrinsic]():                    "sp_runtime::OpaqueExtrinsic",
	reflect.TypeFor[OpaqueMetadata]():               "sp_core::OpaqueMetadata",
	reflect.TypeFor[InherentData]():                 "sp_inherents::InherentData",
	reflect.TypeFor[session.Keys]():                 "tacit_runtime::SessionKeys",
	reflect.TypeFor[session.GrandpaKey]():           "sp_consensus_grandpa::app::Public",
	reflect.TypeFor[session.EngineKey]():            "tacit_runtime::engine::Public",
	reflect.TypeFor[session.BeaconKey]():            "tacit_runtime::beacon::Public",
	reflect.TypeFor[session.KeyType]():              "sp_core::crypto::KeyTypeId",
	reflect.TypeFor[grandpa.PendingChange]():        "pallet_grandpa::StoredPendingChange",
}

// generics are the parameters of types that stand under one path with several of
// them. Clients tell such types apart by their parameters alone.
var generics = map[reflect.Type][]metadata.FormParam{
	reflect.TypeFor[system.PerClassWeight](): {{Name: "T", Type: reflect.TypeFor[frame.Weight]()}},
	reflect.TypeFor[system.PerClassLimits](): {{Name: "T", Type: reflect.TypeFor[system.ClassLimits]()}},
	reflect.TypeFor[system.PerClassLength](): {{Name: "T", Type: reflect.TypeFor[uint32]()}},
	reflect.TypeFor[balances.HoldAmount](): {
		{Name: "Id", Type: reflect.TypeFor[frame.HoldReason]()}, {Name: "Balance", Type: reflect.TypeFor[chain.Balance]()},
	},
	reflect.TypeFor[balances.FreezeAmount](): {
		{Name: "Id", Type: reflect.TypeFor[frame.FreezeReason]()}, {Name: "Balance", Type: reflect.TypeFor[chain.Balance]()},
	},
}

// tuples are structs that clients see as tuples.
var tuples = map[reflect.Type]bool{
	reflect.TypeFor[system.KeyValue]():     true,
	reflect.TypeFor[system.APIVersion]():   true,
	reflect.TypeFor[grandpa.Authority]():   true,
	reflect.TypeFor[InherentItem]():        true,
	reflect.TypeFor[proxy.Proxies]():       true,
	reflect.TypeFor[proxy.Announcements](): true,
	reflect.TypeFor[session.Validator]():   true,
	reflect.TypeFor[session.TypedKey]():    true,
}

// enums are the enums whose variants clients know by other names than Go's.
var enums = map[reflect.Type]metadata.Form{
	reflect.TypeFor[chain.MultiAddress](): {
		Path:   []string{"sp_runtime", "multiaddress", "MultiAddress"},
		Params: []metadata.FormParam{{Name: "AccountId", Type: reflect.TypeFor[keys.AccountID]()}, {Name: "AccountIndex", Type: reflect.TypeFor[struct{}]()}},
		Def:    multiAddress,
	},
	reflect.TypeFor[chain.MultiSignature](): {
		Path: []string{"sp_runtime", "MultiSignature"},
		Def: unnamed(map[uint8]string{0: "Ed25519", 1: "Sr25519", 2: "Ecdsa"}, []any{
			[64]byte{}, [64]byte{}, [65]byte{},
		}),
	},
	reflect.TypeFor[chain.DigestItem](): {
		Path: []string{"sp_runtime", "generic", "digest", "DigestItem"},
		Def:  digestItem,
	},
	reflect.TypeFor[chain.Era](): {Path: []string{"sp_runtime", "generic", "era", "Era"}, Def: era},
	reflect.TypeFor[frame.DispatchError](): {
		Path: []string{"sp_runtime", "DispatchError"}, Names: prefixed[frame.DispatchError]("Err"),
	},
	reflect.TypeFor[frame.Origin](): {
		Path:   []string{"frame_support", "dispatch", "RawOrigin"},
		Params: []metadata.FormParam{{Name: "AccountId", Type: reflect.TypeFor[keys.AccountID]()}},
	},
	reflect.TypeFor[frame.OriginCaller](): {
		Path: []string{"tacit_runtime", "OriginCaller"}, Names: map[reflect.Type]string{reflect.TypeFor[frame.SystemOrigin](): "system"},
	},
	reflect.TypeFor[treasury.PaymentState](): {Path: []string{"pallet_treasury", "PaymentState"}},
	reflect.TypeFor[frame.ValidityError]():   {Path: []string{"sp_runtime", "transaction_validity", "TransactionValidityError"}},
	reflect.TypeFor[frame.InvalidReason](): {
		Path:  []string{"sp_runtime", "transaction_validity", "InvalidTransaction"},
		Names: map[reflect.Type]string{reflect.TypeFor[frame.BadCall](): "Call"},
	},
	reflect.TypeFor[frame.UnknownReason](): {
		Path:  []string{"sp_runtime", "transaction_validity", "UnknownTransaction"},
		Names: map[reflect.Type]string{reflect.TypeFor[frame.CustomUnknown](): "Custom"},
	},
}

// Naming is the form of every type that clients know by a name. A type of a
// pallet that has no other name gets its package's and its own.
func Naming(t reflect.Type) (metadata.Form, bool) {
	for _, forms := range []map[reflect.Type]metadata.Form{enums, stakingEnums} {
		if form, ok := forms[t]; ok {
			return form, true
		}
	}
	for _, known := range []map[reflect.Type]string{paths, stakingPaths} {
		if p, ok := known[t]; ok {
			return metadata.Form{Path: strings.Split(p, "::"), Params: generics[t]}, true
		}
	}
	if tuples[t] || stakingTuples[t] {
		return metadata.Form{Def: func(r *metadata.Registry) metadata.TypeDef {
			var tuple metadata.Tuple
			for _, f := range r.Fields(t, nil) {
				tuple.Types = append(tuple.Types, f.Type)
			}
			return tuple
		}}, true
	}
	const module = "github.com/tacit-network/tacit/"
	if rest, ours := strings.CutPrefix(t.PkgPath(), module); ours && t.Name() != "" && t.Kind() != reflect.Interface && !strings.Contains(t.Name(), "[") &&
		!strings.HasPrefix(rest, "scale") {
		dir := path.Base(strings.TrimSuffix(rest, "/words"))
		return metadata.Form{Path: []string{"tacit_" + dir, t.Name()}}, t.Kind() == reflect.Struct
	}
	if rest, ours := strings.CutPrefix(t.PkgPath(), module); ours && t.Kind() == reflect.Interface {
		return metadata.Form{Path: []string{"tacit_" + path.Base(strings.TrimSuffix(rest, "/words")), t.Name()}}, true
	}
	return metadata.Form{}, false
}

// prefixed names the variants of T without a prefix of their Go names.
func prefixed[T any](prefix string) map[reflect.Type]string {
	names := map[reflect.Type]string{}
	for _, v := range metadata.Variants[T]() {
		names[v] = strings.TrimPrefix(v.Name(), prefix)
	}
	return names
}

// unnamed is an enum whose variants have one field each, without a name.
func unnamed(names map[uint8]string, samples []any) func(*metadata.Registry) metadata.TypeDef {
	return func(r *metadata.Registry) metadata.TypeDef {
		var def metadata.VariantDef
		for i, sample := range samples {
			def.Variants = append(def.Variants, metadata.Variant{
				Name: names[uint8(i)], Index: uint8(i), Fields: []metadata.Field{{Type: r.ID(reflect.TypeOf(sample))}},
			})
		}
		return def
	}
}

// multiAddress spells out Compact<()>, which Go cannot.
func multiAddress(r *metadata.Registry) metadata.TypeDef {
	nothing := r.Add("compact nothing", func() metadata.Type {
		return metadata.Type{Def: metadata.Compact{Type: metadata.Of[struct{}](r)}}
	})
	field := func(id metadata.TypeID) []metadata.Field { return []metadata.Field{{Type: id}} }
	return metadata.VariantDef{Variants: []metadata.Variant{
		{Name: "Id", Index: 0, Fields: field(metadata.Of[keys.AccountID](r))},
		{Name: "Index", Index: 1, Fields: field(nothing)},
		{Name: "Raw", Index: 2, Fields: field(metadata.Of[[]byte](r))},
		{Name: "Address32", Index: 3, Fields: field(metadata.Of[[32]byte](r))},
		{Name: "Address20", Index: 4, Fields: field(metadata.Of[[20]byte](r))},
	}}
}

func digestItem(r *metadata.Registry) metadata.TypeDef {
	engine := []metadata.Field{{Type: metadata.Of[[4]byte](r)}, {Type: metadata.Of[[]byte](r)}}
	return metadata.VariantDef{Variants: []metadata.Variant{
		{Name: "PreRuntime", Index: 6, Fields: engine},
		{Name: "Consensus", Index: 4, Fields: engine},
		{Name: "Seal", Index: 5, Fields: engine},
		{Name: "Other", Index: 0, Fields: []metadata.Field{{Type: metadata.Of[[]byte](r)}}},
		{Name: "RuntimeEnvironmentUpdated", Index: 8},
	}}
}

func era(r *metadata.Registry) metadata.TypeDef {
	def := metadata.VariantDef{Variants: []metadata.Variant{{Name: "Immortal"}}}
	second := []metadata.Field{{Type: metadata.Of[uint8](r)}}
	for i := 1; i < 256; i++ {
		def.Variants = append(def.Variants, metadata.Variant{Name: fmt.Sprintf("Mortal%d", i), Index: uint8(i), Fields: second})
	}
	return def
}
