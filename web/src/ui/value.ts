// Decoded values of the chain, as lists that can be read.

import { hex } from '@tacit-network/sdk';
import { copyable, dump } from './code';
import { grouped, h } from './dom';

/** value shows what the metadata's codecs made, whatever it is. */
export function value(v: unknown, depth = 0): HTMLElement {
  if (v === undefined || v === null) return h('span', { class: 'quiet' }, 'none');
  if (v instanceof Uint8Array) return bytes(hex(v));
  switch (typeof v) {
    case 'string':
      return /^0x[0-9a-f]*$/.test(v) ? bytes(v) : h('span', { class: 'value' }, v);
    case 'number':
    case 'bigint':
      return h('span', { class: 'value' }, grouped(v));
    case 'boolean':
      return h('span', { class: 'value' }, v ? 'yes' : 'no');
  }
  if (depth > 8) return h('span', { class: 'quiet' }, '…');
  if (Array.isArray(v)) {
    if (!v.length) return h('span', { class: 'quiet' }, 'empty');
    const few = v.slice(0, 20);
    return h('ol', { class: 'value-list' }, ...few.map((x) => h('li', {}, value(x, depth + 1))), v.length > few.length ? h('li', { class: 'quiet' }, `and ${v.length - few.length} more`) : null);
  }
  const o = v as Record<string, unknown>;
  if (typeof o.type === 'string' && Object.keys(o).every((k) => k === 'type' || k === 'value')) {
    return h('span', { class: 'value' }, o.type, o.value === undefined ? null : ' ', o.value === undefined ? null : value(o.value, depth + 1));
  }
  return h('dl', { class: 'rows rows--inner' }, ...Object.entries(o).map(([k, x]) => h('div', {}, h('dt', {}, k), h('dd', {}, value(x, depth + 1)))));
}

const bytes = (v: string): HTMLElement => (v.length === 66 ? copyable(v, 'the value') : dump(v, 'the value'));
