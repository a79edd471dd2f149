package devpki

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tacit-network/tacit/attest"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

const (
	day       = 86400
	issuedAgo = 2 * day // how long ago collateral was issued, at least
	issuedFor = 30 * day
)

// PCS plays Intel's provisioning certification service under a development
// root. What it issues depends on its fields and on the day that it is asked
// for, nothing else.
type PCS struct {
	PKI         *PKI
	Eval        uint32   // added to the evaluation number, which starts at 18
	Recovery    bool     // a TCB recovery: the level that was the best is OutOfDate
	Rated       string   // status of the best level of platforms, in place of UpToDate
	QERated     string   // the same of quoting enclaves
	ModuleRated string   // the same of TDX modules
	LowerCase   bool     // writes the FMSPC in small letters, as Intel does at times
	RevokedPCK  [][]byte // serial numbers of platforms
	RevokedRoot [][]byte // serial numbers of what the root issued
}

const firstEval = 18

// Collateral returns what is to be said at the Unix second now about platforms
// of a family. It is the same all day long.
func (s *PCS) Collateral(tee attest.TEE, fmspc attest.FMSPC, now uint64) *attest.Collateral {
	issued := max(now/day*day, issuedAgo) - issuedAgo
	p := s.PKI
	c := &attest.Collateral{
		PCKCRLChain:     pemChain(p.platformCA.der, p.root.der),
		RootCRL:         revocationList(&p.root, issued, s.RevokedRoot),
		PCKCRL:          revocationList(&p.platformCA, issued, s.RevokedPCK),
		TCBInfoChain:    pemChain(p.signing.der, p.root.der),
		TCBInfo:         s.tcbInfo(tee, fmspc, issued),
		QEIdentityChain: pemChain(p.signing.der, p.root.der),
		QEIdentity:      s.qeIdentity(tee, issued),
	}
	c.TCBInfoSignature = signRaw(p.signing.key, c.TCBInfo)
	c.QEIdentitySig = signRaw(p.signing.key, c.QEIdentity)
	return c
}

// Document returns the collateral as the JSON document that quote verification
// tools read.
func (s *PCS) Document(tee attest.TEE, fmspc attest.FMSPC, now uint64) []byte {
	b, err := json.Marshal(s.Collateral(tee, fmspc, now))
	if err != nil {
		panic(err) // strings only
	}
	return b
}

// revocationList makes the list of an issuer. Its number grows with the days,
// and within a day with the entries.
func revocationList(issuer *entity, issued uint64, revoked [][]byte) []byte {
	date := func(b *cryptobyte.Builder, at uint64) {
		addBytes(b, asn1.UTCTime, []byte(time.Unix(int64(at), 0).UTC().Format("060102150405Z")))
	}
	tbs := seq(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addAlgorithm(b)
		b.AddBytes(issuer.name)
		date(b, issued)
		date(b, issued+issuedFor)
		if len(revoked) > 0 {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, serial := range revoked {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						addBytes(b, asn1.INTEGER, serial)
						date(b, issued)
					})
				}
			})
		}
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addExtension(b, oidAuthorityKey, false, authorityKey(issuer))
				addExtension(b, oidCRLNumber, false, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(issued/day)<<16 + int64(len(revoked))) })
			})
		})
	})
	return signed(tbs, issuer.key)
}

// The names of what ails old development platforms.
const (
	advisoryMild   = "TACIT-DEV-00001"
	advisoryOld    = "TACIT-DEV-00002"
	advisoryModule = "TACIT-DEV-00003"
)

type object = map[string]any

