package engine

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/strictjson"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/scale"
)

// ParseSpec reads a chain spec. A key that it does not know is a fault, and
// all faults are told at once. Roots of trust that are called a vendor's must be
// that: what a program reads cannot pass simulated hardware off as real.
func ParseSpec(data []byte) (Spec, error) {
	var j specJSON
	if err := strictjson.Decode(data, &j); err != nil {
		return Spec{}, err
	}
	s := j.spec()
	faults := []error{s.Validate()}
	if s.Kind != Live { // of which Validate demands it
		faults = append(faults, s.genuine())
	}
	return s, errors.Join(faults...)
}

// JSON writes the spec as ParseSpec reads it.
func (s Spec) JSON() ([]byte, error) { return json.MarshalIndent(jsonOf(s), "", "  ") }

// specJSON is a chain spec in JSON.
type specJSON struct {
	Name       string         `json:"name"`
	ID         string         `json:"id"`
	ChainType  ChainKind      `json:"chainType"`
	Properties propertiesJSON `json:"properties"`
	BootNodes  []string       `json:"bootNodes"`
	Consensus  consensusJSON  `json:"consensus"`
	Genesis    genesisJSON    `json:"genesis"`
}

// propertiesJSON is what wallets show; only the symbol can be chosen.
type propertiesJSON struct {
	TokenSymbol string `json:"tokenSymbol"`
}

type consensusJSON struct {
	GenesisTime    time.Time `json:"genesisTime"`
	BlockTimeMs    uint64    `json:"blockTimeMs"`
	EvidenceBlocks uint32    `json:"evidenceBlocks"`
	EvidenceHours  uint32    `json:"evidenceHours"`
}

type genesisJSON struct {
	SpecVersion   uint32            `json:"specVersion,omitempty"`
	Balances      []balanceJSON     `json:"balances"`
	Sudo          *keys.AccountID   `json:"sudo"`
	SessionBlocks chain.BlockNumber `json:"sessionBlocks"`
	Validators    []validatorJSON   `json:"validators"`
	Staking       *stakingJSON      `json:"staking,omitempty"`
	Attestation   attestationJSON   `json:"attestation"`
}

// balanceJSON is what an account holds, in the smallest unit.
type balanceJSON struct {
	Account keys.AccountID `json:"account"`
	Amount  chain.Balance  `json:"amount"`
}

type validatorJSON struct {
	Account keys.AccountID `json:"account"`
	Grandpa hash.H256      `json:"grandpa"`
	Engine  hash.H256      `json:"engine"`
	Beacon  hash.H256      `json:"beacon"`
}

type attestationJSON struct {
	Production bool         `json:"production"`
	Anchors    []anchorJSON `json:"anchors"`
	Images     []imageJSON  `json:"images"`
	Policy     policyJSON   `json:"policy"`
	// ActivationDelay is in blocks.
	ActivationDelay chain.BlockNumber `json:"activationDelay"`
}

type anchorJSON struct {
	Kind        anchorKind `json:"kind"`
	Certificate hexBytes   `json:"certificate"`
	Enabled     bool       `json:"enabled"`
}

// imageJSON is a program that workers may run.
type imageJSON struct {
	Name             string          `json:"name"`
	Version          uint32          `json:"version"`
	ConsensusVersion uint32          `json:"consensusVersion"`
	Measurement      measurementJSON `json:"measurement"`
	ConfigurationOK  bool            `json:"configurationOk"`
	TierMax          uint8           `json:"tierMax"`
}

// hexBytes are bytes in hex after 0x.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok && digits != "" {
		return fmt.Errorf("hex begins with 0x")
	}
	*b, err = hex.DecodeString(digits)
	return err
}

// anchorKind is a kind of trust anchor by its name.
type anchorKind attestation.AnchorKind

