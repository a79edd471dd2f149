package abi

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// ContractError is the error that a message returned, by the name that the
// contract gave it.
type ContractError struct{ Name string }

// Error says that the contract refused, and why.
func (e *ContractError) Error() string { return "the contract answered " + e.Name }

// ErrInput is returned for calls whose input the contract could not read.
var ErrInput = errors.New("the contract could not read the call")

// Decode reads the output of a call of e as text. Results of type Result are
// opened: an error of the contract comes back as a [*ContractError].
func (m *Metadata) Decode(e *Entry, output []byte) (string, error) {
	if e.Return == nil {
		if len(output) != 0 {
			return "", fmt.Errorf("decode result of %s: %d bytes left over", e.Label, len(output))
		}
		return "()", nil
	}
	d := scale.NewDecoder(output)
	s, err := m.open(d, e.Return.Type, true)
	// ink!'s constructors return more than their metadata says.
	if err == nil && !slices.Contains(m.Spec.Constructors, e) {
		err = d.Finish()
	}
	if err != nil {
		if _, ok := errors.AsType[*ContractError](err); ok || errors.Is(err, ErrInput) {
			return "", err
		}
		return "", fmt.Errorf("decode result of %s: %w", e.Label, err)
	}
	return s, nil
}

// open reads a value, and goes through Results: the outer one is that of the
// language, the inner one that of the contract.
func (m *Metadata) open(d *scale.Decoder, id uint32, outer bool) (string, error) {
	ty := m.typ(id)
	if ty == nil || ty.Def.Variant == nil || len(ty.Path) == 0 || ty.Path[len(ty.Path)-1] != "Result" {
		return m.value(d, id, 0)
	}
	which, err := d.Byte()
	if err != nil {
		return "", err
	}
	for _, v := range ty.Def.Variant.Variants {
		if v.Index != which {
			continue
		}
		if v.Name == "Ok" && len(v.Fields) == 0 {
			return "()", nil
		}
		if len(v.Fields) != 1 {
			break
		}
		if v.Name == "Ok" {
			return m.open(d, v.Fields[0].Type, false)
		}
		if outer && m.Spec.LangError != nil && m.isLangError(v.Fields[0].Type) {
			return "", ErrInput
		}
		s, err := m.value(d, v.Fields[0].Type, 0)
		if err != nil {
			return "", err
		}
		return "", &ContractError{s}
	}
	return "", fmt.Errorf("result variant %d", which)
}

func (m *Metadata) isLangError(id uint32) bool {
	t := m.typ(id)
	return t != nil && len(t.Path) > 0 && t.Path[len(t.Path)-1] == "LangError"
}

// value reads one value and writes it in the form that Encode reads.
func (m *Metadata) value(d *scale.Decoder, id uint32, depth int) (string, error) {
	ty := m.typ(id)
	if ty == nil || depth > maxDepth {
		return "", fmt.Errorf("type %d is unknown or nests too deep", id)
	}
	def := &ty.Def
	switch {
	case def.Primitive != "":
		return decodePrimitive(d, def.Primitive)
	case def.Composite != nil:
		fields := def.Composite.Fields
		if len(ty.Path) > 0 && ty.Path[len(ty.Path)-1] == "AccountId" {
			b, err := d.Bytes(32)
			if err != nil {
				return "", err
			}
			return keys.AccountID(b).String(), nil
		}
		if len(fields) == 1 && fields[0].Name == "" {
			return m.value(d, fields[0].Type, depth+1)
		}
		return m.fields(d, fields, depth)
	case def.Variant != nil:
		which, err := d.Byte()
		if err != nil {
			return "", err
		}
		for _, v := range def.Variant.Variants {
			if v.Index != which {
				continue
			}
			if len(v.Fields) == 0 {
				return v.Name, nil
			}
			s, err := m.fields(d, v.Fields, depth)
			if s != "" && s[0] != '(' {
				s = "(" + s + ")"
			}
			return v.Name + s, err
		}
		return "", fmt.Errorf("variant %d of type %d", which, id)
	case def.Sequence != nil:
		if e := m.typ(def.Sequence.Type); e != nil && e.Def.Primitive == "u8" {
			b, err := d.ByteSlice()
			return "0x" + hex.EncodeToString(b), err
		}
		n, err := d.Len(1)
		if err != nil {
			return "", err
		}
		return m.elements(d, "[", "]", n, func(int) uint32 { return def.Sequence.Type }, depth)
	case def.Array != nil:
		n := int(def.Array.Len)
		if e := m.typ(def.Array.Type); e != nil && e.Def.Primitive == "u8" {
			b, err := d.Bytes(n)
			return "0x" + hex.EncodeToString(b), err
		}
		if n > d.Remaining() {
			return "", fmt.Errorf("array of %d elements", n)
		}
		return m.elements(d, "[", "]", n, func(int) uint32 { return def.Array.Type }, depth)
	case def.Tuple != nil:
		types := *def.Tuple
		return m.elements(d, "(", ")", len(types), func(i int) uint32 { return types[i] }, depth)
	case def.Compact != nil:
		n, err := d.CompactU128()
		return n.String(), err
	}
	return "", fmt.Errorf("type %d has no definition", id)
}

