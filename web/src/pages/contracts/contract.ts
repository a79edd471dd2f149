// One contract: what the chain has of it, and its forms if its metadata is known.

import type { ContractInfo, Hex, Metadata } from '@tacit-network/sdk';
import { desk } from '../../contract/desk';
import { files } from '../../contract/files';
import { forget, keep, known } from '../../contract/kept';
import { copyable } from '../../ui/code';
import { h, say, set } from '../../ui/dom';
import { every } from '../../ui/live';
import type { World } from '../pages';

/** contract fills the page of one. */
export function contract(into: HTMLElement, world: World, rest: string, signal: AbortSignal): void {
  const { chain, config } = world;
  if (!/^0x[0-9a-f]{64}$/i.test(rest)) {
    into.append(h('div', { class: 'note note--bad', role: 'alert' }, h('strong', {}, 'That is no address of a contract.'), h('p', {}, h('a', { href: '#contracts' }, 'All contracts'))));
    return;
  }
  const id = rest.toLowerCase() as Hex;
  const facts = h('dl', { class: 'rows' });
  const wait = h('p', { class: 'quiet' }, 'Reading the contract…');
  const about = h('div', { class: 'stack', id: 'metadata' });
  const part = h('div', { class: 'contract' });
  const fault = h('p', { class: 'fault', role: 'alert' });
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Contract'), h('p', { class: 'links' }, copyable(id, 'Address of the contract', 18, 16), h('a', { href: '#contracts' }, 'All contracts'))),
    h('section', { class: 'card', 'aria-labelledby': 'facts' }, h('h2', { id: 'facts' }, 'On the chain'), wait, fault, facts),
    h('section', { class: 'card', 'aria-labelledby': 'known' }, h('h2', { id: 'known' }, 'What its messages are'), about),
    part,
  );
  let info: ContractInfo | undefined;
  let inner = new AbortController();
  signal.addEventListener('abort', () => inner.abort());

  const draw = (metadata: Metadata | null): void => {
    inner.abort();
    inner = new AbortController();
    part.replaceChildren();
    const bring = files('bring', metadata ? 'Other metadata' : 'Metadata, the .json or .contract of its build', '.json,.contract', (b) => {
      if (!b.metadata) throw new Error('There is no metadata in it.');
      keep(id, b.metadata);
      say('The metadata is kept in this browser');
      draw(known(config, id, info!.code) ?? b.metadata);
    });
    if (!metadata) {
      about.replaceChildren(h('p', { class: 'quiet' }, 'The chain does not know what can be asked of a contract; who made it does.'), bring);
      return;
    }
    about.replaceChildren(
      h('p', {}, `${metadata.contract.name} ${metadata.contract.version}, ${metadata.spec.messages.length} messages. `,
        h('span', { class: 'quiet' }, 'This is kept in your browser, and not checked by anybody: a wrong description makes wrong messages.')),
      h('details', {}, h('summary', {}, 'Other metadata'), bring,
        h('button', { class: 'button button--quiet', type: 'button', click: () => {
          forget(id);
          draw(known(config, id, info!.code));
        } }, 'Forget what was brought')),
    );
    if (info!.state.type === 'Live') part.append(h('h2', {}, 'Try it'), ...desk(world, id, info!, metadata, inner.signal));
  };

  every(1_500, signal, async () => {
    const now = await chain.storage<ContractInfo>('Contracts', 'Contracts', [id]);
    if (signal.aborted) return;
    set(wait, now ? '' : 'The chain has no such contract. One that another contract made is not listed on the chain.');
    wait.hidden = !!now;
    if (!now || now.state.type === info?.state.type) return;
    const first = !info;
    info = now;
    const person = world.wallets.find(now.deployer)?.name;
    const row = (name: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
    facts.replaceChildren(
      row('State', { Pending: 'under construction inside the worker', Live: 'it can be called', Failed: 'its constructor failed; the chain has the receipt' }[now.state.type]),
      row('Made by', h('a', { href: `#accounts/${now.deployer}` }, person ? `${person}, ${now.deployer}` : now.deployer)),
      row('Cluster', h('a', { href: `#clusters/${now.cluster}` }, `${now.cluster.slice(0, 18)}…`)),
      row('Code', copyable(now.code, 'Hash of the code', 18, 16)),
    );
    if (first || now.state.type === 'Live') draw(known(config, id, now.code));
  }, (words) => set(fault, words));
}
