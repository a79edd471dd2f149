package p2p

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/tacit-network/tacit/keys"
)

// networkKey is the key under which light clients know the node: that of the
// file, which is made when it is not there, or a new one for no file. The file
// has the ed25519 seed in hex.
func networkKey(path string) (crypto.PrivKey, error) {
	seed, err := newSeed()
	if path != "" {
		if seed, err = readSeed(path); errors.Is(err, fs.ErrNotExist) {
			seed, err = makeSeed(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("network key: %w", err)
	}
	return fromSeed(seed)
}

func newSeed() (seed [32]byte, err error) {
	_, err = rand.Read(seed[:])
	return seed, err
}

// fromSeed makes the key in libp2p's form: the seed and the public key.
func fromSeed(seed [32]byte) (crypto.PrivKey, error) {
	pair, err := keys.NewPair(keys.Ed25519, seed)
	if err != nil {
		return nil, err
	}
	return crypto.UnmarshalEd25519PrivateKey(append(seed[:], pair.Public()...))
}

// makeSeed makes the file of a new seed. A file that is there is never
// overwritten.
func makeSeed(path string) (seed [32]byte, err error) {
	if seed, err = newSeed(); err != nil {
		return seed, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return seed, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return seed, err
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(seed[:]))
	return seed, errors.Join(err, f.Sync(), f.Close())
}

// readSeed reads the file.
func readSeed(path string) (seed [32]byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return seed, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return seed, fmt.Errorf("others can read %s: chmod 600 it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return seed, err
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(seed) {
		return seed, fmt.Errorf("%s has no 32 bytes in hex", path)
	}
	return [32]byte(b), nil
}
