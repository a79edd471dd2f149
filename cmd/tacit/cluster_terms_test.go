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

// What a cluster says to an account that cannot pay is told in tokens, with what to
// do, and not as a fault of the contract.
func TestCannotPay(t *testing.T) {
	for _, tt := range []struct {
		status     uint8
		said, want string
	}{
		{1, "the account holds 5 in the cluster and gives 0, which leaves nothing for gas: a million costs 100000000",
			"the account holds 0.000000000005 TACIT in the cluster and gives 0 TACIT, which leaves nothing for gas: a million costs 0.0001 TACIT"},
		{1, "what contracts store more takes a deposit of 1000000000, above the limit of 5", "what contracts store more takes a deposit of 0.001 TACIT, above the limit of 0.000000000005 TACIT"},
		{1, "the account cannot pay for compiling the code in the cluster", "the account cannot pay for compiling the code in the cluster"},
		{3, "the account can pay for no more gas in the cluster", "the contract ran out of gas: the account can pay for no more gas in the cluster"},
	} {
		err := outcome(nil, nil, tt.status, nil, []byte(tt.said))
		if err == nil || err.Error() != tt.want || hintOf(err) != means {
			t.Errorf("%s: %v, hint %q, want %s", tt.said, err, hintOf(err), tt.want)
		}
	}
}
