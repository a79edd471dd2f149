package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/hash"
)

// Config is the configuration, in JSON.
type Config struct {
	// Dir keeps the state, encrypted. It counts from the configuration's folder.
	Dir string `json:"dir"`
	// Listen is the address for the relay; 127.0.0.1:0 when empty. It serves
	// users too, and is to be reached from this machine only.
	Listen string `json:"listen"`
	// Users is the address for users; empty for none beside Listen.
	Users string `json:"users"`
	// Chain is the chain that the worker belongs to. The hardware binds it.
	Chain Chain `json:"chain"`
	// TEE is the hardware: "simulated", "tdx" or "snp". The last two need the
	// kernel's interface, and were never run on such a machine.
	TEE string `json:"tee"`
	// Image is the name of this program's image on the chain, which hardware's
	// launch measurement decides. Simulated hardware measures the program itself.
	Image *hash.H256 `json:"image"`
	// SealToMachine lets a worker that was built anew open the state of an older
	// one on this machine. Only simulated hardware offers it.
	SealToMachine bool `json:"seal_to_machine"`
	// Queries is how many run at once; 0 means 4.
	Queries int `json:"queries"`
	// PrivateHTTP lets the HTTP requests of contracts' queries reach this machine
	// and its networks. For development; only simulated hardware offers it.
	PrivateHTTP bool `json:"private_http"`
	// Interpreter runs contracts without compiling them.
	Interpreter bool `json:"interpreter"`
	// InProcess runs contracts in the worker's own process. For development; only
	// simulated hardware offers it.
	InProcess bool `json:"in_process"`
	// ExitOnEOF ends the worker when the input that the configuration came from
	// ends, so that it does not outlive who started it.
	ExitOnEOF bool `json:"exit_on_eof"`
	// Debug logs more.
	Debug bool `json:"debug"`
}

// Chain names a chain and the block from which the light client starts.
type Chain struct {
	Genesis          hash.H256   `json:"genesis"`
	Authorities      []Authority `json:"authorities"`
	SetID            uint64      `json:"set_id"`
	CheckpointNumber uint32      `json:"checkpoint_number"`
	CheckpointHash   *hash.H256  `json:"checkpoint_hash"` // genesis when left out
}

// Authority is a GRANDPA voter.
type Authority struct {
	Key    hash.H256 `json:"key"`
	Weight uint64    `json:"weight"`
}

func (c Chain) worker() report.WorkerConfig {
	out := report.WorkerConfig{
		Genesis: c.Genesis, SetID: c.SetID, CheckpointNumber: c.CheckpointNumber, CheckpointHash: c.Genesis,
	}
	if c.CheckpointHash != nil {
		out.CheckpointHash = *c.CheckpointHash
	}
	for _, a := range c.Authorities {
		out.Authorities = append(out.Authorities, report.Authority{Key: a.Key, Weight: a.Weight})
	}
	return out
}

// maxConfig bounds what is read: 2,048 voters take less.
const maxConfig = 1 << 20

// readConfig reads one JSON value and returns what comes after it.
func readConfig(r io.Reader) (Config, io.Reader, error) {
	cfg := Config{Listen: "127.0.0.1:0", TEE: "simulated"}
	d := json.NewDecoder(io.LimitReader(r, maxConfig))
	d.DisallowUnknownFields()
	if err := d.Decode(&cfg); err != nil {
		return cfg, nil, fmt.Errorf("read configuration: %w", err)
	}
	return cfg, r, cfg.Validate()
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("dir is missing"))
	}
	simulated := c.TEE == "simulated"
	if !simulated && c.TEE != "tdx" && c.TEE != "snp" {
		faults = append(faults, fmt.Errorf("tee %q is none of \"simulated\", \"tdx\", \"snp\"", c.TEE))
	}
	if c.PrivateHTTP && !simulated {
		faults = append(faults, errors.New("private_http is for simulated hardware"))
	}
	if c.SealToMachine && !simulated {
		faults = append(faults, errors.New("seal_to_machine is for simulated hardware"))
	}
	if c.InProcess && !simulated {
		faults = append(faults, errors.New("in_process is for simulated hardware"))
	}
	if (c.Image == nil) != simulated {
		faults = append(faults, errors.New("image names the program on the chain: hardware needs it, simulated hardware measures the program"))
	}
	if c.Chain.Genesis.IsZero() {
		faults = append(faults, errors.New("chain.genesis is missing"))
	}
	if len(c.Chain.Authorities) == 0 {
		faults = append(faults, errors.New("chain.authorities is empty"))
	}
	if c.Chain.CheckpointNumber > 0 && c.Chain.CheckpointHash == nil {
		faults = append(faults, errors.New("chain.checkpoint_hash is missing"))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return nil
}
