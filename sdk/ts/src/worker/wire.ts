// The language between a worker and its users: SCALE over HTTP.

import { bool, Bytes, Enum, Option, Struct, str, u16, u32, u64, u8, Vector, type CodecType } from 'scale-ts';
import { blake2, concat, equal, hex, u32 as u32le, utf8 } from '../bytes.js';

const bytes32 = Bytes(32);
const key = Struct({ kem: u16, key: Bytes() });
const destination = Enum({ worker: bytes32, cluster: bytes32 }, [2, 6]);

/** info says who a worker is and how far it is. It is not signed: what matters
 * of it is on the chain. */
export const info = Struct({
  identity: bytes32,
  hpke: Vector(key),
  genesis: bytes32,
  bootEpoch: u64,
  registered: bool,
  simulated: bool,
  platform: str,
  imageId: bytes32,
  block: u32,
  blockHash: bytes32,
  setId: u64,
  queues: Vector(Struct({ to: destination, next: u64 })),
  clusters: Vector(Struct({ id: bytes32, epoch: u32, keys: bool })),
  needCode: Vector(bytes32),
  pending: u32,
  promised: u64,
  needWorkers: Vector(bytes32),
  needSnapshots: Vector(bytes32),
});

/** Info is what a worker says of itself. */
export type Info = CodecType<typeof info>;

/** query is a call whose changes are dropped, sealed to the worker. */
export const query = Struct({
  contract: bytes32,
  origin: bytes32,
  least: u32,
  envelope: Bytes(),
  scheme: u8,
  signature: Bytes(),
  certificate: Option(Struct({ key: bytes32, until: u32, scheme: u8, signature: Bytes() })),
});

/** certificateText is what an account signs so that a key may ask for it. */
export const certificateText = (genesis: Uint8Array, who: Uint8Array, key: Uint8Array, until: number): string =>
  `Tacit: the key ${hex(key)} may ask contracts in the name of ${hex(who)} on the chain ${hex(genesis)} until block ${until}.`;

/** reply holds an envelope with a signed answer. */
export const reply = Struct({ envelope: Bytes() });

/** answer is what a query gave. */
export const answer = Struct({
  block: u32,
  blockHash: bytes32,
  next: u64,
  stateRoot: bytes32,
  request: bytes32,
  status: u8,
  gas: u64,
  output: Bytes(),
  error: Bytes(),
});

/** Answer is what a query gave, and as of which block. */
export type Answer = CodecType<typeof answer>;

/** signedAnswer is an answer with the worker's signature. */
export const signedAnswer = Struct({ answer, signature: Bytes(64) });

/** signingHash is what the origin of a query signs; message is its plaintext
 * without padding. */
export function signingHash(genesis: Uint8Array, worker: Uint8Array, q: { contract: Uint8Array; origin: Uint8Array; least: number }, message: Uint8Array): Uint8Array {
  return blake2(utf8('tacit/query/1'), genesis, worker, q.contract, q.origin, u32le(q.least), blake2(message));
}

/** signingBytes are what a worker signs about an answer; request is the hash of
 * the query's envelope. */
export function signingBytes(genesis: Uint8Array, request: Uint8Array, a: Answer): Uint8Array {
  return concat(utf8('tacit/answer/1'), genesis, request, answer.enc(a));
}

/** fault is a refusal, with its number. */
export const fault = Struct({ kind: u16, text: str });

/** Kinds of errors that time mends: busy, has not seen the block, has no code yet. */
const passing = [4, 13, 14];

/** WorkerError is what a worker refused. */
export class WorkerError extends Error {
  constructor(readonly kind: number, message: string) {
    super(message);
  }
  /** passing says that it may be better a moment later. */
  get passing(): boolean {
    return passing.includes(this.kind);
  }
}

/** Unreachable says that the worker did not answer at all. */
export class Unreachable extends Error {
  constructor(url: string) {
    super(`The worker does not answer at ${url}.`);
  }
}

/** most bytes that a worker answers with, as in Go. */
const most = 16 << 20;

/** read reads a body, and no further than it may be long. */
async function read(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const from = response.body?.getReader();
  for (let part = await from?.read(); part?.value; part = await from?.read()) {
    size += part.value.length;
    if (size > most) {
      void from?.cancel();
      throw new WorkerError(1, `The worker answered more than ${most} bytes.`);
    }
    parts.push(part.value);
  }
  return concat(...parts);
}

async function exchange(url: string, init: RequestInit): Promise<Uint8Array> {
  if (!URL.canParse(url)) throw new Unreachable(url); // a browser would ask its page's own server
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000), cache: 'no-store', credentials: 'omit' });
    body = await read(response);
  } catch (e) {
    if (e instanceof WorkerError) throw e;
    throw new Unreachable(new URL(url).origin);
  }
  if (response.ok) return body;
  let refused: CodecType<typeof fault>;
  try {
    refused = fault.dec(body);
    if (!equal(fault.enc(refused), body)) throw new Error('Something else refused it.');
  } catch {
    throw new WorkerError(1, `The worker answered ${response.status}.`);
  }
  throw new WorkerError(refused.kind, refused.text);
}

/** askInfo asks a worker who it is. */
export const askInfo = async (base: string): Promise<Info> => info.dec(await exchange(`${base}/v1/info`, {}));

/** send sends a query that is sealed and signed, and returns the answer's envelope. */
export async function send(base: string, q: CodecType<typeof query>): Promise<Uint8Array> {
  const body = new Uint8Array(query.enc(q)).buffer;
  const raw = await exchange(`${base}/v1/query`, { method: 'POST', body, headers: { 'Content-Type': 'application/octet-stream' } });
  return reply.dec(raw).envelope;
}
