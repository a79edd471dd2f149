// One worker: what the chain has of it, what its runtime thinks, what this page
// proved by itself, and what the worker says.

import { askInfo, equal, hex, LightClient, text, unhex, verifyWorker, type Chain, type Hex, type Info } from '@tacit-network/sdk';
import { queue } from '../../contract/queue';
import { endpoint } from '../../contract/target';
import { copyable } from '../../ui/code';
import { grouped, h, say, set } from '../../ui/dom';
import { Drawn, every, ticking } from '../../ui/live';
import { tree, worst, type Check } from '../../ui/tree';
import type { World } from '../pages';
import { date, judge, left, measured, verdicts, type Image, type Worker } from './chain';

const clients = new WeakMap<Chain, Promise<LightClient>>();

/** lightClient is the one of this visit. */
function lightClient(chain: Chain): Promise<LightClient> {
  const made = clients.get(chain) ?? LightClient.open(chain, chain.genesis);
  clients.set(chain, made);
  made.catch(() => clients.delete(chain));
  return made;
}

/** kems are the names of kinds of keys, by HPKE's numbers. */
const kems: Record<number, string> = { 0x647a: 'X-Wing, hybrid post-quantum', 0x20: 'X25519' };

const row = (name: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));

/** worker fills the page of one. */
export function worker(into: HTMLElement, world: World, rest: string, signal: AbortSignal): void {
  const { chain } = world;
  if (!/^0x[0-9a-f]{64}$/i.test(rest)) {
    into.append(h('div', { class: 'note note--bad', role: 'alert' }, h('strong', {}, 'That is no identity of a worker.'), h('p', {}, h('a', { href: '#workers' }, 'All workers'))));
    return;
  }
  const id = rest.toLowerCase() as Hex;
  const facts = h('div', {}, h('p', { class: 'quiet' }, 'Reading the registration…'));
  const theirs = h('div', { class: 'tree-wrap' }, h('p', { class: 'quiet' }, 'Asking the runtime…'));
  const own = h('div', { class: 'tree-wrap', id: 'own-verdict' }, h('p', { class: 'quiet' }, 'Following the validators’ signatures from the first block…'));
  const said = h('div', {}, h('p', { class: 'quiet' }, 'Asking the worker…'));
  const fault = h('p', { class: 'fault', role: 'alert' });
  const card = (name: string, title: string, words: string, ...content: HTMLElement[]): HTMLElement =>
    h('section', { class: 'card', 'aria-labelledby': name }, h('h2', { id: name }, title), words ? h('p', { class: 'quiet' }, words) : null, ...content);
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Worker'), h('p', { class: 'links' }, copyable(id, 'Identity', 18, 16), h('a', { href: '#workers' }, 'All workers'))),
    fault,
    card('registration', 'On the chain', '', facts),
    card('runtime-says', 'What the chain verified', 'Every validator checked the quote when the worker was registered, and checks the rest again now.', theirs),
    card('page-says', 'What this page verified', `A light client in this page believes no node: it follows signatures from the first block, ${chain.genesis.slice(0, 18)}…, and reads the state with proofs. Compare that hash with one from somebody you trust.`, own),
    card('worker-says', 'What it says of itself', 'Nothing here is signed, and nothing depends on it.', said),
    queue(world, { worker: id }, signal),
  );

  const shown = { facts: new Drawn(facts), theirs: new Drawn(theirs), own: new Drawn(own), said: new Drawn(said) };
  let current: Worker | undefined;
  const expiry = h('dd', { id: 'expiry' });
  ticking(signal, () => current && set(expiry, `${left(current, 4)}, ${date(current.expires_at)}`));
  every(2_000, signal, async () => {
    const w = await chain.storage<Worker>('Registry', 'Workers', [id]);
    current = w;
    if (!w) {
      shown.facts.show('none', () => [h('p', { class: 'empty' }, 'The chain has no such worker: it never registered, it left, or its registration was removed.')]);
      shown.theirs.show('none', () => [h('p', { class: 'quiet' }, 'Nothing to judge.')]);
      return;
    }
    const [j, image, urls, member, sent] = await Promise.all([
      judge(chain, id), chain.storage<Image>('Attestation', 'Images', [w.image]), chain.storage<Uint8Array[]>('Registry', 'Endpoints', [id]),
      chain.storage<Hex[]>('Clusters', 'Memberships', [id]), chain.storage<{ next: bigint }>('Queue', 'Ingress', [id]),
    ]);
    if (signal.aborted) return;
    shown.facts.show([w, image, urls?.map(hex), member, sent], () => [registration(w, image, urls ?? [], member ?? [], sent?.next ?? 0n, expiry)]);
    set(expiry, `${left(w, 4)}, ${date(w.expires_at)}`);
    if (j) {
      const v = verdicts(chain, w, j, image);
      shown.theirs.show(v, () => [tree([v])]);
    }
  }, (words) => set(fault, words));

  let told = false;
  every(4_000, signal, async () => {
    try {
      const v = await verifyWorker(await lightClient(chain), id);
      const checks: Check[] = v.checks.map((c) => ({ name: c.name, detail: c.detail, state: !c.ok ? 'failed' : c.name === 'hardware' && v.simulated ? 'warning' : 'passed' }));
      shown.own.show(checks, () => [tree([{ name: v.ok ? 'believed' : 'not believed', state: worst(checks), detail: v.simulated ? 'as far as simulated hardware can be' : '', checks }])]);
      if (!told) say(v.ok ? 'This page verified the worker' : 'This page does not believe the worker');
      told = true;
    } catch (e) {
      const detail = e instanceof Error ? e.message : String(e);
      shown.own.show(detail, () => [tree([{ name: 'not checked', state: 'not checked', detail }])]);
    }
  });

  every(2_000, signal, async () => {
    const url = await endpoint(world, id);
    let info: Info;
    try {
      if (!url) throw new Error('The worker tells no address.');
      info = await askInfo(url);
    } catch (e) {
      const words = e instanceof Error ? e.message : String(e);
      shown.said.show(words, () => [h('p', { class: 'empty' }, words, ' It may be restarting, or this page may not reach it.')]);
      return;
    }
    shown.said.show([url, { ...info, hpke: 0 }, current?.boot_epoch], () => [words(chain, id, url, info, current)]);
  });
}

