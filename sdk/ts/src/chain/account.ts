// Accounts that sign: the development accounts, whose keys everybody knows, since
// they are derived from the phrase that all Substrate development chains use;
// and keys of the caller's own. Those of wallets are in wallet.ts.

import * as sr25519 from '@scure/sr25519';
import { AccountId } from '@polkadot-api/substrate-bindings';
import { blake2, concat, utf8 } from '../bytes.js';

import type { Unsigned } from './extrinsic.js';
import { signedBytes } from './extrinsic.js';

/** Signature is a signature and the number of its scheme: 0 ed25519, 1 sr25519,
 * 2 ecdsa. */
export interface Signature {
  scheme: number;
  bytes: Uint8Array;
}

/** Account is somebody who signs. Where its key lies is nobody else's concern. */
export interface Account {
  name: string;
  address: string;
  /** publicKey is the account's 32 bytes on the chain. */
  publicKey: Uint8Array;
  /** signTransaction signs a transaction that the caller has filled in. */
  signTransaction(tx: Unsigned): Promise<Signature>;
  /** signBytes signs what is no transaction. A wallet puts <Bytes> around it. */
  signBytes(message: Uint8Array): Promise<Signature>;
}

const codec = AccountId(42);

/** address writes an account's key as wallets do. */
export const address = (publicKey: Uint8Array): string => codec.dec(publicKey);

/** publicKeyOf reads an address. */
export const publicKeyOf = (ss58: string): Uint8Array => codec.enc(ss58);

// The mini secret of "bottom drive obey lake curtain smoke basket hold race
// lonely fit walk", and the names that development chains endow.
const root = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e';

/** names are those of the development accounts, as in //Alice. */
export const names = ['Alice', 'Bob', 'Charlie', 'Dave', 'Eve', 'Ferdie', 'Grace', 'Heidi', 'Ivan', 'Judy'] as const;

/** development derives the account with a name by one hard junction. */
export function development(name: string): Account {
  const seed = Uint8Array.from(root.match(/../g)!, (h) => parseInt(h, 16));
  const secret = sr25519.HDKD.secretHard(sr25519.secretFromSeed(seed), chainCode(name));
  return local(name, secret);
}

/** fromSeed makes an account of a mini secret of 32 bytes. */
export const fromSeed = (name: string, seed: Uint8Array): Account => local(name, sr25519.secretFromSeed(seed));

function local(name: string, secret: Uint8Array): Account {
  const publicKey = sr25519.getPublicKey(secret);
  const sign = async (m: Uint8Array): Promise<Signature> => ({ scheme: 1, bytes: sr25519.sign(secret, m) });
  return { name, publicKey, address: address(publicKey), signTransaction: (tx) => sign(signedBytes(tx)), signBytes: sign };
}

/** chainCode is a junction: its SCALE text in 32 bytes, hashed if it is longer. */
function chainCode(name: string): Uint8Array {
  const bytes = utf8(name);
  const encoded = concat(Uint8Array.of(bytes.length << 2), bytes);
  if (encoded.length > 32) return blake2(encoded);
  const code = new Uint8Array(32);
  code.set(encoded);
  return code;
}

/** verify checks an sr25519 signature. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return sr25519.verify(message, signature, publicKey);
  } catch {
    return false;
  }
}
