// Package tdx is the backend of a trust domain of Intel TDX: quotes through
// Linux's configfs-tsm, runtime measurements through sysfs where the kernel has
// them there, else through configfs.
//
// It was tested against the kernel's interface as package tee/sim and a folder
// play it, and not on hardware. TDX has no key that outlives a restart, so there
// is no sealing; who needs one keeps it elsewhere. Nothing is verified here: see
// attest.
package tdx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-configfs-tsm/configfs/configfsi"
	"github.com/google/go-configfs-tsm/configfs/linuxtsm"

	"github.com/tacit-network/tacit/tee"
)

// Provider is how the kernel names the hardware.
const Provider = "tdx_guest"

// registersFolder is where Linux from 6.16 shows the registers, as files that a
// digest is written to. See Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest.
const registersFolder = "/sys/devices/virtual/misc/tdx_guest/measurements"

// Config says where the kernel's interfaces are. The zero value is right on
// Linux.
type Config struct {
	// Client reaches configfs-tsm; nil for the kernel's.
	Client configfsi.Client
	// Registers is the folder of the runtime measurements; empty for the
	// kernel's. Where it is not there, configfs is used.
	Registers string
}

// Guest is a trust domain's own view of its hardware.
type Guest struct {
	*tee.Guest
	registers string
}

// Open returns the backend of the machine that the program runs in. It fails
// where the kernel has no such interface; whether the hardware behind it is TDX
// shows at the first quote.
func Open(cfg Config) (*Guest, error) {
	if cfg.Client == nil {
		client, err := linuxtsm.MakeClient()
		if err != nil {
			return nil, fmt.Errorf("open TDX: the kernel has no configfs-tsm, which Linux has from 6.7: %w", err)
		}
		cfg.Client = client
	}
	if cfg.Registers == "" {
		cfg.Registers = registersFolder
	}
	return &Guest{tee.NewGuest(cfg.Client, tee.PlatformInfo{Kind: tee.TDX, Provider: Provider}, nil), cfg.Registers}, nil
}

// ExtendEvent extends register 3 by the event's digest.
func (g *Guest) ExtendEvent(name string, payload []byte) error {
	file := filepath.Join(g.registers, fmt.Sprintf("rtmr%d:sha384", tee.EventRegister))
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return g.Guest.ExtendEvent(name, payload)
	}
	if err != nil {
		return fmt.Errorf("extend RTMR%d by %q: %w", tee.EventRegister, name, err)
	}
	// The kernel takes all 48 bytes in one write, or none.
	digest := tee.EventDigest(name, payload)
	_, err = f.Write(digest[:])
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("extend RTMR%d by %q: %w", tee.EventRegister, name, err)
	}
	return nil
}
