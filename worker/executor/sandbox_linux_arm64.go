package executor

import "golang.org/x/sys/unix"

// arch is the only kind of system calls there is: not those of 32 bits. None
// has a number from foreign on.
const (
	arch    = unix.AUDIT_ARCH_AARCH64
	foreign = 0x40000000
)
