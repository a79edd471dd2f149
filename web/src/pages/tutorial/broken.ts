// Step 5: something breaks, and nothing is lost or believed.

import type { Hex } from '@tacit-network/sdk';
import { h } from '../../ui/dom';
import { act, type Tampered } from '../development/actions';
import type { Worker } from '../workers/chain';
import { readAs } from './hello';
import type { Step } from './tutorial';

export const broken: Step = {
  title: 'Break something',
  words: ['The page ', h('a', { href: '#development' }, 'Development'), ' of ', h('code', {}, 'tacit dev'), ' has more to break.'],
  tasks: (world) => {
    const { chain, config } = world;
    const epochs = async (): Promise<bigint> => (await chain.entries<Hex, Worker>('Registry', 'Workers', 20)).reduce((sum, [, w]) => sum + w.boot_epoch, 0n);
    return [
      { name: 'killed', button: 'Kill the worker', words: ['The worker loses its power. What it knew was sealed to its machine; it starts, registers in a new boot epoch, and the counter is what it was.'], run: async () => {
        if (!config.development) throw new Error('Only the console of tacit dev can do that.');
        const before = await readAs(world, 'Alice');
        const epoch = await epochs();
        await act(config, 'kill');
        const end = Date.now() + 60_000;
        while ((await epochs()) <= epoch) {
          if (Date.now() > end) throw new Error('It did not register again within a minute.');
          await new Promise((r) => setTimeout(r, 200));
        }
        const after = await readAs(world, 'Alice');
        if (!after.ok || after.words !== before.words) throw new Error(`The counter was ${before.words} and is ${after.words}.`);
        return `It runs in boot epoch ${await epochs()}, and the counter is still ${after.words}.`;
      } },
      { name: 'tampered', button: 'Tamper with a quote', words: ['Somebody flips one bit of the measurement in a quote that the worker’s machine signed. The chain refuses it.'], run: async () => {
        if (!config.development) throw new Error('Only the console of tacit dev can do that.');
        const t = await act<Tampered>(config, 'quote', { part: 'measurement' });
        return `Refused: ${t.refused}. A bit of ${t.what}, in byte ${t.at} of ${t.bytes}.`;
      } },
    ];
  },
};
