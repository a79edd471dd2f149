// Package fetch makes the HTTP requests of contracts' queries: host.Web. Whoever
// deploys a contract decides where they go, so that they reach the public
// Internet and nothing else: no address of this machine, of its networks, or of a
// cloud's metadata, whatever a name resolves to at the moment of the dial and
// wherever a server redirects to.
//
// Everything is bounded: time, redirects, headers, bodies, and how many requests
// run at once, of all contracts and of each. The operator of the machine sees who is asked, and of http, not of
// https, what is said.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tacit-network/tacit/contract/host"
)

// Config says how contracts reach the network. The zero value is that of
// production.
type Config struct {
	// Private lets contracts reach this machine and its networks. Only for
	// development.
	Private bool
	// Timeout is the most that one request takes, redirects and body included; 0
	// means 5 s.
	Timeout time.Duration
	// AtOnce is how many requests run at once; 0 means 16.
	AtOnce int
	// Each is how many of those one contract may have; 0 means a quarter.
	Each int
	// Roots are whose certificates are believed; nil means those of the system.
	Roots *x509.CertPool
}

// Limits of a request and a response.
const (
	maxRedirects = 3
	maxHeaders   = 32
	maxHeader    = 8 << 10 // bytes of all headers
	maxURL       = 2 << 10
)

// Client makes requests. It is safe for concurrent use.
type Client struct {
	cfg       Config
	places    *places
	transport *http.Transport
	// own lists the addresses of this machine, and their networks.
	own func() ([]net.Addr, error)
}

// New returns a client.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 16
	}
	if cfg.Each == 0 {
		cfg.Each = max(1, cfg.AtOnce/4)
	}
	c := &Client{cfg: cfg, places: &places{all: cfg.AtOnce, each: cfg.Each, taken: map[[32]byte]int{}}, own: net.InterfaceAddrs}
	// The check is at the dial, after names are resolved: what a name meant before
	// says nothing.
	dialer := &net.Dialer{Timeout: cfg.Timeout, Control: c.control}
	c.transport = &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: cfg.Timeout, ResponseHeaderTimeout: cfg.Timeout,
		// No connection is shared between contracts, and nothing is unpacked for them.
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
		TLSNextProto:    map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return c
}

// AtOnce is how many requests run at once.
func (c *Client) AtOnce() int { return c.cfg.AtOnce }

// ErrForbidden tells that a request goes where contracts may not.
var ErrForbidden = errors.New("contracts reach the public Internet alone")

// control refuses addresses that are not public.
func (c *Client) control(network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s is no address", ErrForbidden, address)
	}
	if network != "tcp4" && network != "tcp6" || !c.cfg.Private && (!Public(at.Addr()) || c.near(at.Addr())) {
		return fmt.Errorf("%w: %s is not of it", ErrForbidden, at.Addr())
	}
	return nil
}

// near tells whether an address is this machine's, or of a network that it is
// in, which may be public ones; and so where that is not known. A firewall
// before the machine does not see what goes there.
func (c *Client) near(a netip.Addr) bool {
	list, err := c.own()
	if err != nil {
		return true
	}
	ip := net.IP(a.Unmap().AsSlice())
	return slices.ContainsFunc(list, func(own net.Addr) bool {
		n, ok := own.(*net.IPNet)
		return ok && n.Contains(ip)
	})
}

// special are the parts of the address space that are not the public Internet
// though they look global, by IANA's registries of special-purpose addresses; the
// last one of IPv4 is Azure's own, at which a machine there finds its secrets.
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
var special = prefixes("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 " +
	"192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 " +
	"224.0.0.0/4 240.0.0.0/4 168.63.129.16/32 " +
	"2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20")

// global is where IANA gives out IPv6 addresses.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(list string) (out []netip.Prefix) {
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// Public tells whether an address is of the public Internet.
func Public(a netip.Addr) bool {
	if a = a.Unmap(); a.Zone() != "" || a.Is6() && !global.Contains(a) {
		return false
	}
	return a.IsGlobalUnicast() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// check refuses URLs that are not for contracts.
func (c *Client) check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: the URL is neither http nor https", ErrForbidden)
	}
	if u.User != nil || u.Hostname() == "" || len(u.String()) > maxURL {
		return fmt.Errorf("%w: the URL has a user, no host, or is too long", ErrForbidden)
	}
	if p := u.Port(); p != "" && !c.cfg.Private {
		// Below 1024 other services than HTTP answer.
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n < 1024 && n != 80 && n != 443 {
			return fmt.Errorf("%w: port %s is not of HTTP", ErrForbidden, p)
		}
	}
	return nil
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// own are the headers that say how a request is carried, which is not for
// contracts to say.
var own = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Keep-Alive", "Expect", "Accept-Encoding"}

