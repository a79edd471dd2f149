// Package frame is the words of a cluster's contract runtime: what an enclave
// shows to clients that expect a chain with pallet-contracts.
//
// A signed extrinsic of that runtime comes in, sealed as a command of kind 1;
// [Signed.Verify] says who signed which call, or why it is none. What came of it
// goes out as [Record]s, the events that a client finds in a block. The arguments
// and results of ContractsApi stand here too. The cluster executes what this
// package reads, and the gateway on a user's machine makes metadata of the same
// types.
//
// The package executes nothing, keeps no nonces and knows no state.
package frame

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// The version of the contract runtime, which signatures cover.
const (
	SpecName           = "tacit-contracts"
	SpecVersion        = 1
	TransactionVersion = 1
)

// The numbers of the runtime's pallets.
const (
	System    = 0
	Timestamp = 2
	Balances  = 3
	Contracts = 24
)

// RefTime is how many units of Substrate's reference time are one gas.
const RefTime = 100

// First is the header of block 0 of a cluster's contract runtime; its hash is
// the genesis hash that signatures cover. What is signed for one cluster is good
// for no other, nor for the chain.
func First(genesis, cluster hash.H256) chain.Header {
	return chain.Header{StateRoot: hash.Blake2b256([]byte(chain.ContextContracts), genesis[:], cluster[:])}
}

// Weight is what a call may cost (sp_weights::Weight).
type Weight struct {
	RefTime   uint64 `scale:"compact"`
	ProofSize uint64 `scale:"compact"`
}

// CompactBalance is an amount in its compact form.
type CompactBalance struct {
	Value chain.Balance `scale:"compact"`
}

// Determinism says what a code may use. Every code is instrumented so that it
// does the same everywhere, whatever is asked for.
type Determinism uint8

// Variants implements scale.Units.
func (Determinism) Variants() []string { return []string{"Enforced", "Relaxed"} }

// Signed is the input of a command of kind 1: a signed extrinsic of the contract
// runtime, with what it takes to verify it.
type Signed struct {
	// Extrinsic is the whole extrinsic. The code in an UploadCode or an
	// InstantiateWithCode is left out: it is empty, and Code names it.
	Extrinsic []byte
	Code      *hash.H256
	// Birth is the header of the block in which the extrinsic's era begins, whose
	// hash its signature covers; empty for an immortal one.
	Birth []byte
}

// Tx is a signed extrinsic whose signature is good.
type Tx struct {
	Signer keys.AccountID
	Nonce  uint32
	Call   RuntimeCall
	// Code is the name of the code in Call, nil when there is none.
	Code *hash.H256
}

// ErrInvalid means that an extrinsic is not good for this runtime. Its texts are
// those by which Substrate's clients know the reason, where they know it.
var ErrInvalid = errors.New("invalid transaction")

// maxBirth is the most bytes of a header that Verify looks at.
const maxBirth = 4 << 10

