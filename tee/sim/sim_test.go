package sim_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-configfs-tsm/rtmr"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/tee/teetest"
)

const now = 1795305600 // 2026-11-22

var config = sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}, ConfigID: attest.Digest{2}}

func open(t *testing.T, cfg sim.Config) *sim.Module {
	t.Helper()
	m, err := sim.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConformance(t *testing.T) { teetest.Run(t, open(t, config).Backend()) }

// admit takes a quote the way that a chain does.
func admit(t *testing.T, m *sim.Module, pcs *devpki.PCS) error {
	t.Helper()
	raw, err := m.Backend().Quote([64]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	p, err := attest.PrepareCollateral(pcs.Collateral(attest.TDX, devpki.FMSPC, now), pcs.PKI.Anchor(), now)
	if err != nil {
		t.Fatal(err)
	}
	e, err := attest.VerifyQuote(raw, p, now)
	if err != nil {
		return err
	}
	image := &attest.Image{Measurement: sim.Measurement(config.MRTD), TierMax: 2}
	if _, err := attest.ApplyPolicy(e, &attest.Policy{}, image, config.ConfigID, attest.Dev); err != nil {
		return err
	}
	if e.ReportData != [64]byte{7} {
		return errors.New("report data differs")
	}
	return nil
}

func TestFaults(t *testing.T) {
	pki := devpki.New(devpki.Seed)
	for _, c := range []struct {
		name   string
		change func(*sim.Config)
		want   string
	}{
		{"none", func(*sim.Config) {}, ""},
		{"old component", func(c *sim.Config) { c.Faults.Platform = devpki.OldSVN }, "TACIT-DEV-00001"},
		{"out of date", func(c *sim.Config) { c.Faults.Platform = devpki.OutOfDate }, "OutOfDate"},
		{"old PCE", func(c *sim.Config) { c.Faults.Platform = devpki.OldPCE }, "no matching TCB level"},
		{"old module", func(c *sim.Config) { c.Faults.Platform = devpki.OldModule }, "OutOfDate"},
		{"other family", func(c *sim.Config) { c.Faults.FMSPC = attest.FMSPC{9} }, "TCB info of"},
		{"debug", func(c *sim.Config) { c.Faults.Debug = true }, "debug"},
		{"report data", func(c *sim.Config) { c.Faults.ReportData = true }, "report data differs"},
		{"another program", func(c *sim.Config) { c.MRTD[0]++ }, "measurement differs"},
		{"another configuration", func(c *sim.Config) { c.ConfigID[0]++ }, "MRCONFIGID"},
		{"another hierarchy", func(c *sim.Config) { c.Seed = "other" }, "trust anchor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config
			c.change(&cfg)
			err := admit(t, open(t, cfg), &devpki.PCS{PKI: pki})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	m := open(t, config)
	if err := admit(t, m, &devpki.PCS{PKI: pki, RevokedPCK: [][]byte{m.Platform().Serial()}}); !errors.Is(err, attest.ErrRevoked) {
		t.Errorf("revoked platform: %v", err)
	}
}

func TestSecretFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "worker")
	cfg := config
	cfg.Secret, cfg.Folder = nil, dir
	key := func(m *sim.Module) []byte {
		k, err := m.Backend().SealingKey("x")
		if err != nil {
			t.Fatal(err)
		}
		return k.Bytes()
	}
	first := open(t, cfg)
	again := open(t, cfg)
	if !bytes.Equal(key(first), key(again)) || first.Platform().PPID() != again.Platform().PPID() {
		t.Error("the machine is another one after a restart")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("folder has %d files, %v", len(entries), err)
	}
	if info, _ := entries[0].Info(); info.Mode().Perm() != 0o600 {
		t.Errorf("the secret's mode is %v", info.Mode())
	}
	cfg.MRTD[0]++
	if bytes.Equal(key(first), key(open(t, cfg))) {
		t.Error("another program gets the same sealing key")
	}
	cfg.Folder = t.TempDir()
	other := open(t, cfg)
	if bytes.Equal(key(first), key(other)) || first.Platform().PPID() == other.Platform().PPID() {
		t.Error("two machines are the same")
	}
	if err := os.WriteFile(filepath.Join(dir, entries[0].Name()), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Folder = dir
	if _, err := sim.Open(cfg); err == nil {
		t.Error("a cut secret is accepted")
	}
}

// The interface behaves as the kernel's does.
func TestConfigfs(t *testing.T) {
	m := open(t, config)
	for _, index := range []int{0, 1} {
		if err := rtmr.ExtendDigest(m, index, make([]byte, 48)); err == nil {
			t.Errorf("user space extends register %d", index)
		}
	}
	if err := rtmr.ExtendDigest(m, 4, make([]byte, 48)); err == nil {
		t.Error("there is a register 4")
	}
	r, err := rtmr.GetDigest(m, 1)
	if want := sim.Measurement(config.MRTD).RTMR1; err != nil || !bytes.Equal(r.Digest, want[:]) {
		t.Errorf("register 1: %v, %v", r, err)
	}
	entry, err := m.MkdirTemp("/sys/kernel/config/tsm/report", "entry")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ReadFile(entry + "/outblob"); err == nil {
		t.Error("a quote about nothing")
	}
	for _, n := range []int{0, 65} {
		if err := m.WriteFile(entry+"/inblob", make([]byte, n)); err == nil {
			t.Errorf("inblob of %d bytes is accepted", n)
		}
	}
	if err := m.RemoveAll(entry); err != nil {
		t.Error(err)
	}
	if _, err := m.ReadFile(entry + "/outblob"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed entry: %v", err)
	}
	if _, err := m.MkdirTemp("/etc", "x"); err == nil {
		t.Error("a folder outside the interface")
	}
}

// From dstack's encoding of an event: SHA-384 over its type, name and payload.
func TestEventDigest(t *testing.T) {
	var zero [48]byte
	d := tee.EventDigest("boot", nil)
	if d == tee.EventDigest("boo", []byte("t")) || d == zero || tee.Extend(zero, d) == d {
		t.Error("events are mixed up")
	}
}

func Example() {
	module, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := module.Backend()
	quote, err := backend.Quote([64]byte{1, 2, 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := attest.ParseQuote(quote)
	fmt.Println(backend.PlatformInfo().Notice, q.TDX.ReportData[:3], err)
	// Output: SIMULATED TEE: no confidentiality [1 2 3] <nil>
}

// A program that is built anew opens what it sealed before only where the
// machine says so.
func TestSealToMachine(t *testing.T) {
	key := func(mrtd byte, machine bool) tee.SealingKey {
		t.Helper()
		m, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{mrtd}, SealToMachine: machine})
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.Backend().SealingKey("state")
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if one, two := key(1, false), key(2, false); string(one.Bytes()) == string(two.Bytes()) {
		t.Error("two programs have the same key")
	}
	if one, two := key(1, true), key(2, true); string(one.Bytes()) != string(two.Bytes()) {
		t.Error("a machine's key depends on the program")
	}
	if one, two := key(1, true), key(1, false); string(one.Bytes()) == string(two.Bytes()) {
		t.Error("a machine's key is also a program's")
	}
}
