// Package image makes the measured image of a worker, and says what a machine
// measures when it boots it.
//
// An image is a Linux kernel of a distribution's and an initramfs in which the
// static worker is the first process and the only program. [Initramfs] makes
// the same bytes of the same program anywhere; [Boot.PCR4] and [Boot.PCR9] are
// what OVMF and the kernel's EFI stub extend. Nothing is started here, and no
// quote is checked: see cmd/tacit-worker for the process, attest for quotes.
package image

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// entry is a file or a folder of the archive.
type entry struct {
	name string
	mode uint32
	data []byte
}

const (
	folder  = 0o040755
	program = 0o100755
)

// Initramfs returns the archive, compressed, whose first process is the worker.
func Initramfs(worker []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("make initramfs: %w", err)
	}
	// The header of z has no name, no time and no comment.
	if err := archive(z, []entry{
		{"dev", folder, nil}, {"init", program, worker}, {"proc", folder, nil}, {"state", folder, nil}, {"sys", folder, nil}, {"tmp", folder, nil},
	}); err != nil {
		return nil, fmt.Errorf("make initramfs: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("make initramfs: %w", err)
	}
	return out.Bytes(), nil
}

// archive writes a cpio archive in the form "newc" that Linux reads:
//
//	6  "070701"
//	8  each in hexadecimal: inode, mode, user, group, links, time, size, device
//	   (two), special device (two), length of the name with its NUL, checksum 0
//	   name, NUL, zeros to four bytes; data, zeros to four bytes
//
// Everything is root's, and of the beginning of 1970.
// https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
func archive(w io.Writer, list []entry) error {
	for i, e := range append(list, entry{name: "TRAILER!!!"}) {
		links := 1
		if e.mode == folder {
			links = 2
		}
		header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			i+1, e.mode, 0, 0, links, 0, len(e.data), 0, 0, 0, 0, len(e.name)+1, 0)
		if _, err := io.WriteString(w, pad(header+e.name+"\x00")); err != nil {
			return err
		}
		if _, err := w.Write(e.data); err != nil {
			return err
		}
		if _, err := io.WriteString(w, zeros(len(e.data))); err != nil {
			return err
		}
	}
	return nil
}

func zeros(n int) string { return "\x00\x00\x00"[:-n&3] }

func pad(s string) string { return s + zeros(len(s)) }
