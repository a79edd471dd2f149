// A contract to be tried: who acts, what it can be asked, and what came of it.

import { type Account, command, Contract, type ContractInfo, Disconnected, type Hex, type Metadata, query } from '@tacit-network/sdk';
import type { World } from '../pages/pages';
import { copyable } from '../ui/code';
import { grouped, h, say, set } from '../ui/dom';
import { action, people, type Written } from './action';
import { Exchange, type Doing } from './exchange';
import { target } from './target';

const kept = 8;

/** Log is the list of what was sent and asked. */
export class Log {
  readonly element: HTMLElement;
  #list: HTMLElement;
  #empty: HTMLElement;

  constructor(words: string, id = 'log') {
    this.#list = h('div', { class: 'log', id });
    this.#empty = h('div', { class: 'empty log__empty' }, h('p', {}, words));
    this.element = h('div', { class: 'log-wrap' }, this.#list, this.#empty);
  }

  /** add begins an article, and ends it as the work ends. */
  async add(what: Doing, work: (x: Exchange) => Promise<void>): Promise<void> {
    const exchange = new Exchange(what);
    this.#empty.remove();
    this.#list.prepend(exchange.element);
    while (this.#list.children.length > kept) this.#list.lastElementChild!.remove();
    [...this.#list.children].slice(1).forEach((el) => ((el as HTMLDetailsElement).open = false));
    try {
      await work(exchange);
    } catch (e) {
      const lost = e instanceof Disconnected && what.kind === 'command' ? ' The command may still be executed.' : '';
      exchange.fail((e instanceof Error ? e.message : String(e)) + lost);
    }
    say(exchange.summary);
  }
}

/** Who is the choice of the account that acts. */
export class Who {
  readonly element: HTMLElement;
  #select = h('select', { id: 'who', name: 'who' });
  #balance = h('span', { class: 'quiet', id: 'balance' });

  /** more tells what else there is to say of an account. */
  constructor(private readonly world: World, signal: AbortSignal, private readonly more: (a: Account) => string = () => '') {
    const { wallets, chain } = world;
    const draw = (): void => {
      const chosen = this.#select.value;
      this.#select.replaceChildren(...wallets.all.map((a) => h('option', { value: a.address }, a.name)));
      if (wallets.find(chosen)) this.#select.value = chosen;
      this.show();
    };
    this.#select.addEventListener('change', () => this.show());
    wallets.onChange(draw, signal);
    signal.addEventListener('abort', chain.rpc.onOpen(() => this.show()));
    draw();
    this.element = h('div', { class: 'field field--who' }, h('label', { for: 'who' }, 'Act as'), this.#select, this.#balance);
  }

  /** account is who acts; it throws where there is nobody. */
  get account(): Account {
    const found = this.world.wallets.find(this.#select.value);
    if (!found) throw new Error('Connect a wallet on the page Accounts first.');
    return found;
  }

  /** onChange calls f when another account is chosen. */
  onChange(f: () => void): void {
    this.#select.addEventListener('change', f);
  }

  /** show reads the balance anew. */
  show(): void {
    const a = this.world.wallets.find(this.#select.value);
    if (!a) return set(this.#balance, 'There is no account yet; connect a wallet on the page Accounts.');
    const { chain } = this.world;
    void chain.storage<{ data: { free: bigint } }>('System', 'Account', [a.address]).then((account) => {
      set(this.#balance, `${a.address.slice(0, 6)}…${a.address.slice(-4)} · ${chain.amount(account?.data.free ?? 0n)}${this.more(a)}`);
    }, () => undefined);
  }
}

/** desk is the forms of a contract and what came of them. */
export function desk(world: World, contract: Hex, info: ContractInfo, metadata: Metadata, signal: AbortSignal): HTMLElement[] {
  const { chain } = world;
  const abi = new Contract(metadata);
  const log = new Log('Nothing sent yet. Send a command or ask a question: both views of it appear here, side by side.');
  const who = new Who(world, signal, (a) => (a.address === info.deployer ? ' · deployed this contract' : ''));
  let last = 0; // the block of the last command, which answers must reflect

  const run = async ({ message, input, words, value }: Written): Promise<void> => {
    const actor = who.account;
    await log.add({
      kind: message.mutates ? 'command' : 'query', who: actor, written: words, input, call: 'Contracts.command', read: (output) => abi.result(message, output),
    }, async (x) => {
      if (message.mutates) {
        const outcome = await command(chain, contract, actor, input, x, value);
        last = Math.max(last, x.block);
        x.finish(outcome);
      } else {
        x.answered(await query(chain, await target(world, info.cluster), contract, await world.sessions.of(actor), last, input, x));
      }
    });
    who.show();
  };

  /** dry asks the worker what a command would do; what it changes is dropped. */
  const dry = async ({ message, input, value }: Written): Promise<string> => {
    const { outcome } = await query(chain, await target(world, info.cluster), contract, await world.sessions.of(who.account), last, input, { sealed: () => undefined });
    let words = outcome.error || outcome.status;
    if (outcome.status === 'Ok' || outcome.status === 'Reverted') {
      const r = abi.result(message, outcome.output);
      words = r.ok ? r.value || 'done' : `refused, ${r.error}`;
    }
    return `It would give: ${words} · ${grouped(outcome.gas)} gas · nothing was changed${value ? ' · tried without the tokens, which questions cannot carry' : ''}.`;
  };

  return [
    h('div', { class: 'card desk' },
      h('div', { class: 'desk__head' },
        h('h3', {}, abi.metadata.contract.name, ' ', h('span', { class: 'quiet' }, abi.metadata.contract.version)),
        h('span', { class: 'desk__id' }, copyable(contract, 'Address of the contract')),
      ),
      who.element, people(world.wallets.all),
      h('div', { class: 'actions' }, ...abi.messages.map((m) => action(world, abi, m, run, dry))),
    ),
    log.element,
  ];
}
