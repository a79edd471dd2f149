package runtime

import (
	"fmt"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/storage"
)

// Version is what one version of the runtime has of its own; all else they
// share. Whatever changes a result of the runtime, be it one weight, is a new
// version, and the old ones stay as they were: nodes execute old blocks again.
type Version struct {
	// Spec is the spec version, which names the version in the state.
	Spec uint32
	// Transaction is the transaction version. It changes when an index or an
	// argument of a call does.
	Transaction uint32
	// BatchedCalls is how many calls a batch may have.
	BatchedCalls uint32
	// Migrate changes what the version before left in the state, in the last
	// block that that one executes; nil changes nothing. It must be cheap: the
	// block has no weight set aside for it.
	Migrate func(*Runtime, *frame.Context)
}

// Versions are those that this program carries, the oldest first.
func Versions() []Version {
	return []Version{{Spec: SpecVersion, Transaction: TransactionVersion, BatchedCalls: 10_922}}
}

// New makes the newest version of the runtime that this program carries.
func New() *Runtime { return Carrying(Versions()...) }

// Carrying makes the last of the versions; it knows those before.
//
// Preconditions: there is a version, and each has a higher number than the one
// before.
func Carrying(versions ...Version) *Runtime {
	carried := make([]*Runtime, len(versions))
	for i, v := range versions {
		carried[i] = build(v)
		carried[i].carried = carried
	}
	return carried[len(carried)-1]
}

// NoVersion means that a program does not carry a version of the runtime.
type NoVersion struct {
	Spec uint32
	// Oldest and Newest are what it carries.
	Oldest, Newest uint32
}

// Error implements error.
func (e NoVersion) Error() string {
	carries := fmt.Sprint(e.Oldest)
	if e.Newest != e.Oldest {
		carries += fmt.Sprintf(" to %d", e.Newest)
	}
	return fmt.Sprintf("this program lacks spec version %d of the runtime (it carries %s)", e.Spec, carries)
}

// Spec is the runtime's spec version.
func (r *Runtime) Spec() uint32 { return r.System.Version.SpecVersion }

// At returns the version with the given number, or NoVersion.
func (r *Runtime) At(spec uint32) (*Runtime, error) {
	for _, v := range r.carried {
		if v.Spec() == spec {
			return v, nil
		}
	}
	return nil, NoVersion{spec, r.carried[0].Spec(), r.carried[len(r.carried)-1].Spec()}
}

// First returns the version that makes a genesis state, or NoVersion.
func (r *Runtime) First(g Genesis) (*Runtime, error) { return r.At(max(g.SpecVersion, 1)) }

// In returns the version that is in force in a state: it executes the next
// block, and answers what is asked about this one. A program that lacks it
// gets NoVersion.
func (r *Runtime) In(state storage.Reader) (*Runtime, error) {
	last, ok := r.System.LastRuntimeUpgrade.Find(state)
	if !ok {
		return nil, fmt.Errorf("the state says no version of the runtime")
	}
	return r.At(last.SpecVersion)
}

// upgrade ends the last block of this version: it is still told in this
// version's words. Each version on the way to the next one changes the state as
// it must.
func (r *Runtime) upgrade(ctx *frame.Context, spec uint32) {
	next, err := r.At(spec)
	if err != nil {
		panic(err)
	}
	for _, v := range r.carried {
		if v.Spec() > r.Spec() && v.Spec() <= spec && v.migrate != nil {
			v.migrate(v, ctx)
		}
	}
	ctx.Set(CodeKey, next.Code())
	r.System.Upgrade(ctx, next.System.Version)
}
