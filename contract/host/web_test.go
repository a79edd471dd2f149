package host

import (
	"bytes"
	"context"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// server is a Web that remembers what it was asked.
type server struct {
	asked  []WebRequest
	answer WebResponse
	most   time.Duration
}

func (s *server) Fetch(_ context.Context, r WebRequest) WebResponse {
	s.asked = append(s.asked, r)
	return s.answer
}

// FetchAll answers the first, and each other one with a status above.
func (s *server) FetchAll(ctx context.Context, all []WebRequest, most time.Duration) (out []WebResponse) {
	s.most = most
	for i, r := range all {
		answer := s.Fetch(ctx, r)
		answer.Status += uint16(i)
		out = append(out, answer)
	}
	return out
}

// Queries reach the network and commands do not, by the function and by Phala's
// extension 1 alike.
func TestWeb(t *testing.T) {
	request := WebRequest{URL: "https://example.org/", Method: "POST", Headers: []WebHeader{{"A", "b"}}, Body: []byte("body")}
	// Text, text, a list of pairs of texts, bytes: by hand.
	in := []byte("\x50https://example.org/\x10POST\x04\x04A\x04b\x10body")
	if !bytes.Equal(in, scale.Marshal(request)) {
		t.Fatalf("the request is %x", scale.Marshal(request))
	}
	// u16, text, a list, bytes.
	const out = "c800" + "084f4b" + "04" + "0458" + "0459" + "0868" + "69"
	answer := WebResponse{Status: 200, Reason: "OK", Headers: []WebHeader{{"X", "Y"}}, Body: []byte("hi")}
	size := len(out) / 2
	prepared := func() *program { return start(libCode).put(512, in).store(atSize, 4000) }
	byName := prepared().do("tacit.http", 512, len(in), 1024, atSize).give(1024, size)
	byNumber := prepared().ask(atOut, "seal0.call_chain_extension", 1, 512, len(in), 1024, atSize).give(1024, size)
	for name, p := range map[string]*program{"tacit.http": byName, "extension 1": byNumber} {
		web := &server{answer: answer}
		r, _ := alone(t, name, p, func(env *Env) { env.Query, env.Web = true, web })
		expect(t, name, r, vm.OK, out)
		if len(web.asked) != 2 || !reflect.DeepEqual(web.asked[0], request) { // by either engine
			t.Errorf("%s: asked %+v", name, web.asked)
		}
		web = &server{answer: answer}
		r, _ = alone(t, name, p, func(env *Env) { env.Web = web })
		if got := hex.EncodeToString(r.Data); !strings.HasPrefix(got, "0b02") || len(web.asked) != 0 {
			t.Errorf("%s in a command: %v %s, asked %d", name, r.Status, got, len(web.asked))
		}
	}
	none, _ := alone(t, "no network", byName, func(env *Env) { env.Query = true })
	if !bytes.HasPrefix(none.Data, []byte{0x0b, 2}) {
		t.Errorf("no network: %x", none.Data)
	}
	long, _ := alone(t, "long", byName, func(env *Env) {
		env.Query, env.Web = true, &server{answer: WebResponse{Body: make([]byte, MaxWebResponse)}}
	})
	if !bytes.HasPrefix(long.Data, []byte{8, 2}) {
		t.Errorf("a long response: %x", long.Data)
	}
	many := start(libCode).put(512, in)
	for range MaxWebRequests + 1 {
		many.store(atSize, 4000).do("tacit.http", 512, len(in), 1024, atSize)
	}
	r, _ := alone(t, "many", many.give(0, 0), func(env *Env) { env.Query, env.Web = true, &server{} })
	expect(t, "many", r, vm.Trapped, "too many requests in one query")
	r, _ = alone(t, "noise", start(libCode).put(512, in).do("tacit.http", 512, len(in)-1, 1024, atSize))
	expect(t, "noise", r, vm.Trapped, "the request does not decode")
	r, _ = alone(t, "long request", start(libCode).do("tacit.http", 512, MaxInput+1, 1024, atSize))
	expect(t, "long request", r, vm.Trapped, "request too long")
	// Text that is none does not reach contracts as such.
	r, _ = alone(t, "no text", byName, func(env *Env) {
		env.Query, env.Web = true, &server{answer: WebResponse{Status: 200, Reason: "OK", Headers: []WebHeader{{"X", "\xff"}}}}
	})
	if !bytes.Contains(r.Data, []byte("X-Not-")) {
		t.Errorf("no text: %x", r.Data)
	}
}
