package web

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, method, target, host string) *httptest.ResponseRecorder {
	t.Helper()
	worker := "http://127.0.0.1:9945"
	config := Config{RPC: "wss://node.example:443", Worker: &worker, Chain: "dev"}
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	w := httptest.NewRecorder()
	Handler(func() any { return config }).ServeHTTP(w, r)
	return w
}

func TestServes(t *testing.T) {
	var script, style string
	entries, err := fs.ReadDir(dist, "dist/assets")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.Name(), ".js"):
			script = "/assets/" + e.Name()
		case strings.HasSuffix(e.Name(), ".css"):
			style = "/assets/" + e.Name()
		}
	}
	for _, row := range []struct {
		name, method, target, host string
		status                     int
		kind                       string
	}{
		{"page", "GET", "/", "127.0.0.1:8080", 200, "text/html; charset=utf-8"},
		{"head", "HEAD", "/", "localhost:8080", 200, "text/html; charset=utf-8"},
		{"script", "GET", script, "localhost", 200, "text/javascript; charset=utf-8"},
		{"style", "GET", style, "[::1]:8080", 200, "text/css; charset=utf-8"},
		{"mark", "GET", "/mark.svg", "127.0.0.1", 200, "image/svg+xml"},
		{"licences", "GET", "/licenses.md", "127.0.0.1", 200, "text/plain; charset=utf-8"},
		{"config", "GET", "/config.json", "127.0.0.1", 200, "application/json"},
		{"no listing", "GET", "/assets/", "127.0.0.1", 404, ""},
		{"no listing without slash", "GET", "/assets", "127.0.0.1", 404, ""},
		{"unknown file", "GET", "/assets/none.js", "127.0.0.1", 404, ""},
		{"unknown kind", "GET", "/web.go", "127.0.0.1", 404, ""},
		{"encoded way out", "GET", "/%2e%2e/web.html", "127.0.0.1", 404, ""},
		{"another name", "GET", "/", "evil.example:8080", 421, ""},
		{"another name for the config", "GET", "/config.json", "localhost.evil.example", 421, ""},
		{"post", "POST", "/", "127.0.0.1", 405, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := get(t, row.method, row.target, row.host)
			// The mux answers a way out with a redirect to the clean path.
			if w.Code != row.status && !(row.status == 404 && w.Code >= 300 && w.Code < 400) {
				t.Fatalf("%s %s: status %d, want %d", row.method, row.target, w.Code, row.status)
			}
			if row.kind != "" && w.Header().Get("Content-Type") != row.kind {
				t.Errorf("%s: content type %q, want %q", row.target, w.Header().Get("Content-Type"), row.kind)
			}
			if row.status == 200 && w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: browsers may guess its type", row.target)
			}
		})
	}
}

func TestPolicy(t *testing.T) {
	p := get(t, http.MethodGet, "/", "127.0.0.1").Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", " wss://node.example:443 http://127.0.0.1:9945;"} {
		if !strings.Contains(p, want) {
			t.Errorf("policy %q lacks %q", p, want)
		}
	}
	if strings.Contains(p, "unsafe") {
		t.Errorf("policy %q is unsafe", p)
	}
	for _, bad := range []string{"", "x", "javascript:alert(1)", "ws://a;script-src *", "://"} {
		if got := origin(bad); got != "" {
			t.Errorf("origin(%q) = %q, want nothing", bad, got)
		}
	}
}

func TestConfig(t *testing.T) {
	w := get(t, http.MethodGet, "/config.json", "127.0.0.1")
	var c Config
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || c.RPC != "wss://node.example:443" || c.Contract != nil {
		t.Errorf("config %s decodes to %+v, %v", w.Body, c, err)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the configuration may be remembered")
	}
}

// TestOffline checks that the built page names no other site.
func TestOffline(t *testing.T) {
	page, err := fs.ReadFile(dist, "dist/index.html")
	if err != nil {
		t.Fatal(err)
	}
	if s := string(page); strings.Contains(s, "//") && strings.Contains(strings.ReplaceAll(s, "<!doctype", ""), "://") {
		t.Errorf("the page names another site: %s", s)
	}
}
