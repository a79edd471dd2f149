package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/host"
)

// Addresses by IANA's registries of special-purpose addresses, and some that are
// the public Internet: those of root name servers.
func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"198.41.0.4": true, "2001:503:ba3e::2:30": true, "193.0.14.129": true, "2001:7fd::1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "100.128.0.1": true,
		"127.0.0.1": false, "127.8.9.1": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "172.32.0.1": true,
		"192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.255.1": false,
		"198.51.100.1": false, "203.0.113.9": false, "224.0.0.1": false, "239.1.1.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "fec0::1": false, "ff02::1": false,
		"2001:db8::1": false, "2002:7f00:1::1": false, "2001::1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "100::1": false,
		"3fff::1": false, "5f00::1": false,
		"168.63.129.16": false, "168.63.129.15": true, "168.63.129.17": true, // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:198.41.0.4": true, "::127.0.0.1": false,
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v, want %v", address, got, want)
		}
	}
}

func get(url string) host.WebRequest { return host.WebRequest{URL: url, Method: "GET"} }

// What is on this machine is not reached, however it is named, and no server
// behind it hears of the request.
func TestForbidden(t *testing.T) {
	var heard atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	c := New(Config{Timeout: 2 * time.Second})
	header := func(name, value string) host.WebRequest {
		r := get("http://198.41.0.4/")
		r.Headers = []host.WebHeader{{Name: name, Value: value}}
		return r
	}
	tests := map[string]host.WebRequest{
		"loopback": get("http://127.0.0.1" + port), "as one number": get("http://2130706433" + port), "in hexadecimal": get("http://0x7f000001" + port),
		"short": get("http://127.1" + port), "by name": get("http://localhost" + port), "mapped": get("http://[::ffff:127.0.0.1]" + port),
		"IPv6": get("http://[::1]" + port), "any": get("http://0.0.0.0" + port), "any in IPv6": get("http://[::]" + port),
		"metadata": get("http://169.254.169.254/latest/meta-data"), "zone": get("http://[fe80::1%25lo]/"),
		"file": get("file:///etc/passwd"), "gopher": get("gopher://198.41.0.4/"), "no scheme": get("198.41.0.4"), "no host": get("http:///x"),
		"user": get("http://u:p@198.41.0.4/"), "mail": get("http://198.41.0.4:25/"), "long": get("http://198.41.0.4/" + strings.Repeat("a", maxURL)),
		"noise": get("http://[::"), "no method": {URL: "http://198.41.0.4/"}, "connect": {URL: "http://198.41.0.4/", Method: "CONNECT"},
		"host": header("hOST", "localhost"), "split": header("X", "a\r\nHost: localhost"), "name": header("X y", "a"), "proxy": header("Proxy-Authorization", "a"),
		"large header": header("X", strings.Repeat("a", maxHeader)),
	}
	many := get("http://198.41.0.4/")
	for range maxHeaders + 1 {
		many.Headers = append(many.Headers, host.WebHeader{Name: "X", Value: "y"})
	}
	tests["many headers"] = many
	for name, r := range tests {
		// Names that resolve to nothing here are not reached either.
		if got := c.Fetch(context.Background(), r); got.Status != host.WebForbidden && got.Status != host.WebFailed {
			t.Errorf("%s: %d %s", name, got.Status, got.Reason)
		}
	}
	if n := heard.Load(); n != 0 {
		t.Errorf("the server heard %d requests", n)
	}
}

// The rule is applied to the address that is dialled, so that a name which means
// another address now than when it was looked at gains nothing, and so that a
// redirect does not either.
func TestControl(t *testing.T) {
	c := New(Config{})
	for address, ok := range map[string]bool{"198.41.0.4:80": true, "127.0.0.1:80": false, "[::1]:80": false, "[2001:7fd::1]:443": true, "name:80": false} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		if err := c.control(network, address, nil); (err == nil) != ok {
			t.Errorf("dial %s: %v", address, err)
		}
	}
	if c.control("udp4", "198.41.0.4:80", nil) == nil || c.control("unix", "/run/x", nil) == nil {
		t.Error("another network than TCP")
	}
}

