// Step 4: a contract of one's own, changed and deployed anew.

import type { ContractInfo, Hex } from '@tacit-network/sdk';
import { copyable } from '../../ui/code';
import { h } from '../../ui/dom';
import type { Step } from './tutorial';

const shell = (text: string): HTMLElement => h('span', { class: 'shell' }, copyable(text, 'the command', 80, 20));

export const changed: Step = {
  title: 'Change the code',
  words: ['A contract is a small program in Go. Type these in another terminal, in the folder of the source.'],
  tasks: ({ chain, config }) => {
    /** others are the codes of contracts that live, but the demo's. */
    const others = async (): Promise<string[]> => {
      const all = await chain.entries<Hex, ContractInfo>('Contracts', 'Contracts', 200);
      return [...new Set(all.filter(([, c]) => c.state.type === 'Live' && c.code !== config.code).map(([, c]) => c.code))];
    };
    return [
      {
        name: 'watched', words: ['Begin a contract, and have it built and deployed whenever you save it: ', shell('bin/tacit contract new examples/mine'), ' ', shell('bin/tacit contract watch examples/mine')],
        watch: async () => {
          const list = await others();
          return list.length ? `A contract of the code ${list[0]!.slice(0, 10)}… lives.` : undefined;
        },
      },
      {
        name: 'redeployed', words: ['Open ', h('code', {}, 'examples/mine/mine.go'), ', change what a message does, and save. It is a new code, and a new contract.'],
        watch: async () => {
          const list = await others();
          return list.length > 1 ? `There are ${list.length} codes now. ` : undefined;
        },
      },
      { name: 'imported', words: ['Open it on the page ', h('a', { href: '#contracts' }, 'Contracts'), ', and bring ', h('code', {}, 'examples/mine/mine.json'), ': each message gets a form.'], watch: async () => {
        try {
          return Object.keys(localStorage).some((k) => k.startsWith('tacit-metadata-')) ? 'Metadata that you brought is kept in this browser.' : undefined;
        } catch {
          return undefined;
        }
      } },
    ];
  },
};
