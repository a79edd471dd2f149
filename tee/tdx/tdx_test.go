package tdx_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/tee/tdx"
	"github.com/tacit-network/tacit/tee/teetest"
)

func open(t *testing.T, registers string) *tdx.Guest {
	t.Helper()
	m, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := tdx.Open(tdx.Config{Client: m, Registers: registers})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The simulated module plays the kernel's configfs.
func TestConformance(t *testing.T) { teetest.Run(t, open(t, filepath.Join(t.TempDir(), "none"))) }

// Where the kernel has the registers in sysfs, the digest goes there, whole.
func TestSysfs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rtmr3:sha384")
	if err := os.WriteFile(file, make([]byte, 48), 0o600); err != nil {
		t.Fatal(err)
	}
	g := open(t, dir)
	if err := g.ExtendEvent("name", []byte("payload")); err != nil {
		t.Fatal(err)
	}
	want := tee.EventDigest("name", []byte("payload"))
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want[:]) {
		t.Errorf("written %x, %v; want %x", got, err, want)
	}
	raw, err := g.Quote([64]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if q, err := attest.ParseQuote(raw); err != nil || q.TDX.RTMR[3] != (attest.Digest{}) {
		t.Errorf("configfs was extended as well: %v", err)
	}
	// A register that is there and cannot be written is an error, not a
	// reason to try elsewhere.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := g.ExtendEvent("name", nil); err == nil || !strings.Contains(err.Error(), "RTMR3") {
		t.Errorf("got %v", err)
	}
}

// On a machine without TDX, opening says what is missing.
func TestNoHardware(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/config/tsm/report"); err == nil {
		t.Skip("this machine has configfs-tsm")
	}
	if _, err := tdx.Open(tdx.Config{}); err == nil || !strings.Contains(err.Error(), "configfs-tsm") {
		t.Errorf("on %s: %v", runtime.GOOS, err)
	}
}

func ExampleOpen() {
	machine, err := sim.Open(sim.Config{Secret: make([]byte, 32), MRTD: attest.Digest{1}}) // plays the kernel
	if err != nil {
		fmt.Println(err)
		return
	}
	guest, err := tdx.Open(tdx.Config{Client: machine})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = guest.SealingKey("state")
	fmt.Println(guest.PlatformInfo().Kind, err)
	// Output: TDX hardware has no sealing key
}
