// Package worker is the program inside the enclave: the keeper of keys, a light
// client of the chain, and the executor of its clusters' queues.
//
// A relay brings justified headers, read proofs and messages; [Worker.Sync]
// believes nothing of them that it did not check, executes what is new, and
// makes it durable before it answers. Messages for the chain wait, signed and
// numbered, until a proof shows that the chain has them. Users' queries run on
// a snapshot, beside all that.
//
// The worker opens no connection but for contracts' queries (see package fetch),
// and decides nothing by a clock. Its state
// survives a crash at any point; a state that the host put back is executed
// forward again to the same one.
package worker

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/grandpa"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	attestation "github.com/tacit-network/tacit/runtime/pallet/attestation/words"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	registry "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/worker/cluster"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/fetch"
	"github.com/tacit-network/tacit/worker/store"
	"github.com/tacit-network/tacit/worker/wire"
)

// Config is what a worker is launched with. Dir, Chain and Backend are needed.
type Config struct {
	Dir     string              // where state is kept, encrypted
	Chain   report.WorkerConfig // bound by the hardware's configuration id
	Backend tee.Backend
	ImageID hash.H256 // the name that the chain knows the program by
	VM      vm.Config
	// Executor has contracts run in processes of their own; nil: in this one.
	Executor *executor.Config
	Queries  int          // at once; 0 means 4
	Web      fetch.Config // of HTTP in queries
	Logger   *slog.Logger // nil is silence
}

// Worker is a running worker. Make one with Open.
type Worker struct {
	cfg      Config
	log      *slog.Logger
	codes    *codes
	chunks   chunkFiles
	identity keys.Pair
	hpke     map[seal.Suite]seal.PrivateKey
	metaKey  cipher.AEAD
	store    *store.Store
	queue    *queue.State
	registry *registry.State
	images   *attestation.State
	queries  chan struct{} // a place for each query that may run
	web      *fetch.Client
	replays  replays
	batch    int // maxBatch

	syncing sync.Mutex // held by the one sync that may run
	turn    int        // of clusters in a sync; guarded by syncing

	missed missed // codes that queries want

	mu       sync.RWMutex // guards what follows, which changes at commits only
	light    grandpa.LightChain
	core     core
	up       outbox
	clusters map[hash.H256]*cluster.Cluster
	need     []hash.H256
	broken   error // after a failed commit
}

// core is the part of the state that is small.
type core struct {
	Config    [48]byte // hash of the configuration
	Identity  stored   // seed
	Secret    stored   // of the HPKE keys
	BootEpoch uint64
	Heard     bool // the chain said that it is registered in this boot epoch
	// Promised is the greatest boot epoch of which evidence was given. A worker
	// that is registered goes on in its own until the chain says that it took
	// the evidence: what the chain refuses changes nothing.
	Promised uint64
	Time     uint64 // ms, of the light chain's last block
	Queues   []position
	Clusters []membership
	Gifts    []gift      // that wait for proof of who takes them
	Shares   []heldShare // of clusters' secrets that are being recovered
}

// stored is a secret in the form in which it is sealed to the disk. It prints
// as nothing else.
type stored [32]byte

// Format implements fmt.Formatter.
func (stored) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue implements slog.LogValuer.
func (stored) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalJSON implements json.Marshaler.
func (stored) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

// position is how far a queue was executed.
type position struct {
	To   queue.Destination
	Head queue.Head
}

// membership is what the worker has of a cluster.
type membership struct {
	ID      hash.H256
	Tier    uint8 // the least that it gives secrets to
	Members [][32]byte
	// Lasting is the secret of all epochs, nil until the worker has it; Epochs are
	// those of the epochs that are not erased, ascending.
	Lasting *stored
	Epochs  []epochSecret
	// Offers are secrets that the worker made for an epoch and nobody chose yet.
	Offers []offer
	// Open says that the state is here, encrypted in epoch At.
	Open bool
	At   uint32
	// Kept is the newest snapshot that the chain has.
	Kept *clusters.Snapshot
	// Restoring is how far the state was restored from it; nil before the first
	// chunk, and when that is done.
	Restoring *cluster.Restoring
	// Sending is the snapshot whose chunks the chain asked for, until it was sent
	// all of them.
	Sending *sending
}

type epochSecret struct {
	Epoch  uint32
	Secret stored
}

type offer struct {
	Epoch, Attempt  uint32
	Lasting, Secret stored
}

// secret returns the secret of an epoch.
func (m *membership) secret(epoch uint32) (stored, bool) {
	for _, e := range m.Epochs {
		if e.Epoch == epoch {
			return e.Secret, true
		}
	}
	return stored{}, false
}

func (m *membership) has(epoch uint32) bool {
	_, ok := m.secret(epoch)
	return ok
}

