package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/trie"
)

// lightSpec is a chain spec as light clients of Substrate read it, with the
// whole state of block 0.
type lightSpec struct {
	Name               string         `json:"name"`
	ID                 string         `json:"id"`
	ChainType          string         `json:"chainType"`
	BootNodes          []string       `json:"bootNodes"`
	TelemetryEndpoints []string       `json:"telemetryEndpoints"`
	ProtocolID         *string        `json:"protocolId"`
	Properties         map[string]any `json:"properties"`
	Genesis            struct {
		Raw struct {
			Top             map[string]string `json:"top"`
			ChildrenDefault struct{}          `json:"childrenDefault"`
		} `json:"raw"`
	} `json:"genesis"`
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// fill sets what follows from a chain's name and state.
func (s *lightSpec) fill(name string, entries []trie.Entry) {
	s.Name, s.ID = name, strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	s.Genesis.Raw.Top = make(map[string]string, len(entries))
	for _, e := range entries {
		s.Genesis.Raw.Top["0x"+hex.EncodeToString(e.Key)] = "0x" + hex.EncodeToString(e.Value)
	}
	if s.BootNodes == nil {
		s.BootNodes = []string{}
	}
}

func chainSpec() *cobra.Command {
	var f userFlags
	var dir string
	var boot []string
	cmd := &cobra.Command{
		Use: "spec", Short: "Print the chain spec for light clients such as smoldot", Args: cobra.NoArgs,
		Long: "Prints a chain spec in Substrate's form: the state of block 0, and the addresses under which light clients reach the node " +
			"(`tacit node --light`). What a node says is checked against its genesis header; --data computes it from a node's folder, without any node.",
		Example: "  tacit chain spec > chain.json\n  tacit chain spec --data ./net/v1 --boot-node /ip4/192.0.2.1/tcp/30333/ws/p2p/12D3Koo… > chain.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir != "" {
				s, err := specOfFolder(dir, boot)
				if err != nil {
					return err
				}
				return printSpec(cmd.OutOrStdout(), s)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), f.wait)
			defer cancel()
			return client.With(ctx, f.rpc, func(ctx context.Context, c *client.Client) error {
				s, err := specOfNode(ctx, c, boot)
				if err != nil {
					return err
				}
				return printSpec(cmd.OutOrStdout(), s)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&dir, "data", "", "a node's folder, instead of a node that runs")
	cmd.Flags().StringArrayVar(&boot, "boot-node", nil, "a multiaddress to put into the spec; those that the node tells when left out")
	return cmd
}

// printSpec prints JSON in any case: a chain spec is nothing else.
func printSpec(w io.Writer, s lightSpec) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}

func specOfFolder(dir string, boot []string) (s lightSpec, err error) {
	path := filepath.Join(dir, "spec.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return s, hint(err, "--data names a node's folder with the chain's spec.json")
	}
	spec, err := engine.ParseSpec(data)
	if err != nil {
		return s, wrap(path, err)
	}
	state, err := spec.GenesisState(runtime.New())
	if err != nil {
		return s, err
	}
	var entries []trie.Entry
	for k, v := range state.Iterate(nil) {
		entries = append(entries, trie.Entry{Key: k, Value: v})
	}
	s.ChainType, s.BootNodes, s.Properties = string(spec.Kind), boot, map[string]any{
		"ss58Format": 42, "tokenDecimals": runtime.Decimals, "tokenSymbol": spec.Symbol,
	}
	s.fill(spec.Name, entries)
	return s, nil
}

func specOfNode(ctx context.Context, c *client.Client, boot []string) (s lightSpec, err error) {
	genesis := c.Genesis()
	header, err := c.Header(ctx, &genesis)
	if err != nil {
		return s, err
	}
	entries, err := stateEntries(ctx, c, genesis)
	if err != nil {
		return s, hint(err, "a node that discards old states does not know block 0: --data computes it from a node's folder")
	}
	if root := trie.RootOf(trie.V1, entries); root != header.StateRoot {
		return s, fmt.Errorf("the node's state of block 0 has the root %v, and its header says %v", root, header.StateRoot)
	}
	var name string
	for method, v := range map[string]any{
		"system_chain": &name, "system_chainType": &s.ChainType, "system_properties": &s.Properties, "system_localListenAddresses": &s.BootNodes,
	} {
		if err := c.Call(ctx, v, method); err != nil {
			return s, err
		}
	}
	if len(boot) > 0 {
		s.BootNodes = boot
	}
	s.fill(name, entries)
	return s, nil
}

// stateEntries reads the whole state of a block.
func stateEntries(ctx context.Context, c *client.Client, at hash.H256) (list []trie.Entry, err error) {
	const page = 500
	var start any
	for {
		var keys []string
		if err := c.Call(ctx, &keys, "state_getKeysPaged", "0x", page, start, at); err != nil {
			return nil, err
		}
		if len(keys) == 0 {
			return list, nil
		}
		var answer []struct {
			Changes [][2]*string `json:"changes"`
		}
		if err := c.Call(ctx, &answer, "state_queryStorageAt", keys, at); err != nil {
			return nil, err
		}
		if len(answer) != 1 || len(answer[0].Changes) != len(keys) {
			return nil, errors.New("the node left out values")
		}
		for _, kv := range answer[0].Changes {
			e, err := entry(kv)
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		}
		if len(keys) < page {
			return list, nil
		}
		start = keys[len(keys)-1]
	}
}

func entry(kv [2]*string) (e trie.Entry, err error) {
	for i, into := range []*[]byte{&e.Key, &e.Value} {
		if kv[i] == nil {
			return e, errors.New("the node has no value for one of its keys")
		}
		if *into, err = hex.DecodeString(strings.TrimPrefix(*kv[i], "0x")); err != nil {
			return e, fmt.Errorf("the node's state: %w", err)
		}
	}
	return e, nil
}
