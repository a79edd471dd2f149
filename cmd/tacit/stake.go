package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/npos"
	"github.com/tacit-network/tacit/scale"
)

// stakeCommand is what validators and nominators do.
func stakeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stake",
		Short: "Stake: validate, nominate, and what is earned",
	}
	cmd.AddCommand(
		stakeStatus(), stakeValidators(), stakeNominators(), bondCommand(), payeeCommand(), validateCommand(), nominateCommand(), chillCommand(),
		unbondCommand(), rebondCommand(), withdrawCommand(), payoutCommand(), stakeElectCommand(),
	)
	return cmd
}

// mostIterations is how often at most somebody may ask to balance: what is not
// even by then differs by less than a unit a voter.
const mostIterations = 10_000

// electFlags say how to elect where the file is not to decide.
type electFlags struct {
	algorithm string
	balance   int // below 0: as the file says
	json      bool
}

func stakeElectCommand() *cobra.Command {
	var f electFlags
	cmd := &cobra.Command{
		Use:   "elect FILE.json[.gz]",
		Short: "Run the elections of a file",
		Long: "Run the elections of a file, as the chain would, and print the winners, what backs them, who gives it, and the score.\n\n" +
			"A file is one case, an array of cases, or an object with an array named vectors, elections or cases.\nA case is an object with\n" +
			"  candidates  names, in the order that decides between equals\n" +
			"  voters      rows of [name, stake, [names of candidates]]\n" +
			"  to_elect    how many seats there are; desired says the same\n" +
			"and may have a name, an algorithm (seq_phragmen or phragmms), an accuracy of phragmms's scores (Perbill), balancing\n" +
			"({iterations, tolerance}), and corrections ({changed: rows of voters}), which make it a second case. Names are\n" +
			"numbers or strings, stakes whole numbers, as strings where they are large.\n\n" +
			"Instead of voters, a case may have nominators, as rows of [stake, [numbers of candidates]], and the stakes of\n" +
			"candidates in place of their names: then it is elected as Polkadot's relay runtime elects at its genesis.",
		Example: "  tacit stake elect election.json\n  tacit stake elect kusama.json.gz --balance 10 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.balance < 0 || f.balance > mostIterations {
				return hint(fmt.Errorf("balance %d times", f.balance), "--balance takes a number from 0 to %d", mostIterations)
			}
			if !c.Flags().Changed("balance") {
				f.balance = -1
			}
			if _, err := parseAlgorithm(f.algorithm); err != nil {
				return hint(err, "--algorithm is phragmen or phragmms")
			}
			cases, err := readElections(args[0])
			if _, missing := errors.AsType[*fs.PathError](err); missing {
				return err
			}
			if err != nil {
				return hint(err, "`tacit stake elect --help` shows what a file contains")
			}
			return f.run(c.Context(), c.OutOrStdout(), cases)
		},
	}
	cmd.Flags().StringVar(&f.algorithm, "algorithm", "", "phragmen or phragmms, whatever the file says")
	cmd.Flags().IntVar(&f.balance, "balance", 0, "how often to balance at most, whatever the file says")
	cmd.Flags().BoolVar(&f.json, "json", false, "print an array of {name, winners, edges, score}")
	return cmd
}

// run elects and prints case by case.
func (f electFlags) run(ctx context.Context, w io.Writer, cases []election) error {
	if ctx == nil {
		ctx = context.Background()
	}
	for i, c := range cases {
		r, err := f.elect(ctx, c)
		if err != nil {
			return err
		}
		if f.json {
			err = printElectionJSON(w, c, r, i == 0, i == len(cases)-1)
		} else {
			err = printElection(w, c, r)
		}
		if err != nil {
			return err
		}
	}
	if f.json && len(cases) == 0 {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	return nil
}

// elect runs one election, which the user may interrupt.
func (f electFlags) elect(ctx context.Context, c election) (npos.Result[identity], error) {
	mms := c.mms
	if f.algorithm != "" {
		mms, _ = parseAlgorithm(f.algorithm)
	}
	balancing := c.balancing
	if f.balance >= 0 {
		balancing = npos.Balancing{Iterations: f.balance}
	}
	done := make(chan npos.Result[identity], 1)
	go func() {
		if mms {
			done <- npos.PhragMMS(c.seats, c.candidates, c.voters, balancing, c.accuracy)
		} else {
			done <- npos.Phragmen(c.seats, c.candidates, c.voters, balancing)
		}
	}()
	select {
	case r := <-done:
		return c.amounts(r), nil
	case <-ctx.Done():
		return npos.Result[identity]{}, fmt.Errorf("elect %s: %w", c.name, ctx.Err())
	}
}

// parseAlgorithm says whether a name means PhragMMS.
func parseAlgorithm(name string) (mms bool, err error) {
	switch name {
	case "", "phragmen", "seq_phragmen":
		return false, nil
	case "phragmms":
		return true, nil
	}
	return false, fmt.Errorf("unknown algorithm %q", name)
}

// printElectionJSON prints a case as one line of an array.
func printElectionJSON(w io.Writer, c election, r npos.Result[identity], first, last bool) error {
	type amount [2]any
	amounts := func(edges []npos.Edge[identity]) []amount {
		list := make([]amount, 0, len(edges))
		for _, e := range edges {
			list = append(list, amount{e.Who, e.Amount})
		}
		return list
	}
	s := r.Score()
	out := struct {
		Name    string        `json:"name"`
		Winners []amount      `json:"winners"`
		Edges   []amount      `json:"edges"`
		Score   [3]scale.U128 `json:"score"`
	}{c.name, make([]amount, 0, len(r.Winners)), make([]amount, 0, len(r.Backers)), [3]scale.U128{s.Least, s.Sum, s.Squares}}
	for _, x := range r.Winners {
		out.Winners = append(out.Winners, amount{x.Who, x.Backed})
	}
	for _, b := range r.Backers {
		out.Edges = append(out.Edges, amount{b.Who, amounts(b.Edges)})
	}
	line, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("encode the result of %s: %w", c.name, err)
	}
	begin, end := " ", ","
	if first {
		begin = "["
	}
	if last {
		end = "]"
	}
	_, err = fmt.Fprintf(w, "%s%s%s\n", begin, line, end)
	return err
}

// printElection prints a case for people: winners in the order of their
// election, and below each of them who backs it.
func printElection(w io.Writer, c election, r npos.Result[identity]) error {
	out := fmt.Appendf(nil, "%s: %d of %d candidates elected by %d voters\n", c.name, len(r.Winners), len(c.candidates), len(c.voters))
	for i, s := range r.Supports() {
		out = fmt.Appendf(out, "%4d. %s  backed by %s\n", i+1, s.Who, r.Winners[i].Backed)
		for _, e := range s.Edges {
			out = fmt.Appendf(out, "        %s gives %s\n", e.Who, e.Amount)
		}
	}
	s := r.Score()
	out = fmt.Appendf(out, "score: least %s, sum %s, sum of squares %s\n", s.Least, s.Sum, s.Squares)
	_, err := w.Write(out)
	return err
}