// newest is the last epoch that the worker has the secret of.
func (m *membership) newest() uint32 {
	if len(m.Epochs) == 0 {
		return 0
	}
	return m.Epochs[len(m.Epochs)-1].Epoch
}

// outbox holds the payloads for the chain that it was not seen to have.
type outbox struct {
	First    uint64 // number of the first payload in this boot epoch
	Payloads [][]byte
}

func (o outbox) size() (n int) {
	for _, p := range o.Payloads {
		n += len(p)
	}
	return n
}

// Where the parts of the state lie, before they are made into keys.
const (
	partCore  = "core"
	partLight = "light"
	partUp    = "up"
	// partErased is there while the disk has something that was erased.
	partErased = "erased"
)

// ErrConfig tells that the stored state is that of another chain.
var ErrConfig = errors.New("state belongs to another configuration")

// Open starts a worker in a new boot epoch. It is to be closed.
func Open(ctx context.Context, cfg Config) (*Worker, error) {
	if cfg.Queries == 0 {
		cfg.Queries = 4
	}
	w := &Worker{
		cfg: cfg, log: cfg.Logger, queue: queue.NewState(), registry: registry.NewState(), images: attestation.NewState(),
		queries: make(chan struct{}, cfg.Queries), web: fetch.New(cfg.Web),
		hpke: map[seal.Suite]seal.PrivateKey{}, clusters: map[hash.H256]*cluster.Cluster{}, batch: maxBatch,
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open worker: %w", err), w.Close(ctx))
	}
	return w, nil
}

func (w *Worker) open(ctx context.Context) error {
	sealing, err := w.cfg.Backend.SealingKey("tacit worker state")
	dir := w.cfg.Dir
	if errors.Is(err, tee.ErrNoSealing) {
		sealing, dir, err = w.ephemeral()
	}
	if err != nil {
		return err
	}
	root := seal.SecretFrom(sha256.Sum256(sealing.Bytes()))
	logKey, metaKey := root.Derive("log").Reveal(), root.Derive("meta").Reveal()
	block, err := aes.NewCipher(metaKey[:])
	if err != nil {
		return err
	}
	if w.metaKey, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return err
	}
	if w.store, err = store.Open(dir, logKey[:]); err != nil {
		return err
	}
	if err := w.loadState(); err != nil {
		return err
	}
	if w.identity, err = keys.NewPair(keys.Sr25519, w.core.Identity); err != nil {
		return err
	}
	for _, s := range seal.Suites {
		if w.hpke[s], err = seal.SecretFrom(w.core.Secret).HPKE(s); err != nil {
			return err
		}
	}
	if w.codes, err = newCodes(ctx, dir, root.Derive("native"), w.cfg, w.log); err != nil {
		return err
	}
	if w.chunks, err = w.openChunks(filepath.Join(dir, "snapshots")); err != nil {
		return err
	}
	snapshot := w.store.Snapshot()
	_, erased := snapshot.Get(partKey(partErased))
	snapshot.Close()
	if erased { // and it ended before the disk forgot
		if err := w.forget(); err != nil {
			return err
		}
	}
	for _, m := range w.core.Clusters {
		if m.Open {
			c, err := w.cluster(&m, m.At)
			if err != nil {
				return err
			}
			w.clusters[m.ID] = c
		}
	}
	// A new instance voids those before it; what waits for the chain is
	// numbered anew.
	w.core.BootEpoch = max(w.core.BootEpoch, w.core.Promised) + 1
	w.core.Heard = false
	w.up.First = 0
	return w.store.Commit([]store.Change{w.save(partCore, w.core), w.save(partUp, w.up)})
}

