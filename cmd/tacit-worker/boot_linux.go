package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// configPort is where a machine's host hands in the configuration, which is not
// part of the image.
const configPort = "/dev/ttyS1"

// Booted is the line that the first process prints: what the machine's TPM
// measured of it, where it has one.
type Booted struct {
	PCR4 string `json:"pcr4,omitempty"` // hexadecimal, SHA-256
	PCR9 string `json:"pcr9,omitempty"`
}

// boot is the whole life of the machine when the program is its first process:
// it mounts what Linux offers, asks the host for the configuration, works, and
// turns the machine off.
func boot() error {
	for _, m := range []struct{ kind, at string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"configfs", "/sys/kernel/config"},
	} {
		err := syscall.Mount(m.kind, m.at, m.kind, syscall.MS_NOSUID|syscall.MS_NOEXEC, "")
		if err != nil && m.kind != "configfs" { // which only TEEs need
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("set up the loopback interface: %w", err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(Booted{register(4), register(9)}); err != nil {
		return err
	}
	port, err := os.OpenFile(configPort, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("open %s for the configuration: %w", configPort, err)
	}
	if err := raw(port); err != nil {
		return fmt.Errorf("set up %s: %w", configPort, err)
	}
	// What came before this is lost: the host waits for it.
	if _, err := io.WriteString(port, "configuration?\n"); err != nil {
		return err
	}
	return run([]string{"-config", "-"}, port, os.Stdout)
}

// register reads a register of the TPM, in lower case; "" where there is none.
func register(n int) string {
	text, err := os.ReadFile(filepath.Join("/sys/class/tpm/tpm0/pcr-sha256", fmt.Sprint(n)))
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(string(text)))
}

// raw has a serial line hand on bytes as they come.
func raw(f *os.File) error {
	var t syscall.Termios
	if err := ioctl(f.Fd(), syscall.TCGETS, unsafe.Pointer(&t)); err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cc[syscall.VMIN], t.Cc[syscall.VTIME] = 1, 0
	return ioctl(f.Fd(), syscall.TCSETS, unsafe.Pointer(&t))
}

func ioctl(fd, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// loopback brings up the interface on which the worker listens.
func loopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP
	if err := ioctl(uintptr(fd), syscall.SIOCSIFFLAGS, unsafe.Pointer(&request)); err != nil {
		return err
	}
	_, err = net.InterfaceByName("lo")
	return err
}

// first runs the machine if the program is its first process, and does not
// return then.
func first() {
	if os.Getpid() != 1 {
		return
	}
	// A container's first process is 1 as well, and finds everything mounted.
	if _, err := os.Stat("/proc/self"); err == nil {
		return
	}
	if err := boot(); err != nil {
		fmt.Println("tacit-worker:", err)
	}
	syscall.Sync()
	err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Println("tacit-worker:", errors.Join(errors.New("the machine cannot be turned off"), err))
	os.Exit(1)
}
