package host

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// Web makes HTTP requests for queries. It bounds them, and where they go.
type Web interface {
	Fetch(ctx context.Context, r WebRequest) WebResponse
	// FetchAll makes at most MaxWebRequests, at once as far as there is room, and
	// waits for no longer than most. There is a response for each.
	FetchAll(ctx context.Context, r []WebRequest, most time.Duration) []WebResponse
}

// WebHeader is a header of a request or a response.
type WebHeader struct{ Name, Value string }

// WebRequest is an HTTP request, laid out as in Phala's pink extension.
type WebRequest struct {
	URL     string
	Method  string
	Headers []WebHeader
	Body    []byte
}

// WebResponse is the response, or why there is none.
type WebResponse struct {
	Status  uint16
	Reason  string
	Headers []WebHeader
	Body    []byte
}

// The statuses of responses that no server sent.
const (
	WebFailed      = 520 // the server cannot be reached, or says nonsense
	WebForbidden   = 521 // contracts may not go there, or not so
	WebBusy        = 522 // too many requests run
	WebUnavailable = 523 // there is no network here: in commands
	WebTimeout     = 524 // it took too long
)

// Limits of HTTP in one query. A response with its headers fits into 96 KiB.
const (
	MaxWebRequests = 5
	MaxWebBody     = 64 << 10
	MaxWebResponse = 96 << 10
)

// Price of a request, beside that of its bytes.
const gasWeb = 10_000_000

// webRequest takes a WebRequest in SCALE and gives a WebResponse.
func webRequest(x *execution, c *vm.Call, s []uint64) error {
	n := u32(s, 1)
	if n > MaxInput {
		return trap("request too long")
	}
	b, err := c.Read(u32(s, 0), n)
	if err != nil {
		return err
	}
	out, err := x.fetch(c, scale.NewDecoder(b))
	if err != nil {
		return err
	}
	return output(c, u32(s, 2), u32(s, 3), out)
}

// fetch does what a request says. In a command every machine would see something
// else: there is no network there.
func (x *execution) fetch(c *vm.Call, d *scale.Decoder) ([]byte, error) {
	var r WebRequest
	if err := d.Value(&r); err != nil || d.Finish() != nil {
		return nil, trap("the request does not decode")
	}
	if err := c.Charge(gasWeb); err != nil {
		return nil, err
	}
	response := WebResponse{Status: WebUnavailable, Reason: "there is no network in commands"}
	if x.env.Query && x.env.Web != nil {
		if x.t.requests++; x.t.requests > MaxWebRequests {
			return nil, trap("too many requests in one query")
		}
		response = x.env.Web.Fetch(c.Context(), r)
	}
	out := response.encode()
	return out, c.Charge(uint64(len(out)) * gasReadByte)
}

// encode is the response as contracts get it.
func (r WebResponse) encode() []byte {
	clean(&r)
	out := scale.Marshal(r)
	if len(out) > MaxWebResponse {
		out = scale.Marshal(WebResponse{Status: WebFailed, Reason: "the response is too long"})
	}
	return out
}

// clean makes text of what servers say where text belongs.
func clean(r *WebResponse) {
	for i, h := range r.Headers {
		if !utf8.ValidString(h.Value) || !utf8.ValidString(h.Name) {
			r.Headers[i] = WebHeader{"X-Not-Text", ""}
		}
	}
}

// extWeb is Phala's http_request.
func extWeb(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) { return x.fetch(c, d) }

// What Phala's HttpRequestError is as a variant, and one more as a status.
const (
	httpTimeout    = 5
	httpNotAllowed = 6
	httpTooMany    = 7
)

// extWebBatch is Phala's batch_http_request: a list of requests and for how many
// ms they may take together, and a list of Result<HttpResponse, HttpRequestError>.
// They count as so many single ones.
func extWebBatch(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	if err := c.Charge(gasWeb); err != nil { // of the first, or of none
		return nil, err
	}
	var all []WebRequest
	if err := d.Value(&all); err != nil {
		return nil, errArgs
	}
	most, err := d.Uint64()
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	switch {
	case !x.env.Query || x.env.Web == nil:
		return nil, failure(httpNotAllowed + 1)
	case len(all) > MaxWebRequests-x.t.requests:
		return nil, failure(httpTooMany + 1)
	}
	out := scale.AppendCompact(nil, uint64(len(all)))
	if len(all) > 0 {
		if err := c.Charge(uint64(len(all)-1) * gasWeb); err != nil {
			return nil, err
		}
		x.t.requests += len(all)
		limit := time.Duration(min(most, maxBatchTime)) * time.Millisecond
		for _, r := range x.env.Web.FetchAll(c.Context(), all, limit) {
			out = append(out, r.result()...)
		}
	}
	return out, c.Charge(uint64(len(out)) * gasReadByte)
}

// maxBatchTime is more ms than any query waits for.
const maxBatchTime = 60_000

// result is a response in a batch. Where no server was asked it is an error.
func (r WebResponse) result() []byte {
	switch r.Status {
	case WebTimeout:
		return []byte{1, httpTimeout}
	case WebForbidden:
		return []byte{1, httpNotAllowed}
	case WebBusy:
		return []byte{1, httpTooMany}
	}
	return append([]byte{0}, r.encode()...)
}