// ephemeral makes a key for this start alone, where the hardware has none that
// outlives it, and an empty folder: what an earlier start left there is
// unreadable for ever. The worker begins as a new one; other members of its
// clusters give it their keys again, and the chain the commands.
func (w *Worker) ephemeral() (tee.SealingKey, string, error) {
	key := seal.NewSecret().Reveal()
	dir := filepath.Join(w.cfg.Dir, "boot")
	if err := os.RemoveAll(dir); err != nil {
		return tee.SealingKey{}, "", fmt.Errorf("clear the state of an earlier start: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return tee.SealingKey{}, "", err
	}
	w.log.Info("this hardware seals nothing over a restart: the worker begins as a new one")
	return tee.NewSealingKey(key[:]), dir, nil
}

// loadState reads what an earlier instance stored, or makes the first state.
func (w *Worker) loadState() error {
	config := w.cfg.Chain.Hash()
	snapshot := w.store.Snapshot()
	defer snapshot.Close()
	there, err := w.load(snapshot, partCore, &w.core)
	if err != nil {
		return err
	}
	if there {
		if w.core.Config != config {
			return ErrConfig
		}
		if _, err := w.load(snapshot, partUp, &w.up); err != nil {
			return err
		}
		_, err := w.load(snapshot, partLight, &w.light)
		return err
	}
	set := grandpa.AuthoritySet{ID: w.cfg.Chain.SetID}
	for _, a := range w.cfg.Chain.Authorities {
		set.Authorities = append(set.Authorities, grandpa.Authority{ID: a.Key, Weight: a.Weight})
	}
	w.light, err = grandpa.NewLightChain(grandpa.Target{Hash: w.cfg.Chain.CheckpointHash, Number: w.cfg.Chain.CheckpointNumber}, set)
	if err != nil {
		return err
	}
	w.core = core{Config: config, Identity: stored(seal.NewSecret().Reveal()), Secret: stored(seal.NewSecret().Reveal())}
	pair, err := keys.NewPair(keys.Sr25519, w.core.Identity)
	if err != nil {
		return err
	}
	to := queue.ToWorker{Identity: [32]byte(pair.Public())}
	w.core.Queues = []position{{to, queue.Head{Hash: queue.Start(w.cfg.Chain.Genesis, to)}}}
	return w.store.Commit([]store.Change{w.save(partCore, w.core), w.save(partLight, w.light), w.save(partUp, w.up)})
}

// partKey is where a part lies. Clusters' keys are MACs, which this never is.
func partKey(part string) (k store.Key) {
	h := hmac.New(sha256.New, []byte("tacit worker part"))
	h.Write([]byte(part))
	h.Sum(k[:0])
	return k
}

func (w *Worker) save(part string, v any) store.Change {
	return store.Change{Key: partKey(part), Value: w.metaKey.Seal(nil, nil, scale.Marshal(v), []byte(part))}
}

func (w *Worker) load(r cluster.Reader, part string, v any) (bool, error) {
	box, ok := r.Get(partKey(part))
	if !ok {
		return false, nil
	}
	b, err := w.metaKey.Open(nil, nil, box, []byte(part))
	if err != nil {
		return false, fmt.Errorf("stored %s does not decrypt", part)
	}
	if err := scale.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("stored %s: %w", part, err)
	}
	return true, nil
}

// cluster makes a cluster in an epoch that the worker has the secret of.
func (w *Worker) cluster(m *membership, epoch uint32) (*cluster.Cluster, error) {
	secret, ok := m.secret(epoch)
	if !ok || m.Lasting == nil {
		return nil, fmt.Errorf("the secret of epoch %d of cluster %v is not here", epoch, m.ID)
	}
	return cluster.New(m.ID, w.cfg.Chain.Genesis, seal.SecretFrom(*m.Lasting), seal.SecretFrom(secret), epoch, w.codes)
}

