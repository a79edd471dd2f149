package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/web"
)

// consoleConfig is what the console's page has to know.
func (o *devOptions) consoleConfig(enclave *process, dir, token string) any {
	v := map[string]any{
		"rpc": o.rpcURL, "worker": enclave.url(), "chain": "tacit-dev", "contract": nil, "cluster": nil,
		"metadata": json.RawMessage(bundle.Metadata()), "code": clusters.CodeHash(clusters.Chunks(bundle.Packed())),
		"development": web.Development{Token: token},
	}
	if d, ok := loadDeployed(dir); ok {
		v["contract"], v["cluster"] = d.Contract, d.Cluster
	}
	return v
}

func consoleCommand() *cobra.Command {
	var f userFlags
	var listen string
	cmd := &cobra.Command{
		Use: "console", Short: "Serve the console, a page in the browser, for a node anywhere", Args: cobra.NoArgs,
		Example: "  tacit console --rpc wss://node.example.org",
		Long: "Serves the page on this machine alone: keys stay in the browser, which lets only pages of this machine or by https encrypt. " +
			"The page speaks to the node and to the workers that the chain names, and to nobody else.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := listenHere(listen)
			if err != nil {
				return err
			}
			defer l.Close()
			s := &remoteConsole{rpc: f.rpc}
			ctx, cancel := context.WithTimeout(cmd.Context(), f.wait)
			err = s.ask(ctx)
			cancel()
			if err != nil {
				return err
			}
			address := "http://" + l.Addr().String()
			if err := f.print(cmd.OutOrStdout(), map[string]any{"console": address, "rpc": f.rpc, "chain": s.chain}, func(w io.Writer) {
				fmt.Fprintf(w, "console  %s\nchain    %s, by %s\n", address, s.chain, f.rpc)
			}); err != nil {
				return err
			}
			return serveHTTP(cmd.Context(), l, web.Handler(s.config))
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "where to serve the page")
	return cmd
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, handler http.Handler) error {
	srv := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// remoteConsole is the page of a chain behind a node.
type remoteConsole struct {
	rpc string

	mu      sync.Mutex // guards what follows
	chain   string
	workers []string
	asked   time.Time
}

// ask asks the node for its chain, and for where its workers answer.
func (s *remoteConsole) ask(ctx context.Context) error {
	return client.With(ctx, s.rpc, func(ctx context.Context, c *client.Client) error {
		var name string
		if err := c.Call(ctx, &name, "system_chain"); err != nil {
			return err
		}
		list, err := c.Workers(ctx)
		if err != nil {
			return err
		}
		var urls []string
		for _, w := range list {
			urls = append(urls, w.Endpoints...)
		}
		slices.Sort(urls)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.chain, s.workers, s.asked = name, slices.Compact(urls), time.Now()
		return nil
	})
}

// askAgain is for how long what the node said of workers is good, and askTime how
// long a page waits for it to say so again.
const (
	askAgain = 10 * time.Second
	askTime  = 2 * time.Second
)

// config is what the page has to know. Where the node does not answer it is what
// it said last.
func (s *remoteConsole) config() any {
	s.mu.Lock()
	old := time.Since(s.asked) > askAgain
	s.mu.Unlock()
	if old {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		_ = s.ask(ctx) // the page tells that the node is away
		cancel()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := clusters.CodeHash(clusters.Chunks(bundle.Packed()))
	return web.Config{RPC: s.rpc, Chain: s.chain, Workers: s.workers, Metadata: bundle.Metadata(), Code: code.String()}
}
