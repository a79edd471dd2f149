// Read proofs of Substrate's base-16 Merkle trie, state versions 0 and 1.
// Specification: https://spec.polkadot.network/chap-state#sect-state-storage

import { blake2, hex, unhex, type Hex } from '../bytes.js';
import { Reader } from './reader.js';

/** Missing says that a proof lacks a node or a value. */
export class Missing extends Error {
  constructor() {
    super('The proof is incomplete.');
  }
}

type Child = Uint8Array | undefined; // a hash, or a node of less than 32 bytes

interface Node {
  partial: number[];
  children: Child[] | undefined;
  value: Uint8Array | undefined;
  /** hashed says that value is the hash of the value. */
  hashed: boolean;
}

function nibbles(key: Uint8Array): number[] {
  const out: number[] = [];
  for (const b of key) out.push(b >> 4, b & 15);
  return out;
}

function decode(raw: Uint8Array): Node | undefined {
  const r = new Reader(raw);
  const first = r.u8();
  if (first === 0 && !r.left) return undefined; // the empty trie
  let kind: { mask: number; branch: boolean; value: boolean; hashed: boolean };
  if (first >> 6 === 1) kind = { mask: 63, branch: false, value: true, hashed: false };
  else if (first >> 6 === 2) kind = { mask: 63, branch: true, value: false, hashed: false };
  else if (first >> 6 === 3) kind = { mask: 63, branch: true, value: true, hashed: false };
  else if (first >> 5 === 1) kind = { mask: 31, branch: false, value: true, hashed: true };
  else if (first >> 4 === 1) kind = { mask: 15, branch: true, value: true, hashed: true };
  else throw new Error('The proof has something that is no node.');
  let size = first & kind.mask;
  if (size === kind.mask) {
    for (let b = 255; b === 255; ) {
      b = r.u8();
      size += b;
      if (size > 1 << 16) throw new Error('A key in the proof is too long.');
    }
  }
  const partial = nibbles(r.take((size + 1) >> 1));
  if (size % 2 && partial.shift() !== 0) throw new Error('A node of the proof is not in its canonical form.');
  const bitmap = kind.branch ? r.u8() | (r.u8() << 8) : 0;
  let value: Uint8Array | undefined;
  if (kind.value) value = kind.hashed ? r.take(32) : r.bytes();
  let children: Child[] | undefined;
  if (kind.branch) {
    children = [];
    for (let i = 0; i < 16; i++) {
      const child = (bitmap >> i) & 1 ? r.bytes() : undefined;
      if (child && child.length > 32) throw new Error('A child in the proof is too long.');
      children.push(child);
    }
  }
  r.end();
  return { partial, children, value, hashed: kind.hashed };
}

/** read proves what a state with the given root has under a key: its value, or
 * undefined where it has none. It throws if the proof does not show it. */
export function read(root: Hex, proof: Uint8Array[], key: Uint8Array): Uint8Array | undefined {
  const items = new Map(proof.map((p) => [hex(blake2(p)), p]));
  const find = (h: Uint8Array): Uint8Array => {
    const item = items.get(hex(h));
    if (!item) throw new Missing();
    return item;
  };
  let path = nibbles(key);
  let node = decode(find(unhex(root)));
  for (;;) {
    if (!node) return undefined;
    const { partial, children, value, hashed } = node;
    if (partial.some((n, i) => n !== path[i])) return undefined;
    path = path.slice(partial.length);
    if (!path.length) return value && hashed ? find(value) : value;
    const child = children?.[path[0]!];
    if (!child) return undefined;
    path = path.slice(1);
    node = decode(child.length === 32 ? find(child) : child);
  }
}

