// Step 1: what is running.

import { askInfo, type Hex } from '@tacit-network/sdk';
import { endpoint } from '../../contract/target';
import { grouped, h } from '../../ui/dom';
import { judge, type Worker } from '../workers/chain';
import type { Step } from './tutorial';

export const running: Step = {
  title: 'What is running',
  words: [
    'A validator makes blocks and proves them final. A worker, a process of its own in simulated hardware, runs contracts. A relay carries messages between them, and is trusted by neither.',
  ],
  tasks: (world) => {
    const { chain } = world;
    let first: number | undefined;
    const workers = (): Promise<[Hex, Worker][]> => chain.entries<Hex, Worker>('Registry', 'Workers', 20);
    return [
      {
        name: 'blocks', words: ['Blocks are made, and become final. ', h('a', { href: '#blocks' }, 'Blocks'), ' shows them.'],
        watch: async () => {
          const final = await chain.header(await chain.rpc.call<Hex>('chain_getFinalizedHead'));
          first ??= final.number;
          return final.number > first ? `From ${grouped(first)} to ${grouped(final.number)} since you looked.` : undefined;
        },
      },
      {
        name: 'registered', words: ['A worker is registered: every validator verified its quote. ', h('a', { href: '#workers' }, 'Workers'), ' shows each check.'],
        watch: async () => {
          for (const [id, w] of await workers()) {
            const j = await judge(chain, id);
            if (j?.standing.type === 'Good') return `${id.slice(0, 10)}…, in block ${grouped(w.block)}${w.class.type === 'Development' ? '. SIMULATED TEE: it protects nothing' : ''}.`;
          }
          return undefined;
        },
      },
      {
        name: 'follows', words: ['The worker follows the chain by a light client of its own.'],
        watch: async () => {
          for (const [id] of await workers()) {
            const url = await endpoint(world, id);
            const info = url && (await askInfo(url).catch(() => null));
            if (info && info.block > 0) return `It has proof up to block ${grouped(info.block)}.`;
          }
          return undefined;
        },
      },
    ];
  },
};
