package attest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/cert"
	"github.com/tacit-network/tacit/hash"
)

const (
	maxInfoSize   = 64 << 10
	maxLevels     = 64
	maxAdvisories = 64
	maxAdvisory   = 32 // bytes of one advisory's name
	maxModules    = 16
)

// ErrRollback tells that collateral is older than what it would replace.
var ErrRollback = errors.New("older than what is stored")

// TCBInfo is an authenticated TCB info of version 3, decoded. Times are Unix
// seconds.
type TCBInfo struct {
	TEE        TEE
	FMSPC      FMSPC
	PCEID      [2]byte
	Eval       uint32 // tcbEvaluationDataNumber
	IssueDate  uint64
	NextUpdate uint64
	Signer     []byte           // serial of the TCB signing certificate
	Module     *ModuleIdentity  // of TDX modules of version 0; nil for SGX
	Modules    []ModuleIdentity // of later TDX modules
	Levels     []TCBLevel       // the best first
	RawHash    hash.H256        // blake2_256 of the signed bytes
}

// ModuleIdentity says what a TDX module of one major version must be.
type ModuleIdentity struct {
	Version        uint8
	MRSigner       [48]byte
	Attributes     [8]byte
	AttributesMask [8]byte
	Levels         []SVNLevel // the best first; none for version 0
}

// SVNLevel is the state of a quoting enclave or a TDX module from a security
// version on.
type SVNLevel struct {
	SVN        uint16
	Date       uint64
	Status     Status
	Advisories []string
}

// TCBLevel is the state of a platform from a set of security versions on.
type TCBLevel struct {
	SGX        [16]byte
	TDX        [16]byte
	PCESVN     uint16
	Date       uint64
	Status     Status
	Advisories []string
}

// QEIdentity is the authenticated identity of a quoting enclave, decoded.
// Times are Unix seconds.
type QEIdentity struct {
	TEE            TEE
	Eval           uint32
	IssueDate      uint64
	NextUpdate     uint64
	Signer         []byte // serial of the TCB signing certificate
	MiscSelect     [4]byte
	MiscSelectMask [4]byte
	Attributes     [16]byte
	AttributesMask [16]byte
	MRSigner       [32]byte
	ProdID         uint16
	Levels         []SVNLevel // the best first
	RawHash        hash.H256
}

func (t *TCBInfo) checkAt(now uint64) error { return cert.CheckWindow(t.IssueDate, t.NextUpdate, now) }

func (q *QEIdentity) checkAt(now uint64) error {
	return cert.CheckWindow(q.IssueDate, q.NextUpdate, now)
}

// Supersedes reports whether t may take the place of old, with an error that
// says why not, and whether it is newer. The same again is no error.
func (t *TCBInfo) Supersedes(old *TCBInfo) (newer bool, err error) {
	return supersedes(t.Eval, old.Eval, t.IssueDate, old.IssueDate)
}

// Supersedes reports whether q may take the place of old, with an error that
// says why not, and whether it is newer. The same again is no error.
func (q *QEIdentity) Supersedes(old *QEIdentity) (newer bool, err error) {
	return supersedes(q.Eval, old.Eval, q.IssueDate, old.IssueDate)
}

func supersedes(eval, oldEval uint32, issue, oldIssue uint64) (newer bool, err error) {
	if eval < oldEval || issue < oldIssue {
		return false, fmt.Errorf("evaluation %d of %d is older than %d of %d: %w", eval, issue, oldEval, oldIssue, ErrRollback)
	}
	return eval > oldEval || issue > oldIssue, nil
}

