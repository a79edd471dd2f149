// Command price brings prices from a server to contracts. A query asks the server
// over HTTP, from inside the enclave, and signs what it said; a command takes what
// was signed, so that all replicas keep the same price. Nobody in between can
// change it: not who carries it, and with https not the operator of the worker.
package main

import "github.com/tacit-network/tacit/contract/sdk"

// Errors of the contract.
var (
	BadPair   = sdk.NewError("BadPair")   // a pair has 1 to 16 capitals, digits and dashes
	LongURL   = sdk.NewError("LongURL")   // the URL has 1 to 1024 bytes
	NotOwner  = sdk.NewError("NotOwner")  // only who made the contract says whom it asks
	NoAnswer  = sdk.NewError("NoAnswer")  // the server did not answer with success, or this is a command
	NoPrice   = sdk.NewError("NoPrice")   // the answer has no price
	NotSigned = sdk.NewError("NotSigned") // this contract did not sign the quote
	TooOld    = sdk.NewError("TooOld")    // a quote is kept that is as new
	Unknown   = sdk.NewError("Unknown")   // no price of the pair is kept
)

// keyLabel names the contract's key.
const keyLabel = "price/1"

// Quote is a price at a time. It is in millionths: 1.25 is 1250000.
type Quote struct {
	Pair  string
	Price uint64
	Time  uint64 // ms, of the last final block that the worker had seen
}

var quoteCodec = sdk.Struct("Quote",
	sdk.Field("pair", sdk.String, func(q *Quote) *string { return &q.Pair }),
	sdk.Field("price", sdk.Uint64, func(q *Quote) *uint64 { return &q.Price }),
	sdk.Field("time", sdk.Uint64, func(q *Quote) *uint64 { return &q.Time }))

// Signed is a quote with the signature of the contract.
type Signed struct {
	Quote     Quote
	Signature []byte
}

var signedCodec = sdk.Struct("Signed",
	sdk.Field("quote", quoteCodec, func(s *Signed) *Quote { return &s.Quote }),
	sdk.Field("signature", sdk.Bytes, func(s *Signed) *[]byte { return &s.Signature }))

var (
	server = sdk.NewCell("source", sdk.String)
	kept   = sdk.NewMap("kept", sdk.String, quoteCodec)
)

var pairArg = sdk.Arg("pair", sdk.String)

var contract = sdk.Contract{
	Name:         "price",
	Version:      "1.0.0",
	Storage:      []sdk.Stored{server, kept},
	Errors:       []*sdk.Error{BadPair, LongURL, NotOwner, NoAnswer, NoPrice, NotSigned, TooOld, Unknown},
	Constructors: []sdk.Entry{sdk.Constructor1("new", sdk.Arg("url", sdk.String), setSource)},
	Messages: []sdk.Entry{
		sdk.Change1("set_source", sdk.Arg("url", sdk.String), setSource),
		sdk.View1("ask", pairArg, signedCodec, ask),
		sdk.Change1("report", sdk.Arg("signed", signedCodec), report),
		sdk.View1("latest", pairArg, quoteCodec, latest),
		sdk.View0("key", sdk.Bytes, key),
	},
}

// Says whom to ask: the URL before the name of a pair.
func setSource(c *sdk.Call, url string) error {
	switch {
	case c.Caller() != c.Owner():
		return NotOwner
	case len(url) == 0 || len(url) > 1024:
		return LongURL
	}
	server.Set(c, url)
	return nil
}

// Asks the server what a pair costs now, and signs the answer. In queries only.
func ask(c *sdk.Call, pair string) (s Signed, err error) {
	if !isPair(pair) {
		return s, BadPair
	}
	r := c.Get(server.Get(c) + pair)
	if !r.OK() {
		c.Debug(r.Reason)
		return s, NoAnswer
	}
	price, ok := find(r.Body)
	if !ok {
		return s, NoPrice
	}
	s.Quote = Quote{pair, price, c.Now()}
	s.Signature = c.Sign(sdk.Sr25519, c.Key(keyLabel), message(c, s.Quote))
	return s, nil
}

// Keeps a quote that the contract signed, in place of an older one. Anybody may
// bring it.
func report(c *sdk.Call, s Signed) error {
	if !c.Verify(sdk.Sr25519, c.PublicKey(sdk.Sr25519, c.Key(keyLabel)), message(c, s.Quote), s.Signature) {
		return NotSigned
	}
	if old, ok := kept.Find(c, s.Quote.Pair); ok && old.Time >= s.Quote.Time {
		return TooOld
	}
	kept.Set(c, s.Quote.Pair, s.Quote)
	return nil
}

// Tells the last price that was reported.
func latest(c *sdk.Call, pair string) (Quote, error) {
	q, ok := kept.Find(c, pair)
	if !ok {
		return q, Unknown
	}
	return q, nil
}

// Tells the key by which everybody verifies quotes, sr25519.
func key(c *sdk.Call) ([]byte, error) { return c.PublicKey(sdk.Sr25519, c.Key(keyLabel)), nil }

// message is what is signed: the contract and the quote.
func message(c *sdk.Call, q Quote) []byte {
	self := c.Self()
	return quoteCodec.Append(append([]byte("price/1"), self[:]...), q)
}

func isPair(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 16
}

// find reads the member "price" of a JSON object, a number or a number in quotes.
// A package for JSON would make the contract three times as large.
func find(b []byte) (millionths uint64, ok bool) {
	const name = `"price"`
	for i := 0; i+len(name) <= len(b); i++ {
		if string(b[i:i+len(name)]) != name {
			continue
		}
		b = blank(b[i+len(name):])
		if len(b) == 0 || b[0] != ':' {
			return 0, false
		}
		if b = blank(b[1:]); len(b) > 0 && b[0] == '"' {
			b = b[1:]
		}
		return number(b)
	}
	return 0, false
}

func blank(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// number reads digits, perhaps a point and more digits, of which six count.
func number(b []byte) (n uint64, ok bool) {
	const most = 1<<64 - 1
	digits, places := 0, -1 // behind the point; -1 before it
	for _, c := range b {
		switch {
		case c == '.' && places < 0:
			places = 0
			continue
		case c == 'e' || c == 'E' || c == '.':
			return 0, false
		case c < '0' || c > '9':
			return scaled(n, places, digits)
		}
		if digits++; places >= 6 {
			continue
		}
		if n > (most-uint64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
		if places >= 0 {
			places++
		}
	}
	return scaled(n, places, digits)
}

func scaled(n uint64, places, digits int) (uint64, bool) {
	for i := max(places, 0); i < 6; i++ {
		if n > (1<<64-1)/10 {
			return 0, false
		}
		n *= 10
	}
	return n, digits > 0
}
