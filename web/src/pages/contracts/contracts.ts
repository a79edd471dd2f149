// Contracts: those of the chain and their codes, and how to add one.

import type { ContractInfo, Hex } from '@tacit-network/sdk';
import { known } from '../../contract/kept';
import { copyable } from '../../ui/code';
import { grouped, h, set } from '../../ui/dom';
import { Drawn, every } from '../../ui/live';
import type { Page } from '../pages';
import { contract } from './contract';
import { make } from './make';

/** Code is a code on the chain. */
export interface Code {
  uploader: string;
  have: number;
  chunks: number;
  size: number;
}

const most = 200;

/** complete says whether all chunks of a code are there. */
export const complete = (c: Code): boolean => c.chunks > 0 && c.have === 2 ** c.chunks - 1;

export const contracts: Page = (into, world, rest, signal) => {
  if (rest) return contract(into, world, rest, signal);
  const { chain, config } = world;
  const list = h('tbody');
  const codes = h('tbody');
  const none = h('p', { class: 'empty', id: 'no-contract' }, 'Reading the contracts…');
  const fault = h('p', { class: 'fault', role: 'alert' });
  const table = (title: string, id: string, heads: string[], body: HTMLElement, ...more: HTMLElement[]): HTMLElement =>
    h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title), ...more,
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': id }, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...heads.map((t) => h('th', { scope: 'col' }, t)))), body)));
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Contracts'),
      h('p', {}, 'The chain knows who made a contract, which code it runs and in which cluster. What it is asked, what it answers and what it keeps, the chain does not know.')),
    fault,
    table('On the chain', 'contract-list', ['Contract', 'Name', 'State', 'Made by', 'Cluster', 'Code'], list, none),
    table('Codes', 'code-list', ['Code', 'Name', 'Size, compressed', 'Complete', 'Uploaded by'], codes),
    make(world, signal),
  );
  const drawn = { list: new Drawn(list), codes: new Drawn(codes) };
  const person = (address: string): HTMLElement => h('a', { href: `#accounts/${address}` }, world.wallets.find(address)?.name ?? `${address.slice(0, 8)}…`);
  every(2_000, signal, async () => {
    const [found, stored] = await Promise.all([
      chain.entries<Hex, ContractInfo>('Contracts', 'Contracts', most), chain.entries<Hex, Code>('Contracts', 'Codes', most),
    ]);
    if (signal.aborted) return;
    none.hidden = found.length > 0;
    set(none, 'There is no contract yet. Make one below.');
    const name = (id: Hex, code: Hex): string => known(config, id, code)?.contract.name ?? '—';
    drawn.list.show(found.map(([id, c]) => [id, c.state.type, name(id, c.code)]), () => found.map(([id, c]) => h('tr', {},
      h('td', {}, h('a', { href: `#contracts/${id}` }, `${id.slice(0, 10)}…`)), h('td', {}, name(id, c.code)),
      h('td', {}, c.state.type), h('td', {}, person(c.deployer)),
      h('td', {}, h('a', { href: `#clusters/${c.cluster}` }, `${c.cluster.slice(0, 10)}…`)), h('td', {}, copyable(c.code, 'Hash of the code')),
    )));
    drawn.codes.show(stored, () => stored.length ? stored.map(([id, c]) => h('tr', {},
      h('td', {}, copyable(id, 'Hash of the code')), h('td', {}, name(id, id)), h('td', {}, `${grouped(c.size)} bytes`), h('td', {}, complete(c) ? 'yes' : `not yet, ${c.chunks} chunks`), h('td', {}, person(c.uploader)),
    )) : [h('tr', {}, h('td', { colspan: 5 }, 'None yet.'))]);
  }, (words) => set(fault, words));
};
