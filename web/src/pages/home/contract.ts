// The contract: who acts, what it can be asked, and what came of it.

import { type Account, type Cluster, command, Contract, type ContractInfo, development, Disconnected, type Hex, type Message, names, query, type Target } from '@tacit-network/sdk';
import { readConfig } from '../../config';
import { copyable } from '../../ui/code';
import { h, say, set } from '../../ui/dom';
import type { World } from '../pages';
import { Exchange } from './exchange';
import { endpoint, type Worker } from './workers';

const kept = 8;

/** contract is the part of the page where one is tried. */
export function contract(world: World, signal: AbortSignal): HTMLElement {
  const section = h('section', { class: 'contract', 'aria-labelledby': 'contract-title' }, h('h2', { id: 'contract-title' }, 'A confidential contract'));
  const wait = h('p', { class: 'card quiet' }, 'Looking for the contract…');
  section.append(wait);
  void ready(world, (words) => wait.replaceChildren(...words), signal).then((info) => {
    if (!info) return;
    wait.remove();
    section.append(...desk(world, info, signal));
  });
  return section;
}

/** ready returns when there is a contract that can be called, or the page was left. */
async function ready(world: World, tell: (words: (string | Node)[]) => void, signal: AbortSignal): Promise<ContractInfo | undefined> {
  const { chain, config } = world;
  for (; !signal.aborted; await new Promise((r) => setTimeout(r, 1_000))) {
    try {
      if (!config.contract || !config.metadata) Object.assign(config, await readConfig());
      config.contract ??= await find(world);
      if (!config.contract || !config.metadata) {
        tell([
          'There is no such contract on this chain yet. ', h('code', {}, 'tacit dev --demo hello'), ' makes one. By hand, it takes ',
          h('code', {}, 'tacit contract build examples/hello'), ' and ', h('code', {}, 'tacit contract instantiate'), '. It appears here by itself.',
        ]);
        continue;
      }
      const info = await chain.storage<ContractInfo>('Contracts', 'Contracts', [config.contract]);
      if (info?.state.type === 'Live') return info;
      tell([info?.state.type === 'Failed' ? 'The contract’s constructor failed; the chain has its receipt.' : 'The contract is under construction inside the worker…']);
    } catch {
      tell(['The contract cannot be read now. Trying again…']);
    }
  }
  return undefined;
}

/** find looks on the chain for a contract of the code that the page knows. */
async function find({ chain, config }: World): Promise<Hex | null> {
  if (!config.code) return null;
  const all = await chain.entries<Hex, ContractInfo>('Contracts', 'Contracts');
  return all.find(([, c]) => c.code === config.code && c.state.type === 'Live')?.[0] ?? null;
}

/** desk is the form and what came of it. */
function desk(world: World, info: ContractInfo, signal: AbortSignal): HTMLElement[] {
  const { chain, config } = world;
  const abi = new Contract(config.metadata!);
  const people = new Map<string, Account>();
  const log = h('div', { class: 'log', id: 'log' });
  const empty = h('div', { class: 'empty log__empty' }, h('p', {}, 'Nothing sent yet. Send a command or ask a question: both views of it appear here, side by side.'));
  const balance = h('span', { class: 'quiet', id: 'balance' });
  let last = 0; // the block of the last command, which answers must reflect

  const person = (name: string): Account => people.get(name) ?? people.set(name, development(name)).get(name)!;
  const who = h('select', { id: 'who', name: 'who' }, ...names.map((n) => h('option', { value: n }, n)));
  const showBalance = async (): Promise<void> => {
    const a = person(who.value);
    const account = await chain.storage<{ data: { free: bigint } }>('System', 'Account', [a.address]);
    set(balance, `${a.address.slice(0, 6)}…${a.address.slice(-4)} · ${chain.amount(account?.data.free ?? 0n)}${a.address === info.deployer ? ' · deployed this contract' : ''}`);
  };
  who.addEventListener('change', () => void showBalance().catch(() => undefined));
  signal.addEventListener('abort', chain.rpc.onOpen(() => void showBalance().catch(() => undefined)));

  const run = async (m: Message, input: Uint8Array, written: string): Promise<void> => {
    const actor = person(who.value);
    const exchange = new Exchange(abi, m, actor, written, input);
    empty.remove();
    log.prepend(exchange.element);
    while (log.children.length > kept) log.lastElementChild!.remove();
    [...log.children].slice(1).forEach((el) => ((el as HTMLDetailsElement).open = false));
    try {
      if (m.mutates) {
        const outcome = await command(chain, config.contract!, actor, input, exchange);
        last = Math.max(last, exchange.block);
        exchange.finish(outcome);
      } else {
        const asked = await query(chain, await target(world, info), config.contract!, actor, last, input, exchange);
        exchange.answered(asked);
      }
    } catch (e) {
      const lost = e instanceof Disconnected && m.mutates ? ' The command may still be executed.' : '';
      exchange.fail((e instanceof Error ? e.message : String(e)) + lost);
    }
    say(exchange.summary);
    void showBalance().catch(() => undefined);
  };

  return [
    h('div', { class: 'card desk' },
      h('div', { class: 'desk__head' },
        h('h3', {}, abi.metadata.contract.name, ' ', h('span', { class: 'quiet' }, abi.metadata.contract.version)),
        h('span', { class: 'desk__id' }, copyable(config.contract!, 'Address of the contract')),
      ),
      h('div', { class: 'field field--who' }, h('label', { for: 'who' }, 'Act as'), who, balance),
      h('div', { class: 'actions' }, ...abi.messages.map((m) => action(abi, m, run))),
    ),
    h('div', { class: 'log-wrap' }, log, empty),
  ];
}

