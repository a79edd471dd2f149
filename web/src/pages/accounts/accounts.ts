// Accounts: what they hold, and transfers, with the fee before and the receipt
// after. Keys stay in the page or in the wallet.

import { address as write, publicKeyOf, type Account, type Chain } from '@tacit-network/sdk';
import { grouped, h, say, set } from '../../ui/dom';
import { tokens } from '../../ui/amount';
import { copyable } from '../../ui/code';
import type { Page, World } from '../pages';

interface Info {
  nonce: number;
  data: { free: bigint; reserved: bigint; frozen: bigint };
}

export const accounts: Page = (into, world, rest, signal) => {
  const { wallets } = world;
  const list = h('div', { class: 'people' });
  const looked = rest ? h('section', { class: 'card', 'aria-labelledby': 'looked' }, h('h2', { id: 'looked' }, 'The account that you asked for')) : null;
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Accounts'), h('p', {}, 'Keys never leave this page, or the wallet that holds them. A wallet asks you before it signs.')),
    connections(world, signal), looked ?? '',
    h('section', { class: 'card', 'aria-labelledby': 'yours' }, h('h2', { id: 'yours' }, 'Yours'), list),
    transfer(world, signal),
  );
  if (looked) {
    try {
      looked.append(person(world, { name: '', address: write(publicKeyOf(rest)), publicKey: publicKeyOf(rest) }, signal));
    } catch {
      looked.append(h('p', { class: 'fault' }, `${rest} is no address.`));
    }
  }
  const draw = (): void =>
    list.replaceChildren(
      ...(wallets.all.length ? wallets.all.map((a) => person(world, a, signal)) : [h('p', { class: 'empty' }, 'None yet. This chain has no development accounts; connect a wallet.')]),
    );
  wallets.onChange(draw, signal);
  draw();
};

/** connections are the wallets that the browser has. */
function connections({ wallets }: World, signal: AbortSignal): HTMLElement {
  const box = h('div', { class: 'actions-row' });
  const fault = h('p', { class: 'fault', role: 'alert' });
  const draw = (): void =>
    box.replaceChildren(
      ...(wallets.extensions.length
        ? wallets.extensions.map(([name]) =>
            h('button', {
              class: 'button button--quiet', type: 'button', id: `wallet-${name}`, 'aria-pressed': String(wallets.connected(name)),
              click: () => {
                set(fault, '');
                if (wallets.connected(name)) return wallets.disconnect(name);
                void wallets.connect(name).then(
                  (l) => (l.length ? say(`${name}: ${l.length} accounts`) : set(fault, `${name}: it shows this page no account that this chain can have.`)),
                  (e: Error) => set(fault, `${name}: ${e.message}`),
                );
              },
            }, wallets.connected(name) ? `Disconnect ${name}` : `Connect ${name}`))
        : [h('p', { class: 'quiet' }, 'No wallet extension is in this browser. polkadot.js, Talisman and SubWallet work here.')]),
    );
  wallets.onChange(draw, signal);
  draw();
  return h('section', { class: 'card', 'aria-labelledby': 'wallets' }, h('h2', { id: 'wallets' }, 'Wallets'), box, fault);
}

/** person is an account with its balance, live. */
function person({ chain }: World, a: Pick<Account, 'name' | 'address' | 'publicKey'>, signal: AbortSignal): HTMLElement {
  const held = h('span', { class: 'person__held' }, '…');
  const more = h('span', { class: 'quiet' });
  const read = async (): Promise<void> => {
    const info = await chain.storage<Info>('System', 'Account', [a.address]);
    set(held, chain.amount(info?.data.free ?? 0n));
    const locked = info && (info.data.frozen > info.data.reserved ? info.data.frozen : info.data.reserved);
    set(more, [info?.nonce ? `${grouped(info.nonce)} transactions` : '', locked ? `${chain.amount(locked)} of it reserved or locked` : ''].filter(Boolean).join(' · '));
  };
  let end: Promise<() => void> | undefined;
  signal.addEventListener('abort', () => void end?.then((f) => f(), () => undefined));
  signal.addEventListener('abort', chain.rpc.onOpen(() => {
    end = chain.watch('System', 'Account', [a.address], () => void read().catch(() => undefined));
    void end.catch(() => undefined);
  }));
  void read().catch(() => set(held, 'cannot be read now'));
  return h('div', { class: 'person' }, h('strong', {}, a.name), copyable(a.address, `Address of ${a.name || 'the account'}`, 10, 8), held, more);
}