// The shapes of Intel's JSON. Hexadecimal comes in both cases.
// https://api.portal.trustedservices.intel.com/content/documentation.html
type (
	jsonTCBInfo struct {
		ID         string       `json:"id"`
		Version    uint32       `json:"version"`
		IssueDate  string       `json:"issueDate"`
		NextUpdate string       `json:"nextUpdate"`
		FMSPC      string       `json:"fmspc"`
		PCEID      string       `json:"pceId"`
		TCBType    uint32       `json:"tcbType"`
		Eval       uint32       `json:"tcbEvaluationDataNumber"`
		Module     *jsonModule  `json:"tdxModule"`
		Modules    []jsonModule `json:"tdxModuleIdentities"`
		Levels     []jsonLevel  `json:"tcbLevels"`
	}
	jsonModule struct {
		ID             string      `json:"id"`
		MRSigner       string      `json:"mrsigner"`
		Attributes     string      `json:"attributes"`
		AttributesMask string      `json:"attributesMask"`
		Levels         []jsonLevel `json:"tcbLevels"`
	}
	jsonLevel struct {
		TCB struct {
			SGX    []jsonComponent `json:"sgxtcbcomponents"`
			TDX    []jsonComponent `json:"tdxtcbcomponents"`
			PCESVN *uint16         `json:"pcesvn"`
			ISVSVN *uint16         `json:"isvsvn"`
		} `json:"tcb"`
		Date       string   `json:"tcbDate"`
		Status     string   `json:"tcbStatus"`
		Advisories []string `json:"advisoryIDs"`
	}
	jsonComponent struct {
		SVN uint8 `json:"svn"`
	}
	jsonQEIdentity struct {
		ID             string      `json:"id"`
		Version        uint32      `json:"version"`
		IssueDate      string      `json:"issueDate"`
		NextUpdate     string      `json:"nextUpdate"`
		Eval           uint32      `json:"tcbEvaluationDataNumber"`
		MiscSelect     string      `json:"miscselect"`
		MiscSelectMask string      `json:"miscselectMask"`
		Attributes     string      `json:"attributes"`
		AttributesMask string      `json:"attributesMask"`
		MRSigner       string      `json:"mrsigner"`
		ProdID         uint16      `json:"isvprodid"`
		Levels         []jsonLevel `json:"tcbLevels"`
	}
)

// parseTCBInfo decodes TCB info whose signature was checked already.
func parseTCBInfo(raw []byte) (*TCBInfo, error) {
	var j jsonTCBInfo
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("parse TCB info: %w", err)
	}
	t := &TCBInfo{Eval: j.Eval, RawHash: hash.Blake2b256(raw)}
	switch j.ID {
	case "SGX":
		t.TEE = SGX
	case "TDX":
		t.TEE = TDX
	default:
		return nil, fmt.Errorf("parse TCB info: unknown id %.16q", j.ID)
	}
	if j.Version != 3 || j.TCBType != 0 {
		return nil, fmt.Errorf("parse TCB info: version %d, type %d", j.Version, j.TCBType)
	}
	p := parser{}
	t.IssueDate, t.NextUpdate = p.date(j.IssueDate), p.date(j.NextUpdate)
	p.hex(t.FMSPC[:], j.FMSPC)
	p.hex(t.PCEID[:], j.PCEID)
	if len(j.Levels) == 0 || len(j.Levels) > maxLevels || len(j.Modules) > maxModules {
		return nil, errors.New("parse TCB info: too many or no levels")
	}
	for i := range j.Levels {
		t.Levels = append(t.Levels, p.tcbLevel(&j.Levels[i], t.TEE))
	}
	slices.SortStableFunc(t.Levels, func(a, b TCBLevel) int {
		return cmp.Or(bytes.Compare(b.SGX[:], a.SGX[:]), cmp.Compare(b.PCESVN, a.PCESVN), bytes.Compare(b.TDX[:], a.TDX[:]))
	})
	if t.TEE == TDX {
		if j.Module == nil {
			return nil, errors.New("parse TCB info: no TDX module")
		}
		m := p.module(j.Module)
		t.Module = &m
		for i := range j.Modules {
			m := p.module(&j.Modules[i])
			m.Version = p.moduleVersion(j.Modules[i].ID)
			m.Levels = p.svnLevels(j.Modules[i].Levels)
			t.Modules = append(t.Modules, m)
		}
	}
	if p.err != nil {
		return nil, fmt.Errorf("parse TCB info: %w", p.err)
	}
	return t, nil
}

