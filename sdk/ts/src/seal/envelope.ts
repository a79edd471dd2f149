// Envelopes, version 1: HPKE (RFC 9180) with X-Wing, HKDF-SHA256 and AES-256-GCM.
// docs/wire/envelope.md has the layout.
//
//	version u8 = 1 ‖ suite u8 = 1 ‖ epoch u32 ‖ enc (1120 bytes) ‖ ciphertext and tag

import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { concat, u32, utf8 } from '../bytes.js';

const version = 1;
const hybrid = 1;
const headSize = 6;
const encSize = 1120;

/** kem is HPKE's number of X-Wing, by which keys are listed on the chain. */
export const kem = 0x647a;

/** Info says what an envelope is for. */
export type Info = 'tacit/command/1' | 'tacit/query/1' | 'tacit/reply/1';

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** own copies into a buffer of its own, as the browser's cryptography wants. */
const own = (b: Uint8Array): ArrayBuffer => new Uint8Array(b).buffer;

/** seal encrypts plaintext to a public key. */
export async function seal(publicKey: Uint8Array, info: Info, epoch: number, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
  const recipientPublicKey = await suite.kem.deserializePublicKey(own(publicKey));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: own(utf8(info)) });
  const box = await sender.seal(own(plaintext), own(aad));
  return concat(Uint8Array.of(version, hybrid), u32(epoch), new Uint8Array(sender.enc), new Uint8Array(box));
}

/** PrivateKey opens envelopes. It never leaves the page. */
export class PrivateKey {
  private constructor(
    readonly publicKey: Uint8Array,
    readonly key: CryptoKey,
  ) {}

  /** generate makes a key from the browser's randomness. */
  static async generate(): Promise<PrivateKey> {
    const pair = await suite.kem.generateKeyPair();
    return new PrivateKey(new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)), pair.privateKey);
  }

  /** parse reads a key of 32 bytes whose public part is known. */
  static async parse(secret: Uint8Array, publicKey: Uint8Array): Promise<PrivateKey> {
    return new PrivateKey(publicKey, await suite.kem.deserializePrivateKey(own(secret)));
  }

  /** open decrypts an envelope; it throws if anything of it was changed. */
  async open(info: Info, aad: Uint8Array, envelope: Uint8Array): Promise<Uint8Array> {
    if (envelope[0] !== version || envelope[1] !== hybrid || envelope.length < headSize + encSize + 16) {
      throw new Error('This is no envelope that this page can open.');
    }
    const end = headSize + encSize;
    const recipient = await suite.createRecipientContext({ recipientKey: this.key, enc: own(envelope.subarray(headSize, end)), info: own(utf8(info)) });
    return new Uint8Array(await recipient.open(own(envelope.subarray(end)), own(aad)));
  }
}
