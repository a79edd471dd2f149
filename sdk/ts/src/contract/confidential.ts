// Commands and queries, end to end: sealed here, opened here, and in between
// readable for nobody but the contract.

import { u128 } from 'scale-ts';
import { blake2, concat, equal, randomBytes, unhex, type Hex } from '../bytes.js';
import { verify, type Account } from '../chain/account.js';
import type { Asker } from './session.js';
import type { Chain, Event, Head, Included } from '../chain/chain.js';
import { kem, PrivateKey, seal } from '../seal/envelope.js';
import { aad, kinds, message, pad, reply, statusName, unpad } from '../seal/message.js';
import { send as post, signedAnswer, signingBytes, signingHash, Unreachable, WorkerError, type Answer } from '../worker/wire.js';

type Key = { kem: number; key: Uint8Array };

/** Cluster is a set of workers with one key, as the chain has it. */
export interface Cluster {
  owner: string;
  members: Hex[];
  epoch: number;
  keys: Key[];
  /** next is the number after the last message that was executed, state_root the
   * blinded root of the state after it. */
  next: bigint;
  state_root: Hex;
  tier: number;
}

/** ContractInfo is a contract, as the chain has it. */
export interface ContractInfo {
  deployer: string;
  cluster: Hex;
  code: Hex;
  state: { type: 'Pending' | 'Live' | 'Failed' };
}

/** Sealed is a message before and after it was encrypted. */
export interface Sealed {
  plaintext: Uint8Array;
  padded: number;
  nonce: Uint8Array;
  envelope: Uint8Array;
}

/** Receipt is what the chain tells everybody of how a command ended. */
export interface Receipt {
  block: Head;
  worker: Hex;
  status: string;
  gas: bigint;
  output: Uint8Array;
  error: Uint8Array;
  /** events are all of the block. */
  events: Event[];
}

/** Outcome is what only the caller can read. */
export interface Outcome {
  status: string;
  gas: bigint;
  output: Uint8Array;
  error: string;
}

/** Progress hears of each step of a command. */
export interface Progress {
  sealed(s: Sealed): void;
  included(i: Included, seq: bigint): void;
  receipt(r: Receipt): void;
}

async function prepare(to: Key[], info: 'tacit/command/1' | 'tacit/query/1', context: Parameters<typeof aad>[0], kind: number, input: Uint8Array) {
  const key = to.find((k) => k.kem === kem);
  if (!key) throw new Error('There is no key yet to encrypt to.');
  const mine = await PrivateKey.generate();
  const nonce = randomBytes(16);
  const plaintext = message.enc({ kind, nonce, reply: { kem, key: mine.publicKey }, input });
  const padded = pad(plaintext);
  const envelope = await seal(key.key, info, context.epoch, aad(context), padded);
  return { mine, sealed: { plaintext, padded: padded.length, nonce, envelope } satisfies Sealed };
}

/** Order is an encrypted message to a cluster. */
export interface Order {
  cluster: Hex;
  /** contract is whom it is for; of an action in the cluster it is the cluster. */
  contract: Hex;
  kind: number;
  input: Uint8Array;
  /** call makes the transaction that brings the envelope, queued names the event
   * that says that it is in the queue. */
  call(envelope: Uint8Array): Uint8Array;
  queued: [pallet: string, event: string];
}

/** order sends an encrypted message through the chain and opens its receipt. */
export async function order(chain: Chain, who: Account, o: Order, on: Progress): Promise<Outcome> {
  const cluster = await chain.storage<Cluster>('Clusters', 'Clusters', [o.cluster]);
  if (!cluster) throw new Error('The chain has no such cluster.');
  const context = { genesis: unhex(chain.genesis), target: unhex(o.cluster), contract: unhex(o.contract), origin: who.publicKey, epoch: cluster.epoch };
  const { mine, sealed } = await prepare(cluster.keys, 'tacit/command/1', context, o.kind, o.input);
  on.sealed(sealed);

  const included = await chain.submit(o.call(sealed.envelope), who);
  const queued = included.events.find((e) => e.pallet === o.queued[0] && e.name === o.queued[1]);
  if (!queued) throw new Error('The chain queued no message.');
  const seq: bigint = queued.fields.seq;
  on.included(included, seq);

  const receipt = await done(chain, o.cluster, included, seq);
  on.receipt(receipt);
  if (!receipt.output.length) {
    return { status: receipt.status, gas: receipt.gas, output: new Uint8Array(), error: new TextDecoder().decode(receipt.error) };
  }
  const opened = unpad(reply, await mine.open('tacit/reply/1', blake2(sealed.envelope), receipt.output));
  if (!equal(opened.request, blake2(sealed.plaintext))) throw new Error('The worker answered another message than this.');
  return { status: statusName(opened.status), gas: opened.gas, output: opened.output, error: new TextDecoder().decode(opened.error) };
}

