package story

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	words "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	registrations "github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
)

// vendorSeed is that of the root which stands for a vendor's where a chain takes
// its machines for real ones.
const vendorSeed = "a vendor of the stories"

// nextProgram is the measurement of a newer program.
var nextProgram = attest.Digest{9}

// warnings are the reasons that a relay warned of, once each.
type warnings struct {
	mu   sync.Mutex
	list []string // guarded by mu
}

// Enabled implements slog.Handler.
func (h *warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h *warnings) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "reason" {
			text += ": " + a.Value.String()
		}
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (h *warnings) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *warnings) WithGroup(string) slog.Handler { return h }

func (h *warnings) print(w *World, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, text := range h.list {
		w.printf("%s's relay warns: %s\n", name, text)
	}
}

// forger is somebody who got the attestation key out of a genuine machine: it
// says of itself, in quotes that are genuine, whatever it likes.
type forger struct {
	identity keys.Pair
	machine  *sim.Module
	epoch    uint64
	seq      uint64
}

// machine is one of the vendor's, with a name.
func (w *World) machine(name string) sim.Config {
	m := sim.Config{Secret: []byte("the machine of " + name), MRTD: program, SealToMachine: true}
	if w.real {
		m.Seed = vendorSeed
	}
	return m
}

// collateral by=Bob [recovery=yes|no] [eval=N] [revoke=w1,w2]
//
// has somebody bring what the vendor says from now on.
func (w *World) collateral(l *line) error {
	by, err := w.account(l.opt("by", "Bob"))
	if err != nil {
		return err
	}
	if r := l.opt("recovery", ""); r != "" {
		w.vendor.Recovery = r == "yes"
	}
	eval, err := l.number("eval", int(w.vendor.Eval))
	if err != nil {
		return err
	}
	w.vendor.Eval = uint32(eval)
	for _, name := range strings.FieldsFunc(l.opt("revoke", ""), func(r rune) bool { return r == ',' }) {
		m, err := sim.Open(w.machine(name))
		if err != nil {
			return err
		}
		w.vendor.RevokedPCK = append(w.vendor.RevokedPCK, m.Platform().Serial())
	}
	return w.do(by, attestation.UploadCollateral{Collateral: *w.vendor.Collateral(attest.TDX, devpki.FMSPC, w.now/1000)})
}

// days N NAME…
//
// lets days go by. The relays of these workers run whenever a registration is
// about to end; that workers register again, and that the vendor says the same,
// is not told.
func (w *World) days(l *line) error {
	word, err := l.arg(0)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return err
	}
	const hour = 60 * 60 * 1000
	before := w.hushed
	w.hushed = maps.Clone(before)
	for _, name := range []string{"Registry.WorkerRegistered", "Queue.MessagePushed", "Attestation.CollateralUpdated", "System.ExtrinsicFailed"} {
		w.hushed[name] = true
	}
	defer func() { w.hushed = before }()
	told := map[string]bool{}
	for end := w.now + uint64(n)*24*hour; w.now < end; {
		if w.now, err = w.ends(l.args[1:], end); err != nil {
			return err
		}
		if err := w.step(); err != nil {
			return err
		}
		for _, name := range l.args[1:] {
			if err := w.relay(w.workers[name], honest); err != nil && !told[name] {
				told[name] = true
				w.printf("%s: error: %s\n", name, w.plain(err.Error()))
			}
		}
	}
	return nil
}

// ends is half an hour before the first of the workers' registrations ends, a
// day from now where none does, or last.
func (w *World) ends(names []string, last uint64) (uint64, error) {
	const minute = 60 * 1000
	next := min(last, w.now+24*60*minute)
	state, err := w.state()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		id, err := w.identity(name)
		if err != nil {
			return 0, err
		}
		if r, ok := w.rt.Registry.Workers.Get(state, id); ok && r.ExpiresAt > w.now+31*minute {
			next = min(next, r.ExpiresAt-30*minute)
		}
	}
	return next, nil
}

// forge NAME machine=M [by=Mallory]
//
// registers somebody who holds the attestation key of a machine, and runs no
// worker: the quote says that it is one.
func (w *World) forge(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	by, err := w.account(l.opt("by", "Mallory"))
	if err != nil {
		return err
	}
	f := w.forgers[name]
	if f == nil {
		f = &forger{}
		if f.identity, err = keys.NewPair(keys.Sr25519, hash.Blake2b256([]byte("the key of "+name))); err != nil {
			return err
		}
		config := w.config()
		machine := w.machine(l.opt("machine", name))
		machine.ConfigID = config.Hash()
		if f.machine, err = sim.Open(machine); err != nil {
			return err
		}
		w.forgers[name] = f
		w.names[[32]byte(f.identity.Public())] = name
	}
	l.used["machine"] = true
	f.epoch, f.seq = f.epoch+1, 0
	head := w.app.Head()
	if err := w.step(); err != nil { // so that the head is a recent block
		return err
	}
	info := report.RegistrationInfo{
		Version: report.Version, Identity: [32]byte(f.identity.Public()), HPKE: []report.HPKEKey{{KEM: 0x20, Key: f.identity.Public()}},
		Operator: by.AccountID(), ImageID: attest.ImageID(sim.Measurement(program)), BootEpoch: f.epoch, RecentBlock: head.Number,
	}
	r := registry.Register{Info: info}
	if r.Quote, err = f.machine.Backend().Quote(report.Data(&info, report.Register, w.app.Genesis(), head.Hash(), r.Nonce)); err != nil {
		return err
	}
	r.Signature = [64]byte(f.identity.Sign(info.SigningPayload(w.app.Genesis())))
	return w.do(by, r)
}

