package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/tee/image"
)

// find returns the first file that fits a pattern, or skips the test.
func find(t *testing.T, pattern, what string) string {
	t.Helper()
	list, _ := filepath.Glob(pattern)
	for _, name := range list {
		if f, err := os.Open(name); err == nil {
			_ = f.Close()
			return name
		}
	}
	t.Skipf("needs %s (%s)", what, pattern)
	return ""
}

const (
	bootMemory = 512 << 20
	bootLine   = "console=ttyS0 quiet panic=-1"
)

// machine boots an image under QEMU with OVMF and a TPM in software, gives it a
// configuration, and returns what it printed until the worker listened.
func machine(t *testing.T, kernel string, initramfs []byte, commandLine string) (booted Booted, listening Listening) {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	vars, err := os.ReadFile(find(t, "/usr/share/OVMF/OVMF_VARS_4M.fd", "OVMF"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"vars": vars, "initramfs": initramfs} {
		if err := os.WriteFile(at(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tpm := exec.CommandContext(ctx, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+dir, "--ctrl", "type=unixio,path="+at("tpm"))
	if err := tpm.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = tpm.Process.Kill(), tpm.Wait() }()
	for range 100 {
		if _, err := os.Stat(at("tpm")); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", fmt.Sprint(bootMemory>>20), "-display", "none", "-no-reboot", "-net", "none",
		"-drive", "if=pflash,format=raw,readonly=on,file="+find(t, "/usr/share/OVMF/OVMF_CODE_4M.fd", "OVMF"),
		"-drive", "if=pflash,format=raw,file="+at("vars"),
		"-chardev", "socket,id=tpm,path="+at("tpm"), "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0",
		"-kernel", kernel, "-initrd", at("initramfs"), "-append", commandLine,
		"-serial", "stdio", "-serial", "unix:"+at("config")+",server=on,wait=off", "-monitor", "none")
	out, err := qemu.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := qemu.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = qemu.Process.Kill(), qemu.Wait() }()
	go configure(t, at("config"))
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		fmt.Fprintln(&said, line)
		if i := strings.Index(line, `{"`); i >= 0 {
			line = line[i:]
		}
		switch {
		case strings.Contains(line, `"pcr4"`):
			if err := json.Unmarshal([]byte(line), &booted); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
		case strings.Contains(line, `"url"`):
			if err := json.Unmarshal([]byte(line), &listening); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			return booted, listening
		case strings.Contains(line, "tacit-worker:"):
			t.Fatalf("the machine says\n%s", said.String())
		}
	}
	t.Fatalf("the machine ended; it said\n%s", said.String())
	return booted, listening
}

// configure hands in the configuration when the machine asks for it.
func configure(t *testing.T, path string) {
	// What the machine says while nobody listens is lost.
	var c net.Conn
	var err error
	for range 200 {
		if c, err = net.Dial("unix", path); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
		return
	}
	asked, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(asked, "configuration?") {
		t.Errorf("the machine asks %q, %v", asked, err)
	}
	text := strings.Replace(strings.Replace(configuration, "%q", `"/state"`, 1), `"exit_on_eof": true`, `"exit_on_eof": false`, 1)
	if _, err := c.Write([]byte(text)); err != nil {
		t.Error(err)
	}
}

// TestBoot boots the real image: the worker is the first process and listens,
// and the TPM measured what was predicted. One byte more is noticed.
func TestBoot(t *testing.T) {
	for _, name := range []string{"qemu-system-x86_64", "swtpm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s: %v", name, err)
		}
	}
	path := find(t, "/boot/vmlinuz-*", "a kernel of Debian's")
	find(t, "/usr/share/OVMF/OVMF_CODE_4M.fd", "OVMF")
	kernel, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := os.ReadFile(build(t, "tacit-worker"))
	if err != nil {
		t.Fatal(err)
	}
	initramfs, err := image.Initramfs(worker)
	if err != nil {
		t.Fatal(err)
	}
	b := &image.Boot{Kernel: kernel, Initramfs: initramfs, CommandLine: bootLine, Memory: bootMemory}
	booted, listening := machine(t, path, initramfs, bootLine)
	if !listening.Simulated || !strings.HasPrefix(listening.URL, "http://127.0.0.1:") {
		t.Errorf("it listens as %+v", listening)
	}
	check := func(b *image.Boot, want Booted, same bool) {
		t.Helper()
		pcr4, err4 := b.PCR4()
		pcr9, err9 := b.PCR9()
		got := Booted{fmt.Sprintf("%x", pcr4), fmt.Sprintf("%x", pcr9)}
		if err4 != nil || err9 != nil || same && got != want || !same && got.PCR9 == want.PCR9 {
			t.Errorf("predicted %+v (%v, %v), measured %+v; the same: %v", got, err4, err9, want, same)
		}
	}
	check(b, booted, true)
	worker[len(worker)-1] ^= 1
	if b.Initramfs, err = image.Initramfs(worker); err != nil {
		t.Fatal(err)
	}
	check(b, booted, false)
}
