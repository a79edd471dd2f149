package frame

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// Origin is on whose behalf a call runs.
type Origin interface{ isOrigin() }

// The origins (frame_system::RawOrigin).
type (
	// Root may do what the chain's governance may.
	Root struct{}
	// Signed is an account that signed.
	Signed struct {
		Who chain.AccountID `name:"-"`
	}
	// None is nobody: an inherent, or a bare call that its pallet judged.
	None struct{}
)

func (Root) isOrigin()   {}
func (Signed) isOrigin() {}
func (None) isOrigin()   {}

var _ = scale.Enum(scale.V[Origin]{0: Root{}, 1: Signed{}, 2: None{}})

// OriginCaller is an origin of any pallet: RuntimeOriginCaller. Only the system
// has some.
type OriginCaller interface{ isOriginCaller() }

// SystemOrigin is an origin of the system.
type SystemOrigin struct {
	Origin Origin `name:"-"`
}

func (SystemOrigin) isOriginCaller() {}

var _ = scale.Enum(scale.V[OriginCaller]{0: SystemOrigin{}})

// Filter says whether a call may be made.
type Filter func(AnyCall) bool

// ErrCallFiltered means that a filter of the origin forbids the call. It is
// declared by the system, as in FRAME.
var ErrCallFiltered = NewError(5, "CallFiltered")

// Context is what a call runs in. It is made for one call and not kept.
type Context struct {
	storage.Host
	// Origin is on whose behalf the call runs.
	Origin  Origin
	filters []Filter
	rt      *Runtime
	post    *PostInfo
	depth   int
}

// Context returns a context over h outside any call, with the origin root.
func (rt *Runtime) Context(h storage.Host) *Context {
	return &Context{Host: h, Origin: Root{}, rt: rt, post: new(PostInfo)}
}

// Runtime returns the runtime that the call is of.
func (c *Context) Runtime() *Runtime { return c.rt }

// Signer returns the account that signed, or BadOrigin.
func (c *Context) Signer() (chain.AccountID, error) {
	if s, ok := c.Origin.(Signed); ok {
		return s.Who, nil
	}
	return chain.AccountID{}, ErrBadOrigin{}
}

// EnsureRoot returns BadOrigin unless the origin is root.
func (c *Context) EnsureRoot() error {
	if _, ok := c.Origin.(Root); ok {
		return nil
	}
	return ErrBadOrigin{}
}

// EnsureNone returns BadOrigin unless the call is bare.
func (c *Context) EnsureNone() error {
	if _, ok := c.Origin.(None); ok {
		return nil
	}
	return ErrBadOrigin{}
}

// Emit deposits an event. It panics when the runtime declares no such event,
// which is a bug.
func (c *Context) Emit(event any) { c.EmitIndexed(event) }

// EmitIndexed deposits an event under topics.
func (c *Context) EmitIndexed(event any, topics ...hash.H256) {
	at, ok := c.rt.events[reflect.TypeOf(event)]
	if !ok {
		panic(fmt.Sprintf("frame: the event %T is not declared", event))
	}
	b := scale.Append([]byte{at[0], at[1]}, event)
	b = scale.AppendCompact(b, uint64(len(topics)))
	for _, t := range topics {
		b = append(b, t[:]...)
	}
	c.rt.config.Deposit(c, b)
}

// PaysNo says that the call under way, if it succeeds, costs no fee.
func (c *Context) PaysNo() { c.post.PaysFee = PaysNo }

// Used says what the call under way really weighed.
func (c *Context) Used(w Weight) { c.post.ActualWeight = &w }

// maxCallDepth is how deep calls may nest, as in Substrate's dispatch.
const maxCallDepth = 64

// Filters are those that the origin of the call under way carries. Who makes
// a call with the same origin, or one derived from it, hands them to Dispatch;
// an origin that was authenticated anew begins without.
func (c *Context) Filters() []Filter { return slices.Clip(c.filters) }

// Dispatch runs call on behalf of origin, which carries the given filters;
// root bypasses them. When it fails, nothing of what it changed stays. What is
// returned wraps the pallet's error.
func (c *Context) Dispatch(origin Origin, call AnyCall, filters ...Filter) (PostInfo, error) {
	def, err := c.rt.def(call)
	if err != nil {
		return PostInfo{}, err
	}
	if c.depth >= maxCallDepth {
		return PostInfo{}, ErrTransactional{}
	}
	if _, root := origin.(Root); !root {
		for _, allows := range filters {
			if !allows(call) {
				return PostInfo{}, ErrCallFiltered
			}
		}
	}
	inner := &Context{Host: c.Host, Origin: origin, filters: filters, rt: c.rt, post: new(PostInfo), depth: c.depth + 1}
	c.Begin()
	if err := def.run(inner, call.Args); err != nil {
		c.Rollback()
		return *inner.post, err
	}
	c.Commit()
	return *inner.post, nil
}

