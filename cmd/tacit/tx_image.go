package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/scale"
)

func txAdmitImage() *cobra.Command {
	var f userFlags
	var s signerFlags
	var worker, measurement string
	var from uint32
	var tier uint8
	cmd := &cobra.Command{
		Use: "admit-image NAME VERSION", Short: "Admit, by Sudo, a program of workers", Args: cobra.ExactArgs(2),
		Long: "Only the Sudo key of a test chain may. The program is that of a file, as simulated hardware measures it, or what --measurement says of\n" +
			"one for a vendor's hardware. A higher version than that of the program before lets members of clusters give their secrets to workers\n" +
			"of it; both are admitted until the older one is retired.",
		Example: "  tacit tx admit-image tacit-worker 2 --worker ./tacit-worker\n  tacit tx admit-image tacit-worker 2 --measurement 0x01… --from-block 120000 --tier-max 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return fmt.Errorf("the version %q is no number", args[1])
			}
			m, err := measured(worker, measurement)
			if err != nil {
				return err
			}
			pair, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				number, err := bySudo(ctx, c, pair, attestation.AddImage{
					Name: []byte(args[0]), Version: uint32(version), ConsensusVersion: 1, Measurement: m, ActiveFrom: from, TierMax: tier,
				})
				if err != nil {
					return nil, nil, hint(err, "the program may be known already, and a chain may ask for some blocks until --from-block")
				}
				id := attest.ImageID(m)
				v := map[string]any{"image": id, "version": version, "activeFrom": from, "number": number}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "image %v, version %d, is admitted from block %d on\n", id, version, max(from, number))
				}, nil
			})
		},
	}
	cmd.Flags().StringVar(&worker, "worker", "", "file of the program, for simulated hardware")
	cmd.Flags().StringVar(&measurement, "measurement", "", "hex of the measurement in SCALE (attest.Measurement)")
	cmd.Flags().Uint32Var(&from, "from-block", 0, "the first block at which it is admitted; at once by default")
	cmd.Flags().Uint8Var(&tier, "tier-max", 0, "the best tier that a worker of it reaches")
	f.add(cmd)
	s.add(cmd)
	return cmd
}

// measured is what a machine measures of a program: of a file, or as hex says.
func measured(worker, encoded string) (attest.Measurement, error) {
	if (worker == "") == (encoded == "") {
		return nil, errors.New("either --worker or --measurement says which program")
	}
	if worker != "" {
		return measure(worker)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(encoded, "0x"))
	if err != nil {
		return nil, errors.New("--measurement is no hex")
	}
	m, err := scale.Decode[attest.Measurement](raw)
	if err != nil {
		return nil, fmt.Errorf("--measurement is none: %w", err)
	}
	return m, nil
}

func txRetireImage() *cobra.Command {
	var f userFlags
	var s signerFlags
	cmd := &cobra.Command{
		Use: "retire-image IMAGE HEIGHT", Short: "Retire, by Sudo, a program of workers from a block on", Args: cobra.ExactArgs(2),
		Long: "Only the Sudo key of a test chain may. From the block HEIGHT on no worker registers with it or gets new work; those that are registered\n" +
			"go on with what they have until their attestation ends.",
		Example: "  tacit tx retire-image 0x3f… 130000",
		RunE: func(cmd *cobra.Command, args []string) error {
			image, err := hash.ParseH256(args[0])
			if err != nil {
				return fmt.Errorf("the image %q is no name: %w", args[0], err)
			}
			height, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return fmt.Errorf("the height %q is no block number", args[1])
			}
			pair, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				number, err := bySudo(ctx, c, pair, attestation.RetireImage{Image: image, At: uint32(height)})
				if err != nil {
					return nil, nil, hint(err, "`tacit worker status` names the programs of the workers that there are")
				}
				v := map[string]any{"image": image, "at": height, "number": number}
				return v, func(w io.Writer) { fmt.Fprintf(w, "image %v is retired from block %d on\n", image, height) }, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	return cmd
}
