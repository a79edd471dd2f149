package host

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// worker is a query as a worker with this key answers it.
func worker(env *Env) {
	query(env)
	env.Worker = [32]byte{0xbb, 1}
}

// What Phala's extension tells about the network. Types and what is told where
// there is nothing are those of crates/pink/pink/src/chain_extension.rs and
// crates/pink/runtime/src/runtime/extension.rs of phala-blockchain: zeros for the
// key of a worker in a transaction, None for a quote, (u32, u32) for a version,
// (Balance, Balance) for balances, JsValue::Exception (5) where no engine is. What
// is wanted here, check_system of that repository decoded to what it should be.
func TestNetworkExtensions(t *testing.T) {
	money := func(env *Env) {
		env.Cluster = [32]byte{0xcc}
		env.Money = purse{me: scale.U64(0x1234), alice: scale.U64(7)}
	}
	zeros := strings.Repeat("00", 32)
	held := "3412" + strings.Repeat("00", 14)
	scripts := append([]byte{8, 0, 4, '1', 1, 4, 2}, 4, 4, 'a') // [Source("1"), Bytecode([2])], ["a"]
	why := "there is no JavaScript engine here: contracts are written in Go, or in what compiles to WebAssembly"
	for name, tt := range map[string]struct {
		id     int
		args   []byte
		change func(*Env)
		want   string
	}{
		"system_contract_id":            {15, nil, money, "cc" + zeros[2:]},
		"balance_of":                    {16, me[:], money, held + held},
		"balance_of, without a ledger":  {16, me[:], query, zeros},
		"worker_pubkey in a query":      {17, nil, worker, "bb01" + zeros[4:]},
		"worker_pubkey in a command":    {17, nil, func(env *Env) { worker(env); env.Query = false }, zeros},
		"runtime_version":               {21, nil, query, "01000000" + "02000000"},
		"js_eval":                       {24, scripts, query, hex.EncodeToString(scale.AppendBytes([]byte{5}, []byte(why)))},
		"js_eval of nothing":            {24, []byte{0, 0}, query, hex.EncodeToString(scale.AppendBytes([]byte{5}, []byte(why)))},
		"worker_sgx_quote":              {25, nil, worker, "00"},
		"cache_set, without room":       {6, append(scale.AppendBytes(nil, []byte("k")), scale.AppendBytes(nil, make([]byte, 200))...), query, "01000000"},
		"cache_set of a long value":     {6, append(scale.AppendBytes(nil, []byte("k")), scale.AppendBytes(nil, make([]byte, MaxValue+1))...), query, "01000000"},
		"batch_http_request, a command": {22, append([]byte{0}, make([]byte, 8)...), func(*Env) {}, "07000000"},
	} {
		r := extend(t, tt.id, tt.args, tt.change)
		if got := hex.EncodeToString(r.Data); r.Status != vm.OK || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %v %s %.200s, want %s", name, r.Status, r.Reason, got, tt.want)
		}
	}
	for id, want := range map[int]string{
		16: "balance_of (chain extension 16): what others hold is theirs to tell",
		20: "import_latest_system_code (chain extension 20): there is no system contract; codes are uploaded by tacit contract upload",
		23: "current_event_chain_head (chain extension 23): a cluster's events make no chain; each contract's owner reads its own by tacit contract logs",
	} {
		expect(t, want, extend(t, id, alice[:], money), vm.Trapped, want)
	}
	long := append(scale.AppendCompact(nil, maxScripts+1), make([]byte, 4*maxScripts)...)
	expect(t, "many scripts", extend(t, 24, long), vm.Trapped, "the arguments of the chain extension do not decode")
	expect(t, "another kind of script", extend(t, 24, []byte{4, 2, 0, 0}), vm.Trapped, "the arguments of the chain extension do not decode")
}

