package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/internal/vectors"
)

// elect runs the command and gives what it prints.
func elect(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := stakeCommand()
	cmd.SetArgs(append([]string{"elect"}, args...))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute()
	return out.String(), err
}

type electedCase struct {
	Name           string
	Winners, Edges json.RawMessage
	Score          json.RawMessage
}

func electJSON(t *testing.T, args ...string) []electedCase {
	t.Helper()
	out, err := elect(append(args, "--json")...)
	if err != nil {
		t.Fatal(err)
	}
	var cases []electedCase
	if err := json.Unmarshal([]byte(out), &cases); err != nil {
		t.Fatal(err, out)
	}
	return cases
}

func sameJSON(t *testing.T, what string, got, want json.RawMessage) {
	t.Helper()
	var a, b bytes.Buffer
	if err := errors.Join(json.Compact(&a, got), json.Compact(&b, want)); err != nil || a.String() != b.String() {
		t.Errorf("%s: got %.300s, want %.300s (%v)", what, a.String(), b.String(), err)
	}
}

func TestStakeElectVectors(t *testing.T) {
	file := filepath.Join(vectors.Dir(t), "npos", "elections.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Vectors []struct {
			Name   string
			Expect struct {
				Winners, Edges json.RawMessage
				Score          json.RawMessage `json:"score_from_winner_backing"`
			}
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	got := electJSON(t, file)
	if len(got) != len(want.Vectors) {
		t.Fatalf("%d cases, want %d", len(got), len(want.Vectors))
	}
	for i, w := range want.Vectors {
		if got[i].Name != w.Name {
			t.Errorf("case %d is %s, want %s", i, got[i].Name, w.Name)
		}
		sameJSON(t, w.Name+" winners", got[i].Winners, w.Expect.Winners)
		sameJSON(t, w.Name+" edges", got[i].Edges, w.Expect.Edges)
		sameJSON(t, w.Name+" score", got[i].Score, w.Expect.Score)
	}
}

func TestStakeElectSnapshots(t *testing.T) {
	type expectation map[string]json.RawMessage
	for _, c := range []struct {
		file, kind string
		flags      []string
		slow       bool
	}{
		{"kusama-1482002", "seq_phragmen", nil, false},
		{"kusama-1482002", "seq_phragmen_balanced_10_0", []string{"--balance", "10"}, false},
		{"kusama-1482002", "phragmms_balanced_10_0", []string{"--balance", "10", "--algorithm", "phragmms"}, true},
		{"polkadot-1089327", "seq_phragmen", []string{"--algorithm", "phragmen"}, false},
		{"polkadot-1089327", "seq_phragmen_balanced_10_0", []string{"--balance", "10"}, false},
	} {
		t.Run(c.file+" "+c.kind, func(t *testing.T) {
			if c.slow && testing.Short() {
				t.Skip("slow")
			}
			file := filepath.Join(vectors.Dir(t), "npos", "snapshots", c.file+".json.gz")
			data, err := readPacked(file)
			if err != nil {
				t.Fatal(err)
			}
			var s struct {
				Expect  expectation
				Plain   expectation `json:"expect_without_corrections"`
				Changed expectation `json:"expect_with_corrections"`
			}
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			want, names := []expectation{s.Expect}, []string{c.file}
			if s.Plain != nil {
				want, names = []expectation{s.Plain, s.Changed}, []string{c.file, c.file + " corrected"}
			}
			got := electJSON(t, append([]string{file}, c.flags...)...)
			if len(got) != len(want) {
				t.Fatalf("%d cases, want %d", len(got), len(want))
			}
			for i, w := range want {
				var e struct {
					Winners json.RawMessage
					Score   json.RawMessage `json:"score_backing"`
				}
				if err := json.Unmarshal(w[c.kind], &e); err != nil {
					t.Fatal(err)
				}
				if got[i].Name != names[i] {
					t.Errorf("case is %q, want %q", got[i].Name, names[i])
				}
				sameJSON(t, "winners", got[i].Winners, e.Winners)
				sameJSON(t, "score", got[i].Score, e.Score)
			}
		})
	}
}

// testdata/genesis-elections.json: elections that the Paseo relay runtime
// 1001002, the Rust one, ran at its genesis, with the exposures it stored.
func TestStakeElectGenesis(t *testing.T) {
	file := filepath.Join("testdata", "genesis-elections.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	type exposure struct {
		Total, Own string
		Others     map[int]string
	}
	var want []struct {
		Name      string
		Exposures map[int]struct {
			Total, Own string
			Others     [][2]any
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for i, c := range electJSON(t, file) {
		var winners [][2]any
		var edges [][2]any
		if err := errors.Join(json.Unmarshal(c.Winners, &winners), json.Unmarshal(c.Edges, &edges)); err != nil {
			t.Fatal(err)
		}
		got, expect := map[int]exposure{}, map[int]exposure{}
		number := func(v any) int { return int(v.(float64)) }
		for _, w := range winners {
			got[number(w[0])] = exposure{Total: w[1].(string), Others: map[int]string{}}
		}
		for _, row := range edges {
			for _, e := range row[1].([]any) {
				who, amount := number(e.([]any)[0]), e.([]any)[1].(string)
				x := got[who]
				if x.Others[number(row[0])] = amount; who == number(row[0]) {
					x.Own = amount
					delete(x.Others, who)
				}
				got[who] = x
			}
		}
		for who, x := range want[i].Exposures {
			e := exposure{x.Total, x.Own, map[int]string{}}
			for _, o := range x.Others {
				e.Others[number(o[0])] = o[1].(string)
			}
			expect[who] = e
		}
		if c.Name != want[i].Name || len(got) != 3 || !reflect.DeepEqual(got, expect) {
			t.Errorf("%s: got %v, the runtime has %v", c.Name, got, expect)
		}
	}
}

const smallElection = `{"name": "small", "to_elect": 2, "candidates": [1, "x", 3],
	"voters": [[10, "10", [1, "x"]], [20, 20, [1, 3]], ["w", "30", ["x", 3, 99]]]}`

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestStakeElectText(t *testing.T) {
	want := `small: 2 of 3 candidates elected by 3 voters
   1. 3  backed by 35
        20 gives 20
        w gives 15
   2. x  backed by 25
        10 gives 10
        w gives 15
score: least 25, sum 60, sum of squares 1850
`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(smallElection)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"one.json":    []byte(smallElection),
		"many.json":   []byte("[" + smallElection + "]"),
		"vector.json": []byte(`{"vectors": [` + smallElection + `]}`),
		"one.json.gz": packed.Bytes(),
		"packed.json": packed.Bytes(),
	} {
		if got, err := elect(writeFile(t, name, data)); err != nil || got != want {
			t.Errorf("%s: got %v:\n%s\nwant\n%s", name, err, got, want)
		}
	}
	if got, err := elect("--json", writeFile(t, "small.json", []byte(smallElection)), "--balance", "4"); err != nil ||
		got != `[{"name":"small","winners":[[3,"30"],["x","30"]],"edges":[[10,[["x","10"]]],[20,[[3,"20"]]],["w",[["x","20"],[3,"10"]]]],"score":["30","60","1800"]}]`+"\n" {
		t.Errorf("got %v: %s", err, got)
	}
	none := `{"to_elect": 0, "candidates": [], "voters": []}`
	if got, err := elect("--json", writeFile(t, "none.json", []byte(none))); err != nil ||
		got != `[{"name":"none","winners":[],"edges":[],"score":["0","0","0"]}]`+"\n" {
		t.Errorf("got %v: %s", err, got)
	}
	if got, err := elect("--json", writeFile(t, "empty.json", []byte("[]"))); err != nil || got != "[]\n" {
		t.Errorf("got %v: %s", err, got)
	}
}

func TestStakeElectFaults(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(smallElection, old, new, 1) }
	for _, c := range []struct {
		name, data string
		flags      []string
		want       string
	}{
		{"empty", " ", nil, "the file is empty"},
		{"not JSON", "candidates", nil, "not JSON of elections"},
		{"cut off", smallElection[:100], nil, "not JSON of elections"},
		{"two values", smallElection + smallElection, nil, "not JSON of elections"},
		{"a number", "7", nil, "not JSON of elections"},
		{"cut off, packed", "\x1f\x8b\x08\x00", nil, "unpack"},
		{"other vectors", `{"normalize": []}`, nil, "case bad: it has no candidates"},
		{"no voters", with(`"voters"`, `"votes"`), nil, "case small: it has no voters"},
		{"no seats", with(`"to_elect"`, `"places"`), nil, "does not say how many"},
		{"seats below zero", with(`2, "can`, `-2, "can`), nil, "-2 to elect"},
		{"seats of two numbers", with(`"to_elect": 2`, `"to_elect": 2, "desired": 3`), nil, "two numbers of seats, 2 and 3"},
		{"lists of two names", `{"vectors": [` + smallElection + `], "cases": []}`, nil, "more than one of vectors, elections and cases"},
		{"voters and nominators", with(`"voters"`, `"nominators": [["5", [0]]], "voters"`), nil, "voters and nominators"},
		{"half a seat", with(`2, "can`, `2.5, "can`), nil, "to_elect"},
		{"candidate twice", with(`"x", 3]`, `"x", 3, "x"]`), nil, "candidate x stands twice"},
		{"candidate twice, spelled otherwise", with(`"x", 3]`, `"x", 3, "\u0078"]`), nil, "candidate x stands twice"},
		{"candidate twice, below zero and not", with(`[1, "x", 3]`, `[0, "x", -0]`), nil, "candidate 0 stands twice"},
		{"candidate of no name", with(`[1, "x"`, `[1.5, "x"`), nil, "1.5 is no name"},
		{"candidate of an object", with(`[1, "x"`, `[{}, "x"`), nil, "{} is no name"},
		{"stake below zero", with(`"10", [`, `"-10", [`), nil, "stake of voter 10"},
		{"stake with a fraction", with(`20, 20`, `20, 2.5`), nil, "stake of voter 20"},
		{"stake of 65 bits", with(`"10", [`, `"18446744073709551616", [`), nil, "more than 64 bits"},
		{"row of two", with(`"10", [1, "x"]]`, `"10"]`), nil, "is no voter"},
		{"row is no array", with(`[10, "10", [1, "x"]]`, `7`), nil, "is no voter"},
		{"votes are no array", with(`"10", [1, "x"]`, `"10", 1`), nil, "votes of voter 10"},
		{"algorithm of the file", with(`"to_elect"`, `"algorithm": "lots", "to_elect"`), nil, `unknown algorithm "lots"`},
		{"accuracy", with(`"to_elect"`, `"accuracy": "Dozen", "to_elect"`), nil, `unknown accuracy "Dozen"`},
		{"balancing for ever", with(`"to_elect"`, `"balancing": {"iterations": 99999}, "to_elect"`), nil, "balance 99999 times"},
		{"nominator of one", with(`"voters": [[10, "10", [1, "x"]], [20, 20, [1, 3]], ["w", "30", ["x", 3, 99]]]`, `"nominators": [["5"]]`), nil, "is no nominator"},
		{"nominator of a name", `{"seats": 1, "candidates": ["5"], "nominators": [["x", [0]]]}`, nil, "stake of a nominator"},
		{"nominator for a name", `{"seats": 1, "candidates": ["5"], "nominators": [["5", ["x"]]]}`, nil, "votes of a nominator"},
		{"candidates without stake", `{"seats": 1, "candidates": ["Ann"], "nominators": []}`, nil, "stakes of candidates"},
		{"second of many", "[" + smallElection + `, {"candidates": []}]`, nil, "case bad 2: it has no voters"},
		{"algorithm", smallElection, []string{"--algorithm", "lots"}, `unknown algorithm "lots"`},
		{"balance below zero", smallElection, []string{"--balance", "-1"}, "balance -1 times"},
		{"balance too often", smallElection, []string{"--balance", "10001"}, "balance 10001 times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := elect(append(c.flags, writeFile(t, "bad.json", []byte(c.data)))...)
			if err == nil || !strings.Contains(err.Error(), c.want) || hintOf(err) == "" {
				t.Errorf("got %v (hint %q), want %s", err, hintOf(err), c.want)
			}
			if out != "" {
				t.Errorf("it prints %s", out)
			}
		})
	}
	if _, err := elect(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := elect(); err == nil {
		t.Error("no file is no error")
	}
}

func FuzzParseElections(f *testing.F) {
	f.Add([]byte(smallElection))
	f.Add([]byte("[" + smallElection + "]"))
	f.Add([]byte(`{"elections": [{"seats": 2, "candidates": ["5", "18446744073709551615"], "nominators": [["9", [1, 0, 7]]]}]}`))
	f.Add([]byte(`{"vectors": [{"desired": 1, "candidates": [], "voters": [], "corrections": {"changed": [[1, 2, []]]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := parseElections(data, "fuzz")
		if err != nil {
			return
		}
		for _, c := range cases {
			if len(c.candidates) > 100 || len(c.voters) > 100 {
				return
			}
			c.balancing.Iterations = min(c.balancing.Iterations, 3)
			var out bytes.Buffer
			if err := (electFlags{balance: -1, json: true}).run(t.Context(), &out, []election{c}); err != nil {
				t.Fatal(err)
			}
			if !json.Valid(out.Bytes()) {
				t.Fatalf("prints %s", out.String())
			}
		}
	})
}
