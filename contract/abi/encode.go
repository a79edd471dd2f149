package abi

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// maxDepth bounds how deep types may nest.
const maxDepth = 16

// Encode returns the input that calls e with args, each written as text:
//
//	true, 42, 1_000_000            bool and numbers
//	5Grw… or 0x…                   accounts, hashes, byte arrays, Vec<u8>
//	text or "text"                 String
//	none, some(…) or the value     Option
//	[a, b, c]                      Vec, arrays
//	{field: a, other: b}, (a, b)   structs and tuples
//	Name, Name(…)                  variants of enums
func (m *Metadata) Encode(e *Entry, args []string) ([]byte, error) {
	if len(args) != len(e.Args) {
		var want []string
		for _, a := range e.Args {
			want = append(want, a.Label+" "+m.TypeName(a.Type.Type))
		}
		return nil, fmt.Errorf("%s takes %d arguments (%s), got %d", e.Label, len(e.Args), strings.Join(want, ", "), len(args))
	}
	sel, err := e.selector()
	if err != nil {
		return nil, err
	}
	out := sel[:]
	for i, a := range e.Args {
		t := &text{s: args[i], whole: true}
		if out, err = m.encode(out, a.Type.Type, t, 0); err == nil {
			err = t.end()
		}
		if err != nil {
			return nil, fmt.Errorf("argument %s of %s: %w", a.Label, e.Label, err)
		}
	}
	return out, nil
}

// text is a cursor in an argument.
type text struct {
	s     string
	whole bool // the rest is one value, with no list or struct around it
}

func (t *text) space() { t.s = strings.TrimLeft(t.s, " \t\n") }

func (t *text) end() error {
	if t.space(); t.s != "" {
		return fmt.Errorf("unexpected %q", t.s)
	}
	return nil
}

func (t *text) accept(prefix string) bool {
	t.space()
	rest, ok := strings.CutPrefix(t.s, prefix)
	if ok {
		t.s = rest
	}
	return ok
}

func (t *text) expect(prefix string) error {
	if !t.accept(prefix) {
		return fmt.Errorf("expected %q at %q", prefix, t.s)
	}
	return nil
}

// word reads up to the next separator.
func (t *text) word() string {
	t.space()
	i := strings.IndexAny(t.s, ",()[]{}: \t\n")
	if i < 0 {
		i = len(t.s)
	}
	w := t.s[:i]
	t.s = t.s[i:]
	return w
}

func (t *text) str() (string, error) {
	all := t.s
	t.space()
	if strings.HasPrefix(t.s, `"`) {
		q, err := strconv.QuotedPrefix(t.s)
		if err != nil {
			return "", fmt.Errorf("text %q: %w", t.s, err)
		}
		t.s = t.s[len(q):]
		return strconv.Unquote(q)
	}
	if t.whole { // with the blanks in front
		t.s = ""
		return all, nil
	}
	return t.word(), nil
}

func (m *Metadata) encode(dst []byte, id uint32, t *text, depth int) ([]byte, error) {
	ty := m.typ(id)
	if ty == nil || depth > maxDepth {
		return nil, fmt.Errorf("type %d is unknown or nests too deep", id)
	}
	d := &ty.Def
	switch {
	case d.Primitive != "":
		return encodePrimitive(dst, d.Primitive, t)
	case d.Composite != nil:
		return m.encodeComposite(dst, ty, t, depth)
	case d.Variant != nil:
		return m.encodeVariant(dst, ty, t, depth)
	case d.Sequence != nil:
		if b, ok, err := m.byteList(d.Sequence.Type, t); ok || err != nil {
			return scale.AppendBytes(dst, b), err
		}
		var items []byte
		n, err := t.list("[", "]", func() (err error) {
			items, err = m.encode(items, d.Sequence.Type, t, depth+1)
			return err
		})
		return append(scale.AppendCompact(dst, uint64(n)), items...), err
	case d.Array != nil:
		if b, ok, err := m.byteList(d.Array.Type, t); ok || err != nil {
			if err == nil && len(b) != int(d.Array.Len) {
				err = fmt.Errorf("%d bytes, want %d", len(b), d.Array.Len)
			}
			return append(dst, b...), err
		}
		n, err := t.list("[", "]", func() (err error) {
			dst, err = m.encode(dst, d.Array.Type, t, depth+1)
			return err
		})
		if err == nil && n != int(d.Array.Len) {
			err = fmt.Errorf("%d values, want %d", n, d.Array.Len)
		}
		return dst, err
	case d.Tuple != nil:
		types := *d.Tuple
		if len(types) == 0 {
			t.accept("()")
			return dst, nil
		}
		i := 0
		n, err := t.list("(", ")", func() (err error) {
			if i >= len(types) {
				return fmt.Errorf("more than %d values", len(types))
			}
			dst, err = m.encode(dst, types[i], t, depth+1)
			i++
			return err
		})
		if err == nil && n != len(types) {
			err = fmt.Errorf("%d values, want %d", n, len(types))
		}
		return dst, err
	case d.Compact != nil:
		n, err := number(t, 128)
		return scale.AppendCompactU128(dst, n), err
	}
	return nil, fmt.Errorf("type %d has no definition", id)
}

