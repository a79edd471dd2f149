// One block: its header, its extrinsics, their events, decoded.

import type { Event, Extrinsic, Hex } from '@tacit-network/sdk';
import { copyable, dump } from '../../ui/code';
import { grouped, h } from '../../ui/dom';
import { value } from '../../ui/value';
import type { Page } from '../pages';

export const block: Page = (into, { chain }, rest, signal) => {
  into.append(h('p', { class: 'loading' }, 'Reading the block…'));
  const asked = async () => {
    if (/^0x[0-9a-f]{64}$/i.test(rest)) return chain.block(rest as Hex);
    if (/^\d{1,10}$/.test(rest)) return chain.block(Number(rest));
    throw new Error(`“${rest}” is neither a number of a block nor the hash of one.`);
  };
  void asked().then(
    (b) => {
      if (signal.aborted) return;
      into.replaceChildren(
        h('div', { class: 'intro' },
          h('h1', {}, `Block ${grouped(b.number)}`),
          h('p', { class: 'links' }, b.number > 0 ? h('a', { href: `#block/${b.number - 1}` }, '← the one before') : null, ' ', h('a', { href: `#block/${b.number + 1}` }, 'the next →')),
        ),
        h('section', { class: 'card', 'aria-labelledby': 'header' }, h('h2', { id: 'header' }, 'Header'),
          h('dl', { class: 'rows' },
            row('Hash', copyable(b.hash, 'Hash of the block', 18, 16)),
            row('Parent', b.number > 0 ? h('a', { href: `#block/${b.parent}` }, `${b.parent.slice(0, 18)}…`) : 'none'),
            row('State root', copyable(b.stateRoot, 'State root', 18, 16)),
            row('Extrinsics root', copyable(b.extrinsicsRoot, 'Extrinsics root', 18, 16)),
            row('Final', b.justified ? 'yes: more than two thirds of the validators signed it, and the node has the proof' : b.number === 0 ? 'it is the first' : 'the node has no proof of it yet'),
          )),
        h('section', { class: 'stack', 'aria-labelledby': 'extrinsics' }, h('h2', { id: 'extrinsics' }, 'Extrinsics'), ...b.extrinsics.map(extrinsic),
          b.extrinsics.length ? null : h('p', { class: 'empty' }, 'The block has none.')),
        b.events.length ? h('section', { class: 'card', 'aria-labelledby': 'events' }, h('h2', { id: 'events' }, 'Events of the block itself'), list(b.events)) : '',
      );
    },
    (e: Error) => !signal.aborted && into.replaceChildren(h('div', { class: 'note note--bad', role: 'alert' }, h('strong', {}, 'This block cannot be shown.'), h('p', {}, e.message, ' ', h('a', { href: '#blocks' }, 'All blocks')))),
  );
};

const row = (name: string, v: Node | string): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, v));

function extrinsic(x: Extrinsic): HTMLElement {
  return h('details', { class: 'card extrinsic', open: x.signer !== undefined },
    h('summary', {}, h('code', {}, `${x.pallet}.${x.call}`), ' ',
      h('span', { class: x.failed ? 'badge answer--bad' : 'badge badge--good' }, x.failed ? 'FAILED' : 'DONE'), ' ',
      h('span', { class: 'quiet' }, x.signer ? `signed by ${x.signer.slice(0, 8)}…` : 'unsigned')),
    x.failed ? h('p', { class: 'answer--bad' }, x.failed) : null,
    h('dl', { class: 'rows' },
      row('Hash', copyable(x.hash, 'Hash of the extrinsic')),
      x.signer ? row('Signer', h('a', { href: `#accounts/${x.signer}` }, x.signer)) : '',
      x.nonce !== undefined ? row('Nonce', grouped(x.nonce)) : '',
      row('Arguments', value(x.args)),
      row('Bytes', dump(x.bytes, 'the extrinsic')),
    ),
    h('h3', {}, 'Events'), list(x.events),
  );
}

function list(events: Event[]): HTMLElement {
  if (!events.length) return h('p', { class: 'quiet' }, 'None.');
  return h('ul', { class: 'events' }, ...events.map((e) => h('li', {}, h('code', {}, `${e.pallet}.${e.name}`), value(e.fields))));
}