function registration(w: Worker, image: Image | undefined, urls: Uint8Array[], clusters: Hex[], sent: bigint, expiry: HTMLElement): HTMLElement {
  const hash = measured(image);
  return h('dl', { class: 'rows' },
    row('Hardware', w.class.type === 'Development' ? h('strong', { class: 'badge badge--warn' }, 'SIMULATED TEE') : h('strong', { class: 'badge badge--good' }, 'VERIFIED TEE'), ` ${image?.measurement.type.replace('Measurement', '') ?? ''}, tier ${w.tier} of ${w.tier_max}`),
    h('div', {}, h('dt', {}, 'Expires'), expiry),
    row('Program', image ? `${image.name} ${image.version}` : 'unknown', ' ', copyable(w.image, 'Hash of the program')),
    row('Measurement', hash ? copyable(hash, 'Measurement', 18, 16) : 'several registers'),
    row('Machine', copyable(w.platform, 'Hash of the machine’s number', 18, 16)),
    row('Boot epoch', grouped(w.boot_epoch)),
    row('Registered', h('a', { href: `#block/${w.block}` }, `in block ${grouped(w.block)}`), `, attested ${date(w.attested_at)}`),
    row('Operator', h('a', { href: `#accounts/${w.operator}` }, w.operator)),
    row('Keys', w.hpke.map((k) => kems[k.kem] ?? `KEM ${k.kem}`).join(', ')),
    row('Endpoints', urls.length ? urls.map(text).join(', ') : 'none'),
    row('Sent', `${grouped(sent)} messages in this boot epoch`),
    row('Clusters', ...(clusters.length ? clusters.flatMap((c) => [h('a', { href: `#clusters/${c}` }, `${c.slice(0, 10)}…`), ' ']) : ['none'])),
  );
}

function words(chain: Chain, id: Hex, url: string, i: Info, w: Worker | undefined): HTMLElement {
  const odd = (bad: boolean, value: string): HTMLElement => h('span', bad ? { class: 'answer--bad' } : {}, value);
  return h('dl', { class: 'rows', id: 'said' },
    row('Answers at', url),
    row('Identity', odd(!equal(i.identity, unhex(id)), equal(i.identity, unhex(id)) ? 'the same' : `another: ${hex(i.identity)}`)),
    row('Chain', odd(hex(i.genesis) !== chain.genesis, hex(i.genesis) === chain.genesis ? 'this one' : `another: ${hex(i.genesis)}`)),
    row('Hardware', `${i.platform}${i.simulated ? ', SIMULATED' : ''}`),
    row('Boot epoch', odd(!!w && i.bootEpoch !== w.boot_epoch, `${grouped(i.bootEpoch)}${i.promised > i.bootEpoch ? `, and gave evidence for ${grouped(i.promised)}` : ''}`)),
    row('Follows', `final block ${grouped(i.block)}, by the signatures of authority set ${i.setId}`),
    row('Queues', ...(i.queues.length ? i.queues.map((q) => h('div', {}, `${q.to.tag === 'worker' ? 'its own' : `cluster ${hex(q.to.value).slice(0, 10)}…`}: message ${grouped(q.next)} is next`)) : ['none'])),
    row('Clusters', ...(i.clusters.length ? i.clusters.map((c) => h('div', {}, `${hex(c.id).slice(0, 10)}…, epoch ${c.epoch}, ${c.keys ? 'has its secret' : 'waits for its secret'}`)) : ['none'])),
    row('Waits for', `${i.needCode.length} codes; ${grouped(i.pending)} messages that the chain has not taken`),
  );
}
