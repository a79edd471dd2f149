package fetch

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
)

// A contract whose servers are slow has its share of the places, and another one
// still gets its answer.
func TestShares(t *testing.T) {
	var waiting sync.WaitGroup
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			waiting.Done()
			<-over
		}
	}))
	defer server.Close()
	c := New(Config{Private: true, AtOnce: 8})
	greedy, other := For(context.Background(), [32]byte{1}), For(context.Background(), [32]byte{2})
	ask := func(ctx context.Context, path string) uint16 {
		return c.Fetch(ctx, host.WebRequest{URL: server.URL + path, Method: "GET"}).Status
	}
	var done sync.WaitGroup
	const share = 2 // a quarter
	waiting.Add(share)
	for range share {
		done.Go(func() {
			if got := ask(greedy, "/slow"); got != 200 {
				t.Errorf("slow: %d", got)
			}
		})
	}
	waiting.Wait()
	if got := ask(greedy, "/fast"); got != host.WebBusy {
		t.Errorf("beyond its share: %d, want %d", got, host.WebBusy)
	}
	if got := ask(other, "/fast"); got != 200 {
		t.Errorf("another contract: %d", got)
	}
	close(over)
	done.Wait()
	if got := ask(greedy, "/fast"); got != 200 {
		t.Errorf("after its slow ones: %d", got)
	}
	if c.places.used != 0 || len(c.places.taken) != 0 {
		t.Errorf("%d places are taken, of %d contracts", c.places.used, len(c.places.taken))
	}
}

// There are no more places in all than there are, whoever takes them.
func TestPlaces(t *testing.T) {
	p := &places{all: 5, each: 2, taken: map[[32]byte]int{}}
	got := 0
	for i := range byte(10) {
		for range 3 {
			if p.take([32]byte{i}) {
				got++
			}
		}
	}
	if got != 5 || p.taken[[32]byte{0}] != 2 || p.taken[[32]byte{2}] != 1 || len(p.taken) != 3 {
		t.Errorf("%d are taken: %v", got, p.taken)
	}
}