// parseQEIdentity decodes an identity whose signature was checked already.
func parseQEIdentity(raw []byte) (*QEIdentity, error) {
	var j jsonQEIdentity
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("parse QE identity: %w", err)
	}
	q := &QEIdentity{Eval: j.Eval, ProdID: j.ProdID, RawHash: hash.Blake2b256(raw)}
	switch {
	case j.ID == "QE" && j.Version == 2:
		q.TEE = SGX
	case j.ID == "TD_QE" && (j.Version == 2 || j.Version == 3):
		q.TEE = TDX
	default:
		return nil, fmt.Errorf("parse QE identity: id %.16q of version %d", j.ID, j.Version)
	}
	p := parser{}
	q.IssueDate, q.NextUpdate = p.date(j.IssueDate), p.date(j.NextUpdate)
	p.hex(q.MiscSelect[:], j.MiscSelect)
	p.hex(q.MiscSelectMask[:], j.MiscSelectMask)
	p.hex(q.Attributes[:], j.Attributes)
	p.hex(q.AttributesMask[:], j.AttributesMask)
	p.hex(q.MRSigner[:], j.MRSigner)
	q.Levels = p.svnLevels(j.Levels)
	if p.err != nil {
		return nil, fmt.Errorf("parse QE identity: %w", p.err)
	}
	return q, nil
}

// parser keeps the first error of many small steps.
type parser struct{ err error }

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) date(s string) uint64 {
	t, err := cert.ParseDate(s)
	if err != nil {
		p.fail(err)
	}
	return t
}

// hex fills dst from s, which must be exactly as long.
func (p *parser) hex(dst []byte, s string) {
	if len(s) != 2*len(dst) {
		p.fail(fmt.Errorf("%d digits where %d bytes belong", len(s), len(dst)))
		return
	}
	if _, err := hex.Decode(dst, []byte(s)); err != nil {
		p.fail(err)
	}
}

func (p *parser) tcbLevel(j *jsonLevel, tee TEE) TCBLevel {
	l := TCBLevel{Date: p.date(j.Date), Status: p.status(j.Status), Advisories: p.advisories(j.Advisories)}
	if j.TCB.PCESVN == nil {
		p.fail(errors.New("level without pcesvn"))
		return l
	}
	l.PCESVN = *j.TCB.PCESVN
	p.components(&l.SGX, j.TCB.SGX)
	if tee == TDX {
		p.components(&l.TDX, j.TCB.TDX)
	}
	return l
}

func (p *parser) components(dst *[16]byte, src []jsonComponent) {
	if len(src) != len(dst) {
		p.fail(fmt.Errorf("%d TCB components in place of 16", len(src)))
		return
	}
	for i, c := range src {
		dst[i] = c.SVN
	}
}

func (p *parser) svnLevels(js []jsonLevel) []SVNLevel {
	if len(js) == 0 || len(js) > maxLevels {
		p.fail(errors.New("too many or no levels"))
		return nil
	}
	out := make([]SVNLevel, 0, len(js))
	for i := range js {
		j := &js[i]
		if j.TCB.ISVSVN == nil {
			p.fail(errors.New("level without isvsvn"))
			return nil
		}
		out = append(out, SVNLevel{
			SVN: *j.TCB.ISVSVN, Date: p.date(j.Date), Status: p.status(j.Status), Advisories: p.advisories(j.Advisories),
		})
	}
	slices.SortStableFunc(out, func(a, b SVNLevel) int { return cmp.Compare(b.SVN, a.SVN) })
	return out
}

func (p *parser) status(s string) Status {
	st, err := parseStatus(s)
	if err != nil {
		p.fail(err)
	}
	return st
}

func (p *parser) advisories(list []string) []string {
	if len(list) > maxAdvisories {
		p.fail(fmt.Errorf("%d advisories in one level", len(list)))
		return nil
	}
	for _, a := range list {
		if len(a) > maxAdvisory {
			p.fail(fmt.Errorf("advisory %.40q is too long", a))
		}
	}
	return list
}

func (p *parser) module(j *jsonModule) ModuleIdentity {
	var m ModuleIdentity
	p.hex(m.MRSigner[:], j.MRSigner)
	p.hex(m.Attributes[:], j.Attributes)
	p.hex(m.AttributesMask[:], j.AttributesMask)
	return m
}

// moduleVersion reads the NN of "TDX_NN".
func (p *parser) moduleVersion(id string) uint8 {
	var v [1]byte
	if len(id) != 6 || id[:4] != "TDX_" {
		p.fail(fmt.Errorf("TDX module id %.16q", id))
		return 0
	}
	p.hex(v[:], id[4:])
	return v[0]
}