// A batch of requests is a list of results, counts as so many requests, and is
// refused as a whole by a status: HttpRequestError's place and one
// (crates/pink/pink/src/chain_extension/http_request.rs).
func TestWebBatch(t *testing.T) {
	one := []byte("\x50https://example.org/\x0cGET\x00\x00")
	batch := func(n int, most uint64) []byte {
		return scale.AppendUint64(append(scale.AppendCompact(nil, uint64(n)), bytes.Repeat(one, n)...), most)
	}
	web := &server{answer: WebResponse{Status: WebForbidden - 1, Body: []byte("hi")}}
	ask := func(env *Env) { env.Query, env.Web = true, web }
	r := extend(t, 22, batch(5, 1500), ask)
	// The first says what it says; then come not allowed, too many, 523 and a timeout.
	want := "14" + "00" + "0802" + "00" + "00" + "086869" + "0106" + "0107" + "00" + "0b02" + "00" + "00" + "086869" + "0105"
	if got := hex.EncodeToString(r.Data); r.Status != vm.OK || !strings.HasPrefix(got, want) {
		t.Errorf("got %v %s %s\nwant %s", r.Status, r.Reason, got, want)
	}
	if len(web.asked) != 10 || web.most != 1500*time.Millisecond { // by either engine
		t.Errorf("asked %d, for %v", len(web.asked), web.most)
	}
	if r := extend(t, 22, batch(0, 0), ask); r.Status != vm.OK || r.Data[0] != 0 || len(web.asked) != 10 {
		t.Errorf("none: %v %x, asked %d", r.Status, r.Data[:4], len(web.asked))
	}
	if r := extend(t, 22, batch(6, 0), ask); r.Data[0] != 8 || len(web.asked) != 10 {
		t.Errorf("six: %x, asked %d", r.Data[:4], len(web.asked))
	}
	if r := extend(t, 22, batch(1, 1<<63), ask); r.Status != vm.OK || web.most != maxBatchTime*time.Millisecond {
		t.Errorf("for ever: %v, %v", r.Status, web.most)
	}
	if r := extend(t, 22, batch(1, 0), query); r.Data[0] != 7 {
		t.Errorf("without a network: %x", r.Data[:4])
	}
	// Three and two are five, and one more is too many.
	args := batch(3, 1000)
	p := start(libCode).put(1024, args).put(2048, one).store(atSize, 4000).
		ask(500, "seal0.call_chain_extension", 22, 1024, len(args), 4096, atSize).store(atSize, 4000).
		ask(504, "seal0.call_chain_extension", 22, 1024, len(args), 4096, atSize).store(atSize, 4000).
		do("seal0.call_chain_extension", 1, 2048, len(one), 4096, atSize).store(atSize, 4000).
		do("tacit.http", 2048, len(one), 4096, atSize).give(500, 8)
	r, _ = alone(t, "together", p, ask)
	expect(t, "together", r, vm.OK, "00000000"+"08000000")
}

// Who asks, and how that is known; which worker answers.
func TestCertificate(t *testing.T) {
	who := strings.Repeat("00", 31)
	for name, tt := range map[string]struct {
		change func(*Env)
		want   string
	}{
		"a command":          {func(*Env) {}, "00"},
		"a signed query":     {func(env *Env) { env.Query, env.Proof = true, Proof{Kind: ProofSigned, Scheme: keys.Ecdsa} }, "0102"},
		"a query of session": {func(env *Env) { env.Query, env.Proof = true, Proof{Kind: ProofSession, Key: [32]byte{5}, Until: 9} }, "02" + "05" + who + "09000000"},
	} {
		want := hex.EncodeToString(alice[:]) + tt.want
		r, _ := alone(t, name, start(libCode).store(atSize, 69).do("tacit.certificate", atOut, atSize).give(atOut, len(want)/2), tt.change)
		expect(t, name, r, vm.OK, want)
		r, _ = alone(t, name, start(libCode).store(atSize, len(want)/2-1).do("tacit.certificate", atOut, atSize), tt.change)
		expect(t, name, r, vm.Trapped, "output buffer too small")
	}
	ask := start(libCode).store(300, 7).ask(296, "tacit.worker", 300).give(296, 36)
	r, _ := alone(t, "worker, in a query", ask, worker)
	expect(t, "worker, in a query", r, vm.OK, "01000000"+"bb01"+who[:60])
	r, _ = alone(t, "worker, in a command", ask, func(env *Env) { env.Worker = [32]byte{0xbb} })
	expect(t, "worker, in a command", r, vm.OK, "00000000"+"07"+who)
	// A contract that is called by another one is told who began.
	it := [32]byte{5}
	callee := start(libCode).store(atSize, 69).do("tacit.certificate", atOut, atSize).give(atOut, 33)
	outer := start(libCode).put(atAddress, it[:]).store(atSize, 69).
		do("seal1.call", flagTailCall, atAddress, int64(0), atValue, 0, 0, atOut, atSize)
	r, _ = both(t, "inside", "call", outer.module(), func(e *vm.Engine) Env {
		o := world(t, e, outer.module())
		o.contracts[it] = Contract{Record{Code: it}, load(t, e, callee.module()), Memory{}}
		return Env{State: Memory{}, Others: o, Caller: alice, Address: me}
	})
	expect(t, "inside", r, vm.OK, hex.EncodeToString(alice[:])+"00")
}
