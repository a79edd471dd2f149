package attest

import (
	"testing"
	"time"
)

func FuzzParseQuote(f *testing.F) {
	for _, s := range realSets {
		f.Add(read(f, s.quote))
	}
	for _, n := range []string{"sgx_v3_ok", "tdx_v4_ok", "tdx_v5_td15_ok", "tdx_v4_truncated"} {
		f.Add(read(f, "dev", n+".quote.bin"))
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
		commonName(c.subject)
		if c.sgx != nil {
			c.pck()
		}
		c.verify(c)
	})
}

func FuzzParseCRL(f *testing.F) {
	for _, s := range realSets {
		c := readCollateral(f, read(f, s.collateral+".collateral.json"))
		f.Add(c.RootCRL)
		f.Add(c.PCKCRL)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseCRL(raw)
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

// The calendar agrees with package time.
func TestUnixDate(t *testing.T) {
	for at := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2405; at = at.Add(17*time.Hour + 59*time.Minute + 31*time.Second + 30*24*time.Hour) {
		got, ok := unixDate(at.Year(), int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second())
		if !ok || got != uint64(at.Unix()) {
			t.Fatalf("%v: %d, want %d", at, got, at.Unix())
		}
	}
	for _, s := range []string{"20230229000000", "20231301000000", "19691231235959", "2023010100000x", "20230101240000"} {
		if v, ok := compactDate(s); ok {
			t.Errorf("%s is taken as %d", s, v)
		}
	}
}