// A machine may have a public address itself, and public neighbours: what it
// lets out through that door is for its firewall, which stands outside.
func TestOwnAddresses(t *testing.T) {
	c := New(Config{})
	networks := []net.Addr{&net.IPNet{IP: net.IPv4(198, 41, 0, 4), Mask: net.CIDRMask(28, 32)}, &net.IPNet{IP: net.ParseIP("2001:7fd::1"), Mask: net.CIDRMask(64, 128)}}
	var fails error
	c.own = func() ([]net.Addr, error) { return networks, fails }
	for address, ok := range map[string]bool{
		"198.41.0.4:80": false, "198.41.0.15:80": false, "198.41.0.16:80": true, "[2001:7fd::1]:80": false, "[2001:7fd::ffff]:80": false,
		"[2001:7fd:0:1::1]:80": true, "[::ffff:198.41.0.4]:80": false,
	} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		if err := c.control(network, address, nil); (err == nil) != ok {
			t.Errorf("dial %s: %v", address, err)
		}
	}
	if fails = errors.New("no list"); c.control("tcp4", "198.41.0.16:80", nil) == nil {
		t.Error("a machine that does not know its addresses lets contracts out")
	}
	if addresses, err := New(Config{}).own(); err != nil || len(addresses) == 0 {
		t.Errorf("this machine has the addresses %v, %v", addresses, err)
	}
}

// What a contract sends does not go on to a host that it did not name.
func TestRedirectedBody(t *testing.T) {
	var got atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.Store(string(body))
	}))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer first.Close()
	c := New(Config{Private: true})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
		got.Store("")
		r := host.WebRequest{URL: first.URL, Method: method, Body: []byte("secret")}
		if resp := c.Fetch(context.Background(), r); got.Load() != "" || resp.Status != http.StatusTemporaryRedirect {
			t.Errorf("%s: the other host got %q, and the contract %d", method, got.Load(), resp.Status)
		}
	}
}

