package image

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

func unpacked(t *testing.T, initramfs []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(initramfs))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" || z.Comment != "" {
		t.Errorf("the archive has a header of its own: %+v", z.Header)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// GNU cpio reads what is written, and lists what Linux will find.
func TestInitramfs(t *testing.T) {
	worker := []byte("#!/the/worker\n1")
	initramfs, err := Initramfs(worker)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Initramfs(worker); !bytes.Equal(again, initramfs) {
		t.Error("the same program makes another archive")
	}
	if other, _ := Initramfs(append(worker, 0)); bytes.Equal(other, initramfs) {
		t.Error("another program makes the same archive")
	}
	raw := unpacked(t, initramfs)
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("needs cpio")
	}
	dir := t.TempDir()
	for _, c := range []struct{ args, want string }{
		{"-itv --numeric-uid-gid", "" +
			"drwxr-xr-x   2 0        0               0 Jan  1  1970 dev\n" +
			"-rwxr-xr-x   1 0        0              15 Jan  1  1970 init\n" +
			"drwxr-xr-x   2 0        0               0 Jan  1  1970 proc\n" +
			"drwxr-xr-x   2 0        0               0 Jan  1  1970 state\n" +
			"drwxr-xr-x   2 0        0               0 Jan  1  1970 sys\n" +
			"drwxr-xr-x   2 0        0               0 Jan  1  1970 tmp\n"},
		{"-i --to-stdout init", string(worker)},
	} {
		cmd := exec.Command("cpio", append(strings.Fields(c.args), "--quiet")...)
		cmd.Dir, cmd.Stdin, cmd.Env = dir, bytes.NewReader(raw), []string{"TZ=UTC", "LC_ALL=C"}
		out, err := cmd.Output()
		if err != nil || string(out) != c.want {
			t.Errorf("cpio %s: %v\n%s\nwant\n%s", c.args, err, out, c.want)
		}
	}
}

// kernel is as much of a bzImage with an EFI stub as is looked at: the headers,
// 64 bytes, and certificates of the given size.
func kernel(certificates int) []byte {
	le := binary.LittleEndian
	k := make([]byte, 0x400+64+certificates)
	copy(k[headerMagic:], "HdrS")
	le.PutUint16(k[protocol:], 0x20F)
	le.PutUint16(k[xloadFlags:], 0x7F)
	le.PutUint32(k[0x3C:], 0x270)
	copy(k[0x270:], "PE\x00\x00")
	optional := k[0x270+24:]
	le.PutUint16(optional, 0x20B)
	le.PutUint32(optional[108:], 6)
	if certificates > 0 {
		le.PutUint32(optional[144:], uint32(len(k)-certificates))
		le.PutUint32(optional[148:], uint32(certificates))
	}
	return k
}

// What is measured depends on every byte but those that Authenticode leaves out.
func TestEveryByte(t *testing.T) {
	b := Boot{Kernel: kernel(16), Initramfs: []byte("initramfs"), CommandLine: "quiet", Memory: 512 << 20}
	want, err := b.PCR4()
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for i := range b.Kernel {
		b.Kernel[i] ^= 1
		if got, err := b.PCR4(); err == nil && got == want {
			left++
			// The checksum, where the certificates lie, the certificates, and what
			// the loader fills in.
			checksum, directory := 0x270+24+64, 0x270+24+144
			filled := i == loaderType || i >= ramdiskImage && i < heapEnd+2 || i >= commandLine && i < commandLine+4
			if !(i >= checksum && i < checksum+4 || i >= directory && i < directory+8 || i >= len(b.Kernel)-16 || filled) {
				t.Errorf("byte %#x is not measured", i)
			}
		}
		b.Kernel[i] ^= 1
	}
	// 4 and 16 bytes, and 1, 10 and 4 that are filled in; a wrong place of the
	// certificates is an error.
	if left != 4+16+1+10+4 {
		t.Errorf("%d bytes are not measured", left)
	}
	pcr9, err := b.PCR9()
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]Boot{
		"command line": {Initramfs: b.Initramfs, CommandLine: "quiet "}, "initramfs": {Initramfs: []byte("initramfS"), CommandLine: "quiet"},
		"no initramfs": {CommandLine: "quiet initrd=initrd"},
	} {
		if got, err := other.PCR9(); err != nil || got == pcr9 {
			t.Errorf("another %s is not noticed: %v", name, err)
		}
	}
	if a, err := b.RTMR2(); err != nil || a == ([48]byte{}) {
		t.Errorf("RTMR2 %x, %v", a, err)
	}
}

func TestBadKernel(t *testing.T) {
	change := func(at int, v ...byte) []byte {
		k := kernel(16)
		copy(k[at:], v)
		return k
	}
	le := binary.LittleEndian
	for _, c := range []struct {
		name string
		boot Boot
		want string
	}{
		{"nothing", Boot{}, "no bzImage"},
		{"short", Boot{Kernel: kernel(0)[:0x250]}, "no bzImage"},
		{"no header", Boot{Kernel: change(headerMagic, 'X')}, "no bzImage"},
		{"old protocol", Boot{Kernel: change(protocol, 0x0B, 0x02)}, "boot protocol 2.11"},
		{"no stub", Boot{Kernel: change(0x270, 'X')}, "EFI stub is malformed"},
		{"stub behind the end", Boot{Kernel: change(0x3C, 0xFF, 0xFF, 0xFF, 0xFF)}, "EFI stub is malformed"},
		{"32-bit stub", Boot{Kernel: change(0x270+24, 0x0B, 0x01)}, "EFI stub is malformed"},
		{"few directories", Boot{Kernel: change(0x270+24+108, 4)}, "EFI stub is malformed"},
		{"certificates elsewhere", Boot{Kernel: change(0x270+24+144, 1)}, "EFI stub is malformed"},
		{"more certificates than there is", Boot{Kernel: change(0x270+24+148, 0xFF, 0xFF, 0xFF)}, "EFI stub is malformed"},
		{"small machine", Boot{Kernel: kernel(0), Initramfs: []byte{1}, Memory: acpiSize}, "too small"},
		{"large initramfs", Boot{Kernel: kernel(0), Initramfs: make([]byte, 4096), Memory: acpiSize + 2048}, "does not fit"},
	} {
		if _, err := c.boot.PCR4(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
	long := Boot{CommandLine: strings.Repeat("x", MaxCommandLine+1)}
	if _, err := long.PCR9(); err == nil {
		t.Error("a long command line")
	}
	// An older kernel says how high the initramfs may lie.
	low := kernel(0)
	le.PutUint16(low[xloadFlags:], 0)
	le.PutUint32(low[ramdiskMax:], 0x7FFFFFF)
	p, err := (&Boot{Kernel: low, Initramfs: make([]byte, 100), Memory: 1 << 30}).patched()
	if err != nil || le.Uint32(p[ramdiskImage:]) != 0x7FFF000 || le.Uint32(p[ramdiskSize:]) != 100 {
		t.Errorf("the initramfs lies at %#x: %v", le.Uint32(p[ramdiskImage:]), err)
	}
}

func FuzzKernel(f *testing.F) {
	f.Add(kernel(16))
	f.Fuzz(func(t *testing.T, k []byte) {
		_, _ = (&Boot{Kernel: k, Initramfs: []byte{1}, Memory: 1 << 30}).PCR4()
	})
}

func ExampleBoot_PCR9() {
	b := Boot{Initramfs: []byte("an initramfs"), CommandLine: "console=ttyS0"}
	register, err := b.PCR9()
	fmt.Printf("%d bytes, %v\n", len(register), err)
	// Output: 32 bytes, <nil>
}
