package strictjson

import (
	"strings"
	"testing"
	"time"
)

type config struct {
	Name  string    `json:"name"`
	Count uint8     `json:"count"`
	When  time.Time `json:"when"`
	Parts []part    `json:"parts"`
	Maybe *part     `json:"maybe"`
}

type part struct {
	Bytes []byte `json:"bytes"`
	On    bool   `json:"on"`
}

func TestDecode(t *testing.T) {
	var c config
	if err := Decode([]byte(`{"name":"a","count":7,"when":"2026-01-02T03:04:05Z","parts":[{"on":true},{"bytes":"AQI="}],"maybe":null}`), &c); err != nil {
		t.Fatal(err)
	}
	if c.Name != "a" || c.Count != 7 || c.When.Unix() != 1767323045 || len(c.Parts) != 2 || !c.Parts[0].On || string(c.Parts[1].Bytes) != "\x01\x02" || c.Maybe != nil {
		t.Errorf("got %+v", c)
	}
}

func TestAllFaults(t *testing.T) {
	var c config
	err := Decode([]byte(`{"name":5,"count":300,"when":"yesterday","parts":[{"om":true},7],"maybe":{"on":"yes","bytes":"!"},"other":1}`), &c)
	if err == nil {
		t.Fatal("all is taken")
	}
	for _, want := range []string{
		"name: a number where a string belongs", "count: a number 300 where a uint8 belongs", "when: ", "parts[0].om: unknown key",
		"parts[1]: a number", "maybe.on: a string where a bool belongs", "maybe.bytes: ", "other: unknown key, the known ones are count, maybe, name, parts, when",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q in:\n%v", want, err)
		}
	}
}

func TestSyntax(t *testing.T) {
	var c config
	for text, want := range map[string]string{
		"{\n\"name\": \"a\",\n}": "line 3: ", "": "unexpected end", `{"name":"a"} {}`: "line 1: ", "[]": "the file: ", "null": "",
	} {
		err := Decode([]byte(text), &c)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
