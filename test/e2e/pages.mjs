// The pages of the console beside the first one, as a person would use them. Each
// function is a step: it gets what console.mjs works with, and throws where
// something is not as it should be.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** fits throws where a page is wider than its window or has faint words. */
export async function fits(t, page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  t.want(wide <= 0, `${name}: the page is ${wide} pixels too wide`);
  const faint = await page.evaluate(t.contrasts);
  t.want(faint.length === 0, `${name}: too little contrast: ${faint.slice(0, 3).join('; ')}`);
}

/** everywhere shows a page in both themes and on a phone, and checks that it fits. */
export async function everywhere(t, hash, name, ready) {
  for (const [kind, options] of Object.entries(t.views)) {
    const page = await t.open(options);
    await page.goto(`${t.url}/#${hash}`);
    await ready(page);
    await fits(t, page, `${name}-${kind}`);
    await t.axe(page, `${name}-${kind}`);
    await t.picture(page, `${name}-${kind}`);
    await page.context().close();
  }
}

const check = (name, state) => `[data-check="${name}"][data-state="${state}"]`;

export async function workers(t) {
  const page = await t.open({});
  await page.goto(`${t.url}/#workers`);
  await page.locator('.worker-card a').first().click();
  await page.locator(check('hardware', 'warning')).nth(1).waitFor();
  for (const name of ['quote', 'root of trust', 'certificate', 'firmware', 'platform', 'program', 'finality', 'registration', 'image']) {
    await page.locator(check(name, 'passed')).first().waitFor();
  }
  await page.locator('#own-verdict [data-check="believed"]').waitFor();
  await page.locator('#own-verdict', { hasText: 'as far as simulated hardware can be' }).waitFor();
  await page.locator('#said', { hasText: 'has its secret' }).waitFor();
  await page.locator('tr[data-kind=ClusterJoin]').waitFor();
  const before = await page.locator('#expiry').innerText();
  await page.waitForFunction((b) => document.querySelector('#expiry').innerText !== b, before);
  const hash = new URL(page.url()).hash.slice(1);
  await page.goto(`${t.url}/#workers/0x${'00'.repeat(32)}`);
  await page.getByText('no such worker').first().waitFor();
  await page.goto(`${t.url}/#workers/nobody`);
  await page.getByText('no identity').waitFor();
  await page.context().close();
  await everywhere(t, 'workers', 'workers', (p) => p.locator('.worker-card').first().waitFor());
  await everywhere(t, hash, 'worker', async (p) => {
    await p.locator('#own-verdict > .tree').waitFor();
    await p.locator('#said').waitFor();
  });
  return before;
}

/** files are those of the wallet's build, in the folder that BUNDLE names. */
const files = () => ['wallet.wasm', 'wallet.json'].map((n) => `${process.env.BUNDLE}/${n}`);

/** send submits a message's form and returns the article of what came of it. */
export async function send(page, label, values = {}) {
  const before = await page.locator('#log > details').count();
  for (const [name, value] of Object.entries(values)) await page.locator(`#${label}-${name}`).fill(value);
  const first = before ? await page.locator('#log > details').first().elementHandle() : null;
  await page.locator(`#do-${label} button[type=submit]`).click();
  await page.waitForFunction((old) => {
    const now = document.querySelector('#log > details');
    return now && now !== old && now.dataset.state !== 'open';
  }, first);
  return page.locator('#log > details').first();
}

