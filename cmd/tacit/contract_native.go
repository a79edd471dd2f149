package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"

	"github.com/spf13/cobra"
)

func contractTest() *cobra.Command {
	var f userFlags
	var run string
	cmd := &cobra.Command{
		Use: "test [DIR]", Short: "Run a contract's tests: natively, in memory, without a chain", Args: cobra.MaximumNArgs(1),
		Example: "  tacit contract test examples/mine",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			list := []string{"-count=1"}
			if run != "" {
				list = append(list, "-v", "-run", run)
			}
			const tip = "the tests are Go's, in files that end in _test.go; `tacit contract new` begins with one"
			if f.json {
				v, err := testResults(cmd.Context(), dir, list)
				if printed := f.print(cmd.OutOrStdout(), v, nil); printed != nil {
					return printed
				}
				return hint(err, tip)
			}
			test := goTest(cmd.Context(), dir, list)
			test.Stdout, test.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return hint(test.Run(), tip)
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "only the tests whose names match, and all that they say")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func goTest(ctx context.Context, dir string, flags []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"test"}, flags...), "./...")...)
	cmd.Dir = dir
	return native(cmd)
}

// testResult says which tests passed and which did not.
type testResult struct {
	Passed []string `json:"passed"`
	Failed []string `json:"failed"`
	Output string   `json:"output"` // of the build and of all tests
}

func testResults(ctx context.Context, dir string, flags []string) (testResult, error) {
	r := testResult{Passed: []string{}, Failed: []string{}}
	out, err := goTest(ctx, dir, append([]string{"-json"}, flags...)).CombinedOutput()
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var line struct{ Action, Test, Output string }
		if e := d.Decode(&line); e == io.EOF {
			break
		} else if e != nil { // what did not build is told in words
			rest, _ := io.ReadAll(d.Buffered()) // memory does not fail
			r.Output += string(rest)
			break
		}
		r.Output += line.Output
		switch {
		case line.Test == "":
		case line.Action == "pass":
			r.Passed = append(r.Passed, line.Test)
		case line.Action == "fail":
			r.Failed = append(r.Failed, line.Test)
		}
	}
	if err != nil {
		err = fmt.Errorf("%d of %d tests failed: %w", len(r.Failed), len(r.Failed)+len(r.Passed), err)
	}
	return r, err
}
