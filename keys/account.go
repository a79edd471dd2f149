package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/hash"
)

// DefaultPrefix is the SS58 prefix of addresses that name no network.
const DefaultPrefix = 42

// ErrSS58 means that a text is no SS58 address of a 32-byte account.
var ErrSS58 = errors.New("not an SS58 address")

// AccountID names an account by 32 bytes.
type AccountID [32]byte

// AccountOf returns the account of a public key of the given scheme.
func AccountOf(scheme Scheme, public []byte) AccountID {
	if scheme == Ecdsa {
		return AccountID(hash.Blake2b256(public))
	}
	var id AccountID
	copy(id[:], public)
	return id
}

// ParseAccountID reads an SS58 address with any prefix, or 64 hex digits
// after 0x.
func ParseAccountID(s string) (AccountID, error) {
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != 32 {
			return AccountID{}, fmt.Errorf("account %.80q: want 64 hex digits after 0x", s)
		}
		return AccountID(raw), nil
	}
	id, _, err := DecodeSS58(s)
	return id, err
}

// String is the SS58 address with DefaultPrefix.
func (a AccountID) String() string { return a.SS58(DefaultPrefix) }

// Hex is the account in hex after 0x.
func (a AccountID) Hex() string { return "0x" + hex.EncodeToString(a[:]) }

// MarshalText writes the SS58 address with DefaultPrefix.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what ParseAccountID reads.
func (a *AccountID) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAccountID(string(text))
	return err
}

// SS58 is the account's address in the network with the given prefix, of
// which the low 14 bits count:
//
//	prefix < 64:  prefix
//	else:         01 prefix[7:2], prefix[1:0] prefix[13:8]
//	then:         account[32], blake2b-512("SS58PRE" ‖ all before)[0:2]
//
// and all that in base 58. Specification:
// https://docs.polkadot.com/reference/parachains/accounts/#address-formats
func (a AccountID) SS58(prefix uint16) string {
	prefix &= 1<<14 - 1
	raw := make([]byte, 0, 36)
	if prefix < 64 {
		raw = append(raw, byte(prefix))
	} else {
		raw = append(raw, 0x40|byte(prefix>>2)&0x3f, byte(prefix>>8)|byte(prefix&3)<<6)
	}
	raw = append(raw, a[:]...)
	sum := hash.Blake2b512([]byte("SS58PRE"), raw)
	return base58(append(raw, sum[:2]...))
}

// DecodeSS58 reads an SS58 address and returns the account and the prefix.
func DecodeSS58(s string) (AccountID, uint16, error) {
	fail := func(why string) (AccountID, uint16, error) {
		return AccountID{}, 0, fmt.Errorf("address %.60q: %w: %s", s, ErrSS58, why)
	}
	if len(s) > 60 {
		return fail("too long")
	}
	raw, ok := unbase58(s)
	if !ok {
		return fail("a character is not in base 58")
	}
	if len(raw) < 35 {
		return fail("too short")
	}
	prefix, n := uint16(raw[0]), 1
	switch {
	case raw[0] >= 0x80:
		return fail("reserved prefix")
	case raw[0] >= 0x40:
		prefix, n = uint16(raw[0]&0x3f)<<2|uint16(raw[1]>>6)|uint16(raw[1]&0x3f)<<8, 2
		if prefix < 64 {
			return fail("the prefix is not in its shortest form")
		}
	}
	if len(raw) != n+34 {
		return fail("not a 32-byte account")
	}
	sum := hash.Blake2b512([]byte("SS58PRE"), raw[:n+32])
	if [2]byte(sum[:2]) != [2]byte(raw[n+32:]) {
		return fail("wrong checksum, a character is mistyped")
	}
	return AccountID(raw[n : n+32]), prefix, nil
}

const alphabet58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func base58(raw []byte) string {
	zeros := 0
	for zeros < len(raw) && raw[zeros] == 0 {
		zeros++
	}
	var digits []byte // little endian, values 0 to 57
	for _, b := range raw[zeros:] {
		carry := int(b)
		for i := range digits {
			carry += int(digits[i]) << 8
			digits[i] = byte(carry % 58)
			carry /= 58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	out := make([]byte, 0, zeros+len(digits))
	for range zeros {
		out = append(out, alphabet58[0])
	}
	for i := len(digits) - 1; i >= 0; i-- {
		out = append(out, alphabet58[digits[i]])
	}
	return string(out)
}

func unbase58(s string) ([]byte, bool) {
	zeros := 0
	for zeros < len(s) && s[zeros] == alphabet58[0] {
		zeros++
	}
	var raw []byte // little endian
	for i := zeros; i < len(s); i++ {
		carry := strings.IndexByte(alphabet58, s[i])
		if carry < 0 {
			return nil, false
		}
		for j := range raw {
			carry += int(raw[j]) * 58
			raw[j] = byte(carry)
			carry >>= 8
		}
		for ; carry > 0; carry >>= 8 {
			raw = append(raw, byte(carry))
		}
	}
	out := make([]byte, zeros, zeros+len(raw))
	for i := len(raw) - 1; i >= 0; i-- {
		out = append(out, raw[i])
	}
	return out, true
}
