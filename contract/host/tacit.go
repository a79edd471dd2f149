package host

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// tacitModule is where modules import this network's own functions from.
const tacitModule = "tacit"

// tacitTable are this network's own functions. Those that chain extensions of
// older contracts have too are called there by number; see extension.go.
var tacitTable = []seal{
	{tacitModule, "owner", "pp>", false, owner},
	{tacitModule, "random", "pp>", false, random},
	{tacitModule, "in_transaction", ">p", false, inTransaction},
	{tacitModule, "log", "ppp>p", false, logLine},
	{tacitModule, "derive_key", "ppp>", false, deriveKey},
	{tacitModule, "public_key", "ppp>p", false, publicKey},
	{tacitModule, "sign", "ppppp>p", false, sign},
	{tacitModule, "verify", "ppppp>p", false, verify},
	{tacitModule, "cache_set", "ppppg>p", false, cacheSet},
	{tacitModule, "cache_get", "pppp>p", false, cacheGet},
	{tacitModule, "cache_remove", "pp>", false, cacheRemove},
	{tacitModule, "http", "pppp>", false, webRequest},
	{tacitModule, "worker", "p>p", false, workerKey},
	{tacitModule, "certificate", "pp>", false, certificate},
}

// Prices of randomness, keys and the cache.
const (
	gasRandom     = 1_000
	gasRandomByte = 4
	gasDerive     = 20_000
	gasCache      = 10_000
)

// owner writes who made the contract, 32 bytes.
func owner(x *execution, c *vm.Call, s []uint64) error {
	return output(c, u32(s, 0), u32(s, 1), x.env.Owner[:])
}

// maxRandom bounds what one call asks for.
const maxRandom = 64 << 10

func random(x *execution, c *vm.Call, s []uint64) error {
	ptr, n := u32(s, 0), u32(s, 1)
	b, err := x.randomBytes(c, n)
	if err != nil {
		return err
	}
	return c.Write(ptr, b)
}

func (x *execution) randomBytes(c *vm.Call, n uint32) ([]byte, error) {
	if n > maxRandom {
		return nil, trap("too much randomness")
	}
	if err := c.Charge(gasRandom + uint64(n)*gasRandomByte); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	x.random(c, b)
	return b, nil
}

// inTransaction tells whether what the call changes is kept.
func inTransaction(x *execution, _ *vm.Call, s []uint64) error {
	s[0] = 1
	if x.env.Query {
		s[0] = 0
	}
	return nil
}

// logLine takes a level and a line of text for the contract's owner. It stays
// when the call fails.
func logLine(x *execution, c *vm.Call, s []uint64) error {
	level, n := u32(s, 0), u32(s, 2)
	if n > MaxLine {
		return trap("line of the log too long")
	}
	if err := c.Charge(gasEvent + uint64(n)*gasEventByte); err != nil {
		return err
	}
	b, err := c.Read(u32(s, 1), n)
	if err != nil {
		return err
	}
	s[0] = codeNotLogged
	if x.note(level, b) {
		s[0] = codeSuccess
	}
	return nil
}

// note is false for what is no text, or has no room.
func (x *execution) note(level uint32, b []byte) bool {
	if level < 1 || level > 5 || !utf8.Valid(b) || len(x.t.lines) >= MaxLines {
		return false
	}
	x.t.lines = append(x.t.lines, Line{x.env.Address, uint8(level), bytes.Clone(b)})
	return true
}

func deriveKey(x *execution, c *vm.Call, s []uint64) error {
	n, out := u32(s, 1), u32(s, 2)
	if n > MaxKey {
		return trap("label of a key too long")
	}
	label, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	key, err := x.derive(c, label)
	if err != nil {
		return err
	}
	return c.Write(out, key[:])
}

