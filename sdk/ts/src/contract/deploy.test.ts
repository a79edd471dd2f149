// Names and actions as Go makes them (go test ./test/sdk -rewrite).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hex, unhex, type Hex } from '../bytes.js';
import { chunks, codeHash, contractId, pack } from './deploy.js';
import { action, escrowAccount } from './ledger.js';

const v = JSON.parse(readFileSync(new URL('../../testdata/names.json', import.meta.url), 'utf8')) as Record<string, Hex>;

test('names codes, contracts and escrows as the chain does', () => {
  const list = chunks(new Uint8Array(300_000).fill(7));
  expect(list.map((c) => c.length)).toEqual([262_144, 37_856]);
  expect(codeHash(list)).toBe(v.code);
  expect(contractId(unhex(v.deployer!), v.code!, v.cluster!, unhex(v.salt!))).toBe(v.contract);
  expect(hex(escrowAccount(v.cluster!))).toBe(v.escrow);
  expect(() => chunks(new Uint8Array(2_097_153))).toThrow('at most');
});

test('writes actions as the cluster reads them', () => {
  expect(hex(action('transfer', unhex(v.deployer!), 5_000_000_000_000n))).toBe(v.transfer);
  expect(hex(action('withdraw', unhex(v.deployer!), 5_000_000_000_000n))).toBe(v.withdraw);
});

test('packs WebAssembly, and nothing else', async () => {
  const packed = await pack(unhex('0x0061736d01000000'));
  expect(hex(packed.subarray(0, 2))).toBe('0x1f8b');
  expect(await pack(packed)).toBe(packed);
  await expect(pack(new Uint8Array(8))).rejects.toThrow('no WebAssembly');
});
