// Staking: who validates in this era, by whose stake, and what the last election
// gave. Names and types are those of Substrate's pallet-staking.

import type { Chain } from '@tacit-network/sdk';
import { grouped, h, set } from '../../ui/dom';
import { Drawn, every } from '../../ui/live';
import type { Page, World } from '../pages';

const most = 500;

interface Prefs {
  commission: number;
  blocked: boolean;
}

interface Exposure {
  total: bigint;
  own: bigint;
  nominator_count: number;
  page_count: number;
}

interface Nominations {
  targets: string[];
  submitted_in: number;
}

export const staking: Page = (into, world, _, signal) => {
  const { chain } = world;
  const facts = h('dl', { class: 'rows rows--wide', id: 'era' });
  const fault = h('p', { class: 'fault', role: 'alert' });
  const [active, edges, waiting, nominators] = [h('tbody'), h('tbody'), h('tbody'), h('tbody')];
  into.append(h('div', { class: 'intro' }, h('h1', {}, 'Staking'),
    h('p', {}, 'Validators order and finalise blocks. Where there is staking, an election by stake, Phragmén’s method, chooses them anew each era.')));
  if (!chain.has('Staking', 'Validators')) {
    const list = h('ul', { class: 'plain', id: 'validators' }, h('li', { class: 'quiet' }, 'Reading the validators…'));
    into.append(
      h('p', { class: 'empty', id: 'no-staking' }, 'This chain has no staking.', chain.has('Sudo') ? ' Sudo says who validates.' : ''),
      h('section', { class: 'card', 'aria-labelledby': 'now' }, h('h2', { id: 'now' }, 'Validators now'), fault, list),
    );
    const drawn = new Drawn(list);
    every(5_000, signal, async () => {
      const now = (await chain.storage<string[]>('Session', 'Validators')) ?? [];
      drawn.show(now, () => now.map((a) => h('li', {}, person(world, a))));
    }, (words) => set(fault, words));
    return;
  }
  into.append(
    h('section', { class: 'card', 'aria-labelledby': 'era-title' }, h('h2', { id: 'era-title' }, 'The era'), fault, facts),
    table('Elected for this era', 'elected', ['Validator', 'Stake', 'Own', 'Nominators', 'Commission', 'Points'], active),
    table('What the election gave to whom', 'edges', ['Nominator', 'Validator', 'Stake'], edges),
    table('Candidates', 'candidates', ['Validator', 'Commission', 'Takes nominations'], waiting),
    table('Nominators', 'nominators', ['Nominator', 'Stake', 'For', 'Since era'], nominators),
  );
  const drawn = { facts: new Drawn(facts), active: new Drawn(active), edges: new Drawn(edges), waiting: new Drawn(waiting), nominators: new Drawn(nominators) };
  every(4_000, signal, async () => {
    const s = await read(chain);
    if (signal.aborted) return;
    const amount = (n: bigint | undefined): string => (n === undefined ? '—' : chain.amount(n, 3));
    const row = (name: string, value: string): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, value));
    drawn.facts.show(s.facts, () => [
      row('Active era', s.facts.era === undefined ? 'none yet' : grouped(s.facts.era)),
      row('Began', s.facts.start === undefined ? '—' : new Date(Number(s.facts.start)).toISOString().replace('T', ' ').slice(0, 19)),
      row('Session', grouped(s.facts.session)),
      row('Places', grouped(s.facts.places)),
      row('Last election', s.facts.planned === undefined ? 'none yet' : `for era ${grouped(s.facts.planned)}: ${grouped(s.elected.length)} elected of ${grouped(s.candidates.length)}`),
      row('Stake in all', amount(s.facts.stake)),
      row('Nominators', grouped(s.facts.nominators)),
      row('Least to nominate', amount(s.facts.least)),
    ]);
    drawn.active.show(s.elected, () => s.elected.map(([who, e]) => {
      const prefs = s.prefs.get(who);
      return h('tr', {}, h('td', {}, person(world, who)), h('td', {}, amount(e.total)), h('td', {}, amount(e.own)), h('td', {}, grouped(e.nominator_count)),
        h('td', {}, prefs ? percent(prefs.commission) : '—'), h('td', {}, grouped(s.points.get(who) ?? 0)));
    }));
    drawn.edges.show(s.edges, () => !s.edges.length ? [h('tr', {}, h('td', { colspan: 3 }, 'No nominator stands behind a validator of this era.'))] : s.edges.map((e) =>
      h('tr', {}, h('td', {}, person(world, e.who)), h('td', {}, person(world, e.validator)), h('td', {}, amount(e.value)))));
    drawn.waiting.show(s.candidates, () => s.candidates.map(([who, p]) => h('tr', {}, h('td', {}, person(world, who)), h('td', {}, percent(p.commission)), h('td', {}, p.blocked ? 'no' : 'yes'))));
    drawn.nominators.show([s.nominators, [...s.ledgers]], () => !s.nominators.length ? [h('tr', {}, h('td', { colspan: 4 }, 'None yet.'))] : s.nominators.map(([who, n]) => h('tr', {}, h('td', {}, person(world, who)), h('td', {}, amount(s.ledgers.get(who))),
      h('td', {}, ...n.targets.flatMap((t) => [person(world, t), ' '])), h('td', {}, grouped(n.submitted_in)))));
  }, (words) => set(fault, words));
};

