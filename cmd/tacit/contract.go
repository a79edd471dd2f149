package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/receipt"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

func contractCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "contract", Short: "Confidential contracts: write, build, deploy, call"}
	cmd.AddCommand(contractNew(), contractTest(), contractBuild(), contractUpload(), contractInstantiate(), contractCall(),
		contractQuery(), contractLogs(), contractWatch(), contractGateway())
	return cmd
}

// maxCode is the most bytes of a code that is not compressed.
const maxCode = 8 << 20

// readCode reads a code, compressed or not, and returns both forms. A code
// that workers would refuse is refused here, with the reason.
func readCode(ctx context.Context, path string) (code, packed []byte, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		if code, err = io.ReadAll(io.LimitReader(r, maxCode+1)); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		packed = data
	} else {
		code, packed = data, client.Pack(data)
	}
	if len(code) > maxCode {
		return nil, nil, fmt.Errorf("%s has more than %d bytes", path, maxCode)
	}
	if err := host.Check(ctx, code); err != nil {
		return nil, nil, hint(fmt.Errorf("%s: no worker would run it: %w", path, err), "build it with `tacit contract build`")
	}
	return code, packed, nil
}

func contractUpload() *cobra.Command {
	var f userFlags
	var s signerFlags
	var cluster string
	cmd := &cobra.Command{
		Use: "upload CODE.wasm", Short: "Put a contract's code on the chain, and have it checked by a cluster", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkCluster(cluster); err != nil {
				return err
			}
			_, packed, err := readCode(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				id, err := c.Upload(ctx, who, packed)
				if err != nil {
					return nil, nil, err
				}
				where, err := someCluster(ctx, c, cluster)
				if errors.Is(err, errNoCluster) { // the one that is made for it will check it
					v := map[string]any{"code": id, "bytes": len(packed), "cluster": nil, "checked": false}
					return v, func(w io.Writer) {
						fmt.Fprintf(w, "code %v, %d bytes compressed; there is no cluster yet whose workers could check it\n", id, len(packed))
					}, nil
				}
				if err != nil {
					return nil, nil, err
				}
				if err := c.CheckCode(ctx, who, where, id); err != nil {
					return nil, nil, err
				}
				v := map[string]any{"code": id, "bytes": len(packed), "cluster": where, "checked": true}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "code %v, %d bytes compressed; the workers of cluster %v can run it\n", id, len(packed), where)
				}, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&cluster, "cluster", "", "cluster whose workers check the code; the first one by default")
	return cmd
}

// clusterOf is the cluster that is named, or else the one that the chain knows a
// contract in.
func clusterOf(ctx context.Context, c *client.Client, contract hash.H256, name string) (hash.H256, error) {
	if name != "" {
		return someCluster(ctx, c, name)
	}
	info, err := c.Contract(ctx, contract)
	return info.Cluster, err
}

// checkCluster refuses what is no name of a cluster, before anything is paid for.
func checkCluster(name string) error {
	if name == "" {
		return nil
	}
	_, err := hash.ParseH256(name)
	return hint(err, "a cluster is named by 64 hex digits")
}

// errNoCluster means that the chain has no cluster that is ready.
var errNoCluster = errors.New("there is no cluster yet")

// someCluster reads a cluster's name, or takes the first that is ready.
func someCluster(ctx context.Context, c *client.Client, name string) (hash.H256, error) {
	if name != "" {
		id, err := hash.ParseH256(name)
		return id, hint(err, "a cluster is named by 64 hex digits")
	}
	list, err := c.Clusters(ctx)
	if err != nil {
		return hash.H256{}, err
	}
	for _, id := range list {
		if cluster, err := c.Cluster(ctx, id); err == nil && cluster.Ready() {
			return id, nil
		}
	}
	return hash.H256{}, hint(errNoCluster, "`tacit cluster create` makes one; or use --new-cluster with `contract instantiate`")
}

