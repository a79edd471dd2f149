package story

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/invariant"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/node/rpc"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/staking"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/trie"
)

// The world's first moment, in milliseconds since 1970, and a block's time.
const (
	start    = 1_750_000_000_000
	interval = 1000
)

// program is the measurement of the workers' program.
var program = attest.Digest{7}

// World is a network in one process.
type World struct {
	tb  testing.TB
	out strings.Builder

	voters []keys.GrandpaPair
	spec   engine.Spec
	fs     *vfs.MemFS
	db     *store.Store
	rt     *runtime.Runtime // in the newest version that the node's program carries
	app    *engine.App
	pool   *pool.Pool
	solo   *engine.Solo
	rpc    *httptest.Server
	now    uint64

	accounts map[string]keys.Pair
	workers  map[string]*enclave
	forgers  map[string]*forger
	vendor   *devpki.PCS       // of the machines
	real     bool              // the chain takes its machines for real ones
	order    []string          // of workers
	drawn    int               // of machines, into clusters
	hushed   map[string]bool   // events that are not told
	disks    map[string]string // that were put aside, by worker
	clusters map[string]hash.H256
	codes    map[string]hash.H256
	things   map[string]*contract
	built    map[string]built // examples
	servers  map[string]*httptest.Server
	answer   string // of the last query
	sent     map[string]*message
	names    map[[32]byte]string
	shared   map[chain.AccountID]shared
	mark     *trie.Trie // state to compare with
	quiet    bool       // the last block said nothing
	wallet   uint32     // the spec version that transactions are signed for; 0 is the one in force
}

// contract is what a contract is called by whom.
type contract struct {
	id, code, cluster hash.H256
	meta              *abi.Metadata // nil for one that was made by hand
}

func newWorld(t testing.TB) *World {
	w := &World{
		tb: t, now: start, fs: vfs.NewCrashableMem(), rt: runtime.New(), accounts: map[string]keys.Pair{}, workers: map[string]*enclave{},
		forgers: map[string]*forger{}, vendor: &devpki.PCS{PKI: devpki.New(devpki.Seed)},
		clusters: map[string]hash.H256{}, codes: map[string]hash.H256{}, things: map[string]*contract{}, built: map[string]built{}, servers: map[string]*httptest.Server{},
		hushed: map[string]bool{}, disks: map[string]string{}, sent: map[string]*message{}, names: map[[32]byte]string{}, shared: map[chain.AccountID]shared{},
	}
	w.names[w.rt.Treasury.PotAccount] = "treasury"
	t.Cleanup(func() {
		for _, e := range w.workers {
			e.server.Close()
			_ = e.worker.Close(context.Background())
		}
		w.close()
	})
	return w
}

// App is the node's application; the wasm tests execute its blocks again.
func (w *World) App() *engine.App { return w.app }

func (w *World) close() {
	if w.rpc != nil {
		w.rpc.Close()
		_ = w.db.Close()
		w.rpc = nil
	}
}

// account returns a development account by its name, and remembers it.
func (w *World) account(name string) (keys.Pair, error) {
	if p, ok := w.accounts[name]; ok {
		return p, nil
	}
	p, err := keys.FromURI(keys.Sr25519, "//"+name)
	if err != nil {
		return p, err
	}
	w.accounts[name] = p
	w.names[p.AccountID()] = name
	return p, nil
}

// found makes the chain's spec.
func (w *World) found(validators int, authors []chain.AccountID, stake chain.Balance, g runtime.Genesis) error {
	anchor := attestation.Anchor{Kind: attestation.Development, Certificate: w.vendor.PKI.Anchor(), Enabled: true}
	if w.real {
		anchor.Kind = attestation.Intel
	}
	w.spec = engine.Spec{Name: "Story", ID: "story", Kind: engine.Development, Symbol: "TACIT", BlockTime: interval, GenesisTime: start}
	w.spec.Genesis = g
	for i := range validators {
		s, validator, err := keystore.DevelopValidator(fmt.Sprintf("//validator//%d", i))
		if err != nil {
			return err
		}
		if i < len(authors) {
			validator.Account = authors[i]
		} else {
			w.names[validator.Account] = "the author"
			if g.Staking.ValidatorCount > 0 {
				w.names[validator.Account] = fmt.Sprintf("v%d", i)
			}
			w.spec.Genesis.Balances = append(w.spec.Genesis.Balances, runtime.Endowment{Account: validator.Account, Amount: stake.AddSat(runtime.Unit)})
		}
		if g.Staking.ValidatorCount > 0 {
			w.spec.Genesis.Staking.Stakers = append(w.spec.Genesis.Staking.Stakers, staking.Staker{Stash: validator.Account, Amount: stake})
		}
		w.voters = append(w.voters, s.Grandpa)
		w.spec.Genesis.Validators = append(w.spec.Genesis.Validators, validator)
	}
	w.spec.Genesis.Attestation = attestation.Genesis{
		Production: w.real, Anchors: []attestation.Anchor{anchor},
		Images: []attest.Image{{Name: "worker", Version: 1, ConsensusVersion: 1, Measurement: sim.Measurement(program), TierMax: 5}},
	}
	return w.open()
}

