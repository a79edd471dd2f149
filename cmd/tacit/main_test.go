package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/scale"
)

// run runs tacit with the words of a command line.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// What is misused fails, and says what to do. None of it reaches for a node.
func TestMisuse(t *testing.T) {
	for _, tt := range []struct{ line, want, hint string }{
		{"nosuch", `tacit has no command "nosuch"`, "`tacit --help`"},
		{"account nosuch", `tacit account has no command "nosuch"`, "`tacit account --help`"},
		{"chain nosuch", `has no command "nosuch"`, "`tacit chain --help`"},
		{"contract nosuch --json", "unknown flag", "`tacit contract --help`"},
		{"tx transfer //Bob", "accepts 2 arg(s)", "`tacit tx transfer --help`"},
		{"tx transfer //Bob -5", "unknown shorthand flag", "`tacit tx transfer --help`"},
		{"tx transfer nobody 5", "not an SS58 address", "an account is"},
		{"tx transfer //Bob .", "is no amount", "write 12"},
		{"tx transfer //Bob 1e3", "is no amount", "write 12"},
		{"tx transfer //Bob 1.0000000000001", "decimal places", "write 12"},
		{"tx transfer //Bob 1 --from secret", "--from names no development account", "--key-file"},
		{"chain storage Sytem.Number", `no pallet "Sytem"`, "System, "},
		{"chain storage System.Numbr", `no item "Numbr"`, "Number, "},
		{"chain storage System.Account", "is a map", "whole key"},
		{"chain storage number", "is no key", "Pallet.Item"},
		{"chain head --rpc nowhere", "unexpected url scheme", "ws://127.0.0.1:9944"},
		{"chain head --rpc ws://127.0.0.1:1", "connection refused", "tacit dev"},
		{"chain head --wait 0s", "deadline exceeded", "--wait"},
		{"chain spec --rpc ws://127.0.0.1:1", "connection refused", "tacit dev"},
		{"chain spec --data nowhere", "spec.json", "--data names a node's folder"},
		{"tx authorize-upgrade two 5", "no spec version", ""},
		{"tx authorize-upgrade 2 -5", "unknown shorthand flag", "`tacit tx authorize-upgrade --help`"},
		{"tx authorize-upgrade 2 5000000000", "no block number", ""},
		{"stake bond twelve", "no amount", "12.5"},
		{"stake bond 12 --rewards elsewhere", "", "staked, stash, none or an account"},
		{"stake payee elsewhere", "", "staked, stash, none or an account"},
		{"stake validate --commission 101", "no percentage", "0 to 100"},
		{"stake validate --commission 1.23456789", "no percentage", "seven decimals"},
		{"stake nominate", "accepts between 1 and 16 arg", "stake nominate --help"},
		{"stake nominate //Bob nobody", "", "an account is an address"},
		{"stake unbond -- -5", "no amount", ""},
		{"stake status nobody", "", "an account is an address"},
		{"stake payout //Bob --era 4294967301", "out of range", "stake payout --help"},
		{"stake payout //Bob --era=-2", "invalid argument", "stake payout --help"},
		{"stake validators --rpc ws://127.0.0.1:1", "connection refused", "tacit dev"},
		{"dev --once", "need a demo", "--demo hello"},
		{"dev --demo other", `no demo "other"`, "hello"},
		{"contract query 0x12 get", "not a hash", "contract instantiate"},
		{"contract build nowhere", "build ", "contract new"},
		{"contract upload nowhere.wasm --cluster 0x12", "not a hash", "64 hex digits"},
		{"contract instantiate nowhere.wasm --cluster 0x12", "not a hash", "64 hex digits"},
		{"contract watch . --cluster 0x12", "not a hash", "64 hex digits"},
		{"contract instantiate nowhere.wasm --cluster 0x12 --new-cluster", "none of the others can be", ""},
	} {
		_, err := run(t, strings.Fields(tt.line)...)
		if err == nil {
			t.Errorf("%s: no error", tt.line)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || !strings.Contains(hintOf(err), tt.hint) {
			t.Errorf("%s: %q, hint %q; want %q, hint %q", tt.line, err, hintOf(err), tt.want, tt.hint)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q repeats what may be a secret", tt.line, err)
		}
	}
}

// Every command tells what it does, and every one that does something offers JSON.
func TestHelp(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		text, err := run(t, append(path, "--help")...)
		what := cmd.Long
		if what == "" {
			what = cmd.Short
		}
		if err != nil || what == "" || !strings.Contains(text, what) {
			t.Errorf("%s --help: %v\n%s", cmd.CommandPath(), err, text)
		}
		if !cmd.HasSubCommands() && !strings.Contains(text, "--json") {
			t.Errorf("%s has no --json", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root())
}

// A contract that cannot be begun leaves nothing behind.
func TestNewNowhere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", []byte("module elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ line, hint string }{
		{"contract new zed", "--source DIR"},
		{"contract new zed --source nowhere", "--source names"},
		{"contract new zed --source .", "--source names"},
		{"contract new nowhere/zed --source .", "folder that is there"},
		{"contract new Zed --source .", "lower-case"},
		{"contract new zed/ --source nowhere", "--source names"},
		{"contract new game_test --source .", "another end"},
		{"contract new main_wasip1 --source .", "another end"},
		{"contract new main_native --source .", "another end"},
		{"contract new shop_linux --source .", "another end"},
		{"contract new sale_windows_arm64 --source .", "another end"},
	} {
		_, err := run(t, strings.Fields(tt.line)...)
		if err == nil || !strings.Contains(hintOf(err), tt.hint) {
			t.Errorf("%s: %v, hint %q; want %q", tt.line, err, hintOf(err), tt.hint)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A contract in a folder outside of the source is a module of its own, wherever
// it was begun from, what it is called and where the source is.
func TestNewOutside(t *testing.T) {
	dir, source := filepath.Join(t.TempDir(), "time"), filepath.Join(t.TempDir(), "the source")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, source); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "contract", "new", dir, "--source", source); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "contract", "test", dir); err != nil {
		t.Error(err)
	}
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]scale.U128{
		"0": {}, "12": runtime.Unit.MulSat(scale.U64(12)), "12.5 TACIT": scale.U64(12_500_000_000_000),
		"0.000000000001": scale.U64(1),
	} {
		got, err := parseTokens(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
		if again, err := parseTokens(tokens(got)); err != nil || again != got {
			t.Errorf("%q, written as %q, is %v, %v", text, tokens(got), again, err)
		}
	}
	for _, text := range []string{"", ".", ".5", "5.", "TACIT", "-1", "+1", "1,5", "1 2", "0x1", "340282366920938463463374608"} {
		if got, err := parseTokens(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// What the chain says when an account has too little, in its three forms, tells
// where to look. The names are those of FRAME's errors.
func TestTooLittle(t *testing.T) {
	for _, name := range []string{"Inability to pay some fees", "Token.FundsUnavailable", "Arithmetic.Underflow"} {
		if h := hintOf(fmt.Errorf("the transaction failed: %s", name)); !strings.Contains(h, "tacit account balance") {
			t.Errorf("%s: hint %q", name, h)
		}
	}
}
