// The form of one message, made from a contract's metadata.

import type { Account, Contract, Message } from '@tacit-network/sdk';
import { h, set } from '../ui/dom';
import { tokens } from '../ui/amount';
import type { World } from '../pages/pages';

/** Written is a message that somebody filled in. */
export interface Written {
  message: Message;
  input: Uint8Array;
  /** words are how people write it. */
  words: string;
  value: bigint;
}

/** Fields are the arguments of a message, and what it is given. */
export class Fields {
  readonly elements: HTMLElement[];
  #inputs: (HTMLInputElement | HTMLSelectElement)[];
  #value: HTMLInputElement | undefined;

  constructor(private readonly world: World, private readonly abi: Contract, private readonly message: Message, fault: string) {
    this.#inputs = message.args.map((a) => {
      const choices = abi.choices(a);
      const common = { id: `${message.label}-${a.label}`, name: a.label, 'aria-describedby': fault };
      if (choices) return h('select', common, ...choices.map((c) => h('option', {}, c)));
      const type = abi.typeName(a);
      return h('input', {
        ...common, autocomplete: 'off', spellcheck: 'false', size: abi.isAccount(a) ? 24 : 12,
        inputmode: /^[ui]\d+$/.test(type) ? 'numeric' : 'text', ...(abi.isAccount(a) ? { list: 'known-people' } : {}),
        ...(/^u\d+$/.test(type) ? { value: '5' } : {}),
      });
    });
    this.elements = message.args.map((a, i) =>
      h('div', { class: 'field' }, h('label', { for: this.#inputs[i]!.id }, a.label, ' ', h('span', { class: 'quiet' }, abi.typeName(a))), this.#inputs[i]!));
    if (message.payable) {
      this.#value = h('input', { id: `${message.label}--value`, inputmode: 'decimal', autocomplete: 'off', value: '0', size: 10, 'aria-describedby': fault });
      this.elements.push(h('div', { class: 'field' }, h('label', { for: this.#value.id }, 'Gives ', h('span', { class: 'quiet' }, world.chain.symbol)), this.#value));
    }
  }

  /** read throws with words for the user where something does not fit. */
  read(): Written {
    const values = this.#inputs.map((input, i) =>
      (this.abi.isAccount(this.message.args[i]!) ? this.world.wallets.find(input.value.trim())?.address : undefined) ?? input.value);
    try {
      const input = this.abi.input(this.message, values);
      const text = this.#value?.value.trim() ?? '';
      const value = !text || /^0+([.,]0+)?$/.test(text) ? 0n : tokens(text, this.world.chain.decimals);
      this.#inputs.forEach((i) => i.removeAttribute('aria-invalid'));
      const words = `${this.message.label}(${this.#inputs.map((i) => i.value.trim()).join(', ')})`;
      return { message: this.message, input, value, words: value ? `${words} with ${this.world.chain.amount(value, 6)}` : words };
    } catch (e) {
      this.#inputs[0]?.setAttribute('aria-invalid', 'true');
      this.#inputs[0]?.focus();
      throw e;
    }
  }
}

/** people is the list of accounts that forms suggest. */
export function people(list: Account[]): HTMLElement {
  return h('datalist', { id: 'known-people' }, ...list.map((a) => h('option', { value: a.address }, a.name)));
}

/** Run does what somebody wrote; it may only be tried. */
export type Run = (w: Written) => Promise<void>;

/** action is the form of one message: a command can be tried first, which changes
 * nothing and costs nothing. */
export function action(world: World, abi: Contract, m: Message, run: Run, dry: (w: Written) => Promise<string>): HTMLElement {
  const fault = h('p', { class: 'fault', role: 'alert', id: `fault-${m.label}` });
  const fields = new Fields(world, abi, m, fault.id);
  const tried = h('p', { class: 'quiet tried', 'aria-live': 'polite', id: `tried-${m.label}` });
  const send = h('button', { class: m.mutates ? 'button' : 'button button--quiet', type: 'submit' }, m.mutates ? 'Encrypt and send' : 'Ask the worker');
  const attempt = h('button', {
    class: 'button button--quiet button--dry', type: 'button',
    click: () => perform(attempt, async (w) => set(tried, await dry(w))),
  }, 'Dry run');
  const perform = (button: HTMLElement, work: Run): void => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    set(fault, '');
    set(tried, '');
    let written: Written;
    try {
      written = fields.read();
    } catch (e) {
      set(fault, e instanceof Error ? e.message : String(e));
      return;
    }
    button.setAttribute('aria-disabled', 'true');
    void work(written).catch((e: Error) => set(fault, e.message)).finally(() => button.removeAttribute('aria-disabled'));
  };
  return h('form', {
    class: 'action', id: `do-${m.label}`, novalidate: true, autocomplete: 'off',
    submit: (e) => {
      e.preventDefault();
      perform(send, run);
    },
  },
    h('div', { class: 'action__what' }, h('code', { class: 'action__name' }, m.label), h('p', { class: 'quiet' }, m.docs.join(' ').trim())),
    h('div', { class: 'action__do' }, ...fields.elements, m.mutates ? attempt : null, send),
    fault, tried,
  );
}
