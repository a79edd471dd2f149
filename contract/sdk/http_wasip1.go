package sdk

var headerCodec = Struct("Header",
	Field("name", String, func(h *Header) *string { return &h.Name }),
	Field("value", String, func(h *Header) *string { return &h.Value }))

var headersCodec = Vec(headerCodec)

func (r Request) append(dst []byte) []byte {
	dst = String.Append(String.Append(dst, r.URL), r.Method)
	return Bytes.Append(headersCodec.Append(dst, r.Headers), r.Body)
}

// readResponse reads what the host gives, which is always one.
func readResponse(b []byte) Response {
	r := &Reader{b: b}
	out := Response{Status: Uint16.Read(r), Reason: String.Read(r), Headers: headersCodec.Read(r), Body: Bytes.Read(r)}
	if !r.done() {
		panic("the response does not decode")
	}
	return out
}
