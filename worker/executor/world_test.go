package executor

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// TestMain makes an executor of this program when it is asked to be one.
func TestMain(m *testing.M) {
	if Asked() {
		child{1 << 30, misbehave}.main()
	}
	os.Exit(m.Run())
}

// built are contracts, each built once.
var built = map[string]func() ([]byte, error){
	"teller": sync.OnceValues(func() ([]byte, error) { return build("../../contract/host/testdata/teller") }),
	"hello":  sync.OnceValues(func() ([]byte, error) { return build("../../examples/hello") }),
	"wallet": sync.OnceValues(func() ([]byte, error) { return build("../../examples/wallet") }),
	"price":  sync.OnceValues(func() ([]byte, error) { return build("../../examples/price") }),
}

func build(folder string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "contract")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	wasm := filepath.Join(dir, "wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", wasm, folder)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	return os.ReadFile(wasm)
}

// library is a Source in memory.
type library struct {
	mu     sync.Mutex
	codes  map[hash.H256][]byte
	native map[hash.H256]vm.Native
	asked  int
}

var errAway = errors.New("the code is away")

func (l *library) Code(_ context.Context, name hash.H256) ([]byte, vm.Native, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if code, ok := l.codes[name]; ok {
		return code, l.native[name], nil
	}
	return nil, nil, errAway
}

func (l *library) Keep(name hash.H256, native vm.Native) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.native[name] = native
}

// codeOf is the name of a code in tests.
func codeOf(name string) (h hash.H256) {
	copy(h[:], name)
	return h
}

func newLibrary(t testing.TB, names ...string) *library {
	t.Helper()
	l := &library{codes: map[hash.H256][]byte{codeOf("broken"): []byte("no WebAssembly")}, native: map[hash.H256]vm.Native{}}
	for _, n := range names {
		code, err := built[n]()
		if err != nil {
			t.Fatal(err)
		}
		l.codes[codeOf(n)] = code
	}
	return l
}

// world is a cluster in memory: records, storage, money, and a server.
type world struct {
	records  map[[32]byte]host.Record
	storage  map[[32]byte]host.Memory
	balances map[[32]byte]scale.U128
	cached   map[string][]byte
	known    []hash.H256
	onGet    func() // runs at each read of the storage
}

func newWorld(known ...string) *world {
	w := &world{
		records: map[[32]byte]host.Record{}, storage: map[[32]byte]host.Memory{}, balances: map[[32]byte]scale.U128{}, cached: map[string][]byte{},
	}
	for _, n := range known {
		w.known = append(w.known, codeOf(n))
	}
	return w
}

type watched struct {
	host.State
	on func()
}

func (w watched) Get(key []byte) ([]byte, bool) {
	w.on()
	return w.State.Get(key)
}

func (w *world) Contract(_ context.Context, id [32]byte) (host.Record, bool, error) {
	r, ok := w.records[id]
	if id == ([32]byte{0xff}) {
		return r, false, errors.New("the disk is gone")
	}
	return r, ok && !r.Ended, nil
}

func (w *world) Code(_ context.Context, code hash.H256) (bool, error) {
	return slices.Contains(w.known, code), nil
}

func (w *world) Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte {
	return hash.Blake2b256(deployer[:], code[:], salt)
}

func (w *world) State(id [32]byte) host.State {
	if w.storage[id] == nil {
		w.storage[id] = host.Memory{}
	}
	if w.onGet != nil {
		return watched{w.storage[id], w.onGet}
	}
	return w.storage[id]
}

func (w *world) Put(id [32]byte, r host.Record) { w.records[id] = r }

func (w *world) Balance(id [32]byte) scale.U128       { return w.balances[id] }
func (w *world) SetBalance(id [32]byte, n scale.U128) { w.balances[id] = n }

func (w *world) Get(id [32]byte, key []byte) ([]byte, bool) {
	v, ok := w.cached[string(id[:])+string(key)]
	return v, ok
}

func (w *world) Set(id [32]byte, key, value []byte, _ uint64) bool {
	w.cached[string(id[:])+string(key)] = value
	return true
}

func (w *world) Remove(id [32]byte, key []byte) { delete(w.cached, string(id[:])+string(key)) }

func (w *world) Fetch(_ context.Context, r host.WebRequest) host.WebResponse {
	return host.WebResponse{Status: 200, Body: []byte(`{"price":"` + fmt.Sprint(len(r.URL)) + `.25"}`)}
}

func (w *world) FetchAll(ctx context.Context, all []host.WebRequest, most time.Duration) (out []host.WebResponse) {
	for _, r := range all {
		r.URL += most.String()
		out = append(out, w.Fetch(ctx, r))
	}
	return out
}

// String is all that is stored.
func (w *world) String() string {
	var b strings.Builder
	for _, id := range slices.SortedFunc(maps.Keys(w.storage), compare) {
		for _, k := range slices.Sorted(maps.Keys(w.storage[id])) {
			fmt.Fprintf(&b, "%x %x = %x\n", id[:4], k, w.storage[id][k])
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(w.records), compare) {
		fmt.Fprintf(&b, "%x is %+v\n", id[:4], w.records[id])
	}
	for _, id := range slices.SortedFunc(maps.Keys(w.balances), compare) {
		fmt.Fprintf(&b, "%x has %v\n", id[:4], w.balances[id])
	}
	return b.String()
}

func compare(a, b [32]byte) int { return strings.Compare(string(a[:]), string(b[:])) }

// runner is what both executors are.
type runner interface {
	Load(ctx context.Context, code hash.H256) error
	Run(ctx context.Context, code hash.H256, export string, env host.Env, around host.Records, gas uint64) (host.Result, error)
	Close(ctx context.Context) error
}

func message(name string, args ...[]byte) []byte {
	sum := hash.Blake2b256([]byte(name))
	return append(sum[:4:4], slices.Concat(args...)...)
}

func number(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

func amount(n uint64) []byte { return scale.Marshal(scale.U64(n)) }

// call calls a contract of the world, and makes it when export is deploy.
func (w *world) call(r runner, code, export string, me byte, input []byte, change func(*host.Env)) (host.Result, error) {
	env := host.Env{
		State: w.State([32]byte{me}), Code: codeOf(code), Owner: [32]byte{0xa}, Caller: [32]byte{0xa}, Address: [32]byte{me},
		Block: 7, Time: 1_700_000_000_000, Input: input, Seed: hash.H256{me, 9}, Money: w,
		Keys: func(id [32]byte) [32]byte { return hash.Blake2b256([]byte("secret"), id[:]) },
	}
	if change != nil {
		change(&env)
	}
	out, err := r.Run(context.Background(), codeOf(code), export, env, w, 2e9)
	if err == nil && out.Status == vm.OK && export == "deploy" {
		w.records[[32]byte{me}] = host.Record{Code: codeOf(code), Owner: [32]byte{0xa}}
	}
	return out, err
}

func show(r host.Result, err error) string {
	return fmt.Sprintf("%v flags %d gas %d %s %q grown %v events %+v lines %+v debug %q %v", r.Status, r.Flags, r.Gas, hex.EncodeToString(r.Data), r.Reason,
		r.Grown, r.Events, r.Lines, r.Debug, err)
}
