package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
)

func txCollateral() *cobra.Command {
	var f userFlags
	var s signerFlags
	var at string
	cmd := &cobra.Command{
		Use: "collateral FILE...", Short: "Bring what a hardware vendor says about its platforms to the chain", Args: cobra.MinimumNArgs(1),
		Long: "Anybody may, and it costs nothing when it is newer than what the chain has. For Intel's platforms it is one JSON file with TCB info,\n" +
			"QE identity and revocation lists, as `tacit verify quote --collateral` takes it; for AMD's the certificate of the intermediate\n" +
			"key and the revocation list, in DER or PEM. It is verified here first, against the roots that the chain trusts.",
		Example: "  tacit tx collateral collateral.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			now, err := parseMoment(at, time.Now())
			if err != nil {
				return err
			}
			bring, err := readUpload(args, now)
			if err != nil {
				return err
			}
			from, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				call, kind, err := uploadFor(ctx, c, bring)
				if err != nil {
					return nil, nil, err
				}
				in, err := c.Submit(ctx, from, call, client.UntilInBlock)
				if err != nil {
					return nil, nil, err
				}
				_, intel := client.Event[attestation.CollateralUpdated](in)
				_, amd := client.Event[attestation.AmdUpdated](in)
				v := map[string]any{"anchor": kind.Variants()[kind], "newer": intel || amd, "block": in.Block, "number": in.Number}
				return v, func(w io.Writer) {
					news := "the chain had nothing older: it was paid for, and changed nothing"
					if intel || amd {
						news = "it is newer than what the chain had, and cost nothing"
					}
					fmt.Fprintf(w, "under the root %s: %s\nblock %d %v\n", kind.Variants()[kind], news, in.Number, in.Block)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&at, "at", "now", "the time to verify at before it is sent: RFC 3339, or seconds since 1970")
	return cmd
}

// upload makes the call for a root of trust, or says why what was read is not
// under that root.
type upload func(id uint8, a attestation.Anchor) (any, error)

// readUpload reads the files.
func readUpload(files []string, now uint64) (upload, error) {
	if len(files) == 1 {
		data, err := readLimited(files[0], maxCollateralFile)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
			c, err := readCollateral(files[0])
			if err != nil {
				return nil, err
			}
			return func(id uint8, a attestation.Anchor) (any, error) {
				if k := a.Kind; k != attestation.Intel && k != attestation.Development {
					return nil, errors.New("it is of Intel's form")
				}
				_, err := attest.PrepareCollateral(c, a.Certificate, now)
				return attestation.UploadCollateral{Anchor: id, Collateral: *c}, err
			}, nil
		}
	}
	var ders [][]byte
	for _, file := range files {
		more, err := readDERs(file)
		if err != nil {
			return nil, err
		}
		ders = append(ders, more...)
	}
	e, _, err := snp.Gather(ders)
	if err == nil && (e.Intermediate == nil || e.List == nil) {
		err = errors.New("the intermediate's certificate or the revocation list is missing")
	}
	if err != nil {
		return nil, hint(err, "for AMD's platforms give the certificate SEV-<product> and the list of the same product, each from AMD's key service")
	}
	return func(id uint8, a attestation.Anchor) (any, error) {
		if k := a.Kind; k != attestation.AMD && k != attestation.DevelopmentAMD {
			return nil, errors.New("it is of AMD's form")
		}
		_, err := snp.PrepareAuthority(e.Intermediate, e.List, a.Certificate, now)
		return attestation.UploadAmd{Anchor: id, Intermediate: e.Intermediate, List: e.List}, err
	}, nil
}

// uploadFor finds the root of trust on the chain that what was read is under.
func uploadFor(ctx context.Context, c *client.Client, bring upload) (any, attestation.AnchorKind, error) {
	anchors := &c.Runtime().Attestation.TrustAnchors
	ids, err := c.Keys(ctx, anchors.Prefix())
	if err != nil {
		return nil, 0, err
	}
	var faults []error
	for _, key := range ids {
		raw, ok, err := c.Storage(ctx, key, nil)
		if err != nil {
			return nil, 0, err
		}
		if !ok || len(key) == 0 {
			continue
		}
		a, err := anchors.Decode(raw)
		if err != nil {
			return nil, 0, err
		}
		if !a.Enabled {
			continue
		}
		call, err := bring(key[len(key)-1], a) // Twox64Concat of one byte
		if err == nil {
			return call, a.Kind, nil
		}
		faults = append(faults, fmt.Errorf("under the root %s: %w", a.Kind.Variants()[a.Kind], err))
	}
	if len(faults) == 0 {
		faults = append(faults, errors.New("the chain trusts no vendor's root"))
	}
	return nil, 0, errors.Join(faults...)
}
