// Clusters: sets of workers that run contracts together, their keys, how far they
// are, and what is in escrow for each.

import { address, escrowAccount, type Cluster, type Hex, type Ledger } from '@tacit-network/sdk';
import { queue } from '../../contract/queue';
import { copyable } from '../../ui/code';
import { grouped, h, set } from '../../ui/dom';
import { Drawn, every } from '../../ui/live';
import type { Page, World } from '../pages';
import { money } from './money';

const most = 200;

const row = (name: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));

/** State is what there is to show of a cluster. */
interface State {
  id: Hex;
  cluster: Cluster;
  ledger: Ledger;
  /** queued is how many messages the chain ever had for it. */
  queued: bigint;
  snapshots: Snapshots | undefined;
  terms: Terms | undefined;
  notice: Notice | undefined;
}

/** Terms are what is paid in a cluster: for a million gas, to the treasury, and as a deposit for what contracts store. */
interface Terms {
  gas_price: bigint;
  deposit_per_item: bigint;
  deposit_per_byte: bigint;
  treasury: string;
}

/** Notice says from which block on other terms apply. */
interface Notice {
  terms: Terms;
  from: number;
}

/** Snapshot is of the state after the messages below next. */
interface Snapshot {
  epoch: number;
  next: bigint;
  root: Hex;
  chunks: number;
}

/** Snapshots are those of a cluster, as the chain has them. */
interface Snapshots {
  wanted: { next: bigint } | undefined;
  chosen: Snapshot | undefined;
  kept: Snapshot | undefined;
}

async function state({ chain }: World, id: Hex, known?: Cluster): Promise<State | undefined> {
  const [cluster, ledger, outbox, snapshots, terms, notice] = await Promise.all([
    known ?? chain.storage<Cluster>('Clusters', 'Clusters', [id]), chain.storage<Ledger>('Clusters', 'Ledgers', [id]),
    chain.storage<{ count: bigint }>('Queue', 'Outbox', [{ type: 'ToCluster', value: { id } }]),
    chain.storage<Snapshots>('Clusters', 'Snapshots', [id]), chain.storage<Terms>('Clusters', 'Terms', [id]), chain.storage<Notice>('Clusters', 'Notices', [id]),
  ]);
  return cluster && { id, cluster, ledger: ledger ?? { escrow: 0n, coming: 0n }, queued: outbox?.count ?? 0n, snapshots, terms, notice };
}

export const clusters: Page = (into, world, rest, signal) => {
  if (rest) return one(into, world, rest, signal);
  const list = h('div', { class: 'stack' }, h('p', { class: 'loading' }, 'Reading the clusters…'));
  const fault = h('p', { class: 'fault', role: 'alert' });
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Clusters'),
      h('p', {}, 'A cluster is workers that run the same contracts, with one secret that never leaves them. Its commands stand in one queue, which the chain orders.')),
    fault, list,
  );
  const drawn = new Drawn(list);
  every(2_000, signal, async () => {
    const found = await world.chain.entries<Hex, Cluster>('Clusters', 'Clusters', most);
    const states = (await Promise.all(found.map(([id, c]) => state(world, id, c)))).filter((s): s is State => !!s);
    if (signal.aborted) return;
    drawn.show(states.map((s) => [s.id, s.cluster.members, s.cluster.next, s.cluster.keys.length, s.ledger.escrow, s.queued, s.terms, s.notice]), () =>
      states.length
        ? states.map((s) => h('section', { class: 'card cluster-card', 'aria-label': `Cluster ${s.id.slice(0, 10)}` },
            h('h2', {}, h('a', { href: `#clusters/${s.id}` }, `Cluster ${s.id.slice(0, 10)}…`)), facts(world, s, true)))
        : [h('p', { class: 'empty' }, 'There is no cluster yet. One is made with the first contract, or by ', h('code', {}, 'tacit cluster create'), '.')]);
  }, (words) => set(fault, words));
};

