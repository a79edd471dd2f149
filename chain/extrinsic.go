package chain

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// MaxExtrinsic is the most bytes that one extrinsic may have.
const MaxExtrinsic = 5 << 20

// ErrExtrinsic means that bytes are no extrinsic of format 4.
var ErrExtrinsic = errors.New("not an extrinsic of format 4")

// MultiAddress names who is meant: AddressID, AddressIndex, AddressRaw,
// Address32 or Address20. Only AddressID can be looked up.
type MultiAddress interface{ multiAddress() }

// AddressID is an account.
type AddressID struct{ ID AccountID }

// AddressIndex is an account index, of a type without values here.
type AddressIndex struct{}

// AddressRaw is an address of bytes.
type AddressRaw struct{ Data []byte }

// Address32 is an address of 32 bytes.
type Address32 struct{ Data [32]byte }

// Address20 is an address of 20 bytes.
type Address20 struct{ Data [20]byte }

func (AddressID) multiAddress()    {}
func (AddressIndex) multiAddress() {}
func (AddressRaw) multiAddress()   {}
func (Address32) multiAddress()    {}
func (Address20) multiAddress()    {}

var _ = scale.Enum(scale.V[MultiAddress]{
	0: AddressID{}, 1: AddressIndex{}, 2: AddressRaw{}, 3: Address32{}, 4: Address20{},
})

// MultiSignature is a signature of one of the three schemes:
// SignatureEd25519, SignatureSr25519 or SignatureEcdsa.
type MultiSignature interface {
	// Scheme is the signature's scheme.
	Scheme() keys.Scheme
	// Bytes returns the signature alone, as a copy.
	Bytes() []byte
}

// SignatureEd25519 is an ed25519 signature.
type SignatureEd25519 struct{ Signature [64]byte }

// SignatureSr25519 is an sr25519 signature.
type SignatureSr25519 struct{ Signature [64]byte }

// SignatureEcdsa is a recoverable secp256k1 signature of a blake2b-256.
type SignatureEcdsa struct{ Signature [65]byte }

// Scheme implements MultiSignature.
func (SignatureEd25519) Scheme() keys.Scheme { return keys.Ed25519 }

// Scheme implements MultiSignature.
func (SignatureSr25519) Scheme() keys.Scheme { return keys.Sr25519 }

// Scheme implements MultiSignature.
func (SignatureEcdsa) Scheme() keys.Scheme { return keys.Ecdsa }

// Bytes implements MultiSignature.
func (s SignatureEd25519) Bytes() []byte { return s.Signature[:] }

// Bytes implements MultiSignature.
func (s SignatureSr25519) Bytes() []byte { return s.Signature[:] }

// Bytes implements MultiSignature.
func (s SignatureEcdsa) Bytes() []byte { return s.Signature[:] }

var _ = scale.Enum(scale.V[MultiSignature]{
	0: SignatureEd25519{}, 1: SignatureSr25519{}, 2: SignatureEcdsa{},
})

// NewMultiSignature wraps a signature of the given scheme.
func NewMultiSignature(scheme keys.Scheme, signature []byte) (MultiSignature, error) {
	if len(signature) == scheme.SignatureSize() {
		switch scheme {
		case keys.Ed25519:
			return SignatureEd25519{[64]byte(signature)}, nil
		case keys.Sr25519:
			return SignatureSr25519{[64]byte(signature)}, nil
		case keys.Ecdsa:
			return SignatureEcdsa{[65]byte(signature)}, nil
		}
	}
	return nil, fmt.Errorf("%d bytes are no signature of %v", len(signature), scheme)
}

// Extra is what a signed extrinsic carries of its eight signed extensions:
// CheckNonZeroSender, CheckSpecVersion, CheckTxVersion, CheckGenesis,
// CheckMortality, CheckNonce, CheckWeight, ChargeTransactionPayment.
type Extra struct {
	Era   Era
	Nonce uint32  `scale:"compact"`
	Tip   Balance `scale:"compact"`
}

// Implicit is what the same extensions sign without carrying it.
type Implicit struct {
	SpecVersion uint32
	TxVersion   uint32
	Genesis     hash.H256
	// EraBlock is the hash of the block at the era's birth, or Genesis for an
	// immortal one.
	EraBlock hash.H256
}

// SignedPayload is what the signer of an extrinsic signs: call, extra and
// implicit, or the blake2b-256 of that if it is longer than 256 bytes.
func SignedPayload(call []byte, extra Extra, implicit Implicit) []byte {
	payload := append([]byte(nil), call...)
	payload = scale.Append(payload, extra)
	payload = scale.Append(payload, implicit)
	if len(payload) > 256 {
		h := hash.Blake2b256(payload)
		return h[:]
	}
	return payload
}

