// Package keystore keeps a validator's session keys: each in a file of its own
// that nobody but its owner can read. It makes them, proves to the chain that
// a node holds them, and gives them to the engine that signs.
package keystore

import (
	"crypto/rand"
	"fmt"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
)

// Session is one set of session keys. It does not print.
type Session struct {
	// Grandpa finalises blocks.
	Grandpa keys.GrandpaPair
	// Engine, an ed25519 pair, votes in the consensus engine.
	Engine keys.Pair
	// Beacon, an sr25519 pair, makes randomness.
	Beacon keys.Pair

	grandpa keys.Pair
	seeds   map[role][32]byte
}

// role is what a key is for, as its file says.
type role string

const (
	grandpa role = "grandpa"
	engine  role = "engine"
	beacon  role = "beacon"
)

// roles are all roles with their schemes.
var roles = []struct {
	name   role
	scheme keys.Scheme
}{{grandpa, keys.Ed25519}, {engine, keys.Ed25519}, {beacon, keys.Sr25519}}

// New makes fresh keys.
func New() (Session, error) {
	seeds := map[role][32]byte{}
	for _, r := range roles {
		var seed [32]byte
		if _, err := rand.Read(seed[:]); err != nil {
			return Session{}, err
		}
		seeds[r.name] = seed
	}
	return fromSeeds(seeds)
}

// Develop derives the keys of a development validator from a secret URI such
// as //Alice, which everybody knows.
func Develop(uri string) (s Session, err error) {
	if s.grandpa, err = keys.FromURI(keys.Ed25519, uri); err != nil {
		return s, err
	}
	if s.Engine, err = keys.FromURI(keys.Ed25519, uri+"//engine"); err != nil {
		return s, err
	}
	if s.Beacon, err = keys.FromURI(keys.Sr25519, uri+"//beacon"); err != nil {
		return s, err
	}
	s.Grandpa, err = keys.NewGrandpaPair(s.grandpa)
	return s, err
}

// DevelopValidator is Develop with the validator of the account of the same
// URI.
func DevelopValidator(uri string) (Session, session.Validator, error) {
	s, err := Develop(uri)
	if err != nil {
		return s, session.Validator{}, err
	}
	account, err := keys.FromURI(keys.Sr25519, uri)
	if err != nil {
		return s, session.Validator{}, err
	}
	return s, s.Validator(account.AccountID()), nil
}

func fromSeeds(seeds map[role][32]byte) (s Session, err error) {
	s.seeds = seeds
	if s.grandpa, err = keys.NewPair(keys.Ed25519, seeds[grandpa]); err != nil {
		return s, err
	}
	if s.Grandpa, err = keys.NewGrandpaPair(s.grandpa); err != nil {
		return s, err
	}
	if s.Engine, err = keys.NewPair(keys.Ed25519, seeds[engine]); err != nil {
		return s, err
	}
	s.Beacon, err = keys.NewPair(keys.Sr25519, seeds[beacon])
	return s, err
}

// Public returns the public keys.
func (s Session) Public() session.Keys {
	return session.Keys{
		Grandpa: session.GrandpaKey(s.Grandpa.ID()), Engine: session.EngineKey(s.Engine.Public()), Beacon: session.BeaconKey(s.Beacon.Public()),
	}
}

// Validator is the validator of an account that uses these keys, for genesis.
func (s Session) Validator(account chain.AccountID) session.Validator {
	return session.Validator{Account: account, Keys: s.Public()}
}

// Prove returns the proof with which an account claims the keys by set_keys.
func (s Session) Prove(owner chain.AccountID) []byte {
	payload := session.ProofPayload(owner)
	return scale.Marshal(session.Proof{
		Grandpa: [64]byte(s.grandpa.Sign(payload)), Engine: [64]byte(s.Engine.Sign(payload)), Beacon: [64]byte(s.Beacon.Sign(payload)),
	})
}

// Format implements fmt.Formatter: keys do not print.
func (s Session) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }
