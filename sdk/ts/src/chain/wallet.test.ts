// Wallets that are made up, and do what wallets should not.
import { expect, test } from 'vitest';
import { hex } from '../bytes.js';
import { development } from './account.js';
import { immortal, type Unsigned } from './extrinsic.js';
import { extensionsIn, open, type Extension } from './wallet.js';

const alice = development('Alice');
const zero = `0x${'00'.repeat(32)}` as const;
const tx: Unsigned = { call: Uint8Array.of(1), address: alice.address, nonce: 0, tip: 0n, era: immortal, birth: { hash: zero, number: 0 }, genesis: zero, specVersion: 1, transactionVersion: 1 };

const wallet = (accounts: unknown, answer?: unknown): Extension => ({
  enable: async () => ({ accounts: { get: async () => accounts }, signer: { signPayload: async () => answer, signRaw: async () => answer } }) as never,
});
const mine = [{ address: alice.address, name: 'Mine', type: 'sr25519' }];

test.each([null, undefined, {}, { signature: null }, { signature: 7 }, { signature: '' }, { signature: '0x' }, { signature: '0x1' }, { signature: 'no' }])('an answer %j is no signature', async (answer) => {
  const [account] = await open(wallet(mine, answer), 'test');
  await expect(account!.signTransaction(tx)).rejects.toThrow('The wallet gave no signature');
  await expect(account!.signBytes(Uint8Array.of(1))).rejects.toThrow('The wallet gave no signature');
});

test.each([['00', 63], ['00', 65], ['00', 66], ['02', 65]])('a signature that begins with %s and has %i bytes is none of sr25519', async (first, size) => {
  const [account] = await open(wallet(mine, { signature: `0x${first}${'11'.repeat(size - 1)}` }), 'test');
  await expect(account!.signTransaction(tx)).rejects.toThrow(`a signature of ${size} bytes`);
});

test('a signature is taken with its scheme and without', async () => {
  for (const before of ['', '01']) {
    const [account] = await open(wallet(mine, { signature: `0x${before}${'11'.repeat(64)}` }), 'test');
    const { scheme, bytes } = await account!.signTransaction(tx);
    expect([scheme, hex(bytes)]).toEqual([1, `0x${'11'.repeat(64)}`]);
  }
});

test('accounts of other chains are left out, and what is no list is told of', async () => {
  expect(await open(wallet([]), 'test')).toEqual([]);
  expect(await open(wallet([{ address: '0x52908400098527886E0F7030069857D2E4169EE7', type: 'ethereum' }, { address: `${alice.address.slice(0, -1)}x` }]), 'test')).toEqual([]);
  for (const list of [null, undefined, {}, 'none']) await expect(open(wallet(list), 'test'), String(list)).rejects.toThrow('no list of accounts');
  expect(Object.keys(extensionsIn({ injectedWeb3: { good: wallet([]), odd: null, other: {} } }))).toEqual(['good']);
});
