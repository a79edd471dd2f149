package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/keys/keyfile"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/scale"
)

// userFlags are those of commands that talk to a node.
type userFlags struct {
	rpc  string
	json bool
	wait time.Duration
}

func (f *userFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.rpc, "rpc", "ws://127.0.0.1:9944", "address of the node")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.Flags().DurationVar(&f.wait, "wait", time.Minute, "how long to wait for the chain")
}

// run connects to the node and prints what f returns: as JSON, or as text
// writes it.
func (f *userFlags) run(cmd *cobra.Command, do func(context.Context, *client.Client) (any, func(io.Writer), error)) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.wait)
	defer cancel()
	return client.With(ctx, f.rpc, func(ctx context.Context, c *client.Client) error {
		v, text, err := do(ctx, c)
		if err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), v, text)
	})
}

func (f *userFlags) print(w io.Writer, v any, text func(io.Writer)) error {
	if !f.json {
		text(w)
		return nil
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printable is text of strangers, such as a worker's or a contract's, without what
// moves a terminal's cursor over what stands there.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// oneLine is text as a terminal shows it, in quotes where it would do something
// else: contracts log what strangers tell them.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) {
		return strconv.Quote(text)
	}
	return text
}

// signerFlags name the account that signs.
type signerFlags struct{ from, keyFile, passwordFile, scheme string }

func (f *signerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.from, "from", "//Alice", "development account that signs")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "file with the secret of the account that signs, or with a key that a wallet exported, instead of --from")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the password of a wallet's key")
	cmd.Flags().StringVar(&f.scheme, "scheme", "sr25519", "sr25519, ed25519 or ecdsa")
}

// pair returns the key. What is given on a command line is seen by everybody,
// so that only development accounts are taken from there.
func (f *signerFlags) pair() (keys.Pair, error) {
	scheme, err := keys.ParseScheme(f.scheme)
	if err != nil {
		return keys.Pair{}, err
	}
	if f.keyFile == "" {
		if !strings.HasPrefix(f.from, "//") {
			// It may be a secret that does not belong there: it is not repeated.
			return keys.Pair{}, hint(errors.New("--from names no development account"),
				"development accounts are //Alice, //Bob, …; for others put the secret into a file and use --key-file")
		}
		return keys.FromURI(scheme, f.from)
	}
	secret, err := readSecret(f.keyFile)
	if err != nil {
		return keys.Pair{}, err
	}
	if keyfile.Is(secret) {
		pass, err := password(f.passwordFile)
		if err != nil {
			return keys.Pair{}, err
		}
		pair, err := keyfile.Decrypt(secret, pass)
		return pair, hint(err, "--password-file names a file with the password of %s", f.keyFile)
	}
	return keys.FromURI(scheme, strings.TrimSpace(string(secret)))
}

// tokens writes an amount for people: 12.5 TACIT.
func tokens(n scale.U128) string {
	whole, rest := n.DivMod(runtime.Unit)
	if rest.IsZero() {
		return whole.String() + " TACIT"
	}
	digits := fmt.Sprintf("%0*s", runtime.Decimals, rest.String())
	return whole.String() + "." + strings.TrimRight(digits, "0") + " TACIT"
}

// parseTokens reads what tokens writes, with or without the symbol.
func parseTokens(s string) (scale.U128, error) {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "TACIT"))
	whole, rest, dot := strings.Cut(text, ".")
	if whole == "" || dot && rest == "" {
		return scale.U128{}, hint(fmt.Errorf("%q is no amount", s), "write 12 or 12.5")
	}
	if len(rest) > runtime.Decimals {
		return scale.U128{}, hint(fmt.Errorf("%q has more than %d decimal places", s, runtime.Decimals), "write 12 or 12.5")
	}
	n, err := scale.ParseU128(whole + rest + strings.Repeat("0", runtime.Decimals-len(rest)))
	if err != nil {
		return scale.U128{}, hint(fmt.Errorf("%q is no amount", s), "write 12 or 12.5")
	}
	return n, nil
}
