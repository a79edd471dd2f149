package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/devpki"
)

// samples are what can be wrong with a sample, in the order of the help.
var samples = []struct {
	name, what string
	fault      devpki.Fault
	set        func(*devpki.Platform, *devpki.PCS, *attest.TDXReport)
}{
	{"none", "nothing", devpki.NoFault, nil},
	{"old-svn", "one security version is too low", devpki.OldSVN, nil},
	{"out-of-date", "the platform is out of date", devpki.OutOfDate, nil},
	{"ancient", "the platform is below every level", devpki.Ancient, nil},
	{"old-pce", "its certification enclave is below every level", devpki.OldPCE, nil},
	{"old-module", "its TDX module is out of date", devpki.OldModule, nil},
	{"revoked", "its certificate is revoked", devpki.NoFault, func(m *devpki.Platform, s *devpki.PCS, _ *attest.TDXReport) { s.RevokedPCK = [][]byte{m.Serial()} }},
	{"debug", "its trust domain may be debugged", devpki.NoFault, func(_ *devpki.Platform, _ *devpki.PCS, r *attest.TDXReport) { r.Attributes[0] = 1 }},
}

// verifySampleCommand makes something to verify for those without hardware.
func verifySampleCommand() *cobra.Command {
	var fault, at string
	var asJSON bool
	var names []string
	for _, s := range samples {
		names = append(names, s.name)
	}
	cmd := &cobra.Command{
		Use:   "sample DIR",
		Short: "Write a simulated TDX quote, its collateral and its root",
		Long: "Write a quote of a simulated TDX machine into a folder, with its collateral and the root that it hangs on,\n" +
			"to be verified with `tacit verify quote`. With --fault something is wrong with it. It proves nothing.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			seconds, err := parseMoment(at, time.Now())
			if err != nil {
				return err
			}
			files, err := writeSample(args[0], fault, seconds)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(files)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "tacit verify quote %s --collateral %s --anchor %s\n", files.Quote, files.Collateral, files.Anchor)
			return err
		},
	}
	cmd.Flags().StringVar(&fault, "fault", "none", "what is wrong: "+strings.Join(names, ", "))
	cmd.Flags().StringVar(&at, "at", "now", "the time that the collateral is for: RFC 3339, or seconds since 1970")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// sampleFiles are the files of a sample.
type sampleFiles struct {
	Quote      string `json:"quote"`
	Collateral string `json:"collateral"`
	Anchor     string `json:"anchor"`
}

func writeSample(dir, fault string, at uint64) (sampleFiles, error) {
	files := sampleFiles{filepath.Join(dir, "quote.bin"), filepath.Join(dir, "collateral.json"), filepath.Join(dir, "root.pem")}
	for _, s := range samples {
		if s.name != fault {
			continue
		}
		pki := devpki.New(devpki.Seed)
		machine, service := pki.Platform(devpki.PlatformConfig{Machine: "sample", Fault: s.fault}), &devpki.PCS{PKI: pki}
		r := &attest.TDXReport{TCBSVN: machine.TCBSVN()}
		r.Attributes[3] = 0x10 // SEPT_VE_DISABLE
		if s.set != nil {
			s.set(machine, service, r)
		}
		root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.Anchor()})
		return files, errors.Join(
			os.MkdirAll(dir, 0o755),
			os.WriteFile(files.Quote, machine.QuoteTDX(4, false, r), 0o644),
			os.WriteFile(files.Collateral, service.Document(attest.TDX, devpki.FMSPC, at), 0o644),
			os.WriteFile(files.Anchor, root, 0o644),
		)
	}
	return files, hint(fmt.Errorf("no fault %q", fault), "`tacit verify sample --help` names them")
}
