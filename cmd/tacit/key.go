package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/keys/keyfile"
	"github.com/tacit-network/tacit/node/keystore"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Make, look at, import and export keys"}
	cmd.AddCommand(keyGenerate(), keyInspect(), keyDerive(), keyImport(), keyExport(), keySession())
	return cmd
}

// publicKey is a key for people.
type publicKey struct {
	Scheme  string `json:"scheme"`
	Address string `json:"address"`
	Public  string `json:"publicKey"`
	File    string `json:"file,omitempty"`
}

func public(p keys.Pair, file string) publicKey {
	return publicKey{p.Scheme().String(), p.AccountID().String(), "0x" + hex.EncodeToString(p.Public()), file}
}

func (k publicKey) text(w io.Writer) {
	fmt.Fprintf(w, "scheme   %s\naddress  %s\npublic   %s\n", k.Scheme, k.Address, k.Public)
	if k.File != "" {
		fmt.Fprintf(w, "secret   in %s\n", k.File)
	}
}

// writeSecret writes a secret into a new file that its owner alone can read.
func writeSecret(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return hint(err, "a secret is never overwritten; name another file with --out")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// readSecret reads a file that its owner alone may read, up to 16 kB.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, hint(fmt.Errorf("others may read %s", path), "chmod 600 %s", path)
	}
	return io.ReadAll(io.LimitReader(f, 16<<10))
}

// password reads the password in a file; none is the empty password.
func password(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readSecret(path)
	return bytes.TrimRight(data, "\r\n"), err
}

