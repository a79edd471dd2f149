package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/trie"
)

// Spec is what all nodes of a chain must agree on. Its JSON is specJSON's.
type Spec struct {
	// Name is for people, ID for folders and the consensus engine.
	Name, ID string
	// Kind says what the chain is for.
	Kind ChainKind
	// Symbol is the token's.
	Symbol string
	// GenesisTime is when the chain starts, in milliseconds since 1970.
	GenesisTime uint64
	// BlockTime is the time from block to block, in milliseconds.
	BlockTime uint64
	// Evidence is for how long a double vote can be punished; the engine keeps
	// that many votes. Zero means 100,000 blocks and 48 hours.
	Evidence Evidence
	// Peers are nodes that a new one asks first, as id@host:port.
	Peers []string
	// Genesis is the state that the chain begins with.
	Genesis runtime.Genesis
}

// ChainKind says what a chain is for, as Substrate's chain type does.
type ChainKind string

// The kinds. A live chain takes no key that everybody knows.
const (
	Development ChainKind = "Development"
	Local       ChainKind = "Local"
	Live        ChainKind = "Live"
)

// Evidence bounds how old a double vote may be: it is forgotten when it is
// older in both.
type Evidence struct {
	Blocks uint32
	Age    time.Duration
}

// EvidenceLimits is Evidence with its defaults filled in.
func (s Spec) EvidenceLimits() Evidence {
	e := s.Evidence
	if e.Blocks == 0 {
		e.Blocks = 100_000
	}
	if e.Age == 0 {
		e.Age = 48 * time.Hour
	}
	return e
}

// Limits of a block time, in milliseconds.
const (
	minBlockTime = 10
	maxBlockTime = 60_000
)

// Validate reports every fault.
func (s Spec) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if s.ID == "" || len(s.ID) > 50 {
		fault("the chain's id has %d letters, 1 to 50 are allowed", len(s.ID))
	}
	if k := s.Kind; k != Development && k != Local && k != Live {
		fault("the chain type %q is none of Development, Local, Live", k)
	}
	if s.BlockTime < minBlockTime || s.BlockTime > maxBlockTime {
		fault("the block time %d ms is not in %d…%d", s.BlockTime, minBlockTime, maxBlockTime)
	}
	if s.Evidence.Age < 0 {
		fault("the evidence age %v is negative", s.Evidence.Age)
	}
	if len(s.Genesis.Validators) == 0 {
		fault("the chain has no validator")
	}
	if s.Kind == Live {
		faults = append(faults, s.publicKeys()...)
	}
	return errors.Join(faults...)
}

// DevelopmentNames are the secret URIs of the accounts that everybody knows.
var DevelopmentNames = []string{
	"//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie", "//Grace", "//Heidi", "//Ivan", "//Judy",
}

// publicKeys finds what a live chain must not have: accounts and session keys
// whose secrets everybody knows, and trust in simulated hardware.
func (s Spec) publicKeys() (faults []error) {
	known := map[[32]byte]string{}
	for _, name := range DevelopmentNames {
		for _, uri := range []string{name, name + "//stash", name + "//worker"} {
			if p, err := keys.FromURI(keys.Sr25519, uri); err == nil {
				known[p.AccountID()] = uri
			}
		}
		for _, uri := range []string{name, name + "//engine"} {
			if p, err := keys.FromURI(keys.Ed25519, uri); err == nil {
				known[[32]byte(p.Public())] = uri
			}
		}
	}
	look := func(what string, key [32]byte) {
		if uri, ok := known[key]; ok {
			faults = append(faults, fmt.Errorf("%s is the development key %s, and this chain is live", what, uri))
		}
	}
	g := s.Genesis
	for i, b := range g.Balances {
		look(fmt.Sprintf("balance %d", i), b.Account)
	}
	for i, v := range g.Validators {
		look(fmt.Sprintf("validator %d", i), v.Account)
		look(fmt.Sprintf("validator %d's GRANDPA key", i), v.Keys.Grandpa)
		look(fmt.Sprintf("validator %d's engine key", i), v.Keys.Engine)
		look(fmt.Sprintf("validator %d's beacon key", i), v.Keys.Beacon)
	}
	if g.Sudo != nil {
		look("the sudo key", *g.Sudo)
	}
	if !g.Attestation.Production {
		faults = append(faults, errors.New("attestation is not for production, and this chain is live"))
	}
	for i, a := range g.Attestation.Anchors {
		if a.Kind.Simulated() {
			faults = append(faults, fmt.Errorf("trust anchor %d is of simulated hardware, and this chain is live", i))
		}
	}
	return append(faults, s.genuine())
}

// genuine finds roots of trust that are called a vendor's and are not.
func (s Spec) genuine() error {
	var faults []error
	for i, a := range s.Genesis.Attestation.Anchors {
		ok := true
		switch a.Kind {
		case attestation.Intel:
			root, err := cert.Parse(a.Certificate)
			ok = err == nil && root.Key.Equal(&attest.IntelRoot)
		case attestation.AMD:
			root, err := snp.NewAnchor(a.Certificate)
			ok = err == nil && root.Keys != nil
		}
		if !ok {
			faults = append(faults, fmt.Errorf("trust anchor %d is called %s's, and its key is another", i, a.Kind.Variants()[a.Kind]))
		}
	}
	return errors.Join(faults...)
}

// Interval is BlockTime as a duration.
func (s Spec) Interval() time.Duration { return time.Duration(s.BlockTime) * time.Millisecond }

// GenesisState returns the state of block 0 of the chain.
func (s Spec) GenesisState(rt *runtime.Runtime) (*trie.Trie, error) {
	_, state, err := begin(s, rt)
	return state, err
}

// GenesisHash returns the hash of block 0 of the chain. It computes the state.
func (s Spec) GenesisHash(rt *runtime.Runtime) (hash.H256, error) {
	header, _, err := begin(s, rt)
	return header.Hash(), err
}
