package snp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/tacit-network/tacit/tee"
)

const (
	device = "/dev/sev-guest"
	// getDerivedKey is SNP_GET_DERIVED_KEY: _IOWR('S', 1, 32 bytes).
	getDerivedKey = 0xC0205301
)

// guestRequest is struct snp_guest_request_ioctl.
type guestRequest struct {
	version  uint8
	request  uint64
	response uint64
	exitInfo uint64
}

// ask asks the kernel's device.
func ask(r keyRequest) (a keyAnswer, err error) {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return a, tee.ErrNoSealing
	}
	if err != nil {
		return a, err
	}
	defer f.Close()
	request, answer := new(keyRequest), new(keyAnswer)
	*request = r
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(request)
	pin.Pin(answer)
	g := &guestRequest{version: 1, request: uint64(uintptr(unsafe.Pointer(request))), response: uint64(uintptr(unsafe.Pointer(answer)))}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), getDerivedKey, uintptr(unsafe.Pointer(g))); errno != 0 {
		return a, fmt.Errorf("%s: %w, firmware and host %#x", device, errno, g.exitInfo)
	}
	return *answer, nil
}
