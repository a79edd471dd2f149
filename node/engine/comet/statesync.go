package comet

import (
	"context"
	"errors"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/snapshot"
	"github.com/tacit-network/tacit/scale"
)

// restoring is the snapshot that is being built.
type restoring struct {
	mu  sync.Mutex
	now *snapshot.Restore // guarded by mu; nil while there is none
}

// ListSnapshots implements abci.Application.
func (a *application) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	res := &abci.ResponseListSnapshots{}
	if a.snapshots == nil {
		return res, nil
	}
	list, err := a.snapshots.List()
	if err != nil {
		a.log.Warn("snapshots cannot be listed", "err", err)
		return res, nil
	}
	for _, info := range list {
		h := info.Hash()
		res.Snapshots = append(res.Snapshots, &abci.Snapshot{
			Height: uint64(info.Header.Number), Format: snapshot.Format, Chunks: uint32(len(info.Chunks)), Hash: h[:], Metadata: scale.Marshal(info),
		})
	}
	return res, nil
}

// LoadSnapshotChunk implements abci.Application.
func (a *application) LoadSnapshotChunk(_ context.Context, req *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	if a.snapshots == nil || req.Format != snapshot.Format {
		return &abci.ResponseLoadSnapshotChunk{}, nil
	}
	raw, err := a.snapshots.Chunk(chain.BlockNumber(req.Height), int(req.Chunk))
	if err != nil {
		a.log.Debug("a chunk that a peer asks for is not here", "err", err)
		return &abci.ResponseLoadSnapshotChunk{}, nil
	}
	return &abci.ResponseLoadSnapshotChunk{Chunk: raw}, nil
}

// OfferSnapshot implements abci.Application. AppHash is that of a header which
// the node proved final.
func (a *application) OfferSnapshot(_ context.Context, req *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	s := req.Snapshot
	if s == nil || s.Format != snapshot.Format {
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_REJECT_FORMAT}, nil
	}
	info, err := snapshot.DecodeInfo(s.Metadata, hash.H256(req.AppHash))
	if h := info.Hash(); err != nil || h != hash.H256(s.Hash) || uint64(info.Header.Number) != s.Height || int(s.Chunks) != len(info.Chunks) {
		a.log.Warn("a snapshot is refused", "block", s.Height, "err", err)
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_REJECT}, nil
	}
	a.restore.mu.Lock()
	defer a.restore.mu.Unlock()
	a.restore.now = snapshot.NewRestore(info, a.app.Genesis(), a.app.Store())
	a.log.Info("a snapshot is fetched", "block", info.Header.Number, "chunks", len(info.Chunks))
	return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_ACCEPT}, nil
}

// ApplySnapshotChunk implements abci.Application. Chunks come in order.
func (a *application) ApplySnapshotChunk(_ context.Context, req *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	a.restore.mu.Lock()
	defer a.restore.mu.Unlock()
	if a.restore.now == nil {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	}
	done, err := a.restore.now.Apply(int(req.Index), req.Chunk)
	switch {
	case errors.Is(err, snapshot.ErrChunk):
		a.log.Warn("a chunk is fetched again", "chunk", req.Index, "err", err)
		return &abci.ResponseApplySnapshotChunk{
			Result: abci.ResponseApplySnapshotChunk_RETRY, RefetchChunks: []uint32{req.Index}, RejectSenders: []string{req.Sender},
		}, nil
	case err != nil:
		a.log.Warn("the snapshot is given up", "err", err)
		a.restore.now = nil
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT}, nil
	case done:
		if err := a.app.Adopt(a.restore.now.Info()); err != nil {
			return nil, err
		}
		a.restore.now = nil
	}
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
}
