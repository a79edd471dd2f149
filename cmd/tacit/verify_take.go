package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/tee"
	"github.com/tacit-network/tacit/tee/snp"
	"github.com/tacit-network/tacit/tee/tdx"
)

// hardware are the kinds that a quote can be taken from.
var hardware = []struct {
	name string
	open func() (tee.Backend, error)
}{
	{"tdx", func() (tee.Backend, error) { return tdx.Open(tdx.Config{}) }},
	{"snp", func() (tee.Backend, error) { return snp.Open(snp.Config{}) }},
}

// verifyTakeCommand takes a quote of the machine that it runs on.
func verifyTakeCommand() *cobra.Command {
	var kind, data string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "take FILE",
		Short: "Take a quote of this machine, to be verified elsewhere",
		Long: "Take a quote of this machine into a file. The machine must be a confidential VM of TDX or SEV-SNP with Linux\n" +
			"6.7 or later and configfs mounted; it needs root. This path was tested against the kernel's interface as tests\n" +
			"play it, not on hardware.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			for _, h := range hardware {
				if h.name != kind {
					continue
				}
				b, err := h.open()
				if err != nil {
					return hint(err, "run it in a confidential VM, as root; `mount -t configfs none /sys/kernel/config` mounts configfs")
				}
				n, err := takeQuote(b, args[0], data)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(struct {
						Quote string `json:"quote"`
						Bytes int    `json:"bytes"`
					}{args[0], n})
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d bytes\n", args[0], n)
				return err
			}
			return hint(fmt.Errorf("no hardware %q", kind), "--tee is tdx or snp")
		},
	}
	cmd.Flags().StringVar(&kind, "tee", "tdx", "the hardware: tdx or snp")
	cmd.Flags().StringVar(&data, "report-data", "", "up to 64 bytes in hexadecimal that the quote binds")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// takeQuote writes a quote over data, in hexadecimal, into a file.
func takeQuote(b tee.Backend, file, data string) (int, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(data, "0x"))
	if err != nil || len(raw) > 64 {
		return 0, hint(errors.New("--report-data is not up to 64 bytes in hexadecimal"), "write --report-data 0x0102")
	}
	var reportData [64]byte
	copy(reportData[:], raw)
	quote, err := b.Quote(reportData)
	if err != nil {
		return 0, err
	}
	return len(quote), os.WriteFile(file, quote, 0o644)
}
