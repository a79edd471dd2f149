package runtime

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/aura"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	registrywords "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/scale"
)

// The arguments of the methods; their fields name the parameters.
type (
	none       struct{}
	blockArg   struct{ Block Block }
	headerArg  struct{ Header chain.Header }
	txArg      struct{ Extrinsic Extrinsic }
	versionArg struct{ Version uint32 }
	accountArg struct{ Account chain.AccountID }
	weightArg  struct{ Weight frame.Weight }
	lengthArg  struct{ Length uint32 }
	workerArg  struct{ Worker [32]byte }
	inherents  struct{ Inherent InherentData }
	judgeArg   struct {
		Source    frame.Source
		Tx        Extrinsic
		BlockHash hash.H256
	}
	feeArg struct {
		Uxt Extrinsic
		Len uint32
	}
	callFeeArg struct {
		Call frame.AnyCall
		Len  uint32
	}
)

// InherentData is what the author of a block knows for its inherents
// (sp_inherents::InherentData).
type InherentData struct{ Data []InherentItem }

// InherentItem is one thing that an author knows.
type InherentItem struct {
	ID   [8]byte `name:"-"`
	Data []byte  `name:"-"`
}

// OpaqueMetadata is encoded metadata.
type OpaqueMetadata []byte

func (r *Runtime) apis() []frame.API {
	weightToFee := frame.Func("query_weight_to_fee", "The fee for a weight.", func(_ *frame.Context, a weightArg) (chain.Balance, error) {
		return r.Payment.WeightFee(a.Weight), nil
	})
	lengthToFee := frame.Func("query_length_to_fee", "The fee for a length.", func(_ *frame.Context, a lengthArg) (chain.Balance, error) {
		return r.Payment.LengthFee(int(a.Length)), nil
	})
	return []frame.API{
		{Name: "Core", Version: 4, Methods: []frame.Fn{
			frame.Func("version", "The version of the runtime.", func(*frame.Context, none) (system.RuntimeVersion, error) {
				return r.System.Version, nil
			}),
			frame.Func("execute_block", "Executes a block.", func(ctx *frame.Context, a blockArg) (struct{}, error) {
				r.execute(ctx, a.Block)
				return struct{}{}, nil
			}),
			frame.Func("initialize_block", "Begins a block.", func(ctx *frame.Context, a headerArg) (struct{}, error) {
				r.initialize(ctx, a.Header)
				return struct{}{}, nil
			}),
		}},
		{Name: "Metadata", Version: 2, Methods: []frame.Fn{
			frame.Func("metadata", "The metadata in version 14.", func(*frame.Context, none) (OpaqueMetadata, error) {
				v14, _ := r.metadata()
				return v14, nil
			}),
			frame.Func("metadata_at_version", "The metadata in a version.", func(_ *frame.Context, a versionArg) (*OpaqueMetadata, error) {
				v14, v15 := r.metadata()
				switch a.Version {
				case 14:
					return &v14, nil
				case 15:
					return &v15, nil
				}
				return nil, nil
			}),
			frame.Func("metadata_versions", "The versions in which there is metadata.", func(*frame.Context, none) ([]uint32, error) {
				return []uint32{14, 15}, nil
			}),
		}},
		{Name: "BlockBuilder", Version: 6, Methods: []frame.Fn{
			frame.Func("apply_extrinsic", "Applies an extrinsic.", func(ctx *frame.Context, a txArg) (Applied, error) {
				return r.apply(ctx, a.Extrinsic), nil
			}),
			frame.Func("finalize_block", "Ends a block.", func(ctx *frame.Context, _ none) (chain.Header, error) {
				return r.finalize(ctx), nil
			}),
			frame.Func("inherent_extrinsics", "The inherents that an author puts into a block.", r.inherentExtrinsics),
		}},
		{Name: "TaggedTransactionQueue", Version: 3, Methods: []frame.Fn{
			frame.Func("validate_transaction", "Judges a transaction for the pool.", func(ctx *frame.Context, a judgeArg) (Judged, error) {
				v, err := r.validate(ctx, a.Source, a.Tx, a.BlockHash)
				if bad, ok := errors.AsType[frame.ValidityError](err); ok {
					return scale.Fail[frame.Validity](bad), nil
				} else if err != nil { // as in Substrate, bytes that are no transaction are no verdict
					return Judged{}, err
				}
				return scale.Ok[frame.Validity, frame.ValidityError](v), nil
			}),
		}},
		{Name: "AccountNonceApi", Version: 1, Methods: []frame.Fn{
			frame.Func("account_nonce", "The next nonce of an account.", func(ctx *frame.Context, a accountArg) (uint32, error) {
				return r.System.Info(ctx, a.Account).Nonce, nil
			}),
		}},
		{Name: "TransactionPaymentApi", Version: 4, Methods: []frame.Fn{
			frame.Func("query_info", "What a transaction weighs and costs.", func(ctx *frame.Context, a feeArg) (payment.RuntimeDispatchInfo, error) {
				info, err := r.infoOf(a.Uxt)
				if err != nil {
					return payment.RuntimeDispatchInfo{}, err
				}
				return r.Payment.QueryInfo(ctx, info, int(a.Len)), nil
			}),
			frame.Func("query_fee_details", "What a transaction costs, part by part.", func(ctx *frame.Context, a feeArg) (payment.FeeDetails, error) {
				info, err := r.infoOf(a.Uxt)
				if err != nil {
					return payment.FeeDetails{}, err
				}
				return r.Payment.Details(ctx, info, int(a.Len), chain.Balance{}), nil
			}),
			weightToFee, lengthToFee,
		}},
		{Name: "TransactionPaymentCallApi", Version: 3, Methods: []frame.Fn{
			frame.Func("query_call_info", "What a call weighs and costs.", func(ctx *frame.Context, a callFeeArg) (payment.RuntimeDispatchInfo, error) {
				return r.Payment.QueryInfo(ctx, r.Info(a.Call), int(a.Len)), nil
			}),
			frame.Func("query_call_fee_details", "What a call costs, part by part.", func(ctx *frame.Context, a callFeeArg) (payment.FeeDetails, error) {
				return r.Payment.Details(ctx, r.Info(a.Call), int(a.Len), chain.Balance{}), nil
			}),
			weightToFee, lengthToFee,
		}},
		{Name: "GrandpaApi", Version: 3, Methods: []frame.Fn{
			frame.Func("grandpa_authorities", "The authorities that finalise.", func(ctx *frame.Context, _ none) ([]grandpa.Authority, error) {
				return r.Grandpa.Authorities.Get(ctx), nil
			}),
			frame.Func("current_set_id", "The number of the authority set.", func(ctx *frame.Context, _ none) (uint64, error) {
				return r.Grandpa.CurrentSetID.Get(ctx), nil
			}),
			keyOwnership,
		}},
		r.stakingAPI(),
		{Name: "AuraApi", Version: 1, Methods: []frame.Fn{
			frame.Func("slot_duration", "The length of a slot in milliseconds.", func(*frame.Context, none) (uint64, error) {
				return r.Aura.SlotDuration, nil
			}),
			frame.Func("authorities", "The formal authors.", func(ctx *frame.Context, _ none) ([]aura.Public, error) {
				return r.Aura.Authorities.Get(ctx), nil
			}),
		}},
		{Name: "RegistryApi", Version: 1, Methods: []frame.Fn{
			frame.Func("judge", "What a worker's registration is worth, and by what; nothing for one that is not registered.",
				func(ctx *frame.Context, a workerArg) (*registrywords.Judgement, error) {
					return r.Registry.Judge(ctx, a.Worker), nil
				}),
		}},
	}
}

// infoOf is what is known of a transaction before it runs. One that nobody
// signed costs no fee.
func (r *Runtime) infoOf(raw Extrinsic) (frame.DispatchInfo, error) {
	x, call, err := r.decode(scale.AppendBytes(nil, raw))
	if err != nil {
		return frame.DispatchInfo{}, fmt.Errorf("decode the transaction: %w", err)
	}
	info := r.Info(call)
	if x.Signed == nil {
		info.PaysFee = frame.PaysNo
	}
	return info, nil
}

func (r *Runtime) metadata() (v14, v15 OpaqueMetadata) {
	r.meta.Do(func() {
		m := r.Metadata()
		r.v14, r.v15 = m.EncodeV14(), m.EncodeV15()
	})
	return r.v14, r.v15
}

// The identifiers of inherent data.
var (
	// TimestampInherent is the time as u64, in milliseconds since 1970.
	TimestampInherent = [8]byte{'t', 'i', 'm', 's', 't', 'a', 'p', '0'}
	// GrandpaInherent is a SCALE justification.
	GrandpaInherent = [8]byte{'g', 'r', 'a', 'n', 'd', 'p', 'a', '0'}
)
