package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/internal/inspect"
)

// errVerdict means that a case got another verdict than its file expects.
var errVerdict = errors.New("a verdict differs from what the file expects")

// inspectCommand judges files of cases by the rules of the chain.
func inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Judge justifications, tries and proofs in files",
		Long: "Judge the cases of a file: justifications, states and proofs, of this chain or of others.\n" +
			"It fails when a file cannot be read, or when a verdict differs from what the file expects.",
	}
	asJSON := cmd.PersistentFlags().Bool("json", false, "print an array of {name, ok, error}")
	rules := "substrate"
	add := func(use, short string, judge func(file string) ([]inspect.Case, error)) *cobra.Command {
		sub := &cobra.Command{
			Use:           use + " FILE",
			Short:         short,
			Args:          cobra.ExactArgs(1),
			SilenceUsage:  true,
			SilenceErrors: false,
			RunE: func(c *cobra.Command, args []string) error {
				cases, err := judge(args[0])
				if err != nil {
					return err
				}
				return printCases(c.OutOrStdout(), cases, *asJSON)
			},
		}
		cmd.AddCommand(sub)
		return sub
	}
	justification := add("justification", "Judge GRANDPA justifications, commits, warp proofs, digests and headers",
		func(file string) ([]inspect.Case, error) {
			r, err := inspect.ParseRules(rules)
			if err != nil {
				return nil, err
			}
			return inspect.JustificationFile(file, r)
		})
	justification.Flags().StringVar(&rules, "rules", rules, "whose rules: substrate, strict or smoldot")
	add("trie-root", "Compute state roots, extrinsics roots and node encodings", inspect.TrieFile)
	add("proof", "Ask read proofs, plain or compact", inspect.ProofFile)
	return cmd
}

// printCases prints one verdict a case, and returns errVerdict where one is
// not as expected.
func printCases(w io.Writer, cases []inspect.Case, asJSON bool) error {
	unexpected := 0
	for _, c := range cases {
		if c.Unexpected {
			unexpected++
		}
	}
	if asJSON {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		if cases == nil {
			cases = []inspect.Case{}
		}
		if err := out.Encode(cases); err != nil {
			return err
		}
	} else {
		for _, c := range cases {
			line := "ok      " + c.Name
			if !c.OK {
				line = "refused " + c.Name + ": " + c.Error
			}
			if c.Unexpected {
				line += "  ← not as expected"
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	if unexpected > 0 {
		return fmt.Errorf("%w: %d of %d cases", errVerdict, unexpected, len(cases))
	}
	return nil
}