func (c *Client) request(ctx context.Context, r host.WebRequest) (*http.Request, error) {
	if !slices.Contains(methods, r.Method) {
		return nil, fmt.Errorf("%w: the method is not known", ErrForbidden)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: the URL does not parse", ErrForbidden)
	}
	if err := c.check(u); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), strings.NewReader(string(r.Body)))
	if err != nil {
		return nil, fmt.Errorf("%w: the URL does not parse", ErrForbidden)
	}
	size := 0
	for _, h := range r.Headers {
		name := http.CanonicalHeaderKey(h.Name)
		size += len(h.Name) + len(h.Value)
		if len(r.Headers) > maxHeaders || size > maxHeader || !token(h.Name) || !text(h.Value) ||
			slices.Contains(own, name) || strings.HasPrefix(name, "Proxy-") {
			return nil, fmt.Errorf("%w: header %q is not for contracts to set", ErrForbidden, name)
		}
		req.Header.Add(name, h.Value)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "tacit")
	}
	return req, nil
}

// token and text are what RFC 9110 lets names and values of headers be, without
// what is outside of ASCII.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

func text(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') })
}

// redirect follows a server to another URL, under the rules of the first. What
// the contract sends it sends to the host that it named, so that a request with a
// body is not sent again.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead || first.ContentLength != 0:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d redirects", ErrForbidden, maxRedirects)
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: a redirect from https to http", ErrForbidden)
	}
	if req.URL.Host != first.URL.Host {
		req.Header = http.Header{"User-Agent": {"tacit"}}
	}
	req.Header.Del("Referer")
	return c.check(req.URL)
}

// Fetch implements host.Web. What runs at once of a contract is counted under the
// name that ctx has by For.
func (c *Client) Fetch(ctx context.Context, r host.WebRequest) host.WebResponse {
	contract := named(ctx)
	if !c.places.take(contract) {
		return failed(host.WebBusy, errors.New("too many requests run"))
	}
	defer c.places.leave(contract)
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return failed(host.WebForbidden, err)
	}
	client := &http.Client{Transport: c.transport, CheckRedirect: c.redirect}
	resp, err := client.Do(req)
	if err != nil {
		return failure(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, host.MaxWebBody+1))
	if err != nil {
		return failure(ctx, err)
	}
	if len(body) > host.MaxWebBody {
		return failed(host.WebFailed, fmt.Errorf("the body has more than %d bytes", host.MaxWebBody))
	}
	out := host.WebResponse{Status: uint16(resp.StatusCode), Reason: http.StatusText(resp.StatusCode), Body: body}
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		for _, v := range resp.Header[name] {
			if len(out.Headers) < 2*maxHeaders {
				out.Headers = append(out.Headers, host.WebHeader{Name: name, Value: v})
			}
		}
	}
	return out
}

// atOnce is how many requests of a batch run at once: fewer than a contract may
// have, so that a batch alone is not refused for its own size.
const atOnce = 3

// FetchAll implements host.Web.
func (c *Client) FetchAll(ctx context.Context, all []host.WebRequest, most time.Duration) []host.WebResponse {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	out, next := make([]host.WebResponse, len(all)), make(chan int)
	var workers sync.WaitGroup
	for range min(atOnce, len(all)) {
		workers.Go(func() {
			for i := range next {
				out[i] = c.Fetch(ctx, all[i])
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	return out
}

// failure says why there is no response, in words that tell nothing of the
// machine.
func failure(ctx context.Context, err error) host.WebResponse {
	timeout, late := errors.AsType[net.Error](err) // the transport's own timers may be first
	switch dns, ok := errors.AsType[*net.DNSError](err); {
	case errors.Is(err, ErrForbidden):
		return failed(host.WebForbidden, ErrForbidden)
	case ctx.Err() != nil || late && timeout.Timeout():
		return failed(host.WebTimeout, errors.New("it took too long"))
	case ok && dns.IsNotFound:
		return failed(host.WebFailed, errors.New("there is no such host"))
	}
	return failed(host.WebFailed, errors.New("the server cannot be reached, or does not answer in HTTP"))
}

func failed(status uint16, err error) host.WebResponse {
	return host.WebResponse{Status: status, Reason: err.Error()}
}