// Try runs f and undoes what it changed when it fails.
func (c *Context) Try(f func() error) error {
	c.Begin()
	if err := f(); err != nil {
		c.Rollback()
		return err
	}
	c.Commit()
	return nil
}

// AnyCall is a call of any pallet: RuntimeCall.
type AnyCall struct {
	Pallet, Index uint8
	// Args is the struct that declared the call.
	Args any
	// size is the encoded length where the call was decoded, else 0.
	size int
}

// Len is the length of the encoded call in bytes.
func (c AnyCall) Len() int {
	if c.size == 0 {
		return len(c.EncodeSCALE(nil))
	}
	return c.size
}

// CallOf returns args, the struct of a declared call, as an AnyCall. It
// panics when the runtime has no such call.
func (rt *Runtime) CallOf(args any) AnyCall {
	at, ok := rt.calls[reflect.TypeOf(args)]
	if !ok {
		panic(fmt.Sprintf("frame: the call %T is not declared", args))
	}
	return AnyCall{Pallet: at[0], Index: at[1], Args: args}
}

// DecodeCall reads all of data as a call.
func (rt *Runtime) DecodeCall(data []byte) (AnyCall, error) {
	d := scale.NewDecoder(data)
	d.Table = rt
	var c AnyCall
	if err := d.Value(&c); err != nil {
		return AnyCall{}, err
	}
	return c, d.Finish()
}

// EncodeSCALE implements scale.Encoder.
func (c AnyCall) EncodeSCALE(dst []byte) []byte {
	return scale.Append(append(dst, c.Pallet, c.Index), c.Args)
}

// DecodeSCALE implements scale.Unmarshaler. The decoder's Table must be the
// runtime.
func (c *AnyCall) DecodeSCALE(d *scale.Decoder) error {
	rt, ok := d.Table.(*Runtime)
	if !ok {
		return fmt.Errorf("a call is read only by a runtime")
	}
	before := d.Remaining()
	b, err := d.Bytes(2)
	if err != nil {
		return err
	}
	c.Pallet, c.Index = b[0], b[1]
	def, err := rt.def(*c)
	if err != nil {
		return err
	}
	leave, err := d.Enter(maxCallDepth)
	if err != nil {
		return err
	}
	defer leave()
	c.Args, err = def.decode(d)
	c.size = before - d.Remaining()
	return err
}

func (rt *Runtime) def(c AnyCall) (*CallDef, error) {
	if p := rt.byIndex[c.Pallet]; p != nil && p.calls[c.Index] != nil {
		return p.calls[c.Index], nil
	}
	return nil, fmt.Errorf("the runtime has no call %d.%d", c.Pallet, c.Index)
}

// CallName returns the names of the call's pallet and its own.
func (rt *Runtime) CallName(c AnyCall) (pallet, name string) {
	def, err := rt.def(c)
	if err != nil {
		return "", ""
	}
	return rt.byIndex[c.Pallet].Name, def.name
}

// Info is what is known of call before it runs.
func (rt *Runtime) Info(call AnyCall) DispatchInfo {
	def, err := rt.def(call)
	if err != nil {
		return DispatchInfo{}
	}
	return DispatchInfo{def.weight(rt, call.Args), def.class(rt, call.Args), def.pays}
}

// Weight is what call may weigh, which is part of its Info.
func (rt *Runtime) Weight(call AnyCall) Weight {
	def, err := rt.def(call)
	if err != nil {
		return Weight{}
	}
	return def.weight(rt, call.Args)
}

// Spent is what call weighed according to what is known after it ran.
func (rt *Runtime) Spent(call AnyCall, post PostInfo) Weight {
	if post.ActualWeight != nil {
		return *post.ActualWeight
	}
	return rt.Weight(call)
}

// IsInherent says whether only the author of a block may make call.
func (rt *Runtime) IsInherent(call AnyCall) bool {
	if p := rt.byIndex[call.Pallet]; p != nil {
		if i, ok := p.module.(Inherent); ok {
			return i.IsInherent(call.Args)
		}
	}
	return false
}

// ValidateBare asks the call's pallet whether it may come without a signature.
func (rt *Runtime) ValidateBare(ctx *Context, source Source, call AnyCall) (Validity, error) {
	if p := rt.byIndex[call.Pallet]; p != nil {
		if v, ok := p.module.(BareValidator); ok {
			return v.ValidateBare(ctx, source, call.Args)
		}
	}
	return Validity{}, Unknown{NoUnsignedValidator{}}
}

// OnInitialize calls the pallets' hooks before a block and returns their
// weight.
func (rt *Runtime) OnInitialize(ctx *Context) Weight {
	var sum Weight
	for _, p := range rt.pallets {
		if h, ok := p.module.(Initializer); ok {
			sum = sum.Add(h.OnInitialize(ctx))
		}
	}
	return sum
}

// OnFinalize calls the pallets' hooks after a block.
func (rt *Runtime) OnFinalize(ctx *Context) {
	for _, p := range rt.pallets {
		if h, ok := p.module.(Finalizer); ok {
			h.OnFinalize(ctx)
		}
	}
}