// derive returns a secret of the contract: the same on all replicas, another
// one for every label and every contract.
func (x *execution) derive(c *vm.Call, label []byte) (hash.H256, error) {
	if err := c.Charge(gasDerive); err != nil {
		return hash.H256{}, err
	}
	if x.env.Keys == nil {
		return hash.H256{}, trap("there are no keys here")
	}
	root := x.env.Keys(x.env.Address)
	return hash.Blake2b256([]byte("tacit/contract/key"), root[:], label), nil
}

// pairOf makes a pair of keys from a seed. Schemes are numbered as keys numbers
// them: 0 ed25519, 1 sr25519, 2 ecdsa.
func pairOf(scheme uint32, seed []byte) (keys.Pair, error) {
	if scheme > uint32(keys.Ecdsa) {
		return keys.Pair{}, trap("unknown kind of signature")
	}
	if len(seed) != 32 {
		return keys.Pair{}, trap("a key is 32 bytes")
	}
	p, err := keys.NewPair(keys.Scheme(scheme), [32]byte(seed))
	if err != nil {
		return p, trap("the key is none")
	}
	return p, nil
}

// publicKey returns how long the key is.
func publicKey(_ *execution, c *vm.Call, s []uint64) error {
	if err := c.Charge(gasSignature); err != nil {
		return err
	}
	seed, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	p, err := pairOf(u32(s, 0), seed)
	if err != nil {
		return err
	}
	out, public := u32(s, 2), p.Public()
	s[0] = uint64(len(public))
	return c.Write(out, public)
}

// sign returns how long the signature is.
func sign(x *execution, c *vm.Call, s []uint64) error {
	n, out := u32(s, 3), u32(s, 4)
	if err := c.Charge(gasSignature + uint64(n)*gasSignatureByte); err != nil {
		return err
	}
	seed, err := c.Read(u32(s, 1), 32)
	if err != nil {
		return err
	}
	p, err := pairOf(u32(s, 0), seed)
	if err != nil {
		return err
	}
	message, err := c.Read(u32(s, 2), n)
	if err != nil {
		return err
	}
	signature := x.sign(c, p, message)
	s[0] = uint64(len(signature))
	return c.Write(out, signature)
}

// sign makes the same signature on all replicas: where one needs randomness, it
// is the call's.
func (x *execution) sign(c *vm.Call, p keys.Pair, message []byte) []byte {
	if p.Scheme() == keys.Sr25519 {
		return keys.SignSr25519(p, source{x, c}, message)
	}
	return p.Sign(message)
}

// source reads the randomness of a call.
type source struct {
	x *execution
	c *vm.Call
}

var _ io.Reader = source{}

// Read implements io.Reader.
func (r source) Read(b []byte) (int, error) {
	r.x.random(r.c, b)
	return len(b), nil
}

func verify(_ *execution, c *vm.Call, s []uint64) error {
	scheme, n := u32(s, 0), u32(s, 3)
	if scheme > uint32(keys.Ecdsa) {
		return trap("unknown kind of signature")
	}
	if err := c.Charge(gasSignature + uint64(n)*gasSignatureByte); err != nil {
		return err
	}
	kind := keys.Scheme(scheme)
	public, err := c.Read(u32(s, 1), uint32(kind.PublicSize()))
	if err != nil {
		return err
	}
	message, err := c.Read(u32(s, 2), n)
	if err != nil {
		return err
	}
	signature, err := c.Read(u32(s, 4), uint32(kind.SignatureSize()))
	if err != nil {
		return err
	}
	s[0] = 0
	if keys.Verify(kind, public, message, signature) {
		s[0] = 1
	}
	return nil
}

// signPrehashed signs a hash with ecdsa: r ‖ s ‖ v, v being 0 or 1.
func signPrehashed(seed, digest []byte) ([]byte, error) {
	var k secp256k1.ModNScalar
	if len(seed) != 32 || k.SetByteSlice(seed) || k.IsZero() {
		return nil, trap("the key is none")
	}
	compact := ecdsa.SignCompact(secp256k1.NewPrivateKey(&k), digest, true)
	return append(compact[1:], compact[0]-27-4), nil
}