func keyGenerate() *cobra.Command {
	var f userFlags
	var out, scheme string
	cmd := &cobra.Command{
		Use: "generate", Short: "Make a new account, and write its secret phrase into a file", Args: cobra.NoArgs,
		Example: "  tacit key generate --out alice.secret",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := keys.ParseScheme(scheme)
			if err != nil {
				return err
			}
			if out == "" {
				return hint(errors.New("--out is missing"), "the secret is written into a file that only you can read")
			}
			phrase, err := keys.NewPhrase()
			if err != nil {
				return err
			}
			pair, err := keys.FromURI(s, phrase)
			if err != nil {
				return err
			}
			if err := writeSecret(out, []byte(phrase+"\n")); err != nil {
				return err
			}
			k := public(pair, out)
			return f.print(cmd.OutOrStdout(), k, k.text)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file for the phrase; it must not be there")
	cmd.Flags().StringVar(&scheme, "scheme", "sr25519", "sr25519, ed25519 or ecdsa")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func keyInspect() *cobra.Command {
	var f userFlags
	var s signerFlags
	cmd := &cobra.Command{
		Use: "inspect", Short: "Show the address and the public key of a secret", Args: cobra.NoArgs,
		Example: "  tacit key inspect --key-file alice.secret\n  tacit key inspect --from //Alice --scheme ed25519",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pair, err := s.pair()
			if err != nil {
				return err
			}
			k := public(pair, "")
			return f.print(cmd.OutOrStdout(), k, k.text)
		},
	}
	s.add(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func keyDerive() *cobra.Command {
	var f userFlags
	var in, out, scheme string
	cmd := &cobra.Command{
		Use: "derive PATH", Short: "Derive a key from a phrase, by a path such as //hard/soft", Args: cobra.ExactArgs(1),
		Example: "  tacit key derive //stash --key-file alice.secret --out stash.secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := keys.ParseScheme(scheme)
			if err != nil {
				return err
			}
			if !strings.HasPrefix(args[0], "/") || strings.Contains(args[0], "///") {
				return hint(errors.New("the path does not begin with / or //"), "//name derives for ever apart, /name can be followed from the public key")
			}
			if in == "" || out == "" {
				return hint(errors.New("--key-file and --out are needed"), "the secrets stay in files")
			}
			phrase, err := readSecret(in)
			if err != nil {
				return err
			}
			if keyfile.Is(phrase) {
				return hint(errors.New("a wallet's key file has no phrase to derive from"), "derive from the phrase that the wallet showed when the account was made")
			}
			uri, pass, has := strings.Cut(strings.TrimSpace(string(phrase)), "///")
			uri += args[0]
			if has {
				uri += "///" + pass
			}
			pair, err := keys.FromURI(s, uri)
			if err != nil {
				return err
			}
			if err := writeSecret(out, []byte(uri+"\n")); err != nil {
				return err
			}
			k := public(pair, out)
			return f.print(cmd.OutOrStdout(), k, k.text)
		},
	}
	cmd.Flags().StringVar(&in, "key-file", "", "file with the phrase")
	cmd.Flags().StringVar(&out, "out", "", "file for the derived secret; it must not be there")
	cmd.Flags().StringVar(&scheme, "scheme", "sr25519", "sr25519, ed25519 or ecdsa")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func keyImport() *cobra.Command {
	var f userFlags
	var in, out string
	cmd := &cobra.Command{
		Use: "import FILE.json", Short: "Take a key that polkadot.js or a wallet exported", Args: cobra.ExactArgs(1),
		Long: "Checks that the password opens the file, and copies it, still encrypted, to where only you can read it. " +
			"Commands take it as --key-file together with --password-file.",
		Example: "  tacit key import ~/Downloads/5Grw….json --password-file password --out alice.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return hint(errors.New("--out is missing"), "the key is copied into a file that only you can read")
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			pass, err := password(in)
			if err != nil {
				return err
			}
			pair, err := keyfile.Decrypt(data, pass)
			if err != nil {
				return hint(err, "--password-file names a file with the password that the wallet asked for when it exported the key")
			}
			if err := writeSecret(out, data); err != nil {
				return err
			}
			k := public(pair, out)
			return f.print(cmd.OutOrStdout(), k, k.text)
		},
	}
	cmd.Flags().StringVar(&in, "password-file", "", "file with the password; without it the empty password")
	cmd.Flags().StringVar(&out, "out", "", "where to keep the key; it must not be there")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func keyExport() *cobra.Command {
	var f userFlags
	var s signerFlags
	var out, pass, name string
	cmd := &cobra.Command{
		Use: "export", Short: "Write a key as polkadot.js and wallets import it, encrypted", Args: cobra.NoArgs,
		Example: "  tacit key export --key-file alice.secret --new-password-file password --out alice.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" || pass == "" {
				return hint(errors.New("--out and --new-password-file are needed"), "the password is read from a file, never from the command line")
			}
			pair, err := s.pair()
			if err != nil {
				return err
			}
			secret, err := password(pass)
			if err != nil {
				return err
			}
			if len(secret) == 0 {
				return hint(errors.New("the password is empty"), "write one into %s", pass)
			}
			data, err := keyfile.Encrypt(pair, name, secret)
			if err != nil {
				return err
			}
			if err := writeSecret(out, append(data, '\n')); err != nil {
				return err
			}
			k := public(pair, out)
			return f.print(cmd.OutOrStdout(), k, k.text)
		},
	}
	s.add(cmd)
	cmd.Flags().StringVar(&pass, "new-password-file", "", "file with the password to encrypt with")
	cmd.Flags().StringVar(&out, "out", "", "file to write; it must not be there")
	cmd.Flags().StringVar(&name, "name", "", "the account's name in wallets")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// sessionKeys are a node's session keys for people.
type sessionKeys struct {
	Grandpa []string `json:"grandpa"`
	Engine  []string `json:"engine"`
	Beacon  []string `json:"beacon"`
}

func keySession() *cobra.Command {
	var f userFlags
	var dir string
	var fresh bool
	cmd := &cobra.Command{
		Use: "session", Short: "Show a node's session keys, or make new ones beside them", Args: cobra.NoArgs,
		Long: "A node signs with whichever of its keys is in the set. To rotate: make new keys with --new, start the node again, " +
			"and name them on the chain with `tacit tx set-keys`; two sessions later the old ones are not needed any more.",
		Example: "  tacit key session --data ./net/v1 --new",
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder := filepath.Join(dir, keysFolder)
			if fresh {
				s, err := keystore.New()
				if err != nil {
					return err
				}
				if err := s.Write(folder); err != nil {
					return err
				}
			}
			all, err := keystore.Load(folder)
			if err != nil {
				return err
			}
			v := sessionKeys{[]string{}, []string{}, []string{}}
			for _, k := range all.Grandpa {
				v.Grandpa = append(v.Grandpa, k.ID().String())
			}
			for _, k := range all.Engine {
				v.Engine = append(v.Engine, "0x"+hex.EncodeToString(k.Public()))
			}
			for _, k := range all.Beacon {
				v.Beacon = append(v.Beacon, "0x"+hex.EncodeToString(k.Public()))
			}
			return f.print(cmd.OutOrStdout(), v, func(w io.Writer) {
				for _, row := range []struct {
					role string
					list []string
				}{{"grandpa", v.Grandpa}, {"engine", v.Engine}, {"beacon", v.Beacon}} {
					for _, key := range row.list {
						fmt.Fprintf(w, "%-8s %s\n", row.role, key)
					}
				}
				if len(v.Grandpa) == 0 {
					fmt.Fprintf(w, "no keys in %s; --new makes some\n", folder)
				}
			})
		},
	}
	cmd.Flags().StringVar(&dir, "data", ".", "the node's folder")
	cmd.Flags().BoolVar(&fresh, "new", false, "make new keys")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}