// A machine of a development chain lets contracts reach it. What servers do there
// is bounded all the same.
func TestServer(t *testing.T) {
	var other *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s", r.Header.Get("X-Key"), r.Header.Get("User-Agent"), r.Header.Get("Accept-Encoding"))
		_, _ = fmt.Fprint(w, " ", r.ContentLength)
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			if _, err := w.Write(make([]byte, 10<<10)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, host.MaxWebBody)) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("a", maxHeader+5000)) })
	mux.HandleFunc("/many", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			w.Header().Add("X", fmt.Sprint(i))
		}
	})
	mux.HandleFunc("/once", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(302)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/echo", http.StatusFound) })
	mux.HandleFunc("/post", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/echo", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/noise", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("not HTTP\r\n\r\n"))
			_ = conn.Close()
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	other = httptest.NewServer(mux)
	defer other.Close()
	secret := []host.WebHeader{{Name: "X-Key", Value: "secret"}}
	c := New(Config{Private: true, Timeout: 300 * time.Millisecond})
	for _, tt := range []struct {
		name   string
		r      host.WebRequest
		status uint16
		body   string
	}{
		{"echo", host.WebRequest{URL: "/echo", Method: "GET", Headers: secret}, 201, "secret tacit  0"},
		{"post", host.WebRequest{URL: "/echo", Method: "POST", Body: []byte("body"), Headers: append(secret, host.WebHeader{Name: "User-Agent", Value: "me"})}, 201, "secret me  4"},
		{"not found", get("/nothing"), 404, "404 page not found\n"},
		{"huge", get("/huge"), host.WebFailed, ""},
		{"full", get("/full"), 200, string(make([]byte, host.MaxWebBody))},
		{"slow", get("/slow"), host.WebTimeout, ""},
		{"drip", get("/drip"), host.WebTimeout, ""},
		{"headers", get("/headers"), host.WebFailed, ""},
		{"noise", get("/noise"), host.WebFailed, ""},
		{"redirect", host.WebRequest{URL: "/once", Method: "GET", Headers: secret}, 201, "secret tacit  0"},
		{"redirects without end", get("/loop"), host.WebForbidden, ""},
		{"redirect to a file", get("/file"), host.WebForbidden, ""},
		{"redirect to another host, which gets no secret", host.WebRequest{URL: "/away", Method: "GET", Headers: secret}, 201, " tacit  0"},
		{"redirect of a body, which is not followed", host.WebRequest{URL: "/post", Method: "POST", Body: []byte("b"), Headers: secret}, 307, ""},
	} {
		tt.r.URL = server.URL + tt.r.URL
		got := c.Fetch(context.Background(), tt.r)
		if got.Status != tt.status || string(got.Body) != tt.body {
			t.Errorf("%s: %d %q (%s), want %d %q", tt.name, got.Status, short(got.Body), got.Reason, tt.status, short([]byte(tt.body)))
		}
	}
	if got := c.Fetch(context.Background(), get(server.URL+"/many")); got.Status != 200 || len(got.Headers) != 2*maxHeaders {
		t.Errorf("100 headers: %d, %d are given", got.Status, len(got.Headers))
	}
	// A redirect is judged as the first request is: from a server that may be
	// reached, as if it were public, to one that may not.
	strict := New(Config{Timeout: time.Second})
	guarded, dials := strict.transport.DialContext, 0
	strict.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 1 {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
	if got := strict.Fetch(context.Background(), get(server.URL+"/away")); got.Status != host.WebForbidden || dials != 2 {
		t.Errorf("a redirect to this machine: %d %s, after %d dials", got.Status, got.Reason, dials)
	}
	// The transport's own timer may end before the request's.
	early := New(Config{Private: true, Timeout: time.Minute})
	early.transport.ResponseHeaderTimeout = time.Millisecond
	if got := early.Fetch(context.Background(), get(server.URL+"/slow")); got.Status != host.WebTimeout {
		t.Errorf("slow, by the transport's timer: %d %s", got.Status, got.Reason)
	}
	// Nobody takes all places.
	one := New(Config{Private: true, AtOnce: 1, Timeout: time.Second})
	one.places.take([32]byte{9})
	if got := one.Fetch(context.Background(), get(server.URL+"/echo")); got.Status != host.WebBusy {
		t.Errorf("while all places are taken: %d", got.Status)
	}
}

func short(b []byte) string { return string(b[:min(len(b), 60)]) }

// A batch is answered in its order, runs at once as far as there is room, more
// than that one after another, and is over when its time is.
func TestFetchAll(t *testing.T) {
	var running, most atomic.Int32
	together := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == atOnce && r.URL.Path < "/3" {
			close(together) // so many do run at once
		}
		switch {
		case r.URL.Path == "/slow":
			<-r.Context().Done()
		case r.URL.Path < "/3":
			<-together
		}
		io.WriteString(w, r.URL.Path)
	}))
	defer server.Close()
	c := New(Config{Timeout: time.Minute, Private: true})
	var all []host.WebRequest
	for i := range host.MaxWebRequests {
		all = append(all, get(fmt.Sprintf("%s/%d", server.URL, i)))
	}
	for i, r := range c.FetchAll(context.Background(), all, time.Minute) {
		if r.Status != 200 || string(r.Body) != fmt.Sprintf("/%d", i) {
			t.Errorf("%d: %d %s %q", i, r.Status, r.Reason, r.Body)
		}
	}
	if n := most.Load(); n != atOnce {
		t.Errorf("%d ran at once, want %d", n, atOnce)
	}
	out := c.FetchAll(context.Background(), []host.WebRequest{get(server.URL + "/slow"), get(server.URL + "/4")}, 1500*time.Millisecond)
	if out[0].Status != host.WebTimeout || out[1].Status != 200 {
		t.Errorf("slow and fast: %d %d", out[0].Status, out[1].Status)
	}
	for _, r := range c.FetchAll(context.Background(), all[:2], 0) {
		if r.Status != host.WebTimeout {
			t.Errorf("no time: %d %s", r.Status, r.Reason)
		}
	}
	if out := c.FetchAll(context.Background(), nil, time.Minute); len(out) != 0 {
		t.Errorf("none: %v", out)
	}
}