// open starts the node on its file system.
func (w *World) open() (err error) {
	if w.db, err = store.Open(store.Config{Dir: "chain", FS: w.fs}); err != nil {
		return err
	}
	if w.app, err = engine.NewApp(engine.Config{Spec: w.spec, Runtime: w.rt, Store: w.db}); err != nil {
		return errors.Join(err, w.db.Close())
	}
	w.pool = pool.New(w.app)
	w.app.UsePool(w.pool)
	w.solo = engine.NewSolo(w.app, w.voters)
	w.rpc = httptest.NewServer(rpc.New(rpc.Config{App: w.app, Pool: w.pool}))
	return nil
}

// config is what workers of this chain are launched with.
func (w *World) config() report.WorkerConfig {
	c := report.WorkerConfig{Genesis: w.app.Genesis(), CheckpointHash: w.app.Genesis()}
	for _, v := range w.voters {
		c.Authorities = append(c.Authorities, report.Authority{Key: v.ID(), Weight: 1})
	}
	return c
}

// step makes a block and tells what happened in it.
func (w *World) step() error {
	w.now += interval
	h, err := w.solo.Step(w.now)
	if err != nil {
		return err
	}
	w.pool.Finalized(w.app.Final())
	state, err := w.state()
	if err != nil {
		return err
	}
	if err := invariant.Check(w.app.Runtime(), state); err != nil {
		return fmt.Errorf("after block %d: %w", h.Number, err)
	}
	return w.tell(h)
}

// state is the newest state.
func (w *World) state() (*trie.Trie, error) { return w.app.StateAt(w.app.Head().Hash()) }

// signed makes a transaction of a call with the account's next nonce.
func (w *World) signed(who keys.Pair, call any) (chain.Extrinsic, error) {
	nonce, err := w.nonce(who)
	return w.signedWith(who, chain.Extra{Nonce: nonce}, w.app.Genesis(), call), err
}

func (w *World) nonce(who keys.Pair) (uint32, error) {
	next, err := w.app.Nonce(w.app.Head().Hash(), who.AccountID())
	return w.pool.Nonce(who.AccountID(), next), err
}

func (w *World) signedWith(who keys.Pair, extra chain.Extra, era hash.H256, call any) chain.Extrinsic {
	return chain.SignExtrinsic(who, scale.Marshal(w.rt.CallOf(call)), extra, chain.Implicit{
		SpecVersion: w.spoken(), TxVersion: runtime.TransactionVersion, Genesis: w.app.Genesis(), EraBlock: era,
	})
}

func (w *World) spoken() uint32 {
	if w.wallet != 0 {
		return w.wallet
	}
	return w.app.Runtime().Spec()
}

// refusal is what the node answered instead of taking a transaction.
type refusal struct {
	Code    int
	Message string
	Data    any
}

func (r *refusal) Error() string {
	if s, ok := r.Data.(string); ok && s != "" {
		return fmt.Sprintf("%d %s: %s", r.Code, r.Message, s)
	}
	return fmt.Sprintf("%d %s", r.Code, r.Message)
}

// submit gives a whole extrinsic to the node as wallets do.
func (w *World) submit(raw []byte) error {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"author_submitExtrinsic","params":["0x%s"]}`, hex.EncodeToString(raw))
	rec := httptest.NewRecorder()
	w.rpc.Config.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	var out struct{ Error *refusal }
	if err := json.NewDecoder(bytes.NewReader(rec.Body.Bytes())).Decode(&out); err != nil {
		return fmt.Errorf("the node answered %q", rec.Body)
	}
	if out.Error != nil {
		return out.Error
	}
	return nil
}

// do signs a call, submits it and makes a block.
func (w *World) do(who keys.Pair, call any) error {
	x, err := w.signed(who, call)
	if err != nil {
		return err
	}
	if err := w.submit(x.Encode()); err != nil {
		return err
	}
	return w.step()
}

// justify signs a header by all who finalise it, in the name of a set.
func (w *World) justify(h chain.Header, target grandpa.Target, set uint64) (grandpa.Justification, error) {
	list, err := w.app.Voters(h.Number)
	if err != nil {
		return grandpa.Justification{}, err
	}
	list.ID = set
	var votes []grandpa.SignedPrecommit
	for _, v := range w.voters {
		if !slices.ContainsFunc(list.Authorities, func(a grandpa.Authority) bool { return a.ID == v.ID() }) {
			continue
		}
		votes = append(votes, grandpa.Sign(v, target, uint64(h.Number), set))
	}
	return grandpa.Assemble(uint64(h.Number), target, list.AuthoritySet, votes)
}
