package attest

import "testing"

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
