// Package abi turns what people write into what contracts read, and back: it
// parses the metadata JSON of ink! 3 to 5, which contracts in Go have too, encodes
// the arguments of constructors and messages from text, and decodes results,
// with the names of the errors that a contract declares.
//
// It sends nothing and encrypts nothing.
package abi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxMetadata bounds the JSON that is read.
const maxMetadata = 4 << 20

// Metadata describes a contract: the parts of ink!'s metadata, version 5, that
// calls need. https://use.ink/docs/v5/metadata/
type Metadata struct {
	Source   Source   `json:"source"`
	Contract Info     `json:"contract"`
	Image    *string  `json:"image"`
	Version  Version  `json:"version"`
	Types    []Typed  `json:"types"`
	Spec     Spec     `json:"spec"`
	Storage  *Storage `json:"storage,omitempty"`
}

// Version is the version of the metadata, a number in ink! 5 and a string in
// ink! 4.
type Version int

// UnmarshalJSON reads either form.
func (v *Version) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*v = Version(n)
	return err
}

// Source says what the code was built from.
type Source struct {
	Hash     string `json:"hash"`
	Language string `json:"language"`
	Compiler string `json:"compiler"`
}

// Info names the contract.
type Info struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Authors []string `json:"authors"`
}

// Storage is the layout of the storage, which calls do not need.
type Storage struct {
	Root Root `json:"root"`
}

// Root is the root of a storage layout.
type Root struct {
	RootKey string         `json:"root_key"`
	Layout  map[string]any `json:"layout"`
	Type    uint32         `json:"ty"`
}

// Spec lists what can be called.
type Spec struct {
	Constructors []*Entry       `json:"constructors"`
	Messages     []*Entry       `json:"messages"`
	Events       []*Event       `json:"events"`
	Docs         []string       `json:"docs"`
	LangError    *TypeRef       `json:"lang_error,omitempty"`
	Environment  map[string]any `json:"environment,omitempty"`
}

// Entry is a constructor or a message.
type Entry struct {
	Label    string   `json:"label"`
	Selector string   `json:"selector"`
	Args     []Arg    `json:"args"`
	Return   *TypeRef `json:"returnType"`
	Mutates  bool     `json:"mutates"`
	Payable  bool     `json:"payable"`
	Default  bool     `json:"default"`
	Docs     []string `json:"docs"`
}

// Arg is an argument.
type Arg struct {
	Label string  `json:"label"`
	Type  TypeRef `json:"type"`
}

// TypeRef names a type of the registry.
type TypeRef struct {
	Type        uint32   `json:"type"`
	DisplayName []string `json:"displayName"`
}

// Typed is one type of the registry, with its number.
type Typed struct {
	ID   uint32 `json:"id"`
	Type Type   `json:"type"`
}

// Type is a type: scale-info's definition.
type Type struct {
	Path   []string    `json:"path,omitempty"`
	Params []TypeParam `json:"params,omitempty"`
	Def    Def         `json:"def"`
}

// TypeParam is a parameter of a generic type.
type TypeParam struct {
	Name string  `json:"name"`
	Type *uint32 `json:"type,omitempty"`
}

// Def holds exactly one kind of definition.
type Def struct {
	Primitive string     `json:"primitive,omitempty"`
	Composite *Composite `json:"composite,omitempty"`
	Variant   *Variants  `json:"variant,omitempty"`
	Sequence  *Elem      `json:"sequence,omitempty"`
	Array     *Array     `json:"array,omitempty"`
	Tuple     *[]uint32  `json:"tuple,omitempty"`
	Compact   *Elem      `json:"compact,omitempty"`
}

// Composite is a struct.
type Composite struct {
	Fields []Field `json:"fields,omitempty"`
}

// Field is a field of a struct or of a variant.
type Field struct {
	Name     string `json:"name,omitempty"`
	Type     uint32 `json:"type"`
	TypeName string `json:"typeName,omitempty"`
}

// Variants is an enum.
type Variants struct {
	Variants []Variant `json:"variants,omitempty"`
}

// Variant is one variant of an enum.
type Variant struct {
	Name   string   `json:"name"`
	Index  uint8    `json:"index"`
	Fields []Field  `json:"fields,omitempty"`
	Docs   []string `json:"docs,omitempty"`
}

// Elem is a type that another one consists of.
type Elem struct {
	Type uint32 `json:"type"`
}

// Array is a list of fixed length.
type Array struct {
	Len  uint32 `json:"len"`
	Type uint32 `json:"type"`
}

// Parse reads metadata.
func Parse(data []byte) (*Metadata, error) {
	if len(data) > maxMetadata {
		return nil, fmt.Errorf("contract metadata of %d bytes, %d are the most", len(data), maxMetadata)
	}
	// ink! 3 puts what differs between versions under its name.
	var file struct {
		Metadata
		V2, V3 *Metadata
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read contract metadata: %w", err)
	}
	m := file.Metadata
	for i, old := range []*Metadata{file.V2, file.V3} {
		if old != nil {
			m.Version, m.Types, m.Spec = Version(2+i), old.Types, old.Spec
		}
	}
	if m.Version < 2 || m.Version > 5 {
		return nil, fmt.Errorf("contract metadata has version %d; 2 to 5 are known", m.Version)
	}
	for _, e := range slices.Concat(m.Spec.Constructors, m.Spec.Messages) {
		if e == nil {
			return nil, fmt.Errorf("contract metadata has an empty entry")
		}
		if _, err := e.selector(); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

func (e *Entry) selector() (s [4]byte, err error) {
	b, err := hex.DecodeString(strings.TrimPrefix(e.Selector, "0x"))
	if err != nil || len(b) != 4 {
		return s, fmt.Errorf("%s has selector %q, which is not four bytes", e.Label, e.Selector)
	}
	return [4]byte(b), nil
}

// Constructor returns the constructor called label; an empty label means the
// only or the default one.
func (m *Metadata) Constructor(label string) (*Entry, error) {
	return find("constructor", m.Spec.Constructors, label)
}

// Message returns the message called label.
func (m *Metadata) Message(label string) (*Entry, error) {
	return find("message", m.Spec.Messages, label)
}

func find(kind string, entries []*Entry, label string) (*Entry, error) {
	var names []string
	for _, e := range entries {
		if e.Label == label || label == "" && (e.Default || len(entries) == 1) {
			return e, nil
		}
		names = append(names, e.Label)
	}
	return nil, fmt.Errorf("no %s %q; there are %s", kind, label, strings.Join(names, ", "))
}

// typ returns type id, or nil.
func (m *Metadata) typ(id uint32) *Type {
	if int(id) < len(m.Types) && m.Types[id].ID == id {
		return &m.Types[id].Type
	}
	for i := range m.Types {
		if m.Types[i].ID == id {
			return &m.Types[i].Type
		}
	}
	return nil
}
