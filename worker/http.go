package worker

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

// Handler serves the whole API of package wire. Bodies are bounded before they
// are read; at most a few requests of each kind run at once.
//
// It is for the host of the worker: who can register it can void an earlier
// registration. Others are given UserHandler.
func (w *Worker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.PathUp, get(w, func() any { return w.Up() }))
	mux.HandleFunc("POST "+wire.PathRegister, post(w, 4<<10, 1, func(_ context.Context, r wire.Register) (wire.Registration, error) {
		return w.Register(r)
	}))
	mux.HandleFunc("POST "+wire.PathSync, post(w, wire.MaxSync, 1, w.Sync))
	mux.HandleFunc("POST "+wire.PathCode, post(w, wire.MaxCode, 1, func(ctx context.Context, c wire.Code) (struct{}, error) {
		return struct{}{}, w.Code(ctx, c)
	}))
	mux.HandleFunc("POST "+wire.PathSnapshot, post(w, wire.MaxSnap, 1, func(ctx context.Context, c wire.Snapshot) (struct{}, error) {
		return struct{}{}, w.Snapshot(c)
	}))
	users := w.UserHandler()
	mux.Handle(wire.PathInfo, users)
	mux.Handle(wire.PathQuery, users)
	return typed(mux)
}

// typed refuses what a page of another site could send unasked: posts that do
// not say that they are binary. Queries, which any page may make, are let by.
func typed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path != wire.PathQuery && r.Header.Get("Content-Type") != wire.ContentType {
			http.Error(rw, "the content type is not "+wire.ContentType, http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// UserHandler serves what users ask: queries, and who the worker is.
func (w *Worker) UserHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.PathInfo, get(w, func() any { return w.Info() }))
	mux.HandleFunc("POST "+wire.PathQuery, post(w, wire.MaxQuery, 4*w.cfg.Queries+w.web.AtOnce(), w.Query))
	return crossOrigin(mux)
}

// crossOrigin lets pages of any site ask: whoever asks proves who it is by
// signature, and nothing here depends on cookies.
func crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Content-Type")
			h.Set("Access-Control-Allow-Private-Network", "true")
			h.Set("Access-Control-Max-Age", "600")
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func get(w *Worker, answer func() any) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { w.send(rw, answer()) }
}

// post serves one kind of request, at most places at once: whoever comes while
// all are taken is told to come again.
func post[In, Out any](w *Worker, limit int64, places int, do func(context.Context, In) (Out, error)) http.HandlerFunc {
	free := make(chan struct{}, places)
	return func(rw http.ResponseWriter, r *http.Request) {
		select {
		case free <- struct{}{}:
			defer func() { <-free }()
		default:
			w.fail(rw, wire.Errorf(wire.KindBusy, "too many requests"))
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, limit))
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			w.fail(rw, wire.Errorf(wire.KindTooLarge, "the request has more than %d bytes", limit))
			return
		}
		if err != nil {
			w.fail(rw, wire.Errorf(wire.KindBadRequest, "the request cannot be read"))
			return
		}
		in, err := scale.Decode[In](body)
		if err != nil {
			w.fail(rw, wire.Errorf(wire.KindBadRequest, "%v", err))
			return
		}
		// What is begun is finished, also when the caller has gone.
		out, err := do(context.WithoutCancel(r.Context()), in)
		if err != nil {
			w.fail(rw, err)
			return
		}
		w.send(rw, out)
	}
}

func (w *Worker) send(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", wire.ContentType)
	_, _ = rw.Write(scale.Marshal(v)) // a caller that has gone is no fault
}

// statuses are those of HTTP for kinds of errors; others are 400.
var statuses = map[wire.Kind]int{
	wire.KindInternal:   http.StatusInternalServerError,
	wire.KindTooLarge:   http.StatusRequestEntityTooLarge,
	wire.KindBusy:       http.StatusServiceUnavailable,
	wire.KindBehind:     http.StatusConflict,
	wire.KindNoContract: http.StatusNotFound,
	wire.KindSignature:  http.StatusForbidden,
	wire.KindTooOld:     http.StatusConflict,
	wire.KindNoCode:     http.StatusConflict,
	wire.KindNotOwner:   http.StatusForbidden,
	wire.KindReplayed:   http.StatusConflict,
}

func (w *Worker) fail(rw http.ResponseWriter, err error) {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		w.log.Error("request", "error", err)
		e = wire.Errorf(wire.KindInternal, "the worker has a fault")
	}
	status := statuses[e.Kind]
	if status == 0 {
		status = http.StatusBadRequest
	}
	rw.Header().Set("Content-Type", wire.ContentType)
	rw.WriteHeader(status)
	_, _ = rw.Write(scale.Marshal(*e)) // a caller that has gone is no fault
}