// speak NAME CLUSTER what=key|hand-over [to=w1]
//
// says to the chain, as a forger, what members of a cluster say.
func (w *World) speak(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	f := w.forgers[name]
	if f == nil {
		return fmt.Errorf("no forger is called %s", name)
	}
	which, err := l.arg(1)
	if err != nil {
		return err
	}
	id, ok := w.clusters[which]
	if !ok {
		return fmt.Errorf("no cluster is called %s", which)
	}
	var say clusters.UpMessage
	switch what := l.opt("what", "key"); what {
	case "key":
		say = clusters.ClusterKey{Cluster: id, HPKE: []clusters.HPKEKey{{Kem: 0x20, Key: f.identity.Public()}}}
	case "hand-over":
		to, err := w.identity(l.opt("to", name))
		if err != nil {
			return err
		}
		say = clusters.HandOver{Cluster: id, To: to, Envelope: []byte("a false secret")}
	default:
		return fmt.Errorf("nothing is known to say as %q", what)
	}
	m := words.SignedMessage{
		Sender: words.OriginWorker{Identity: [32]byte(f.identity.Public())}, BootEpoch: f.epoch, Seq: f.seq, Payload: scale.Encode(say),
	}
	m.Signature = [64]byte(f.identity.Sign(m.SigningBytes(w.app.Genesis())))
	if err := w.submit(scale.AppendBytes(nil, w.rt.Bare(queue.Sync{Message: m}))); err != nil {
		return err
	}
	f.seq++
	return w.step()
}

// belongs NAME CLUSTER…
//
// prints in which clusters a worker or a forger is.
func (w *World) belongs(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	id, err := w.identity(name)
	if err != nil {
		return err
	}
	state, err := w.state()
	if err != nil {
		return err
	}
	var in []string
	for _, cluster := range l.args[1:] {
		c, ok := w.rt.Clusters.Clusters.Get(state, w.clusters[cluster])
		if !ok {
			return fmt.Errorf("no cluster is called %s", cluster)
		}
		if slices.Contains(c.Members, id) {
			in = append(in, cluster)
		}
	}
	if len(in) == 0 {
		in = []string{fmt.Sprintf("none of the %d clusters", len(l.args)-1)}
	}
	w.printf("%s is in %s\n", name, strings.Join(in, ", "))
	return nil
}

// identity is a worker's, or a forger's.
func (w *World) identity(name string) ([32]byte, error) {
	if e := w.workers[name]; e != nil {
		return e.worker.Identity(), nil
	}
	if f := w.forgers[name]; f != nil {
		return [32]byte(f.identity.Public()), nil
	}
	return [32]byte{}, fmt.Errorf("no worker is called %s", name)
}

// worth says what is not as it is for a good worker of tier 0.
func (w *World) worth(id [32]byte) (string, error) {
	raw, err := w.app.Call(w.app.Head().Hash(), "RegistryApi_judge", id[:])
	if err != nil {
		return "", err
	}
	j, err := scale.Decode[*registrations.Judgement](raw)
	if err != nil || j == nil {
		return "", err
	}
	out := ""
	if j.Tier > 0 {
		out += fmt.Sprintf("  tier %d", j.Tier)
	}
	if j.Standing != registrations.Good {
		out += "  " + j.Standing.String()
	}
	return out, nil
}

// admission reads the calls about who may work.
func (a *reader) admission(name string) any {
	switch name {
	case "freeze":
		return registry.Freeze{Frozen: a.next() == "yes"}
	case "ban":
		return registry.BanPlatform{Platform: a.platform(), Banned: true}
	case "unban":
		return registry.BanPlatform{Platform: a.platform()}
	case "cap":
		return registry.SetPlatformCap{Platform: a.platform(), Cap: a.number()}
	case "endorsers":
		c := registry.SetEndorsers{Quorum: a.number()}
		for len(a.parts) > 0 && a.err == nil {
			c.Accounts = append(c.Accounts, a.account())
		}
		return c
	case "endorse":
		return registry.Endorse{Platform: a.platform(), Endorsed: true}
	case "stake":
		return registry.Stake{Worker: a.worker(), Amount: a.amount()}
	case "unstake":
		return registry.Unstake{Worker: a.worker()}
	case "drain":
		return registry.SetDraining{Worker: a.worker(), Draining: a.next() == "yes"}
	case "admit_next": // the next program, from a block on
		return attestation.AddImage{
			Name: []byte("worker"), Version: 2, ConsensusVersion: 1, Measurement: sim.Measurement(nextProgram), ActiveFrom: a.number(), TierMax: 5,
		}
	case "retire": // the first program, at a block
		return attestation.RetireImage{Image: attest.ImageID(sim.Measurement(program)), At: a.number()}
	case "leave":
		return registry.Deregister{Worker: a.worker()}
	}
	if a.err == nil {
		a.err = fmt.Errorf("no call is called %q", name)
	}
	return nil
}

func (a *reader) worker() [32]byte {
	id, err := a.w.identity(a.next())
	if a.err == nil {
		a.err = err
	}
	return id
}

// platform is the machine on which a worker is registered, or was.
func (a *reader) platform() hash.H256 {
	id := a.worker()
	state, err := a.w.state()
	if err != nil {
		a.err = errors.Join(a.err, err)
		return hash.H256{}
	}
	r, ok := a.w.rt.Registry.Workers.Get(state, id)
	if !ok && a.err == nil {
		a.err = errors.New("the worker is not registered")
	}
	return r.Platform
}
