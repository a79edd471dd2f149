package snp_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-configfs-tsm/configfs/configfsi"

	"github.com/tacit-network/tacit/attest/devamd"
	amd "github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/snp"
	"github.com/tacit-network/tacit/tee/teetest"
)

// kernel plays configfs-tsm as sev-guest has it, with reports of a development
// chip. See the kernel's Documentation/ABI/testing/configfs-tsm-report.
type kernel struct {
	chip     *devamd.Chip
	aux      []byte
	provider string
	cut      int // bytes that reports lack

	mu      sync.Mutex
	entries map[string]*entry // guarded by mu
}

type entry struct {
	inblob     []byte
	level      string
	generation int
}

func (k *kernel) MkdirTemp(dir, pattern string) (string, error) {
	if p, err := configfsi.ParseTsmPath(dir); err != nil || p.Subsystem != "report" {
		return "", fs.ErrNotExist
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	name := path.Join(dir, fmt.Sprint(pattern, len(k.entries)))
	for k.entries[name] != nil {
		name += "x"
	}
	k.entries[name] = &entry{}
	return name, nil
}

func (k *kernel) ReadDir(string) ([]os.DirEntry, error) { return nil, fs.ErrNotExist }

func (k *kernel) ReadFile(name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.entries[path.Dir(name)]
	if e == nil {
		return nil, fs.ErrNotExist
	}
	switch path.Base(name) {
	case "generation":
		return fmt.Appendf(nil, "%d\n", e.generation), nil
	case "provider":
		return []byte(k.provider + "\n"), nil
	case "auxblob":
		return k.aux, nil
	case "outblob":
		if len(e.inblob) != 64 || e.level != "0" {
			return nil, syscall.EINVAL
		}
		raw := k.chip.Report(devamd.Fields{ReportData: [64]byte(e.inblob), Measurement: [48]byte{1}})
		return raw[:len(raw)-k.cut], nil
	}
	return nil, fs.ErrNotExist
}

func (k *kernel) WriteFile(name string, contents []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.entries[path.Dir(name)]
	if e == nil {
		return fs.ErrNotExist
	}
	switch path.Base(name) {
	case "inblob":
		e.inblob = bytes.Clone(contents)
	case "privlevel":
		e.level = string(contents)
	default:
		return fs.ErrPermission
	}
	e.generation++
	return nil
}

func (k *kernel) RemoveAll(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, name)
	return nil
}

func open(t *testing.T) (*kernel, *snp.Guest) {
	t.Helper()
	k := &kernel{
		chip: devamd.New(amd.Genoa).Chip(amd.VCEK, amd.TCB{BootLoader: 9, SNP: 21, Microcode: 72}), provider: snp.Provider, entries: map[string]*entry{},
	}
	g, err := snp.Open(snp.Config{Client: k})
	if err != nil {
		t.Fatal(err)
	}
	return k, g
}

func TestConformance(t *testing.T) {
	k, g := open(t)
	teetest.Run(t, g)
	if len(k.entries) != 0 {
		t.Errorf("%d entries are left behind", len(k.entries))
	}
}

// A report verifies under the chip's certificates.
func TestVerifies(t *testing.T) {
	k, g := open(t)
	raw, err := g.Quote([64]byte{5})
	if err != nil {
		t.Fatal(err)
	}
	r, err := amd.ParseReport(raw)
	if err != nil {
		t.Fatal(err)
	}
	pki := devamd.New(amd.Genoa)
	e, err := amd.Verify(r, &amd.Endorsements{Leaf: k.chip.Certificate(), Intermediate: pki.Intermediate(amd.VCEK)}, &amd.Anchor{Root: pki.Root()}, 1795305600)
	if err != nil || e.Report.ReportData != [64]byte{5} || e.Report.VMPL != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	k.aux = []byte("table")
	if table, err := g.Certificates(); err != nil || string(table) != "table" {
		t.Errorf("%q, %v", table, err)
	}
}

func TestRefused(t *testing.T) {
	k, g := open(t)
	k.provider = "tdx_guest"
	if _, err := g.Quote([64]byte{}); err == nil || !strings.Contains(err.Error(), `provider is "tdx_guest"`) {
		t.Errorf("another provider: %v", err)
	}
	k.provider, k.cut = snp.Provider, 1
	if _, err := g.Quote([64]byte{}); err == nil || !strings.Contains(err.Error(), "1183 bytes") {
		t.Errorf("a report that is cut: %v", err)
	}
	if err := g.ExtendEvent("x", nil); !errors.Is(err, tee.ErrNoRegisters) {
		t.Errorf("extend: %v", err)
	}
	if _, err := g.SealingKey("x"); !errors.Is(err, tee.ErrNoSealing) {
		t.Errorf("seal: %v", err)
	}
}

// On a machine without the interface, opening says what is missing.
func TestNoHardware(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/config/tsm/report"); err == nil {
		t.Skip("this machine has configfs-tsm")
	}
	if _, err := snp.Open(snp.Config{}); err == nil || !strings.Contains(err.Error(), "configfs-tsm") {
		t.Errorf("got %v", err)
	}
}

func ExampleOpen() {
	guest, err := snp.Open(snp.Config{Client: &kernel{}}) // plays the kernel
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(guest.PlatformInfo().Kind, guest.ExtendEvent("config", nil))
	// Output: SEV-SNP extend by "config": hardware has no runtime measurements
}

// chipKeys plays the chip's key derivation: what it is asked decides the key.
func chipKeys(status byte, seen *[][32]byte) func([32]byte) ([64]byte, error) {
	return func(r [32]byte) (a [64]byte, err error) {
		*seen = append(*seen, r)
		a[0] = status
		sum := sha256.Sum256(r[:])
		copy(a[32:], sum[:])
		return a, nil
	}
}

// The request is that of Linux's struct snp_derived_key_req, bound to the guest's
// policy and measurement; keys differ by context and come again.
func TestSealing(t *testing.T) {
	var seen [][32]byte
	k, _ := open(t)
	g, err := snp.Open(snp.Config{Client: k, Derive: chipKeys(0, &seen)})
	if err != nil {
		t.Fatal(err)
	}
	teetest.Run(t, g)
	seen = nil
	a, err := g.SealingKey("a")
	if err != nil || len(a.Bytes()) != 32 {
		t.Fatalf("%d bytes, %v", len(a.Bytes()), err)
	}
	if want := [32]byte{8: 1<<0 | 1<<3}; len(seen) != 1 || seen[0] != want {
		t.Errorf("asked %x, want %x once", seen, want)
	}
	for status, want := range map[byte]string{0x16: "0x16"} { // INVALID_PARAMS
		g, err := snp.Open(snp.Config{Client: k, Derive: chipKeys(status, &seen)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.SealingKey("a"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("status %#x: %v", status, err)
		}
	}
	// This machine has no such device.
	if _, err := os.Stat("/dev/sev-guest"); errors.Is(err, fs.ErrNotExist) {
		g, err := snp.Open(snp.Config{Client: k})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.SealingKey("a"); !errors.Is(err, tee.ErrNoSealing) {
			t.Errorf("without a device: %v", err)
		}
	}
}
