package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/worker/wire"
)

// workerFlags build the worker so that everybody gets the same bytes.
var workerFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// workerBinary returns the tacit-worker beside this program, else one that is
// built from the source in the current folder into the user's cache.
func workerBinary(ctx context.Context, o *devOptions) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), "tacit-worker")
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", hint(err, "set HOME, or put tacit-worker beside tacit")
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	folder := sha256.Sum256([]byte(wd))
	target := filepath.Join(cache, "tacit", fmt.Sprintf("%x", folder[:8]), "tacit-worker")
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return "", err
	}
	args := append(append([]string{"build"}, workerFlags...), "-o", target, "github.com/tacit-network/tacit/cmd/tacit-worker")
	build := exec.CommandContext(ctx, "go", args...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOAMD64=v1", "GOFLAGS=", "GOEXPERIMENT=")
	slow := time.AfterFunc(2*time.Second, func() {
		o.say("Building tacit-worker; the first time this takes a minute.")
	})
	defer slow.Stop()
	if out, err := build.CombinedOutput(); err != nil {
		return "", hint(fmt.Errorf("build tacit-worker: %w\n%s", err, out), "run it in the source folder, or put tacit-worker beside tacit")
	}
	return target, nil
}

// measure measures the worker's file, as the simulated hardware will.
func measure(binary string) (attest.TDXMeasurement, error) {
	f, err := os.Open(binary)
	if err != nil {
		return attest.TDXMeasurement{}, err
	}
	defer f.Close()
	mrtd, err := sim.MeasureProgram(f)
	return sim.Measurement(mrtd), err
}

// process is the worker's process, which is started again when it ends.
type process struct {
	binary, dir, listen string
	genesis             hash.H256
	authorities         [][32]byte
	log                 *slog.Logger
	lines               io.Writer // gets what it says; nil for nobody
	verbose             bool
	privateHTTP         bool

	up   chan struct{} // closed when the worker answered first
	once sync.Once

	mu      sync.Mutex
	address string      // guarded by mu: where it answers now
	running *os.Process // guarded by mu: nil while it does not run
	killed  bool        // guarded by mu: it ended since somebody wanted that
}

// url returns where the worker answers, or "" while it does not.
func (p *process) url() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

func (p *process) info(ctx context.Context) (wire.Info, error) {
	url := p.url()
	if url == "" {
		return wire.Info{}, errors.New("the worker is starting")
	}
	return wire.NewClient(url, nil).Info(ctx)
}

// kill ends the worker's process as a power cut would. It is started again.
func (p *process) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return errors.New("the worker does not run now; it is started again by itself")
	}
	p.killed = true
	return p.running.Kill()
}

func (p *process) wasKilled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// restartPause is how long a worker that ended is left in peace.
const restartPause = 300 * time.Millisecond

func (p *process) run(ctx context.Context) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	for fast := 0; ; {
		began := time.Now()
		err := p.one(ctx)
		if ctx.Err() != nil {
			return nil
		}
		p.log.Warn("the worker ended and is started again", "err", err)
		if fast++; time.Since(began) > 10*time.Second || p.wasKilled() {
			fast = 0
		}
		if fast > 5 {
			return hint(fmt.Errorf("it ends as soon as it starts: %w", err), "run it with --verbose to see what it says")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartPause):
		}
	}
}

// one runs the worker once.
func (p *process) one(ctx context.Context) error {
	config, err := json.Marshal(map[string]any{
		"dir": p.dir, "listen": p.listen, "exit_on_eof": true, "seal_to_machine": true, "debug": p.verbose, "private_http": p.privateHTTP,
		"chain": workerChain(p.genesis, p.authorities),
	})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.binary, "-config", "-")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	said := &lastLine{}
	outputs := []io.Writer{said}
	if p.verbose {
		outputs = append(outputs, os.Stderr)
	}
	if p.lines != nil {
		outputs = append(outputs, p.lines)
	}
	cmd.Stderr = io.MultiWriter(outputs...)
	if err := cmd.Start(); err != nil {
		return err
	}
	p.mu.Lock()
	p.running, p.killed = cmd.Process, false
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.running = nil
		p.mu.Unlock()
	}()
	if _, err := stdin.Write(config); err != nil {
		p.log.Debug("the worker does not read its configuration", "err", err)
	}
	var listening struct {
		URL string `json:"url"`
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &listening)
	}
	if err != nil {
		_ = stdin.Close()
		end := cmd.Wait() // after it, all that it said is there
		if text := said.String(); text != "" {
			return fmt.Errorf("the worker did not start: %s", text)
		}
		return errors.Join(fmt.Errorf("the worker did not start: %w", err), end)
	}
	p.mu.Lock()
	p.address = listening.URL
	p.mu.Unlock()
	// Started again, it answers at the same place.
	p.listen = strings.TrimPrefix(listening.URL, "http://")
	p.once.Do(func() { close(p.up) })
	err = cmd.Wait()
	p.mu.Lock()
	p.address = ""
	p.mu.Unlock()
	if text := said.String(); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// lastLine keeps the last line that was written to it, or the begin of a longer
// one.
type lastLine struct {
	line []byte
	over bool // the line has ended, and the next byte begins another
}

// Write implements io.Writer.
func (l *lastLine) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' {
			l.over = true
			continue
		}
		if l.over {
			l.line, l.over = l.line[:0], false
		}
		if len(l.line) < 1<<10 {
			l.line = append(l.line, c)
		}
	}
	return len(b), nil
}

// String returns the line.
func (l *lastLine) String() string { return string(l.line) }
