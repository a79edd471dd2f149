package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/worker/wire"
)

func workerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Short: "Workers in their TEEs"}
	cmd.AddCommand(workerStatus())
	return cmd
}

// simulated is what every screen says where the hardware is simulated.
const simulated = "SIMULATED TEE: no confidentiality"

// workerState is a worker for people.
type workerState struct {
	Worker    string   `json:"worker"`
	TEE       string   `json:"tee"`
	Operator  string   `json:"operator"`
	Image     string   `json:"image"`
	Status    string   `json:"status"`
	Tier      uint8    `json:"tier"`
	BootEpoch uint64   `json:"bootEpoch"`
	Expires   string   `json:"expires"`
	Endpoints []string `json:"endpoints"`
	// What the worker itself says, if it answers.
	Block    *uint32 `json:"syncedBlock,omitempty"`
	Clusters *int    `json:"clusters,omitempty"`
	Pending  *uint32 `json:"pendingMessages,omitempty"`
}

func stateOf(ctx context.Context, w client.Worker) workerState {
	s := workerState{
		Worker: fmt.Sprintf("0x%x", w.Identity), TEE: "hardware", Operator: w.Info.Operator.String(), Image: w.Info.Image.String(),
		Status: w.Info.Status.String(), Tier: w.Info.Tier, BootEpoch: w.Info.BootEpoch,
		Expires:   time.UnixMilli(int64(w.Info.ExpiresAt)).UTC().Format(time.RFC3339),
		Endpoints: w.Endpoints,
	}
	if w.Info.Class == attest.Dev {
		s.TEE = simulated
	}
	for _, url := range w.Endpoints {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		info, err := wire.NewClient(url, nil).Info(ctx)
		cancel()
		if err == nil && info.Identity == w.Identity {
			n := len(info.Clusters)
			s.Block, s.Clusters, s.Pending = &info.Block, &n, &info.Pending
			break
		}
	}
	return s
}

func workerStatus() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "status", Short: "Show the registered workers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				list, err := c.Workers(ctx)
				if err != nil {
					return nil, nil, err
				}
				out := make([]workerState, len(list))
				for i, w := range list {
					out[i] = stateOf(ctx, w)
				}
				return out, func(w io.Writer) {
					if len(out) == 0 {
						fmt.Fprintln(w, "no worker is registered")
					}
					for _, s := range out {
						fmt.Fprintf(w, "worker    %s\ntee       %s, %s, tier %d\nimage     %s\noperator  %s\nepoch     %d, expires %s\n",
							s.Worker, s.TEE, s.Status, s.Tier, s.Image, s.Operator, s.BootEpoch, s.Expires)
						for _, url := range s.Endpoints {
							fmt.Fprintf(w, "address   %s\n", url)
						}
						if s.Block != nil {
							fmt.Fprintf(w, "synced    block %d, %d clusters, %d messages wait\n", *s.Block, *s.Clusters, *s.Pending)
						} else {
							fmt.Fprintln(w, "synced    it does not answer")
						}
						fmt.Fprintln(w)
					}
				}, nil
			})
		},
	}
	f.add(cmd)
	return cmd
}
