package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/keys"
)

// exported were written by @polkadot/keyring 14.0.3 (toJson) for URIs of the
// development phrase.
var exported = []struct {
	uri, password string
	scheme        keys.Scheme
	file          string
}{
	{"//Alice", "correct horse", keys.Sr25519, `{"encoded":"3uUOuenpHmdlzZEAby8imonbSBGeop1BlxLcaPyWk78AAAIAAQAAAAgAAAA7mur1N4EUzLaYpX5Nbvxz0Hc4uB5tdh7oItevaibzcuR4+juzkI82U+IFZsJnpvU/ntt/6Pq6ETuplkjBnUUGPIFAaH20PsPFLgh8ooVoG/6S0GDuvxq93p77SkShkIwRjt60J6B4tW3EdY3VPodE70LkEmDgiMhn5I69gor/anfFqcF/NdipmOrxGekgqNtMuh6NRw50hzlQCxOf","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","meta":{"name":"Alice"}}`},
	{"//Alice", "correct horse", keys.Ed25519, `{"encoded":"uuNJBgyOtYDbQCp0hgcnw/ltNVa/72P7ptlnzmPM+mUAAAIAAQAAAAgAAAB0wtMtxmMTojGUYpagPZDAQKeLhZNNS7nwJx4jcMHi1bl7YQ+lG0mRcwENeBJyGRXox0sZM+9dhttulKj3R5sUBJLakAYmV42BcwMggkUlPibyiKelpweDMiKZESNgOEbx2b9erslphJC4K6U+CJkdW8Lzu2m8eqvIMtAoXGggggx69Jsqo8b8jMwuNp6QWa7GxwGhpUsMZsP41YlO","encoding":{"content":["pkcs8","ed25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu","meta":{"name":"Alice"}}`},
	{"//Alice", "correct horse", keys.Ecdsa, `{"encoded":"wbF3GuRm8xvqgnjjAYutfn1aTHYpbHNRbLAICJUyg8EAAAIAAQAAAAgAAAB7BiRHwBDjZ+fNqwi3siPykOin19Ma3AmpaevNpHcvwjxmoRP2+9eQZZewCwjV6YtvG/2+m3SEiPNSUuZbDFvTIXF2c5TYHUETSnXruyY9NzhxRO1t/r+eCRTgmgMlbeRZx4kZSbyu3jWv45xfiJ7cQXsb8shZbvUtMEHKEZE=","encoding":{"content":["pkcs8","ecdsa"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"0x020a1091341fe5664bfa1782d5e04779689068c916b04cb365ec3153755684d9a1","meta":{"name":"Alice"}}`},
	{"//Alice/soft", "", keys.Sr25519, `{"encoded":"MFMCAQEwBQYDK2VwBCIEINBzhtogREoHeekI5EvloBN4LNKi6Bhsfj3wfFPLMggNjc/Arno3MivOQm+rvlb6w+vM96gquwwMdo+Kc8uf9KihIwMhAALP2DB0rvyZVa9ANNGbN4DUelLhWKur7I7AErIpXxxb","encoding":{"content":["pkcs8","sr25519"],"type":["none"],"version":"3"},"address":"5C8PhJPLE54x23RjmqBcEEnALryCDWdTJM5xLaoL9W8XEpnt","meta":{}}`},
	{"//Alice/soft", "p", keys.Sr25519, `{"encoded":"CqgbeaIcUncJZ3V+9yqGnOiknzyspwjVE3SQmXM9CjEAAAIAAQAAAAgAAAA4Yo8KaHvJSdRSkIIOd3w2XH3P4ebHN0XWwK5pr9MfDmROUFJ3F7eBZ6u81x+4ChsvgPcsK1KOcRaBABDV/eJPR0RJuvA00AUF0B0iu6yCPngPh9V+aVL23TD3NZ6FALhgWqdE6nxG3+apya9k6y8tzVz3LX4XQNzz0CdvFVAkqAMBI6lbtdMVupds00N8z4Gs2h4nm3bjioSZNIrK","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5C8PhJPLE54x23RjmqBcEEnALryCDWdTJM5xLaoL9W8XEpnt","meta":{}}`},
}