function facts({ chain, wallets }: World, { id, cluster, ledger, queued, snapshots, terms, notice }: State, few: boolean): HTMLElement {
  const waiting = queued > cluster.next ? queued - cluster.next : 0n;
  const owner = wallets.find(cluster.owner)?.name;
  return h('dl', { class: few ? 'rows rows--wide' : 'rows' },
    row('Workers', few ? String(cluster.members.length) : h('div', {}, ...cluster.members.map((m) => h('div', {}, h('a', { href: `#workers/${m}` }, `${m.slice(0, 18)}…`))))),
    row('Epoch', grouped(cluster.epoch)),
    row('Keys', cluster.keys.length ? (few ? 'ready' : h('div', {}, ...cluster.keys.map((k) => h('div', {}, copyable(`0x${[...k.key].map((b) => b.toString(16).padStart(2, '0')).join('')}`, `Key of KEM ${k.kem}`), k.kem === 0x647a ? 'X-Wing, hybrid post-quantum' : k.kem === 0x20 ? 'X25519' : `KEM ${k.kem}`)))) : 'not made yet'),
    row('Executed', `${grouped(cluster.next)} of ${grouped(queued)} messages${waiting ? `; ${grouped(waiting)} wait` : ''}`),
    row('In escrow', chain.amount(ledger.escrow, 6)),
    row('In the ledger', `${chain.amount(ledger.escrow - ledger.coming, 6)}${ledger.coming ? `; ${chain.amount(ledger.coming, 6)} on the way in` : ''}`),
    row('Prices', prices(chain, terms)),
    ...(notice ? [row(`From block ${grouped(notice.from)}`, prices(chain, notice.terms))] : []),
    ...(few ? [] : [
      row('State root', copyable(cluster.state_root, 'Blinded root of the state', 18, 16), ' blinded: it tells nothing of the state'),
      row('Snapshot', ...snapshot(snapshots)),
      row('Escrow account', h('a', { href: `#accounts/${address(escrowAccount(id))}` }, address(escrowAccount(id)))),
      row('Owner', h('a', { href: `#accounts/${cluster.owner}` }, owner ? `${owner}, ${cluster.owner}` : cluster.owner)),
      row('Least tier', String(cluster.tier)),
    ]),
  );
}

/** prices tells what is paid in a cluster beside the fees of the chain. */
function prices(chain: World['chain'], terms: Terms | undefined): string {
  const paid = [
    ...(terms?.gas_price ? [`${chain.amount(terms.gas_price, 12)} for a million gas`] : []),
    ...(terms?.deposit_per_item ? [`${chain.amount(terms.deposit_per_item, 12)} held for each stored entry`] : []),
    ...(terms?.deposit_per_byte ? [`${chain.amount(terms.deposit_per_byte, 12)} held for each stored byte`] : []),
  ];
  return paid.join(', ') || 'the chain\u2019s fees are all';
}

/** snapshot tells from where a worker that has lost all may begin. */
function snapshot(s: Snapshots | undefined): (Node | string)[] {
  const coming = s?.chosen ? `One after message ${grouped(s.chosen.next)} is on its way. ` : s?.wanted && s.wanted.next !== s.kept?.next ? `One after message ${grouped(s.wanted.next)} is being made. ` : '';
  if (!s?.kept) return [`${coming}The chain has none yet: who lost all executes every message again.`];
  return [`${coming}Of epoch ${grouped(s.kept.epoch)}, after message ${grouped(s.kept.next)}, in ${grouped(s.kept.chunks)} encrypted chunks. Root `, copyable(s.kept.root, 'Root of the snapshot', 18, 16)];
}

function one(into: HTMLElement, world: World, rest: string, signal: AbortSignal): void {
  if (!/^0x[0-9a-f]{64}$/i.test(rest)) {
    into.append(h('div', { class: 'note note--bad', role: 'alert' }, h('strong', {}, 'That is no name of a cluster.'), h('p', {}, h('a', { href: '#clusters' }, 'All clusters'))));
    return;
  }
  const id = rest.toLowerCase() as Hex;
  const about = h('div', { id: 'cluster-facts' }, h('p', { class: 'quiet' }, 'Reading the cluster…'));
  const contracts = h('div', {}, h('p', { class: 'quiet' }, 'Reading its contracts…'));
  const purse = h('div', {});
  const fault = h('p', { class: 'fault', role: 'alert' });
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Cluster'), h('p', { class: 'links' }, copyable(id, 'Name of the cluster', 18, 16), h('a', { href: '#clusters' }, 'All clusters'))),
    h('section', { class: 'card', 'aria-labelledby': 'facts' }, h('h2', { id: 'facts' }, 'On the chain'), fault, about),
    h('section', { class: 'card', 'aria-labelledby': 'its-contracts' }, h('h2', { id: 'its-contracts' }, 'Contracts'), contracts),
    purse,
    queue(world, { cluster: id }, signal),
  );
  const drawn = { about: new Drawn(about), contracts: new Drawn(contracts) };
  let open = false;
  every(1_500, signal, async () => {
    const s = await state(world, id);
    if (signal.aborted) return;
    if (!s) {
      drawn.about.show('none', () => [h('p', { class: 'empty' }, 'The chain has no such cluster.')]);
      drawn.contracts.show('none', () => [h('p', { class: 'quiet' }, 'None.')]);
      return;
    }
    drawn.about.show(s, () => [facts(world, s, false)]);
    const all = (await world.chain.entries<Hex, { cluster: Hex; state: { type: string } }>('Contracts', 'Contracts', most)).filter(([, c]) => c.cluster === id);
    drawn.contracts.show(all, () => all.length ? [h('ul', { class: 'plain' }, ...all.map(([c, i]) => h('li', {}, h('a', { href: `#contracts/${c}` }, `${c.slice(0, 18)}…`), ` ${i.state.type}`)))] : [h('p', { class: 'quiet' }, 'None yet.')]);
    if (!open && s.cluster.keys.length) {
      open = true;
      purse.append(money(world, id, signal));
    }
  }, (words) => set(fault, words));
}