// cacheTime is how long a value is cached for which nobody says for how long.
const cacheTime = 7 * 24 * 3600

func cacheSet(x *execution, c *vm.Call, s []uint64) error {
	keyLen, n, seconds := u32(s, 1), u32(s, 3), s[4]
	if keyLen > MaxKey || n > MaxValue {
		return trap("cached value too long")
	}
	key, err := c.Read(u32(s, 0), keyLen)
	if err != nil {
		return err
	}
	value, err := c.Read(u32(s, 2), n)
	if err != nil {
		return err
	}
	ok, err := x.cacheSet(c, key, value, seconds)
	s[0] = 0
	if ok {
		s[0] = 1
	}
	return err
}

// cacheSet says that all is well in a command, where nothing is cached: what
// one machine remembers must not decide.
func (x *execution) cacheSet(c *vm.Call, key, value []byte, seconds uint64) (bool, error) {
	if err := c.Charge(gasCache + uint64(len(key)+len(value))*gasReadByte); err != nil {
		return false, err
	}
	if !x.caches() {
		return true, nil
	}
	// No longer than a year, so that no sum of times overflows.
	until := x.env.Time + min(seconds, 365*24*3600)*1000
	return x.env.Cache.Set(x.env.Address, bytes.Clone(key), bytes.Clone(value), until), nil
}

func (x *execution) caches() bool { return x.env.Query && x.env.Cache != nil }

func (x *execution) cacheGet(c *vm.Call, key []byte) ([]byte, bool, error) {
	if err := c.Charge(gasCache); err != nil {
		return nil, false, err
	}
	if len(key) > MaxKey {
		return nil, false, trap("cached value too long")
	}
	if !x.caches() {
		return nil, false, nil
	}
	v, ok := x.env.Cache.Get(x.env.Address, key)
	return v, ok, c.Charge(uint64(len(v)) * gasReadByte)
}

func cacheGet(x *execution, c *vm.Call, s []uint64) error {
	n, out, outLen := u32(s, 1), u32(s, 2), u32(s, 3)
	if n > MaxKey {
		return trap("cached value too long")
	}
	key, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	v, ok, err := x.cacheGet(c, key)
	if err != nil {
		return err
	}
	s[0] = codeKeyNotFound
	if ok {
		s[0] = codeSuccess
		err = output(c, out, outLen, v)
	}
	return err
}

func cacheRemove(x *execution, c *vm.Call, s []uint64) error {
	n := u32(s, 1)
	if n > MaxKey {
		return trap("cached value too long")
	}
	key, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	return x.cacheRemove(c, key)
}

func (x *execution) cacheRemove(c *vm.Call, key []byte) error {
	if err := c.Charge(gasCache); err != nil {
		return err
	}
	if x.caches() {
		x.env.Cache.Remove(x.env.Address, key)
	}
	return nil
}

// callerIsRoot: nobody but accounts and contracts calls.
func callerIsRoot(_ *execution, _ *vm.Call, s []uint64) error {
	s[0] = 0
	return nil
}

// weightToFee is what the chain asks for a weight: one unit for each of its
// reference time.
func weightToFee(_ *execution, c *vm.Call, s []uint64) error {
	return outputAmount(c, u32(s, 1), u32(s, 2), scale.U64(s[0]))
}

// weightToFee1 takes a size of proof too, for which nothing is asked.
func weightToFee1(_ *execution, c *vm.Call, s []uint64) error {
	return outputAmount(c, u32(s, 2), u32(s, 3), scale.U64(s[0]))
}

// instantiationNonce is a number that no other call has, for salts.
func instantiationNonce(x *execution, _ *vm.Call, s []uint64) error {
	h := x.seed()
	s[0] = binary.LittleEndian.Uint64(h[:])
	return nil
}
