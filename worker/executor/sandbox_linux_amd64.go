package executor

import "golang.org/x/sys/unix"

// arch is the only kind of system calls there is: not those of 32 bits, and not
// those of x32, which begin at foreign.
const (
	arch    = unix.AUDIT_ARCH_X86_64
	foreign = 0x40000000
)