// MarshalText implements encoding.TextMarshaler.
func (k anchorKind) MarshalText() ([]byte, error) {
	return []byte(attestation.AnchorKind(0).Variants()[k]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *anchorKind) UnmarshalText(text []byte) error {
	names := attestation.AnchorKind(0).Variants()
	for i, name := range names {
		if name == string(text) {
			*k = anchorKind(i)
			return nil
		}
	}
	return fmt.Errorf("the trust anchor %q is none of %s", text, strings.Join(names, ", "))
}

// policyJSON is the SCALE encoding of a policy in hex; empty is the strictest.
type policyJSON attest.Policy

// MarshalText implements encoding.TextMarshaler.
func (p policyJSON) MarshalText() ([]byte, error) {
	return hexBytes(scale.Marshal(attest.Policy(p))).MarshalText()
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *policyJSON) UnmarshalText(text []byte) error {
	if len(text) == 0 || string(text) == "0x" {
		return nil
	}
	v, err := decodeHex[attest.Policy](text)
	*p = policyJSON(v)
	return err
}

// measurementJSON is the SCALE encoding of a measurement in hex.
type measurementJSON struct{ attest.Measurement }

// MarshalText implements encoding.TextMarshaler.
func (m measurementJSON) MarshalText() ([]byte, error) {
	return hexBytes(scale.Marshal(m)).MarshalText()
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *measurementJSON) UnmarshalText(text []byte) (err error) {
	*m, err = decodeHex[measurementJSON](text)
	return err
}

func decodeHex[T any](text []byte) (v T, err error) {
	var raw hexBytes
	if err := raw.UnmarshalText(text); err != nil {
		return v, err
	}
	return scale.Decode[T](raw)
}

func jsonOf(s Spec) specJSON {
	evidence := s.EvidenceLimits()
	g := genesisJSON{SpecVersion: s.Genesis.SpecVersion, Sudo: s.Genesis.Sudo, SessionBlocks: s.Genesis.SessionBlocks, Balances: []balanceJSON{}, Validators: []validatorJSON{}}
	for _, b := range s.Genesis.Balances {
		g.Balances = append(g.Balances, balanceJSON{b.Account, b.Amount})
	}
	for _, v := range s.Genesis.Validators {
		k := v.Keys
		g.Validators = append(g.Validators, validatorJSON{v.Account, hash.H256(k.Grandpa), hash.H256(k.Engine), hash.H256(k.Beacon)})
	}
	g.Staking = stakingOf(s.Genesis.Staking)
	a := s.Genesis.Attestation
	g.Attestation = attestationJSON{Production: a.Production, Anchors: []anchorJSON{}, Images: []imageJSON{}, Policy: policyJSON(a.Policy), ActivationDelay: a.ActivationDelay}
	for _, x := range a.Anchors {
		g.Attestation.Anchors = append(g.Attestation.Anchors, anchorJSON{anchorKind(x.Kind), x.Certificate, x.Enabled})
	}
	for _, x := range a.Images {
		g.Attestation.Images = append(g.Attestation.Images, imageJSON{
			x.Name, x.Version, x.ConsensusVersion, measurementJSON{x.Measurement}, x.ConfigurationOK, x.TierMax,
		})
	}
	return specJSON{
		Name: s.Name, ID: s.ID, ChainType: s.Kind, Properties: propertiesJSON{s.Symbol}, BootNodes: append([]string{}, s.Peers...),
		Consensus: consensusJSON{
			time.UnixMilli(int64(s.GenesisTime)).UTC(), s.BlockTime, evidence.Blocks, uint32(evidence.Age / time.Hour),
		},
		Genesis: g,
	}
}

func (j specJSON) spec() Spec {
	s := Spec{
		Name: j.Name, ID: j.ID, Kind: j.ChainType, Symbol: j.Properties.TokenSymbol, Peers: j.BootNodes,
		GenesisTime: uint64(max(j.Consensus.GenesisTime.UnixMilli(), 0)), BlockTime: j.Consensus.BlockTimeMs,
		Evidence: Evidence{j.Consensus.EvidenceBlocks, time.Duration(j.Consensus.EvidenceHours) * time.Hour},
		Genesis:  runtime.Genesis{SpecVersion: j.Genesis.SpecVersion, Sudo: j.Genesis.Sudo, SessionBlocks: j.Genesis.SessionBlocks},
	}
	for _, b := range j.Genesis.Balances {
		s.Genesis.Balances = append(s.Genesis.Balances, runtime.Endowment{Account: b.Account, Amount: b.Amount})
	}
	for _, v := range j.Genesis.Validators {
		s.Genesis.Validators = append(s.Genesis.Validators, session.Validator{Account: v.Account, Keys: session.Keys{
			Grandpa: session.GrandpaKey(v.Grandpa), Engine: session.EngineKey(v.Engine), Beacon: session.BeaconKey(v.Beacon),
		}})
	}
	if j.Genesis.Staking != nil {
		s.Genesis.Staking = j.Genesis.Staking.genesis()
	}
	a := j.Genesis.Attestation
	s.Genesis.Attestation = attestation.Genesis{Production: a.Production, Policy: attest.Policy(a.Policy), ActivationDelay: a.ActivationDelay}
	for _, x := range a.Anchors {
		s.Genesis.Attestation.Anchors = append(s.Genesis.Attestation.Anchors, attestation.Anchor{
			Kind: attestation.AnchorKind(x.Kind), Certificate: x.Certificate, Enabled: x.Enabled,
		})
	}
	for _, x := range a.Images {
		s.Genesis.Attestation.Images = append(s.Genesis.Attestation.Images, attest.Image{
			Name: x.Name, Version: x.Version, ConsensusVersion: x.ConsensusVersion, Measurement: x.Measurement.Measurement,
			ConfigurationOK: x.ConfigurationOK, TierMax: x.TierMax,
		})
	}
	return s
}
