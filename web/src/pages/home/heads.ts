// The newest block and the newest final one, live.

import { copyable } from '../../ui/code';
import { grouped, h, set } from '../../ui/dom';
import { every } from '../../ui/live';
import type { World } from '../pages';

const shown = 28;

/** heads is the card of the chain. */
export function heads({ chain }: World, signal: AbortSignal): HTMLElement {
  const head = h('dd', { id: 'head', class: 'figure__value' }, '…');
  const final = h('dd', { id: 'final', class: 'figure__value figure__value--final' }, '…');
  const note = h('p', { class: 'quiet' }, 'Waiting for a block.');
  const strip = h('div', { class: 'strip', 'aria-hidden': 'true' });
  const validators = h('dd', {}, '…');
  const rounds = h('dd', { id: 'era-now' }, '…');
  const seen = { head: 0, final: 0, times: [] as number[] };

  const draw = (): void => {
    set(head, grouped(seen.head));
    set(final, grouped(seen.final));
    const first = Math.max(0, seen.head - shown + 1);
    while (strip.children.length < shown) strip.append(h('i'));
    [...strip.children].forEach((el, i) => {
      const n = first + i;
      (el as HTMLElement).className = n > seen.head ? '' : n > seen.final ? 'strip__new' : 'strip__final';
    });
    const span = seen.times.length > 4 ? (seen.times.at(-1)! - seen.times[0]!) / (seen.times.length - 1) : 0;
    const behind = seen.head - seen.final;
    set(note, `${span ? `A block every ${(span / 1000).toFixed(1)} s. ` : ''}${behind > 0 ? `${behind} block${behind > 1 ? 's' : ''} from new to final.` : 'Everything is final.'}`);
  };

  every(3_000, signal, async () => set(rounds, await era(chain)));
  let ends: Promise<() => void>[] = [];
  signal.addEventListener('abort', () => ends.forEach((end) => void end.then((f) => f(), () => undefined)));
  const off = chain.rpc.onOpen(() => {
    seen.times = [];
    void chain.storage<unknown[]>('Grandpa', 'Authorities').then((list) => set(validators, grouped(list?.length ?? 0)), () => undefined);
    ends = [
      chain.onHead((n) => {
        seen.head = n;
        seen.times = [...seen.times, Date.now()].slice(-20);
        draw();
      }),
      chain.onFinal((n) => {
        seen.final = n;
        seen.head = Math.max(seen.head, n);
        draw();
      }),
    ];
  });
  signal.addEventListener('abort', off);

  return h('section', { class: 'card', 'aria-labelledby': 'chain-title' },
    h('h2', { id: 'chain-title' }, 'The chain'),
    h('dl', { class: 'figures' },
      h('div', { class: 'figure' }, h('dt', {}, 'Newest block'), head),
      h('div', { class: 'figure' }, h('dt', {}, 'Final block'), final),
    ),
    strip,
    note,
    h('dl', { class: 'rows heads__rows' },
      h('div', {}, h('dt', {}, 'Genesis'), h('dd', {}, copyable(chain.genesis, 'Hash of the first block', 10, 8))),
      h('div', {}, h('dt', {}, 'Validators'), validators),
      h('div', {}, h('dt', {}, 'Era'), rounds),
    ),
    h('p', { class: 'quiet' }, 'A final block is signed by more than two thirds of the validators. The worker believes nothing else.'),
  );
}

/** era tells who chooses the validators, and when they were chosen last. */
async function era(chain: World['chain']): Promise<string> {
  const [active, session] = await Promise.all([
    chain.has('Staking', 'ActiveEra') ? chain.storage<{ index: number }>('Staking', 'ActiveEra') : undefined, chain.storage<number>('Session', 'CurrentIndex'),
  ]);
  const at = `session ${grouped(session ?? 0)}`;
  return active ? `${grouped(active.index)}, ${at}` : `none: there are no elections here; ${at}`;
}
