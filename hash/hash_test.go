package hash

import (
	"encoding/hex"
	"fmt"
	"testing"
)

// The expected values are those of polkadot.js util-crypto's tests and of
// Substrate's published storage prefixes.
func TestKnown(t *testing.T) {
	twoxSystem := Twox128([]byte("System"))
	twoxAbc := Twox64([]byte("abc"))
	blake128 := Blake2b128([]byte("abc"))
	for _, c := range []struct{ name, got, want string }{
		{"twox128 System", hex.EncodeToString(twoxSystem[:]), "26aa394eea5630e07c48ae0c9558cef7"},
		{"twox64 abc", hex.EncodeToString(twoxAbc[:]), "990977adf52cbc44"},
		{"blake2_256 abc", Blake2b256([]byte("abc")).String(), "0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
		{"blake2_256 parts", Blake2b256([]byte("a"), []byte("bc")).String(), "0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
		{"blake2_128 abc", hex.EncodeToString(blake128[:]), "cf4ab791c62b8d2b2109c90275287816"},
		{"keccak256 abc", Keccak256([]byte("abc")).String(), "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
		{"sha256 abc", Sha256([]byte("abc")).String(), "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

func ExampleParseH256() {
	_, err := ParseH256("0x12")
	fmt.Println(err)
	// Output: "0x12" is not a hash of 64 hex digits
}
