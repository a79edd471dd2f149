package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Action is something that the page may have the program do that serves it. body
// is what the page sent, at most [MaxAction] bytes of it; what is returned goes
// back as JSON.
type Action func(ctx context.Context, body []byte) (any, error)

// MaxAction is the most bytes that a page sends with an action, maxWait the
// longest that one takes, maxQueue how many there are at a time: one is done and
// the others wait.
const (
	MaxAction = 1 << 10
	maxWait   = time.Minute
	maxQueue  = 8
)

// Development is what a page needs to ask for actions, in [Config].
type Development struct {
	Token string `json:"token"`
}

// WithActions serves a console whose page may do things: POST /do/NAME with the
// token in the header X-Tacit-Token. It is for a network that one person tries
// on one machine, and refuses whoever comes by another name than the loopback's
// or from another page.
func WithActions(config func() any, token string, actions map[string]Action) http.Handler {
	console := Handler(config)
	turn, queue := make(chan struct{}, 1), make(chan struct{}, maxQueue)
	do := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action, known := actions[strings.TrimPrefix(r.URL.Path, "/do/")]
		switch {
		case !loopback(r.Host) || r.Header.Get("Origin") != "http://"+r.Host:
			refuse(w, http.StatusForbidden, "only the console's own page, on this machine, may ask for that")
			return
		case token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Tacit-Token")), []byte(token)) != 1:
			refuse(w, http.StatusForbidden, "the page does not know the token of this run; load it again")
			return
		case !known:
			refuse(w, http.StatusNotFound, "there is no such action")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxAction))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, "that is more than an action takes")
			return
		}
		select {
		case queue <- struct{}{}:
			defer func() { <-queue }()
		default:
			refuse(w, http.StatusTooManyRequests, "too many actions wait already")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), maxWait)
		defer cancel()
		select {
		case turn <- struct{}{}: // one at a time
			defer func() { <-turn }()
		case <-ctx.Done():
			return
		}
		out, err := action(ctx, body)
		if err != nil {
			status := http.StatusInternalServerError
			if errors.Is(err, ErrBadAction) {
				status = http.StatusBadRequest
			}
			refuse(w, status, err.Error())
			return
		}
		reply(w, http.StatusOK, out)
	}))
	mux := http.NewServeMux()
	mux.Handle("POST /do/", do)
	mux.Handle("/", console)
	return mux
}

// ErrBadAction means that a page asked for something that an action does not do.
var ErrBadAction = errors.New("the action does not do that")

func refuse(w http.ResponseWriter, status int, words string) {
	reply(w, status, map[string]string{"error": words})
}

func reply(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer does not encode"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// loopback reports whether a Host header is an address of this machine alone.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
