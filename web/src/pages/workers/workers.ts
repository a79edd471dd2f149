// Workers: all that are registered, and one of them with what proves it.

import type { Hex } from '@tacit-network/sdk';
import { copyable } from '../../ui/code';
import { grouped, h, set } from '../../ui/dom';
import { Drawn, every, ticking } from '../../ui/live';
import type { Page } from '../pages';
import { judge, left, type Worker } from './chain';
import { worker } from './worker';

const most = 200;

export const workers: Page = (into, world, rest, signal) => {
  if (rest) return worker(into, world, rest, signal);
  const { chain } = world;
  const list = h('div', { class: 'stack' }, h('p', { class: 'loading' }, 'Reading the workers…'));
  const fault = h('p', { class: 'fault', role: 'alert' });
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Workers'),
      h('p', {}, 'Programs inside trusted hardware. Each proved to the chain, by a quote that the chain verified itself, what hardware and which program it is.')),
    fault, list,
  );
  const drawn = new Drawn(list);
  let expiries: (() => void)[] = [];
  every(2_000, signal, async () => {
    const found = await chain.entries<Hex, Worker>('Registry', 'Workers', most);
    const judged = await Promise.all(found.map(([id]) => judge(chain, id)));
    if (signal.aborted) return;
    drawn.show(found.map(([id, w], i) => [id, w.boot_epoch, w.expires_at, judged[i]?.standing.type, judged[i]?.tier]), () => {
      expiries = [];
      return found.length
        ? found.map(([id, w], i) => card(id, w, judged[i]?.standing.type ?? 'unknown', judged[i]?.tier ?? w.tier, expiries))
        : [h('p', { class: 'empty' }, 'No worker is registered yet. One appears here as soon as the chain has verified its quote.')];
    });
  }, (words) => set(fault, words));
  ticking(signal, () => expiries.forEach((f) => f()));
};

function card(id: Hex, w: Worker, standing: string, tier: number, expiries: (() => void)[]): HTMLElement {
  const expiry = h('dd', {});
  expiries.push(() => set(expiry, left(w)));
  const row = (name: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
  return h('section', { class: 'card worker-card', 'aria-label': `Worker ${id.slice(0, 10)}` },
    h('h2', {}, h('a', { href: `#workers/${id}` }, `Worker ${id.slice(0, 10)}…`), ' ',
      w.class.type === 'Development' ? h('strong', { class: 'badge badge--warn' }, 'SIMULATED TEE') : h('strong', { class: 'badge badge--good' }, 'VERIFIED TEE')),
    h('dl', { class: 'rows rows--wide' },
      row('Identity', copyable(id, 'Identity', 10, 8)),
      row('Standing', h('span', { class: standing === 'Good' ? 'badge--good' : 'answer--bad' }, standing)),
      row('Tier', String(tier)),
      h('div', {}, h('dt', {}, 'Expires'), expiry),
      row('Operator', h('a', { href: `#accounts/${w.operator}` }, `${w.operator.slice(0, 8)}…`)),
      row('Registered', h('a', { href: `#block/${w.block}` }, `block ${grouped(w.block)}`)),
    ),
  );
}

