package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tacit-network/tacit/internal/inspect"
	"github.com/tacit-network/tacit/internal/vectors"
)

func TestInspect(t *testing.T) {
	dir := vectors.Dir(t)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := inspectCommand()
		cmd.SetArgs(args)
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		err := cmd.Execute()
		return out.String(), err
	}
	out, err := run("justification", "--json", "--rules", "strict", filepath.Join(dir, "grandpa", "synthetic", "justifications.json"))
	var rows []struct {
		Name, Error string
		OK          bool
	}
	if err != nil || json.Unmarshal([]byte(out), &rows) != nil || len(rows) < 10 || rows[0].Name != "ok-3-of-4-direct" || !rows[0].OK || rows[1].OK {
		t.Errorf("got %v: %s", err, out)
	}
	if out, err := run("trie-root", filepath.Join(dir, "trie", "spec", "nodes.json")); err != nil || out[:2] != "ok" {
		t.Errorf("got %v: %s", err, out)
	}
	if _, err := run("proof", filepath.Join(dir, "none.json")); err == nil {
		t.Error("a missing file passes")
	}
	if err := printCases(&bytes.Buffer{}, []inspect.Case{{Name: "x", Unexpected: true}}, false); !errors.Is(err, errVerdict) {
		t.Errorf("an unexpected verdict gives %v", err)
	}
}
