package storage

import "github.com/tacit-network/tacit/hash"

// Hasher is how a map hashes its keys; it is a type parameter, so that the
// layout shows in the item's type.
type Hasher interface {
	// AppendHashed appends the hashed key.
	AppendHashed(dst, key []byte) []byte
	// Key finds the key in what AppendHashed appended.
	Key(hashed []byte) (key []byte, ok bool)
	// Index is the hasher's number in metadata.
	Index() uint8
}

// Blake2Concat is Blake2_128Concat: for keys that strangers choose.
type Blake2Concat struct{}

// AppendHashed implements Hasher.
func (Blake2Concat) AppendHashed(dst, key []byte) []byte {
	h := hash.Blake2b128(key)
	return append(append(dst, h[:]...), key...)
}

// Key implements Hasher.
func (Blake2Concat) Key(hashed []byte) ([]byte, bool) { return after(hashed, 16) }

// Index implements Hasher.
func (Blake2Concat) Index() uint8 { return 2 }

// Twox64Concat is for keys that no stranger can choose.
type Twox64Concat struct{}

// AppendHashed implements Hasher.
func (Twox64Concat) AppendHashed(dst, key []byte) []byte {
	h := hash.Twox64(key)
	return append(append(dst, h[:]...), key...)
}

// Key implements Hasher.
func (Twox64Concat) Key(hashed []byte) ([]byte, bool) { return after(hashed, 8) }

// Index implements Hasher.
func (Twox64Concat) Index() uint8 { return 5 }

// Identity leaves the key as it is: for keys that are hashes.
type Identity struct{}

// AppendHashed implements Hasher.
func (Identity) AppendHashed(dst, key []byte) []byte { return append(dst, key...) }

// Key implements Hasher.
func (Identity) Key(hashed []byte) ([]byte, bool) { return hashed, true }

// Index implements Hasher.
func (Identity) Index() uint8 { return 6 }

func after(b []byte, n int) ([]byte, bool) {
	if len(b) < n {
		return nil, false
	}
	return b[n:], true
}
