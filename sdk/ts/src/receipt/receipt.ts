// Receipts: what a worker signed about a request and its answer, with all that it
// takes to believe it without asking anybody. The file is that of `tacit contract
// call --save` and `query --save`; the checks are those of `tacit verify receipt`.

import { Blake2128Concat, Twox128 } from '@polkadot-api/substrate-bindings';
import { bool, Bytes, Struct, str, u128, u16, u32, u64, u8, Vector, type Codec } from 'scale-ts';
import { blake2, concat, equal, hex, unhex, utf8, type Hex } from '../bytes.js';
import { publicKeyOf, verify } from '../chain/account.js';
import { origin } from '../chain/queue.js';
import { decodeHeader, verifyJustification, type AuthoritySet, type Header } from '../light/grandpa.js';
import { read } from '../light/trie.js';
import { kem, PrivateKey } from '../seal/envelope.js';
import { kinds, message, reply, unpad } from '../seal/message.js';
import { signedAnswer, signingBytes, signingHash } from '../worker/wire.js';

interface Fragment {
  header: Hex;
  justification: Hex;
}

/** ReceiptFile is a receipt as it is written in JSON; what is hex in it is SCALE. */
export interface ReceiptFile {
  version: 1;
  genesis: Hex;
  worker: Hex;
  /** contract is what was called; of an action in a cluster it is the cluster. */
  contract: Hex;
  envelope: Hex;
  message: Hex;
  query?: { origin: string; least: number; scheme: number; signature: Hex; answer: Hex };
  command?: { up: Hex; seq: number; kem: number; key: Hex };
  chain: Fragment & { first: Hex; firstProof: Hex[]; changes: Fragment[] | null; proof: Hex[] };
}

/** Step is one thing that was checked. */
export interface Step {
  name: 'signature' | 'request' | 'genesis' | 'registration';
  ok: boolean;
  text: string;
}

/** ReceiptVerdict is what is to be believed of a file: nothing unless it is valid. */
export interface ReceiptVerdict {
  valid: boolean;
  steps: Step[];
  kind: 'query' | 'command';
  genesis: Hex;
  worker: Hex;
  contract: Hex;
  /** simulated says that the worker's hardware protects nothing. */
  simulated: boolean;
  image: Hex | undefined;
  /** origin is the address of who asked, of a query. */
  origin: string | undefined;
  value: bigint;
  input: Uint8Array;
  status: number;
  output: Uint8Array;
  error: string;
  block: number | undefined;
  seq: number | undefined;
  next: bigint;
  stateRoot: Hex | undefined;
}

const mostChanges = 10_000;
const mostBytes = 32 << 20;
const bytes32 = Bytes(32);

const unsigned = Struct({ sender: origin, bootEpoch: u64, seq: u64, payload: Bytes() });
const signed = Struct({ sender: origin, bootEpoch: u64, seq: u64, payload: Bytes(), signature: Bytes(64) });
const told = Struct({
  kind: u8, cluster: bytes32, from: u64, next: u64, stateRoot: bytes32, held: u128, roots: Vector(bytes32),
  receipts: Vector(Struct({ seq: u64, contract: bytes32, status: u8, gas: u64, output: Bytes(), error: Bytes() })),
  withdrawals: Vector(Struct({ seq: u64, from: bytes32, to: bytes32, amount: u128 })),
});
const registration = Struct({
  operator: bytes32, hpke: Vector(Struct({ kem: u16, key: Bytes() })), image: bytes32, platform: bytes32, anchor: u8, class: u8,
  tier: u8, tierMax: u8, status: u8, advisories: Vector(str), tcbDate: u64, eval: u32, bootEpoch: u64, features: u32,
  block: u32, attestedAt: u64, expiresAt: u64, outdatedSince: u64, degradesAt: u64, certificate: bytes32, authority: bytes32, revoked: bool, draining: bool,
});
const authorities = Vector(Struct({ key: bytes32, weight: u64 }));
const receipts = 1; // of a worker's messages up

