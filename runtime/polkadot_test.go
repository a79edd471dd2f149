package runtime_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/trie"
)

// paseo is what test/clients/frame-events.mjs wrote down of transactions that
// the Rust runtime of Paseo's relay chain executed.
type paseo struct {
	Origin                                             string
	ExistentialDeposit, DepositBase, DepositFactor     scale.U128
	ProxyDepositBase, ProxyDepositFactor               scale.U128
	AnnouncementDepositBase, AnnouncementDepositFactor scale.U128
	Funded                                             map[string]scale.U128
	Steps                                              []paseoStep
}

type paseoStep struct {
	Note, Name, Signer, Call, Failure string
	Block                             chain.BlockNumber
	Events                            []struct{ Name, Data string }
	Holds                             map[string][2]any
}

// polkadotProxies allow what the types of proxies allow that the steps use.
type polkadotProxies struct{}

func (polkadotProxies) Allows(t proxy.ProxyType, call frame.AnyCall) bool {
	return t == proxy.Any || t == proxy.NonTransfer && call.Pallet != 5
}

func (polkadotProxies) Includes(t, other proxy.ProxyType) bool {
	return t == other || t == proxy.Any || t == proxy.NonTransfer && other != proxy.Any
}

// Where the runtime of 2024 and today's FRAME differ, today's holds: the events
// of each step below are those given here.
var since2024 = map[string]func([]string) []string{
	"to oneself":            func([]string) []string { return []string{} },
	"sets more":             issuance(0, "050f"+le(998)),
	"sets less":             issuance(0, "0510"+le(100)),
	"sets too little":       issuance(1, "0510"+le(900)),
	"sets an ended account": issuance(2, "050f"+le(700)),
	"as root":               issuance(0, "0510"+le(1)),
	"root nests":            issuance(0, "0510"+le(1)),
	"sudo as":               func(events []string) []string { return append(events[:len(events)-1], "ff0300") }, // KeyRemoved is 2
	"gives the account up": func(events []string) []string {
		killed := proxy.PureKilled{Spawner: accountID(5), ProxyType: proxy.Any, DisambiguationIndex: 7}
		killed.Pure = proxy.Pure(accountID(5), proxy.Any, 7, 5, 0)
		return slices.Insert(events, 1, "1d02"+hex.EncodeToString(scale.Marshal(killed)))
	},
}

// le is an encoded amount of tokens of ten decimals.
func le(tokens uint64) string {
	return hex.EncodeToString(scale.Marshal(scale.U64(tokens * 10_000_000_000)))
}

// issuance is the event that tells of a forced balance that the issuance
// changed, Issued or Rescinded.
func issuance(at int, event string) func([]string) []string {
	return func(events []string) []string { return slices.Insert(events, at, event) }
}

func accountID(i byte) (id chain.AccountID) {
	id[3], id[31] = i, 1
	return id
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same calls, byte by byte, end as on Paseo, with the same events in the
// same order, and leave the same reserved and the same consumers.
func TestPaseo(t *testing.T) {
	raw, err := os.ReadFile("testdata/paseo.json")
	if err != nil {
		t.Fatal(err)
	}
	var want paseo
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	sys := &system.Pallet{}
	money := &balances.Pallet{Accounts: sys, Config: balances.Config{ExistentialDeposit: want.ExistentialDeposit, MaxLocks: 50, MaxFreezes: 8, MaxHolds: 8}}
	key := &sudo.Pallet{}
	store := []byte("events") // in the state, so that what fails leaves none
	rt := frame.New(frame.Config{
		Pallets: []frame.At{
			{Index: 0, Module: sys}, {Index: 5, Module: money}, {Index: 255, Module: key},
			{Index: 26, Module: &utility.Pallet{Config: utility.Config{BatchedCallsLimit: 10_922}}},
			{Index: 30, Module: &multisig.Pallet{Money: money, Blocks: sys, Config: multisig.Config{
				DepositBase: want.DepositBase, DepositFactor: want.DepositFactor, MaxSignatories: 100,
			}}},
			{Index: 29, Module: &proxy.Pallet{Money: money, Blocks: sys, Permit: polkadotProxies{}, Config: proxy.Config{
				ProxyDepositBase: want.ProxyDepositBase, ProxyDepositFactor: want.ProxyDepositFactor, MaxProxies: 32, MaxPending: 32,
				AnnouncementDepositBase: want.AnnouncementDepositBase, AnnouncementDepositFactor: want.AnnouncementDepositFactor,
			}}},
		},
		Deposit: func(ctx *frame.Context, record []byte) {
			ctx.Append(store, scale.AppendBytes(nil, record[:len(record)-1])) // without topics
		},
		Naming: func(reflect.Type) (metadata.Form, bool) { return metadata.Form{}, false },
	})
	o := storage.NewOverlay(backend{trie.New(trie.V1)}, verify)
	ctx := rt.Context(o)
	key.Key.Put(ctx, accountID(7))
	for id, amount := range want.Funded {
		if err := money.Endow(ctx, chain.AccountID(unhex(t, id)), amount); err != nil {
			t.Fatal(err)
		}
	}
	// The chain has more than what these accounts have.
	money.TotalIssuance.Put(ctx, scale.U128{Hi: 1})
	for _, s := range want.Steps {
		o.Clear(store)
		sys.Number.Put(ctx, s.Block)
		o.Set([]byte(":extrinsic_index"), scale.Marshal(uint32(0)))
		call, err := rt.DecodeCall(unhex(t, s.Call))
		if err != nil {
			t.Fatalf("%s, %s: %v", s.Name, s.Note, err)
		}
		failure := ""
		if _, err := ctx.Dispatch(frame.Signed{Who: chain.AccountID(unhex(t, s.Signer))}, call); err != nil {
			failure = "0x" + hex.EncodeToString(scale.Encode(rt.Reason(err)))
		}
		if failure != s.Failure {
			t.Errorf("%s, %s: failed with %q, want %q", s.Name, s.Note, failure, s.Failure)
		}
		events, expected := []string{}, []string{}
		if raw, ok := o.Get(store); ok {
			list, err := scale.Decode[[][]byte](raw)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				events = append(events, hex.EncodeToString(e))
			}
		}
		for _, e := range s.Events {
			data := unhex(t, e.Data)
			if data[0] == 29 && data[1] >= 2 { // PureKilled came in between
				data[1]++
			}
			expected = append(expected, hex.EncodeToString(data))
		}
		if change := since2024[s.Note]; change != nil {
			expected = change(expected)
		}
		if !slices.Equal(events, expected) {
			t.Errorf("%s, %s:\n got %s\nwant %s", s.Name, s.Note, strings.Join(events, " "), strings.Join(expected, " "))
		}
		for id := range want.Funded {
			info := sys.Account.Get(ctx, chain.AccountID(unhex(t, id)))
			consumers, reserved := 0.0, "0"
			if h, ok := s.Holds[id]; ok {
				consumers, reserved = h[0].(float64), h[1].(string)
			}
			if float64(info.Consumers) != consumers || info.Data.Reserved.String() != reserved {
				t.Errorf("%s, %s: %s has %d consumers and reserved %s, want %v and %s", s.Name, s.Note, id, info.Consumers, info.Data.Reserved, consumers, reserved)
			}
		}
	}
}
