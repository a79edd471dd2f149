package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/scale"
)

// mostElectionBytes is how large a file of elections may be, unpacked.
const mostElectionBytes = 1 << 29

// election is one case of a file.
type election struct {
	name       string
	mms        bool // by PhragMMS, else by Phragmén
	accuracy   npos.Accuracy
	seats      int
	candidates []identity
	voters     []npos.Voter[identity]
	balancing  npos.Balancing
	// factor is by what the amounts that come out are multiplied.
	factor scale.U128
	// stored means that edges are what is left of them after ratios.
	stored bool
}

// identity is the name of a candidate or a voter as it stands in JSON: a whole
// number, or a string in quotation marks.
type identity string

// UnmarshalJSON reads a number or a string.
func (id *identity) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		if string(data) == "-0" {
			data = data[1:]
		}
		if _, err := strconv.ParseInt(string(data), 10, 64); err != nil {
			if _, err := strconv.ParseUint(string(data), 10, 64); err != nil {
				return fmt.Errorf("%s is no name: a name is a whole number or a string", clip(data))
			}
		}
		*id = identity(data)
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	one, err := json.Marshal(s) // one spelling a name
	*id = identity(one)
	return err
}

// MarshalJSON writes what was read.
func (id identity) MarshalJSON() ([]byte, error) { return []byte(id), nil }

// String is the name without quotation marks.
func (id identity) String() string { return strings.Trim(string(id), `"`) }

// number is a whole number of at most 128 bits, as a number or a string.
type number struct{ scale.U128 }

// UnmarshalJSON reads a number or a string.
func (n *number) UnmarshalJSON(data []byte) error {
	text := string(data)
	if data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	v, err := scale.ParseU128(text)
	n.U128 = v
	return err
}

// votingRow is a voter in a file: [name, stake, [names]].
type votingRow struct{ npos.Voter[identity] }

// UnmarshalJSON reads a row of three.
func (r *votingRow) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 3 {
		return fmt.Errorf("%s is no voter: a voter is [name, stake, [names of candidates]]", clip(data))
	}
	if err := json.Unmarshal(parts[0], &r.Who); err != nil {
		return err
	}
	var stake number
	if err := json.Unmarshal(parts[1], &stake); err != nil {
		return fmt.Errorf("stake of voter %s: %w", r.Who, err)
	}
	var fits bool
	if r.Stake, fits = stake.Uint64(); !fits {
		return fmt.Errorf("stake of voter %s: %s has more than 64 bits", r.Who, stake)
	}
	if err := json.Unmarshal(parts[2], &r.Targets); err != nil {
		return fmt.Errorf("votes of voter %s: %w", r.Who, err)
	}
	return nil
}

func clip(data []byte) string {
	if len(data) > 60 {
		return string(data[:60]) + "…"
	}
	return string(data)
}

// votingCase is a case in a file, in either layout: as it comes to an election,
// or as it comes to the genesis of a runtime (see stake_genesis.go).
type votingCase struct {
	Name, Algorithm, Accuracy string
	Network                   string
	Block                     *uint64
	ToElect                   *int `json:"to_elect"`
	Desired                   *int
	Seats                     *int
	Candidates                *json.RawMessage
	Nominators                *[]nominator
	Voters                    *[]votingRow
	Balancing                 *struct {
		Iterations int
		Tolerance  number
	}
	Corrections *struct{ Changed []votingRow }
}

// readElections reads the cases of a file, packed or not.
func readElections(file string) ([]election, error) {
	data, err := readPacked(file)
	if err != nil {
		return nil, err
	}
	cases, err := parseElections(data, strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".json"))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return cases, nil
}

// readPacked reads a file, and unpacks it where it begins like gzip.
func readPacked(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buffered := bufio.NewReader(f)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if r, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", file, err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, mostElectionBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(data) > mostElectionBytes {
		return nil, fmt.Errorf("read %s: more than %d MiB", file, mostElectionBytes>>20)
	}
	return data, nil
}