func contractInstantiate() *cobra.Command {
	var f userFlags
	var s signerFlags
	var cluster, meta, constructor, salt, give string
	var fresh bool
	cmd := &cobra.Command{
		Use: "instantiate CODE.wasm|CODE-HASH [ARGUMENT…]", Short: "Make a contract, by an encrypted call of its constructor", Args: cobra.MinimumNArgs(1),
		Example: "  tacit contract instantiate hello.wasm --metadata hello.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkCluster(cluster); err != nil {
				return err
			}
			m, err := readMetadata(meta)
			if err != nil {
				return err
			}
			entry, err := m.Constructor(constructor)
			if err != nil {
				return err
			}
			input, err := m.Encode(entry, args[1:])
			if err != nil {
				return err
			}
			value, err := valueOf(entry, give)
			if err != nil {
				return err
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			code, parse := hash.ParseH256(args[0])
			var packed []byte
			if parse != nil {
				if _, packed, err = readCode(cmd.Context(), args[0]); err != nil {
					return err
				}
			}
			if salt == "" {
				salt = strconv.FormatInt(time.Now().UnixNano(), 36)
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				if packed != nil {
					if code, err = c.Upload(ctx, who, packed); err != nil {
						return nil, nil, err
					}
				}
				var where hash.H256
				if fresh {
					where, err = c.CreateCluster(ctx, who, 1)
				} else {
					where, err = someCluster(ctx, c, cluster)
				}
				if err != nil {
					return nil, nil, err
				}
				id, out, err := c.InstantiatePaying(ctx, who, where, code, []byte(salt), value, input)
				if err != nil {
					return nil, nil, err
				}
				if err := ended(m, entry, out); err != nil {
					return nil, nil, err
				}
				v := map[string]any{"contract": id, "cluster": where, "code": code, "block": out.Number, "gas": out.Reply.Gas}
				return v, func(w io.Writer) { fmt.Fprintf(w, "contract %v in cluster %v, %d gas\n", id, where, out.Reply.Gas) }, nil
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&cluster, "cluster", "", "cluster that runs the contract; the first one by default")
	cmd.Flags().BoolVar(&fresh, "new-cluster", false, "make a cluster for the contract")
	cmd.MarkFlagsMutuallyExclusive("cluster", "new-cluster")
	cmd.Flags().StringVar(&meta, "metadata", "", "the contract's metadata, JSON")
	cmd.Flags().StringVar(&constructor, "constructor", "new", "name of the constructor")
	cmd.Flags().StringVar(&give, "value", "", "give the contract tokens that the signer has in the cluster")
	cmd.Flags().StringVar(&salt, "salt", "", "makes another contract of the same code; by default it is new each time")
	return cmd
}

// ended says why a message did not do what it should.
func ended(m *abi.Metadata, entry *abi.Entry, out *client.Outcome) error {
	return outcome(m, entry, out.Reply.Status, out.Reply.Output, out.Reply.Error)
}

// resultOf reads what a message gave that did not fail. One that ended its contract
// gave nothing at all.
func resultOf(m *abi.Metadata, entry *abi.Entry, output []byte) (string, error) {
	if len(output) == 0 && entry.Mutates {
		return "()", nil
	}
	return m.Decode(entry, output)
}

// statuses are the ways in which a contract ends, as the VM numbers them.
var statuses = map[uint8]string{1: "the contract reverted", 2: "the contract trapped", 3: "the contract ran out of gas"}

// Parts of what a cluster says to an account that cannot pay, in which all
// numbers are amounts.
const (
	cannotPayGas     = "leaves nothing for gas"
	cannotPayStorage = "takes a deposit of"
	cannotPayCode    = "cannot pay for compiling the code"
)

func outcome(m *abi.Metadata, entry *abi.Entry, status uint8, output, text []byte) error {
	if status == 0 {
		return nil
	}
	if status == 1 && len(text) == 0 {
		if _, err := m.Decode(entry, output); err != nil {
			return err
		}
	}
	name := statuses[status]
	if name == "" {
		name = fmt.Sprintf("the message was not run (%d)", status)
	}
	switch said := string(text); {
	case strings.Contains(said, cannotPayGas), strings.Contains(said, cannotPayStorage), strings.Contains(said, cannotPayCode):
		name = inTokens(said) // the contract has not failed
	case len(said) > 0:
		name += ": " + said
	}
	return errors.New(name)
}

// valueOf reads what a call gives to the contract, which is to take it.
func valueOf(entry *abi.Entry, text string) (scale.U128, error) {
	if text == "" {
		return scale.U128{}, nil
	}
	if !entry.Payable {
		return scale.U128{}, hint(fmt.Errorf("%s takes no money", entry.Label), "leave --value out; `tacit cluster transfer` gives tokens to a contract without a call")
	}
	return parseTokens(text)
}

func readMetadata(path string) (*abi.Metadata, error) {
	if path == "" {
		return nil, hint(errors.New("the contract's metadata is needed"), "name its JSON file with --metadata; `tacit contract build` makes it")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := abi.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func contractCall() *cobra.Command {
	var f userFlags
	var s signerFlags
	var meta, give, cluster string
	var save saved
	cmd := &cobra.Command{
		Use: "call CONTRACT MESSAGE [ARGUMENT…]", Short: "Send an encrypted command and wait for its receipt", Args: cobra.MinimumNArgs(2),
		Example: "  tacit contract call 0x… increment 5 --metadata hello.json",
		Long: "With --cluster the command does not show which contract it is for, and may be for one that another contract made,\n" +
			"which the chain does not know.",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, m, entry, input, err := message(meta, args)
			if err != nil {
				return err
			}
			value, err := valueOf(entry, give)
			if err != nil {
				return err
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				var out *client.Outcome
				if cluster == "" {
					out, err = c.CommandPaying(ctx, who, id, value, input)
				} else if where, parse := hash.ParseH256(cluster); parse != nil {
					err = hint(parse, "a cluster is named by 64 hex digits")
				} else {
					out, err = c.Transact(ctx, who, where, words.Call{Contract: id, Value: value, Input: input})
				}
				if err != nil {
					return nil, nil, err
				}
				// What was executed is told also where its receipt cannot be had.
				unsaved := save.write(ctx, ofOutcome(c, out))
				if err := ended(m, entry, out); err != nil {
					return nil, nil, errors.Join(err, unsaved)
				}
				result, err := resultOf(m, entry, out.Reply.Output)
				if unsaved != nil {
					err = errors.Join(err, fmt.Errorf("the command was executed in block %d and gave %s; %w", out.Number, result, unsaved))
				}
				v := map[string]any{
					"result": result, "gas": out.Reply.Gas, "block": out.Number, "sent": out.Sent.Hash, "ciphertext": hex.EncodeToString(out.Envelope),
				}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "%s\nreceipt in block %d, %d gas; everybody else saw %d bytes of ciphertext\n", result, out.Number, out.Reply.Gas, len(out.Envelope))
				}, err
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&meta, "metadata", "", "the contract's metadata, JSON")
	cmd.Flags().StringVar(&give, "value", "", "give the contract tokens that the signer has in the cluster")
	cmd.Flags().StringVar(&cluster, "cluster", "", "the contract's cluster")
	save.add(cmd)
	return cmd
}

// message reads a contract's address, a message's name and its arguments.
func message(meta string, args []string) (id hash.H256, m *abi.Metadata, entry *abi.Entry, input []byte, err error) {
	if id, err = hash.ParseH256(args[0]); err != nil {
		return id, nil, nil, nil, hint(err, "a contract is named by the 64 hex digits that `contract instantiate` prints")
	}
	if m, err = readMetadata(meta); err != nil {
		return id, nil, nil, nil, err
	}
	if entry, err = m.Message(args[1]); err != nil {
		return id, nil, nil, nil, hint(err, "the contract has %s", strings.Join(labels(m), ", "))
	}
	input, err = m.Encode(entry, args[2:])
	return id, m, entry, input, err
}

func labels(m *abi.Metadata) []string {
	var list []string
	for _, e := range m.Spec.Messages {
		list = append(list, e.Label)
	}
	return list
}

func contractQuery() *cobra.Command {
	var f userFlags
	var s signerFlags
	var meta, cluster string
	var least uint32
	var save saved
	cmd := &cobra.Command{
		Use: "query CONTRACT MESSAGE [ARGUMENT…]", Short: "Ask a contract, encrypted to its worker; nothing goes on the chain", Args: cobra.MinimumNArgs(2),
		Example: "  tacit contract query 0x… get --metadata hello.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, m, entry, input, err := message(meta, args)
			if err != nil {
				return err
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				final, err := c.Finalized(ctx)
				if err != nil {
					return nil, nil, err
				}
				if least == 0 {
					least = final.Number
				}
				where, err := clusterOf(ctx, c, id, cluster)
				if err != nil {
					return nil, nil, err
				}
				x, err := c.QueryIn(ctx, who, where, id, chain.BlockNumber(least), input)
				if err != nil {
					return nil, nil, err
				}
				a := x.Answer.Answer
				if err := save.write(ctx, func(ctx context.Context) (*receipt.File, error) { return c.QueryReceipt(ctx, x) }); err != nil {
					return nil, nil, err
				}
				if err := outcome(m, entry, a.Status, a.Output, a.Error); err != nil {
					return nil, nil, err
				}
				result, err := resultOf(m, entry, a.Output)
				v := map[string]any{"result": result, "gas": a.Gas, "block": a.Block, "blockHash": a.BlockHash}
				return v, func(w io.Writer) { fmt.Fprintf(w, "%s\nas of block %d, signed by the worker\n", result, a.Block) }, err
			})
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&meta, "metadata", "", "the contract's metadata, JSON")
	cmd.Flags().StringVar(&cluster, "cluster", "", "the contract's cluster, for a contract that another one made")
	save.add(cmd)
	cmd.Flags().Uint32Var(&least, "least", 0, "the worker must have seen this block; the newest final one by default")
	return cmd
}
