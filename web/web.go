// Package web is the console: a page that shows the chain and talks to
// confidential contracts from the browser. The files in dist are built from the
// TypeScript beside them by `make web`, and are committed, so that Go alone
// builds everything. What comes in are HTTP requests; what goes out are those
// files and /config.json, which tells the page where the node and the worker
// are. Nothing else is served, and nothing is believed; [WithActions] adds what
// a development network lets its page do.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Config is what the page needs to know, as /config.json.
type Config struct {
	// RPC is the node's WebSocket address, Worker the worker's HTTP address; it
	// is nil before there is a worker.
	RPC    string  `json:"rpc"`
	Worker *string `json:"worker"`
	// Workers are the addresses of all workers that the page may ask, beside those
	// on this machine.
	Workers []string `json:"workers,omitempty"`
	Chain   string   `json:"chain"`
	// Contract and Cluster are hex; nil before there is one.
	Contract *string `json:"contract"`
	Cluster  *string `json:"cluster"`
	// Metadata is the contract's, as ink! writes it, and Code the hash of its
	// code, by which the page finds a contract where Contract is nil.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Code     string          `json:"code,omitempty"`
	// Development lets the page break things; nil where nothing may be broken.
	Development *Development `json:"development,omitempty"`
}

// types are the content types of all files that there are.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".md":   "text/plain; charset=utf-8",
}

// Handler serves the console. config is asked at each request of /config.json,
// and gives a [Config] or whatever encodes to the same JSON.
//
// A request has to name this server by an IP address or as localhost: a page of
// another site that points its name here is refused.
func Handler(config func() any) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		data, err := json.Marshal(config())
		if err != nil {
			http.Error(w, "the configuration does not encode", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(data)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { serve(w, r, files, config) })
	return guard(mux)
}

// serve sends one file. Those in assets have their hash in their name.
func serve(w http.ResponseWriter, r *http.Request, files fs.FS, config func() any) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	kind, known := types[path.Ext(name)]
	if !known || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if name == "index.html" {
		h.Set("Content-Security-Policy", policy(config()))
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// policy lets the page load its own files, and talk to this machine and to the
// addresses in its configuration.
func policy(config any) string {
	connect := []string{"'self'"}
	for _, scheme := range []string{"ws", "http"} {
		for _, host := range []string{"127.0.0.1", "localhost"} {
			connect = append(connect, scheme+"://"+host+":*")
		}
	}
	var c Config
	if data, err := json.Marshal(config); err == nil && json.Unmarshal(data, &c) == nil {
		connect = append(connect, origin(c.RPC))
		if c.Worker != nil {
			connect = append(connect, origin(*c.Worker))
		}
		for _, w := range c.Workers {
			connect = append(connect, origin(w))
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
		strings.TrimSpace(strings.Join(connect, " ")) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// origin is the part of an address that a policy names, or nothing.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, "; ,'\"") {
		return ""
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
		return u.Scheme + "://" + u.Host
	}
	return ""
}

// guard refuses requests for other names, and says to browsers what pages from
// here never need.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			http.Error(w, "this server has no name but localhost and its IP address", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// ours reports whether a Host header is an IP address or localhost.
func ours(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	return host == "localhost" || net.ParseIP(host) != nil
}
