package contracts

import (
	"math/bits"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

func weighBytes(n int) frame.Weight { return frame.Time(100*frame.Microsecond + 2500*uint64(n)) }

func weighChunk(_ *frame.Runtime, c UploadChunk) frame.Weight { return weighBytes(len(c.Bytes)) }

func weighInstantiate(_ *frame.Runtime, c Instantiate) frame.Weight {
	return weighBytes(len(c.Envelope) + len(c.Salt))
}

func weighCommand(_ *frame.Runtime, c Command) frame.Weight { return weighBytes(len(c.Envelope)) }

func (p *Pallet) uploadChunk(ctx *frame.Context, c UploadChunk) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	n := len(c.Hashes)
	last := int(c.Index) == n-1
	switch {
	case n == 0 || n > words.MaxChunks || int(c.Index) >= n,
		hash.Blake2b256(scale.Encode(c.Hashes)) != c.Code, hash.Blake2b256(c.Bytes) != c.Hashes[c.Index],
		len(c.Bytes) > words.ChunkSize || !last && len(c.Bytes) != words.ChunkSize:
		return ErrBadChunk
	}
	code, had := p.Codes.Get(ctx, c.Code)
	if !had {
		code = Code{Uploader: who, Chunks: uint8(n)}
	}
	bit := uint8(1) << c.Index
	if code.Have&bit != 0 {
		return ErrChunkKnown
	}
	deposit, ok := p.DepositPerByte.Mul(scale.U64(uint64(len(c.Bytes))))
	if !ok {
		return frame.ErrArithmetic{Kind: frame.Overflow}
	}
	if err := p.Money.Reserve(ctx, who, deposit); err != nil {
		return err
	}
	code.Have |= bit
	code.Size += uint32(len(c.Bytes))
	code.Deposit = code.Deposit.AddSat(deposit)
	p.Codes.Put(ctx, c.Code, code)
	ctx.IndexSet(words.ChunkKey(c.Code, c.Index), c.Bytes)
	if bits.OnesCount8(code.Have) == n {
		ctx.Emit(CodeStored{c.Code, code.Uploader, code.Size})
	}
	return nil
}

func (p *Pallet) complete(ctx *frame.Context, id hash.H256) (Code, error) {
	code, ok := p.Codes.Get(ctx, id)
	if !ok || !code.Complete() {
		return code, ErrCodeNotFound
	}
	return code, nil
}

func (p *Pallet) checkCode(ctx *frame.Context, c CheckCode) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if err := p.Clusters.Ready(ctx, c.Cluster); err != nil {
		return err
	}
	code, err := p.complete(ctx, c.Code)
	if err != nil {
		return err
	}
	message := scale.Encode[words.ClusterMessage](words.Code{Hash: c.Code, Size: code.Size})
	_, err = p.Queue.Push(ctx, queue.ToCluster{ID: c.Cluster}, queue.OriginAccount{ID: who}, message)
	return err
}

func (p *Pallet) instantiate(ctx *frame.Context, c Instantiate) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if len(c.Envelope) > int(p.MaxEnvelope) || len(c.Salt) > int(p.MaxSalt) {
		return ErrTooLong
	}
	if err := p.Clusters.Ready(ctx, c.Cluster); err != nil {
		return err
	}
	if _, err := p.complete(ctx, c.Code); err != nil {
		return err
	}
	id := words.ContractID(who, c.Code, c.Cluster, c.Salt)
	if p.Contracts.Has(ctx, id) {
		return ErrDuplicateContract
	}
	p.Contracts.Put(ctx, id, Contract{Deployer: who, Cluster: c.Cluster, Code: c.Code})
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: c.Cluster}, queue.OriginAccount{ID: who},
		scale.Encode[words.ClusterMessage](words.Instantiate{
			Contract: id, Deployer: who, Code: c.Code, Salt: c.Salt, Envelope: c.Envelope,
		}))
	if err != nil {
		return err
	}
	ctx.Emit(Instantiating{id, c.Cluster, who, c.Code, seq})
	return nil
}

func (p *Pallet) command(ctx *frame.Context, c Command) error {
	who, err := ctx.Signer()
	if err != nil {
		return err
	}
	if len(c.Envelope) > int(p.MaxEnvelope) {
		return ErrTooLong
	}
	contract, ok := p.Contracts.Get(ctx, c.Contract)
	switch {
	case !ok:
		return ErrContractNotFound
	case contract.State == Failed:
		return ErrContractFailed
	}
	if err := p.Clusters.Ready(ctx, contract.Cluster); err != nil {
		return err
	}
	seq, err := p.Queue.Push(ctx, queue.ToCluster{ID: contract.Cluster}, queue.OriginAccount{ID: who},
		scale.Encode[words.ClusterMessage](words.Command{Contract: c.Contract, Envelope: c.Envelope}))
	if err != nil {
		return err
	}
	ctx.Emit(CommandQueued{c.Contract, contract.Cluster, who, seq})
	return nil
}

// Receipt hears from the clusters how a message ended. A contract's first
// receipt is that of its constructor.
func (p *Pallet) Receipt(ctx *frame.Context, cluster hash.H256, worker [32]byte, r words.Receipt) {
	if c, ok := p.Contracts.Get(ctx, r.Contract); ok && c.Cluster == cluster && c.State == Pending {
		c.State = Failed
		if r.Status == words.StatusOK {
			c.State = Live
			ctx.Emit(Instantiated{r.Contract, c.Deployer})
		}
		p.Contracts.Put(ctx, r.Contract, c)
	}
	ctx.Emit(CommandDone{cluster, worker, r})
}

// CodeChecked hears from the clusters whether a code can run.
func (p *Pallet) CodeChecked(ctx *frame.Context, cluster, code hash.H256, ok bool, reason []byte) {
	ctx.Emit(CodeChecked{cluster, code, ok, reason})
}
