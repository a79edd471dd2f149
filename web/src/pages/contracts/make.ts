// A new contract: from the files of a build to one that can be called.

import { chunks, codeHash, Contract, createCluster, instantiate, pack, upload, type Cluster, type Hex, type Metadata } from '@tacit-network/sdk';
import { Fields, people } from '../../contract/action';
import { Log, Who } from '../../contract/desk';
import { files } from '../../contract/files';
import { keep, known } from '../../contract/kept';
import { grouped, h, say, set } from '../../ui/dom';
import { every } from '../../ui/live';
import type { World } from '../pages';
import { complete, type Code } from './contracts';

const fresh = 'new';
const brought = 'files';

/** make is the form of it. */
export function make(world: World, signal: AbortSignal): HTMLElement {
  const { chain, config } = world;
  const what = h('p', { class: 'quiet', id: 'brought', 'aria-live': 'polite' });
  const code = h('select', { id: 'code' });
  const cluster = h('select', { id: 'cluster' });
  const how = h('select', { id: 'constructor' });
  const args = h('div', { class: 'action__do' });
  const progress = h('p', { class: 'quiet', id: 'make-progress', 'aria-live': 'polite' });
  const fault = h('p', { class: 'fault', role: 'alert', id: 'make-fault' });
  const done = h('div', { id: 'made' });
  const who = new Who(world, signal);
  const log = new Log('The encrypted call of the constructor appears here, as everybody sees it and as you do.');
  const send = h('button', { class: 'button', type: 'submit' }, 'Make the contract');
  const only = h('button', { class: 'button button--quiet', type: 'button' }, 'Only upload the code');
  let packed: Uint8Array | undefined;
  let mine: Metadata | undefined;
  let abi: Contract | undefined;
  let fields: Fields | undefined;

  const metadata = (): Metadata | null => (code.value === brought ? (mine ?? null) : (known(config, code.value as Hex, code.value as Hex) ?? mine ?? null));
  const constructors = (): void => {
    const m = metadata();
    abi = m ? new Contract(m) : undefined;
    how.replaceChildren(...(abi?.constructors ?? []).map((c) => h('option', { value: c.label }, c.label)));
    form();
  };
  const form = (): void => {
    const chosen = abi?.constructors.find((c) => c.label === how.value);
    fields = chosen && abi ? new Fields(world, abi, chosen, fault.id) : undefined;
    args.replaceChildren(...(fields?.elements ?? []));
    only.hidden = code.value !== brought;
  };
  how.addEventListener('change', form);
  code.addEventListener('change', constructors);

  let codes = '';
  let clusters = '';
  const offer = (select: HTMLSelectElement, options: [string, string][]): void => {
    const chosen = select.value;
    select.replaceChildren(...options.map(([value, words]) => h('option', { value }, words)));
    if (options.some(([value]) => value === chosen)) select.value = chosen;
  };
  const look = async (): Promise<void> => {
    const [stored, all] = await Promise.all([chain.entries<Hex, Code>('Contracts', 'Codes'), chain.entries<Hex, Cluster>('Clusters', 'Clusters')]);
    const whole = stored.filter(([, c]) => complete(c)).map(([id]): [string, string] => [id, `${known(config, id, id)?.contract.name ?? 'unknown'}, ${id.slice(0, 10)}…`]);
    const list: [string, string][] = [...(packed ? [[brought, `${mine?.contract.name ?? 'a code'}, from your files`] as [string, string]] : []), ...whole];
    if (JSON.stringify(list) !== codes) {
      codes = JSON.stringify(list);
      offer(code, list);
      constructors();
    }
    const ready: [string, string][] = [...all.filter(([, c]) => c.keys.length).map(([id, c]): [string, string] => [id, `${id.slice(0, 10)}…, ${c.members.length} workers`]), [fresh, 'a new cluster']];
    if (JSON.stringify(ready) !== clusters) {
      clusters = JSON.stringify(ready);
      offer(cluster, ready);
    }
  };
  every(2_500, signal, look);

  const bring = files('files', 'The files of its build: .wasm and .json, or .contract', '.wasm,.gz,.json,.contract', async (b) => {
    if (b.code) packed = await pack(b.code);
    if (b.metadata) mine = b.metadata;
    const id = packed && codeHash(chunks(packed));
    set(what, [mine && `${mine.contract.name} ${mine.contract.version}`, packed && `${grouped(packed.length)} bytes compressed, code ${id!.slice(0, 10)}…`].filter(Boolean).join(', '));
    if (id && mine) keep(id, mine);
    await look();
    if (packed) code.value = brought;
    constructors();
  });

  const put = async (): Promise<Hex> =>
    code.value !== brought || !packed ? (code.value as Hex) : upload(chain, who.account, packed, (n, of) => set(progress, n < of ? `Chunk ${n + 1} of ${of} of the code goes up…` : 'The code is on the chain.'));

  const work = (button: HTMLElement, f: () => Promise<void>): void => {
    if (send.getAttribute('aria-disabled') === 'true') return;
    for (const el of [fault, progress]) set(el, '');
    done.replaceChildren();
    send.setAttribute('aria-disabled', 'true');
    button.setAttribute('aria-disabled', 'true');
    void f().catch((e: Error) => {
      set(progress, '');
      set(fault, e.message);
    }).finally(() => {
      send.removeAttribute('aria-disabled');
      button.removeAttribute('aria-disabled');
    });
  };
  only.addEventListener('click', () => work(only, async () => {
    await put();
    await look();
  }));

  const deploy = async (): Promise<void> => {
    if (!code.value) throw new Error('Choose a code, or the files of a build.');
    if (!abi || !fields) throw new Error('The metadata of this code is not known: choose the .json of its build too.');
    const [m, actor, interfaces] = [metadata()!, who.account, abi];
    const written = fields.read();
    const name = await put();
    let where = cluster.value as Hex;
    if (cluster.value === fresh) {
      set(progress, 'The chain draws a worker, which makes the keys of a new cluster…');
      where = await createCluster(chain, actor);
    }
    set(progress, 'The constructor is sent…');
    let made: Hex | undefined;
    await log.add({
      kind: 'command', who: actor, written: written.words, input: written.input, call: 'Contracts.instantiate', read: (output) => interfaces.result(written.message, output),
    }, async (x) => {
      const { contract, outcome } = await instantiate(chain, actor, where, name, written.input, x, written.value);
      x.finish(outcome);
      if (outcome.status === 'Ok') made = contract;
    });
    set(progress, '');
    if (!made) throw new Error('The contract was not made; what came back stands below.');
    keep(made, m);
    done.replaceChildren(h('p', {}, 'The contract is there: ', h('a', { href: `#contracts/${made}` }, `${made.slice(0, 18)}…`)));
    say('The contract is there');
  };

  return h('section', { class: 'stack contract', 'aria-labelledby': 'make-title' },
    h('h2', { id: 'make-title' }, 'Make a contract'),
    h('form', {
      class: 'card desk', id: 'make', novalidate: true, autocomplete: 'off',
      submit: (e) => {
        e.preventDefault();
        work(send, deploy);
      },
    },
      h('p', { class: 'quiet' }, h('code', {}, 'tacit contract new'), ' begins one in Go, ', h('code', {}, 'tacit contract build'), ' makes the files. Or choose a code that is on the chain.'),
      bring, what, who.element, people(world.wallets.all),
      h('div', { class: 'form' },
        h('div', { class: 'field' }, h('label', { for: 'code' }, 'Code'), code),
        h('div', { class: 'field' }, h('label', { for: 'cluster' }, 'Cluster'), cluster),
        h('div', { class: 'field' }, h('label', { for: 'constructor' }, 'Constructor'), how),
        args),
      h('div', { class: 'actions-row' }, send, only), progress, fault, done),
    log.element,
  );
}