export async function contracts(t) {
  if (!process.env.BUNDLE) throw new Error('BUNDLE names no folder with the files of `tacit contract build examples/wallet`');
  const page = await t.open({}, true);
  await page.goto(`${t.url}/#contracts`);
  await page.locator('tr', { hasText: 'hello' }).first().waitFor();
  await page.locator('#files').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"no": 1}') });
  await page.locator('#files-fault', { hasText: 'no metadata' }).waitFor();
  await page.locator('#files').setInputFiles(files());
  await page.locator('#brought', { hasText: /wallet 1\.0\.0, .* bytes compressed/ }).waitFor();
  await page.locator('#who').selectOption({ label: 'Alice' });
  await page.locator('#new-symbol').fill('A symbol that is too long');
  await page.locator('#make button[type=submit]').click();
  await page.locator('#make-fault', { hasText: 'not made' }).waitFor();
  t.want((await page.locator('#log .answer').first().innerText()) === 'LongSymbol', 'the constructor did not refuse');
  // A text stays one, also where an account has that name.
  await page.locator('#new-symbol').fill('Eve');
  await page.locator('#make button[type=submit]').click();
  await page.locator('#made a').waitFor();
  const hash = new URL(await page.locator('#made a').evaluate((a) => a.href)).hash.slice(1);
  await page.locator('#made a').click();
  await page.locator('#do-token').waitFor();

  await page.locator('#who').selectOption({ label: 'Alice' });
  await page.locator('#issue-to').fill('Bob');
  await page.locator('#issue-amount').fill('7');
  await page.locator('#do-issue .button--dry').click();
  await page.locator('#tried-issue', { hasText: /It would give: done · [\d\u202f]+ gas/ }).waitFor();
  await page.locator('#who').selectOption({ label: 'Bob' });
  await page.locator('#do-issue .button--dry').click();
  await page.locator('#tried-issue', { hasText: 'refused, NotOwner' }).waitFor();
  await page.locator('#who').selectOption({ label: 'Alice' });
  t.want((await (await send(page, 'issue')).getAttribute('data-state')) === 'done', 'issue was not done');
  t.want((await (await send(page, 'token')).locator('.answer').innerText()) === '{"symbol":"Eve","supply":"7"}', 'the supply is not 7');
  await page.locator('#who').selectOption({ label: 'Bob' });
  t.want((await (await send(page, 'mine')).locator('.answer').innerText()) === '{"coins":"0","tokens":"7"}', 'Bob has no tokens');
  const broke = await send(page, 'deposit', { '-value': '3' });
  t.want((await broke.getAttribute('data-state')) === 'refused' && /holds/.test(await broke.locator('.answer').innerText()), `what Bob does not have was given: ${await broke.innerText()}`);

  // What the browser keeps is lost, and brought again.
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await page.locator('#bring').setInputFiles(files()[1]);
  await page.locator('#do-token').waitFor();

  // A wallet signs once for many questions.
  await page.goto(`${t.url}/#accounts`);
  await page.locator('#wallet-stub').click();
  await page.locator('.person', { hasText: 'Mine' }).waitFor();
  await page.goto(`${t.url}/#${hash}`);
  await page.locator('#who').selectOption({ label: 'Mine' });
  const before = t.asked.length;
  for (let i = 0; i < 2; i++) await send(page, 'mine');
  t.want(t.asked.length === before + 1 && t.asked.at(-1).kind === 'raw', `the wallet signed ${t.asked.length - before} times for two questions`);
  const stored = await page.context().storageState();
  await page.context().close();

  await everywhere(t, 'contracts', 'contracts', (p) => p.locator('#code option').first().waitFor({ state: 'attached' }));
  await everywhere({ ...t, views: Object.fromEntries(Object.entries(t.views).map(([k, v]) => [k, { ...v, storageState: stored }])) }, hash, 'contract', (p) => p.locator('#do-token').waitFor());
  return hash;
}

