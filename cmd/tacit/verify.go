package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/eventlog"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/attest/verdict"
)

// verifyCommand checks what others claim.
func verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify a TEE's quote, a worker or its answer, or take a quote",
	}
	cmd.AddCommand(verifyQuoteCommand(), verifyWorkerCommand(), verifyReceiptCommand(), verifySampleCommand(), verifyTakeCommand())
	return cmd
}

// errNotAccepted means that a quote was read and is not to be believed.
var errNotAccepted = errors.New("the quote is not accepted")

// verifyFlags say what to verify a quote with.
type verifyFlags struct {
	collateral   []string
	at           string
	anchor       string
	eventLog     string
	measurements []string
	statuses     []string
	advisories   []string
	families     []string
	evaluation   uint32
	maxAge       time.Duration
	vlek         bool
	json         bool
}

func verifyQuoteCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "quote FILE",
		Short: "Verify a quote of SGX or TDX, or a report of SEV-SNP",
		Long: "Verify a quote of SGX or TDX, or a report of SEV-SNP, and show each check and what to do about it.\n" +
			"The file holds the quote in binary or hexadecimal. It needs collateral: for SGX and TDX one JSON file\n" +
			"with TCB info, QE identity and revocation lists; for SEV-SNP the VCEK or VLEK in DER or PEM, and,\n" +
			"as far as there are, AMD's certificate chain and revocation list, each by a --collateral of its own.\n" +
			"Nothing is fetched. The command fails unless the quote is accepted; whether it would also be good\n" +
			"enough for production is the policy's line, and policy_accept in JSON.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := f.verify(args[0], time.Now())
			if err != nil {
				if f.json { // one object, whatever happens
					return errors.Join(err, f.print(c.OutOrStdout(), unreadable(err, time.Now())))
				}
				return err
			}
			if err := f.print(c.OutOrStdout(), v); err != nil {
				return err
			}
			if !v.Accept {
				return hint(fmt.Errorf("%w: %s", errNotAccepted, v.Reason), "%s", adviceIn(v))
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.collateral, "collateral", nil, "file with what the vendor says about the platform; may come more than once")
	flags.StringVar(&f.at, "at", "now", "the time to verify at: RFC 3339, or seconds since 1970")
	flags.StringVar(&f.anchor, "anchor", "", "file with the root certificate in PEM or DER (default Intel's or AMD's, by their public keys)")
	flags.StringVar(&f.eventLog, "event-log", "", "file with a TDX machine's log of measurements (CCEL), to be replayed")
	flags.StringArrayVar(&f.measurements, "measurement", nil, "program that the policy admits: MRENCLAVE, MRTD or MEASUREMENT in hexadecimal")
	flags.StringArrayVar(&f.statuses, "allow-status", nil, "TCB status that the policy admits beside UpToDate")
	flags.StringArrayVar(&f.advisories, "allow-advisory", nil, "security advisory that the policy waives")
	flags.StringArrayVar(&f.families, "allow-fmspc", nil, "family of Intel's platforms that the policy admits; all when there is none")
	flags.Uint32Var(&f.evaluation, "min-evaluation", 0, "least evaluation number of Intel's collateral that the policy admits")
	flags.DurationVar(&f.maxAge, "max-age", attest.DefaultMaxAge*time.Second, "how old the policy lets collateral be")
	flags.BoolVar(&f.vlek, "allow-vlek", false, "let the policy admit reports that a cloud's key signed")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// unreadable is the verdict on what could not be read.
func unreadable(err error, now time.Time) *verdict.Verdict {
	v := verdict.New("quote", uint64(now.Unix()))
	v.Close(err, []*verdict.Check{verdict.Fail("input", "", err.Error(), hintOf(err))})
	return v
}

func (f *verifyFlags) print(w io.Writer, v *verdict.Verdict) error {
	if !f.json {
		_, err := v.WriteTo(w)
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// adviceIn is what to do about the first thing that failed.
func adviceIn(v *verdict.Verdict) string {
	if c := v.Tree.FirstFailure(); c != nil && c.Advice != "" {
		return c.Advice
	}
	return "the tree shows every check"
}

// verify reads the files and verifies.
func (f *verifyFlags) verify(file string, now time.Time) (*verdict.Verdict, error) {
	at, err := parseMoment(f.at, now)
	if err != nil {
		return nil, err
	}
	requirements, err := f.requirements()
	if err != nil {
		return nil, err
	}
	raw, err := readQuote(file)
	if err != nil {
		return nil, err
	}
	if snp.IsReport(raw) && !isIntel(raw) {
		return f.verifyReport(raw, at, requirements)
	}
	c := attest.Case{Quote: raw, Now: at, Requirements: requirements}
	if f.anchor != "" {
		if c.Anchor, err = readIntelAnchor(f.anchor); err != nil {
			return nil, err
		}
	}
	if f.eventLog != "" {
		if c.EventLog, err = readLimited(f.eventLog, eventlog.MaxSize); err != nil {
			return nil, err
		}
	}
	switch len(f.collateral) {
	case 0:
	case 1:
		if c.Collateral, err = readCollateral(f.collateral[0]); err != nil {
			return nil, err
		}
	default:
		return nil, hint(errors.New("a quote of Intel's has one file of collateral"), "leave the other --collateral out")
	}
	v := attest.Explain(c)
	if q, err := attest.ParseQuote(raw); err == nil {
		v.Simulated = slices.Equal(q.Root(), devpki.New(devpki.Seed).Anchor())
	}
	return v, nil
}

// verifyReport verifies a report of AMD's.
func (f *verifyFlags) verifyReport(raw []byte, at uint64, q attest.Requirements) (*verdict.Verdict, error) {
	if f.eventLog != "" {
		return nil, hint(errors.New("a report of SEV-SNP has no event log"), "leave --event-log out")
	}
	c := snp.Case{Report: raw, Anchors: snp.AMD(), Now: at, Policy: snp.Policy{Measurements: q.Measurements, VLEK: f.vlek}}
	var ders [][]byte
	for _, file := range f.collateral {
		more, err := readDERs(file)
		if err != nil {
			return nil, err
		}
		ders = append(ders, more...)
	}
	var anchors [][]byte
	if f.anchor != "" {
		var err error
		if anchors, err = readDERs(f.anchor); err != nil {
			return nil, err
		}
	}
	var err error
	if c.Endorsements, _, err = snp.Gather(append(ders, anchors...)); err != nil {
		return nil, hint(fmt.Errorf("read collateral: %w", err), "for SEV-SNP give the VCEK or VLEK, and AMD's chain, in DER or PEM")
	}
	if f.anchor == "" {
		// A root among the collateral is believed as far as its key is AMD's.
		for _, a := range rootsAmong(ders) {
			if a.Keys != nil {
				c.Anchors = append([]snp.Anchor{a}, c.Anchors...)
			}
		}
		return snp.Explain(c), nil
	}
	if c.Anchors = rootsAmong(anchors); len(c.Anchors) == 0 {
		return nil, hint(fmt.Errorf("read %s: no root certificate of AMD's in it", f.anchor), "an anchor for SEV-SNP is AMD's root certificate (ARK) of the product line")
	}
	return snp.Explain(c), nil
}

// rootsAmong returns what can be trust anchors of AMD's.
func rootsAmong(ders [][]byte) (out []snp.Anchor) {
	for _, der := range ders {
		if a, err := snp.NewAnchor(der); err == nil {
			out = append(out, a)
		}
	}
	return out
}