/** transfer is the form that sends tokens. */
function transfer(world: World, signal: AbortSignal): HTMLElement {
  const { chain, wallets } = world;
  const from = h('select', { id: 'from', name: 'from' });
  const to = h('input', { id: 'to', name: 'to', autocomplete: 'off', spellcheck: 'false', size: 48, list: 'people' });
  const amount = h('input', { id: 'amount', name: 'amount', inputmode: 'decimal', autocomplete: 'off', value: '1', size: 12 });
  const people = h('datalist', { id: 'people' });
  const fee = h('p', { class: 'quiet', id: 'fee', 'aria-live': 'polite' });
  const fault = h('p', { class: 'fault', role: 'alert', id: 'transfer-fault' });
  const receipt = h('div', { id: 'receipt' });
  const button = h('button', { class: 'button', type: 'submit' }, 'Sign and send');
  const draw = (): void => {
    const chosen = from.value;
    from.replaceChildren(...wallets.all.map((a) => h('option', { value: a.address }, a.name)));
    if (wallets.find(chosen)) from.value = chosen;
    people.replaceChildren(...wallets.all.map((a) => h('option', { value: a.address }, a.name)));
  };
  wallets.onChange(draw, signal);
  draw();

  /** written reads the form, or throws what is wrong with it. */
  const written = (): { who: Account; call: Uint8Array; value: bigint; dest: string } => {
    const who = wallets.find(from.value);
    if (!who) throw new Error('Connect a wallet first.');
    const named = wallets.find(to.value.trim());
    let dest: string;
    try {
      dest = named?.address ?? write(publicKeyOf(to.value.trim()));
    } catch {
      throw new Error('The receiver is no address.');
    }
    const value = tokens(amount.value, chain.decimals);
    return { who, dest, value, call: chain.encodeCall('Balances', 'transfer_keep_alive', { dest: { type: 'Id', value: dest }, value }) };
  };
  let asked = 0;
  const estimate = (): void => {
    const turn = ++asked;
    set(fee, '');
    if (!to.value.trim()) return;
    try {
      const { call, who } = written();
      void chain.fee(call, who).then((f) => turn === asked && set(fee, `The fee is ${chain.amount(f, 6)}.`), () => undefined);
    } catch {
      // It is said when it is sent.
    }
  };
  for (const el of [from, to, amount]) el.addEventListener('input', estimate);

  return h('section', { class: 'card', 'aria-labelledby': 'send' }, h('h2', { id: 'send' }, 'Send'),
    h('form', {
      class: 'form', id: 'transfer', novalidate: true,
      submit: (e) => {
        e.preventDefault();
        if (button.getAttribute('aria-disabled') === 'true') return;
        set(fault, '');
        try {
          const { who, call, value, dest } = written();
          button.setAttribute('aria-disabled', 'true');
          receipt.replaceChildren(h('p', { class: 'quiet' }, 'Waiting for the signature, and then for a block…'));
          void send(chain, who, call, value, dest).then(
            (el) => receipt.replaceChildren(el),
            (x: Error) => {
              receipt.replaceChildren();
              set(fault, x.message);
            },
          ).finally(() => button.removeAttribute('aria-disabled'));
        } catch (x) {
          set(fault, x instanceof Error ? x.message : String(x));
        }
      },
    },
      h('div', { class: 'field' }, h('label', { for: 'from' }, 'From'), from),
      h('div', { class: 'field' }, h('label', { for: 'to' }, 'To'), to, people),
      h('div', { class: 'field' }, h('label', { for: 'amount' }, `Amount in ${chain.symbol}`), amount),
      button, fee, fault),
    receipt);
}

/** send sends, and returns the receipt. */
async function send(chain: Chain, who: Account, call: Uint8Array, value: bigint, dest: string): Promise<HTMLElement> {
  const done = await chain.submit(call, who);
  const paid = done.events.find((e) => e.pallet === 'TransactionPayment' && e.name === 'TransactionFeePaid');
  say('The transfer is in a block');
  return h('dl', { class: 'rows', 'data-state': 'done' },
    h('div', {}, h('dt', {}, 'Done'), h('dd', {}, `${chain.amount(value, 6)} to ${dest.slice(0, 10)}…`)),
    h('div', {}, h('dt', {}, 'In'), h('dd', {}, h('a', { href: `#block/${done.block.number}` }, `block ${grouped(done.block.number)}`))),
    h('div', {}, h('dt', {}, 'Fee'), h('dd', {}, paid ? chain.amount(paid.fields.actual_fee, 6) : 'unknown')),
    h('div', {}, h('dt', {}, 'Transaction'), h('dd', {}, copyable(done.hash, 'Hash of the transaction'))),
  );
}