// parseElections reads one case, an array of cases, or an object that has them
// under the name of vectors, elections or cases.
func parseElections(data []byte, file string) ([]election, error) {
	var raw []json.RawMessage
	var object struct{ Vectors, Elections, Cases *[]json.RawMessage }
	var err error
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 {
		return nil, errors.New("the file is empty")
	} else if trimmed[0] == '[' {
		err = json.Unmarshal(data, &raw)
	} else {
		err = json.Unmarshal(data, &object)
		raw = []json.RawMessage{data}
		lists := 0
		for _, list := range []*[]json.RawMessage{object.Vectors, object.Elections, object.Cases} {
			if list != nil {
				lists, raw = lists+1, *list
			}
		}
		if lists > 1 {
			return nil, errors.New("more than one of vectors, elections and cases: which is meant?")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("not JSON of elections: %w", err)
	}
	var cases []election
	for i, r := range raw {
		name := file
		if len(raw) > 1 {
			name = fmt.Sprintf("%s %d", file, i+1)
		}
		more, err := parseElection(r, name)
		if err != nil {
			return nil, err
		}
		cases = append(cases, more...)
	}
	return cases, nil
}

// parseElection reads a case, and what it is with its corrections.
func parseElection(data []byte, name string) ([]election, error) {
	var c votingCase
	err := json.Unmarshal(data, &c)
	switch {
	case c.Name != "":
		name = c.Name
	case c.Network != "" && c.Block != nil:
		name = fmt.Sprintf("%s-%d", c.Network, *c.Block)
	}
	if err == nil {
		var e election
		if e, err = c.election(name); err == nil {
			return c.corrected(e), nil
		}
	}
	return nil, fmt.Errorf("case %s: %w", name, err)
}

func (c votingCase) election(name string) (e election, err error) {
	e.name, e.factor = name, scale.U64(1)
	if e.mms, err = parseAlgorithm(c.Algorithm); err != nil {
		return e, err
	}
	switch c.Accuracy {
	case "", "Perbill":
		e.accuracy = npos.Perbill
	case "Percent":
		e.accuracy = npos.Percent
	case "PerU16":
		e.accuracy = npos.PerU16
	case "Permill":
		e.accuracy = npos.Permill
	case "Perquintill":
		e.accuracy = npos.Perquintill
	default:
		return e, fmt.Errorf("unknown accuracy %q: there are Percent, PerU16, Permill, Perbill and Perquintill", c.Accuracy)
	}
	if err := c.votes(&e); err != nil {
		return e, err
	}
	if b := c.Balancing; b != nil {
		if b.Iterations < 0 || b.Iterations > mostIterations {
			return e, fmt.Errorf("balance %d times: not from 0 to %d", b.Iterations, mostIterations)
		}
		e.balancing = npos.Balancing{Iterations: b.Iterations, Tolerance: b.Tolerance.U128}
	}
	return e, nil
}

// votes reads who elects how many of whom.
func (c votingCase) votes(e *election) error {
	seats := c.ToElect
	for _, other := range []*int{c.Desired, c.Seats} {
		switch {
		case seats == nil:
			seats = other
		case other != nil && *other != *seats:
			return fmt.Errorf("it says two numbers of seats, %d and %d", *seats, *other)
		}
	}
	switch {
	case c.Candidates == nil:
		return errors.New("it has no candidates")
	case c.Voters == nil && c.Nominators == nil:
		return errors.New("it has no voters")
	case c.Voters != nil && c.Nominators != nil:
		return errors.New("it has voters and nominators: which elect?")
	case seats == nil:
		return errors.New("it does not say how many to elect")
	case *seats < 0:
		return fmt.Errorf("%d to elect", *seats)
	}
	e.seats = *seats
	if c.Voters == nil {
		return c.genesis(e)
	}
	if err := json.Unmarshal(*c.Candidates, &e.candidates); err != nil {
		return fmt.Errorf("candidates: %w", err)
	}
	seen := make(map[identity]bool, len(e.candidates))
	for _, who := range e.candidates {
		if seen[who] {
			return fmt.Errorf("candidate %s stands twice", who)
		}
		seen[who] = true
	}
	e.voters = make([]npos.Voter[identity], len(*c.Voters))
	for i, r := range *c.Voters {
		e.voters[i] = r.Voter
	}
	return nil
}

// corrected returns the case, and where the file has corrections, the case with
// these rows in place of those of the same voters.
func (c votingCase) corrected(e election) []election {
	if c.Corrections == nil || len(c.Corrections.Changed) == 0 {
		return []election{e}
	}
	changed := make(map[identity]npos.Voter[identity], len(c.Corrections.Changed))
	for _, r := range c.Corrections.Changed {
		changed[r.Who] = r.Voter
	}
	then := e
	then.name += " corrected"
	then.voters = make([]npos.Voter[identity], len(e.voters))
	for i, v := range e.voters {
		if other, ok := changed[v.Who]; ok {
			v = other
		}
		then.voters[i] = v
	}
	return []election{e, then}
}
