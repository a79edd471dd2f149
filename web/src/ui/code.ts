// Long texts of hex digits: shown short, copied whole.

import { short } from '@tacit-network/sdk';
import { h, say, set } from './dom';

/** copyable shows a value short, with a button that copies all of it. */
export function copyable(value: string, name: string, head = 8, tail = 6): HTMLElement {
  const button = h('button', {
    class: 'copy', type: 'button', title: value,
    click: () => {
      navigator.clipboard.writeText(value).then(
        () => {
          button.dataset.done = 'true';
          say(`${name} copied`);
          setTimeout(() => delete button.dataset.done, 1_200);
        },
        () => say('The browser does not let this page copy'),
      );
    },
  }, h('span', { class: 'sr' }, `Copy ${name}: `), short(value, head, tail));
  return button;
}

/** dump shows bytes as hex, a few lines of them until all are asked for. */
export function dump(value: string, name: string): HTMLElement {
  const size = (value.length - 2) / 2;
  const few = 132;
  if (value.length <= few) return h('code', { class: 'dump', 'data-bytes': size }, value);
  const code = h('code', { class: 'dump', 'data-bytes': size }, `${value.slice(0, few)}…`);
  const words = h('span', {}, `Show all ${size} bytes`);
  const more = h('button', {
    class: 'link', type: 'button', 'aria-expanded': 'false',
    click: () => {
      const open = more.getAttribute('aria-expanded') === 'true';
      more.setAttribute('aria-expanded', String(!open));
      code.textContent = open ? `${value.slice(0, few)}…` : value;
      code.tabIndex = open ? -1 : 0; // it scrolls
      set(words, open ? `Show all ${size} bytes` : 'Show less');
    },
  }, words, h('span', { class: 'sr' }, ` of ${name}`));
  return h('div', {}, code, more);
}
