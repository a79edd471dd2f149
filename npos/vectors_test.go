package npos

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/scale"
)

// pair is a JSON array of two values of different types.
type pair[A, B any] struct {
	a A
	b B
}

func (p *pair[A, B]) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&p.a, &p.b})
}

type row[ID comparable] struct{ Voter[ID] }

func (r *row[ID]) UnmarshalJSON(data []byte) error {
	var stake string
	if err := json.Unmarshal(data, &[]any{&r.Who, &stake, &r.Targets}); err != nil {
		return err
	}
	var err error
	r.Stake, err = strconv.ParseUint(stake, 10, 64)
	return err
}

func voterList[ID comparable](rows []row[ID]) []Voter[ID] {
	list := make([]Voter[ID], len(rows))
	for i, r := range rows {
		list[i] = r.Voter
	}
	return list
}

func load(t testing.TB, v any, name ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{vectors.Dir(t), "npos"}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name[len(name)-1]) == ".gz" {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

var accuracies = map[string]Accuracy{
	"Percent": Percent, "PerU16": PerU16, "Permill": Permill, "Perbill": Perbill, "Perquintill": Perquintill,
}

type edgeList[ID comparable] = []pair[ID, []pair[ID, scale.U128]]

func edgesOf[ID comparable](r Result[ID]) edgeList[ID] {
	list := edgeList[ID]{}
	for _, b := range r.Backers {
		edges := []pair[ID, scale.U128]{}
		for _, e := range b.Edges {
			edges = append(edges, pair[ID, scale.U128]{e.Who, e.Amount})
		}
		list = append(list, pair[ID, []pair[ID, scale.U128]]{b.Who, edges})
	}
	return list
}

func winnersOf[ID comparable](r Result[ID]) []pair[ID, scale.U128] {
	list := []pair[ID, scale.U128]{}
	for _, w := range r.Winners {
		list = append(list, pair[ID, scale.U128]{w.Who, w.Backed})
	}
	return list
}

func sharesOf[ID comparable](all []Assignment[ID]) edgeList[ID] {
	list := edgeList[ID]{}
	for _, a := range all {
		shares := []pair[ID, scale.U128]{}
		for _, s := range a.Shares {
			shares = append(shares, pair[ID, scale.U128]{s.Who, scale.U64(s.Parts)})
		}
		list = append(list, pair[ID, []pair[ID, scale.U128]]{a.Who, shares})
	}
	return list
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// elections.json: what stands in the tests of polkadot-sdk, and an independent
// model of the same rules.
func TestElections(t *testing.T) {
	var file struct {
		Vectors []struct {
			Name, Algorithm, Accuracy string
			ToElect                   int `json:"to_elect"`
			Candidates                []int
			Voters                    []row[int]
			Balancing                 struct {
				Iterations int
				Tolerance  scale.U128
			}
			Expect struct {
				Winners     []pair[int, scale.U128]
				Assignments edgeList[int]
				Edges       edgeList[int]
				Supports    map[int]struct {
					Total  scale.U128
					Voters []pair[int, scale.U128]
				} `json:"supports_from_ratios"`
				Score [3]scale.U128 `json:"score_from_winner_backing"`
			}
		}
	}
	load(t, &file, "elections.json")
	for _, c := range file.Vectors {
		t.Run(c.Name, func(t *testing.T) {
			voters, b, a := voterList(c.Voters), Balancing(c.Balancing), accuracies[c.Accuracy]
			var r Result[int]
			if c.Algorithm == "phragmms" {
				r = PhragMMS(c.ToElect, c.Candidates, voters, b, a)
			} else {
				r = Phragmen(c.ToElect, c.Candidates, voters, b)
			}
			equal(t, "winners", winnersOf(r), c.Expect.Winners)
			equal(t, "edges", edgesOf(r), c.Expect.Edges)
			equal(t, "assignments", sharesOf(r.Assignments(a)), c.Expect.Assignments)
			s := r.Score()
			equal(t, "score", [3]scale.U128{s.Least, s.Sum, s.Squares}, c.Expect.Score)
			// Here shares are not normalised after they became amounts.
			type support = struct {
				Total  scale.U128
				Voters []pair[int, scale.U128]
			}
			supports := map[int]support{}
			stakes := map[int]uint64{}
			for _, v := range voters {
				stakes[v.Who] = v.Stake
			}
			for _, as := range r.Assignments(a) {
				for _, sh := range as.Shares {
					s, amount := supports[sh.Who], a.Mul(sh.Parts, scale.U64(stakes[as.Who]))
					s.Total = s.Total.AddSat(amount)
					s.Voters = append(s.Voters, pair[int, scale.U128]{as.Who, amount})
					supports[sh.Who] = s
				}
			}
			equal(t, "supports", supports, c.Expect.Supports)
			if err := Check(c.ToElect, c.Candidates, voters, r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestArithmetic(t *testing.T) {
	var file struct {
		Normalize []struct {
			Input, Output []scale.U128
			Target        scale.U128
		}
		Errors []struct {
			Input  []uint64 `json:"input_u8"`
			Target uint64
		} `json:"normalize_errors"`
		Better []struct {
			This, That [3]scale.U128
			Epsilon    uint64 `json:"epsilon_perbill"`
			Better     bool
		} `json:"score_strict_threshold_better"`
		Ord []struct {
			A, B [3]uint64
			Cmp  int
		} `json:"score_ord"`
		MulDiv []struct{ A, B, C, Result scale.U128 } `json:"multiply_by_rational_down"`
		Ratio  []struct {
			Type  string
			P, Q  scale.U128
			Parts scale.U128
		} `json:"from_rational_down"`
		Mul []struct {
			Type             string
			Parts, X, Result uint64
		} `json:"per_thing_times_integer_nearest_pref_down"`
	}
	load(t, &file, "arithmetic.json")
	for _, c := range file.Normalize {
		got := append([]scale.U128(nil), c.Input...)
		if !normalize(got, c.Target, scale.MaxU128) || !reflect.DeepEqual(got, c.Output) {
			t.Errorf("normalize %v to %v: got %v, want %v", c.Input, c.Target, got, c.Output)
		}
	}
	for _, c := range file.Errors {
		var in []scale.U128
		for _, n := range c.Input {
			in = append(in, scale.U64(n))
		}
		if normalize(in, scale.U64(c.Target), scale.U64(255)) {
			t.Errorf("%d values of 8 bits are normalised", len(in))
		}
		if !normalize(in[1:], scale.U64(c.Target), scale.U64(255)) {
			t.Errorf("%d values of 8 bits are not normalised", len(in)-1)
		}
	}
	for _, c := range file.Better {
		this, that := Score{c.This[0], c.This[1], c.This[2]}, Score{c.That[0], c.That[1], c.That[2]}
		if got := this.Better(that, c.Epsilon); got != c.Better {
			t.Errorf("%v better than %v by %d: got %v", this, that, c.Epsilon, got)
		}
	}
	for _, c := range file.Ord {
		a := Score{scale.U64(c.A[0]), scale.U64(c.A[1]), scale.U64(c.A[2])}
		b := Score{scale.U64(c.B[0]), scale.U64(c.B[1]), scale.U64(c.B[2])}
		if got := a.Cmp(b); got != c.Cmp || b.Cmp(a) != -c.Cmp {
			t.Errorf("%v with %v: got %d, want %d", a, b, got, c.Cmp)
		}
	}
	for _, c := range file.MulDiv {
		b, _ := c.B.Uint64()
		if got := mulDiv(c.A, b, c.C); got != c.Result {
			t.Errorf("%v · %v / %v: got %v, want %v", c.A, c.B, c.C, got, c.Result)
		}
	}
	for _, c := range file.Ratio {
		if got := accuracies[c.Type].Ratio(c.P, c.Q); scale.U64(got) != c.Parts {
			t.Errorf("%s of %v/%v: got %d, want %v", c.Type, c.P, c.Q, got, c.Parts)
		}
	}
	for _, c := range file.Mul {
		if got := accuracies[c.Type].Mul(c.Parts, scale.U64(c.X)); got != scale.U64(c.Result) {
			t.Errorf("%d %s of %d: got %v, want %d", c.Parts, c.Type, c.X, got, c.Result)
		}
	}
}

// snapshot is the state of a real chain before an election.
type snapshot struct {
	Desired     int
	Candidates  []string
	Voters      []row[string]
	Corrections struct{ Changed []row[string] }
	Onchain     struct {
		Exposures map[string]struct {
			Total, Own scale.U128
			Others     []pair[string, scale.U128]
		}
	}
	Expect    map[string]json.RawMessage
	Plain     map[string]json.RawMessage `json:"expect_without_corrections"`
	Corrected map[string]json.RawMessage `json:"expect_with_corrections"`
}

// corrected are the voters as they were when the chain elected: two rows differ.
func (s snapshot) corrected() []Voter[string] {
	list := voterList(s.Voters)
	for _, c := range s.Corrections.Changed {
		for i, v := range list {
			if v.Who == c.Who {
				list[i] = c.Voter
			}
		}
	}
	return list
}

func snapshots(t testing.TB, do func(name string, s snapshot)) {
	for _, name := range []string{"kusama-1482002", "polkadot-1089327"} {
		var s snapshot
		load(t, &s, "snapshots", name+".json.gz")
		do(name, s)
	}
}

func TestSnapshots(t *testing.T) {
	snapshots(t, func(name string, s snapshot) {
		for _, c := range []struct {
			name   string
			voters []Voter[string]
			expect map[string]json.RawMessage
		}{
			{name, voterList(s.Voters), s.Expect},
			{name + " as it stands", voterList(s.Voters), s.Plain},
			{name + " as it was", s.corrected(), s.Corrected},
		} {
			if c.expect == nil {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				plain := Phragmen(s.Desired, s.Candidates, c.voters, Balancing{})
				balanced := Phragmen(s.Desired, s.Candidates, c.voters, Balancing{Iterations: 10})
				expectSnapshot(t, c.expect["seq_phragmen"], plain)
				expectSnapshot(t, c.expect["seq_phragmen_balanced_10_0"], balanced)
				for _, r := range []Result[string]{plain, balanced} {
					if err := Check(s.Desired, s.Candidates, c.voters, r); err != nil {
						t.Error(err)
					}
					if who, ok := PJR(s.Candidates, c.voters, r); !ok {
						t.Errorf("%s is not represented", who)
					}
				}
				if balanced.Score().Cmp(plain.Score()) <= 0 {
					t.Errorf("balancing made %v of %v", balanced.Score(), plain.Score())
				}
				if testing.Short() {
					return
				}
				expectSnapshot(t, c.expect["phragmms_balanced_10_0"],
					PhragMMS(s.Desired, s.Candidates, c.voters, Balancing{Iterations: 10}, Perbill))
			})
		}
	})
}

func expectSnapshot(t *testing.T, expect json.RawMessage, r Result[string]) {
	t.Helper()
	var want struct {
		Winners    []pair[string, scale.U128]
		Backing    [3]scale.U128 `json:"score_backing"`
		Ratio      [3]scale.U128 `json:"score_supports_ratio"`
		Normalized [3]scale.U128 `json:"score_supports_normalized"`
		Count      int           `json:"n_assignments"`
		Edges      int           `json:"n_edges"`
		Hash       string        `json:"assignments_blake2b256"`
	}
	if err := json.Unmarshal(expect, &want); err != nil {
		t.Fatal(err)
	}
	numbers := func(s Score) [3]scale.U128 { return [3]scale.U128{s.Least, s.Sum, s.Squares} }
	equal(t, "winners", winnersOf(r), want.Winners)
	equal(t, "score", numbers(r.Score()), want.Backing)
	rounded := r.Rounded(Perbill)
	equal(t, "score after ratios", numbers(rounded.Score()), want.Normalized)

	// blake2b-256 of, a voter after the other: the voter, the compact number of
	// targets, and each target with its billionths, 32 bits little endian.
	assignments := r.Assignments(Perbill)
	var encoded []byte
	edges := 0
	account := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, a := range assignments {
		encoded = append(encoded, account(a.Who)...)
		encoded = scale.AppendCompact(encoded, uint64(len(a.Shares)))
		edges += len(a.Shares)
		for _, s := range a.Shares {
			encoded = append(encoded, account(s.Who)...)
			encoded = binary.LittleEndian.AppendUint32(encoded, uint32(s.Parts))
		}
	}
	equal(t, "assignments", len(assignments), want.Count)
	equal(t, "edges", edges, want.Edges)
	equal(t, "hash of the assignments", hash.Blake2b256(encoded).String(), "0x"+want.Hash)

	// The score without normalising what the ratios give.
	stakes := map[string]scale.U128{}
	for _, a := range rounded.Backers {
		stakes[a.Who] = scale.U64(a.Stake)
	}
	totals := map[string]scale.U128{}
	for _, a := range assignments {
		for _, s := range a.Shares {
			totals[s.Who] = totals[s.Who].AddSat(Perbill.Mul(s.Parts, stakes[a.Who]))
		}
	}
	plain := Result[string]{Winners: append([]Winner[string](nil), r.Winners...)}
	for i, w := range plain.Winners {
		plain.Winners[i].Backed = totals[w.Who]
	}
	equal(t, "score of the ratios", numbers(plain.Score()), want.Ratio)
}

// The Kusama chain elected by plain Phragmén and stored billionths: no edge
// differs by more than 1.1e-7 of what the validator has, nor, before ratios
// round it, by more than 2.2e-8 of what the voter has.
func TestKusamaExposures(t *testing.T) {
	var s snapshot
	load(t, &s, "snapshots", "kusama-1482002.json.gz")
	for _, voters := range [][]Voter[string]{voterList(s.Voters), s.corrected()} {
		both := 0
		for _, w := range Phragmen(s.Desired, s.Candidates, voters, Balancing{}).Winners {
			if _, ok := s.Onchain.Exposures[w.Who]; ok {
				both++
			}
		}
		if both != 180 || len(s.Onchain.Exposures) != 180 {
			t.Errorf("%d of the chain's %d validators elected", both, len(s.Onchain.Exposures))
		}
	}
	stakes := map[string]scale.U128{}
	exact := Phragmen(s.Desired, s.Candidates, s.corrected(), Balancing{})
	for _, b := range exact.Backers {
		stakes[b.Who] = scale.U64(b.Stake)
	}
	for _, c := range []struct {
		result  Result[string]
		parts   uint64 // how much may differ, in parts of 10^10
		whole   func(validator, voter string) scale.U128
		measure string
	}{
		{exact.Rounded(Perbill), 1100, func(v, _ string) scale.U128 { return s.Onchain.Exposures[v].Total }, "validator's total"},
		{exact, 220, func(_, n string) scale.U128 { return stakes[n] }, "voter's stake"},
	} {
		edges := 0
		for _, support := range c.result.Supports() {
			chain := s.Onchain.Exposures[support.Who]
			want := map[string]scale.U128{support.Who: chain.Own}
			for _, o := range chain.Others {
				want[o.a] = o.b
			}
			for _, e := range support.Edges {
				w := want[e.Who]
				delete(want, e.Who)
				edges++
				difference := e.Amount.SubSat(w).AddSat(w.SubSat(e.Amount)).MulSat(scale.U64(1e10))
				if c.whole(support.Who, e.Who).MulSat(scale.U64(c.parts)).Less(difference) {
					t.Errorf("%s to %s: got %v, the chain has %v: too much of the %s", e.Who, support.Who, e.Amount, w, c.measure)
				}
			}
			for who, w := range want {
				if !w.IsZero() {
					t.Errorf("%s gives nothing to %s, on the chain %v", who, support.Who, w)
				}
			}
		}
		if edges != 3223 {
			t.Errorf("%d edges, want 3223", edges)
		}
	}
}
