// Package metadata turns Go types into Substrate's metadata, which tells a
// client how everything on the chain is encoded, and reads it back.
//
// A Registry walks Go types as package scale does and numbers what it meets.
// V14 and V15 are the two forms in which a runtime hands the result out.
// Where a type has to carry the path by which wallets know it, such as
// sp_core::crypto::AccountId32, the runtime says so through a Naming: this
// package knows no chain type.
//
// Specification: https://docs.rs/frame-metadata, versions 14 and 15.
package metadata

import (
	"fmt"

	"github.com/tacit-network/tacit/scale"
)

// Magic begins all metadata: "meta".
const Magic = 0x6174656d

// TypeID is the number of a type in a Registry.
type TypeID uint32

// EncodeSCALE implements scale.Encoder: compact.
func (id TypeID) EncodeSCALE(dst []byte) []byte { return scale.AppendCompact(dst, uint64(id)) }

// DecodeSCALE implements scale.Unmarshaler.
func (id *TypeID) DecodeSCALE(d *scale.Decoder) error {
	n, err := d.Compact()
	if err != nil {
		return err
	}
	if n>>32 != 0 {
		return fmt.Errorf("type id %d is over 32 bits", n)
	}
	*id = TypeID(n)
	return nil
}

// PortableType is a type with its number.
type PortableType struct {
	ID   TypeID
	Type Type
}

// Type describes one type.
type Type struct {
	Path   []string
	Params []TypeParam
	Def    TypeDef
	Docs   []string
}

// TypeParam is a generic parameter of a type.
type TypeParam struct {
	Name string
	Type *TypeID
}

// TypeDef is the shape of a type.
type TypeDef interface{ isTypeDef() }

// The shapes.
type (
	// Composite is a struct.
	Composite struct{ Fields []Field }
	// VariantDef is an enum.
	VariantDef struct{ Variants []Variant }
	// Sequence is a Vec.
	Sequence struct{ Type TypeID }
	// Array is a fixed number of elements.
	Array struct {
		Len  uint32
		Type TypeID
	}
	// Tuple is a tuple.
	Tuple struct{ Types []TypeID }
	// Primitive is a basic type.
	Primitive struct{ Kind PrimitiveKind }
	// Compact is the compact form of an integer.
	Compact struct{ Type TypeID }
)

// Field is one field of a struct or of a variant.
type Field struct {
	Name     *string
	Type     TypeID
	TypeName *string
	Docs     []string
}

// Variant is one variant of an enum.
type Variant struct {
	Name   string
	Fields []Field
	Index  uint8
	Docs   []string
}

// PrimitiveKind is the number of a basic type.
type PrimitiveKind uint8

// The basic types that have a Go form.
const (
	Bool PrimitiveKind = iota
	Char
	Str
	U8
	U16
	U32
	U64
	U128
	U256
	I8
	I16
	I32
	I64
	I128
	I256
)

func (Composite) isTypeDef()  {}
func (VariantDef) isTypeDef() {}
func (Sequence) isTypeDef()   {}
func (Array) isTypeDef()      {}
func (Tuple) isTypeDef()      {}
func (Primitive) isTypeDef()  {}
func (Compact) isTypeDef()    {}

var _ = scale.Enum(scale.V[TypeDef]{
	0: Composite{}, 1: VariantDef{}, 2: Sequence{}, 3: Array{}, 4: Tuple{}, 5: Primitive{}, 6: Compact{},
})

// Storage is the storage of one pallet.
type Storage struct {
	Prefix  string
	Entries []StorageEntry
}

// StorageEntry is one storage item.
type StorageEntry struct {
	Name     string
	Modifier Modifier
	Type     StorageType
	Default  []byte
	Docs     []string
}

// Modifier says what an absent item means.
type Modifier uint8

// The modifiers.
const (
	Optional Modifier = iota
	Default
)

// StorageType is a plain value or a map.
type StorageType interface{ isStorageType() }

// The storage types.
type (
	// Plain is one value.
	Plain struct{ Type TypeID }
	// MapType is a value per key; several hashers mean a tuple of keys.
	MapType struct {
		Hashers    []uint8
		Key, Value TypeID
	}
)

func (Plain) isStorageType()   {}
func (MapType) isStorageType() {}

var _ = scale.Enum(scale.V[StorageType]{0: Plain{}, 1: MapType{}})

// Constant is one constant of a pallet.
type Constant struct {
	Name  string
	Type  TypeID
	Value []byte
	Docs  []string
}

// Pallet is one pallet; Docs appear in V15 only.
type Pallet struct {
	Name      string
	Storage   *Storage
	Calls     *TypeID
	Event     *TypeID
	Constants []Constant
	Error     *TypeID
	Index     uint8
	Docs      []string
}

// SignedExtension is one transaction extension.
type SignedExtension struct {
	Identifier       string
	Type             TypeID
	AdditionalSigned TypeID
}

