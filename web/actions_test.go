package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestActions(t *testing.T) {
	done := 0
	h := WithActions(func() any { return Config{RPC: "ws://127.0.0.1:9944", Development: &Development{"secret"}} }, "secret", map[string]Action{
		"it":   func(_ context.Context, body []byte) (any, error) { done++; return string(body), nil },
		"odd":  func(context.Context, []byte) (any, error) { return nil, fmt.Errorf("%w: odd", ErrBadAction) },
		"fail": func(context.Context, []byte) (any, error) { return nil, fmt.Errorf("no") },
	})
	const host = "127.0.0.1:8080"
	for _, row := range []struct {
		name, method, path, host, origin, token, body string
		status                                        int
		want                                          string
	}{
		{"done", "POST", "/do/it", host, "http://" + host, "secret", "x", 200, `"x"`},
		{"localhost", "POST", "/do/it", "localhost:1", "http://localhost:1", "secret", "", 200, `""`},
		{"bad request", "POST", "/do/odd", host, "http://" + host, "secret", "", 400, "odd"},
		{"failed", "POST", "/do/fail", host, "http://" + host, "secret", "", 500, "no"},
		{"unknown", "POST", "/do/other", host, "http://" + host, "secret", "", 404, "no such action"},
		{"no token", "POST", "/do/it", host, "http://" + host, "", "", 403, "token"},
		{"another token", "POST", "/do/it", host, "http://" + host, "Secret", "", 403, "token"},
		{"no origin", "POST", "/do/it", host, "", "secret", "", 403, "own page"},
		{"another page", "POST", "/do/it", host, "http://127.0.0.1:8081", "secret", "", 403, "own page"},
		{"another site", "POST", "/do/it", "evil.example", "http://evil.example", "secret", "", 421, "localhost"},
		{"another machine", "POST", "/do/it", "10.0.0.1:8080", "http://10.0.0.1:8080", "secret", "", 403, "on this machine"},
		{"get", "GET", "/do/it", host, "http://" + host, "secret", "", 404, ""},
		{"too much", "POST", "/do/it", host, "http://" + host, "secret", strings.Repeat("x", MaxAction+1), 413, "more than"},
		{"the page", "GET", "/", host, "", "", "", 200, "<!doctype html>"},
		{"the config", "GET", "/config.json", host, "", "", "", 200, `"development":{"token":"secret"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest(row.method, row.path, strings.NewReader(row.body))
			r.Host = row.host
			if row.origin != "" {
				r.Header.Set("Origin", row.origin)
			}
			r.Header.Set("X-Tacit-Token", row.token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
				t.Errorf("%s %s: %d %s, want %d with %q", row.method, row.path, w.Code, w.Body, row.status, row.want)
			}
		})
	}
	if done != 2 {
		t.Errorf("done %d times", done)
	}
}

// One action at a time, few wait, and there is none where there is no token.
func TestActionsBounded(t *testing.T) {
	end := make(chan struct{})
	var running, most atomic.Int32
	actions := map[string]Action{"slow": func(context.Context, []byte) (any, error) {
		most.Store(max(most.Load(), running.Add(1)))
		<-end
		running.Add(-1)
		return nil, nil
	}}
	ask := func(h http.Handler, token string) int {
		r := httptest.NewRequest("POST", "/do/slow", nil)
		r.Host = "localhost"
		r.Header.Set("Origin", "http://localhost")
		r.Header.Set("X-Tacit-Token", token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	synctest.Test(t, func(t *testing.T) {
		h := WithActions(func() any { return Config{} }, "secret", actions)
		end = make(chan struct{})
		codes := make(chan int, maxQueue+3)
		for range maxQueue + 3 {
			go func() { codes <- ask(h, "secret") }()
		}
		synctest.Wait()
		close(end)
		count := map[int]int{}
		for range maxQueue + 3 {
			count[<-codes]++
		}
		if count[http.StatusOK] != maxQueue || count[http.StatusTooManyRequests] != 3 || most.Load() != 1 {
			t.Errorf("answers %v, %d at a time", count, most.Load())
		}
	})
	if code := ask(WithActions(func() any { return Config{} }, "", actions), ""); code != http.StatusForbidden {
		t.Errorf("without a token: %d", code)
	}
}
