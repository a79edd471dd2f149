package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
)

// The most bytes that a file may have.
const (
	maxQuoteFile      = 256 << 10 // in hexadecimal, with white space
	maxCollateralFile = 1 << 20
)

// readLimited reads a file that is not larger than it can be.
func readLimited(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, hint(err, "check the path; `tacit verify quote --help` tells what the files are")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", file, err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("read %s: it has more than %d bytes", file, most)
	case len(data) == 0:
		return nil, fmt.Errorf("read %s: it is empty", file)
	}
	return data, nil
}

// readQuote reads a quote in binary or in hexadecimal.
func readQuote(file string) ([]byte, error) {
	data, err := readLimited(file, maxQuoteFile)
	if err != nil {
		return nil, err
	}
	if isIntel(data) || snp.IsReport(data) {
		return data, nil
	}
	text := strings.Join(strings.Fields(string(data)), "")
	if len(text) > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		text = text[2:]
	}
	if raw, err := hex.DecodeString(text); err == nil && (isIntel(raw) || snp.IsReport(raw)) {
		return raw, nil
	}
	return nil, hint(fmt.Errorf("%s is not a quote", file),
		"a quote is what SGX, TDX or SEV-SNP hardware returns, in binary or hexadecimal, of version 3 to 5; a report of SEV-SNP is of version 2 to 5")
}

// isIntel reports whether bytes begin as a quote of SGX or TDX does: with a
// version, and the only type of attestation key that is in use.
func isIntel(raw []byte) bool {
	if len(raw) < 8 {
		return false
	}
	version, key := binary.LittleEndian.Uint16(raw), binary.LittleEndian.Uint16(raw[2:])
	return version >= 1 && version <= 16 && key >= 1 && key <= 3
}

// readCollateral reads the collateral of a platform of Intel's, by itself or as
// the member "collateral" of an object.
func readCollateral(file string) (*attest.Collateral, error) {
	const what = "collateral is one JSON object with tcb_info, qe_identity, their signatures and chains, and the revocation lists"
	data, err := readLimited(file, maxCollateralFile)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, hint(fmt.Errorf("read %s: %w", file, err), what)
	}
	if inner, ok := members["collateral"]; ok {
		if members = nil; json.Unmarshal(inner, &members) != nil {
			return nil, hint(fmt.Errorf("read %s: its collateral is no object", file), what)
		}
		data = inner
	}
	for _, name := range []string{"tcb_info", "qe_identity"} {
		if _, ok := members[name]; !ok {
			return nil, hint(fmt.Errorf("read %s: it has no %s", file, name), what)
		}
	}
	c := new(attest.Collateral)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, hint(fmt.Errorf("read %s: %w", file, err), what)
	}
	return c, nil
}

// readDERs reads certificates and lists: one in DER, or any number in PEM.
func readDERs(file string) ([][]byte, error) {
	data, err := readLimited(file, maxCollateralFile)
	if err != nil {
		return nil, err
	}
	if data[0] == 0x30 { // a SEQUENCE
		return [][]byte{data}, nil
	}
	var out [][]byte
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		out = append(out, block.Bytes)
	}
	if len(out) == 0 {
		return nil, hint(fmt.Errorf("read %s: no certificate in it", file), "certificates are in DER or PEM")
	}
	return out, nil
}

// readIntelAnchor reads a root certificate for quotes of SGX and TDX.
func readIntelAnchor(file string) ([]byte, error) {
	ders, err := readDERs(file)
	if err != nil {
		return nil, err
	}
	for _, der := range ders {
		if err = attest.CheckAnchor(der); err == nil {
			return bytes.Clone(der), nil
		}
	}
	return nil, hint(fmt.Errorf("read %s: %w", file, err), "an anchor for SGX and TDX is an SGX root certificate, which signs itself")
}

// requirements are the policy that the flags describe.
func (f *verifyFlags) requirements() (attest.Requirements, error) {
	q := attest.Requirements{Policy: attest.Policy{Advisories: f.advisories, MinEvalSGX: f.evaluation, MinEvalTDX: f.evaluation}}
	if f.maxAge < time.Second {
		return q, hint(fmt.Errorf("--max-age %s is too short", f.maxAge), "write --max-age 168h for 7 days")
	}
	q.MaxAge = uint64(f.maxAge / time.Second)
	for _, s := range f.statuses {
		var status attest.Status
		if err := status.UnmarshalText([]byte(s)); err != nil || status == attest.Revoked {
			return q, hint(fmt.Errorf("--allow-status %q is no status that can be admitted", s),
				"they are SWHardeningNeeded, ConfigurationNeeded, ConfigurationAndSWHardeningNeeded, OutOfDate and OutOfDateConfigurationNeeded")
		}
		q.Statuses = append(q.Statuses, status)
	}
	for _, text := range f.families {
		raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil || len(raw) != 6 {
			return q, hint(fmt.Errorf("--allow-fmspc %q is no family", text), "an FMSPC has 12 hexadecimal digits: the tree shows a platform's at its PCK certificate")
		}
		q.Allowed = append(q.Allowed, attest.FMSPC(raw))
	}
	for _, m := range f.measurements {
		raw, err := hex.DecodeString(strings.TrimPrefix(m, "0x"))
		if err != nil || len(raw) != 32 && len(raw) != 48 {
			return q, hint(fmt.Errorf("--measurement %q is no measurement", m), "MRENCLAVE has 64 hexadecimal digits, MRTD and MEASUREMENT have 96")
		}
		q.Measurements = append(q.Measurements, raw)
	}
	return q, nil
}

// parseMoment reads a time as RFC 3339, as a date, or as seconds since 1970.
func parseMoment(text string, now time.Time) (uint64, error) {
	bad := func(why error) (uint64, error) {
		return 0, hint(why, "write --at 2026-11-22T12:00:00Z, or seconds since 1970, such as --at 1795305600")
	}
	if text == "now" || text == "" {
		return uint64(now.Unix()), nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		if n > 253402300799 { // the end of the year 9999
			return bad(fmt.Errorf("--at %q is after the year 9999; are these milliseconds?", text))
		}
		return n, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, text); err != nil {
			return bad(fmt.Errorf("--at %q is no time", text))
		}
	}
	if t.Unix() < 0 {
		return bad(errors.New("--at is before 1970"))
	}
	return uint64(t.Unix()), nil
}
