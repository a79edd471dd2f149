// Step 3: money in secret, in the ledger of the counter's cluster.

import { balance, deposit, left, transact } from '@tacit-network/sdk';
import { target } from '../../contract/target';
import { grouped, h } from '../../ui/dom';
import type { World } from '../pages';
import { counter } from './hello';
import type { Step } from './tutorial';

const who = (world: World, name: string) => world.wallets.development.find((a) => a.name === name)!;

export const purse: Step = {
  title: 'A secret wallet',
  words: ['Every cluster has a ledger. Tokens go in and come out in the open; in between, nobody sees who pays whom. ',
    h('code', {}, 'examples/wallet'), ' does the same by a contract of its own; the page ', h('a', { href: '#clusters' }, 'Clusters'), ' has the forms.'],
  tasks: (world, log) => {
    const { chain } = world;
    const unit = 10n ** BigInt(chain.decimals);
    let last = 0;
    const secret = async (name: string, what: 'transfer' | 'withdraw', to: string): Promise<string> => {
      const { info } = await counter(world);
      const actor = who(world, name);
      const dest = who(world, to).publicKey;
      let words = '';
      await log.add({
        kind: 'command', who: actor, written: `${what} ${chain.amount(3n * unit)} to ${to}`, input: dest, call: 'Clusters.transact',
        read: (o) => ({ ok: true, value: `${chain.amount(left(o), 6)} are left` }),
      }, async (x) => {
        const outcome = await transact(chain, actor, info.cluster, what, dest, 3n * unit, x);
        x.finish(outcome);
        last = Math.max(last, x.block);
        if (outcome.status === 'Ok') words = `${chain.amount(left(outcome.output), 6)} are left.`;
      });
      if (!words) throw new Error(what === 'transfer' ? 'It was refused: has Bob put something in?' : 'It was refused: has Bob given Charlie something?');
      return words;
    };
    return [
      { name: 'deposit', button: 'Deposit 10 as Bob', words: ['Bob puts 10 tokens in. Everybody sees that.'], run: async () => {
        const { info } = await counter(world);
        const receipt = await deposit(chain, who(world, 'Bob'), info.cluster, 10n * unit);
        last = receipt.block.number;
        return `They are in the ledger; the receipt is in block ${grouped(receipt.block.number)}.`;
      } },
      { name: 'transfer', button: 'Give Charlie 3 in secret', words: ['Bob gives Charlie 3. Everybody sees that Bob did something.'], run: () => secret('Bob', 'transfer', 'Charlie') },
      { name: 'holds', button: 'Ask as Charlie', words: ['Charlie, and nobody else, can ask what Charlie has.'], run: async () => {
        const { info } = await counter(world);
        const n = await balance(chain, await target(world, info.cluster), await world.sessions.of(who(world, 'Charlie')), info.cluster, last);
        if (n === 0n) throw new Error('Charlie has nothing yet.');
        return `Charlie has ${chain.amount(n, 6)}.`;
      } },
      { name: 'withdraw', button: 'Withdraw 3 as Charlie', words: ['Charlie takes 3 out, which everybody sees again; not from whom they came.'], run: () => secret('Charlie', 'withdraw', 'Charlie') },
    ];
  },
};
