package engine_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/node/engine"
)

func specJSON(t testing.TB) []byte {
	t.Helper()
	_, spec := validators(t, 3)
	spec.GenesisTime = 1_700_000_000_000
	root := account(t, "//Alice").AccountID()
	spec.Genesis.Sudo, spec.Genesis.SessionBlocks = &root, 50
	text, err := spec.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is written is read as it was.
func TestSpecJSON(t *testing.T) {
	text := specJSON(t)
	spec, err := engine.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := spec.JSON()
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("%v\n%s\nbecame\n%s", err, text, again)
	}
	if len(spec.Genesis.Validators) != 3 || spec.BlockTime != 1000 || spec.GenesisTime != 1_700_000_000_000 || spec.Genesis.SessionBlocks != 50 {
		t.Errorf("read %+v", spec)
	}
}

// An empty policy is the strictest, however it is written.
func TestEmptyPolicy(t *testing.T) {
	text := string(specJSON(t))
	begin := strings.Index(text, `"policy": "`) + len(`"policy": "`)
	end := begin + strings.Index(text[begin:], `"`)
	for _, empty := range []string{"", "0x"} {
		spec, err := engine.ParseSpec([]byte(text[:begin] + empty + text[end:]))
		if err != nil || !reflect.DeepEqual(spec.Genesis.Attestation.Policy, attest.Policy{}) {
			t.Errorf("%q: %+v, %v", empty, spec.Genesis.Attestation.Policy, err)
		}
	}
}

// A spec with faults is refused, and every one of them is told.
func TestSpecFaults(t *testing.T) {
	good := string(specJSON(t))
	for name, row := range map[string]struct {
		change []string // pairs
		want   []string
	}{
		"several":        {[]string{`"id": "test"`, `"id": ""`, `"blockTimeMs": 1000`, `"blockTimeMs": 1`, `"Development"`, `"Secret"`}, []string{"0 letters", "block time 1 ms", "Secret"}},
		"live":           {[]string{`"Development"`, `"Live"`}, []string{"balance 0 is the development key //Alice", "the sudo key", "not for production"}},
		"an unknown key": {[]string{`"id": "test"`, `"id": "test", "shape": 1`}, []string{"shape"}},
		"a key twice":    {[]string{`"id": "test"`, `"id": "test", "id": "test"`}, []string{"id: the key stands twice"}},
		"other letters":  {[]string{`"id": "test"`, `"ID": "test"`}, []string{"ID"}},
		"a wrong type":   {[]string{`"blockTimeMs": 1000`, `"blockTimeMs": "fast"`}, []string{"blockTimeMs"}},
		"more after it":  {[]string{good, good + "{}"}, []string{""}},
		"nothing":        {[]string{good, ""}, []string{""}},
	} {
		_, err := engine.ParseSpec([]byte(strings.NewReplacer(row.change...).Replace(good)))
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range row.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %q", name, err, want)
			}
		}
	}
}

// Whatever is read, is written and read again as the same.
func FuzzParseSpec(f *testing.F) {
	f.Add(specJSON(f))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := engine.ParseSpec(data)
		if err != nil {
			return
		}
		text, err := spec.JSON()
		if err != nil {
			return // such as a year of five digits
		}
		again, err := engine.ParseSpec(text)
		if err != nil || !reflect.DeepEqual(again, spec) {
			t.Errorf("%s\nbecame %+v, then %+v, %v", data, spec, again, err)
		}
	})
}
