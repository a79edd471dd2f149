package worker

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/worker/fetch"
)

// A query that waits for a server leaves its place to another one.
func TestPatient(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-leave
	}))
	defer server.Close()
	w := &Worker{queries: make(chan struct{}, 1), web: fetch.New(fetch.Config{Private: true})}
	w.queries <- struct{}{} // the query's own place
	done := make(chan host.WebResponse)
	go func() {
		done <- patient{w}.Fetch(context.Background(), host.WebRequest{URL: server.URL, Method: "GET"})
	}()
	<-arrived
	select {
	case w.queries <- struct{}{}:
	default:
		t.Error("nobody else may query meanwhile")
	}
	<-w.queries
	close(leave)
	if r := <-done; r.Status != http.StatusOK {
		t.Errorf("the server answered %d %s", r.Status, r.Reason)
	}
	if len(w.queries) != 1 {
		t.Error("the query lost its place")
	}
}
