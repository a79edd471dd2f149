// The demo's contract, as soon as there is one.

import type { ContractInfo, Hex } from '@tacit-network/sdk';
import { readConfig } from '../../config';
import { desk } from '../../contract/desk';
import { h } from '../../ui/dom';
import type { World } from '../pages';

/** contract is the part of the page where one is tried. */
export function contract(world: World, signal: AbortSignal): HTMLElement {
  const section = h('section', { class: 'contract', 'aria-labelledby': 'contract-title' }, h('h2', { id: 'contract-title' }, 'A confidential contract'));
  const wait = h('p', { class: 'card quiet' }, 'Looking for the contract…');
  section.append(wait);
  void ready(world, (words) => wait.replaceChildren(...words), signal).then((info) => {
    if (!info) return;
    wait.remove();
    section.append(...desk(world, world.config.contract!, info, world.config.metadata!, signal));
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
