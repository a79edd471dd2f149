//go:build amd64 || arm64

package executor

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Confines tells whether this system confines processes.
const Confines = true

// closeBut closes all files from a number on: what the worker had open is none
// of the executor's business.
func closeBut(n int) { _ = unix.CloseRange(uint(n), math.MaxUint32, 0) }

// laneFile is an inherited end of a lane, read and written without waiting for
// others: each lane has a thread while it works.
func laneFile(fd int) io.ReadWriteCloser { return socket(fd) }

type socket int

// Read implements io.Reader.
func (s socket) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(s), b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("read from a lane: %w", err)
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// lingering is for how long a socket is looked at before a thread sleeps on it.
// To wake a processor that has gone to sleep takes as long.
const lingering = 50 * time.Microsecond

// linger waits a little for something to come. Where others want the processor
// they get it, and the time is up.
func (s socket) linger() {
	var b [1]byte
	for began := time.Now(); time.Since(began) < lingering; {
		if _, _, err := unix.Recvfrom(int(s), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT); err != unix.EAGAIN {
			return
		}
		_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // does not fail
	}
}

// Write implements io.Writer.
func (s socket) Write(b []byte) (sent int, err error) {
	for sent < len(b) {
		n, err := unix.Write(int(s), b[sent:])
		if err != nil && err != unix.EINTR {
			return sent, fmt.Errorf("write to a lane: %w", err)
		}
		sent += max(n, 0)
	}
	return sent, nil
}

// Close implements io.Closer.
func (s socket) Close() error { return unix.Close(int(s)) }

// Limits of an executor, beside those of every contract.
const (
	maxFile  = 256 << 20 // bytes of a file: those of memory alone
	maxFiles = 1024
)

// confine takes from this process, for ever, all that executing needs not, and
// all memory beyond so many bytes. The filter holds for all threads.
func confine(data uint64) (string, error) {
	for what, n := range map[int]uint64{
		unix.RLIMIT_DATA: data, unix.RLIMIT_FSIZE: maxFile, unix.RLIMIT_NOFILE: maxFiles, unix.RLIMIT_CORE: 0,
	} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return "", fmt.Errorf("limit %d: %w", what, err)
		}
	}
	// No core, and no other program of this user looks inside.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return "", err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return "", fmt.Errorf("no new privileges: %w", err)
	}
	program := filter(uint32(os.Getpid()))
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&p)))
	if errno != 0 {
		return "", fmt.Errorf("filter system calls: %w", errno)
	}
	if thread != 0 {
		return "", errors.New("filter system calls: a thread has another filter")
	}
	return "seccomp", nil
}

// allowed are the system calls of Go's runtime, of the engine's memory, and of
// the lanes.
var allowed = []uint32{
	unix.SYS_READ, unix.SYS_RECVFROM, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_PREAD64, unix.SYS_PWRITE64, unix.SYS_MEMFD_CREATE, unix.SYS_FTRUNCATE,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE,
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME,
	unix.SYS_GETTIMEOFDAY, unix.SYS_GETRANDOM,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ,
}

// deadly are those that this program never makes, so that who makes one is not
// this program any more. All that stands in neither list fails.
var deadly = []uint32{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KILL,
	unix.SYS_BPF, unix.SYS_IO_URING_SETUP, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT,
}

// Offsets in the kernel's struct seccomp_data; arguments are little-endian.
const (
	dataCall = 0
	dataArch = 4
	dataArg0 = 16
)

// filter is the program that the kernel runs at each system call. A thread may
// be made, a process not; a signal may go to this process alone.
func filter(pid uint32) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(test uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: yes, Jf: no}
	}
	ret := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	kill, allow := ret(unix.SECCOMP_RET_KILL_PROCESS), ret(unix.SECCOMP_RET_ALLOW)
	refuse := ret(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	older := ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)) // a C library then takes clone, whose flags can be seen
	p := []unix.SockFilter{
		load(dataArch), jump(unix.BPF_JEQ, arch, 1, 0), kill,
		load(dataCall), jump(unix.BPF_JGE, foreign, 0, 1), kill,
	}
	for _, n := range deadly {
		p = append(p, jump(unix.BPF_JEQ, n, 0, 1), kill)
	}
	for _, n := range allowed {
		p = append(p, jump(unix.BPF_JEQ, n, 0, 1), allow)
	}
	return append(p,
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4), load(dataArg0), jump(unix.BPF_JSET, unix.CLONE_THREAD, 0, 1), allow, refuse,
		jump(unix.BPF_JEQ, unix.SYS_TGKILL, 0, 4), load(dataArg0), jump(unix.BPF_JEQ, pid, 0, 1), allow, kill,
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1), older,
		refuse)
}

// lanePair makes a lane: the worker's end, and the file that an executor
// inherits.
func lanePair() (mine io.ReadWriteCloser, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a lane: %w", err)
	}
	return socket(fds[0]), os.NewFile(uintptr(fds[1]), "lane"), nil
}

// gently starts a process at a low priority: it inherits that of the thread
// that starts it, which ends with the goroutine that it is locked to.
func gently(start func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, low); err != nil {
			done <- err
			return
		}
		done <- start()
	}()
	return <-done
}

// low is a tenth of what others get of a processor that is not enough for all.
const low = 10

// program is this program's file, also when it was replaced.
const program = "/proc/self/exe"
