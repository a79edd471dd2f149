// Package sim is a TDX module in software, for development: it measures,
// extends, quotes and seals as the hardware does, and protects nothing.
//
// It implements the client interface of go-configfs-tsm, so that a worker on
// it runs the code that it runs in a real confidential VM. Quotes are genuine
// in form and are signed last, under the hierarchy of attest/devpki, whose
// keys are public: only a chain that trusts that root takes them, and every
// screen of such a chain says SIMULATED.
//
// The sealing key is derived from a random file in the worker's folder and
// the program's measurement. Whoever reads that file has the key: on real
// hardware it would not leave the processor.
package sim

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/tee"
)

// Notice is what users of a simulated TEE are told.
const Notice = "SIMULATED TEE: no confidentiality"

const (
	provider   = "tdx_guest"
	secretFile = "simulated-platform-secret"
	secretSize = 32
)

// Faults makes the module or its platform bad, for tests of what refuses it.
// A platform is revoked by [devpki.PCS], with the serial number of
// [Module.Platform].
type Faults struct {
	Platform   devpki.Fault
	FMSPC      attest.FMSPC // of another family; zero for the usual one
	Debug      bool         // the trust domain can be read by its host
	ReportData bool         // quotes are about other report data than was asked
}

// Config says what the simulated machine is. The program must be set.
type Config struct {
	// Folder keeps the machine's secret between runs; it is made when it is
	// missing. Not used when Secret is set.
	Folder string
	// Secret is the machine's secret in tests that want the same bytes in
	// each run. Nil: that of Folder.
	Secret []byte
	// MRTD is the program's measurement, see [MeasureProgram].
	MRTD attest.Digest
	// ConfigID is what the machine was launched with: MRCONFIGID.
	ConfigID attest.Digest
	// Seed is that of the hierarchy which certifies the machine. Empty: the
	// one that development chains trust.
	Seed string
	// SealToMachine gives every program on the machine the same sealing keys,
	// so that a worker that was built anew opens what an older one sealed. By
	// default keys are the program's own, as hardware has it.
	SealToMachine bool
	// Faults of the machine. Zero: none.
	Faults Faults
}

// MeasureProgram returns the measurement of a program: SHA-384 of its file.
func MeasureProgram(program io.Reader) (attest.Digest, error) {
	h := sha512.New384()
	if _, err := io.Copy(h, program); err != nil {
		return attest.Digest{}, fmt.Errorf("measure program: %w", err)
	}
	return attest.Digest(h.Sum(nil)), nil
}

// Measurement returns what a chain must admit for a program that runs on a
// simulated machine.
func Measurement(mrtd attest.Digest) attest.TDXMeasurement {
	return attest.TDXMeasurement{
		MRTD:            mrtd,
		RTMR0:           []attest.Digest{bootDigest("machine")},
		RTMR1:           bootDigest("kernel"),
		RTMR2:           bootDigest("command line"),
		AttributesMask:  [8]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
		AttributesValue: attributes,
		XFAMMax:         xfam,
	}
}

var (
	attributes = [8]byte{3: 0x10}       // SEPT_VE_DISABLE
	xfam       = [8]byte{0xE7, 0x02, 6} // x87, SSE, AVX, AVX-512, PKRU, AMX
)

// bootDigest stands for a register after the boot of a real machine.
func bootDigest(part string) attest.Digest {
	return sha512.Sum384([]byte("tacit simulated TDX, version 1: " + part))
}

// Module is a simulated TDX module and the machine around it.
type Module struct {
	platform      *devpki.Platform
	faults        Faults
	secret        []byte
	sealToMachine bool

	mu      sync.Mutex
	report  attest.TDXReport  // guarded by mu: its registers grow
	entries map[string]*entry // guarded by mu: folders, by path
	made    uint64            // guarded by mu: folders so far
}

// Open starts the machine that a configuration describes.
func Open(cfg Config) (*Module, error) {
	if cfg.MRTD == (attest.Digest{}) {
		return nil, errors.New("open simulated TEE: the program is not measured")
	}
	secret := cfg.Secret
	if secret == nil {
		var err error
		if secret, err = loadSecret(cfg.Folder); err != nil {
			return nil, fmt.Errorf("open simulated TEE: %w", err)
		}
	}
	machine, err := hkdf.Key(sha256.New, secret, nil, "tacit/sim/machine/1", 16)
	if err != nil {
		return nil, fmt.Errorf("open simulated TEE: %w", err)
	}
	seed := cfg.Seed
	if seed == "" {
		seed = devpki.Seed
	}
	m := &Module{faults: cfg.Faults, secret: secret, sealToMachine: cfg.SealToMachine, entries: map[string]*entry{}}
	m.platform = devpki.New(seed).Platform(devpki.PlatformConfig{
		Machine: hex.EncodeToString(machine), FMSPC: cfg.Faults.FMSPC, Fault: cfg.Faults.Platform,
	})
	want := Measurement(cfg.MRTD)
	m.report = attest.TDXReport{
		TCBSVN: m.platform.TCBSVN(), MRSEAM: bootDigest("module"), Attributes: attributes, XFAM: xfam,
		MRTD: cfg.MRTD, MRConfigID: cfg.ConfigID,
		RTMR: [4][48]byte{want.RTMR0[0], want.RTMR1, want.RTMR2, {}},
	}
	if cfg.Faults.Debug {
		m.report.Attributes[0] |= 1
	}
	return m, nil
}

// Platform returns the machine that signs the quotes.
func (m *Module) Platform() *devpki.Platform { return m.platform }

// Backend returns the machine as a worker sees it.
func (m *Module) Backend() tee.Backend {
	info := tee.PlatformInfo{Kind: tee.TDX, Provider: provider, Simulated: true, Notice: Notice}
	return tee.NewGuest(m, info, m.sealingKey)
}

// sealingKey derives a key from the machine's secret and the program, as the
// hardware's key derivation does; see Config.SealToMachine.
func (m *Module) sealingKey(context string) (tee.SealingKey, error) {
	m.mu.Lock()
	mrtd := m.report.MRTD
	m.mu.Unlock()
	if m.sealToMachine {
		mrtd = attest.Digest{}
	}
	key, err := hkdf.Key(sha256.New, m.secret, mrtd[:], "tacit/sim/seal/1/"+context, 32)
	if err != nil {
		return tee.SealingKey{}, fmt.Errorf("derive sealing key: %w", err)
	}
	return tee.NewSealingKey(key), nil
}

// quote signs the machine's report about the given bytes.
func (m *Module) quote(reportData [64]byte) []byte {
	r := m.report
	r.ReportData = reportData
	if m.faults.ReportData {
		r.ReportData[0] ^= 1
	}
	return m.platform.QuoteTDX(4, false, &r)
}

// loadSecret reads a machine's secret, or makes it.
func loadSecret(folder string) ([]byte, error) {
	if folder == "" {
		return nil, errors.New("no folder for the machine's secret")
	}
	name := filepath.Join(folder, secretFile)
	secret, err := os.ReadFile(name)
	switch {
	case err == nil && len(secret) == secretSize:
		return secret, nil
	case err == nil:
		return nil, fmt.Errorf("%s has %d bytes, not %d: remove it to become a new machine", name, len(secret), secretSize)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	secret = make([]byte, secretSize)
	rand.Read(secret) // never fails
	// A file that is cut by a crash would make the machine unusable, so write
	// it aside first; the link fails when another run was faster.
	tmp, err := os.CreateTemp(folder, secretFile+".*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(secret)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), name); err != nil {
		return nil, fmt.Errorf("keep the machine's secret: %w", err)
	}
	return secret, nil
}
