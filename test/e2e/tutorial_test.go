package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// sourceCopy is the source in a folder of its own, with the built programs in bin.
func sourceCopy(t *testing.T, bin string) string {
	t.Helper()
	dir := t.TempDir()
	list := exec.Command("sh", "-c", `git ls-files -z -- '*.go' '*.txt' '*.json' '*.gz' go.mod go.sum docs ':!test/clients' ':!web/dist' | xargs -0 cp --parents -t "$1" && cp -R web/dist "$1/web/"`, "sh", dir)
	list.Dir = filepath.Join("..", "..")
	if out, err := list.CombinedOutput(); err != nil {
		t.Fatalf("copy the source: %v\n%s", err, out)
	}
	if err := os.CopyFS(filepath.Join(dir, "bin"), os.DirFS(bin)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mark is what the text of a command says of it: `# prints WORDS`, `# fails with
// WORDS`, or `# deploys`.
var mark = regexp.MustCompile(`^(.*?)\s+# (prints|fails with|deploys)\s?(.*)$`)

// contractLine is what contract watch prints of each contract.
var contractLine = regexp.MustCompile(`contract (0x[0-9a-f]{64}), built and deployed`)

// TestTutorial runs every command of docs/tutorial as it stands, one after the
// other in a copy of the source, beside the network that the page begins with.
func TestTutorial(t *testing.T) {
	long(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "tutorial", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin := built(t)
	dir := sourceCopy(t, bin)
	n := start(t, bin, t.TempDir(), "--json")
	r := n.result()
	var watch *output
	names := strings.NewReplacer("CONTRACT", r.Contract, "WORKER", r.Worker)
	ran, within := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			within = !within
			continue
		}
		if !within || strings.HasPrefix(line, "make build") || strings.HasPrefix(line, "bin/tacit dev") { // the test did both
			continue
		}
		ran++
		command, kind, words := line, "", ""
		if m := mark.FindStringSubmatch(line); m != nil {
			command, kind, words = m[1], m[2], m[3]
		} else if line != "kill -9 PID" {
			t.Errorf("%s: the page says not what comes of it", line)
		}
		command = names.Replace(command)
		if watched, ok := strings.CutSuffix(command, " &"); ok {
			watch = background(t, dir, r.RPC, watched)
			n.wait("the first contract", func() bool { return len(contractLine.FindAllString(watch.String(), -1)) == 1 })
			continue
		}
		if command == "kill -9 PID" {
			n.killWorker()
			n.wait("the worker in a new boot epoch", func() bool {
				out, err := shell(dir, r.RPC, "bin/tacit worker status")
				return err == nil && strings.Contains(out, "epoch     2,")
			})
			continue
		}
		out, err := shell(dir, r.RPC, command)
		if fails := kind == "fails with"; fails != (err != nil) || !strings.Contains(out, words) {
			t.Errorf("%s: %v\n%s%s", line, err, out, tail(n.log.String()))
		}
		if kind == "deploys" {
			var made [][]string
			n.wait("the second contract", func() bool {
				made = contractLine.FindAllStringSubmatch(watch.String(), -1)
				return len(made) == 2
			})
			names = strings.NewReplacer("CONTRACT", r.Contract, "WORKER", r.Worker, "MINE", made[1][1])
		}
	}
	if ran < 20 {
		t.Errorf("%d commands were found", ran)
	}
}

// shell runs a command as somebody in the folder would.
func shell(dir, rpc, command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", withNode(command, rpc))
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// withNode adds the address of the node to commands that speak to one.
func withNode(command, rpc string) string {
	for _, offline := range []string{"bin/tacit contract new", "bin/tacit contract test", "bin/tacit verify receipt", "bin/tacit verify quote", "bin/tacit verify sample"} {
		if strings.HasPrefix(command, offline) {
			return command
		}
	}
	if !strings.HasPrefix(command, "bin/tacit ") {
		return command
	}
	return fmt.Sprintf("%s --rpc %s", command, rpc)
}

// background runs a command until the test ends, and returns what it prints.
func background(t *testing.T, dir, rpc, command string) *output {
	t.Helper()
	out := new(output)
	cmd := exec.Command("sh", "-c", "exec "+withNode(command, rpc))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		if err := cmd.Wait(); err != nil && !strings.Contains(out.String(), "deployed") {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	})
	return out
}
