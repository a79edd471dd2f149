package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
	"github.com/tacit-network/tacit/worker/fetch"
)

// network fetches as a worker of a development chain does.
func network() func(sdk.Request) sdk.Response {
	c := fetch.New(fetch.Config{Private: true, Timeout: time.Second})
	return func(r sdk.Request) sdk.Response {
		got := c.Fetch(context.Background(), host.WebRequest{URL: r.URL, Method: r.Method, Body: r.Body})
		return sdk.Response{Status: got.Status, Reason: got.Reason, Body: got.Body}
	}
}

func TestPrice(t *testing.T) {
	price := "1.25"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch pair := strings.TrimPrefix(r.URL.Path, "/price/"); pair {
		case "TEA-EUR":
			fmt.Fprintf(w, `{"pair": %q, "price": %q}`, pair, price)
		case "SLOW":
			<-r.Context().Done()
		case "HUGE":
			_, _ = w.Write(make([]byte, 1<<20))
		case "NONE":
			fmt.Fprint(w, `{"cost": 1}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	w := sdktest.New(t)
	w.Web = network()
	c := w.Deploy("Alice", &contract, server.URL+"/price/")
	quote := func(price, signature string) string { return signedText("TEA-EUR", price, w.Time, signature) }
	ask := func(price string) (signature string) {
		t.Helper()
		got, err := w.Query("Bob", c, "ask", "TEA-EUR")
		if err != nil {
			t.Fatal(err)
		}
		_, signature, _ = strings.Cut(strings.TrimSuffix(got, "}"), "signature: ")
		if got != quote(price, signature) {
			t.Fatalf("the price is %s, want %s", got, quote(price, signature))
		}
		return signature
	}
	for pair, want := range map[string]string{"SLOW": "NoAnswer", "HUGE": "NoAnswer", "MISSING": "NoAnswer", "NONE": "NoPrice", "": "BadPair", "a": "BadPair", "A/B": "BadPair", strings.Repeat("A", 17): "BadPair"} {
		if _, err := w.Query("Bob", c, "ask", pair); !sdktest.Refused(err, want) {
			t.Errorf("pair %q: %v, want %s", pair, err, want)
		}
	}
	if _, err := w.Call("Bob", c, "ask", "TEA-EUR"); !sdktest.Refused(err, "NoAnswer") {
		t.Errorf("in a command: %v", err)
	}
	if _, err := w.Query("Bob", c, "latest", "TEA-EUR"); !sdktest.Refused(err, "Unknown") {
		t.Errorf("before anything is reported: %v", err)
	}
	signature := ask("1250000")
	first := signedText("TEA-EUR", "1250000", w.Time, signature)
	for name, bad := range map[string]string{
		"another price":     signedText("TEA-EUR", "9", w.Time, signature),
		"another time":      signedText("TEA-EUR", "1250000", w.Time+1, signature),
		"another pair":      signedText("TEA-USD", "1250000", w.Time, signature),
		"another signature": signedText("TEA-EUR", "1250000", w.Time, "0x00"),
	} {
		if _, err := w.Call("Bob", c, "report", bad); !sdktest.Refused(err, "NotSigned") {
			t.Errorf("%s: %v", name, err)
		}
	}
	report := func(s, refused string) {
		t.Helper()
		if _, err := w.Call("Bob", c, "report", s); refused == "" && err != nil || refused != "" && !sdktest.Refused(err, refused) {
			t.Errorf("report: %v, want %q", err, refused)
		}
	}
	report(first, "")
	report(first, "TooOld")
	w.Pass(time.Second)
	price = "0.5"
	second := signedText("TEA-EUR", "500000", w.Time, ask("500000"))
	report(second, "")
	report(first, "TooOld")
	want := fmt.Sprintf(`{pair: "TEA-EUR", price: 500000, time: %d}`, w.Time)
	if got, err := w.Query("Bob", c, "latest", "TEA-EUR"); err != nil || got != want {
		t.Errorf("kept %s, %v, want %s", got, err, want)
	}
	// Another contract of the same code signs with another key.
	other := w.Deploy("Alice", &contract, server.URL+"/price/")
	if _, err := w.Call("Bob", other, "report", second); !sdktest.Refused(err, "NotSigned") {
		t.Errorf("what another contract signed: %v", err)
	}
	if _, err := w.Call("Bob", c, "set_source", "http://evil"); !sdktest.Refused(err, "NotOwner") {
		t.Errorf("another source: %v", err)
	}
	if _, err := w.Call("Alice", c, "set_source", ""); !sdktest.Refused(err, "LongURL") {
		t.Errorf("no source: %v", err)
	}
}

// signedText writes a Signed as arguments are written, which is as ask gives it.
func signedText(pair, price string, time uint64, signature string) string {
	return fmt.Sprintf("{quote: {pair: %q, price: %s, time: %d}, signature: %s}", pair, price, time, signature)
}

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		`{"price":1.25}`: "1250000 true", `{"a":1,"price" : "0.000001"}`: "1 true", `{"price":12}`: "12000000 true", `{"price":0.0000019}`: "1 true",
		`{"price":18446744073709.551615}`: "18446744073709551615 true", `{"price":18446744073709.551616}`: "0 false", `{"price":18446744073710}`: "0 false",
		`{"price":99999999999999999999}`: "0 false", `{"price":-1}`: "0 false", `{"price":null}`: "0 false", `{"price":1e9}`: "0 false", `{"price":1.2.3}`: "0 false",
		`{"price"`: "0 false", `{"price":`: "0 false", `{"price":"`: "0 false", `{"price":.}`: "0 false", `{"price":.5}`: "500000 true", `{}`: "0 false", ``: "0 false",
	} {
		n, ok := find([]byte(text))
		if !ok {
			n = 0
		}
		if got := fmt.Sprint(n, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