/** action is the form of one message. */
function action(abi: Contract, m: Message, run: (m: Message, input: Uint8Array, written: string) => Promise<void>): HTMLElement {
  const fault = h('p', { class: 'fault', role: 'alert', id: `fault-${m.label}` });
  const inputs = m.args.map((a) =>
    h('input', {
      id: `${m.label}-${a.label}`, name: a.label, autocomplete: 'off', spellcheck: 'false', size: 12,
      inputmode: /^[ui]\d+$/.test(abi.typeName(a)) ? 'numeric' : 'text', 'aria-describedby': fault.id,
      ...(/^u\d+$/.test(abi.typeName(a)) ? { value: '5' } : {}),
    }),
  );
  const button = h('button', { class: m.mutates ? 'button' : 'button button--quiet', type: 'submit' }, m.mutates ? 'Encrypt and send' : 'Ask the worker');
  return h('form', {
    class: 'action', id: `do-${m.label}`, novalidate: true, autocomplete: 'off',
    submit: (e) => {
      e.preventDefault();
      if (button.getAttribute('aria-disabled') === 'true') return;
      let input: Uint8Array;
      const values = inputs.map((i) => i.value);
      try {
        input = abi.input(m, values);
        set(fault, '');
      } catch (e) {
        set(fault, e instanceof Error ? e.message : String(e));
        inputs[0]?.setAttribute('aria-invalid', 'true');
        inputs[0]?.focus();
        return;
      }
      inputs.forEach((i) => i.removeAttribute('aria-invalid'));
      button.setAttribute('aria-disabled', 'true');
      void run(m, input, `${m.label}(${values.map((v) => v.trim()).join(', ')})`).finally(() => button.removeAttribute('aria-disabled'));
    },
  },
    h('div', { class: 'action__what' }, h('code', { class: 'action__name' }, m.label), h('p', { class: 'quiet' }, m.docs.join(' ').trim())),
    h('div', { class: 'action__do' },
      ...m.args.map((a, i) => h('div', { class: 'field' }, h('label', { for: inputs[i]!.id }, a.label, ' ', h('span', { class: 'quiet' }, abi.typeName(a))), inputs[i]!)),
      button,
    ),
    fault,
  );
}

/** target is the first member of the contract's cluster that is registered. */
async function target(world: World, info: ContractInfo): Promise<Target> {
  const cluster = await world.chain.storage<Cluster>('Clusters', 'Clusters', [info.cluster]);
  for (const identity of cluster?.members ?? []) {
    const worker = await world.chain.storage<Worker>('Registry', 'Workers', [identity]);
    if (worker) return { identity, keys: worker.hpke, url: () => endpoint(world, identity) };
  }
  throw new Error('No worker of this contract is registered now.');
}
