package main

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/tee/tdx"
)

// A machine that was launched for another chain, or for none, is told so before
// it asks a chain to admit it. The simulated module plays the kernel.
func TestLaunchedFor(t *testing.T) {
	chain := report.WorkerConfig{Genesis: hash.H256{1}, CheckpointHash: hash.H256{1}}
	other := chain
	other.Genesis[0]++
	for name, row := range map[string]struct {
		config attest.Digest
		want   string
	}{
		"this chain":    {chain.Hash(), ""},
		"another chain": {other.Hash(), "MRCONFIGID"},
		"no chain":      {attest.Digest{}, "MRCONFIGID"},
	} {
		m, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}, ConfigID: row.config})
		if err != nil {
			t.Fatal(err)
		}
		guest, err := tdx.Open(tdx.Config{Client: m, Registers: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		err = launchedFor(guest, chain)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// What the configuration says of hardware must fit together.
func TestHardwareConfig(t *testing.T) {
	image := hash.H256{7}
	good := Config{Dir: "x", TEE: "tdx", Image: &image, Chain: Chain{Genesis: hash.H256{1}, Authorities: []Authority{{}}}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, row := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"unknown hardware":            {func(c *Config) { c.TEE = "sgx" }, "none of"},
		"no image":                    {func(c *Config) { c.Image = nil }, "image names"},
		"an image of a simulated one": {func(c *Config) { c.TEE = "simulated" }, "image names"},
		"private HTTP":                {func(c *Config) { c.PrivateHTTP = true }, "private_http"},
		"seal to the machine":         {func(c *Config) { c.SealToMachine = true }, "seal_to_machine"},
	} {
		c := good
		row.change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	// There is no such hardware where tests run.
	if _, _, err := hardware(good, good.Chain.worker(), Measured{}); err == nil {
		t.Skip("this machine is a trust domain")
	} else if !strings.Contains(err.Error(), "TDX") {
		t.Errorf("without hardware: %v", err)
	}
}
