package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/receipt"
	"github.com/tacit-network/tacit/examples/hello/bundle"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	pallet "github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/runtime/pallet/queue"
	"github.com/tacit-network/tacit/scale"
)

// Money goes into a cluster of two workers, moves there in secret and comes out
// once, by the SDK; and what workers said of it all is verified offline.
func TestMoneyAndReceipts(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := newWorld(t, ctx)
	t.Cleanup(cancel)
	for _, operator := range []string{"//operator", "//operator//2"} {
		defer w.enclave(operator).startRelay(ctx)()
	}
	bob, carol := account(t, "//Bob"), account(t, "//Carol")
	h := newHello(t)
	err := client.With(ctx, w.node, func(ctx context.Context, c *client.Client) error {
		if err := registered(ctx, c, 2); err != nil {
			return err
		}
		cluster, err := c.CreateCluster(ctx, w.alice, 2)
		if err != nil {
			return err
		}
		if _, err := c.Deposit(ctx, w.alice, cluster, runtime.Unit); err != nil {
			return err
		}
		tenth := scale.U64(runtime.Unit.Lo / 10)
		out, err := c.Transact(ctx, w.alice, cluster, words.Transfer{To: bob.AccountID(), Amount: tenth})
		if err != nil || out.Reply.Status != 0 {
			t.Fatalf("transfer: %+v, %v", out, err)
		}
		transfer, err := c.CommandReceipt(ctx, out)
		if err != nil {
			return err
		}
		if out, err = c.Transact(ctx, bob, cluster, words.Withdraw{To: carol.AccountID(), Amount: tenth}); err != nil || out.Paid == nil || out.Paid.To != carol.AccountID() {
			t.Fatalf("withdraw: %+v, %v", out, err)
		}
		if a, err := c.Account(ctx, carol.AccountID()); err != nil || a.Data.Free != tenth {
			t.Errorf("Carol has %v, %v", a.Data.Free, err)
		}
		if out, err = c.Transact(ctx, w.alice, cluster, words.Withdraw{To: chain.AccountID{9}, Amount: scale.U64(1)}); err != nil || out.Returned == nil {
			t.Fatalf("a withdrawal of dust: %+v, %v", out, err)
		}
		holds := func(who keys.Pair, want string) {
			t.Helper()
			final, err := c.Finalized(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := c.LedgerBalance(ctx, who, cluster, final.Number, who.AccountID()); err != nil || n.String() != want {
				t.Errorf("%s holds %v, %v, want %s", who.AccountID(), n, err, want)
			}
		}
		holds(bob, "0")
		code, err := c.Upload(ctx, w.alice, bundle.Packed())
		if err != nil {
			return err
		}
		contract, _, err := c.Instantiate(ctx, w.alice, cluster, code, nil, h.input("new"))
		if err != nil {
			return err
		}
		holds(w.alice, "900000000000") // what came back is there
		l, err := c.Ledger(ctx, cluster)
		if err != nil || l.Escrow.String() != "900000000000" || !l.Coming.IsZero() {
			t.Errorf("escrow %v, coming %v, %v", l.Escrow, l.Coming, err)
		}
		if out, err = c.Command(ctx, bob, contract, h.input("increment", "3")); err != nil {
			return err
		}
		command, err := c.CommandReceipt(ctx, out)
		if err != nil {
			return err
		}
		x, err := c.QueryIn(ctx, w.alice, cluster, contract, out.Number, h.input("get"))
		if err != nil {
			return err
		}
		query, err := c.QueryReceipt(ctx, x)
		if err != nil {
			return err
		}
		genesis := c.Genesis()
		verify(t, "transfer", transfer, genesis, func(v *receipt.Verdict) bool { return v.Contract == cluster && v.Kind == "command" })
		verify(t, "command", command, genesis, func(v *receipt.Verdict) bool {
			return v.Contract == contract && v.Status == 0 && bytes.Equal(v.Input, h.input("increment", "3"))
		})
		verify(t, "query", query, genesis, func(v *receipt.Verdict) bool {
			return v.Origin != nil && *v.Origin == w.alice.AccountID() && h.text("get", v.Output) == "3" && bytes.Equal(v.Input, h.input("get")) && v.Block >= out.Number
		})
		agreed(t, ctx, c)
		// What the query saw is the state that the chain has on record.
		on, err := c.Cluster(ctx, cluster)
		if err != nil {
			return err
		}
		if v := query.Check(nil); v.StateRoot != on.StateRoot || v.Next != on.Next {
			t.Errorf("the query is of state %v after %d messages, on the chain is %v after %d", v.StateRoot, v.Next, on.StateRoot, on.Next)
		}
		spoil(t, "command", command, genesis)
		spoil(t, "query", query, genesis)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// agreed checks that the chain refused nothing that workers said, saw no two
// states, and paid once.
func agreed(t *testing.T, ctx context.Context, c *client.Client) {
	t.Helper()
	head, err := c.Header(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	paid := 0
	err = c.Follow(ctx, 1, func(h chain.Header, events []client.Record) (bool, error) {
		for _, r := range events {
			switch e := r.Event.(type) {
			case pallet.RootsDiffer, queue.MessageRefused:
				t.Errorf("block %d: %+v", h.Number, e)
			case pallet.Withdrawn:
				paid++
			}
		}
		return h.Number >= head.Number, nil
	})
	if err != nil || paid != 1 {
		t.Errorf("paid %d times, %v", paid, err)
	}
}

// copyOf is a receipt written and read again.
func copyOf(t *testing.T, f *receipt.File) *receipt.File {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	g, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func verify(t *testing.T, name string, f *receipt.File, genesis hash.H256, want func(*receipt.Verdict) bool) {
	t.Helper()
	v := copyOf(t, f).Check(&genesis)
	if !v.Valid || len(v.Steps) != 4 || !v.Simulated || !want(v) {
		t.Errorf("%s: %+v", name, v)
	}
}

// spoil changes one thing after the other, and what stands for it is no longer
// believed.
func spoil(t *testing.T, name string, f *receipt.File, genesis hash.H256) {
	t.Helper()
	flip := func(b receipt.Hex) {
		if len(b) > 40 {
			b[len(b)-33] ^= 1
		} else {
			b[0] ^= 1
		}
	}
	tests := map[string]func(*receipt.File){
		"signature worker":         func(f *receipt.File) { f.Worker[0] ^= 1 },
		"request message":          func(f *receipt.File) { flip(f.Message) },
		"request contract":         func(f *receipt.File) { f.Contract = hash.H256{7} },
		"genesis first":            func(f *receipt.File) { flip(f.Chain.First) },
		"registration first proof": func(f *receipt.File) { flip(f.Chain.FirstProof[0]) },
		"registration header":      func(f *receipt.File) { flip(f.Chain.Header) },
		"registration final":       func(f *receipt.File) { flip(f.Chain.Justification) },
		"registration proof":       func(f *receipt.File) { flip(f.Chain.Proof[0]) },
		"registration no proof":    func(f *receipt.File) { f.Chain.Proof = nil },
	}
	if f.Query != nil {
		tests["signature envelope"] = func(f *receipt.File) { flip(f.Envelope) }
		tests["signature answer"] = func(f *receipt.File) { flip(f.Query.Answer) }
		tests["signature noise"] = func(f *receipt.File) { f.Query.Answer = receipt.Hex{1} }
		tests["request origin"] = func(f *receipt.File) { f.Query.Origin[0] ^= 1 }
		tests["request signature"] = func(f *receipt.File) { flip(f.Query.Signature) }
	} else {
		tests["request envelope"] = func(f *receipt.File) { flip(f.Envelope) }
		tests["signature up"] = func(f *receipt.File) { flip(f.Command.Up) }
		tests["signature noise"] = func(f *receipt.File) { f.Command.Up = receipt.Hex{1} }
		tests["request key"] = func(f *receipt.File) { flip(f.Command.Key) }
		tests["request kem"] = func(f *receipt.File) { f.Command.KEM = 1 }
		tests["request seq"] = func(f *receipt.File) { f.Command.Seq++ }
	}
	for what, change := range tests {
		g := copyOf(t, f)
		change(g)
		v := g.Check(&genesis)
		step, _, _ := strings.Cut(what, " ")
		if last := v.Steps[len(v.Steps)-1]; v.Valid || last.OK || last.Name != step {
			t.Errorf("%s, %s changed: valid %v, %+v", name, what, v.Valid, last)
		}
	}
	other := hash.H256{1}
	if v := f.Check(&other); v.Valid {
		t.Errorf("%s is of another chain, too", name)
	}
	g := copyOf(t, f)
	g.Genesis = other
	if v := g.Check(nil); v.Valid {
		t.Errorf("%s of a chain that is not its own", name)
	}
}
