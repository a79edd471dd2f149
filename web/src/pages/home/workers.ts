// The workers: what each proved to the chain, and how far it is.

import { askInfo, type Hex } from '@tacit-network/sdk';
import { endpoint } from '../../contract/target';
import { copyable } from '../../ui/code';
import { grouped, h, set } from '../../ui/dom';
import type { World } from '../pages';
import { left, measured, type Image, type Worker } from '../workers/chain';

/** most is how many workers are counted, shown of how many all is told. */
const most = 200;
const shown = 3;

/** kinds counts workers by the hardware that they have proved. */
function kinds(list: [Worker, Image | undefined][]): string {
  const count = new Map<string, number>();
  for (const [w, image] of list) {
    const kind = `${image?.measurement.type.replace('Measurement', '') ?? 'unknown'}${w.class.type === 'Development' ? ', SIMULATED' : ''}`;
    count.set(kind, (count.get(kind) ?? 0) + 1);
  }
  return `${list.length}${list.length === most ? ' or more' : ''} registered: ${[...count].map(([kind, n]) => `${n} ${kind}`).join('; ')}.`;
}

/** workers is the card of the workers. */
export function workers(world: World, signal: AbortSignal): HTMLElement {
  const { chain } = world;
  const list = h('div', { class: 'workers' }, h('p', { class: 'quiet' }, 'Looking for workers…'));
  let drawn = '';
  let live: (() => void)[] = [];

  const refresh = async (): Promise<void> => {
    if (!chain.rpc.up) return;
    const found = await chain.entries<Hex, Worker>('Registry', 'Workers', most);
    const now = found.map(([id, w]) => `${id}${w.boot_epoch}${w.expires_at}`).join();
    if (now !== drawn || !found.length) {
      const images = await Promise.all(found.map(([, w]) => chain.storage<Image>('Attestation', 'Images', [w.image])));
      live = [];
      list.replaceChildren(
        ...(found.length
          ? [
              found.length > 1 ? h('p', { id: 'kinds' }, kinds(found.map(([, w], i) => [w, images[i]]))) : '',
              ...found.slice(0, shown).map(([id, w], i) => card(world, id, w, images[i], live)),
              found.length > shown ? h('p', {}, h('a', { href: '#workers' }, `All ${found.length} workers`)) : '',
            ]
          : [h('p', { class: 'empty' }, 'No worker is registered yet. One appears here as soon as the chain has verified its quote.')]),
      );
      drawn = now;
    }
    live.forEach((f) => f());
  };
  const again = (): void => {
    if (!signal.aborted) void refresh().catch(() => undefined).finally(() => setTimeout(again, 1_500));
  };
  again();

  return h('section', { class: 'card', id: 'workers', 'aria-labelledby': 'worker-title' }, h('h2', { id: 'worker-title' }, 'The worker'), list);
}

function card(world: World, id: Hex, w: Worker, image: Image | undefined, live: (() => void)[]): HTMLElement {
  const simulated = w.class.type === 'Development';
  const expiry = h('dd', {});
  const seen = h('dd', { class: 'worker__seen' }, '…');
  const hash = measured(image);
  live.push(
    () => set(expiry, left(w)),
    () =>
      void endpoint(world, id)
        .then((url) => (url ? askInfo(url) : Promise.reject(new Error('no address'))))
        .then((i) => set(seen, `final block ${grouped(i.block)}`), () => set(seen, 'does not answer now')),
  );
  const row = (name: string, value: HTMLElement | string, kind = ''): HTMLElement =>
    h('div', kind ? { class: kind } : {}, h('dt', {}, name), value instanceof HTMLElement && value.tagName === 'DD' ? value : h('dd', {}, value));
  return h('div', { class: 'worker' },
    simulated
      ? h('div', { class: 'note note--warn' },
          h('strong', { class: 'badge', id: 'simulated' }, 'SIMULATED TEE'),
          h('p', {}, 'Software plays the trusted hardware here. Its quote is verified like a real one, against a root of trust for development. It keeps no real secret.'))
      : h('p', {}, h('strong', { class: 'badge badge--good' }, 'VERIFIED TEE')),
    h('dl', { class: 'rows worker__rows' },
      row('Identity', copyable(id, 'Identity', 10, 8), 'wide'),
      row('Measurement', hash ? copyable(hash, 'Measurement', 10, 8) : 'unknown', 'wide'),
      row('Program', image ? `${image.name} ${image.version}` : 'unknown'),
      row('Trust', `tier ${w.tier}, ${w.status.type}`),
      row('Boot epoch', grouped(w.boot_epoch)),
      row('Registered', `in block ${grouped(w.block)}`),
      row('Expires', expiry),
      row('Follows', seen),
      row('More', h('a', { href: `#workers/${id}` }, 'what proves it'), 'wide'),
    ),
  );
}
