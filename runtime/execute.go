package runtime

import (
	"errors"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// Block is a header and its extrinsics, each without its length prefix.
type Block struct {
	Header     chain.Header
	Extrinsics []Extrinsic
}

// Extrinsic is the bytes of an extrinsic without its length prefix.
type Extrinsic []byte

// Applied is how an extrinsic ended: it could not be in a block, or it was
// and did or did not do what it should.
type Applied = scale.Result[scale.Result[struct{}, frame.DispatchError], frame.ValidityError]

// Judged is what the pool is told of a transaction.
type Judged = scale.Result[frame.Validity, frame.ValidityError]

func (r *Runtime) initialize(ctx *frame.Context, h chain.Header) {
	r.System.Initialize(ctx, h.Number, h.ParentHash, h.Digest)
	r.System.Begin(ctx, r.OnInitialize(ctx))
}

func (r *Runtime) finalize(ctx *frame.Context) chain.Header {
	r.System.EndExtrinsics(ctx)
	r.OnFinalize(ctx)
	if u, ok := r.System.Due(ctx); ok {
		r.upgrade(ctx, u.SpecVersion)
	}
	return r.System.Finalize(ctx)
}

// execute runs a whole block and panics unless it leads to the header that it
// claims.
func (r *Runtime) execute(ctx *frame.Context, b Block) {
	claimed, _, _ := b.Header.WithoutSeal()
	start := claimed
	start.Digest = nil
	for _, item := range claimed.Digest {
		if pre, ok := item.(chain.DigestPreRuntime); ok {
			start.Digest = append(start.Digest, pre)
		}
	}
	r.initialize(ctx, start)
	for _, x := range b.Extrinsics {
		if res := r.apply(ctx, x); !res.OK {
			panic("the block holds an extrinsic that may not be in it: " + res.Err.Error())
		}
	}
	if got := r.finalize(ctx); got.Hash() != claimed.Hash() {
		panic("the block does not lead to the header that it claims")
	}
}

// apply runs one extrinsic. When it may not be in a block, nothing changes.
func (r *Runtime) apply(ctx *frame.Context, raw Extrinsic) Applied {
	ctx.Begin()
	whole := scale.AppendBytes(nil, raw)
	r.System.NoteExtrinsic(ctx, whole)
	outcome, err := r.run(ctx, whole)
	if err != nil {
		ctx.Rollback()
		return scale.Fail[scale.Result[struct{}, frame.DispatchError]](refusal(err))
	}
	ctx.Commit()
	return scale.Ok[scale.Result[struct{}, frame.DispatchError], frame.ValidityError](outcome)
}

func refusal(err error) frame.ValidityError {
	if v, ok := errors.AsType[frame.ValidityError](err); ok {
		return v
	}
	return frame.Invalid{Reason: frame.BadCall{}}
}

func (r *Runtime) run(ctx *frame.Context, whole []byte) (outcome scale.Result[struct{}, frame.DispatchError], err error) {
	x, call, err := r.decode(whole)
	if err != nil {
		return outcome, err
	}
	info := r.Info(call)
	var post frame.PostInfo
	var failure error
	if x.Signed == nil {
		if !r.IsInherent(call) {
			if _, err := r.ValidateBare(ctx, frame.InBlock, call); err != nil {
				return outcome, err
			}
		}
		if err := r.System.Spend(ctx, info, len(whole)); err != nil {
			return outcome, err
		}
		post, failure = ctx.Dispatch(frame.None{}, call)
	} else {
		tx, err := r.check(ctx, x, call, len(whole))
		if err != nil {
			return outcome, err
		}
		if _, err := r.Runtime.Validate(ctx, tx); err != nil {
			return outcome, err
		}
		if err := r.Prepare(ctx, tx); err != nil {
			return outcome, err
		}
		post, failure = ctx.Dispatch(frame.Signed{Who: tx.Signer}, call)
		r.Post(ctx, tx, post)
	}
	if failure != nil && info.Class == frame.Mandatory {
		return outcome, frame.Invalid{Reason: frame.BadMandatory{}}
	}
	r.System.NoteResult(ctx, failure, info, post)
	if failure != nil {
		return scale.Fail[struct{}](r.Reason(failure)), nil
	}
	return scale.Ok[struct{}, frame.DispatchError](struct{}{}), nil
}

func (r *Runtime) decode(whole []byte) (chain.Extrinsic, frame.AnyCall, error) {
	x, err := chain.DecodeExtrinsic(whole)
	if err != nil {
		return x, frame.AnyCall{}, err
	}
	call, err := r.DecodeCall(x.Call)
	return x, call, err
}

// check verifies the signature of a signed transaction.
func (r *Runtime) check(ctx *frame.Context, x chain.Extrinsic, call frame.AnyCall, length int) (*frame.Tx, error) {
	s, err := r.signature(ctx, x)
	if err != nil {
		return nil, err
	}
	if !ctx.VerifySignature(s.Scheme, s.Account[:], s.Message, s.Signature) {
		return nil, frame.Invalid{Reason: frame.BadProof{}}
	}
	return &frame.Tx{Signer: s.Account, Extra: x.Signed.Extra, Call: call, Info: r.Info(call), Len: length}, nil
}

// Signature is what a transaction is signed with.
type Signature struct {
	Scheme    uint8
	Account   chain.AccountID
	Message   []byte
	Signature []byte
	// Names is the account that the call names first, as a transfer's
	// destination does; it may be none. It is a hint of what will be read.
	Names *chain.AccountID
}

// signature returns the signature of a signed transaction, unchecked.
func (r *Runtime) signature(ctx *frame.Context, x chain.Extrinsic) (Signature, error) {
	who, err := frame.Lookup(x.Signed.Address)
	if err != nil {
		return Signature{}, frame.Unknown{Reason: frame.CannotLookup{}}
	}
	implicit, err := r.System.Implicit(ctx, x.Signed.Extra.Era)
	if err != nil {
		return Signature{}, err
	}
	sig := x.Signed.Signature
	s := Signature{Scheme: uint8(sig.Scheme()), Account: who, Message: chain.SignedPayload(x.Call, x.Signed.Extra, implicit), Signature: sig.Bytes()}
	if address := x.Call[min(2, len(x.Call)):]; len(address) > 32 && address[0] == 0 { // MultiAddress::Id
		named := chain.AccountID(address[1:33])
		s.Names = &named
	}
	return s, nil
}

// SignatureOf returns the signature of a whole transaction in the block under
// way, for a host that checks many at once before it executes them; false
// where there is none that could hold. Nothing depends on whether a host does
// so.
func (r *Runtime) SignatureOf(h storage.Host, whole []byte) (Signature, bool) {
	x, err := chain.DecodeExtrinsic(whole)
	if err != nil || x.Signed == nil {
		return Signature{}, false
	}
	s, err := r.signature(r.Context(h), x)
	return s, err == nil
}

// validate judges a transaction for the block after the one whose state this
// is. What it changes is thrown away.
func (r *Runtime) validate(ctx *frame.Context, source frame.Source, raw Extrinsic, best hash.H256) (frame.Validity, error) {
	r.System.Initialize(ctx, r.System.Now(ctx)+1, best, nil)
	whole := scale.AppendBytes(nil, raw)
	x, call, err := r.decode(whole)
	if err != nil {
		return frame.Validity{}, err
	}
	if r.Info(call).Class == frame.Mandatory || r.IsInherent(call) {
		return frame.Validity{}, frame.Invalid{Reason: frame.MandatoryValidation{}}
	}
	if x.Signed == nil {
		return r.ValidateBare(ctx, source, call)
	}
	tx, err := r.check(ctx, x, call, len(whole))
	if err != nil {
		return frame.Validity{}, err
	}
	return r.Runtime.Validate(ctx, tx)
}
