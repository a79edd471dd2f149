package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
)

func contractWatch() *cobra.Command {
	var f userFlags
	var s signerFlags
	var cluster, constructor string
	cmd := &cobra.Command{
		Use: "watch DIR [ARGUMENT…]", Short: "Build and deploy a contract, and again whenever its source is saved", Args: cobra.MinimumNArgs(1),
		Example: "  tacit contract watch examples/mine",
		Long: "Builds the contract in DIR, makes a contract of it by its constructor with the arguments, and does both again\n" +
			"whenever a Go file below DIR changes. Each time it is a new contract, with a new address and no state.",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if err := checkCluster(cluster); err != nil {
				return err
			}
			if _, err := sourceState(dir); err != nil {
				return hint(err, "name the folder of a contract; `tacit contract new` begins one")
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			tick := time.NewTicker(300 * time.Millisecond)
			defer tick.Stop()
			w := watcher{
				state: func() (string, error) { return sourceState(dir) },
				ticks: tick.C,
				deploy: func(ctx context.Context) error {
					return f.redeploy(ctx, cmd.OutOrStdout(), dir, who, cluster, constructor, args[1:])
				},
				report: func(err error) { fmt.Fprintln(cmd.ErrOrStderr(), "error:", err) },
			}
			return w.run(ctx)
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&cluster, "cluster", "", "cluster that runs the contract; the first one by default, a new one when there is none")
	cmd.Flags().StringVar(&constructor, "constructor", "new", "name of the constructor")
	return cmd
}

// watcher deploys at first, and whenever the state of the source is another one
// for as long as one tick lasts.
type watcher struct {
	state  func() (string, error)
	ticks  <-chan time.Time
	deploy func(ctx context.Context) error
	report func(err error) // of a deployment that failed
}

func (w watcher) run(ctx context.Context) error {
	deployed, last, told := "", "", ""
	for {
		now, err := w.state()
		if err != nil {
			if err.Error() != told { // not at each tick
				w.report(err)
			}
			told = err.Error()
		} else if told = ""; now != deployed && (now == last || deployed == "") {
			// While it is deployed it may change again; then it is deployed once more.
			deployed = now
			if err := w.deploy(ctx); err != nil && ctx.Err() == nil {
				w.report(err)
			}
		}
		last = now
		select {
		case <-ctx.Done():
			return nil
		case _, more := <-w.ticks:
			if !more {
				return nil
			}
		}
	}
}

// maxSources is the most files that are watched.
const maxSources = 1000

// sourceState names the Go files below dir, their sizes and times.
func sourceState(dir string) (string, error) {
	var b strings.Builder
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != dir && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		if n++; n > maxSources {
			return fmt.Errorf("more than %d Go files below %s", maxSources, dir)
		}
		fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("there is no Go file below %s", dir)
	}
	return b.String(), err
}

// redeploy builds the contract in dir and makes one of it.
func (f *userFlags) redeploy(ctx context.Context, w io.Writer, dir string, who keys.Pair, cluster, constructor string, args []string) error {
	temp, err := os.MkdirTemp("", "tacit-contract-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	began := time.Now()
	base := filepath.Join(temp, filepath.Base(dir))
	if err := buildContract(ctx, dir, base); err != nil {
		return err
	}
	m, err := readMetadata(base + ".json")
	if err != nil {
		return err
	}
	entry, err := m.Constructor(constructor)
	if err != nil {
		return err
	}
	input, err := m.Encode(entry, args)
	if err != nil {
		return err
	}
	_, packed, err := readCode(ctx, base+".wasm")
	if err != nil {
		return err
	}
	// Beside the source, for `contract call` and `contract query`.
	text, err := os.ReadFile(base + ".json")
	if err != nil {
		return err
	}
	meta := filepath.Join(dir, filepath.Base(dir)+".json")
	if err := os.WriteFile(meta, text, 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	return client.With(ctx, f.rpc, func(ctx context.Context, c *client.Client) error {
		code, err := c.Upload(ctx, who, packed)
		if err != nil {
			return err
		}
		where, err := someCluster(ctx, c, cluster)
		if errors.Is(err, errNoCluster) {
			where, err = c.CreateCluster(ctx, who, 1)
		}
		if err != nil {
			return err
		}
		salt := strconv.FormatInt(time.Now().UnixNano(), 36)
		id, out, err := c.Instantiate(ctx, who, where, code, []byte(salt), input)
		if err != nil {
			return err
		}
		if err := ended(m, entry, out); err != nil {
			return err
		}
		return f.print(w, map[string]any{"contract": id, "cluster": where, "code": code, "metadata": meta}, func(w io.Writer) {
			fmt.Fprintf(w, "contract %v, built and deployed in %v; its metadata: %s\n", id, time.Since(began).Round(10*time.Millisecond), meta)
		})
	})
}
