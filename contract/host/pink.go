package host

import (
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// What Phala's extension tells about the network that a contract is in.

// extSystem is system_contract_id. There is no such contract: the id is the
// cluster's own, at which nobody is. Calls of it are answered NotCallable, and
// no caller is ever equal to it.
func extSystem(x *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	return x.env.Cluster[:], end(d)
}

// extBalance is balance_of: what an account holds in all, and what of it is free.
// Balances are secret: a contract is told its own.
func extBalance(x *execution, c *vm.Call, d *scale.Decoder) ([]byte, error) {
	id, err := d.Bytes(32)
	if err != nil {
		return nil, errArgs
	}
	if err := end(d); err != nil {
		return nil, err
	}
	if [32]byte(id) != x.env.Address {
		return nil, trap("balance_of (chain extension 16): what others hold is theirs to tell")
	}
	if err := c.Charge(gasRead); err != nil {
		return nil, err
	}
	held := scale.Marshal(x.t.balance(x.env.Address))
	return append(held, held...), nil
}

// extWorker is worker_pubkey: zeros in a command, as from Phala's runtime.
func extWorker(x *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	key := x.worker()
	return key[:], end(d)
}

// worker is the key of the worker that answers a query.
func (x *execution) worker() (key [32]byte) {
	if x.env.Query {
		key = x.env.Worker
	}
	return key
}

// workerKey is 0, and writes nothing, in a command.
func workerKey(x *execution, c *vm.Call, s []uint64) error {
	ptr := u32(s, 0)
	s[0] = 0
	if !x.env.Query {
		return nil
	}
	s[0] = 1
	return c.Write(ptr, x.env.Worker[:])
}

// certificate writes who began the transaction and how that is known:
//
//	account [32] ‖ 0                     a command
//	account [32] ‖ 1 ‖ scheme u8         a query that the account signed
//	account [32] ‖ 2 ‖ key [32] ‖ until u32   one that a key signed for it
func certificate(x *execution, c *vm.Call, s []uint64) error {
	p := x.env.Proof
	b := append(x.origin[:], p.Kind)
	switch p.Kind {
	case ProofSigned:
		b = append(b, byte(p.Scheme))
	case ProofSession:
		b = scale.AppendUint32(append(b, p.Key[:]...), p.Until)
	}
	return output(c, u32(s, 0), u32(s, 1), b)
}

// extImport is import_latest_system_code, which Phala's system contract alone may
// call.
func extImport(*execution, *vm.Call, *scale.Decoder) ([]byte, error) {
	return nil, trap("import_latest_system_code (chain extension 20): there is no system contract; " +
		"codes are uploaded by tacit contract upload")
}

// pinkVersion is that of Phala's contract runtime, major and minor, whose
// extensions these are.
var pinkVersion = [2]uint32{1, 2}

func extVersion(_ *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	return scale.AppendUint32(scale.AppendUint32(nil, pinkVersion[0]), pinkVersion[1]), end(d)
}

// extEventChain is current_event_chain_head.
func extEventChain(*execution, *vm.Call, *scale.Decoder) ([]byte, error) {
	return nil, trap("current_event_chain_head (chain extension 23): a cluster's events make no chain; " +
		"each contract's owner reads its own by tacit contract logs")
}

// The longest lists that js_eval takes.
const maxScripts = 256

// extScript is js_eval: a list of JsCode and one of texts. Its answer is the
// JsValue that it is where no engine is installed.
func extScript(_ *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	n, err := d.Len(2)
	if err != nil || n > maxScripts {
		return nil, errArgs
	}
	for range n {
		if kind, err := d.Byte(); err != nil || kind > 1 {
			return nil, errArgs
		}
		if _, err := d.ByteSlice(); err != nil {
			return nil, errArgs
		}
	}
	if n, err = d.Len(1); err != nil || n > maxScripts {
		return nil, errArgs
	}
	if _, err := lists(d, n); err != nil {
		return nil, err
	}
	const exception = 5
	why := "there is no JavaScript engine here: contracts are written in Go, or in what compiles to WebAssembly"
	return scale.AppendBytes([]byte{exception}, []byte(why)), nil
}

// extQuote is worker_sgx_quote: None, as where a worker has none of SGX. What a
// worker proved, of whatever kind, is on the chain under its key.
func extQuote(_ *execution, _ *vm.Call, d *scale.Decoder) ([]byte, error) {
	return option(nil, false), end(d)
}
