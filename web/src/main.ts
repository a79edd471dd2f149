// The console starts here: it learns where the node is, connects, and shows the
// page that the address names.

import './ui/base.css';
import './ui/parts.css';
import { Chain, Rpc } from '@tacit-network/sdk';
import { readConfig, type Config } from './config';
import { byId, h, say, set } from './ui/dom';
import { theme } from './ui/theme';
import { Sessions } from './contract/sessions';
import { pages } from './pages/pages';
import { Wallets } from './wallets';

const main = byId('main');

function fail(title: string, ...words: (string | Node)[]): void {
  main.replaceChildren(h('div', { class: 'note note--bad', role: 'alert' }, h('strong', {}, title), h('p', {}, ...words)));
}

async function configure(): Promise<Config> {
  for (;;) {
    try {
      return await readConfig();
    } catch {
      fail('The console cannot be reached.', 'Is ', h('code', {}, 'tacit dev'), ' still running? This page tries again by itself.');
      await new Promise((r) => setTimeout(r, 1_000));
    }
  }
}

/** decoded reads what stands in the address; what nobody encoded stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** open decodes the chain's metadata, as soon as the node is there. */
function open(rpc: Rpc): Promise<Chain> {
  return new Promise((resolve) => {
    const waiting = setTimeout(() => fail('The node does not answer.', `Nothing listens at ${rpc.url} yet. This page tries again by itself.`), 3_000);
    let done = false;
    rpc.onOpen(() => {
      if (done) return;
      Chain.open(rpc).then(
        (chain) => {
          done = true;
          clearTimeout(waiting);
          resolve(chain);
        },
        (e: Error) => {
          clearTimeout(waiting);
          fail('The chain cannot be read.', e.message);
        },
      );
    });
  });
}

/** follow starts the page anew when the node comes back as another chain, with
 * another runtime, or at another address. Development chains may have the same
 * first block; they differ in the next. */
function follow(rpc: Rpc, chain: Chain, config: Config): void {
  let first: string | null = null;
  rpc.onOpen(() => {
    void Promise.all([chain.hashOf(0), chain.hashOf(1), rpc.call<Chain['version']>('state_getRuntimeVersion')]).then(([genesis, next, version]) => {
      const other = genesis !== chain.genesis || version.specVersion !== chain.version.specVersion || (first !== null && next !== first);
      if (other) location.reload();
      first = next;
    }, () => undefined);
  });
  setInterval(() => {
    if (!rpc.up) void readConfig().then((now) => now.rpc !== config.rpc && location.reload(), () => undefined);
  }, 3_000);
}

async function start(): Promise<void> {
  theme(byId('theme'));
  if (!globalThis.crypto?.subtle) {
    fail('This address is not safe enough.', 'Browsers encrypt only on pages from this machine or over https. Open the address that tacit dev printed.');
    return;
  }
  const config = await configure();
  let chain: Chain | undefined;
  const rpc = new Rpc(config.rpc);
  rpc.onChange((up) => {
    byId('link').dataset.up = String(up);
    document.body.dataset.up = String(up);
    set(byId('link-text'), up ? 'Connected' : 'Connecting');
    byId('lost').hidden = up || !chain;
    if (!up && chain) say('The connection to the node is lost; trying again');
  });
  chain = await open(rpc);
  const wallets = new Wallets((await chain.rpc.call<string>('system_chainType')) === 'Development');
  void wallets.resume();
  const world = { chain, config, wallets, sessions: new Sessions(chain) };
  follow(rpc, chain, config);
  set(byId('chain-name'), chain.name);
  byId('foot').replaceChildren(
    h('p', {}, `Runtime ${chain.version.specName} ${chain.version.specVersion} · node ${rpc.url}`),
    h('p', {}, 'All keys and all decryption stay in this page. It loads nothing from elsewhere. ', h('a', { href: './licenses.md' }, 'Licences')),
  );
  const links = new Map(pages.flatMap(({ name, title, when }) => (title && (when?.(world) ?? true) ? [[name, h('a', { href: `#${name}` }, title)] as const] : [])));
  byId('nav').replaceChildren(...links.values());
  let leave = new AbortController();
  const show = (first = false): void => {
    leave.abort();
    leave = new AbortController();
    const [name = '', ...rest] = location.hash.slice(1).split('/');
    const row = pages.find((p) => p.name === name) ?? pages[0]!;
    const title = row.title ?? (row.name === 'block' ? `Block ${rest[0]}` : 'Tacit');
    document.title = `${title} · Tacit console`;
    links.forEach((a, n) => (n === row.name || (n === 'blocks' && row.name === 'block') ? a.setAttribute('aria-current', 'page') : a.removeAttribute('aria-current')));
    const current = byId('nav').querySelector<HTMLElement>('[aria-current]');
    if (current) byId('nav').scrollLeft = current.offsetLeft - 32; // where not all fit
    main.replaceChildren();
    row.page(main, world, decoded(rest.join('/')), leave.signal);
    if (!first) {
      main.focus({ preventScroll: true });
      scrollTo(0, 0);
      say(title);
    }
  };
  addEventListener('hashchange', () => show());
  show(true);
}

void start();
