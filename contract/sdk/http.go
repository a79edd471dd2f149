package sdk

// Header is a header of a request or a response.
type Header struct{ Name, Value string }

// Request is an HTTP request: its URL, a method such as GET, headers and a body.
type Request struct {
	URL, Method string
	Headers     []Header
	Body        []byte
}

// Response is the response, or why there is none.
type Response struct {
	Status  uint16
	Reason  string
	Headers []Header
	Body    []byte
}

// The statuses of responses that no server sent.
const (
	FetchFailed      = 520 // the server cannot be reached, or says nonsense
	FetchForbidden   = 521 // contracts reach the public Internet alone, in HTTP
	FetchBusy        = 522 // too many requests run on the worker
	FetchUnavailable = 523 // there is no network: in commands
	FetchTimeout     = 524 // it took too long
)

// OK tells whether a server answered with success.
func (r Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Get fetches what is at a URL.
func (c *Call) Get(url string) Response { return c.Fetch(Request{URL: url, Method: "GET"}) }