func (s *PCS) tcbInfo(tee attest.TEE, fmspc attest.FMSPC, issued uint64) []byte {
	level := func(svn [16]byte, tee2 byte, date, status string, advisories ...string) object {
		tcb := object{"pcesvn": pcesvnUpToDate, "sgxtcbcomponents": components(svn)}
		if tee == attest.TDX {
			tcb["tdxtcbcomponents"] = components([16]byte{5, 0, tee2})
		}
		return tcbLevel(tcb, date, status, advisories)
	}
	mild, old := svnUpToDate, svnUpToDate
	mild[0]--
	old[0], old[1] = old[0]-2, old[1]-2
	best, bestAdvisories := "UpToDate", []string(nil)
	if s.Recovery {
		best, bestAdvisories = "OutOfDate", []string{advisoryOld}
	}
	best = cmp.Or(s.Rated, best)
	info := s.dated(issued)
	info["id"] = tee.String()
	info["version"] = 3
	info["fmspc"] = fmspc.String()
	if s.LowerCase {
		info["fmspc"] = strings.ToLower(fmspc.String())
	}
	info["pceId"] = "0000"
	info["tcbType"] = 0
	info["tcbLevels"] = []object{
		level(svnUpToDate, 5, "2026-08-13T00:00:00Z", best, bestAdvisories...),
		level(mild, 5, "2026-08-13T00:00:00Z", "SWHardeningNeeded", advisoryMild),
		level(old, 4, "2025-03-13T00:00:00Z", "OutOfDate", advisoryMild, advisoryOld),
	}
	if tee == attest.TDX {
		module := object{
			"mrsigner": fmt.Sprintf("%096d", 0), "attributes": "0000000000000000", "attributesMask": "FFFFFFFFFFFFFFFF",
		}
		info["tdxModule"] = module
		info["tdxModuleIdentities"] = []object{{
			"id": "TDX_01", "mrsigner": module["mrsigner"], "attributes": module["attributes"], "attributesMask": module["attributesMask"],
			"tcbLevels": []object{
				tcbLevel(object{"isvsvn": 5}, "2026-08-13T00:00:00Z", cmp.Or(s.ModuleRated, "UpToDate"), nil),
				tcbLevel(object{"isvsvn": 2}, "2025-01-01T00:00:00Z", "OutOfDate", []string{advisoryModule}),
			},
		}}
	}
	return compactJSON(info)
}

func (s *PCS) qeIdentity(tee attest.TEE, issued uint64) []byte {
	signer := s.PKI.qeSigner()
	id := s.dated(issued)
	id["version"] = 2
	id["id"], id["isvprodid"] = "QE", 1
	if tee == attest.TDX {
		id["id"], id["isvprodid"] = "TD_QE", 2
	}
	id["miscselect"], id["miscselectMask"] = "00000000", "FFFFFFFF"
	id["attributes"], id["attributesMask"] = fmt.Sprintf("%X", qeAttributes[:]), "FBFFFFFFFFFFFFFF0000000000000000"
	id["mrsigner"] = fmt.Sprintf("%X", signer[:])
	id["tcbLevels"] = []object{tcbLevel(object{"isvsvn": qeSVN}, "2026-08-13T00:00:00Z", cmp.Or(s.QERated, "UpToDate"), nil)}
	return compactJSON(id)
}

func (s *PCS) dated(issued uint64) object {
	iso := func(at uint64) string { return time.Unix(int64(at), 0).UTC().Format("2006-01-02T15:04:05Z") }
	eval := firstEval + s.Eval
	if s.Recovery {
		eval++
	}
	return object{
		"issueDate": iso(issued), "nextUpdate": iso(issued + issuedFor), "tcbEvaluationDataNumber": eval,
	}
}

func tcbLevel(tcb object, date, status string, advisories []string) object {
	l := object{"tcb": tcb, "tcbDate": date, "tcbStatus": status}
	if len(advisories) > 0 { // Intel leaves an empty list out
		l["advisoryIDs"] = advisories
	}
	return l
}

func components(svn [16]byte) []object {
	out := make([]object, 16)
	for i, v := range svn {
		out[i] = object{"svn": v}
	}
	return out
}

// compactJSON writes keys in sorted order, so that the bytes are always the
// same.
func compactJSON(v object) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings and numbers only
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
