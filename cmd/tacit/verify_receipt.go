package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/receipt"
	"github.com/tacit-network/tacit/hash"
)

// errNoReceipt means that a receipt was read and is not to be believed.
var errNoReceipt = errors.New("the receipt is not valid")

// saved is the flag by which a receipt is written into a file.
type saved struct{ file string }

func (s *saved) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "save", "", "write a receipt into this file, by which others verify request and answer: `tacit verify receipt` does")
}

// write writes the receipt that made makes, if one is wanted.
func (s *saved) write(ctx context.Context, made func(context.Context) (*receipt.File, error)) error {
	if s.file == "" {
		return nil
	}
	f, err := made(ctx)
	if err != nil {
		return hint(fmt.Errorf("make the receipt: %w", err), "a node that keeps the state of block 0 is needed: try another with --rpc")
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.file, append(text, '\n'), 0o600)
}

func ofOutcome(c *client.Client, out *client.Outcome) func(context.Context) (*receipt.File, error) {
	return func(ctx context.Context) (*receipt.File, error) { return c.CommandReceipt(ctx, out) }
}

// verifyReceiptCommand checks what `contract call --save` and `contract query
// --save` wrote.
func verifyReceiptCommand() *cobra.Command {
	var genesis string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "receipt FILE",
		Short: "Verify a worker's answer to a request, offline",
		Long: "Verify the receipt that `tacit contract call --save` or `tacit contract query --save` wrote: that the worker signed\n" +
			"this answer to this request, of which state of the cluster, and that the chain's validators finalised a block in which\n" +
			"the worker is registered. Nothing is fetched: what is believed begins with the hash of the chain's first block, which\n" +
			"--genesis names. The file shows the request and the answer to whoever has it.",
		Example: "  tacit contract query 0x… get --metadata hello.json --save answer.json\n  tacit verify receipt answer.json --genesis 0x…",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var want *hash.H256
			if genesis != "" || c.Flags().Changed("genesis") { // what was to be named may be empty
				h, err := hash.ParseH256(genesis)
				if err != nil {
					return hint(err, "--genesis is the hash of block 0, 64 hex digits: `tacit chain block 0` shows it")
				}
				want = &h
			}
			data, err := readLimited(args[0], receipt.MaxFile)
			if err != nil {
				return err
			}
			f, err := receipt.Parse(data)
			if err != nil {
				return hint(fmt.Errorf("%s: %w", args[0], err), "a receipt is a file that `tacit contract call --save` or `tacit contract query --save` wrote")
			}
			v := f.Check(want)
			out := userFlags{json: asJSON}
			if err := out.print(c.OutOrStdout(), v, func(w io.Writer) { printReceipt(w, v) }); err != nil {
				return err
			}
			if !v.Valid {
				return fmt.Errorf("%w: %s", errNoReceipt, v.Steps[len(v.Steps)-1].Text)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&genesis, "genesis", "", "hash of the first block of the chain that is meant")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func printReceipt(w io.Writer, v *receipt.Verdict) {
	for _, s := range v.Steps {
		mark := "ok  "
		if !s.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "%s %-13s %s\n", mark, s.Name, s.Text)
	}
	if !v.Valid {
		return
	}
	fmt.Fprintf(w, "\n%s to contract %v\ninput   0x%s\n", v.Kind, v.Contract, hex.EncodeToString(v.Input))
	if !v.Value.IsZero() {
		fmt.Fprintf(w, "gives   %s\n", tokens(v.Value))
	}
	status := "ok"
	if v.Status != 0 {
		if status = statuses[v.Status]; status == "" {
			status = fmt.Sprintf("status %d", v.Status)
		}
	}
	fmt.Fprintf(w, "answer  %s, 0x%s", status, hex.EncodeToString(v.Output))
	if v.Error != "" {
		fmt.Fprintf(w, " (%s)", printable(v.Error))
	}
	fmt.Fprintf(w, "\nstate   %v after %d messages", v.StateRoot, v.Next)
	if v.Kind == "query" {
		fmt.Fprintf(w, ", as of block %d", v.Block)
	}
	fmt.Fprintln(w)
	if v.Simulated {
		fmt.Fprintln(w, simulated)
	}
}
