package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/worker/wire"
)

func workerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Short: "Workers in their TEEs"}
	cmd.AddCommand(workerStatus(), workerRegister("register"), workerRegister("renew"), workerDrain(), workerLeave())
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
	Standing  string   `json:"standing"`
	Advice    string   `json:"advice,omitempty"`
	Tier      uint8    `json:"tier"`
	BootEpoch uint64   `json:"bootEpoch"`
	Expires   string   `json:"expires"`
	Endpoints []string `json:"endpoints"`
	// What the worker itself says, if it answers.
	Block    *uint32 `json:"syncedBlock,omitempty"`
	Clusters *int    `json:"clusters,omitempty"`
	Pending  *uint32 `json:"pendingMessages,omitempty"`
}

// stateOf tells of a worker; ok is false for one that is registered no more.
func stateOf(ctx context.Context, c *client.Client, w client.Worker) (s workerState, ok bool, err error) {
	judged, err := judge(ctx, c, w.Identity)
	if err != nil || judged == nil {
		return s, false, err
	}
	s = workerState{
		Worker: fmt.Sprintf("0x%x", w.Identity), TEE: "hardware", Operator: w.Info.Operator.String(), Image: w.Info.Image.String(),
		Status: w.Info.Status.String(), Tier: judged.Tier, BootEpoch: w.Info.BootEpoch,
		Expires:   time.UnixMilli(int64(w.Info.ExpiresAt)).UTC().Format(time.RFC3339),
		Endpoints: append([]string{}, w.Endpoints...), Standing: judged.Standing.String(), Advice: adviceOn(judged.Standing),
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
	return s, true, nil
}

// statesOf tells of workers, many of which may be silent, in their order.
func statesOf(ctx context.Context, c *client.Client, list []client.Worker) ([]workerState, error) {
	const atOnce = 16
	states, there := make([]workerState, len(list)), make([]bool, len(list))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, w := range list {
		g.Go(func() (err error) {
			states[i], there[i], err = stateOf(ctx, c, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := []workerState{}
	for i, s := range states {
		if there[i] {
			out = append(out, s)
		}
	}
	return out, nil
}

// judge asks the chain what a worker's registration is worth; nil for one that
// is not registered.
func judge(ctx context.Context, c *client.Client, id [32]byte) (*words.Judgement, error) {
	var answer string
	if err := c.Call(ctx, &answer, "state_call", "RegistryApi_judge", "0x"+hex.EncodeToString(id[:])); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(answer, "0x"))
	if err != nil {
		return nil, err
	}
	return scale.Decode[*words.Judgement](raw)
}

func workerStatus() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "status [ID]", Short: "Show the registered workers, or one of them", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var only [][32]byte
			for _, arg := range args {
				id, err := parseWorker(arg)
				if err != nil {
					return err
				}
				only = append(only, id)
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				list, err := c.Workers(ctx)
				if err != nil {
					return nil, nil, err
				}
				if len(only) > 0 {
					list = slices.DeleteFunc(list, func(w client.Worker) bool { return w.Identity != only[0] })
				}
				out, err := statesOf(ctx, c, list)
				if err != nil {
					return nil, nil, err
				}
				if len(only) > 0 && len(out) == 0 {
					return nil, nil, unregistered(only[0])
				}
				return out, func(w io.Writer) {
					if len(out) == 0 {
						fmt.Fprintln(w, "no worker is registered")
					}
					for _, s := range out {
						fmt.Fprintf(w, "worker    %s\ntee       %s, %s, tier %d\nstanding  %s\nimage     %s\noperator  %s\nepoch     %d, expires %s\n",
							s.Worker, s.TEE, s.Status, s.Tier, s.Standing, s.Image, s.Operator, s.BootEpoch, s.Expires)
						if s.Advice != "" {
							fmt.Fprintf(w, "do        %s\n", s.Advice)
						}
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