// Verify checks an extrinsic for the runtime with the given genesis hash, in the
// block with the given number: form, era and signature. source returns the bytes
// of a code by its name; its errors come back as they are. Other errors are
// ErrInvalid.
func (s Signed) Verify(genesis hash.H256, block chain.BlockNumber, source func(code hash.H256) ([]byte, error)) (Tx, error) {
	x, err := chain.DecodeExtrinsic(s.Extrinsic)
	if err != nil {
		return Tx{}, invalid("%v", err)
	}
	if x.Signed == nil {
		return Tx{}, invalid("nobody signed the extrinsic")
	}
	from, ok := x.Signed.Address.(chain.AddressID)
	if !ok {
		return Tx{}, invalid("CannotLookup")
	}
	call, err := DecodeCall(x.Call)
	if err != nil {
		return Tx{}, invalid("the call does not decode: %v", err)
	}
	tx := Tx{Signer: from.ID, Nonce: x.Signed.Extra.Nonce, Call: call, Code: s.Code}
	implicit := chain.Implicit{SpecVersion: SpecVersion, TxVersion: TransactionVersion, Genesis: genesis, EraBlock: genesis}
	if era := x.Signed.Extra.Era; !era.Immortal() {
		if implicit.EraBlock, err = born(era, s.Birth, block); err != nil {
			return Tx{}, err
		}
	} else if len(s.Birth) > 0 {
		return Tx{}, invalid("an immortal extrinsic has no birth")
	}
	whole := x.Call
	if code, ok := codeOf(call); ok != (s.Code != nil) || len(code) > 0 {
		return Tx{}, invalid("a code is named, and does not come with the extrinsic")
	} else if ok {
		if code, err = source(*s.Code); err != nil {
			return Tx{}, err
		}
		whole = EncodeCall(withCode(call, code))
	}
	signature := x.Signed.Signature
	if !keys.VerifyAccount(signature.Scheme(), from.ID, chain.SignedPayload(whole, x.Signed.Extra, implicit), signature.Bytes()) {
		return Tx{}, invalid("Transaction has a bad signature")
	}
	return tx, nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// born checks that a block is in the era that begins with the block of the
// header birth, and returns that one's hash. That the header is one of the chain
// is for the signer to know: the signature covers its hash, and so its number.
func born(era chain.Era, birth []byte, block chain.BlockNumber) (hash.H256, error) {
	if len(birth) > maxBirth {
		return hash.H256{}, invalid("the header of the era's first block has %d bytes, more than %d", len(birth), maxBirth)
	}
	h, err := chain.DecodeHeader(birth)
	if err != nil {
		return hash.H256{}, invalid("the header of the era's first block does not decode")
	}
	first := uint64(h.Number)
	if era.Birth(first) != first {
		return hash.H256{}, invalid("the era does not begin with block %d", first)
	}
	if now := uint64(block); now < first || now >= era.Death(first) {
		return hash.H256{}, invalid("Transaction has an ancient birth block")
	}
	return h.Hash(), nil
}

// codeOf is the code in a call; ok is false when it has none.
func codeOf(call RuntimeCall) (code []byte, ok bool) {
	switch c := call.(type) {
	case UploadCode:
		return c.Code, true
	case InstantiateWithCode:
		return c.Code, true
	}
	return nil, false
}

func withCode(call RuntimeCall, code []byte) RuntimeCall {
	switch c := call.(type) {
	case UploadCode:
		c.Code = code
		return c
	case InstantiateWithCode:
		c.Code = code
		return c
	}
	return call
}

// Split takes the code out of a call in an extrinsic, and returns both. A call
// without one comes back as it is, with nil.
func Split(x chain.Extrinsic) (rest chain.Extrinsic, code []byte, err error) {
	call, err := DecodeCall(x.Call)
	if err != nil {
		return x, nil, err
	}
	code, ok := codeOf(call)
	if !ok {
		return x, nil, nil
	}
	if len(code) == 0 {
		return x, nil, errors.New("the code is empty")
	}
	return chain.Extrinsic{Signed: x.Signed, Call: EncodeCall(withCode(call, []byte{}))}, code, nil
}

// DecodeCall reads a call: the pallet's number, the call's, and its arguments.
func DecodeCall(data []byte) (RuntimeCall, error) {
	if len(data) < 2 || data[0] != Contracts {
		return nil, errors.New("it is no call of Contracts")
	}
	switch data[1] {
	case IndexUploadCode:
		return decode[UploadCode](data[2:])
	case IndexCall:
		return decode[Call](data[2:])
	case IndexInstantiateWithCode:
		return decode[InstantiateWithCode](data[2:])
	case IndexInstantiate:
		return decode[Instantiate](data[2:])
	}
	return nil, fmt.Errorf("contracts has no call %d", data[1])
}

func decode[C RuntimeCall](data []byte) (RuntimeCall, error) {
	c, err := scale.Decode[C](data)
	return c, err
}

// EncodeCall is the inverse of DecodeCall.
func EncodeCall(call RuntimeCall) []byte {
	var index byte
	switch call.(type) {
	case UploadCode:
		index = IndexUploadCode
	case Call:
		index = IndexCall
	case InstantiateWithCode:
		index = IndexInstantiateWithCode
	case Instantiate:
		index = IndexInstantiate
	}
	return slices.Concat([]byte{Contracts, index}, scale.Marshal(call))
}

// DispatchError is why a call failed (sp_runtime::DispatchError, of which the
// runtime uses the one variant).
type DispatchError interface{ isDispatchError() }

// ModuleError is an error of a pallet.
type ModuleError struct {
	Index uint8
	Error [4]byte
}

func (ModuleError) isDispatchError() {}

var _ = scale.Enum(scale.V[DispatchError]{3: ModuleError{}})

// Dispatch is the error as a DispatchError.
func (e Error) Dispatch() DispatchError { return ModuleError{Contracts, [4]byte{byte(e)}} }

// Record is an event of an extrinsic, encoded, with its topics.
type Record struct {
	Event  []byte
	Topics []hash.H256
}

// Applied is the output of a command of kind 1 that was executed: its events.
type Applied struct{ Records []Record }

// Emit adds an event of Contracts.
func (a *Applied) Emit(index uint8, event any, topics ...hash.H256) {
	a.Records = append(a.Records, Record{scale.Append([]byte{Contracts, index}, event), topics})
}

// End adds the event of System that tells how it ended; e is nil after success.
func (a *Applied) End(gas uint64, e DispatchError) {
	event := []byte{System, 0}
	if e != nil {
		event = append([]byte{System, 1}, scale.Encode(e)...)
	}
	event = scale.Append(event, info{Weight: Weight{RefTime: Time(gas)}, Pays: 1})
	a.Records = append(a.Records, Record{Event: event})
}

// info is what System tells of a call (frame_support::DispatchInfo): it is of
// the normal class, and costs no fee.
type info struct {
	Weight      Weight
	Class, Pays uint8
}

// Time is gas in Substrate's reference time.
func Time(gas uint64) uint64 {
	if gas > math.MaxUint64/RefTime {
		return math.MaxUint64
	}
	return gas * RefTime
}