// Close stops the worker's engine and closes its files.
func (w *Worker) Close(ctx context.Context) error {
	var errs []error
	if w.codes != nil {
		errs = append(errs, w.codes.Close(ctx))
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	return errors.Join(errs...)
}

// Identity is the public key that the chain knows the worker by.
func (w *Worker) Identity() [32]byte { return [32]byte(w.identity.Public()) }

// Info says who the worker is and how far it is.
func (w *Worker) Info() wire.Info {
	platform := w.cfg.Backend.PlatformInfo()
	w.mu.RLock()
	defer w.mu.RUnlock()
	out := wire.Info{
		Identity: w.Identity(), Genesis: w.cfg.Chain.Genesis, BootEpoch: w.core.BootEpoch, Registered: w.core.Heard,
		Simulated: platform.Simulated, Platform: platform.Kind.String(), ImageID: w.cfg.ImageID,
		Block: w.light.Number, BlockHash: w.light.Hash, SetID: w.light.Set.ID,
		Queues: w.positions(), NeedCode: w.needCode(), Pending: uint32(len(w.up.Payloads)), Promised: w.core.Promised,
	}
	for _, k := range w.registrationKeys() {
		out.HPKE = append(out.HPKE, clusters.HPKEKey{Kem: k.KEM, Key: k.Key})
	}
	for _, c := range w.core.Clusters {
		epoch := c.newest()
		if c.Open {
			epoch = c.At
		}
		out.Clusters = append(out.Clusters, wire.Cluster{ID: c.ID, Epoch: epoch, Keys: len(c.Epochs) > 0})
	}
	out.NeedWorkers, out.NeedSnapshots = w.core.needs()
	return out
}

// needs are the workers whose registration has to be proved, and the chunks of
// snapshots that have to be brought.
func (c core) needs() (workers [][32]byte, snapshots []wire.SnapshotNeed) {
	for _, g := range c.Gifts {
		if !slices.Contains(workers, g.To) && len(workers) < maxProved {
			workers = append(workers, g.To)
		}
	}
	for _, m := range c.Clusters {
		if m.wantsSnapshot() {
			snapshots = append(snapshots, wire.SnapshotNeed{Cluster: m.ID, Name: m.Kept.Name(), Next: m.restoring().Next})
		}
	}
	return workers, snapshots
}

// positions are those of the queues that the worker can execute.
func (w *Worker) positions() (out []wire.Position) {
	for _, q := range w.core.Queues {
		out = append(out, wire.Position{To: q.To, Next: q.Head.Count})
	}
	return out
}

func (w *Worker) registrationKeys() (out []report.HPKEKey) {
	for _, s := range seal.Suites {
		out = append(out, report.HPKEKey{KEM: s.KEM(), Key: w.hpke[s].Public().Bytes()})
	}
	return out
}

// Register returns evidence for the chain that this worker runs in the TEE.
func (w *Worker) Register(r wire.Register) (wire.Registration, error) {
	w.syncing.Lock()
	defer w.syncing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return wire.Registration{}, w.broken
	}
	epoch := max(r.LeastEpoch, w.core.BootEpoch)
	if epoch > w.core.BootEpoch {
		if epoch > w.core.BootEpoch+1<<32 {
			return wire.Registration{}, wire.Errorf(wire.KindBadRequest, "boot epoch %d is far away", r.LeastEpoch)
		}
		next, up := w.core, w.up
		if next.Promised = max(next.Promised, epoch); !next.Heard {
			next.BootEpoch, up = epoch, outbox{Payloads: w.up.Payloads}
		}
		if err := w.commit([]store.Change{w.save(partCore, next), w.save(partUp, up)}); err != nil {
			return wire.Registration{}, err
		}
		w.core, w.up = next, up
	}
	out := wire.Registration{
		Info: report.RegistrationInfo{
			Version: report.Version, Identity: w.Identity(), HPKE: w.registrationKeys(), Operator: r.Operator,
			ImageID: w.cfg.ImageID, BootEpoch: epoch, RecentBlock: r.Block,
		},
		Nonce: seal.NewSecret().Reveal(),
	}
	data := report.Data(&out.Info, report.Register, w.cfg.Chain.Genesis, r.BlockHash, out.Nonce)
	quote, err := w.cfg.Backend.Quote(data)
	if err != nil {
		return wire.Registration{}, err
	}
	out.Quote = quote
	out.Signature = [64]byte(w.identity.Sign(out.Info.SigningPayload(w.cfg.Chain.Genesis)))
	return out, nil
}

// commit makes changes durable. After a failure the worker does nothing more:
// what is on disk is known again when it starts the next time.
func (w *Worker) commit(changes []store.Change) error {
	if err := w.store.Commit(changes); err != nil {
		w.broken = err
		w.log.Error("state cannot be written", "error", err)
		return err
	}
	return nil
}

// maxUp is the most messages and bytes in one answer of Up.
const (
	maxUp      = 64
	maxUpBytes = 4 << 20
)

// Up returns the first messages for the chain, signed.
func (w *Worker) Up() wire.Up {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var out wire.Up
	size := 0
	for i, p := range w.up.Payloads {
		if size += len(p); i >= maxUp || i > 0 && size > maxUpBytes {
			break
		}
		m := queue.SignedMessage{
			Sender: queue.OriginWorker{Identity: w.Identity()}, BootEpoch: w.core.BootEpoch,
			Seq: w.up.First + uint64(i), Payload: p,
		}
		m.Signature = [64]byte(w.identity.Sign(m.SigningBytes(w.cfg.Chain.Genesis)))
		out.Messages = append(out.Messages, m)
	}
	return out
}

// Code takes a code that the worker needs.
func (w *Worker) Code(ctx context.Context, c wire.Code) error {
	w.mu.RLock()
	needed := slices.Contains(w.needCode(), c.Hash)
	w.mu.RUnlock()
	if !needed {
		return wire.Errorf(wire.KindBadCode, "code %v is not needed", c.Hash)
	}
	if err := w.codes.add(c.Hash, c.Chunks); err != nil {
		return err
	}
	// Compiled now, it does not hold up the queue later. A refusal is for
	// whoever sent the code, by receipt.
	if err := w.codes.Load(ctx, c.Hash); err != nil && !errors.Is(err, vm.ErrRefused) {
		return err
	}
	w.mu.Lock()
	w.need = slices.DeleteFunc(slices.Clone(w.need), func(h hash.H256) bool { return h == c.Hash })
	w.mu.Unlock()
	w.missed.drop(c.Hash)
	return nil
}

// block returns the last believed block and its time.
func (w *Worker) block() (n chain.BlockNumber, h hash.H256, ms uint64) {
	return w.light.Number, w.light.Hash, w.core.Time
}
