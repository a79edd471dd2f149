// What stands in envelopes: commands, queries and answers, padded so that their
// length tells little.

import { Bytes, Struct, u16, u64, u8, type Codec } from 'scale-ts';
import { concat, equal, u32 } from '../bytes.js';

/** kinds of messages: a call of a contract, a request for its log, an action in a
 * cluster or in a query a request for a balance, and a call that is given tokens. */
export const kinds = { call: 0, log: 2, ledger: 3, pay: 4 } as const;

/** message is the plaintext of a command or a query. */
export const message = Struct({
  kind: u8,
  nonce: Bytes(16),
  reply: Struct({ kem: u16, key: Bytes() }),
  input: Bytes(),
});

/** reply is the plaintext of the answer to a command. */
export const reply = Struct({ status: u8, gas: u64, output: Bytes(), error: Bytes(), request: Bytes(32) });

/** statuses are the names of how a call ended. */
export const statuses = ['Ok', 'Reverted', 'Trapped', 'OutOfGas'] as const;

/** statusName writes a status. */
export const statusName = (n: number): string => statuses[n] ?? 'Rejected';

/** size is how long a plaintext is padded to: the least of 256, 512, … */
export function size(length: number): number {
  let n = 256;
  while (n < length) n *= 2;
  return n;
}

/** pad appends zeros. */
export const pad = (b: Uint8Array): Uint8Array => concat(b, new Uint8Array(size(b.length) - b.length));

/** unpad decodes what pad made, and throws on any other padding or encoding. */
export function unpad<T>(codec: Codec<T>, padded: Uint8Array): T {
  const value = codec.dec(new Uint8Array(padded)); // the codec reads a whole buffer
  const plain = codec.enc(value);
  const used = plain.length;
  if (!equal(plain, padded.subarray(0, used)) || padded.length !== size(used) || padded.subarray(used).some((b) => b !== 0)) throw new Error('The padding is wrong.');
  return value;
}

/** Context is what a message is bound to beside its key. */
export interface Context {
  genesis: Uint8Array;
  /** target is the cluster of a command, the worker of a query. */
  target: Uint8Array;
  contract: Uint8Array;
  origin: Uint8Array;
  epoch: number;
}

/** aad encodes a context: 132 bytes. */
export const aad = (c: Context): Uint8Array => concat(c.genesis, c.target, c.contract, c.origin, u32(c.epoch));