/** read reads all that the page shows. */
async function read(chain: Chain) {
  const [active, planned, places, session, candidates, nominators, count, least] = await Promise.all([
    chain.storage<{ index: number; start: bigint | undefined }>('Staking', 'ActiveEra'), chain.storage<number>('Staking', 'CurrentEra'),
    chain.storage<number>('Staking', 'ValidatorCount'), chain.storage<number>('Session', 'CurrentIndex'),
    chain.entries<string, Prefs>('Staking', 'Validators', most), chain.entries<string, Nominations>('Staking', 'Nominators', most),
    chain.storage<number>('Staking', 'CounterForNominators'), chain.storage<bigint>('Staking', 'MinNominatorBond'),
  ]);
  const era = active?.index;
  const of = <T>(item: string): Promise<T | undefined> => (era === undefined ? Promise.resolve(undefined) : chain.storage<T>('Staking', item, [era]));
  const [elected, stake, points, bonded] = await Promise.all([
    era === undefined ? [] : chain.entries<string, Exposure>('Staking', 'ErasStakersOverview', most, [era]),
    of<bigint>('ErasTotalStake'), of<{ individual: [string, number][] }>('ErasRewardPoints'),
    Promise.all(nominators.map(([who]) => chain.storage<{ active: bigint }>('Staking', 'Ledger', [who]))),
  ]);
  // The edges of the election, the greatest first: whom each nominator's stake was given to.
  const pages = elected.flatMap(([who, e]) => Array.from({ length: e.page_count }, (_, page) => ({ who, page }))).slice(0, most);
  const edges = (await Promise.all(pages.map(async ({ who, page }) => {
    const p = await chain.storage<{ others: { who: string; value: bigint }[] }>('Staking', 'ErasStakersPaged', [era, who, page]);
    return (p?.others ?? []).map((o) => ({ ...o, validator: who }));
  }))).flat().sort((a, b) => (a.value < b.value ? 1 : -1)).slice(0, most);
  return {
    edges,
    facts: { era, start: active?.start, planned, places: places ?? 0, session: session ?? 0, stake, nominators: count ?? nominators.length, least },
    elected: elected.sort(([, a], [, b]) => (a.total < b.total ? 1 : -1)),
    candidates, nominators, prefs: new Map(candidates), points: new Map(points?.individual ?? []),
    ledgers: new Map(nominators.flatMap(([who], i) => (bonded[i] ? [[who, bonded[i].active] as const] : []))),
  };
}

/** percent writes billionths. */
const percent = (parts: number): string => `${(parts / 10_000_000).toFixed(2).replace(/\.?0+$/, '')} %`;

function person({ wallets }: World, address: string): HTMLElement {
  return h('a', { href: `#accounts/${address}` }, wallets.find(address)?.name ?? `${address.slice(0, 8)}…${address.slice(-4)}`);
}

function table(title: string, id: string, heads: string[], body: HTMLElement): HTMLElement {
  return h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': id }, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...heads.map((t) => h('th', { scope: 'col' }, t)))), body)));
}
