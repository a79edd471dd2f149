package story

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/worker/wire"
)

// examples are the contracts that stories build, beside hello, which lies built
// in the repository.
var examples = []string{"note", "guess", "auction", "wallet", "price"}

// built is an example that was built.
type built struct {
	packed []byte
	meta   *abi.Metadata
}

// build builds an example, once in a world, as `tacit contract build` does.
func (w *World) build(name string) (built, error) {
	if b, ok := w.built[name]; ok {
		return b, nil
	}
	source := "github.com/tacit-network/tacit/examples/" + name
	wasm := filepath.Join(w.tb.TempDir(), name+".wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", wasm, source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return built{}, fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		return built{}, err
	}
	text, err := exec.Command("go", "run", source, wasm).Output()
	if err != nil {
		return built{}, fmt.Errorf("describe %s: %w", name, err)
	}
	meta, err := abi.Parse(text)
	if err != nil {
		return built{}, err
	}
	w.built[name] = built{packed(code), meta}
	return w.built[name], nil
}

// child CODE of=CONTRACT as=NAME
//
// gives a name to the contract that another one made, without salt.
func (w *World) child(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	parent := w.things[l.opt("of", "")]
	if parent == nil {
		return errors.New("the child needs a parent")
	}
	as := l.opt("as", name)
	c := &contract{code: w.codes[name], cluster: parent.cluster}
	c.id = words.ContractID(keys.AccountID(parent.id), c.code, c.cluster, nil)
	w.things[as], w.names[c.id] = c, as
	return nil
}

// log CONTRACT by=Alice [at=WORKER]
//
// reads a contract's log.
func (w *World) log(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	c := w.things[name]
	if c == nil {
		return fmt.Errorf("no contract is called %s", name)
	}
	who, err := w.account(l.opt("by", "Alice"))
	if err != nil {
		return err
	}
	asker, to, least, err := w.asker(w.workers[l.opt("at", w.order[0])], "")
	if err != nil {
		return err
	}
	log, err := asker.Log(context.Background(), to, who, c.id, least, 0)
	if err != nil {
		return fmt.Errorf("%s (kind %d)", text(err), wire.KindOf(err))
	}
	for _, e := range log.Entries {
		if e.Level == 0 {
			s, err := c.meta.DecodeEvent(e.Topics, e.Data)
			if err != nil {
				return err
			}
			w.printf("%s %d: event %s\n", name, e.Seq, w.plain(s))
			continue
		}
		w.printf("%s %d: level %d: %s\n", name, e.Seq, e.Level, e.Text)
	}
	return nil
}
