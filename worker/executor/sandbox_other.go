//go:build !linux || !(amd64 || arm64)

package executor

import (
	"errors"
	"io"
	"os"
)

// Confines tells whether this system confines processes.
const Confines = false

func closeBut(int) {}

func laneFile(fd int) io.ReadWriteCloser { return os.NewFile(uintptr(fd), "lane") }

// confine says that there is nothing here to confine a process with.
func confine(uint64) (string, error) { return "none on this system", nil }

// lanePair needs pairs of sockets, as processes inherit them.
func lanePair() (mine io.ReadWriteCloser, theirs *os.File, err error) {
	return nil, nil, errors.New("executors in processes of their own are for Linux")
}

// gently starts a process at a low priority, where there are priorities.
func gently(start func() error) error { return start() }

const program = ""
