// Package traffic makes random transactions, for tests that compare two
// executions: calls of all pallets with random arguments and calls inside
// calls, most of them signed well, some badly, some cut or changed. What it
// makes follows from a seed, but for the signatures of sr25519.
//
// Many of the calls fail, in many ways; all that matters is that they do so
// everywhere alike.
package traffic

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/contracts"
	"github.com/tacit-network/tacit/runtime/pallet/grandpa"
	"github.com/tacit-network/tacit/runtime/pallet/multisig"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/session"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/timestamp"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
	"github.com/tacit-network/tacit/scale"
)

// calls are what transactions call; those that stand more often are called more
// often. System.set_storage and its like are not among them: root can break the
// state with them, and the runtime.
var calls = []any{
	balances.TransferKeepAlive{}, balances.TransferKeepAlive{}, balances.TransferKeepAlive{}, balances.TransferAllowDeath{},
	balances.TransferAllowDeath{}, balances.ForceTransfer{}, balances.TransferAll{}, balances.ForceUnreserve{},
	balances.UpgradeAccounts{}, balances.ForceSetBalance{}, balances.ForceAdjustTotalIssuance{}, balances.Burn{},
	utility.Batch{}, utility.Batch{}, utility.BatchAll{}, utility.ForceBatch{}, utility.AsDerivative{}, utility.DispatchAs{},
	utility.WithWeight{}, utility.IfElse{}, utility.IfElse{}, utility.DispatchAsFallible{},
	multisig.AsMultiThreshold1{}, multisig.AsMulti{}, multisig.AsMulti{}, multisig.ApproveAsMulti{}, multisig.CancelAsMulti{}, multisig.PokeDeposit{},
	proxy.Proxy{}, proxy.Proxy{}, proxy.AddProxy{}, proxy.AddProxy{}, proxy.RemoveProxy{}, proxy.RemoveProxies{}, proxy.CreatePure{},
	proxy.KillPure{}, proxy.Announce{}, proxy.RemoveAnnouncement{}, proxy.RejectAnnouncement{}, proxy.ProxyAnnounced{}, proxy.PokeDeposit{},
	system.Remark{}, system.RemarkWithEvent{}, timestamp.Set{}, grandpa.NoteJustification{},
	treasury.Spend{}, treasury.Payout{}, treasury.CheckStatus{}, treasury.VoidSpend{},
	sudo.Sudo{}, sudo.Sudo{}, sudo.Sudo{}, sudo.SudoAs{}, session.SetKeys{}, session.PurgeKeys{}, session.SetValidators{},
	contracts.UploadChunk{}, contracts.CheckCode{}, contracts.Instantiate{}, contracts.Command{}, clusters.Create{},
	registry.SetEndpoints{}, registry.Deregister{}, registry.BanPlatform{}, attestation.SetAnchor{}, attestation.RetireImage{},
	registry.SetDraining{}, registry.Freeze{}, registry.SetPlatformCap{}, registry.SetEndorsers{}, registry.Endorse{}, registry.Stake{},
	registry.Unstake{}, registry.WithdrawStake{}, registry.RemoveWorker{}, attestation.SetAmdFirmware{}, attestation.SetActivationDelay{},
}

// people is how many accounts send transactions. The first is Sudo's.
const people = 12

// Source makes transactions for one chain.
type Source struct {
	random  *rand.Rand
	rt      *runtime.Runtime
	genesis hash.H256
	pairs   []keys.Pair
	nonces  []uint32
}

// Accounts returns the pairs that sign: some of each scheme.
func Accounts() ([]keys.Pair, error) {
	var list []keys.Pair
	for i := range people {
		scheme := []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.Ecdsa}[i%3]
		seed := hash.Blake2b256([]byte("tacit/test/traffic"), []byte{byte(i)})
		pair, err := keys.NewPair(scheme, seed)
		if err != nil {
			return nil, err
		}
		list = append(list, pair)
	}
	return list, nil
}

// Endow gives the accounts money in a genesis, and Sudo to the first.
func Endow(g *runtime.Genesis) error {
	list, err := Accounts()
	if err != nil {
		return err
	}
	for _, pair := range list {
		g.Balances = append(g.Balances, runtime.Endowment{Account: pair.AccountID(), Amount: wealth})
	}
	root := list[0].AccountID()
	g.Sudo = &root
	return nil
}

// New returns the source of the transactions that a seed makes.
func New(rt *runtime.Runtime, genesis hash.H256, seed uint64) (*Source, error) {
	pairs, err := Accounts()
	if err != nil {
		return nil, err
	}
	return &Source{random: rand.New(rand.NewPCG(seed, 0)), rt: rt, genesis: genesis, pairs: pairs, nonces: make([]uint32, len(pairs))}, nil
}

// Block makes the transactions of a block. Nonce tells the next nonce of an
// account in the state before it.
func (s *Source) Block(n int, nonce func(chain.AccountID) (uint32, error)) ([][]byte, error) {
	for i, pair := range s.pairs {
		var err error
		if s.nonces[i], err = nonce(pair.AccountID()); err != nil {
			return nil, err
		}
	}
	list := [][]byte{s.refill()}
	for len(list) < n {
		list = append(list, s.transaction())
	}
	return list, nil
}

// wealth is what an account has at the beginning of each block.
var wealth = runtime.Unit.MulSat(scale.U64(100_000))