// Signed is what a signed extrinsic has before its call.
type Signed struct {
	Address   MultiAddress
	Signature MultiSignature
	Extra     Extra
}

// Extrinsic is an extrinsic of format 4:
//
//	bare:   compact(length) 04 call
//	signed: compact(length) 84 address signature extra call
type Extrinsic struct {
	// Signed is nil in a bare extrinsic.
	Signed *Signed
	// Call is the encoded call.
	Call []byte
}

// Bare returns the bytes of a bare extrinsic with the given call.
func Bare(call []byte) []byte { return Extrinsic{Call: call}.Encode() }

// SignExtrinsic makes a signed extrinsic of a call.
func SignExtrinsic(pair keys.Pair, call []byte, extra Extra, implicit Implicit) Extrinsic {
	signature, err := NewMultiSignature(pair.Scheme(), pair.Sign(SignedPayload(call, extra, implicit)))
	if err != nil {
		panic("chain: a pair's signature does not fit its scheme: " + err.Error())
	}
	return Extrinsic{&Signed{AddressID{pair.AccountID()}, signature, extra}, call}
}

// Encode returns the whole extrinsic, its length included: the form in which
// it is hashed, stored and sent.
func (x Extrinsic) Encode() []byte {
	var body []byte
	if x.Signed == nil {
		body = append(body, 0x04)
	} else {
		body = scale.Append(append(body, 0x84), *x.Signed)
	}
	return scale.AppendBytes(nil, append(body, x.Call...))
}

// Hash is the extrinsic's hash: the blake2b-256 of the whole.
func (x Extrinsic) Hash() hash.H256 { return hash.Blake2b256(x.Encode()) }

// DecodeExtrinsic reads a whole extrinsic. Whether its call and signature are
// any good is not looked at.
func DecodeExtrinsic(raw []byte) (Extrinsic, error) {
	if len(raw) > MaxExtrinsic {
		return Extrinsic{}, fmt.Errorf("decode extrinsic: %w: its %d bytes are more than %d", ErrExtrinsic, len(raw), MaxExtrinsic)
	}
	d := scale.NewDecoder(raw)
	n, err := d.Compact()
	if err != nil {
		return Extrinsic{}, fmt.Errorf("decode extrinsic: length: %w", err)
	}
	if n != uint64(d.Remaining()) {
		return Extrinsic{}, fmt.Errorf("decode extrinsic: length says %d of %d bytes: %w", n, d.Remaining(), ErrExtrinsic)
	}
	version, err := d.Byte()
	if err != nil {
		return Extrinsic{}, fmt.Errorf("decode extrinsic: version: %w", err)
	}
	var x Extrinsic
	switch version {
	case 0x04:
	case 0x84:
		x.Signed = new(Signed)
		if err := d.Value(x.Signed); err != nil {
			return Extrinsic{}, fmt.Errorf("decode extrinsic: signed part: %w", err)
		}
	default:
		return Extrinsic{}, fmt.Errorf("decode extrinsic: version byte %02x: %w", version, ErrExtrinsic)
	}
	x.Call = append([]byte(nil), d.Rest()...)
	return x, nil
}

// Block is a header with the extrinsics below it, each whole and in its bytes.
type Block struct {
	Header Header
	Body   [][]byte
}

// EncodeSCALE implements scale.Encoder.
func (b Block) EncodeSCALE(dst []byte) []byte {
	dst = scale.Append(dst, b.Header)
	return appendBody(dst, b.Body)
}

// DecodeSCALE implements scale.Unmarshaler.
func (b *Block) DecodeSCALE(d *scale.Decoder) error {
	if err := d.Value(&b.Header); err != nil {
		return fmt.Errorf("decode block: header: %w", err)
	}
	body, err := decodeBody(d)
	b.Body = body
	return err
}

// EncodeBody returns the bytes of a list of whole extrinsics.
func EncodeBody(body [][]byte) []byte { return appendBody(nil, body) }

// DecodeBody reads what EncodeBody wrote.
func DecodeBody(raw []byte) ([][]byte, error) {
	d := scale.NewDecoder(raw)
	body, err := decodeBody(d)
	if err != nil {
		return nil, err
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	return body, nil
}

func appendBody(dst []byte, body [][]byte) []byte {
	dst = scale.AppendCompact(dst, uint64(len(body)))
	for _, x := range body {
		dst = append(dst, x...) // a whole extrinsic is a Vec<u8> already
	}
	return dst
}

func decodeBody(d *scale.Decoder) ([][]byte, error) {
	n, err := d.Len(1)
	if err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	var body [][]byte
	for i := range n {
		x, err := d.ByteSlice()
		if err != nil {
			return nil, fmt.Errorf("decode body: extrinsic %d: %w", i, err)
		}
		body = append(body, scale.AppendBytes(nil, x))
	}
	return body, nil
}
