package attest

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func FuzzParseQuote(f *testing.F) {
	for _, s := range realSets {
		f.Add(read(f, s.quote))
	}
	for _, n := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok", "tdx_v4_truncated"} {
		f.Add(read(f, "dev", n+".quote.bin"))
	}
	for _, n := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok"} {
		for _, raw := range fixedCuts(read(f, "dev", n+".quote.bin")) {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := ParseQuote(raw)
		if err != nil {
			return
		}
		q.Need()
		if (q.SGX == nil) == (q.TDX == nil) {
			t.Error("quote with no body, or with two")
		}
	})
}

// fixedCuts returns a quote cut at many places, with the lengths inside made to
// fit again: that leads a parser far into what is not there.
func fixedCuts(raw []byte) (out [][]byte) {
	body := map[uint16]int{3: 48 + 384, 4: 48 + 584, 5: 48 + 6 + 648}[binary.LittleEndian.Uint16(raw)]
	for _, left := range []int{0, 1, 63, 64, 127, 128, 130, 134, 135, 500, 518, 574, 576, 577, 580, 608, 614, 620, 900} {
		b := bytes.Clone(raw[:body+4+left])
		binary.LittleEndian.PutUint32(b[body:], uint32(left))
		out = append(out, b)
		if raw[0] >= 4 && left > 134 { // the certification data as well
			b := bytes.Clone(b)
			binary.LittleEndian.PutUint32(b[body+4+130:], uint32(left-134))
			out = append(out, b)
		}
	}
	return out
}

// None of the cuts is a quote, and none does worse than fail.
func TestFixedCuts(t *testing.T) {
	for _, n := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok"} {
		for _, raw := range fixedCuts(read(t, "dev", n+".quote.bin")) {
			if q, err := ParseQuote(raw); err == nil {
				if _, err := q.Need(); err == nil {
					t.Errorf("%s: %d bytes are a quote", n, len(raw))
				}
			}
		}
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add(intelRoot(f))
	f.Add(read(f, "dev", "root_ca.der"))
	for _, s := range realSets {
		q, err := ParseQuote(read(f, s.quote))
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range q.chain {
			f.Add(c)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseCertificate(raw)
		if err != nil {
			return
		}
		c.CommonName()
		pckOf(c)
		c.VerifyFrom(c)
	})
}

func FuzzParseCRL(f *testing.F) {
	for _, s := range realSets {
		c := readCollateral(f, read(f, s.collateral+".collateral.json"))
		f.Add(c.RootCRL)
		f.Add(c.PCKCRL)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, _, err := parseCRL(raw)
		if err != nil {
			return
		}
		for _, s := range c.Revoked {
			if len(s) == 0 || !c.Contains(s) {
				t.Errorf("listed serial %x is not found", s)
			}
		}
	})
}

func FuzzParseInfo(f *testing.F) {
	for _, s := range realSets {
		c := readCollateral(f, read(f, s.collateral+".collateral.json"))
		f.Add(c.TCBInfo)
		f.Add(c.QEIdentity)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		parseTCBInfo(raw)
		parseQEIdentity(raw)
	})
}
