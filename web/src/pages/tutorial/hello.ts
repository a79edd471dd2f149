// Step 2: the first confidential contract.

import { command, Contract, hex, query, type ContractInfo, type Message } from '@tacit-network/sdk';
import { readConfig } from '../../config';
import { target } from '../../contract/target';
import { grouped, h } from '../../ui/dom';
import type { World } from '../pages';
import type { Step } from './tutorial';

/** counter is the demo's contract, as the tutorial uses it. */
export async function counter(world: World): Promise<{ abi: Contract; info: ContractInfo; increment: Message; get: Message }> {
  const { chain, config } = world;
  if (!config.contract) Object.assign(config, await readConfig());
  const info = config.contract && (await chain.storage<ContractInfo>('Contracts', 'Contracts', [config.contract]));
  if (!info || !config.metadata || info.state.type !== 'Live') throw new Error('The counter is not there yet: tacit dev --demo hello deploys it.');
  const abi = new Contract(config.metadata);
  const [increment, get] = ['increment', 'get'].map((l) => abi.messages.find((m) => m.label === l));
  if (!increment || !get) throw new Error('The contract of this console is no counter.');
  return { abi, info, increment, get };
}

/** readAs asks for the counter as somebody: a number, or why not. */
export async function readAs(world: World, name: string, least = 0): Promise<{ ok: boolean; words: string; block: number }> {
  const { abi, info, get } = await counter(world);
  const who = world.wallets.development.find((a) => a.name === name)!;
  const asked = await query(world.chain, await target(world, info.cluster), world.config.contract!, await world.sessions.of(who), least, abi.input(get, []), { sealed: () => undefined });
  const r = abi.result(get, asked.outcome.output);
  return { ok: r.ok, words: r.ok ? r.value : r.error, block: asked.answer.block };
}

export const hello: Step = {
  title: 'A counter that keeps its secret',
  words: ['Anyone may raise it, only its owner, Alice, may read it. What is sent is encrypted in this page to the contract’s cluster.'],
  tasks: (world, log) => {
    const { chain, config, wallets } = world;
    let sent: { block: number; hash: string; input: string } | undefined;
    return [
      { name: 'deployed', words: ['The counter is deployed, in a cluster with keys. ', h('a', { href: '#contracts' }, 'Contracts'), ' shows it.'], watch: async () => {
        const found = await counter(world).catch(() => undefined);
        return found && `Contract ${config.contract!.slice(0, 10)}… in cluster ${found.info.cluster.slice(0, 10)}….`;
      } },
      { name: 'increment', button: 'Increment by 5 as Bob', words: ['Bob, who is nobody special, raises it.'], run: async () => {
        const { abi, increment } = await counter(world);
        const bob = wallets.development.find((a) => a.name === 'Bob')!;
        const input = abi.input(increment, ['5']);
        let ended = '';
        await log.add({ kind: 'command', who: bob, written: 'increment(5)', input, call: 'Contracts.command', read: (o) => abi.result(increment, o) }, async (x) => {
          const outcome = await command(chain, config.contract!, bob, input, {
            sealed: (s) => x.sealed(s), receipt: (r) => x.receipt(r),
            included: (i, seq) => {
              sent = { block: i.block.number, hash: i.hash, input: hex(input).slice(2) };
              x.included(i, seq);
            },
          });
          x.finish(outcome);
          ended = outcome.status;
        });
        if (ended !== 'Ok' || !sent) throw new Error('It was not raised; what came back stands below.');
        return `In block ${grouped(sent.block)}; the receipt says Ok.`;
      } },
      { name: 'read', button: 'Read as Alice', words: ['Alice reads it. Only she can decrypt the answer.'], run: async () => {
        const r = await readAs(world, 'Alice', sent?.block);
        if (!r.ok) throw new Error(`Alice was refused: ${r.words}`);
        return `It is ${r.words}, as of block ${grouped(r.block)}, signed by the worker.`;
      } },
      { name: 'refused', button: 'Read as Bob', words: ['Bob may not: the contract itself refuses, inside the enclave.'], run: async () => {
        const r = await readAs(world, 'Bob', sent?.block);
        if (r.ok) throw new Error(`Bob read ${r.words}, which must not be.`);
        return `Refused: ${r.words}.`;
      } },
      { name: 'ciphertext', button: 'Look into the block', words: ['On the chain there is ciphertext and nothing else.'], run: async () => {
        if (!sent) throw new Error('Raise the counter first.');
        const block = await chain.block(sent.block);
        const found = block.extrinsics.find((x) => x.hash === sent!.hash);
        if (!found) throw new Error('The block does not have the transaction.');
        if (found.bytes.includes(sent.input)) throw new Error('The call stands there in the clear, which must not be.');
        const size = (found.args.envelope as Uint8Array).length;
        return `${found.pallet}.${found.call} in block ${grouped(block.number)} has an envelope of ${grouped(size)} bytes; the ${sent.input.length / 2} bytes of increment(5) are nowhere in it.`;
      } },
    ];
  },
};
