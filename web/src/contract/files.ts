// The choice of the files that a contract's build made.

import { h, set } from '../ui/dom';
import { read, type Bundle } from './kept';

/** files is a field for files of a build; then gets what is in them. */
export function files(id: string, label: string, accept: string, then: (b: Bundle) => Promise<void> | void): HTMLElement {
  const fault = h('p', { class: 'fault', role: 'alert', id: `${id}-fault` });
  const input = h('input', {
    id, type: 'file', multiple: true, accept, 'aria-describedby': fault.id,
    change: () => {
      set(fault, '');
      void read(input.files ?? []).then(then).catch((e: Error) => set(fault, e.message));
    },
  });
  return h('div', { class: 'field field--files' }, h('label', { for: id }, label), input, fault);
}
