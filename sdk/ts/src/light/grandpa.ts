// Headers, and the proofs that they are final.
// Specification: https://spec.polkadot.network/sect-finality

import { ed25519 } from '@noble/curves/ed25519.js';
import { compact } from 'scale-ts';
import { blake2, concat, hex, u32, unhex, type Hex } from '../bytes.js';
import { Reader } from './reader.js';

/** Header is what a light client reads of one. */
export interface Header {
  hash: Hex;
  parent: Hex;
  number: number;
  stateRoot: Hex;
  /** next are the authorities that take over after this block, if it says so. */
  next: Hex[] | undefined;
  /** slot is that of Aura, milliseconds since 1970, where the header has one. */
  slot: bigint | undefined;
}

/** AuthoritySet is who finalises blocks, and the number of the set. */
export interface AuthoritySet {
  id: bigint;
  authorities: Hex[];
}

const frnk = '0x46524e4b';
const aura = '0x61757261';
const mostAuthorities = 100_000;

/** decodeHeader reads a header. */
export function decodeHeader(raw: Uint8Array): Header {
  const r = new Reader(raw);
  const parent = r.hash();
  const number = r.compact();
  const stateRoot = r.hash();
  r.take(32); // the extrinsics root
  let next: Hex[] | undefined;
  let slot: bigint | undefined;
  r.list(1, () => {
    const kind = r.u8();
    if (kind === 0) r.bytes();
    else if (kind === 4 || kind === 5 || kind === 6) {
      const engine = hex(r.take(4));
      const log = r.bytes();
      if (kind === 4 && engine === frnk) next = scheduled(log) ?? next;
      if (kind === 6 && engine === aura && slot === undefined && log.length === 8) slot = new Reader(log).u64();
    } else if (kind !== 8) throw new Error(`The header has a digest item of kind ${kind}.`);
  });
  r.end();
  return { hash: hex(blake2(raw)), parent, number, stateRoot, next, slot };
}

function scheduled(log: Uint8Array): Hex[] | undefined {
  const r = new Reader(log);
  if (r.u8() !== 1) return undefined;
  const list = r.list(40, () => {
    const id = r.hash();
    if (r.u64() !== 1n) throw new Error('An authority weighs something else than 1.');
    return id;
  });
  if (r.u32() !== 0) throw new Error('A change of the authorities takes effect later than its block.');
  r.end();
  if (!list.length || list.length > mostAuthorities) throw new Error(`There cannot be ${list.length} authorities.`);
  return list;
}

/** verifyJustification throws unless more than two thirds of a set signed that a
 * header is final. The votes must be for the header itself, as those of Tacit's
 * chains are. */
export function verifyJustification(raw: Uint8Array, header: Header, set: AuthoritySet): void {
  const r = new Reader(raw);
  const round = r.u64();
  const [target, number] = [r.hash(), r.u32()];
  if (target !== header.hash || number !== header.number) throw new Error('The proof is about another block.');
  const members = new Set(set.authorities);
  const voted = new Set<Hex>();
  const payload = concat(Uint8Array.of(1), unhex(target), u32(number), u64(round), u64(set.id));
  r.list(132, () => {
    const [what, at, signature, id] = [r.hash(), r.u32(), r.take(64), r.hash()];
    if (what !== target || at !== number) throw new Error('A vote is for another block.');
    if (!members.has(id)) throw new Error('Somebody voted who is not in the set.');
    if (voted.has(id)) throw new Error('Somebody voted twice.');
    if (!ed25519.verify(signature, payload, unhex(id))) throw new Error('A vote is not signed by who it is from.');
    voted.add(id);
  });
  if (r.compact() !== 0) throw new Error('The proof has headers that no vote needs.');
  r.end();
  const n = members.size;
  if (voted.size < n - Math.floor((n - 1) / 3)) throw new Error(`Only ${voted.size} of ${n} authorities signed.`);
}

function u64(n: bigint): Uint8Array {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, n, true);
  return b;
}

/** encodeHeader writes a header that came as JSON. */
export function encodeHeader(h: { parentHash: Hex; number: Hex; stateRoot: Hex; extrinsicsRoot: Hex; digest: { logs: Hex[] } }): Uint8Array {
  return concat(unhex(h.parentHash), compact.enc(Number(h.number)), unhex(h.stateRoot), unhex(h.extrinsicsRoot), compact.enc(h.digest.logs.length), ...h.digest.logs.map(unhex));
}