// refill is Sudo giving back to everybody what is lost.
func (s *Source) refill() []byte {
	var batch utility.ForceBatch
	for _, pair := range s.pairs {
		who := chain.AddressID{ID: pair.AccountID()}
		batch.Calls = append(batch.Calls, s.rt.CallOf(balances.ForceSetBalance{Who: who, NewFree: wealth}))
	}
	return s.sign(0, scale.Marshal(s.rt.CallOf(sudo.Sudo{Call: s.rt.CallOf(batch)})), 6)
}

// transaction makes one whole extrinsic.
func (s *Source) transaction() []byte {
	call := scale.Marshal(s.call(0))
	if s.one(50) {
		return scale.AppendBytes(nil, append([]byte{4}, call...)) // nobody signs
	}
	return s.sign(s.random.IntN(people), call, s.random.IntN(80))
}

// sign signs a call, in some ways badly.
func (s *Source) sign(i int, call []byte, spoil int) []byte {
	extra := chain.Extra{Nonce: s.nonces[i], Tip: scale.U64(uint64(s.random.IntN(1000)))}
	implicit := chain.Implicit{SpecVersion: s.rt.Spec(), TxVersion: s.rt.System.Version.TransactionVersion, Genesis: s.genesis, EraBlock: s.genesis}
	switch spoil {
	case 0:
		extra.Nonce += uint32(s.random.IntN(3)) - 1
	case 1:
		implicit.SpecVersion++
	}
	raw := chain.SignExtrinsic(s.pairs[i], call, extra, implicit).Encode()
	switch spoil {
	case 2, 3, 4:
		raw[s.random.IntN(len(raw))] ^= 1 << s.random.IntN(8)
	case 5:
		raw = raw[:s.random.IntN(len(raw))]
	}
	if spoil > 5 {
		s.nonces[i]++
	}
	return raw
}

func (s *Source) one(in int) bool { return s.random.IntN(in) == 0 }

// call makes a call; below the third level it has no calls inside.
func (s *Source) call(depth int) frame.AnyCall {
	for {
		v := reflect.New(reflect.TypeOf(calls[s.random.IntN(len(calls))])).Elem()
		mandatory := false // which nobody signs, and which fails inside of others
		switch v.Interface().(type) {
		case timestamp.Set, grandpa.NoteJustification:
			mandatory = true
		}
		if (depth > 0 || !mandatory) && s.fill(v, depth) {
			return s.rt.CallOf(v.Interface())
		}
	}
}

func (s *Source) account() chain.AccountID {
	if s.one(10) {
		return chain.AccountID(s.bytes(32))
	}
	return s.pairs[s.random.IntN(people)].AccountID()
}

func (s *Source) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return b
}

func (s *Source) number() uint64 {
	if s.one(8) {
		return s.random.Uint64()
	}
	return s.random.Uint64N(8)
}

// fill makes a value; false means that there is none at this depth, or that it
// is of a type that is not known here.
func (s *Source) fill(v reflect.Value, depth int) bool {
	switch p := v.Addr().Interface().(type) {
	case *frame.AnyCall:
		if depth > 2 {
			return false
		}
		*p = s.call(depth + 1)
		return true
	case *chain.AccountID:
		*p = s.account()
		return true
	case *chain.MultiAddress:
		*p = chain.AddressID{ID: s.account()}
		return true
	case *chain.Balance:
		if *p = scale.U64(s.random.Uint64N(20_000_000_000_000)); s.one(20) {
			*p = scale.U128{Lo: s.random.Uint64(), Hi: s.random.Uint64()}
		}
		return true
	case *[]chain.AccountID: // who has an account with others names them sorted
		for range s.random.IntN(3) {
			*p = append(*p, s.account())
		}
		if !s.one(10) {
			slices.SortFunc(*p, func(a, b chain.AccountID) int { return bytes.Compare(a[:], b[:]) })
		}
		return true
	case *frame.OriginCaller:
		*p = frame.SystemOrigin{Origin: []frame.Origin{frame.Root{}, frame.None{}, frame.Signed{Who: s.account()}}[s.random.IntN(3)]}
		return true
	case *frame.Weight:
		*p = frame.Weight{RefTime: s.random.Uint64N(200 * frame.Microsecond), ProofSize: s.random.Uint64N(1 << 10)}
		return true
	case scale.Units:
		v.SetUint(s.random.Uint64N(uint64(len(p.Variants()))))
		return true
	}
	return s.compose(v, depth)
}

// compose makes a value of its parts.
func (s *Source) compose(v reflect.Value, depth int) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(s.one(2))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(s.number() & (^uint64(0) >> (64 - v.Type().Bits())))
	case reflect.Array:
		for i := range v.Len() {
			if !s.fill(v.Index(i), depth) {
				return false
			}
		}
	case reflect.Slice:
		n := s.random.IntN(4)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(s.bytes(s.random.IntN(80)))
			return true
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			if !s.fill(v.Index(i), depth) {
				return false
			}
		}
	case reflect.Pointer:
		if s.one(2) {
			return true
		}
		v.Set(reflect.New(v.Type().Elem()))
		return s.fill(v.Elem(), depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if !s.fill(v.Field(i), depth) {
				return false
			}
		}
	default:
		return false
	}
	return true
}
