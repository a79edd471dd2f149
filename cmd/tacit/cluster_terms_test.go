package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/test/story"
)

// said is what the text of a command says of it: `# prints WORDS` or `# fails with
// WORDS`.
var said = regexp.MustCompile(`^(.*?)\s+# (prints|fails with) (.*)$`)

// Every command that docs/contracts/paying.md shows is run as it stands, one after
// the other, in a cluster of //Alice's.
func TestPayingDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/contracts/paying.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	w, _ := story.Begin(t, `
chain validators=2 Alice=1000 Bob=1000 Charlie=1000 operator=1000
block
worker w1 endpoint=real
relay w1
settle
cluster c by=Alice
settle
`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the network ends with %v", err)
		}
	})
	names := strings.NewReplacer("CLUSTER", w.Cluster("c").String())
	commands, code := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			code = !code
			continue
		}
		if !code {
			continue
		}
		commands++
		command, kind, words := line, "", ""
		if m := said.FindStringSubmatch(line); m != nil {
			command, kind, words = m[1], m[2], m[3]
		}
		args := strings.Fields(names.Replace(command))
		if args[0] != "tacit" {
			t.Fatalf("%s is no command of tacit", line)
		}
		out, err := run(t, append(args[1:], "--rpc", w.Node())...)
		if err != nil {
			out += err.Error() + "\n" + hintOf(err)
		}
		if fails := kind == "fails with"; fails != (err != nil) || !strings.Contains(out, words) {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if m := regexp.MustCompile(`contract (0x[0-9a-f]{64})`).FindStringSubmatch(out); m != nil {
			names = strings.NewReplacer("CLUSTER", w.Cluster("c").String(), "CONTRACT", m[1])
		}
	}
	if commands < 10 {
		t.Errorf("%d commands found", commands)
	}
}
