package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// call asks node i by JSON-RPC; it fails when there is no answer.
func (v *validators) call(i int, method string, params any, result any) {
	v.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := http.Post(strings.Replace(v.url(i), "ws:", "http:", 1), "application/json", bytes.NewReader(body))
	if err != nil {
		v.t.Fatalf("node %d, %s: %v", i+1, method, err)
	}
	defer res.Body.Close()
	answer := struct {
		Result any
		Error  json.RawMessage
	}{Result: result}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Error != nil {
		v.t.Fatalf("node %d, %s: %v %s", i+1, method, err, answer.Error)
	}
}

// agreed checks that all nodes have the same blocks from one on up to the
// newest that is final with all, each of them proven, and returns that one.
func (v *validators) agreed(seen map[uint32]string, from uint32) uint32 {
	v.t.Helper()
	last := ^uint32(0)
	for i := range v.nodes {
		last = min(last, v.final(i))
	}
	if last == 0 {
		v.t.Fatal("no block is final with all")
	}
	for n := from; n <= last; n++ {
		for i := range v.nodes {
			var h string
			v.call(i, "chain_getBlockHash", []any{n}, &h)
			if seen[n] == "" {
				seen[n] = h
			}
			if h == "" || h != seen[n] {
				v.t.Fatalf("node %d: block %d is %q, and was %q", i+1, n, h, seen[n])
			}
			if n > 0 {
				var block struct {
					Justifications [][2]any `json:"justifications"`
				}
				v.call(i, "chain_getBlock", []any{h}, &block)
				if len(block.Justifications) != 1 {
					v.t.Errorf("node %d has no proof that block %d is final", i+1, n)
				}
			}
		}
	}
	return last
}

// One validator, and then all of them, end at each of the engine's points of
// failure: between its log, its block store, the application's commit and its
// own state. Started again they go on, with the same chain and every proof.
// TACIT_LONG=1 tries two blocks' worth of points instead of a few.
func TestFailPoints(t *testing.T) {
	long(t)
	points := []int{2, 5, 7}
	if os.Getenv("TACIT_LONG") == "1" {
		points = nil
		for i := range 18 {
			points = append(points, i)
		}
	}
	v := four(t)
	v.on(0, 2)
	seen, last := map[uint32]string{}, uint32(0)
	for _, dying := range []int{1, 4} {
		for _, point := range points {
			t.Logf("%d of 4 end at point %d, after block %d", dying, point, last)
			for i := range dying {
				v.nodes[3-i].kill()
			}
			for i := range dying {
				v.startWith([]string{fmt.Sprintf("FAIL_TEST_INDEX=%d", point)}, 3-i)
			}
			// Where all die the first that do may keep the others from getting there.
			fell := func() (n int) {
				for i := range dying {
					select {
					case err := <-v.nodes[3-i].done:
						v.nodes[3-i].done <- err
						n++
					default:
					}
				}
				return n
			}
			for end := time.Now().Add(patience); fell() < (dying+1)/2; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d of %d have reached point %d", fell(), dying, point)
				}
			}
			for i := range dying {
				v.nodes[3-i].kill()
				v.start(3 - i)
			}
			began := time.Now()
			for i := range v.nodes {
				v.on(i, 2)
			}
			t.Logf("all have two more final blocks after %v", time.Since(began).Round(10*time.Millisecond))
			last = v.agreed(seen, last)
		}
	}
	v.agreed(seen, 0)
}
