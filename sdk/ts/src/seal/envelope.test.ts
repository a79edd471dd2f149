// The envelopes of seal/testdata/vectors.json, which Go opens too; layout and
// padding as docs/wire/envelope.md says.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hex, unhex } from '../bytes.js';
import { kem, PrivateKey, seal, type Info } from './envelope.js';
import { aad, message, pad, size, unpad } from './message.js';

interface Vector {
  suite: number;
  private_key: string;
  public_key: string;
  info: Info;
  aad: string;
  plaintext: string;
  envelope: string;
}

const vectors = (JSON.parse(readFileSync(new URL('../../../../seal/testdata/vectors.json', import.meta.url), 'utf8')) as Vector[]).filter((v) => v.suite === 1);

describe('envelopes', () => {
  test('there are vectors', () => expect(vectors.length).toBeGreaterThan(0));

  test.each(vectors)('open to the plaintext of the vector', async (v) => {
    const key = await PrivateKey.parse(unhex(v.private_key), unhex(v.public_key));
    expect(hex(await key.open(v.info, unhex(v.aad), unhex(v.envelope)))).toBe(`0x${v.plaintext}`);
  });

  test.each(vectors)('do not open when anything is changed', async (v) => {
    const key = await PrivateKey.parse(unhex(v.private_key), unhex(v.public_key));
    const envelope = unhex(v.envelope);
    for (const at of [0, 1, 6, 500, 1125, envelope.length - 1]) {
      const changed = envelope.slice();
      changed[at]! ^= 1;
      await expect(key.open(v.info, unhex(v.aad), changed), `byte ${at}`).rejects.toThrow();
    }
    await expect(key.open('tacit/query/1', unhex(v.aad), envelope)).rejects.toThrow();
    await expect(key.open(v.info, unhex(v.aad).fill(0), envelope)).rejects.toThrow();
    await expect(key.open(v.info, unhex(v.aad), envelope.subarray(0, 100))).rejects.toThrow();
  });

  test('have the layout of version 1, and open again', async () => {
    const key = await PrivateKey.generate();
    expect(key.publicKey).toHaveLength(1216);
    const envelope = await seal(key.publicKey, 'tacit/command/1', 7, Uint8Array.of(1), new Uint8Array(256));
    expect(hex(envelope.subarray(0, 6))).toBe('0x010107000000');
    expect(envelope).toHaveLength(6 + 1120 + 256 + 16);
    expect(await key.open('tacit/command/1', Uint8Array.of(1), envelope)).toEqual(new Uint8Array(256));
  });
});

describe('messages', () => {
  const m = { kind: 0, nonce: new Uint8Array(16).fill(9), reply: { kem, key: new Uint8Array(1216).fill(3) }, input: Uint8Array.of(1, 2, 3) };

  test('are padded to 256 times a power of two', () => {
    expect([0, 1, 256, 257, 512, 513, 2000].map(size)).toEqual([256, 256, 256, 512, 512, 1024, 2048]);
    const padded = pad(message.enc(m));
    expect(padded).toHaveLength(2048);
    expect(unpad(message, padded)).toEqual(m);
  });

  test('are refused with other padding', () => {
    const padded = pad(message.enc(m));
    const changed = padded.slice();
    changed[2047] = 1;
    expect(() => unpad(message, changed)).toThrow();
    expect(() => unpad(message, new Uint8Array([...padded, ...padded]).fill(0, 2048))).toThrow();
    expect(() => unpad(message, message.enc(m))).toThrow();
    expect(unpad(message, new Uint8Array([0, ...padded]).subarray(1))).toEqual(m);
    // A length that takes more bytes than it must, in place of the last one.
    const plain = message.enc(m);
    expect(hex(plain.subarray(-4))).toBe('0x0c010203');
    expect(() => unpad(message, pad(new Uint8Array([...plain.subarray(0, -4), 0x0d, 0, 1, 2, 3])))).toThrow();
  });

  test('are bound to 132 bytes', () => {
    const part = new Uint8Array(32);
    const bytes = aad({ genesis: part, target: part, contract: part, origin: part, epoch: 0x01020304 });
    expect(bytes).toHaveLength(132);
    expect(hex(bytes.subarray(128))).toBe('0x04030201');
  });
});
