// Command tacit-worker is the program that runs inside the trusted hardware. It
// keeps keys, follows the chain, and executes confidential contracts; package
// worker says how.
//
//	tacit-worker -config FILE    run; "-" reads the configuration from standard input
//	tacit-worker -measure        print the image id and the measurement of this file
//
// Contracts run in processes that it starts of itself; package executor says
// how.
//
// When it listens it prints one line of JSON to standard output. Log lines, few
// and without secrets, go to standard error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/tee/sim"
	"github.com/tacit-network/tacit/worker"
	"github.com/tacit-network/tacit/worker/executor"
	"github.com/tacit-network/tacit/worker/fetch"
)

func main() {
	if executor.Asked() {
		executor.Main()
	}
	first()
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tacit-worker:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("tacit-worker", flag.ContinueOnError)
	file := flags.String("config", "", "configuration `file`, - for standard input")
	measure := flags.Bool("measure", false, "print what this program measures to, and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	// GODEBUG changes how the program behaves, and is not measured.
	if os.Getenv("GODEBUG") != "" {
		return errors.New("GODEBUG is set; it would change what was attested")
	}
	measured, err := measureSelf()
	if err != nil {
		return err
	}
	if *measure {
		return json.NewEncoder(stdout).Encode(measured)
	}
	if *file == "" || flags.NArg() > 0 {
		flags.Usage()
		return errors.New("a configuration is needed")
	}
	in := stdin
	if *file != "-" {
		f, err := os.Open(*file)
		if err != nil {
			return fmt.Errorf("read configuration: %w", err)
		}
		defer f.Close()
		in = f
	}
	cfg, rest, err := readConfig(in)
	if err != nil {
		return err
	}
	if *file != "-" && !filepath.IsAbs(cfg.Dir) {
		cfg.Dir = filepath.Join(filepath.Dir(*file), cfg.Dir)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if cfg.ExitOnEOF {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, rest) // until whoever started this is gone
			cancel()
		}()
	}
	return serve(ctx, cfg, measured, stdout)
}

// Measured is what the program measures to, and the name that chains know it by.
type Measured struct {
	Image       hash.H256     `json:"image"`
	Measurement string        `json:"measurement"` // SCALE, in hex
	mrtd        attest.Digest // of simulated hardware
}

func measureSelf() (Measured, error) {
	name, err := os.Executable()
	if err != nil {
		return Measured{}, fmt.Errorf("measure program: %w", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return Measured{}, fmt.Errorf("measure program: %w", err)
	}
	defer f.Close()
	mrtd, err := sim.MeasureProgram(f)
	if err != nil {
		return Measured{}, err
	}
	m := sim.Measurement(mrtd)
	return Measured{attest.ImageID(m), fmt.Sprintf("0x%x", scale.Encode[attest.Measurement](m)), mrtd}, nil
}

// Listening is the line that is printed when the worker answers.
type Listening struct {
	URL       string    `json:"url"`
	Users     string    `json:"users,omitempty"` // the URL for users, where it is another
	Identity  hash.H256 `json:"identity"`
	Image     hash.H256 `json:"image"`
	Simulated bool      `json:"simulated"`
	Notice    string    `json:"notice,omitempty"`
}

func serve(ctx context.Context, cfg Config, m Measured, stdout io.Writer) (err error) {
	chain := cfg.Chain.worker()
	backend, image, err := hardware(cfg, chain, m)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if cfg.Debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	w, err := worker.Open(ctx, worker.Config{
		Dir: cfg.Dir, Chain: chain, Backend: backend, ImageID: image, Executor: executors(cfg, log),
		VM: vm.Config{Interpreter: cfg.Interpreter}, Queries: cfg.Queries, Web: fetch.Config{Private: cfg.PrivateHTTP}, Logger: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close(context.WithoutCancel(ctx))) }()
	info := backend.PlatformInfo()
	line := Listening{Identity: w.Identity(), Image: image, Simulated: info.Simulated, Notice: info.Notice}
	var open []endpoint
	for _, e := range []struct {
		address string
		handler http.Handler
		url     *string
	}{{cfg.Listen, w.Handler(), &line.URL}, {cfg.Users, w.UserHandler(), &line.Users}} {
		if e.address == "" {
			continue
		}
		l, err := net.Listen("tcp", e.address)
		if err != nil {
			return errors.Join(fmt.Errorf("listen for requests: %w", err), closeAll(open))
		}
		*e.url = "http://" + l.Addr().String()
		open = append(open, endpoint{limit(l, maxConnections), newServer(e.handler, log)})
	}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return errors.Join(err, closeAll(open))
	}
	return answer(ctx, open)
}

// executors says how contracts run in processes of their own. Where nothing
// confines a process, and in development when asked to, they run in this one.
func executors(cfg Config, log *slog.Logger) *executor.Config {
	switch {
	case cfg.InProcess:
		return nil
	case !executor.Confines:
		log.Warn("this system confines no process: contracts run in the worker's own")
		return nil
	}
	return &executor.Config{}
}

// endpoint is a server and where it listens.
type endpoint struct {
	net.Listener
	server *http.Server
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func closeAll(open []endpoint) (err error) {
	for _, e := range open {
		err = errors.Join(err, e.Close())
	}
	return err
}

// answer serves until ctx ends or a server fails.
func answer(ctx context.Context, open []endpoint) error {
	done := make(chan error, len(open))
	for _, e := range open {
		go func() { done <- e.server.Serve(e.Listener) }()
	}
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, e := range open {
		if shut := e.server.Shutdown(grace); shut != nil && err == nil {
			err = shut
		}
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return err
}
