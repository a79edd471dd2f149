package queue

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// sr25519 is the scheme of identity keys.
const sr25519 = 1

func weighSync(_ *frame.Runtime, c Sync) frame.Weight {
	return frame.Time(100*frame.Microsecond + 2000*uint64(len(c.Message.Payload)))
}

// Push puts a message into the queue of to and returns its number.
func (p *Pallet) Push(ctx *frame.Context, to words.Destination, origin words.MessageOrigin, payload []byte) (uint64, error) {
	if len(payload) > int(p.MaxPayload) {
		return 0, ErrTooLong
	}
	head := p.Head(ctx, to)
	m := words.Message{
		Seq: head.Count, Block: p.Blocks.Now(ctx), Time: p.Clock.Time(ctx), Origin: origin, Payload: payload,
	}
	p.Outbox.Put(ctx, to, words.Head{Count: head.Count + 1, Hash: m.Next(head.Hash)})
	ctx.IndexSet(words.BodyKey(to, m.Seq), scale.Marshal(m))
	ctx.Emit(MessagePushed{to, m.Seq})
	return m.Seq, nil
}

// Head tells how far a queue goes.
func (p *Pallet) Head(ctx *frame.Context, to words.Destination) words.Head {
	head, had := p.Outbox.Find(ctx, to)
	if !had {
		head.Hash = words.Start(p.genesis(ctx), to)
	}
	return head
}

func (p *Pallet) genesis(ctx *frame.Context) hash.H256 {
	h, _ := p.Blocks.HashOf(ctx, 0)
	return h
}

// check judges a message; next is the number that its sender has to use.
func (p *Pallet) check(ctx *frame.Context, m words.SignedMessage) (operator chain.AccountID, next uint64, err error) {
	from, ok := m.Sender.(words.OriginWorker)
	if !ok {
		return operator, 0, ErrBadSender
	}
	operator, epoch, ok := p.Workers.Session(ctx, from.Identity)
	switch {
	case !ok:
		return operator, 0, ErrBadSender
	case epoch != m.BootEpoch:
		return operator, 0, ErrBadEpoch
	case len(m.Payload) > int(p.MaxUp):
		return operator, 0, ErrTooLong
	}
	if in := p.Ingress.Get(ctx, from.Identity); in.BootEpoch == epoch {
		next = in.Next
	}
	if m.Seq < next {
		return operator, next, ErrBadSequence
	}
	if !ctx.VerifySignature(sr25519, from.Identity[:], m.SigningBytes(p.genesis(ctx)), m.Signature[:]) {
		return operator, next, ErrBadSender
	}
	return operator, next, nil
}

// ValidateBare implements frame.BareValidator.
func (p *Pallet) ValidateBare(ctx *frame.Context, _ frame.Source, call any) (frame.Validity, error) {
	c, ok := call.(Sync)
	if !ok {
		return frame.Validity{}, frame.Unknown{Reason: frame.NoUnsignedValidator{}}
	}
	operator, next, err := p.check(ctx, c.Message)
	switch err {
	case nil:
	case ErrBadSequence:
		return frame.Validity{}, frame.Invalid{Reason: frame.Stale{}}
	default:
		return frame.Validity{}, frame.Invalid{Reason: frame.BadProof{}}
	}
	if !p.Fees.CanPay(ctx, operator, weighSync(nil, c), len(c.Message.Payload)) {
		return frame.Validity{}, frame.Invalid{Reason: frame.Payment{}}
	}
	tag := func(seq uint64) []byte {
		return scale.Append([]byte("sync"), struct {
			Sender         words.MessageOrigin
			BootEpoch, Seq uint64
		}{c.Message.Sender, c.Message.BootEpoch, seq})
	}
	v := frame.Valid()
	v.Priority, v.Longevity = 1<<32, 64
	v.Provides = [][]byte{tag(c.Message.Seq)}
	if c.Message.Seq > next {
		v.Requires = [][]byte{tag(c.Message.Seq - 1)}
	}
	return v, nil
}

func (p *Pallet) sync(ctx *frame.Context, c Sync) error {
	if err := ctx.EnsureNone(); err != nil {
		return err
	}
	m := c.Message
	operator, next, err := p.check(ctx, m)
	if err != nil {
		return err
	}
	if m.Seq != next {
		return ErrBadSequence
	}
	if err := p.Fees.Charge(ctx, operator, weighSync(nil, c), len(m.Payload)); err != nil {
		return err
	}
	worker := m.Sender.(words.OriginWorker).Identity
	p.Ingress.Put(ctx, worker, words.Ingress{BootEpoch: m.BootEpoch, Next: m.Seq + 1})
	// What the message asks for may fail; that it was heard may not.
	if err := ctx.Try(func() error { return p.Receiver.Receive(ctx, worker, m.Payload) }); err != nil {
		ctx.Emit(MessageRefused{worker, m.Seq, ctx.Runtime().Reason(err)})
		return nil
	}
	ctx.Emit(MessageReceived{worker, m.Seq})
	return nil
}
