package keys

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

	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"
)

// ErrPassword means that a key file does not open with the password.
var ErrPassword = errors.New("the password does not open the key file")

// keyFile is a key as polkadot.js, its extension and most wallets export it,
// version 3: PKCS #8 of a kind, encrypted with XSalsa20-Poly1305 under a key
// that scrypt makes of the password.
//
//	encoded   base64 of salt[32] ‖ N u32 LE ‖ p u32 LE ‖ r u32 LE ‖ nonce[24] ‖ box
//	box       header[16] ‖ secret[64, of ecdsa 32] ‖ divider[5] ‖ public
//
// Specification: github.com/polkadot-js/common, packages keyring (pair/encode,
// pair/defaults) and util-crypto (scrypt, json).
type keyFile struct {
	Encoded  string          `json:"encoded"`
	Encoding keyFileEncoding `json:"encoding"`
	Address  string          `json:"address"`
	Meta     map[string]any  `json:"meta"`
}

type keyFileEncoding struct {
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

// EncryptKeyFile writes the pair, with a name for people, as wallets made for
// Substrate import it.
func EncryptKeyFile(p Pair, name string, password []byte) ([]byte, error) {
	secret, err := p.fileSecret()
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
	if p.Scheme() == Ecdsa {
		address = "0x" + hex.EncodeToString(p.Public())
	}
	return json.Marshal(keyFile{
		Encoded:  base64.StdEncoding.EncodeToString(raw),
		Encoding: keyFileEncoding{[]string{"pkcs8", p.Scheme().String()}, []string{"scrypt", "xsalsa20-poly1305"}, "3"},
		Address:  address, Meta: map[string]any{"name": name},
	})
}

// maxKeyFile is the most bytes of a key file.
const maxKeyFile = 16 << 10

// IsKeyFile says whether data looks like a key file of a wallet.
func IsKeyFile(data []byte) bool {
	var f keyFile
	return len(data) <= maxKeyFile && json.Unmarshal(data, &f) == nil && f.Encoded != ""
}

// DecryptKeyFile reads a key that a wallet exported, encrypted or not, in
// version 3. A wrong password is ErrPassword.
func DecryptKeyFile(data, password []byte) (Pair, error) {
	if len(data) > maxKeyFile {
		return Pair{}, fmt.Errorf("key file: %d bytes, %d are the most", len(data), maxKeyFile)
	}
	var f keyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Pair{}, fmt.Errorf("key file: %w", err)
	}
	if f.Encoding.Version != "3" || len(f.Encoding.Content) != 2 || f.Encoding.Content[0] != "pkcs8" {
		return Pair{}, fmt.Errorf("key file: version %.10q with content %.40q: only 3 with a pkcs8 key is known", f.Encoding.Version, f.Encoding.Content)
	}
	scheme, err := ParseScheme(f.Encoding.Content[1])
	if err != nil {
		return Pair{}, fmt.Errorf("key file: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(f.Encoded)
	if err != nil {
		return Pair{}, fmt.Errorf("key file: %w", err)
	}
	switch {
	case slices.Equal(f.Encoding.Type, []string{"none"}):
	case slices.Equal(f.Encoding.Type, []string{"scrypt", "xsalsa20-poly1305"}):
		if raw, err = openBox(raw, password); err != nil {
			return Pair{}, err
		}
	default:
		return Pair{}, fmt.Errorf("key file: encrypted by %.60q, only scrypt with xsalsa20-poly1305 is known", f.Encoding.Type)
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

func parsePKCS8(scheme Scheme, raw []byte) (Pair, error) {
	size := 64
	if scheme == Ecdsa {
		size = 32
	}
	body, ok := bytes.CutPrefix(raw, pkcs8Header)
	if !ok || len(body) != size+len(pkcs8Divider)+scheme.PublicSize() || !slices.Equal(body[size:size+len(pkcs8Divider)], pkcs8Divider) {
		return Pair{}, fmt.Errorf("key file: its %d bytes are no %s key", len(raw), scheme)
	}
	p, err := pairOfFileSecret(scheme, body[:size])
	if err != nil {
		return Pair{}, fmt.Errorf("key file: %w", err)
	}
	if subtle.ConstantTimeCompare(p.Public(), body[size+len(pkcs8Divider):]) != 1 {
		return Pair{}, errors.New("key file: its public key is not that of its secret")
	}
	return p, nil
}

// fileSecret is the secret as key files have it: of sr25519 the scalar in
// ed25519's form, which is eight times the scalar, and the nonce; of ed25519
// the seed and the public key; of ecdsa the scalar.
func (p Pair) fileSecret() ([]byte, error) {
	switch s := p.signer.(type) {
	case srPair:
		secret := s.secret()
		carry := byte(0)
		for i := range 32 { // times 8; the scalar is below 2²⁵³
			b := secret[i]
			secret[i] = b<<3 | carry
			carry = b >> 5
		}
		return secret, nil
	case edPair:
		return slices.Clone(s.key), nil
	case ecPair:
		return s.key.Serialize(), nil
	}
	return nil, errors.New("this key cannot be written")
}

func pairOfFileSecret(scheme Scheme, secret []byte) (Pair, error) {
	if scheme != Sr25519 {
		return NewPair(scheme, [32]byte(secret[:32]))
	}
	plain := slices.Clone(secret)
	carry := byte(0)
	for i := 31; i >= 0; i-- { // an eighth
		b := plain[i]
		plain[i] = b>>3 | carry
		carry = b << 5
	}
	key, err := sr25519.NewSecretKeyFromBytes(plain)
	if err != nil || carry != 0 {
		return Pair{}, errors.New("its secret is no sr25519 key")
	}
	return Pair{Sr25519, srPair{key.KeyPair()}}, nil
}
