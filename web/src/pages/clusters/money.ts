// The confidential money of a cluster: in, from one to another, out, and what one
// has oneself.

import { balance, deposit, left, publicKeyOf, transact, type Hex } from '@tacit-network/sdk';
import { people } from '../../contract/action';
import { Log, Who } from '../../contract/desk';
import { target } from '../../contract/target';
import { tokens } from '../../ui/amount';
import { grouped, h, set } from '../../ui/dom';
import type { World } from '../pages';

/** money is the forms of it. */
export function money(world: World, cluster: Hex, signal: AbortSignal): HTMLElement {
  const { chain } = world;
  const who = new Who(world, signal);
  const log = new Log('What is sent in secret appears here, as everybody sees it and as you do.');
  const holds = h('output', { class: 'figure__value', id: 'holds' }, '—');
  who.onChange(() => set(holds, '—'));
  let last = 0; // the block of what was done last

  const receiver = (text: string): Uint8Array => {
    try {
      const found = world.wallets.find(text.trim());
      if (found) return found.publicKey;
      return /^0x[0-9a-f]{64}$/i.test(text.trim()) ? Uint8Array.from(text.trim().slice(2).match(/../g)!, (b) => parseInt(b, 16)) : publicKeyOf(text.trim());
    } catch {
      throw new Error('The receiver is no address.');
    }
  };

  /** part is one form; work throws with words for the user, and returns words. */
  const part = (name: string, words: string, button: string, inputs: HTMLInputElement[], labels: string[], work: () => Promise<string>): HTMLElement => {
    const fault = h('p', { class: 'fault', role: 'alert', id: `fault-${name}` });
    const done = h('p', { class: 'quiet tried', 'aria-live': 'polite', id: `done-${name}` });
    const send = h('button', { class: 'button', type: 'submit' }, button);
    inputs.forEach((i) => i.setAttribute('aria-describedby', fault.id));
    return h('form', {
      class: 'action', id: `do-${name}`, novalidate: true, autocomplete: 'off',
      submit: (e) => {
        e.preventDefault();
        if (send.getAttribute('aria-disabled') === 'true') return;
        set(fault, '');
        set(done, '');
        send.setAttribute('aria-disabled', 'true');
        void work().then((text) => set(done, text), (x: Error) => set(fault, x.message)).finally(() => {
          send.removeAttribute('aria-disabled');
          who.show();
        });
      },
    },
      h('div', { class: 'action__what' }, h('code', { class: 'action__name' }, name), h('p', { class: 'quiet' }, words)),
      h('div', { class: 'action__do' }, ...inputs.map((i, n) => h('div', { class: 'field' }, h('label', { for: i.id }, labels[n]!), i)), send),
      fault, done,
    );
  };
  const amount = (name: string): HTMLInputElement => h('input', { id: `${name}-amount`, inputmode: 'decimal', autocomplete: 'off', value: '1', size: 10 });
  const to = (name: string): HTMLInputElement => h('input', { id: `${name}-to`, list: 'known-people', autocomplete: 'off', spellcheck: 'false', size: 24 });
  const [depositAmount, transferTo, transferAmount, withdrawTo, withdrawAmount] = [amount('deposit'), to('transfer'), amount('transfer'), to('withdraw'), amount('withdraw')];

  const secret = async (what: 'transfer' | 'withdraw', receiverText: string, amountText: string): Promise<string> => {
    const actor = who.account;
    const dest = receiverText.trim() ? receiver(receiverText) : what === 'withdraw' ? actor.publicKey : receiver('');
    const value = tokens(amountText, chain.decimals);
    let failed: unknown;
    set(holds, '—');
    await log.add({
      kind: 'command', who: actor, written: `${what} ${chain.amount(value, 6)} to ${receiverText.trim() || actor.name}`, input: dest, call: 'Clusters.transact',
      read: (output) => ({ ok: true, value: `${chain.amount(left(output), 6)} are left` }),
    }, async (x) => {
      try {
        const outcome = await transact(chain, actor, cluster, what, dest, value, x);
        last = Math.max(last, x.block);
        if (outcome.status !== 'Ok') failed = new Error(`The cluster refused: ${amounts(world, outcome.error)}`);
        x.finish({ ...outcome, error: amounts(world, outcome.error) });
      } catch (e) {
        failed = e;
        throw e;
      }
    });
    if (failed) throw failed as Error;
    return what === 'transfer' ? 'Done. Nobody else sees to whom, and how much.' : 'Paid on the chain, where everybody sees it.';
  };

  return h('section', { class: 'contract', 'aria-labelledby': 'money' },
    h('h2', { id: 'money' }, 'Money in secret'),
    h('div', { class: 'card desk' },
      h('p', { class: 'quiet' }, 'The chain holds the sum in escrow, token for token. Who has how much of it, only the cluster’s workers know, and each holder.'),
      who.element, people(world.wallets.all),
      h('div', { class: 'actions' },
        part('balance', 'Asks a worker what you hold here. Nobody else can ask that.', 'Ask the worker', [], [], async () => {
          const actor = await world.sessions.of(who.account);
          const n = await balance(chain, await target(world, cluster), actor, cluster, last);
          set(holds, chain.amount(n, 6));
          return `as of block ${grouped(last)} or later`;
        }),
        h('p', { class: 'holds' }, holds),
        part('deposit', 'Puts tokens into the ledger. Everybody sees who and how much.', 'Sign and send', [depositAmount], [`Amount in ${chain.symbol}`], async () => {
          const value = tokens(depositAmount.value, chain.decimals);
          set(holds, '—');
          const receipt = await deposit(chain, who.account, cluster, value);
          last = Math.max(last, receipt.block.number);
          return `${chain.amount(value, 6)} are in the ledger; the receipt is in block ${grouped(receipt.block.number)}.`;
        }),
        part('transfer', 'Gives tokens to an account or a contract of the cluster, in secret.', 'Encrypt and send', [transferTo, transferAmount], ['To', `Amount in ${chain.symbol}`], () => secret('transfer', transferTo.value, transferAmount.value)),
        part('withdraw', 'Takes tokens out, to yourself or another account of the chain. That is seen.', 'Encrypt and send', [withdrawTo, withdrawAmount], ['To (you, if empty)', `Amount in ${chain.symbol}`], () => secret('withdraw', withdrawTo.value, withdrawAmount.value)),
      )),
    log.element,
  );
}

/** amounts writes the numbers in what a ledger says, which are all amounts. */
const amounts = ({ chain }: World, text: string): string => text.replace(/[0-9]+/g, (n) => chain.amount(BigInt(n), 6));
