package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func benchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure this machine"}
	cmd.AddCommand(benchStart(), benchTransfers(), benchContracts())
	return cmd
}

// run is what one start of the network took.
type startRun struct {
	RPCReadyMS         int64 `json:"rpc_ready_ms"`
	WorkerRegisteredMS int64 `json:"worker_registered_ms"`
	ResultMS           int64 `json:"result_ms"`
	NodeMB             int64 `json:"node_mb"`
	WorkerMB           int64 `json:"worker_mb"`
}

func benchStart() *cobra.Command {
	var f userFlags
	var count int
	cmd := &cobra.Command{
		Use: "start", Short: "Start the network again and again, until the demo's decrypted result", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var runs []startRun
			for range count {
				r, err := start(cmd.Context())
				if err != nil {
					return err
				}
				runs = append(runs, r)
			}
			return f.print(cmd.OutOrStdout(), runs, func(w io.Writer) {
				column := func(name string, of func(startRun) int64, unit string) {
					var list []int64
					for _, r := range runs {
						list = append(list, of(r))
					}
					slices.Sort(list)
					fmt.Fprintf(w, "%-22s min %6d  median %6d  max %6d %s\n", name, list[0], list[len(list)/2], list[len(list)-1], unit)
				}
				column("RPC answers", func(r startRun) int64 { return r.RPCReadyMS }, "ms")
				column("worker registered", func(r startRun) int64 { return r.WorkerRegisteredMS }, "ms")
				column("decrypted result", func(r startRun) int64 { return r.ResultMS }, "ms")
				column("node, resident", func(r startRun) int64 { return r.NodeMB }, "MB")
				column("worker, resident", func(r startRun) int64 { return r.WorkerMB }, "MB")
			})
		},
	}
	cmd.Flags().IntVar(&count, "count", 5, "how often")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON array")
	return cmd
}

// start runs the demo in a process of its own and looks at its memory a while
// after.
func start(ctx context.Context) (r startRun, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, self, "dev", "--demo", "hello", "--json", "--rpc", "127.0.0.1:0", "--console", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	err = json.NewDecoder(out).Decode(&r)
	if err == nil {
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second): // idle memory, not that of the start
		}
		r.NodeMB = resident(cmd.Process.Pid)
		for _, child := range children(cmd.Process.Pid) {
			r.WorkerMB += resident(child)
		}
	}
	_ = cmd.Process.Signal(os.Interrupt)
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return r, err
}

// resident is the memory of a process in MB, where the system tells it. What it
// shares with other processes, such as the program itself, counts by its share.
func resident(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb / 1024
		}
	}
	return 0
}

func children(pid int) []int {
	var list []int
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	for _, t := range threads {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		if err != nil {
			continue
		}
		for _, f := range strings.Fields(string(data)) {
			if n, err := strconv.Atoi(f); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}