/** whole decodes all of the bytes; it throws where they are another encoding. */
function whole<T>(codec: Codec<T>, bytes: Uint8Array, what: string): T {
  try {
    const value = codec.dec(bytes.slice());
    if (equal(codec.enc(value), bytes)) return value;
  } catch {
    // The same words for both.
  }
  throw new Error(`${what} does not decode.`);
}

const key = (item: string, ...more: Uint8Array[]): Uint8Array => concat(Twox128(utf8('Registry')), Twox128(utf8(item)), ...more);

/** parseReceipt reads a file. */
export function parseReceipt(text: string): ReceiptFile {
  if (text.length > mostBytes) throw new Error('The receipt is too long.');
  const f = JSON.parse(text) as ReceiptFile;
  if (f?.version !== 1) throw new Error(`Receipts of version ${String(f?.version)} are not known.`);
  if (!f.query === !f.command) throw new Error('A receipt is that of a query, or of a command.');
  if ((f.chain?.changes?.length ?? 0) > mostChanges) throw new Error('The receipt has too many changes of the validators.');
  return f;
}

/** checkReceipt verifies a file, from the worker's signature over its registration to
 * the first block of the chain, whose hash the caller knows from elsewhere. */
export async function checkReceipt(f: ReceiptFile, genesis: Hex): Promise<ReceiptVerdict> {
  const v: ReceiptVerdict = {
    valid: false, steps: [], kind: f.query ? 'query' : 'command', genesis: f.genesis, worker: f.worker, contract: f.contract, simulated: false, image: undefined,
    origin: undefined, value: 0n, input: new Uint8Array(), status: 0, output: new Uint8Array(), error: '', block: undefined, seq: undefined, next: 0n, stateRoot: undefined,
  };
  const todo: [Step['name'], () => string | Promise<string>][] = [
    ['signature', () => signature(f, v)], ['request', () => request(f, v)], ['genesis', () => begin(f, genesis)], ['registration', () => registered(f, v)],
  ];
  for (const [name, check] of todo) {
    try {
      v.steps.push({ name, ok: true, text: await check() });
    } catch (e) {
      v.steps.push({ name, ok: false, text: e instanceof Error ? e.message : String(e) });
      return v;
    }
  }
  v.valid = true;
  return v;
}

function signature(f: ReceiptFile, v: ReceiptVerdict): string {
  if (f.query) {
    const { answer, signature: theirs } = whole(signedAnswer, unhex(f.query.answer), 'The answer');
    if (!verify(unhex(f.worker), signingBytes(unhex(f.genesis), blake2(unhex(f.envelope)), answer), theirs)) throw new Error('The worker did not sign this answer to this request.');
    Object.assign(v, { block: answer.block, next: answer.next, stateRoot: hex(answer.stateRoot), status: answer.status, output: answer.output, error: new TextDecoder().decode(answer.error) });
    return `the worker signed the answer, of block ${answer.block}`;
  }
  const { up } = workersMessage(f);
  Object.assign(v, { seq: f.command!.seq, next: up.next, stateRoot: hex(up.stateRoot) });
  return `the worker signed the receipt of message ${f.command!.seq} of cluster ${hex(up.cluster)}`;
}

/** workersMessage is what the worker told the chain, and signed. */
function workersMessage(f: ReceiptFile) {
  const m = whole(signed, unhex(f.command!.up), 'The worker’s message');
  if (m.sender.tag !== 'worker' || hex(m.sender.value as Uint8Array) !== f.worker) throw new Error('The message is not the worker’s.');
  const bytes = concat(utf8('tacit/up/1'), unhex(f.genesis), unsigned.enc(m));
  if (!verify(unhex(f.worker), bytes, m.signature)) throw new Error('The worker did not sign its message.');
  if (m.payload[0] !== receipts) throw new Error('The worker told of something else than receipts.');
  return { m, up: whole(told, m.payload, 'What the worker told') };
}

