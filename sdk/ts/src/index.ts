// Tacit in TypeScript: a chain behind one node, accounts that sign, contracts
// whose commands and answers nobody else can read, and what proves that a worker
// is what it says.

export { blake2, concat, equal, hex, randomBytes, short, text, u32, unhex, utf8, type Hex } from './bytes.js';
export { address, development, fromSeed, names, publicKeyOf, verify, type Account, type Signature } from './chain/account.js';
export { Chain, Refused, type Block, type Event, type Extrinsic, type Head, type Included, type Value } from './chain/chain.js';
export { decode, encode, extensions, immortal, mortal, signedBytes, type Unsigned } from './chain/extrinsic.js';
export { messages, type Destination, type Queued } from './chain/queue.js';
export { extensionsIn, open, payload, type Extension, type Payload } from './chain/wallet.js';
export { Disconnected, Rpc, RpcError } from './chain/rpc.js';
export { Contract, type Message, type Metadata, type Result } from './contract/abi.js';
export {
  command, query, type Asked, type Cluster, type ContractInfo, type Outcome, type Progress, type Receipt, type Sealed, type Target,
} from './contract/confidential.js';
export { chunks, codeHash, contractId, createCluster, instantiate, pack, upload, type Made } from './contract/deploy.js';
export { action, balance, deposit, escrowAccount, left, transact, type Ledger } from './contract/ledger.js';
export { session, type Asker, type Certificate } from './contract/session.js';
export { kem, PrivateKey, seal } from './seal/envelope.js';
export { askInfo, Unreachable, WorkerError, type Answer, type Info } from './worker/wire.js';
export { LightClient } from './light/client.js';
export { decodeHeader, verifyJustification, type AuthoritySet, type Header } from './light/grandpa.js';
export { Missing, read } from './light/trie.js';
export { verifyWorker, type Check, type Registration, type Verdict } from './light/worker.js';
export { checkReceipt, parseReceipt, type ReceiptFile, type ReceiptVerdict, type Step } from './receipt/receipt.js';
