import { expect, test } from 'vitest';
import { hex, unhex } from '../bytes.js';
import { development } from './account.js';
import { decode, encode, immortal, mortal, signedBytes, type Unsigned } from './extrinsic.js';
import { open, payload, split, type Extension, type Payload } from './wallet.js';

// The values of the tests of Substrate's sp_runtime::generic::Era.
test('encodes eras as Substrate does', () => {
  expect([...mortal(64, 42)]).toEqual([5 + (42 % 16) * 16, 42 >> 4]);
  expect([...mortal(32768, 20000)]).toEqual([14 + (2500 % 16) * 16, 2500 >> 4]);
  expect([...immortal]).toEqual([0]);
  expect(() => mortal(63, 1)).toThrow();
  // The era says its birth in steps of period / 4096.
  expect(() => mortal(32768, 20001)).toThrow('block 20001');
  expect(() => mortal(64, -1)).toThrow();
  expect(() => mortal(64, 1.5)).toThrow();
});

const tx: Unsigned = {
  call: unhex('0x00000c010203'),
  address: development('Alice').address,
  nonce: 7,
  tip: 300n,
  era: mortal(64, 42),
  birth: { hash: `0x${'22'.repeat(32)}`, number: 42 },
  genesis: `0x${'11'.repeat(32)}`,
  specVersion: 3,
  transactionVersion: 2,
};

// By hand from the specification of extrinsics, format 4.
test('signs and encodes by the specification', () => {
  const extra = 'a502' + '1c' + 'b104';
  expect(hex(signedBytes(tx))).toBe(`0x00000c010203${extra}0300000002000000${'11'.repeat(32)}${'22'.repeat(32)}`);
  const whole = encode(tx, new Uint8Array(32).fill(5), { scheme: 2, bytes: new Uint8Array(65).fill(6) });
  const body = `8400${'05'.repeat(32)}02${'06'.repeat(65)}${extra}00000c010203`;
  expect(hex(whole)).toBe(`0xbd01${body}`);
  expect(body.length / 2).toBe(0x1bd >> 2);
});

test('decodes what it encodes, and nothing else', () => {
  const whole = encode(tx, new Uint8Array(32).fill(5), { scheme: 1, bytes: new Uint8Array(64) });
  expect(decode(whole)).toEqual({ signer: new Uint8Array(32).fill(5), nonce: 7, tip: 300n, call: tx.call });
  expect(decode(unhex('0x1004020b00'))).toEqual({ call: unhex('0x020b00') }); // Timestamp.set, bare
  expect(() => decode(whole.subarray(0, 50))).toThrow();
  expect(() => decode(unhex('0x0c050001'))).toThrow();
});

/** wallet is an extension that signs with a development key, and keeps what it
 * was asked. */
function wallet(asked: Payload[]): Extension {
  const bob = development('Bob');
  const number = (h: string): number => parseInt(h, 16);
  return {
    enable: async () => ({
      accounts: { get: async () => [{ address: bob.address, name: 'mine', type: 'sr25519' }, { address: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045', type: 'ethereum' }] },
      signer: {
        signPayload: async (p) => {
          asked.push(p);
          const { bytes } = await bob.signTransaction({
            call: unhex(p.method), address: p.address, nonce: number(p.nonce), tip: BigInt(p.tip), era: unhex(p.era), genesis: p.genesisHash,
            birth: { hash: p.blockHash, number: number(p.blockNumber) }, specVersion: number(p.specVersion), transactionVersion: number(p.transactionVersion),
          });
          return { signature: hex(Uint8Array.of(1, ...bytes)) };
        },
        signRaw: async ({ data }) => ({ signature: hex((await bob.signBytes(unhex(data))).bytes) }),
      },
    }),
  };
}

test('lets a wallet sign', async () => {
  const asked: Payload[] = [];
  const [mine, ...others] = await open(wallet(asked), 'test');
  expect(others).toEqual([]);
  expect(mine!.name).toBe('mine');
  const signature = await mine!.signTransaction(tx);
  expect(signature.scheme).toBe(1);
  expect(signature.bytes).toHaveLength(64);
  expect(asked[0]).toEqual(payload(tx, mine!.address));
  expect(asked[0]).toMatchObject({ nonce: '0x00000007', tip: '0x0000000000000000000000000000012c', blockNumber: '0x0000002a', specVersion: '0x00000003', version: 4 });
  expect((await mine!.signBytes(Uint8Array.of(1))).bytes).toHaveLength(64);
});

test('takes the scheme off signatures', () => {
  expect(split(new Uint8Array(64), 'ed25519')).toEqual({ scheme: 0, bytes: new Uint8Array(64) });
  expect(split(Uint8Array.of(2, ...new Uint8Array(65)), 'ecdsa').bytes).toHaveLength(65);
  expect(() => split(new Uint8Array(63))).toThrow();
  expect(() => split(Uint8Array.of(0, ...new Uint8Array(64)))).toThrow();
  expect(() => split(new Uint8Array(65), 'ethereum')).toThrow();
});
