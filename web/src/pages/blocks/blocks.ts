// The newest blocks, live.

import type { Chain } from '@tacit-network/sdk';
import { copyable } from '../../ui/code';
import { grouped, h, say, set } from '../../ui/dom';
import type { Page } from '../pages';

const shown = 20;

export const blocks: Page = (into, { chain }, _, signal) => {
  const rows = h('tbody');
  const wait = h('p', { class: 'quiet', id: 'blocks-wait' }, 'Reading the newest blocks…');
  const fault = h('p', { class: 'fault', role: 'alert' });
  const wanted = h('input', { id: 'go', name: 'go', autocomplete: 'off', spellcheck: 'false', size: 24, 'aria-describedby': 'go-fault' });
  const wrong = h('p', { class: 'fault', role: 'alert', id: 'go-fault' });
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Blocks'), h('p', {}, 'Everything on this page can be read by everybody. Look for a secret in it.')),
    h('form', {
      class: 'card inline', novalidate: true,
      submit: (e) => {
        e.preventDefault();
        const text = wanted.value.trim();
        if (/^\d{1,10}$/.test(text) || /^0x[0-9a-f]{64}$/i.test(text)) location.hash = `block/${text}`;
        else set(wrong, 'That is neither a number of a block nor the hash of one.');
      },
    }, h('div', { class: 'field' }, h('label', { for: 'go' }, 'Number or hash of a block'), wanted), h('button', { class: 'button', type: 'submit' }, 'Show'), wrong),
    h('section', { class: 'card', 'aria-labelledby': 'newest' },
      h('h2', { id: 'newest' }, 'The newest'), wait, fault,
      h('div', { class: 'scroll' }, h('table', { class: 'table' },
        h('thead', {}, h('tr', {}, ...['Block', 'Hash', 'Transactions', 'Events', 'Final'].map((t) => h('th', { scope: 'col' }, t)))), rows)),
    ),
  );

  const known = new Map<number, HTMLElement>();
  let final = 0;
  const mark = (): void => known.forEach((tr, n) => set(tr.lastElementChild!, n <= final ? 'yes' : 'not yet'));
  const add = async (n: number): Promise<void> => {
    if (known.has(n)) return;
    const tr = h('tr', {}, h('td', { colspan: 4 }, '…'), h('td'));
    known.set(n, tr);
    const after = [...known.keys()].filter((k) => k < n).sort((a, b) => b - a)[0];
    rows.insertBefore(tr, after === undefined ? null : known.get(after)!);
    for (const old of [...known.keys()].sort((a, b) => b - a).slice(shown)) {
      known.get(old)!.remove();
      known.delete(old);
    }
    try {
      await fill(chain, n, tr);
    } catch (e) {
      tr.remove();
      known.delete(n);
      throw e;
    }
    wait.remove();
    mark();
  };
  const trouble = (e: unknown): void => set(fault, e instanceof Error ? e.message : String(e));
  const start = async (): Promise<void> => {
    set(fault, '');
    const { number } = await chain.header();
    for (let n = number; n >= Math.max(0, number - shown + 1); n--) await add(n);
    say('The newest blocks are shown');
  };
  let ends: Promise<() => void>[] = [];
  signal.addEventListener('abort', () => ends.forEach((end) => void end.then((f) => f(), () => undefined)));
  signal.addEventListener('abort', chain.rpc.onOpen(() => {
    void start().catch(trouble);
    ends = [
      chain.onHead((n) => void add(n).catch(trouble)),
      chain.onFinal((n) => {
        final = n;
        mark();
      }),
    ];
    ends.forEach((end) => void end.catch(trouble));
  }));
};

async function fill(chain: Chain, n: number, tr: HTMLElement): Promise<void> {
  const b = await chain.block(n);
  const signed = b.extrinsics.filter((x) => x.signer).length;
  const count = b.events.length + b.extrinsics.reduce((sum, x) => sum + x.events.length, 0);
  tr.replaceChildren(
    h('td', {}, h('a', { href: `#block/${n}` }, grouped(n))),
    h('td', {}, copyable(b.hash, `Hash of block ${n}`)),
    h('td', {}, signed ? `${signed} signed, ${b.extrinsics.length - signed} not` : `${b.extrinsics.length} unsigned`),
    h('td', {}, grouped(count)),
    h('td', {}, ''),
  );
}
