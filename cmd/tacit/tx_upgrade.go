package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
)

func txAuthorizeUpgrade() *cobra.Command {
	var f userFlags
	var s signerFlags
	cmd := &cobra.Command{
		Use: "authorize-upgrade VERSION HEIGHT", Short: "Set, by Sudo, the last block of the runtime in force and the spec version that follows", Args: cobra.ExactArgs(2),
		Long: "Only the Sudo key of a test chain may. It replaces what was authorized before. A node whose program lacks the version stops before " +
			"the block HEIGHT, and goes on from there when a newer program starts it: replace the programs of all nodes before.",
		Example: "  tacit tx authorize-upgrade 2 120000",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return fmt.Errorf("the version %q is no spec version", args[0])
			}
			height, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return fmt.Errorf("the height %q is no block number", args[1])
			}
			from, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				call := sudo.Sudo{Call: c.Runtime().CallOf(system.AuthorizeUpgrade{SpecVersion: uint32(version), Height: uint32(height)})}
				in, err := c.Submit(ctx, from, call, client.UntilInBlock)
				if err != nil {
					return nil, nil, err
				}
				if done, ok := client.Event[sudo.Sudid](in); !ok || !done.SudoResult.OK {
					return nil, nil, hint(errors.New("the chain did not authorize the upgrade"),
						"the version has to be above %d, which is in force, and the height above %d", c.Runtime().Spec(), in.Number)
				}
				v := map[string]any{"specVersion": version, "height": height, "block": in.Block, "number": in.Number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "spec version %d follows block %d\nblock %d %v\n", version, height, in.Number, in.Block)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	return cmd
}

// bySudo has the Sudo key make a call, and returns the block in which it was.
func bySudo(ctx context.Context, c *client.Client, key keys.Pair, call any) (uint32, error) {
	in, err := c.Submit(ctx, key, sudo.Sudo{Call: c.Runtime().CallOf(call)}, client.UntilInBlock)
	if err != nil {
		return 0, err
	}
	done, ok := client.Event[sudo.Sudid](in)
	switch {
	case !ok:
		return 0, errors.New("the chain did not make the call")
	case !done.SudoResult.OK:
		return 0, fmt.Errorf("the chain refused the call: %v", done.SudoResult.Err)
	}
	return in.Number, nil
}