/** done waits for the receipt of a message of a cluster's queue. */
export function done(chain: Chain, cluster: Hex, included: Included, seq: bigint): Promise<Receipt> {
  return chain.follow<Receipt>(included.block.number, (block, events) => {
    for (const { pallet, name, fields } of events) {
      if (pallet === 'Contracts' && name === 'CommandDone' && fields.cluster === cluster && fields.receipt.seq === seq) {
        const { status, gas, output, error } = fields.receipt;
        return { block, worker: fields.worker, status: status.type, gas, output, error, events };
      }
    }
    return undefined;
  });
}

/** paying makes a call's input one that gives it tokens of the caller's in the
 * cluster's ledger. */
export const paying = (value: bigint, input: Uint8Array): { kind: number; input: Uint8Array } =>
  value ? { kind: kinds.pay, input: concat(u128.enc(value), input) } : { kind: kinds.call, input };

/** command sends an encrypted call of a contract, which is given value. */
export async function command(chain: Chain, contract: Hex, who: Account, input: Uint8Array, on: Progress, value = 0n): Promise<Outcome> {
  const info = await chain.storage<ContractInfo>('Contracts', 'Contracts', [contract]);
  if (!info) throw new Error('The chain has no such contract.');
  return order(chain, who, {
    cluster: info.cluster, contract, ...paying(value, input),
    call: (envelope) => chain.encodeCall('Contracts', 'command', { contract, envelope }),
    queued: ['Contracts', 'CommandQueued'],
  }, on);
}

/** Target is whom a query is sent to, with the keys that the chain vouches for. */
export interface Target {
  identity: Hex;
  keys: Key[];
  /** url is where it answers now; another one after it was started again. */
  url(): Promise<string | null>;
}

/** Asked is a query and its answer, in both forms. */
export interface Asked {
  sealed: Sealed;
  replied: Uint8Array;
  answer: Answer;
  outcome: Outcome;
}

/** query asks a worker directly; the chain sees nothing of it. least is the block
 * that the worker must have seen, kind what is asked for: a call whose changes
 * are dropped, or what docs/wire/envelope.md lists. */
export async function query(
  chain: Chain, to: Target, contract: Hex, who: Asker, least: number, input: Uint8Array, on: Pick<Progress, 'sealed'>, kind: number = kinds.call,
): Promise<Asked> {
  const [genesis, identity] = [unhex(chain.genesis), unhex(to.identity)];
  const context = { genesis, target: identity, contract: unhex(contract), origin: who.publicKey, epoch: 0 };
  const { mine, sealed } = await prepare(to.keys, 'tacit/query/1', context, kind, input);
  on.sealed(sealed);
  const signature = await who.signBytes(signingHash(genesis, identity, { contract: context.contract, origin: who.publicKey, least }, sealed.plaintext));
  const replied = await patiently(async () => {
    const url = await to.url();
    if (!url) throw new Error('The worker tells no address.');
    return post(url, { contract: context.contract, origin: who.publicKey, least, envelope: sealed.envelope, scheme: signature.scheme, signature: signature.bytes, certificate: who.certificate });
  });
  const request = blake2(sealed.envelope);
  const { answer, signature: theirs } = unpad(signedAnswer, await mine.open('tacit/reply/1', request, replied));
  if (!verify(identity, signingBytes(genesis, request, answer), theirs)) {
    throw new Error(`The answer is not signed by the worker ${to.identity}.`);
  }
  if (!equal(answer.request, blake2(sealed.plaintext))) throw new Error(`The worker ${to.identity} answered another question than this.`);
  if (answer.block < least) throw new Error(`The answer is as of block ${answer.block}, not ${least}.`);
  const outcome = { status: statusName(answer.status), gas: answer.gas, output: answer.output, error: new TextDecoder().decode(answer.error) };
  return { sealed, replied, answer, outcome };
}

/** patiently tries again while the worker says that it is not there yet, or is
 * being started again. */
async function patiently<T>(f: () => Promise<T>, end = Date.now() + 15_000): Promise<T> {
  for (;;) {
    try {
      return await f();
    } catch (e) {
      const passing = e instanceof Unreachable || (e instanceof WorkerError && e.passing);
      if (!passing || Date.now() > end) throw e;
      await new Promise((r) => setTimeout(r, e instanceof Unreachable ? 500 : 100));
    }
  }
}

