package host

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
)

// wasiModule is where modules of the Go toolchain import from.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
const wasiModule = "wasi_snapshot_preview1"

// Errors of WASI that are used.
const (
	wasiSuccess  = 0
	wasiBadFile  = 8
	wasiInvalid  = 28
	wasiNotThere = 58
)

// wasiTable is everything that a Go module imports: the first ten by the
// runtime, the others by package os, which fmt links.
var wasiTable = []struct {
	name, typ string
	do        func(x *execution, c *vm.Call, s []uint64) error
}{
	{"args_get", "pp>p", wasiNothing},
	{"args_sizes_get", "pp>p", wasiSizes},
	{"environ_get", "pp>p", wasiNothing},
	{"environ_sizes_get", "pp>p", wasiSizes},
	{"clock_time_get", "pgp>p", wasiClock},
	{"fd_write", "pppp>p", wasiWrite},
	{"poll_oneoff", "pppp>p", wasiPoll},
	{"proc_exit", "p>", wasiExit},
	{"random_get", "pp>p", wasiRandom},
	{"sched_yield", ">p", wasiNothing},
	{"fd_close", "p>p", wasiNoFile},
	{"fd_read", "pppp>p", wasiNoFile},
	{"fd_fdstat_get", "pp>p", wasiNoFile},
	{"fd_fdstat_set_flags", "pp>p", wasiNoFile},
	{"fd_prestat_get", "pp>p", wasiNoFile},
	{"fd_prestat_dir_name", "ppp>p", wasiNoFile},
}

// devices are the virtual clock and the generator of one execution. While the
// module initialises they give every module the same, so that the memory after
// it depends on the code alone.
type devices struct {
	elapsed uint64 // ns that the clock went on
	stream  cipher.Stream
	ready   bool // the stream is that of the call, not of the initialisation
}

// clock is the virtual time in ns: that of the block, a microsecond later at
// each look.
func (x *execution) clock(c *vm.Call) uint64 {
	x.wasi.elapsed += 1000
	if c.Initializing() {
		return x.wasi.elapsed
	}
	return x.env.Time*1e6 + x.wasi.elapsed
}

// random fills b from a stream of AES-256 in counter mode.
func (x *execution) random(c *vm.Call, b []byte) {
	if x.wasi.stream == nil || !x.wasi.ready && !c.Initializing() {
		seed := hash.Blake2b256([]byte("tacit/contract/init"))
		if x.wasi.ready = !c.Initializing(); x.wasi.ready {
			seed = hash.Blake2b256([]byte("tacit/contract/random"), x.env.Seed[:])
		}
		block, err := aes.NewCipher(seed[:])
		if err != nil {
			panic(err) // the key has the length of a key
		}
		x.wasi.stream = cipher.NewCTR(block, make([]byte, aes.BlockSize))
	}
	clear(b)
	x.wasi.stream.XORKeyStream(b, b)
}

func wasiNothing(_ *execution, _ *vm.Call, s []uint64) error {
	s[0] = wasiSuccess
	return nil
}

// wasiNoFile says that there is no such file.
func wasiNoFile(_ *execution, _ *vm.Call, s []uint64) error {
	s[0] = wasiBadFile
	return nil
}

// wasiSizes says that there are no arguments and no environment.
func wasiSizes(_ *execution, c *vm.Call, s []uint64) error {
	a, b := u32(s, 0), u32(s, 1)
	s[0] = wasiSuccess
	if err := c.WriteU32(a, 0); err != nil {
		return err
	}
	return c.WriteU32(b, 0)
}

func wasiClock(x *execution, c *vm.Call, s []uint64) error {
	ptr := u32(s, 2)
	s[0] = wasiSuccess
	return c.Write(ptr, binary.LittleEndian.AppendUint64(nil, x.clock(c)))
}

// gasVector is for one part of a list that WASI hands over: read, checked and
// followed (see BenchmarkPrices).
const gasVector = 400

// wasiWrite takes what is written to standard output and standard error as
// debug text.
func wasiWrite(x *execution, c *vm.Call, s []uint64) error {
	fd, vec, n, written := u32(s, 0), u32(s, 1), u32(s, 2), u32(s, 3)
	if fd != 1 && fd != 2 {
		s[0] = wasiBadFile
		return nil
	}
	if n > 1024 {
		s[0] = wasiInvalid
		return nil
	}
	if err := c.Charge(uint64(n) * gasVector); err != nil {
		return err
	}
	total := uint32(0)
	for i := range n {
		ptr, err := c.ReadU32(vec + 8*i)
		if err != nil {
			return err
		}
		size, err := c.ReadU32(vec + 8*i + 4)
		if err != nil {
			return err
		}
		if err := c.Charge(uint64(size) * gasCopyByte); err != nil {
			return err
		}
		b, err := c.Read(ptr, size)
		if err != nil {
			return err
		}
		x.log(b)
		total += size
	}
	s[0] = wasiSuccess
	return c.WriteU32(written, total)
}

// wasiPoll answers the subscription to a clock that is due first, and moves the
// clock there.
//
//	subscription, 48 bytes: user data u64, kind u8 at 8 (0 clock), timeout u64 at 24, flags u16 at 40
//	event, 32 bytes:        user data u64, error u16, kind u8 at 10
func wasiPoll(x *execution, c *vm.Call, s []uint64) error {
	in, out, n, count := u32(s, 0), u32(s, 1), u32(s, 2), u32(s, 3)
	if n == 0 || n > 64 {
		s[0] = wasiInvalid
		return nil
	}
	if err := c.Charge(uint64(n) * gasVector); err != nil {
		return err
	}
	subs, err := c.Read(in, 48*n)
	if err != nil {
		return err
	}
	now, found := x.clock(c), false
	var first uint64
	event := make([]byte, 32)
	for ; len(subs) > 0; subs = subs[48:] {
		if subs[8] != 0 {
			continue
		}
		timeout := binary.LittleEndian.Uint64(subs[24:])
		if subs[40]&1 != 0 { // an absolute time
			timeout -= min(timeout, now)
		}
		if !found || timeout < first {
			found, first = true, timeout
			copy(event, subs[:8])
		}
	}
	if !found {
		s[0] = wasiNotThere
		return nil
	}
	// Waiting is free, and no contract waits longer than a year.
	x.wasi.elapsed += min(first, 365*24*3600*1e9)
	s[0] = wasiSuccess
	if err := c.Write(out, event); err != nil {
		return err
	}
	return c.WriteU32(count, 1)
}

func wasiExit(_ *execution, _ *vm.Call, _ []uint64) error { return trap("the program exited") }

func wasiRandom(x *execution, c *vm.Call, s []uint64) error {
	ptr, n := u32(s, 0), u32(s, 1)
	if n > 1<<16 {
		s[0] = wasiInvalid
		return nil
	}
	if err := c.Charge(1000 + 4*uint64(n)); err != nil {
		return err
	}
	b := make([]byte, n)
	x.random(c, b)
	s[0] = wasiSuccess
	return c.Write(ptr, b)
}
