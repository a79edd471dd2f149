// Extrinsics of format 4 with the eight signed extensions of Tacit's chains.
// Specification: https://spec.polkadot.network/id-extrinsics

import { compact } from 'scale-ts';
import { blake2, concat, u32, unhex, type Hex } from '../bytes.js';
import type { Signature } from './account.js';

/** extensions are the signed extensions of every chain of Tacit, in their order. */
export const extensions = [
  'CheckNonZeroSender', 'CheckSpecVersion', 'CheckTxVersion', 'CheckGenesis', 'CheckMortality', 'CheckNonce', 'CheckWeight', 'ChargeTransactionPayment',
] as const;

/** Unsigned is a transaction before it is signed. */
export interface Unsigned {
  call: Uint8Array;
  address: string;
  nonce: number;
  /** tip in the smallest unit. */
  tip: bigint;
  /** era is encoded: one zero byte, or two bytes of a mortal one. */
  era: Uint8Array;
  /** birth is the block in which the era begins; genesis for an immortal one. */
  birth: { hash: Hex; number: number };
  genesis: Hex;
  specVersion: number;
  transactionVersion: number;
}

/** immortal is the era of what never expires. */
export const immortal = Uint8Array.of(0);

/** mortal encodes the era of a transaction that is good for period blocks, a
 * power of two from 4 to 65,536, from block birth on. A period above 4,096 begins
 * in every 2nd, 4th, … 16th block only. */
export function mortal(period: number, birth: number): Uint8Array {
  if (period < 4 || period > 65_536 || (period & (period - 1)) !== 0) throw new Error(`A transaction cannot live for ${period} blocks.`);
  const step = Math.max(period >> 12, 1);
  if (!Number.isSafeInteger(birth) || birth < 0 || birth % step !== 0) throw new Error(`A transaction that lives for ${period} blocks cannot be born in block ${birth}.`);
  const value = Math.min(15, Math.max(1, Math.log2(period) - 1)) | (((birth % period) / step) << 4);
  return Uint8Array.of(value & 255, value >> 8);
}

const extra = (tx: Unsigned): Uint8Array => concat(tx.era, compact.enc(tx.nonce), compact.enc(tx.tip));

/** signedBytes are what the signer signs. */
export function signedBytes(tx: Unsigned): Uint8Array {
  const payload = concat(tx.call, extra(tx), u32(tx.specVersion), u32(tx.transactionVersion), unhex(tx.genesis), unhex(tx.birth.hash));
  return payload.length > 256 ? blake2(payload) : payload;
}

/** encode puts a transaction and its signature together, with their length. */
export function encode(tx: Unsigned, who: Uint8Array, signature: Signature): Uint8Array {
  const body = concat(Uint8Array.of(0x84, 0), who, Uint8Array.of(signature.scheme), signature.bytes, extra(tx), tx.call);
  return concat(compact.enc(body.length), body);
}

/** decode takes an extrinsic of format 4 apart. */
export function decode(whole: Uint8Array): { signer?: Uint8Array; nonce?: number; tip?: bigint; call: Uint8Array } {
  let rest = whole;
  const take = (n: number): Uint8Array => {
    if (rest.length < n) throw new Error('The extrinsic is cut off.');
    const part = rest.subarray(0, n);
    rest = rest.subarray(n);
    return part;
  };
  const number = (): bigint => {
    const value = BigInt(compact.dec(rest.slice(0, 17))); // the codec reads a whole buffer
    take(compact.enc(value).length);
    return value;
  };
  if (number() !== BigInt(rest.length)) throw new Error('The extrinsic has another length than it says.');
  const version = take(1)[0]!;
  if (version === 4) return { call: rest };
  if (version !== 0x84) throw new Error(`This is no extrinsic of format 4: ${version}.`);
  if (take(1)[0] !== 0) throw new Error('The signer is named by something else than an account.');
  const signer = take(32);
  const scheme = take(1)[0]!;
  if (scheme > 2) throw new Error(`There is no signature scheme ${scheme}.`);
  take(scheme === 2 ? 65 : 64);
  if (take(1)[0] !== 0) take(1); // the era
  const nonce = Number(number());
  return { signer, nonce, tip: number(), call: rest };
}
