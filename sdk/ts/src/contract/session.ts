// Sessions: an account signs once, a wallet asks its user once, and a key of this
// page may then ask contracts in its name until a block.

import { randomBytes, unhex, utf8 } from '../bytes.js';
import { fromSeed, type Account, type Signature } from '../chain/account.js';
import type { Chain } from '../chain/chain.js';
import { certificateText } from '../worker/wire.js';

/** Certificate is an account's word for a session's key. */
export interface Certificate {
  key: Uint8Array;
  until: number;
  scheme: number;
  signature: Uint8Array;
}

/** Asker is who signs queries: an account, or a session of one. */
export interface Asker {
  /** publicKey is the account in whose name is asked. */
  publicKey: Uint8Array;
  signBytes(message: Uint8Array): Promise<Signature>;
  certificate?: Certificate;
}

/** session makes a key that may ask for an account for so many blocks, an hour of
 * them where blocks come each second. */
export async function session(chain: Chain, account: Account, blocks = 3_600): Promise<Asker> {
  const mine = fromSeed('session', randomBytes(32));
  const { number } = await chain.header();
  const until = number + blocks;
  const text = utf8(certificateText(unhex(chain.genesis), account.publicKey, mine.publicKey, until));
  const { scheme, bytes } = await account.signBytes(text);
  return { publicKey: account.publicKey, signBytes: mine.signBytes, certificate: { key: mine.publicKey, until, scheme, signature: bytes } };
}
