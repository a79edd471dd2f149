package engine

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/scale"
)

// Spec is what all nodes of a chain must agree on.
type Spec struct {
	// Name is for people, ID for folders and the consensus engine.
	Name string `json:"name"`
	ID   string `json:"id"`
	// Symbol is the token's.
	Symbol string `json:"tokenSymbol"`
	// BlockTime is the time from block to block, in milliseconds.
	BlockTime uint64 `json:"blockTimeMs"`
	// GenesisTime is when the chain starts, in milliseconds since 1970.
	GenesisTime uint64 `json:"genesisTimeMs"`
	// Validators are the first validators, in the order of their GRANDPA keys
	// in Genesis.
	Validators []Validator `json:"validators"`
	// Genesis is the state that the chain begins with. In JSON it is the hex of
	// its SCALE encoding.
	Genesis runtime.Genesis `json:"-"`
}

// Validator is who makes and finalises blocks.
type Validator struct {
	// Grandpa is its ed25519 key for finality, Engine that for consensus.
	Grandpa keys.GrandpaID `json:"grandpa"`
	Engine  hash.H256      `json:"engine"`
}

// plain is a Spec without its methods.
type plain Spec

type specJSON struct {
	plain
	Genesis string `json:"genesis"`
}

// MarshalJSON implements json.Marshaler.
func (s Spec) MarshalJSON() ([]byte, error) {
	return json.Marshal(specJSON{plain(s), "0x" + hex.EncodeToString(scale.Marshal(s.Genesis))})
}

// UnmarshalJSON implements json.Unmarshaler. A key that it does not know is an
// error.
func (s *Spec) UnmarshalJSON(data []byte) error {
	var j specJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return fmt.Errorf("chain spec: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(j.Genesis, "0x"))
	if err != nil {
		return fmt.Errorf("chain spec: genesis: %w", err)
	}
	*s = Spec(j.plain)
	if s.Genesis, err = scale.Decode[runtime.Genesis](raw); err != nil {
		return fmt.Errorf("chain spec: genesis: %w", err)
	}
	return nil
}

// Validate reports every fault.
func (s Spec) Validate() error {
	var faults []error
	if s.ID == "" {
		faults = append(faults, errors.New("the chain has no id"))
	}
	if s.BlockTime < 10 || s.BlockTime > 60_000 {
		faults = append(faults, fmt.Errorf("the block time %d ms is not in 10…60000", s.BlockTime))
	}
	if len(s.Validators) == 0 {
		faults = append(faults, errors.New("the chain has no validator"))
	}
	if len(s.Genesis.Authorities) != len(s.Validators) {
		faults = append(faults, fmt.Errorf("genesis has %d authorities for %d validators", len(s.Genesis.Authorities), len(s.Validators)))
	} else {
		for i, v := range s.Validators {
			if v.Grandpa != s.Genesis.Authorities[i] {
				faults = append(faults, fmt.Errorf("the GRANDPA key of validator %d is not that of genesis", i))
			}
		}
	}
	return errors.Join(faults...)
}

// Interval is BlockTime as a duration.
func (s Spec) Interval() time.Duration { return time.Duration(s.BlockTime) * time.Millisecond }
