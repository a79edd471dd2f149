package cluster

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// narrower are Codes whose limits became narrower.
type narrower struct{ Codes }

func (narrower) Load(context.Context, hash.H256) error {
	return fmt.Errorf("%w: it is too wide", vm.ErrRefused)
}

// A contract whose code is refused since the limits became narrower fails its own
// messages, by whatever way they come, and holds up nobody else's.
func TestRefusedLater(t *testing.T) {
	o := newOffice(t)
	id, _ := o.makes(ann, "", nil)
	o.c.codes = narrower{o.codes}
	r := o.send(queue.OriginAccount{ID: ann}, words.Command{Contract: id, Envelope: o.seal(ann, id, seal.KindCall, sets(1, 2))})
	if r.Receipt == nil || r.Receipt.Status != words.StatusRejected || !strings.Contains(string(r.Receipt.Error), "too wide") {
		t.Errorf("a command: %+v", r.Receipt)
	}
	if got := o.words(o.act(ann, words.Call{Contract: id, Input: sets(1, 2)})); !strings.Contains(got, "too wide") {
		t.Errorf("a call of the ledger: %s", got)
	}
	out, err := o.c.Ask(context.Background(), o.m, Asked{Origin: ann, StateCall: frame.StateCall{Method: frame.MethodCall, Args: scale.Marshal(frame.CallArgs{
		Origin: ann, Dest: keys.AccountID(id),
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := scale.Decode[frame.CallResult](out); err != nil || r.Result.OK || r.Result.Err != frame.ErrCodeRejected.Dispatch() {
		t.Errorf("a dry run: %+v %v", r, err)
	}
	o.c.codes = o.codes
	if r := o.call(ann, id, sets(1, 2)); r.Status != 0 {
		t.Errorf("when it is taken again: %s", r.Error)
	}
}
