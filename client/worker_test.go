package client

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tacit-network/tacit/worker/wire"
)

// A worker that puts one off for ever, is silent or is not there keeps nobody from
// an answer that another gives; the errors of all are told when none does.
func TestPatiently(t *testing.T) {
	busy := func(context.Context) error { return &wire.Error{Kind: wire.KindBusy} }
	old := func(context.Context) error { return &wire.Error{Kind: wire.KindTooOld} }
	gone := func(context.Context) error { return &url.Error{Op: "Post", Err: errors.New("refused")} }
	silent := func(ctx context.Context) error {
		<-ctx.Done()
		return &url.Error{Op: "Post", Err: ctx.Err()}
	}
	never := func(context.Context) error { return &wire.Error{Kind: wire.KindBadRequest} }
	good := func(context.Context) error { return nil }
	for _, tt := range []struct {
		name    string
		workers []func(context.Context) error
		fails   bool
		within  time.Duration
	}{
		{"one", []func(context.Context) error{good}, false, 0},
		{"busy for ever", []func(context.Context) error{busy, good}, false, 0},
		{"behind for ever", []func(context.Context) error{old, good}, false, 0},
		{"silent", []func(context.Context) error{silent, good}, false, answerTime},
		{"all kinds", []func(context.Context) error{silent, gone, busy, old, never, good}, false, answerTime},
		{"not there", []func(context.Context) error{gone, gone}, true, absence + time.Second},
		{"refused", []func(context.Context) error{never, never}, true, 0},
		{"busy alone", []func(context.Context) error{busy}, true, time.Minute},
		{"silent alone", []func(context.Context) error{silent}, true, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				names := strings.Split("abcdef", "")[:len(tt.workers)]
				var places []place
				for i, name := range names {
					places = append(places, place{url: name, to: wire.Target{Identity: [32]byte{byte(i)}}})
				}
				err := patiently(ctx, places, func(ctx context.Context, _ *wire.Client, to wire.Target) error {
					return tt.workers[to.Identity[0]](ctx)
				})
				if took := time.Since(began); (err != nil) != tt.fails || took > tt.within {
					t.Errorf("%v after %v", err, took)
				}
				for _, name := range names {
					if err != nil && !strings.Contains(err.Error(), name+": ") {
						t.Errorf("%v does not tell of %s", err, name)
					}
				}
			})
		})
	}
}
