package node

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/engine/comet"
)

// source asks other nodes by their JSON-RPC over HTTP. It implements
// comet.Source.
type source struct {
	urls []string
	http *http.Client
}

// maxAnswer is the most bytes of one answer.
const maxAnswer = 32 << 20

func newSource(urls []string) *source {
	s := &source{http: &http.Client{Timeout: 30 * time.Second}}
	for _, u := range urls { // JSON-RPC answers on one port by both
		if rest, ok := strings.CutPrefix(u, "ws://"); ok {
			u = "http://" + rest
		} else if rest, ok := strings.CutPrefix(u, "wss://"); ok {
			u = "https://" + rest
		}
		s.urls = append(s.urls, u)
	}
	return s
}

// call asks one node after the other until one answers.
func (s *source) call(ctx context.Context, out any, method string, params ...any) error {
	var faults []error
	for _, u := range s.urls {
		err := s.ask(ctx, u, out, method, params)
		if err == nil {
			return nil
		}
		faults = append(faults, fmt.Errorf("%s of %s: %w", method, u, err))
	}
	return errors.Join(faults...)
}

func (s *source) ask(ctx context.Context, url string, out any, method string, params []any) error {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("status %d: %w", res.StatusCode, err)
	}
	if answer.Error != nil {
		return errors.New(answer.Error.Message)
	}
	return json.Unmarshal(answer.Result, out)
}

// hexBytes are bytes in hex after 0x.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	return err
}

// provenJSON is a block with its proof, as tacit_finalBlock returns it.
type provenJSON struct {
	Header        hexBytes `json:"header"`
	Justification hexBytes `json:"justification"`
}

func (p provenJSON) proven() (comet.Proven, error) {
	header, err := chain.DecodeHeader(p.Header)
	return comet.Proven{Header: header, Justification: p.Justification}, err
}

// SetChanges implements comet.Source.
func (s *source) SetChanges(ctx context.Context, from uint64) (list []comet.Proven, err error) {
	var answer []provenJSON
	if err := s.call(ctx, &answer, "tacit_setChanges", from); err != nil {
		return nil, err
	}
	for _, a := range answer {
		p, err := a.proven()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Block implements comet.Source.
func (s *source) Block(ctx context.Context, number chain.BlockNumber) (comet.Proven, error) {
	var answer provenJSON
	if err := s.call(ctx, &answer, "tacit_finalBlock", number); err != nil {
		return comet.Proven{}, err
	}
	return answer.proven()
}

// ReadProof implements comet.Source.
func (s *source) ReadProof(ctx context.Context, at hash.H256, keys [][]byte) (nodes [][]byte, err error) {
	asked := make([]string, len(keys))
	for i, k := range keys {
		asked[i] = "0x" + hex.EncodeToString(k)
	}
	var answer struct {
		Proof []hexBytes `json:"proof"`
	}
	if err := s.call(ctx, &answer, "state_getReadProof", asked, at); err != nil {
		return nil, err
	}
	for _, n := range answer.Proof {
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// EngineBlock implements comet.Source.
func (s *source) EngineBlock(ctx context.Context, height int64) ([]byte, error) {
	var answer hexBytes
	err := s.call(ctx, &answer, "tacit_engineBlock", height)
	return answer, err
}