func (m *Metadata) elements(d *scale.Decoder, open, end string, n int, typ func(int) uint32, depth int) (string, error) {
	var parts []string
	for i := range n {
		s, err := m.value(d, typ(i), depth+1)
		if err != nil {
			return "", err
		}
		parts = append(parts, s)
	}
	return open + strings.Join(parts, ", ") + end, nil
}

func (m *Metadata) fields(d *scale.Decoder, fields []Field, depth int) (string, error) {
	var parts []string
	open, end := "(", ")"
	for _, f := range fields {
		s, err := m.value(d, f.Type, depth+1)
		if err != nil {
			return "", err
		}
		if f.Name != "" {
			open, end = "{", "}"
			s = f.Name + ": " + s
		}
		parts = append(parts, s)
	}
	return open + strings.Join(parts, ", ") + end, nil
}

func decodePrimitive(d *scale.Decoder, name string) (string, error) {
	switch name {
	case "bool":
		v, err := d.Bool()
		return strconv.FormatBool(v), err
	case "str":
		b, err := d.ByteSlice()
		return strconv.Quote(string(b)), err
	}
	bits, err := width(name)
	if err != nil {
		return "", err
	}
	b, err := d.Bytes(bits / 8)
	if err != nil {
		return "", err
	}
	var v scale.U128
	for i, c := range b {
		if i < 8 {
			v.Lo |= uint64(c) << (8 * i)
		} else {
			v.Hi |= uint64(c) << (8 * (i - 8))
		}
	}
	if name[0] == 'i' {
		return strconv.FormatInt(int64(v.Lo<<(64-bits))>>(64-bits), 10), nil
	}
	return v.String(), nil
}

// TypeName is the name of a type for people.
func (m *Metadata) TypeName(id uint32) string { return m.typeName(id, 0) }

func (m *Metadata) typeName(id uint32, depth int) string {
	ty := m.typ(id)
	if ty == nil || depth > maxDepth {
		return "?"
	}
	d := &ty.Def
	switch {
	case d.Primitive == "str":
		return "String"
	case d.Primitive != "":
		return d.Primitive
	case d.Sequence != nil:
		return "Vec<" + m.typeName(d.Sequence.Type, depth+1) + ">"
	case d.Array != nil:
		return fmt.Sprintf("[%s; %d]", m.typeName(d.Array.Type, depth+1), d.Array.Len)
	case d.Compact != nil:
		return "Compact<" + m.typeName(d.Compact.Type, depth+1) + ">"
	case d.Tuple != nil:
		var parts []string
		for _, t := range *d.Tuple {
			parts = append(parts, m.typeName(t, depth+1))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	if len(ty.Path) == 0 {
		return "?"
	}
	name := ty.Path[len(ty.Path)-1]
	var params []string
	for _, p := range ty.Params {
		if p.Type != nil {
			params = append(params, m.typeName(*p.Type, depth+1))
		}
	}
	if len(params) > 0 {
		name += "<" + strings.Join(params, ", ") + ">"
	}
	return name
}