func TestDecrypt(t *testing.T) {
	for _, row := range exported {
		want, err := keys.FromURI(row.scheme, row.uri)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decrypt([]byte(row.file), []byte(row.password))
		if err != nil || !bytes.Equal(got.Public(), want.Public()) || got.Scheme() != row.scheme {
			t.Errorf("%s %s: %v", row.scheme, row.uri, err)
			continue
		}
		if message := []byte("m"); !keys.Verify(row.scheme, want.Public(), message, got.Sign(message)) {
			t.Errorf("%s %s: it signs wrongly", row.scheme, row.uri)
		}
		if row.password == "" {
			continue
		}
		if _, err := Decrypt([]byte(row.file), []byte("wrong")); !errors.Is(err, ErrPassword) {
			t.Errorf("wrong password: %v", err)
		}
	}
}

func TestEncrypt(t *testing.T) {
	for _, row := range exported[:3] {
		p, err := keys.FromURI(row.scheme, row.uri)
		if err != nil {
			t.Fatal(err)
		}
		data, err := Encrypt(p, "Alice", []byte("secret"))
		if err != nil || !Is(data) {
			t.Fatal(err)
		}
		back, err := Decrypt(data, []byte("secret"))
		if err != nil || !bytes.Equal(back.Public(), p.Public()) {
			t.Errorf("%s: %v", row.scheme, err)
		}
		// All but what is encrypted stands there as polkadot.js writes it.
		var ours, theirs map[string]any
		if json.Unmarshal(data, &ours) != nil || json.Unmarshal([]byte(row.file), &theirs) != nil {
			t.Fatal("no JSON")
		}
		if len(ours["encoded"].(string)) != len(theirs["encoded"].(string)) {
			t.Errorf("%s: what is encrypted has another length", row.scheme)
		}
		delete(ours, "encoded")
		delete(theirs, "encoded")
		a, _ := json.Marshal(ours)
		if b, _ := json.Marshal(theirs); !bytes.Equal(a, b) {
			t.Errorf("got %s, want %s", a, b)
		}
	}
}

func TestBad(t *testing.T) {
	good := exported[3].file // not encrypted
	var f file
	if err := json.Unmarshal([]byte(good), &f); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(f.Encoded)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(b []byte) []byte) string {
		g := f
		g.Encoded = base64.StdEncoding.EncodeToString(change(bytes.Clone(raw)))
		data, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	hungry := strings.Replace(exported[0].file, "AAAIAAQ", "AAAIAAg", 1)
	for name, row := range map[string]struct{ file, want string }{
		"no JSON":      {"{", "key file: unexpected end"},
		"other":        {"{}", "only 3 with a pkcs8 key"},
		"version":      {strings.Replace(good, `"3"`, `"2"`, 1), "only 3"},
		"scheme":       {strings.Replace(good, `"sr25519"`, `"sphincs"`, 1), "no signature scheme"},
		"cipher":       {strings.Replace(good, `"none"`, `"rot13"`, 1), "only scrypt"},
		"base64":       {strings.Replace(good, f.Encoded, "!", 1), "illegal base64"},
		"truncated":    {with(func(b []byte) []byte { return b[:len(b)-1] }), "are no sr25519 key"},
		"longer":       {with(func(b []byte) []byte { return append(b, 0) }), "are no sr25519 key"},
		"header":       {with(func(b []byte) []byte { b[0]++; return b }), "are no sr25519 key"},
		"public":       {with(func(b []byte) []byte { b[len(b)-1]++; return b }), "its public key is not"},
		"too short":    {strings.Replace(good, `"none"`, `"scrypt","xsalsa20-poly1305"`, 1), "not one of the settings"},
		"hungry":       {hungry, "not one of the settings"},
		"not a scalar": {with(func(b []byte) []byte { b[16] |= 1; return b }), "no sr25519 key"},
		"huge":         {strings.Repeat(" ", maxSize+1), "are the most"},
	} {
		if _, err := Decrypt([]byte(row.file), nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}
}