async function request(f: ReceiptFile, v: ReceiptVerdict): Promise<string> {
  const plain = unhex(f.message);
  const m = whole(message, plain, 'The request');
  v.input = m.input;
  if (m.kind === kinds.pay) {
    if (m.input.length < 16) throw new Error('What the request gives does not decode.');
    v.value = u128.dec(m.input.slice(0, 16));
    v.input = m.input.subarray(16);
  }
  const other = 'The worker answered another request than the one in the file.';
  if (f.query) {
    const { answer } = whole(signedAnswer, unhex(f.query.answer), 'The answer');
    if (!equal(answer.request, blake2(plain))) throw new Error(other);
    const who = publicKeyOf(f.query.origin);
    const sum = signingHash(unhex(f.genesis), unhex(f.worker), { contract: unhex(f.contract), origin: who, least: f.query.least }, plain);
    const theirs = unhex(f.query.signature);
    if (f.query.scheme !== 1) throw new Error('Only requests that were signed by sr25519 can be checked here.');
    if (!verify(who, sum, theirs) && !verify(who, concat(utf8('<Bytes>'), sum, utf8('</Bytes>')), theirs)) throw new Error(`${f.query.origin} did not sign the request.`);
    v.origin = f.query.origin;
    return `${f.query.origin} asked contract ${f.contract}`;
  }
  if (!Number.isSafeInteger(f.command!.seq)) throw new Error('The number of the message is none.');
  const found = workersMessage(f).up.receipts.find((r) => r.seq === BigInt(f.command!.seq));
  if (!found) throw new Error(`The worker’s message has no receipt of message ${f.command!.seq}.`);
  if (f.command!.kem !== kem) throw new Error('The key of the reply is of a kind that is not known here.');
  const mine = await PrivateKey.parse(unhex(f.command!.key), m.reply.key);
  let opened: ReturnType<typeof reply.dec>;
  try {
    opened = unpad(reply, await mine.open('tacit/reply/1', blake2(unhex(f.envelope)), found.output));
  } catch {
    throw new Error('The receipt is not one of this request, or the key does not open it.');
  }
  if (!equal(opened.request, blake2(plain))) throw new Error(other);
  if (hex(found.contract) !== f.contract) throw new Error(`The receipt is of contract ${hex(found.contract)}.`);
  Object.assign(v, { status: opened.status, output: opened.output, error: new TextDecoder().decode(opened.error) });
  return `the receipt holds the reply to this request to ${f.contract}`;
}

function begin(f: ReceiptFile, want: Hex): string {
  if (f.genesis !== want) throw new Error(`The receipt is of chain ${f.genesis}, not ${want}.`);
  const first = decodeHeader(unhex(f.chain.first));
  if (first.hash !== f.genesis || first.number !== 0) throw new Error('The first header is not that of the chain’s genesis.');
  return `the chain begins with ${f.genesis}`;
}

function registered(f: ReceiptFile, v: ReceiptVerdict): string {
  let last: Header = decodeHeader(unhex(f.chain.first));
  const list = read(last.stateRoot, f.chain.firstProof.map(unhex), key('FirstAuthorities'));
  if (!list) throw new Error('The chain has no authorities at its begin.');
  let set: AuthoritySet = { id: 0n, authorities: whole(authorities, list, 'The list of the first authorities').map((a) => hex(a.key)) };
  for (const x of [...(f.chain.changes ?? []), f.chain]) {
    const header = decodeHeader(unhex(x.header));
    if (header.hash === last.hash) continue; // the last one changed the voters
    if (header.number <= last.number) throw new Error(`Block ${header.number} is older than what is known.`);
    verifyJustification(unhex(x.justification), header, set);
    if (header.next) set = { id: set.id + 1n, authorities: header.next };
    last = header;
  }
  const raw = read(last.stateRoot, f.chain.proof.map(unhex), key('Workers', Blake2128Concat(unhex(f.worker))));
  if (!raw) throw new Error(`The worker is not registered in block ${last.number}.`);
  const w = whole(registration, raw, 'The registration');
  if (f.command && workersMessage(f).m.bootEpoch !== w.bootEpoch) throw new Error('The worker was started again between the receipt and the registration.');
  if (w.revoked || (last.slot ?? 0n) >= w.expiresAt) throw new Error(`The registration was worth nothing in block ${last.number}.`);
  v.simulated = w.class === 0;
  v.image = hex(w.image);
  return `the worker is registered ${v.simulated ? 'on a SIMULATED TEE, which protects nothing' : 'on hardware'}, with program ${v.image}, in block ${last.number}, which validators finalised`;
}
