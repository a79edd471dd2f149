// The last messages of a queue, that of a worker or of a cluster: who sent what in
// which block, and how many bytes of it are nobody's to read.

import { address, messages, unhex, type Destination, type Queued } from '@tacit-network/sdk';
import { grouped, h, set } from '../ui/dom';
import { Drawn, every } from '../ui/live';
import type { World } from '../pages/pages';

/** What each kind of message is, in words. */
const meanings: Record<string, string> = {
  Registered: 'its registration stands', Removed: 'its registration ended', ClusterJoin: 'it is drawn into a cluster', ClusterLeft: 'it is no member any more',
  ClusterSecret: 'a secret from another member, sealed', EpochWanted: 'a new epoch is wanted', EpochChosen: 'the secret of an epoch is chosen',
  Newcomer: 'a new member is to be given the secrets', SnapshotWanted: 'the chunks of a snapshot are wanted', SnapshotKept: 'the chain has a snapshot',
  ShareWanted: 'its share of a secret is wanted', Share: 'a share of a secret, sealed',
  Instantiate: 'a contract is made, sealed', Command: 'a command, sealed', Code: 'a code is to be looked at', Deposit: 'tokens come into the ledger',
  Return: 'a withdrawal comes back', Transact: 'a transfer or a withdrawal, sealed', Epoch: 'an epoch begins', MakeSnapshot: 'a snapshot is to be made',
  Terms: 'what is paid for gas and storage',
};

/** queue is the card of a queue's last messages. */
export function queue(world: World, to: Destination, signal: AbortSignal): HTMLElement {
  const body = h('tbody', {}, h('tr', {}, h('td', { colspan: 5 }, 'Reading the queue…')));
  const fault = h('p', { class: 'fault', role: 'alert' });
  const drawn = new Drawn(body);
  every(2_000, signal, async () => {
    const list = await messages(world.chain, to, 10);
    if (signal.aborted) return;
    drawn.show(list.map((m) => m.seq), () => list.length ? list.map((m) => line(world, m)) : [h('tr', {}, h('td', { colspan: 5 }, 'Nothing was ever sent to it, or the node keeps no more of it.'))]);
  }, (words) => set(fault, words));
  return h('section', { class: 'card', 'aria-labelledby': 'queue' },
    h('h2', { id: 'queue' }, 'Last messages'),
    h('p', { class: 'quiet' }, 'The chain puts what is sent to it in order, under a hash chain of which nothing can be left out.'),
    fault,
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-labelledby': 'queue' },
      h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...['Number', 'Block', 'From', 'What', 'Bytes'].map((t) => h('th', { scope: 'col' }, t)))), body)),
  );
}

function line({ wallets }: World, m: Queued): HTMLElement {
  return h('tr', { 'data-kind': m.kind },
    h('td', {}, grouped(m.seq)), h('td', {}, h('a', { href: `#block/${m.block}` }, grouped(m.block))), h('td', {}, sender(wallets, m.from)),
    h('td', {}, h('code', {}, m.kind), ` ${meanings[m.kind] ?? ''}`), h('td', {}, grouped(m.payload.length)));
}

function sender(wallets: World['wallets'], from: Queued['from']): HTMLElement | string {
  switch (from.tag) {
    case 'pallet':
      return `pallet ${from.name}`;
    case 'account': {
      const who = address(unhex(from.id));
      return h('a', { href: `#accounts/${who}` }, wallets.find(who)?.name ?? `${who.slice(0, 8)}…`);
    }
    case 'worker':
    case 'cluster':
    case 'contract':
      return h('a', { href: `#${from.tag}s/${from.id}` }, `${from.tag} ${from.id.slice(0, 10)}…`);
  }
}
