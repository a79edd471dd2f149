package gateway

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// judgeArg are the arguments of TaggedTransactionQueue_validate_transaction.
type judgeArg struct {
	Source    frame.Source
	Tx        runtime.Extrinsic
	BlockHash hash.H256
}

// validate judges an extrinsic as submitting it does, without sending it: some
// clients ask before they send. What is no extrinsic at all gets no verdict.
func (g *Gateway) validate(ctx context.Context, input []byte) ([]byte, error) {
	if len(input) < 1+len(hash.H256{}) || input[0] > byte(frame.External) {
		return nil, badParams("the arguments of TaggedTransactionQueue_validate_transaction do not decode")
	}
	s, next, err := g.judge(ctx, input[1:len(input)-len(hash.H256{})])
	if reason, ok := reasonOf(err); ok {
		return scale.Marshal(scale.Fail[frame.Validity, frame.ValidityError](frame.Invalid{Reason: reason})), nil
	}
	if err != nil {
		return nil, err
	}
	v := frame.Valid()
	v.Priority, v.Provides = 1, [][]byte{tag(s.signer, s.nonce)}
	if s.nonce > next {
		v.Requires = [][]byte{tag(s.signer, s.nonce-1)}
	}
	return scale.Marshal(scale.Ok[frame.Validity, frame.ValidityError](v)), nil
}

func tag(who keys.AccountID, nonce uint32) []byte { return scale.AppendUint32(who[:], nonce) }

// reasons are those that extrinsics of the contract runtime are refused for, as
// clients know them.
var reasons = []frame.InvalidReason{frame.Future{}, frame.Stale{}, frame.BadProof{}, frame.AncientBirthBlock{}}

// reasonOf is the reason in an error of errInvalid, of which clients have the
// text. What they have no word for is a call that may not be made.
func reasonOf(err error) (frame.InvalidReason, bool) {
	e, ok := errors.AsType[*client.RPCError](err)
	var text string
	if !ok || e.Code != codeInvalid || json.Unmarshal(e.Data, &text) != nil {
		return nil, false
	}
	for _, r := range reasons {
		if (frame.Invalid{Reason: r}).Error() == text {
			return r, true
		}
	}
	return frame.BadCall{}, true
}
