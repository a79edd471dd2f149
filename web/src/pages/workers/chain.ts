// What the chain has of workers, and what its runtime thinks of them.

import type { Chain, Hex } from '@tacit-network/sdk';
import { duration, grouped } from '../../ui/dom';
import { worst, type Check } from '../../ui/tree';

/** Worker is a registered worker, as the chain has it. */
export interface Worker {
  operator: string;
  hpke: { kem: number; key: Uint8Array }[];
  image: Hex;
  platform: Hex;
  class: { type: 'Development' | 'Production' };
  tier: number;
  tier_max: number;
  status: { type: string };
  advisories: string[];
  boot_epoch: bigint;
  block: number;
  attested_at: bigint;
  expires_at: bigint;
  degrades_at: bigint;
  revoked: boolean;
  draining: boolean;
}

/** Image is a program that the chain admits. */
export interface Image {
  name: string;
  version: number;
  measurement: { type: string; value: { mrtd?: Hex; mr_enclave?: Hex } };
}

/** Judgement is what a registration is worth now, and by what. */
export interface Judgement {
  standing: { type: string };
  tier: number;
  facts: {
    now: bigint;
    trusted: boolean;
    image_active: boolean;
    platform: { workers: number; banned: boolean; endorsements: string[] };
    endorsers: { accounts: string[]; quorum: number };
    stake: bigint;
    tier_stake: bigint;
  };
}

/** measured is the measurement of a program, if it has one that is one hash. */
export const measured = (image: Image | undefined): Hex | undefined => image?.measurement.value.mrtd ?? image?.measurement.value.mr_enclave;

/** judge asks the runtime; undefined is for what is not registered. */
export const judge = (chain: Chain, identity: Hex): Promise<Judgement | undefined> => chain.api<Judgement | undefined>('RegistryApi', 'judge', [identity]);

/** left writes how long a registration is good, by so many units. */
export function left(w: Worker, units = 2): string {
  const ms = Number(w.expires_at) - Date.now();
  return ms > 0 ? `in ${duration(ms, units)}` : `over for ${duration(-ms, units)}`;
}

/** verdicts is what the runtime checked of a quote and goes on checking. */
export function verdicts(chain: Chain, w: Worker, j: Judgement, image: Image | undefined): Check {
  const { facts } = j;
  const simulated = w.class.type === 'Development';
  const check = (name: string, good: boolean, bad: Check['state'], detail: string, otherwise = detail): Check => ({ name, state: good ? 'passed' : bad, detail: good ? detail : otherwise });
  const endorsed = facts.platform.endorsements.filter((a) => facts.endorsers.accounts.includes(a)).length;
  const checks: Check[] = [
    check('quote', true, 'failed', `verified by the chain in block ${grouped(w.block)}: signatures, certificates, report data and configuration`),
    check('root of trust', facts.trusted, 'failed', simulated ? 'the root for development, which this chain allows' : 'the vendor’s root, which the chain trusts', 'the chain has taken back its trust in the root or the authority'),
    check('certificate', !w.revoked, 'failed', 'not revoked by the vendor', 'revoked by the vendor since'),
    check('hardware', !simulated, 'warning', 'a vendor’s', 'SIMULATED: software plays the hardware, and protects nothing'),
    check('firmware', w.status.type === 'UpToDate', w.degrades_at ? 'warning' : 'failed', `status ${w.status.type}`, `status ${w.status.type}${w.advisories.length ? `, ${w.advisories.join(', ')}` : ''}`),
    check('platform', !facts.platform.banned, 'failed', `not banned; ${grouped(facts.platform.workers)} worker${facts.platform.workers === 1 ? '' : 's'} on it`, 'banned by governance'),
    check('program', facts.image_active, 'warning', image ? `${image.name} ${image.version}, which the chain admits` : 'admitted', 'not admitted any more, or not yet'),
    check('time', Number(w.expires_at) > Number(facts.now), 'failed', `good until ${date(w.expires_at)}`, `over since ${date(w.expires_at)}`),
    {
      name: 'tier', state: 'passed',
      detail: `${j.tier}, of at most ${w.tier_max} for this hardware and program; endorsed by ${endorsed} of ${facts.endorsers.quorum} that tier 2 takes; pledge ${chain.amount(facts.stake)} of ${chain.amount(facts.tier_stake)}`,
    },
    check('operator', !w.draining, 'warning', 'takes new work', 'wants no new work'),
  ];
  return { name: 'standing', state: j.standing.type === 'Good' ? worst(checks) : worst([...checks, { name: '', detail: '', state: 'warning' }]), detail: j.standing.type, checks };
}

/** date writes milliseconds since 1970. */
export const date = (ms: bigint): string => new Date(Number(ms)).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
