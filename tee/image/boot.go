package image

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"
)

// Boot is what a machine boots: QEMU gives kernel, initramfs and command line
// to OVMF, which starts the kernel by its EFI stub.
type Boot struct {
	Kernel    []byte // bzImage
	Initramfs []byte
	// CommandLine is as it is given to QEMU.
	CommandLine string
	// Memory is the machine's below 4 GiB, in bytes.
	Memory uint64
}

// acpiSize is what QEMU keeps free for ACPI tables below the end of memory, for
// machines of type pc and q35.
const acpiSize = 0x28000

// Places in the kernel's setup header.
// https://docs.kernel.org/arch/x86/boot.html
const (
	setupSects   = 0x1F1
	headerMagic  = 0x202
	protocol     = 0x206
	loaderType   = 0x210
	loadFlags    = 0x211
	ramdiskImage = 0x218
	ramdiskSize  = 0x21C
	heapEnd      = 0x224
	commandLine  = 0x228
	ramdiskMax   = 0x22C
	xloadFlags   = 0x236
	setupEnd     = 0x268
)

// MaxKernel and MaxCommandLine bound what is measured, in bytes.
const (
	MaxKernel      = 256 << 20
	MaxCommandLine = 4096
)

// patched returns the kernel as QEMU hands it on: with the loader's part of its
// setup header filled in (x86_load_linux in QEMU's hw/i386/x86.c).
func (b *Boot) patched() ([]byte, error) {
	if len(b.Kernel) < setupEnd || len(b.Kernel) > MaxKernel || string(b.Kernel[headerMagic:headerMagic+4]) != "HdrS" {
		return nil, errors.New("it is no bzImage")
	}
	k := slices.Clone(b.Kernel)
	le := binary.LittleEndian
	if version := le.Uint16(k[protocol:]); version < 0x20C {
		return nil, fmt.Errorf("its boot protocol %d.%d is older than 2.12", version>>8, version&0xFF)
	}
	const real, line = 0x10000, 0x20000
	k[loaderType] = 0xB0
	k[loadFlags] |= 0x80
	le.PutUint16(k[heapEnd:], line-real-0x200)
	le.PutUint32(k[commandLine:], line)
	if len(b.Initramfs) == 0 {
		return k, nil
	}
	most := uint64(le.Uint32(k[ramdiskMax:]))
	if le.Uint16(k[xloadFlags:])&2 != 0 { // it may lie above 4 GiB
		most = 1<<32 - 1
	}
	if b.Memory <= acpiSize {
		return nil, fmt.Errorf("a machine of %d bytes is too small", b.Memory)
	}
	if most >= b.Memory-acpiSize {
		most = b.Memory - acpiSize - 1
	}
	if uint64(len(b.Initramfs)) >= most {
		return nil, fmt.Errorf("the initramfs of %d bytes does not fit into the machine", len(b.Initramfs))
	}
	le.PutUint32(k[ramdiskImage:], uint32((most-uint64(len(b.Initramfs)))&^4095))
	le.PutUint32(k[ramdiskSize:], uint32(len(b.Initramfs)))
	return k, nil
}

// signed returns the bytes of a PE image that its Authenticode hash covers: all
// but the checksum, the place of the certificates, and the certificates.
// https://learn.microsoft.com/en-us/windows-hardware/drivers/install/authenticode
func signed(pe []byte) ([]byte, error) {
	bad := errors.New("its EFI stub is malformed")
	le := binary.LittleEndian
	if len(pe) < 0x40 {
		return nil, bad
	}
	at := uint64(le.Uint32(pe[0x3C:])) + 24 // behind signature and COFF header
	if at+0x100 > uint64(len(pe)) || string(pe[at-24:at-20]) != "PE\x00\x00" || le.Uint16(pe[at:]) != 0x20B {
		return nil, bad
	}
	checksum, directory := at+64, at+112+4*8
	if le.Uint32(pe[at+108:]) < 5 {
		return nil, bad
	}
	size := uint64(le.Uint32(pe[directory+4:]))
	start := uint64(len(pe)) - size
	if size > uint64(len(pe)) || start < directory+8 || size > 0 && uint64(le.Uint32(pe[directory:])) != start {
		return nil, bad
	}
	return slices.Concat(pe[:checksum], pe[checksum+4:directory], pe[directory+8:start]), nil
}

// kernel returns what OVMF hashes of the kernel.
func (b *Boot) kernel() ([]byte, error) {
	k, err := b.patched()
	if err != nil {
		return nil, fmt.Errorf("read kernel: %w", err)
	}
	if k, err = signed(k); err != nil {
		return nil, fmt.Errorf("read kernel: %w", err)
	}
	return k, nil
}

// options is what the EFI stub measures as the command line: UTF-16 with a NUL.
// QEMU's firmware names the initramfs at its end.
func (b *Boot) options() ([]byte, error) {
	if len(b.CommandLine) > MaxCommandLine {
		return nil, fmt.Errorf("a command line of %d bytes is above %d", len(b.CommandLine), MaxCommandLine)
	}
	line := b.CommandLine
	if len(b.Initramfs) > 0 {
		line += " initrd=initrd"
	}
	var out []byte
	for _, u := range append(utf16.Encode([]rune(line)), 0) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out, nil
}

// PCR4 is the register of what was started: the kernel as it is handed on,
// which has the place and the size of the initramfs in it.
func (b *Boot) PCR4() (r [32]byte, err error) {
	kernel, err := b.kernel()
	if err != nil {
		return r, err
	}
	// OVMF loads the kernel before it says that booting begins.
	for _, event := range [][]byte{kernel, []byte("Calling EFI Application from Boot Option"), make([]byte, 4)} {
		r = extend256(r, event)
	}
	return r, nil
}

// PCR9 is the register of the command line and the initramfs.
func (b *Boot) PCR9() (r [32]byte, err error) {
	options, err := b.options()
	if err != nil {
		return r, err
	}
	return extend256(extend256(r, options), b.Initramfs), nil
}

// RTMR2 is what PCR 9 is on TDX, by TDVF's mapping of registers. It was never
// compared with hardware.
func (b *Boot) RTMR2() (r [48]byte, err error) {
	options, err := b.options()
	if err != nil {
		return r, err
	}
	for _, event := range [][]byte{options, b.Initramfs} {
		digest := sha512.Sum384(event)
		r = sha512.Sum384(append(r[:], digest[:]...))
	}
	return r, nil
}

func extend256(r [32]byte, event []byte) [32]byte {
	digest := sha256.Sum256(event)
	return sha256.Sum256(append(r[:], digest[:]...))
}
