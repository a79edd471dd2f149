// Package arch holds the rules that the repository keeps about itself: which
// folder may import which, what the enclave links, what the runtime must not
// do, and that every package says what it is. They are tests; this file is the
// table of layers, and with it the shortest description of the architecture.
package arch

// Module is the module's path.
const Module = "github.com/tacit-network/tacit"

// layer is the height of a folder: it may import folders of lower layers, and
// itself. A folder that is not listed belongs to the nearest listed one above.
var layers = map[string]int{
	"scale": 0, "hash": 0, "internal/strictjson": 0,

	"keys": 10, "keys/keyfile": 11, "trie": 10,

	"chain": 20, "seal": 20, "metadata": 20, "attest": 20,
	"attest/cert": 18, "attest/verdict": 19, "attest/eventlog": 19, "attest/snp": 21, "attest/devpki": 22, "attest/devamd": 22, "attest/report": 22,

	"grandpa": 30, "npos": 30,
	"contract/frame": 30, "contract/sdk": 30, "contract/abi": 31, "contract/vm": 31, "contract/host": 32, "contract/sdk/sdktest": 32,

	"tee": 40, "tee/sim": 41, "tee/tdx": 41, "tee/snp": 41, "tee/image": 41, "tee/teetest": 42,
	"runtime/storage": 40, "runtime/frame": 41, "runtime/frame/frametest": 42,
	"runtime/pallet/queue/words": 43, "runtime/pallet/clusters/words": 43, "runtime/pallet/registry/words": 43, "runtime/pallet/attestation/words": 43,
	"runtime/shim": 43, "runtime/pallet": 44, "runtime": 45,
	"worker/wire": 46,

	"worker/store": 50, "worker/fetch": 50, "worker/executor": 50, "worker/cluster": 51, "worker": 52,
	"node/store": 50, "node/keystore": 50, "node/snapshot": 51, "node/rpc/lookup": 50, "node/pool": 51, "node/engine": 52, "node/engine/comet": 53, "node/rpc": 54, "node/p2p": 54, "node": 55,
	"client": 50,

	"relay": 60, "web": 60,

	"cmd": 70, "test": 70, "examples": 70, "internal": 70,
}

// apart are folders of which none may import another, whatever their layers:
// programs share words, never code.
var apart = []string{"node", "worker", "client"}

// shared are exceptions from apart: the language between the programs.
var shared = []string{"worker/wire"}

// banned are names that say nothing.
var banned = []string{"util", "utils", "common", "helpers", "types", "api", "core", "base", "manager", "misc"}
