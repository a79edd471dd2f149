// What the chain has verified of a worker, proven to whoever knows the genesis.

import type { Hex } from '../bytes.js';
import type { LightClient } from './client.js';

/** Registration is a worker as the chain registered it, after it verified the
 * quote of its hardware. */
export interface Registration {
  operator: string;
  hpke: { kem: number; key: Uint8Array }[];
  image: Hex;
  platform: Hex;
  anchor: number;
  authority: Hex;
  class: { type: string };
  tier: number;
  status: { type: string };
  boot_epoch: bigint;
  block: number;
  attested_at: bigint;
  expires_at: bigint;
  revoked: boolean;
}

/** Check is one thing that was looked at. */
export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

/** Verdict is what came of all checks. */
export interface Verdict {
  ok: boolean;
  /** simulated says that the hardware is a software module that protects nothing. */
  simulated: boolean;
  checks: Check[];
  registration: Registration | undefined;
}

/** verifyWorker proves what the chain knows of a worker: that validators verified
 * its quote, that the registration is good now, and which program it runs. image,
 * if given, is the hash of the program that the caller built or trusts. */
export async function verifyWorker(light: LightClient, identity: Hex, image?: Hex): Promise<Verdict> {
  const final = await light.sync();
  const checks: Check[] = [];
  const check = (name: string, ok: boolean, detail: string): boolean => {
    checks.push({ name, ok, detail });
    return ok;
  };
  check('finality', true, `block ${final.number} is signed by more than two thirds of authority set ${light.authorities.id}`);
  const registration = await light.storage<Registration>('Registry', 'Workers', [identity]);
  if (!check('registration', !!registration, registration ? `registered in block ${registration.block}, boot epoch ${registration.boot_epoch}` : 'the chain has no such worker')) {
    return { ok: false, simulated: false, checks, registration };
  }
  const w = registration!;
  const simulated = w.class.type === 'Development';
  check('hardware', true, simulated ? `SIMULATED: tier ${w.tier}, it protects nothing` : `tier ${w.tier}, status ${w.status.type}`);
  const root = await light.storage<{ enabled: boolean }>('Attestation', 'TrustAnchors', [w.anchor]);
  const trusted = !!root?.enabled && (await light.storage('Attestation', 'RevokedAuthorities', [w.authority])) === undefined;
  check('root of trust', trusted, trusted ? 'the chain trusts it' : 'the chain has taken back its trust in the root or the authority');
  check('certificate', !w.revoked, w.revoked ? 'revoked by the vendor since' : 'not revoked by the vendor');
  const banned = (await light.storage<{ banned: boolean }>('Registry', 'Platforms', [w.platform]))?.banned ?? false;
  check('platform', !banned, banned ? 'banned by governance' : 'not banned');
  const now = (await light.storage<bigint>('Timestamp', 'Now')) ?? 0n;
  check('time', now < w.expires_at, now < w.expires_at ? `good until ${date(w.expires_at)}` : `over since ${date(w.expires_at)}`);
  const known = await light.storage<{ name: string; version: number; retire_at: number }>('Attestation', 'Images', [w.image]);
  const retired = known && known.retire_at !== 0 && known.retire_at <= final.number ? `, which gets no new work since block ${known.retire_at}` : '';
  check('image', !!known && (!image || image === w.image), !known ? 'the chain allows its program no more' : image && image !== w.image ? `it runs ${w.image}` : `${known.name} ${known.version}${retired}`);
  return { ok: checks.every((c) => c.ok), simulated, checks, registration };
}

/** date writes milliseconds since 1970, also where no calendar goes that far. */
const date = (ms: bigint): string => (ms <= 8_640_000_000_000_000n ? new Date(Number(ms)).toISOString() : `${ms} ms after 1970`);