export async function clusters(t) {
  const page = await t.open({});
  await page.goto(`${t.url}/#clusters`);
  await page.locator('.cluster-card a').first().click();
  await page.locator('#do-deposit').waitFor();
  await page.locator('tr[data-kind=Command]').first().waitFor();
  await page.locator('#cluster-facts', { hasText: /snapshot|Snapshot/ }).waitFor();
  const hash = new URL(page.url()).hash.slice(1);
  const act = async (name, who, values, words) => {
    await page.locator('#who').selectOption({ label: who });
    for (const [k, v] of Object.entries(values)) await page.locator(`#${name}-${k}`).fill(v);
    await page.locator(`#do-${name} button`).click();
    await page.locator(`#do-${name} p`, { hasText: words }).waitFor();
  };
  const holds = async (who) => {
    await act('balance', who, {}, 'as of block');
    return Number((await page.locator('#holds').innerText()).replace(/[^\d.]/g, ''));
  };
  const near = (a, b) => Math.abs(a - b) < 1e-6;
  const before = { Dave: await holds('Dave'), Eve: await holds('Eve') };
  await act('deposit', 'Dave', { amount: 'much' }, 'no number');
  await act('deposit', 'Dave', { amount: '10' }, 'are in the ledger');
  await act('transfer', 'Dave', { to: 'nobody', amount: '1' }, 'no address');
  await act('transfer', 'Dave', { to: 'Eve', amount: '4' }, 'Nobody else sees');
  const seen = (await page.locator('#log .view--theirs').allInnerTexts()).join(' ');
  t.want(seen.includes('Clusters.transact') && !/transfer|4 TACIT/.test(seen), `everybody sees: ${seen}`);
  t.want(/6(\.\d+)? TACIT are left/.test(await page.locator('#log .answer').first().innerText()), 'the answer does not say what is left');
  t.want(near(await holds('Dave'), before.Dave + 6), 'Dave does not have 6 more');
  t.want(near(await holds('Eve'), before.Eve + 4), 'Eve does not have 4 more');

  // A price that rises is announced, and can be taken back.
  const facts = page.locator('#cluster-facts');
  await facts.locator('div', { hasText: 'Prices' }).filter({ hasText: 'fees are all' }).first().waitFor();
  const terms = (price) => execFileSync(process.env.TACIT, ['cluster', 'terms', hash.split('/')[1], '--gas-price', price, '--rpc', process.env.RPC]);
  terms('0.001');
  await facts.locator('div', { hasText: /From block [\d,]+/ }).filter({ hasText: '0.001 TACIT for a million gas' }).first().waitFor();
  terms('0');
  await facts.getByText(/From block/).waitFor({ state: 'detached' });
  await act('withdraw', 'Eve', { to: '', amount: '1000000' }, /The cluster refused: .*TACIT/);
  await act('withdraw', 'Eve', { amount: '4' }, 'everybody sees it');
  await act('withdraw', 'Dave', { amount: '6' }, 'everybody sees it');
  t.want(near(await holds('Eve'), before.Eve), 'Eve did not get rid of it');
  await page.locator('#cluster-facts', { hasText: 'State root' }).waitFor();
  await page.context().close();
  await everywhere(t, 'clusters', 'clusters', (p) => p.locator('.cluster-card').first().waitFor());
  await everywhere(t, hash, 'cluster', (p) => p.locator('#do-deposit').waitFor());
}

export async function development(t) {
  const page = await t.open({});
  await page.goto(`${t.url}/#development`);
  const state = (id, words) => page.locator(`#${id}-state`, { hasText: words }).waitFor();
  const said = (words) => page.locator('#fault-done', { hasText: words }).waitFor();
  await state('worker', 'answers');
  await page.locator('#methods option[value=system_health]').waitFor({ state: 'attached' });
  const ask = async (method, params, where, words) => {
    await page.locator('#method').fill(method);
    await page.locator('#params').fill(params);
    await page.locator('#rpc-form button').click();
    await page.locator(where, { hasText: words }).waitFor();
  };
  await ask('system_health', '[]', '#answer', '"isSyncing": false');
  await ask('chain_getBlockHash', '[0]', '#answer', '0x');
  await ask('chain_getBlockHash', '[0', '#rpc-fault', 'no JSON');
  await ask('chain_getBlockHash', '{}', '#rpc-fault', 'list');
  await ask('no_such', '[]', '#rpc-fault', /not found/i);

  for (const part of ['measurement', 'report', 'signature']) {
    await page.locator('#part').selectOption(part);
    await page.locator('#quote').click();
    await said(/Attestation\.\w+/);
    t.want(/The chain refused it/.test(await page.locator('#fault-done').innerText()), 'a quote was not refused');
    await page.locator('#fault-done').evaluate((el) => el.replaceChildren());
  }

  // What is sent while the relay is cut is done when it is back.
  await page.locator('#cut').click();
  await state('relay', 'is cut');
  const other = await t.open({});
  await other.locator('#do-increment').waitFor();
  await other.locator('#do-increment button[type=submit]').click();
  await other.locator('.view--theirs', { hasText: 'In block' }).waitFor();
  await new Promise((r) => setTimeout(r, 1_500));
  t.want((await other.locator('#log > details').first().getAttribute('data-state')) === 'open', 'a command was done without a relay');
  await page.locator('#join').click();
  await state('relay', 'carries');
  await other.waitForFunction(() => document.querySelector('#log > details').dataset.state === 'done');
  await other.context().close();

  t.down(true);
  await page.locator('#kill').click();
  await said('power cut');
  await page.locator('#node-log-lines', { hasText: 'the worker ended and is started again' }).waitFor();
  await state('worker', 'answers');
  t.down(false);
  await page.context().close();
  await everywhere(t, 'development', 'development', (p) => p.locator('#worker-state', { hasText: 'answers' }).waitFor());

  // Nobody else may ask for faults.
  const from = async (headers) => (await fetch(`${t.url}/do/kill`, { method: 'POST', headers })).status;
  const { token } = (await (await fetch(`${t.url}/config.json`)).json()).development;
  t.want((await from({ 'X-Tacit-Token': token })) === 403 && (await from({ Origin: 'http://evil.example', 'X-Tacit-Token': token })) === 403 && (await from({ Origin: t.url })) === 403, 'somebody else may kill the worker');
}

