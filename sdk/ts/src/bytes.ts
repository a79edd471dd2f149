// Bytes and their written forms.

import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { blake2b } from '@noble/hashes/blake2.js';

export { concatBytes as concat, randomBytes, utf8ToBytes as utf8 };

/** Hex is a text of hex digits after 0x. */
export type Hex = `0x${string}`;

/** hex writes bytes. */
export const hex = (b: Uint8Array): Hex => `0x${bytesToHex(b)}`;

/** unhex reads what hex writes, and throws on anything else. */
export const unhex = (s: string): Uint8Array => hexToBytes(s.startsWith('0x') ? s.slice(2) : s);

/** text reads UTF-8, with a sign in the place of what is none. */
export const text = (b: Uint8Array): string => new TextDecoder().decode(b);

/** blake2 is blake2_256 over all parts. */
export const blake2 = (...parts: Uint8Array[]): Uint8Array => blake2b(concatBytes(...parts), { dkLen: 32 });

/** u32 writes a number in four bytes, the least first; it throws where it is none that fits. */
export function u32(n: number): Uint8Array {
  if (n >>> 0 !== n) throw new Error(`${n} does not fit in 32 bits.`);
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n, true);
  return b;
}

/** equal compares two lists of bytes. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

/** short keeps both ends of a long text. */
export function short(s: string, head = 8, tail = 6): string {
  return s.length <= head + tail + 1 ? s : `${s.slice(0, head)}…${s.slice(-tail)}`;
}