// Extrinsic describes transactions. V14 has only their whole type, V15 only
// its parts.
type Extrinsic struct {
	Type, Address, Call, Signature, Extra TypeID
	Version                               uint8
	Extensions                            []SignedExtension
}

// API is one runtime API.
type API struct {
	Name    string
	Methods []Method
	Docs    []string
}

// Method is one function of a runtime API.
type Method struct {
	Name   string
	Inputs []Param
	Output TypeID
	Docs   []string
}

// Param is one argument of a Method.
type Param struct {
	Name string
	Type TypeID
}

// Metadata is all of it, of any version.
type Metadata struct {
	Types     []PortableType
	Pallets   []Pallet
	Extrinsic Extrinsic
	// Runtime is the type of the runtime itself.
	Runtime TypeID
	// The rest is in V15 only.
	APIs               []API
	Call, Event, Error TypeID
}

type palletV14 struct {
	Name      string
	Storage   *Storage
	Calls     *TypeID
	Event     *TypeID
	Constants []Constant
	Error     *TypeID
	Index     uint8
}

type bodyV14 struct {
	Types     []PortableType
	Pallets   []palletV14
	Extrinsic struct {
		Type       TypeID
		Version    uint8
		Extensions []SignedExtension
	}
	Runtime TypeID
}

type bodyV15 struct {
	Types     []PortableType
	Pallets   []Pallet
	Extrinsic struct {
		Version                         uint8
		Address, Call, Signature, Extra TypeID
		Extensions                      []SignedExtension
	}
	Runtime            TypeID
	APIs               []API
	Call, Event, Error TypeID
	Custom             []struct {
		Key   string
		Type  TypeID
		Value []byte
	}
}

// EncodeV14 returns the metadata in version 14, magic included.
func (m *Metadata) EncodeV14() []byte {
	var b bodyV14
	b.Types, b.Runtime = m.Types, m.Runtime
	for _, p := range m.Pallets {
		b.Pallets = append(b.Pallets, palletV14{p.Name, p.Storage, p.Calls, p.Event, p.Constants, p.Error, p.Index})
	}
	b.Extrinsic.Type, b.Extrinsic.Version, b.Extrinsic.Extensions = m.Extrinsic.Type, m.Extrinsic.Version, m.Extrinsic.Extensions
	return scale.Append(append(scale.AppendUint32(nil, Magic), 14), b)
}

// EncodeV15 returns the metadata in version 15, magic included.
func (m *Metadata) EncodeV15() []byte {
	var b bodyV15
	b.Types, b.Pallets, b.Runtime, b.APIs = m.Types, m.Pallets, m.Runtime, m.APIs
	b.Call, b.Event, b.Error = m.Call, m.Event, m.Error
	x := m.Extrinsic
	b.Extrinsic.Version, b.Extrinsic.Extensions = x.Version, x.Extensions
	b.Extrinsic.Address, b.Extrinsic.Call, b.Extrinsic.Signature, b.Extrinsic.Extra = x.Address, x.Call, x.Signature, x.Extra
	return scale.Append(append(scale.AppendUint32(nil, Magic), 15), b)
}

// Decode reads metadata of version 14 or 15, magic included.
func Decode(data []byte) (*Metadata, error) {
	d := scale.NewDecoder(data)
	magic, err := d.Uint32()
	if err != nil || magic != Magic {
		return nil, fmt.Errorf("this is no metadata: it does not begin with %q", "meta")
	}
	version, err := d.Byte()
	if err != nil {
		return nil, err
	}
	m := new(Metadata)
	switch version {
	case 14:
		var b bodyV14
		if err := scale.Unmarshal(d.Rest(), &b); err != nil {
			return nil, fmt.Errorf("decode metadata 14: %w", err)
		}
		m.Types, m.Runtime = b.Types, b.Runtime
		for _, p := range b.Pallets {
			m.Pallets = append(m.Pallets, Pallet{p.Name, p.Storage, p.Calls, p.Event, p.Constants, p.Error, p.Index, nil})
		}
		m.Extrinsic = Extrinsic{Type: b.Extrinsic.Type, Version: b.Extrinsic.Version, Extensions: b.Extrinsic.Extensions}
	case 15:
		var b bodyV15
		if err := scale.Unmarshal(d.Rest(), &b); err != nil {
			return nil, fmt.Errorf("decode metadata 15: %w", err)
		}
		m.Types, m.Pallets, m.Runtime, m.APIs = b.Types, b.Pallets, b.Runtime, b.APIs
		m.Call, m.Event, m.Error = b.Call, b.Event, b.Error
		x := b.Extrinsic
		m.Extrinsic = Extrinsic{
			Address: x.Address, Call: x.Call, Signature: x.Signature, Extra: x.Extra, Version: x.Version, Extensions: x.Extensions,
		}
	default:
		return nil, fmt.Errorf("metadata of version %d is not read here: 14 and 15 are", version)
	}
	return m, nil
}
