package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
)

func chainCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "chain", Short: "Blocks and the state"}
	cmd.AddCommand(chainHead(), chainBlock(), chainStorage(), chainSpec())
	return cmd
}

// block is a header for people.
func block(h chain.Header) map[string]any {
	return map[string]any{
		"number": h.Number, "hash": h.Hash(), "parent": h.ParentHash, "stateRoot": h.StateRoot, "extrinsicsRoot": h.ExtrinsicsRoot,
	}
}

func chainHead() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "head", Short: "Show the newest block and the newest final one", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				head, err := c.Header(ctx, nil)
				if err != nil {
					return nil, nil, err
				}
				final, err := c.Finalized(ctx)
				v := map[string]any{"head": block(head), "finalized": block(final), "genesis": c.Genesis()}
				return v, func(w io.Writer) {
					fmt.Fprintf(w, "newest  %d %v\nfinal   %d %v\ngenesis %v\n", head.Number, head.Hash(), final.Number, final.Hash(), c.Genesis())
				}, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

// at reads a block's number or hash.
func at(ctx context.Context, c *client.Client, s string) (hash.H256, error) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		var h *hash.H256
		if err := c.Call(ctx, &h, "chain_getBlockHash", n); err != nil {
			return hash.H256{}, err
		}
		if h == nil {
			return hash.H256{}, fmt.Errorf("there is no block %d yet", n)
		}
		return *h, nil
	}
	h, err := hash.ParseH256(s)
	return h, hint(err, "name a block by its number or its hash")
}

func chainBlock() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "block [NUMBER|HASH]", Short: "Show a block with its extrinsics and events", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				head, err := c.Header(ctx, nil)
				if err != nil {
					return nil, nil, err
				}
				id := head.Hash()
				if len(args) == 1 {
					if id, err = at(ctx, c, args[0]); err != nil {
						return nil, nil, err
					}
				}
				return describe(ctx, c, id)
			})
		},
	}
	f.add(cmd)
	return cmd
}

// describe tells all of a block.
func describe(ctx context.Context, c *client.Client, id hash.H256) (any, func(io.Writer), error) {
	b, err := c.Block(ctx, &id)
	if err != nil {
		return nil, nil, err
	}
	events, err := c.Events(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	type extrinsic struct {
		Call   string   `json:"call"`
		Signer string   `json:"signer,omitempty"`
		Hash   string   `json:"hash"`
		Bytes  int      `json:"bytes"`
		Events []string `json:"events"`
	}
	list := make([]extrinsic, len(b.Body))
	for i, raw := range b.Body {
		x, err := chain.DecodeExtrinsic(raw)
		if err != nil {
			return nil, nil, err
		}
		call, err := c.Runtime().DecodeCall(x.Call)
		if err != nil {
			return nil, nil, err
		}
		pallet, name := c.Runtime().CallName(call)
		list[i] = extrinsic{Call: pallet + "." + name, Hash: x.Hash().String(), Bytes: len(raw), Events: []string{}}
		if x.Signed != nil {
			if a, ok := x.Signed.Address.(chain.AddressID); ok {
				list[i].Signer = a.ID.String()
			}
		}
	}
	for _, e := range events {
		pallet, name := c.Runtime().EventName(e.Event)
		if p, ok := e.Phase.(frame.ApplyExtrinsic); ok && int(p.Index) < len(list) {
			list[p.Index].Events = append(list[p.Index].Events, pallet+"."+name)
		}
	}
	v := block(b.Header)
	v["extrinsics"] = list
	return v, func(w io.Writer) {
		fmt.Fprintf(w, "block %d %v\nparent     %v\nstate root %v\n", b.Header.Number, id, b.Header.ParentHash, b.Header.StateRoot)
		for i, x := range list {
			fmt.Fprintf(w, "\n%d  %s  %d bytes  %s\n", i, x.Call, x.Bytes, x.Signer)
			for _, e := range x.Events {
				fmt.Fprintf(w, "   %s\n", e)
			}
		}
	}, nil
}

func chainStorage() *cobra.Command {
	var f userFlags
	var block string
	cmd := &cobra.Command{
		Use: "storage KEY", Short: "Show the bytes under a key of the state", Args: cobra.ExactArgs(1),
		Example: "  tacit chain storage System.Number\n  tacit chain storage 0x26aa394eea5630e07c48ae0c9558cef702a5c1b19ab7a04f536c519aca4983ac",
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := storageKey(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				var where *hash.H256
				if block != "" {
					h, err := at(ctx, c, block)
					if err != nil {
						return nil, nil, err
					}
					where = &h
				}
				value, ok, err := c.Storage(ctx, key, where)
				v := map[string]any{"key": "0x" + hex.EncodeToString(key), "value": nil}
				text := "nothing"
				if ok {
					text = "0x" + hex.EncodeToString(value)
					v["value"] = text
				}
				return v, func(w io.Writer) { fmt.Fprintln(w, text) }, err
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&block, "at", "", "number or hash of the block; the newest one by default")
	return cmd
}

// storageKey reads a key in hex, or an item's name as Pallet.Item.
func storageKey(s string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		key, err := hex.DecodeString(rest)
		return key, hint(err, "a key is hex after 0x")
	}
	pallet, item, ok := strings.Cut(s, ".")
	if !ok {
		return nil, hint(fmt.Errorf("%q is no key", s), "a key is hex after 0x, or Pallet.Item")
	}
	p, i := hash.Twox128([]byte(pallet)), hash.Twox128([]byte(item))
	return append(p[:], i[:]...), plainItem(pallet, item)
}

// plainItem says why a name is not that of one value of the state.
func plainItem(pallet, item string) error {
	var pallets []string
	for _, p := range runtime.New().Metadata().Pallets {
		if p.Storage == nil {
			continue
		}
		pallets = append(pallets, p.Name)
		if p.Name != pallet {
			continue
		}
		var items []string
		for _, e := range p.Storage.Entries {
			if _, many := e.Type.(metadata.MapType); !many {
				items = append(items, e.Name)
			} else if e.Name == item {
				return hint(fmt.Errorf("%s.%s is a map of many values", pallet, item), "give the whole key of one of them, in hex after 0x")
			}
		}
		if slices.Contains(items, item) {
			return nil
		}
		return hint(fmt.Errorf("pallet %s has no item %q", pallet, item), "it has %s", strings.Join(items, ", "))
	}
	return hint(fmt.Errorf("there is no pallet %q that stores something", pallet), "there are %s", strings.Join(pallets, ", "))
}