func (t *text) list(open, end string, item func() error) (n int, err error) {
	whole := t.whole
	t.whole = false
	defer func() { t.whole = whole }()
	if err := t.expect(open); err != nil {
		return 0, err
	}
	for !t.accept(end) {
		if n > 0 {
			if err := t.expect(","); err != nil {
				return n, err
			}
		}
		if err := item(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// byteList reads hex for a list of bytes.
func (m *Metadata) byteList(elem uint32, t *text) (b []byte, ok bool, err error) {
	if e := m.typ(elem); e == nil || e.Def.Primitive != "u8" {
		return nil, false, nil
	}
	t.space()
	if !strings.HasPrefix(t.s, "0x") {
		return nil, false, nil
	}
	b, err = hex.DecodeString(t.word()[2:])
	return b, true, err
}

func (m *Metadata) encodeComposite(dst []byte, ty *Type, t *text, depth int) ([]byte, error) {
	fields := ty.Def.Composite.Fields
	if len(ty.Path) > 0 && ty.Path[len(ty.Path)-1] == "AccountId" {
		a, err := keys.ParseAccountID(t.word())
		return append(dst, a[:]...), err
	}
	if len(fields) == 1 && fields[0].Name == "" {
		return m.encode(dst, fields[0].Type, t, depth+1)
	}
	open, end := "{", "}"
	if len(fields) > 0 && fields[0].Name == "" {
		open, end = "(", ")"
	}
	i := 0
	n, err := t.list(open, end, func() (err error) {
		if i >= len(fields) {
			return fmt.Errorf("more than %d fields", len(fields))
		}
		f := fields[i]
		i++
		if f.Name != "" {
			if w := t.word(); w != f.Name {
				return fmt.Errorf("field %q, want %q next", w, f.Name)
			}
			if err := t.expect(":"); err != nil {
				return err
			}
		}
		dst, err = m.encode(dst, f.Type, t, depth+1)
		return err
	})
	if err == nil && n != len(fields) {
		err = fmt.Errorf("%d fields, want %d", n, len(fields))
	}
	return dst, err
}

func (m *Metadata) encodeVariant(dst []byte, ty *Type, t *text, depth int) ([]byte, error) {
	variants := ty.Def.Variant.Variants
	rest := t.s
	name := t.word()
	option := len(ty.Path) > 0 && ty.Path[len(ty.Path)-1] == "Option"
	for _, v := range variants {
		if v.Name != name && !(option && strings.EqualFold(v.Name, name)) {
			continue
		}
		dst = append(dst, v.Index)
		if len(v.Fields) == 0 {
			return dst, nil
		}
		i := 0
		n, err := t.list("(", ")", func() (err error) {
			if i >= len(v.Fields) {
				return fmt.Errorf("more than %d fields", len(v.Fields))
			}
			dst, err = m.encode(dst, v.Fields[i].Type, t, depth+1)
			i++
			return err
		})
		if err == nil && n != len(v.Fields) {
			err = fmt.Errorf("%d fields, want %d", n, len(v.Fields))
		}
		return dst, err
	}
	if option && len(variants) == 2 && len(variants[1].Fields) == 1 {
		t.s = rest // the value alone
		return m.encode(append(dst, variants[1].Index), variants[1].Fields[0].Type, t, depth+1)
	}
	return nil, fmt.Errorf("no variant %q", name)
}

func encodePrimitive(dst []byte, name string, t *text) ([]byte, error) {
	switch name {
	case "bool":
		v, err := strconv.ParseBool(t.word())
		return scale.AppendBool(dst, v), err
	case "str":
		s, err := t.str()
		return scale.AppendBytes(dst, []byte(s)), err
	}
	bits, err := width(name)
	if err != nil {
		return nil, err
	}
	if name[0] == 'i' {
		v, err := strconv.ParseInt(strings.ReplaceAll(t.word(), "_", ""), 10, bits)
		return scale.AppendUint64(dst, uint64(v))[:len(dst)+bits/8], err
	}
	v, err := number(t, bits)
	return v.EncodeSCALE(dst)[:len(dst)+bits/8], err
}

// width is how many bits a type of numbers has.
func width(name string) (bits int, err error) {
	switch name {
	case "u8", "i8":
		return 8, nil
	case "u16", "i16":
		return 16, nil
	case "u32", "i32":
		return 32, nil
	case "u64", "i64":
		return 64, nil
	case "u128":
		return 128, nil
	}
	return 0, fmt.Errorf("type %s is not offered here", name)
}

func number(t *text, bits int) (scale.U128, error) {
	w := t.word()
	v, err := scale.ParseU128(strings.ReplaceAll(w, "_", ""))
	if err != nil {
		return v, fmt.Errorf("number %q: %w", w, err)
	}
	if bits <= 64 && (v.Hi != 0 || bits < 64 && v.Lo>>bits != 0) {
		return v, fmt.Errorf("%s does not fit into %d bits", w, bits)
	}
	return v, nil
}
