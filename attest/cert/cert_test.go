package cert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/devpki"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/internal/vectors"
)

// real returns the vendors' certificates among the vectors.
func real(tb testing.TB) (ders [][]byte) {
	tb.Helper()
	dir := filepath.Join(vectors.Dir(tb), "quotes")
	for _, name := range []string{"intel_sgx_root_ca.pem", "amd_ask_ark_milan.pem", "amd_ask_ark_genoa.pem", "amd_ask_ark_turin.pem", "snp_v2_milan.vcek.der"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		if filepath.Ext(name) == ".der" {
			ders = append(ders, data)
			continue
		}
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			ders = append(ders, block.Bytes)
		}
	}
	var c struct {
		Chain string `json:"tcb_info_issuer_chain"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "real_tdx_v4_b0c06f.collateral.json"))
	if err != nil || json.Unmarshal(data, &c) != nil {
		tb.Fatal(err)
	}
	more, err := cert.ParsePEM([]byte(c.Chain), 2)
	if err != nil {
		tb.Fatal(err)
	}
	return append(ders, more...)
}

// development returns certificates of every kind that the development
// hierarchies make.
func development() (ders [][]byte) {
	for p := snp.Milan; p <= snp.Turin; p++ {
		amd := devamd.New(p)
		ders = append(ders, amd.Root(), amd.Intermediate(snp.VCEK), amd.Intermediate(snp.VLEK),
			amd.Chip(snp.VCEK, snp.TCB{SNP: 200}).Certificate(), amd.Chip(snp.VLEK, snp.TCB{}).Certificate())
	}
	return append(ders, devpki.New(devpki.Seed).Anchor())
}

// same checks that the standard library reads the same in a certificate.
func same(t *testing.T, der []byte, c *cert.Certificate) {
	t.Helper()
	x, err := x509.ParseCertificate(der)
	if err != nil {
		t.Errorf("the standard library does not read it: %v", err)
		return
	}
	var key []byte
	switch k := x.PublicKey.(type) {
	case *ecdsa.PublicKey:
		key, _ = k.Bytes()
	case *rsa.PublicKey:
		key = k.N.Bytes()
	}
	if !bytes.Equal(c.Serial, x.SerialNumber.Bytes()) || c.NotBefore != uint64(x.NotBefore.Unix()) || c.NotAfter != uint64(x.NotAfter.Unix()) ||
		c.CommonName() != x.Subject.CommonName || c.IssuerName() != x.Issuer.CommonName || c.IsCA != x.IsCA || !bytes.Equal(c.Key.Bytes, key) ||
		c.Usage&cert.CertSign != 0 != (x.KeyUsage&x509.KeyUsageCertSign != 0) || c.Usage&cert.CRLSign != 0 != (x.KeyUsage&x509.KeyUsageCRLSign != 0) ||
		c.HasConstraints != x.BasicConstraintsValid || !bytes.Equal(c.Issuer, x.RawIssuer) || !bytes.Equal(c.Subject, x.RawSubject) {
		t.Errorf("%s: read otherwise than by the standard library", x.Subject)
	}
}

func TestAgainstX509(t *testing.T) {
	for name, ders := range map[string]func(testing.TB) [][]byte{"real": real, "development": func(testing.TB) [][]byte { return development() }} {
		t.Run(name, func(t *testing.T) {
			for _, der := range ders(t) {
				c, err := cert.Parse(der)
				if err != nil {
					t.Error(err)
					continue
				}
				same(t, der, c)
				if c.IssuerName() != c.CommonName() {
					continue
				}
				if err := c.VerifyFrom(c); err != nil {
					t.Errorf("root %s: %v", c.CommonName(), err)
				}
				for i := 8; i < len(der); i += 61 {
					bad := bytes.Clone(der)
					bad[i] ^= 1
					if b, err := cert.Parse(bad); err == nil && b.VerifyFrom(c) == nil {
						t.Errorf("root %s: byte %d changed: accepted", c.CommonName(), i)
					}
				}
			}
		})
	}
}

// What vendors do not use is refused, though it is right.
func TestRefused(t *testing.T) {
	big384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		change  func(*x509.Certificate)
		public  any
		private any
		ok      bool
	}{
		{"ECDSA with SHA-256", nil, &small256.PublicKey, small256, true},
		{"RSA-PSS with SHA-384", func(x *x509.Certificate) { x.SignatureAlgorithm = x509.SHA384WithRSAPSS }, &rsaKey.PublicKey, rsaKey, true},
		{"RSA-PSS with SHA-256", func(x *x509.Certificate) { x.SignatureAlgorithm = x509.SHA256WithRSAPSS }, &rsaKey.PublicKey, rsaKey, false},
		{"RSA PKCS #1", func(x *x509.Certificate) { x.SignatureAlgorithm = x509.SHA384WithRSA }, &rsaKey.PublicKey, rsaKey, false},
		{"ECDSA with SHA-384", nil, &big384.PublicKey, big384, false},
		{"critical extension", func(x *x509.Certificate) {
			x.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, &small256.PublicKey, small256, false},
		{"other extension", func(x *x509.Certificate) {
			x.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Value: []byte{5, 0}}}
		}, &small256.PublicKey, small256, true},
	} {
		x := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Unix(1000, 0), NotAfter: time.Unix(2000, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		if c.change != nil {
			c.change(x)
		}
		der, err := x509.CreateCertificate(rand.Reader, x, x, c.public, c.private)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cert.Parse(der)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			if err := got.VerifyFrom(got); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			for at, want := range map[uint64]error{999: cert.ErrExpired, 1000: nil, 2000: nil, 2001: cert.ErrExpired} {
				if err := got.CheckAt(at); !errors.Is(err, want) {
					t.Errorf("%s at %d: %v", c.name, at, err)
				}
			}
		}
	}
}

func TestList(t *testing.T) {
	amd := devamd.New(snp.Milan)
	root, err := cert.Parse(amd.Root())
	if err != nil {
		t.Fatal(err)
	}
	ask, err := cert.Parse(amd.Intermediate(snp.VCEK))
	if err != nil {
		t.Fatal(err)
	}
	l, err := cert.ParseList(amd.List(86400, true, false))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.VerifyFrom(root); err != nil || !l.Contains(ask.Serial) || l.Contains(root.Serial) || l.Number != 1 || l.ThisUpdate != 86400 {
		t.Errorf("%v, %+v", err, l)
	}
	if err := l.VerifyFrom(ask); err == nil {
		t.Error("a list of another's is accepted")
	}
}

// A list without extensions has no number, and is a list all the same; what is
// signed in it counts.
func TestListWithoutNumber(t *testing.T) {
	amd := devamd.New(snp.Milan)
	list := amd.List(86400, false, false)
	l, err := cert.ParseList(list)
	if err != nil || !l.Numbered {
		t.Fatal(err)
	}
	root, err := cert.Parse(amd.Root())
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if i%3 != 0 {
			continue
		}
		bad := bytes.Clone(list)
		bad[i] ^= 4
		if l, err := cert.ParseList(bad); err == nil && l.VerifyFrom(root) == nil {
			t.Errorf("byte %d changed: accepted", i)
		}
	}
	bare := amd.BareList(86400)
	l, err = cert.ParseList(bare)
	if err != nil || l.Numbered || l.VerifyFrom(root) != nil || l.CheckAt(86400) != nil {
		t.Errorf("without extensions: %+v, %v", l, err)
	}
}

func Example() {
	root, err := cert.Parse(devpki.New(devpki.Seed).Anchor())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(root.CommonName(), root.Key.Kind, cert.FormatDate(root.NotAfter))
	fmt.Println(root.VerifyFrom(root), root.CheckAt(0))
	// Output:
	// Intel SGX Root CA P-256 2049-12-31T23:59:59Z
	// <nil> outside its validity
}

func FuzzParse(f *testing.F) {
	for _, der := range development() {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := cert.Parse(der)
		if err != nil {
			return
		}
		c.CommonName()
		if c.VerifyFrom(c) == nil {
			same(t, der, c)
		}
	})
}

func FuzzParseList(f *testing.F) {
	amd := devamd.New(snp.Milan)
	f.Add(amd.List(86400, true, true))
	f.Add(amd.BareList(86400))
	f.Fuzz(func(t *testing.T, der []byte) {
		l, err := cert.ParseList(der)
		if err != nil {
			return
		}
		for _, s := range l.Revoked {
			if len(s) == 0 || !l.Contains(s) {
				t.Errorf("listed serial %x is not found", s)
			}
		}
	})
}

func FuzzParsePEM(f *testing.F) {
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}}))
	f.Fuzz(func(t *testing.T, text []byte) {
		ders, err := cert.ParsePEM(text, 3)
		if err == nil && len(ders) > 3 {
			t.Error("more than the limit")
		}
	})
}
