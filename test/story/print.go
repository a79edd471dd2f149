package story

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// silent are events that every transaction has.
var silent = []string{
	"System.ExtrinsicSuccess", "System.NewAccount", "Balances.Withdraw", "Balances.Deposit", "Balances.Reserved",
	"TransactionPayment.TransactionFeePaid", "Registry.EndpointsSet", "Queue.MessageReceived", "Utility.ItemCompleted", "Utility.BatchCompleted", "Treasury.Deposit", "Session.NewSession",
	"ImOnline.AllGood", "ImOnline.HeartbeatReceived",
}

// tell prints the events of a block.
func (w *World) tell(h chain.Header) error {
	w.quiet = true
	list, err := w.events(h)
	if err != nil {
		return err
	}
	for _, event := range list {
		w.cast(event)
		pallet, name := w.rt.EventName(event)
		if name = pallet + "." + name; slices.Contains(silent, name) || w.hushed[name] {
			continue
		}
		w.quiet = false
		if f, ok := event.(system.ExtrinsicFailed); ok {
			w.printf("block %d  %s{%s}\n", h.Number, name, w.rt.Explain(f.DispatchError))
			continue
		}
		w.printf("block %d  %s%s\n", h.Number, name, w.fields(reflect.ValueOf(event)))
	}
	if h.RuntimeUpdated() {
		w.printf("block %d  its header says that the runtime changed\n", h.Number)
	}
	return nil
}

// events reads the events of a block.
func (w *World) events(h chain.Header) (list []any, err error) {
	state, err := w.app.StateAt(h.Hash())
	if err != nil {
		return nil, err
	}
	raw, _ := state.Get(w.rt.System.Events.Key())
	d := scale.NewDecoder(raw)
	n, err := d.Len(3)
	if err != nil {
		return nil, err
	}
	for range n {
		var phase frame.Phase
		var topics []hash.H256
		if err := d.Value(&phase); err != nil {
			return nil, err
		}
		event, err := w.rt.Event(d)
		if err != nil {
			return nil, err
		}
		if err := d.Value(&topics); err != nil {
			return nil, err
		}
		list = append(list, event)
	}
	return list, nil
}

// show prints a value as a story has it: names for keys, tokens for amounts,
// sizes for bytes.
func (w *World) show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case keys.AccountID:
		return w.name(x)
	case hash.H256:
		return w.name(x)
	case [32]byte:
		return w.name(x)
	case scale.U128:
		return amount(x)
	case []byte:
		if len(x) > 0 && utf8.Valid(x) && !slices.ContainsFunc(x, func(b byte) bool { return b < ' ' }) {
			return fmt.Sprintf("%q", w.plain(string(x)))
		}
		return fmt.Sprintf("%d bytes", len(x))
	case frame.DispatchError:
		return w.rt.Explain(x)
	case scale.Result[struct{}, frame.DispatchError]:
		if x.OK {
			return "Ok"
		}
		return w.rt.Explain(x.Err)
	case interface{ Variants() []string }:
		return x.Variants()[v.Uint()]
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Interface:
		return w.show(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			return "none"
		}
		return w.show(v.Elem())
	case reflect.Struct:
		return v.Type().Name() + w.fields(v)
	case reflect.Slice:
		return fmt.Sprintf("%d of them", v.Len())
	}
	return fmt.Sprint(v.Interface())
}

func (w *World) fields(v reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "ExpiresAt" {
			continue
		}
		if n, ok := v.Field(i).Interface().(uint32); ok && name == "Size" {
			parts = append(parts, "size: "+roughly(int(n)))
			continue
		}
		if lower := strings.ToLower(name); name != strings.ToUpper(name) {
			name = lower[:1] + name[1:]
		} else {
			name = lower
		}
		parts = append(parts, name+": "+w.show(v.Field(i)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// roughly is a size that does not change with every compiler.
func roughly(n int) string {
	limit := 1
	for limit<<10 < n {
		limit *= 2
	}
	return fmt.Sprintf("at most %d kB", limit)
}

// name is what a key or a hash is called.
func (w *World) name(id [32]byte) string {
	if n, ok := w.names[id]; ok {
		return n
	}
	return "…"
}

// amount is in tokens, rounded down to a thousandth: what is below depends on
// lengths.
func amount(x scale.U128) string {
	if x.Hi != 0 {
		return x.String()
	}
	unit := runtime.Unit.Lo
	return strings.TrimSuffix(fmt.Sprintf("%d.%03d", x.Lo/unit, x.Lo%unit/(unit/1000)), ".000")
}

var (
	hexes = regexp.MustCompile(`(0x)?[0-9a-f]{8,}(…[0-9a-f]+)?`)
	ports = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// shorten leaves decimal numbers as they are.
func shorten(s string) string {
	if strings.Trim(s, "0123456789") == "" {
		return s
	}
	return "…"
}

// plain takes what is random out of a text.
func (w *World) plain(s string) string {
	for id, name := range w.names {
		for _, form := range []string{hash.H256(id).String(), hash.H256(id).String()[2:], hash.H256(id).Short(), keys.AccountID(id).String()} {
			s = strings.ReplaceAll(s, form, name)
		}
	}
	return ports.ReplaceAllString(hexes.ReplaceAllStringFunc(s, shorten), "host")
}

// bookkeeping is what every block changes.
var bookkeeping = []string{
	"Timestamp.", "Aura.", "Session.", "Grandpa.", "TransactionPayment.", "System.", "Registry.NextDeadline", "ImOnline.", "Staking.ErasRewardPoints",
}

// differences returns the storage items in which two states differ, without
// what every block changes.
func (w *World) differences(a, b *trie.Trie) []string {
	titles := map[string]string{}
	for _, m := range []frame.Module{
		w.rt.System, w.rt.Timestamp, w.rt.Balances, w.rt.Payment, w.rt.Authorship, w.rt.Session, w.rt.Grandpa, w.rt.Treasury, w.rt.Sudo,
		w.rt.Multisig, w.rt.Proxy, w.rt.Aura, w.rt.Staking, w.rt.Offences, w.rt.ImOnline,
		w.rt.Attestation, w.rt.Registry, w.rt.Queue, w.rt.Clusters, w.rt.Contracts,
	} {
		p := m.Declare()
		for _, e := range storage.Describe(p.State) {
			one, two := hash.Twox128([]byte(p.Name)), hash.Twox128([]byte(e.Name))
			titles[string(one[:])+string(two[:])] = p.Name + "." + e.Name
		}
	}
	var out []string
	note := func(key []byte) {
		title := "…"
		if len(key) > 0 && key[0] == ':' {
			title = string(key)
		}
		if len(key) >= 32 && titles[string(key[:32])] != "" {
			title = titles[string(key[:32])]
		}
		if title == "System.Account" && len(key) >= 32 {
			title = "account of " + w.name([32]byte(key[len(key)-32:]))
		}
		for _, p := range bookkeeping {
			if strings.HasPrefix(title, p) {
				return
			}
		}
		if !slices.Contains(out, title) {
			out = append(out, title)
		}
	}
	for key, value := range a.Iterate(nil) {
		if other, ok := b.Get(key); !ok || string(other) != string(value) {
			note(key)
		}
	}
	for key := range b.Keys(nil) {
		if !a.Has(key) {
			note(key)
		}
	}
	slices.Sort(out)
	return out
}
