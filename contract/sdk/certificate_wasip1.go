package sdk

// maxCertificate is the most bytes that the host writes for a certificate:
//
//	account [32] ‖ 0                          a command
//	account [32] ‖ 1 ‖ scheme u8              a query that the account signed
//	account [32] ‖ 2 ‖ key [32] ‖ until u32   one that a session's key signed
const maxCertificate = 32 + 1 + 32 + 4

// readCertificate reads what the host gives, which is always one.
func readCertificate(b []byte) (c Certificate) {
	r := &Reader{b: b}
	c.Account = Account.Read(r)
	switch kind := Uint8.Read(r); kind {
	case 0:
		c.Command = true
	case 1:
		c.Scheme = Scheme(Uint8.Read(r))
	case 2:
		c.Session = &Session{Key: Hash256.Read(r), Until: Uint32.Read(r)}
	default:
		panic("a certificate of an unknown kind")
	}
	if !r.done() {
		panic("the certificate does not decode")
	}
	return c
}
