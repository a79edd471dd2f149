// Package keyfile reads and writes keys as polkadot.js, its extension and most
// wallets made for Substrate export them. It asks nobody for a password, and is
// apart from keys so that the enclave does not link it.
package keyfile

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"

	"github.com/tacit-network/tacit/keys"
)

// ErrPassword means that a key file does not open with the password.
var ErrPassword = errors.New("the password does not open the key file")

// file is a key as wallets export it, version 3: PKCS #8 of a kind, encrypted with XSalsa20-Poly1305 under a key
// that scrypt makes of the password.
//
//	encoded   base64 of salt[32] ‖ N u32 LE ‖ p u32 LE ‖ r u32 LE ‖ nonce[24] ‖ box
//	box       header[16] ‖ secret[64, of ecdsa 32] ‖ divider[5] ‖ public
//
// Specification: github.com/polkadot-js/common, packages keyring (pair/encode,
// pair/defaults) and util-crypto (scrypt, json).
type file struct {
	Encoded  string         `json:"encoded"`
	Encoding encoding       `json:"encoding"`
	Address  string         `json:"address"`
	Meta     map[string]any `json:"meta"`
}

type encoding struct {
	Content []string `json:"content"`
	Type    []string `json:"type"`
	Version string   `json:"version"`
}

var (
	pkcs8Header  = []byte{48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32}
	pkcs8Divider = []byte{161, 35, 3, 33, 0}
)

// stretching is what scrypt is asked for.
type stretching struct{ n, p, r uint32 }

// allowedStretching are the parameters that polkadot.js accepts; others could
// ask for any amount of memory. The first is what it writes.
var allowedStretching = []stretching{
	{1 << 17, 1, 8}, {1 << 13, 10, 8}, {1 << 14, 5, 8}, {1 << 15, 3, 8}, {1 << 15, 1, 8}, {1 << 16, 2, 8},
}

func (s stretching) key(password, salt []byte) ([32]byte, error) {
	k, err := scrypt.Key(password, salt, int(s.n), int(s.r), int(s.p), 64)
	if err != nil {
		return [32]byte{}, fmt.Errorf("stretch the password: %w", err)
	}
	return [32]byte(k), nil
}

// Encrypt writes the pair, with a name for people, as wallets made for
// Substrate import it.
func Encrypt(p keys.Pair, name string, password []byte) ([]byte, error) {
	secret, err := p.WalletSecret()
	if err != nil {
		return nil, err
	}
	plain := slices.Concat(pkcs8Header, secret, pkcs8Divider, p.Public())
	var salt [32]byte
	var nonce [24]byte
	for _, b := range [][]byte{salt[:], nonce[:]} {
		if _, err := rand.Read(b); err != nil {
			return nil, err
		}
	}
	s := allowedStretching[0]
	key, err := s.key(password, salt[:])
	if err != nil {
		return nil, err
	}
	raw := slices.Clone(salt[:])
	for _, n := range []uint32{s.n, s.p, s.r} {
		raw = binary.LittleEndian.AppendUint32(raw, n)
	}
	raw = secretbox.Seal(append(raw, nonce[:]...), plain, &nonce, &key)
	address := p.AccountID().String()
	if p.Scheme() == keys.Ecdsa {
		address = "0x" + hex.EncodeToString(p.Public())
	}
	return json.Marshal(file{
		Encoded:  base64.StdEncoding.EncodeToString(raw),
		Encoding: encoding{[]string{"pkcs8", p.Scheme().String()}, []string{"scrypt", "xsalsa20-poly1305"}, "3"},
		Address:  address, Meta: map[string]any{"name": name},
	})
}

// maxSize is the most bytes of a key file.
const maxSize = 16 << 10

// Is says whether data looks like a key file of a wallet.
func Is(data []byte) bool {
	var f file
	return len(data) <= maxSize && json.Unmarshal(data, &f) == nil && f.Encoded != ""
}

// Decrypt reads a key that a wallet exported, encrypted or not, in
// version 3. A wrong password is ErrPassword.
func Decrypt(data, password []byte) (keys.Pair, error) {
	if len(data) > maxSize {
		return keys.Pair{}, fmt.Errorf("key file: %d bytes, %d are the most", len(data), maxSize)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return keys.Pair{}, fmt.Errorf("key file: %w", err)
	}
	if f.Encoding.Version != "3" || len(f.Encoding.Content) != 2 || f.Encoding.Content[0] != "pkcs8" {
		return keys.Pair{}, fmt.Errorf("key file: version %.10q with content %.40q: only 3 with a pkcs8 key is known", f.Encoding.Version, f.Encoding.Content)
	}
	scheme, err := keys.ParseScheme(f.Encoding.Content[1])
	if err != nil {
		return keys.Pair{}, fmt.Errorf("key file: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(f.Encoded)
	if err != nil {
		return keys.Pair{}, fmt.Errorf("key file: %w", err)
	}
	switch {
	case slices.Equal(f.Encoding.Type, []string{"none"}):
	case slices.Equal(f.Encoding.Type, []string{"scrypt", "xsalsa20-poly1305"}):
		if raw, err = openBox(raw, password); err != nil {
			return keys.Pair{}, err
		}
	default:
		return keys.Pair{}, fmt.Errorf("key file: encrypted by %.60q, only scrypt with xsalsa20-poly1305 is known", f.Encoding.Type)
	}
	return parsePKCS8(scheme, raw)
}

func openBox(raw, password []byte) ([]byte, error) {
	if len(raw) < 32+12+24+secretbox.Overhead {
		return nil, errors.New("key file: what is encrypted is too short")
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(raw[32+4*i:]) }
	s := stretching{word(0), word(1), word(2)}
	if !slices.Contains(allowedStretching, s) {
		return nil, fmt.Errorf("key file: scrypt with N %d, p %d, r %d is not one of the settings that wallets use", s.n, s.p, s.r)
	}
	key, err := s.key(password, raw[:32])
	if err != nil {
		return nil, err
	}
	nonce := [24]byte(raw[44:68])
	plain, ok := secretbox.Open(nil, raw[68:], &nonce, &key)
	if !ok {
		return nil, ErrPassword
	}
	return plain, nil
}

func parsePKCS8(scheme keys.Scheme, raw []byte) (keys.Pair, error) {
	size := 64
	if scheme == keys.Ecdsa {
		size = 32
	}
	body, ok := bytes.CutPrefix(raw, pkcs8Header)
	if !ok || len(body) != size+len(pkcs8Divider)+scheme.PublicSize() || !slices.Equal(body[size:size+len(pkcs8Divider)], pkcs8Divider) {
		return keys.Pair{}, fmt.Errorf("key file: its %d bytes are no %s key", len(raw), scheme)
	}
	p, err := keys.FromWalletSecret(scheme, body[:size])
	if err != nil {
		return keys.Pair{}, fmt.Errorf("key file: %w", err)
	}
	if subtle.ConstantTimeCompare(p.Public(), body[size+len(pkcs8Divider):]) != 1 {
		return keys.Pair{}, errors.New("key file: its public key is not that of its secret")
	}
	return p, nil
}
