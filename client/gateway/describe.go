package gateway

import (
	"reflect"
	"sync"

	"github.com/tacit-network/tacit/chain"
	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/timestamp"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// description is the contract runtime as clients see it: its version, its
// metadata, and where its storage items lie. It dispatches nothing.
type description struct {
	*frame.Runtime
	system    *system.Pallet
	timestamp *timestamp.Pallet
	contracts *contractsPallet
	v14, v15  []byte
}

// contractsPallet is pallet Contracts without what it does.
type contractsPallet struct {
	State contractsState
}

// contractsState is what clients read of the pallet.
type contractsState struct {
	// The contracts of the cluster.
	ContractInfoOf storage.OptMap[chain.AccountID, contractInfo, storage.Twox64Concat]
}

// contractInfo is what is told of a contract.
type contractInfo struct{ CodeHash hash.H256 }

// Declare implements frame.Module.
func (p *contractsPallet) Declare() frame.Pallet {
	d := frame.Pallet{
		Name: "Contracts", Source: words.Source, State: &p.State,
		Calls: []frame.CallDef{
			frame.Call[words.UploadCode](words.IndexUploadCode, nil, frame.Weight{}),
			frame.Call[words.Call](words.IndexCall, nil, frame.Weight{}),
			frame.Call[words.InstantiateWithCode](words.IndexInstantiateWithCode, nil, frame.Weight{}),
			frame.Call[words.Instantiate](words.IndexInstantiate, nil, frame.Weight{}),
		},
		Events: []frame.EventDef{
			frame.Event[words.Instantiated](words.IndexInstantiated), frame.Event[words.CodeStored](words.IndexCodeStored),
			frame.Event[words.ContractEmitted](words.IndexContractEmitted),
		},
	}
	for _, e := range words.Errors {
		d.Errors = append(d.Errors, frame.NewError(uint8(e.Error), e.Name))
	}
	return d
}

// only is a pallet of which clients see a part.
type only struct {
	frame.Module
	show func(*frame.Pallet)
}

// Declare implements frame.Module.
func (o only) Declare() frame.Pallet {
	p := o.Module.Declare()
	o.show(&p)
	return p
}

// balances is pallet Balances with nothing in it but the least that somebody
// holds: what that is lies in System.Account.
type balances struct{}

// Declare implements frame.Module.
func (balances) Declare() frame.Pallet {
	return frame.Pallet{Name: "Balances", Config: struct{ ExistentialDeposit chain.Balance }{host.MinimumBalance}}
}

// The arguments of runtime APIs that the package words does not have.
type (
	none       struct{}
	versionArg struct{ Version uint32 }
	accountArg struct{ Account chain.AccountID }
	uploadArg  struct {
		Origin              chain.AccountID
		Code                []byte
		StorageDepositLimit *chain.Balance
		Determinism         words.Determinism
	}
	storageArg struct {
		Address chain.AccountID
		Key     []byte
	}
	feeArg struct {
		Uxt runtime.Extrinsic
		Len uint32
	}
)

// accessError is why what a contract stores is not told.
type accessError uint8

// Variants implements scale.Units.
func (accessError) Variants() []string {
	return []string{"DoesntExist", "KeyDecodingFailed", "MigrationInProgress"}
}

// describe makes the description; it is the same for all clusters.
var describe = sync.OnceValue(func() *description {
	weights, length := system.Limits(frame.Weight{RefTime: commandTime, ProofSize: 5 << 20}, 5<<20, 75)
	d := &description{
		system: &system.Pallet{Config: system.Config{
			BlockWeights: weights, BlockLength: length, BlockHashCount: 4096, SS58Prefix: 42,
			Version: system.RuntimeVersion{
				SpecName: words.SpecName, ImplName: "tacit", AuthoringVersion: 1, SpecVersion: words.SpecVersion, ImplVersion: 1,
				TransactionVersion: words.TransactionVersion, SystemVersion: runtime.StateVersion, Apis: []system.APIVersion{},
			},
		}},
		timestamp: &timestamp.Pallet{Config: timestamp.Config{MinimumPeriod: 1}},
		contracts: &contractsPallet{},
	}
	apis := d.apis()
	for _, api := range apis {
		v := &d.system.Version
		v.Apis = append(v.Apis, system.APIVersion{ID: api.ID(), Version: api.Version})
	}
	silent := func(p *frame.Pallet) { p.Calls = nil }
	d.Runtime = frame.New(frame.Config{
		Pallets: []frame.At{
			{Index: words.System, Module: only{d.system, func(p *frame.Pallet) { p.Calls, p.Events = nil, p.Events[:2] }}},
			{Index: words.Timestamp, Module: only{d.timestamp, silent}},
			{Index: words.Balances, Module: balances{}},
			{Index: words.Contracts, Module: d.contracts},
		},
		Extensions: append(d.system.Extensions(), (&payment.Pallet{}).Extension()),
		APIs:       apis, Naming: naming, Extrinsic: reflect.TypeFor[runtime.Extrinsic](),
	})
	m := d.Metadata()
	d.v14, d.v15 = m.EncodeV14(), m.EncodeV15()
	return d
})

// commandTime is the most reference time that a command may use.
const commandTime = 200 * frame.Millisecond

// naming is the chain's, and shows the words of package frame by the names of
// pallet-contracts.
func naming(t reflect.Type) (metadata.Form, bool) {
	path := func(p ...string) (metadata.Form, bool) { return metadata.Form{Path: p}, true }
	switch t {
	case reflect.TypeFor[words.Weight]():
		return metadata.Form{As: reflect.TypeFor[frame.Weight]()}, true
	case reflect.TypeFor[words.DispatchError]():
		return metadata.Form{As: reflect.TypeFor[frame.DispatchError]()}, true
	case reflect.TypeFor[words.CompactBalance]():
		return metadata.Form{Def: func(r *metadata.Registry) metadata.TypeDef {
			return metadata.Compact{Type: metadata.Of[chain.Balance](r)}
		}}, true
	case reflect.TypeFor[words.Determinism]():
		return path("pallet_contracts", "wasm", "Determinism")
	case reflect.TypeFor[words.ExecReturn]():
		return path("pallet_contracts", "primitives", "ExecReturnValue")
	case reflect.TypeFor[words.ReturnFlags]():
		return path("pallet_contracts_uapi", "flags", "ReturnFlags")
	case reflect.TypeFor[words.InstantiateReturn]():
		return path("pallet_contracts", "primitives", "InstantiateReturnValue")
	case reflect.TypeFor[words.CallResult](), reflect.TypeFor[words.InstantiateResult]():
		return path("pallet_contracts", "primitives", t.Name())
	case reflect.TypeFor[words.UploadResult]():
		return path("pallet_contracts", "primitives", "CodeUploadReturnValue")
	case reflect.TypeFor[words.StorageDeposit]():
		return path("pallet_contracts", "primitives", "StorageDeposit")
	case reflect.TypeFor[words.Code]():
		return path("pallet_contracts", "primitives", "Code")
	case reflect.TypeFor[accessError]():
		return path("pallet_contracts", "primitives", "ContractAccessError")
	case reflect.TypeFor[contractInfo]():
		return path("pallet_contracts", "storage", "ContractInfo")
	}
	return runtime.Naming(t)
}

// apis are the runtime's APIs. What the cluster answers has no function here.
func (d *description) apis() []frame.API {
	return []frame.API{
		{Name: "Core", Version: 4, Methods: []frame.Fn{
			frame.Func("version", "The version of the runtime.", func(*frame.Context, none) (system.RuntimeVersion, error) {
				return d.system.Version, nil
			}),
		}},
		{Name: "Metadata", Version: 2, Methods: []frame.Fn{
			frame.Func("metadata", "The metadata in version 14.", func(*frame.Context, none) (runtime.OpaqueMetadata, error) {
				return d.v14, nil
			}),
			frame.Func("metadata_at_version", "The metadata in a version.", func(_ *frame.Context, a versionArg) (*runtime.OpaqueMetadata, error) {
				switch out := runtime.OpaqueMetadata(d.v15); a.Version {
				case 14:
					out = d.v14
					return &out, nil
				case 15:
					return &out, nil
				}
				return nil, nil
			}),
			frame.Func("metadata_versions", "The versions in which there is metadata.", func(*frame.Context, none) ([]uint32, error) {
				return []uint32{14, 15}, nil
			}),
		}},
		{Name: "TaggedTransactionQueue", Version: 3, Methods: []frame.Fn{
			frame.Func[judgeArg, scale.Result[frame.Validity, frame.ValidityError]]("validate_transaction", "Whether the cluster would take a transaction.", nil),
		}},
		{Name: "AccountNonceApi", Version: 1, Methods: []frame.Fn{
			frame.Func[accountArg, uint32]("account_nonce", "The next nonce of an account.", nil),
		}},
		{Name: "TransactionPaymentApi", Version: 4, Methods: []frame.Fn{
			frame.Func("query_info", "What a transaction weighs and costs: who runs the gateway pays for the command that it travels in.",
				func(*frame.Context, feeArg) (payment.RuntimeDispatchInfo, error) {
					return payment.RuntimeDispatchInfo{}, nil
				}),
			frame.Func("query_fee_details", "What a transaction costs, part by part.",
				func(*frame.Context, feeArg) (payment.FeeDetails, error) { return payment.FeeDetails{}, nil }),
		}},
		{Name: "ContractsApi", Version: 2, Methods: []frame.Fn{
			frame.Func[words.CallArgs, words.CallResult]("call", "What a call would do.", nil),
			frame.Func[words.InstantiateArgs, words.InstantiateResult]("instantiate", "What making a contract would do.", nil),
			frame.Func[uploadArg, scale.Result[words.UploadResult, words.DispatchError]]("upload_code", "What storing a code would do.", nil),
			frame.Func[storageArg, scale.Result[*[]byte, accessError]]("get_storage", "What a contract stores, which a cluster tells nobody.", nil),
		}},
	}
}
