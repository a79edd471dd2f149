package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// calling is a running call as the executor sees it: the world is asked for,
// once, and changes are collected.
type calling struct {
	*end
	run     run
	read    *reading // of storage
	changes []change
}

// errFault tells that the worker cannot answer, and why is its own to say.
var errFault = errors.New("the worker has a fault")

// ask asks the worker. Without it there is nothing left to do for any call.
func ask[T any](c *calling, kind byte, question any) (answer T, err error) {
	err = c.send(kind, question)
	if err == nil {
		var body []byte
		if kind, body, err = c.await(maxLoad); err == nil {
			switch kind {
			case kindFault:
				return answer, errFault
			case kindAnswer:
				err = scale.Unmarshal(body, &answer)
			default:
				err = fmt.Errorf("%w: kind %d", errFrame, kind)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(3)
	}
	return answer, nil
}

// certain asks what the worker can always answer: a fault of its state shows
// there, after the call.
func certain[T any](c *calling, kind byte, question any) T {
	answer, _ := ask[T](c, kind, question)
	return answer
}

// change collects a change of a command; those of queries nobody keeps.
func (c *calling) change(ch change) {
	if !c.run.Query {
		c.changes = append(c.changes, ch)
	}
}

// state is the storage of a contract: host.State.
type state struct {
	c  *calling
	id [32]byte
}

func (c *calling) state(id [32]byte) host.State { return state{c, id} }

// Get implements host.State.
func (s state) Get(key []byte) ([]byte, bool) {
	p := place{s.id, key}
	v := s.c.read.get(p, func() value { return certain[value](s.c, kindGet, p) })
	return v.Bytes, v.Found
}

// Set implements host.State.
func (s state) Set(key, value []byte) { s.c.change(change{changeSet, s.id, key, value}) }

// Clear implements host.State.
func (s state) Clear(key []byte) { s.c.change(change{changeClear, s.id, key, nil}) }

// Contract implements host.Records, as do the methods below.
func (c *calling) Contract(_ context.Context, id [32]byte) (host.Record, bool, error) {
	r, err := ask[record](c, kindContract, id)
	return r.Record, r.Found, err
}

// Code tells whether the cluster knows a code.
func (c *calling) Code(_ context.Context, code hash.H256) (bool, error) {
	return ask[bool](c, kindCode, code)
}

// Address is what a contract will be called.
func (c *calling) Address(deployer [32]byte, code hash.H256, salt []byte) [32]byte {
	return certain[[32]byte](c, kindAddress, making{deployer, code, salt})
}

// State is the storage of a contract.
func (c *calling) State(id [32]byte) host.State { return c.state(id) }

// Put makes, changes or ends a contract.
func (c *calling) Put(id [32]byte, r host.Record) {
	c.change(change{changeRecord, id, nil, scale.Marshal(r)})
}

func (c *calling) key(id [32]byte) [32]byte { return certain[[32]byte](c, kindKey, id) }

// money is the ledger: host.Money.
type money struct{ c *calling }

// Balance implements host.Money.
func (m money) Balance(id [32]byte) scale.U128 { return certain[scale.U128](m.c, kindBalance, id) }

// SetBalance implements host.Money.
func (m money) SetBalance(id [32]byte, n scale.U128) {
	m.c.change(change{changeBalance, id, nil, scale.Marshal(n)})
}

// cache is what contracts remember: host.Cache.
type cache struct{ c *calling }

// Get implements host.Cache.
func (x cache) Get(id [32]byte, key []byte) ([]byte, bool) {
	v := certain[value](x.c, kindCacheGet, place{id, key})
	return v.Bytes, v.Found
}

// Set implements host.Cache.
func (x cache) Set(id [32]byte, key, value []byte, until uint64) bool {
	return certain[bool](x.c, kindCacheSet, cached{place{id, key}, value, until})
}

// Remove implements host.Cache.
func (x cache) Remove(id [32]byte, key []byte) {
	certain[bool](x.c, kindCacheRemove, place{id, key})
}

// web makes requests: host.Web.
type web struct{ c *calling }

// Fetch implements host.Web.
func (w web) Fetch(_ context.Context, r host.WebRequest) host.WebResponse {
	return certain[host.WebResponse](w.c, kindWeb, r)
}

// FetchAll implements host.Web.
func (w web) FetchAll(_ context.Context, all []host.WebRequest, most time.Duration) []host.WebResponse {
	return certain[[]host.WebResponse](w.c, kindWebAll, batch{all, uint64(most.Milliseconds())})
}
