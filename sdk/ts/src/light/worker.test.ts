// What makes a registration worth nothing is that of the chain itself: Standing in
// runtime/pallet/registry/words.
import { expect, test } from 'vitest';
import type { LightClient } from './client.js';
import { verifyWorker } from './worker.js';

const [identity, image, platform, authority] = ['01', '02', '03', '04'].map((b) => `0x${b.repeat(32)}` as const);
const good = {
  'Registry.Workers': {
    operator: '', hpke: [], image, platform, authority, anchor: 9, class: { type: 'Production' }, tier: 1, status: { type: 'UpToDate' }, boot_epoch: 1n, block: 1,
    attested_at: 0n, expires_at: 2_000n, revoked: false,
  },
  'Registry.Platforms': { banned: false },
  'Attestation.TrustAnchors': { enabled: true },
  'Attestation.RevokedAuthorities': undefined as unknown,
  'Attestation.Images': { name: 'worker', version: 1, retire_at: 0 },
  'Timestamp.Now': 1_000n,
};
type State = typeof good;
const keys: Record<string, unknown> = { 'Registry.Workers': identity, 'Registry.Platforms': platform, 'Attestation.TrustAnchors': 9, 'Attestation.RevokedAuthorities': authority, 'Attestation.Images': image };

const verdict = (change: (s: State) => void) => {
  const state = structuredClone(good);
  change(state);
  return verifyWorker({
    sync: async () => ({ number: 7 }), authorities: { id: 0n },
    storage: async (pallet: string, item: string, [key]: unknown[] = []) => (key === keys[`${pallet}.${item}`] ? state[`${pallet}.${item}` as keyof State] : undefined),
  } as unknown as LightClient, identity!);
};

test('a good registration is believed', async () => {
  expect((await verdict(() => undefined)).checks.filter((c) => !c.ok)).toEqual([]);
  expect((await verdict((s) => (s['Registry.Workers'].expires_at = (1n << 64n) - 1n))).ok).toBe(true);
});

test.each<[string, (s: State) => void]>([
  ['certificate', (s) => (s['Registry.Workers'].revoked = true)],
  ['platform', (s) => (s['Registry.Platforms'].banned = true)],
  ['root of trust', (s) => (s['Attestation.TrustAnchors'].enabled = false)],
  ['root of trust', (s) => (s['Attestation.RevokedAuthorities'] = true)],
  ['time', (s) => (s['Registry.Workers'].expires_at = 1_000n)],
  ['image', (s) => (s['Attestation.Images'] = undefined as never)],
])('one is not for its %s', async (name, change) => {
  const v = await verdict(change);
  expect(v.ok).toBe(false);
  expect(v.checks.filter((c) => !c.ok).map((c) => c.name)).toEqual([name]);
});

// As `tacit verify worker` does: its clusters may still be served by it.
test.each([[0, 'worker 1'], [8, 'worker 1'], [7, 'worker 1, which gets no new work since block 7']])('a program that retires at block %i is told of', async (retire, want) => {
  const v = await verdict((s) => (s['Attestation.Images'].retire_at = retire));
  expect([v.ok, v.checks.find((c) => c.name === 'image')?.detail]).toEqual([true, want]);
});