export async function staking(t) {
  const page = await t.open({});
  await page.goto(`${t.url}/#staking`);
  await page.locator('#no-staking, #elected').first().waitFor();
  const absent = (await page.locator('#no-staking').count()) > 0;
  if (absent) await page.locator('#validators a').first().waitFor();
  else for (const id of ['elected', 'edges']) await page.locator('section', { has: page.locator(`#${id}`) }).locator('tbody tr').first().waitFor();
  await page.context().close();
  await everywhere(t, 'staking', 'staking', (p) => p.locator(absent ? '#validators a' : '#era dd').first().waitFor());
  return absent ? 'this chain has none' : 'elected';
}

/** changed does what the tutorial says in a terminal beside the page: a contract is
 * begun, watched, changed, and deployed anew; then the page is given its metadata. */
async function changed(t, page, done) {
  const { TACIT, RPC } = process.env;
  if (!TACIT || !RPC) throw new Error('TACIT names no built program, or RPC no node');
  const dir = mkdtempSync(join(tmpdir(), 'tacit-mine-'));
  const mine = join(dir, 'mine');
  execFileSync(TACIT, ['contract', 'new', mine, '--source', fileURLToPath(new URL('../..', import.meta.url))]);
  const watch = spawn(TACIT, ['contract', 'watch', mine, '--rpc', RPC]);
  let said = '';
  for (const out of [watch.stdout, watch.stderr]) out.on('data', (d) => (said += d));
  const deployed = async (n) => {
    for (const from = performance.now(); said.split('built and deployed').length <= n; await new Promise((r) => setTimeout(r, 100))) {
      t.want(performance.now() - from < 60_000 && watch.exitCode === null, `watch deployed not ${n} contracts: ${said}`);
    }
  };
  try {
    await deployed(1);
    await done('watched', 'lives');
    const source = readFileSync(`${mine}/mine.go`, 'utf8');
    const twice = source.replace('number.Set(c, old+n)', 'number.Set(c, old+2*n)');
    t.want(twice !== source, 'the new contract adds nothing');
    writeFileSync(`${mine}/mine.go`, twice);
    await deployed(2);
    await done('redeployed', 'codes now');
    const contract = said.match(/contract (0x[0-9a-f]{64}), built/g).at(-1).slice(9, 75);
    const other = await page.context().newPage();
    await other.goto(`${t.url}/#contracts/${contract}`);
    await other.locator('#bring').setInputFiles(`${mine}/mine.json`);
    await other.locator('#who').selectOption({ label: 'Alice' });
    await send(other, 'add', { n: '5' });
    t.want((await (await send(other, 'get')).locator('.answer').innerText()) === '10', 'the changed code adds not twice as much');
    await other.close();
    await done('imported', 'kept in this browser');
  } finally {
    watch.kill('SIGINT');
    rmSync(dir, { recursive: true });
  }
}

export async function tutorial(t) {
  const page = await t.open({});
  await page.goto(`${t.url}/#tutorial`);
  const done = (name, words) => page.locator(`#task-${name}[data-state=passed]`, { hasText: words }).waitFor();
  const act = async (name, words) => {
    await page.locator(`#task-${name} .button`).click();
    await done(name, words);
  };
  await done('blocks', 'since you looked');
  await done('registered', 'SIMULATED TEE');
  await done('follows', 'proof up to block');
  await done('deployed', 'in cluster');
  await page.locator('#task-ciphertext .button').click();
  await page.locator('#task-ciphertext .fault', { hasText: 'first' }).waitFor();
  await act('increment', 'says Ok');
  await act('read', /It is \d+/);
  await act('refused', 'NotOwner');
  await act('ciphertext', 'nowhere in it');
  await act('deposit', 'in the ledger');
  await act('transfer', 'are left');
  await act('holds', 'Charlie has');
  await act('withdraw', 'are left');
  await changed(t, page, done);
  t.down(true);
  await act('killed', 'the counter is still');
  t.down(false);
  await act('tampered', 'Attestation.');
  await page.reload();
  await done('withdraw', 'are left');
  await page.context().close();
  await everywhere(t, 'tutorial', 'tutorial', (p) => p.locator('#task-registered[data-state=passed]').waitFor());
}
