package imonline_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/frame/frametest"
	"github.com/tacit-network/tacit/runtime/pallet/imonline"
)

// world has the validators 0…2 and the candidate 3.
type world struct {
	*frametest.Chain
	pallet  *imonline.Pallet
	pairs   []keys.Pair
	session uint32
	length  chain.BlockNumber
	offline []chain.AccountID
}

func who(i int) chain.AccountID { return chain.AccountID{byte(i + 1)} }

func (w *world) Index(*frame.Context) uint32             { return w.session }
func (w *world) Length(*frame.Context) chain.BlockNumber { return w.length }
func (w *world) Now(*frame.Context) []chain.AccountID {
	return []chain.AccountID{who(0), who(1), who(2)}
}
func (w *world) Holder(_ *frame.Context, key imonline.Public) (chain.AccountID, bool) {
	for i, p := range w.pairs {
		if [32]byte(p.Public()) == [32]byte(key) && i < 4 {
			return who(i), true
		}
	}
	return chain.AccountID{}, false
}
func (w *world) ReportOffline(_ *frame.Context, _ uint32, list []chain.AccountID) { w.offline = list }

// sessions gives the world as what the pallet needs, whose Now is of others.
type sessions struct{ *world }

func (s sessions) Now(ctx *frame.Context) []chain.AccountID { return s.world.Now(ctx) }

type hashes struct{ *frametest.Chain }

func (h hashes) HashOf(_ *frame.Context, n chain.BlockNumber) ([32]byte, bool) {
	return h.Hash(n), true
}

func newWorld(t *testing.T) *world {
	w := &world{Chain: frametest.New(t), session: 5, length: 100}
	for _, name := range []string{"//0", "//1", "//2", "//3", "//stranger"} {
		p, err := keys.FromURI(keys.Sr25519, name)
		if err != nil {
			t.Fatal(err)
		}
		w.pairs = append(w.pairs, p)
	}
	w.pallet = &imonline.Pallet{Config: imonline.Config{UnsignedPriority: 9, ShortestSession: 8, Kept: 12}, Sessions: sessions{w}, Blocks: hashes{w.Chain}, Offences: w}
	w.Start(frame.At{Index: 15, Module: w.pallet})
	return w
}

func (w *world) beat(i int, session uint32) imonline.HeartbeatCall {
	h := imonline.Heartbeat{SessionIndex: session, AuthorityID: imonline.Public(w.pairs[i].Public())}
	return imonline.HeartbeatCall{Heartbeat: h, Signature: [64]byte(w.pairs[i].Sign(h.SigningBytes(w.Hash(0))))}
}

func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	forged, foreign := w.beat(0, 5), w.beat(0, 5)
	forged.Heartbeat.AuthorityID = imonline.Public(w.pairs[1].Public())
	foreign.Signature = [64]byte(w.pairs[0].Sign(foreign.Heartbeat.SigningBytes([32]byte{1})))
	bad := func(r frame.InvalidReason) error { return frame.Invalid{Reason: r} }
	for _, c := range []struct {
		name string
		call imonline.HeartbeatCall
		want error
	}{
		{"a validator's", w.beat(0, 5), nil}, {"a candidate's", w.beat(3, 5), nil}, {"again", w.beat(0, 5), bad(frame.Stale{})},
		{"of the session before", w.beat(1, 4), bad(frame.Stale{})}, {"of the next", w.beat(1, 6), bad(frame.Stale{})},
		{"a stranger's", w.beat(4, 5), bad(frame.BadProof{})}, {"forged", forged, bad(frame.BadProof{})}, {"of another chain", foreign, bad(frame.BadProof{})},
	} {
		if c.name == "of another chain" {
			w.pallet.LastSeen.Remove(w.Context(), who(0))
		}
		_, err := w.pallet.ValidateBare(w.Context(), frame.External, c.call)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err := w.Bare(c.call); (err == nil) != (c.want == nil) {
			t.Errorf("%s, in a block: %v", c.name, err)
		}
	}
	if err := w.Signed(who(1), w.beat(1, 5)); !errors.Is(err, frame.ErrBadOrigin{}) {
		t.Errorf("signed: %v", err)
	}
	if !w.pallet.SeenSince(w.Context(), who(3), 5) || w.pallet.SeenSince(w.Context(), who(3), 6) || w.pallet.SeenSince(w.Context(), who(1), 0) {
		t.Error("who was seen is not known")
	}
}

// Who made a block, voted or sent a heartbeat was there.
func TestSessions(t *testing.T) {
	w := newWorld(t)
	ctx := w.Context()
	w.pallet.NoteAuthor(ctx, who(0))
	if err := w.Bare(w.beat(1, 5)); err != nil {
		t.Fatal(err)
	}
	if !w.pallet.ReceivedHeartbeats.Has(ctx, 5, 1) || w.pallet.AuthoredBlocks.Get(ctx, 5, who(0)) != 1 {
		t.Error("nothing is noted")
	}
	w.Take()
	w.pallet.EndSession(ctx, 5)
	if !reflect.DeepEqual(w.offline, []chain.AccountID{who(2)}) || !reflect.DeepEqual(w.Take(), []any{imonline.SomeOffline{Offline: w.offline}}) {
		t.Errorf("offline are %v", w.offline)
	}
	if w.pallet.ReceivedHeartbeats.Has(ctx, 5, 1) || w.pallet.AuthoredBlocks.Get(ctx, 5, who(0)) != 0 {
		t.Error("what was noted stays")
	}
	w.session, w.offline = 6, nil
	w.pallet.NoteVotes(ctx, w.Now(ctx))
	w.pallet.EndSession(ctx, 6)
	if len(w.offline) > 0 || !reflect.DeepEqual(w.Take(), []any{imonline.AllGood{}}) {
		t.Errorf("offline are %v", w.offline)
	}
	for _, s := range []uint32{5, 6} {
		if !w.pallet.SeenSince(ctx, who(0), s) {
			t.Errorf("not seen since %d", s)
		}
	}
	// Too short a session accuses nobody.
	w.session, w.length = 7, 7
	w.pallet.EndSession(ctx, 7)
	if len(w.offline) > 0 {
		t.Errorf("offline in a short session are %v", w.offline)
	}
	w.pallet.EndSession(ctx, 19)
	if _, ok := w.pallet.LastSeen.Get(ctx, who(0)); ok {
		t.Error("who was seen long ago is not forgotten")
	}
}
