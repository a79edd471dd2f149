// Drives the console in Chromium, as a person would:
//
//	CONSOLE=http://127.0.0.1:8080 RPC=ws://127.0.0.1:9944 TACIT=bin/tacit BUNDLE=folder SHOTS=folder node console.mjs
//
// It expects `tacit dev --demo hello` behind the addresses, and starts nothing
// itself but `tacit contract watch`, as the tutorial says. BUNDLE is a folder with
// what `tacit contract build examples/wallet` makes, CHROMIUM names another browser than Debian's, SHOTS a folder for pictures,
// ONLY a word of the steps that are wanted. It exits with 1 at the first thing that
// is not as it should be.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { clusters, contracts, development, everywhere, staking, tutorial, workers } from './pages.mjs';
import { address, asked, install } from './wallet.mjs';

const url = process.env.CONSOLE ?? process.argv[2];
if (!url) {
  console.error('usage: CONSOLE=http://127.0.0.1:8080 node console.mjs');
  process.exit(2);
}
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const faults = [];
const hosts = new Set();
/** down says that a step has taken the power from the worker: a browser complains
 * of each request that nobody takes. */
let down = false;
const refused = (m) => down && /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/.test(m.text()) && !m.location().url.startsWith(url);

async function open(options, wallet = false) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  if (wallet) await install(context);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !refused(m) && faults.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(`exception: ${e.message}`));
  page.on('request', (r) => hosts.add(new URL(r.url()).hostname));
  await page.goto(url);
  return page;
}

async function step(name, work) {
  if (process.env.ONLY && !name.includes(process.env.ONLY)) return;
  const from = performance.now();
  const detail = await work();
  console.log(`ok    ${name}${detail ? `: ${detail}` : ''} (${Math.round(performance.now() - from)} ms)`);
}

function want(condition, text) {
  if (!condition) throw new Error(text);
}

const number = async (page, id) => Number((await page.locator(id).textContent()).replace(/\D/g, ''));

/** act sends a message and returns the article that tells what came of it. */
async function act(page, label) {
  await page.locator(`#do-${label} button[type=submit]`).click();
  const article = page.locator('#log > details').first();
  await page.waitForFunction(() => document.querySelector('#log > details')?.dataset.state !== 'open');
  return article;
}

async function picture(page, name) {
  if (!shots) return;
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const t = {
  url, open, want, picture, contrasts, asked,
  views: { light: {}, dark: { colorScheme: 'dark' }, 'phone-light': phone, 'phone-dark': { ...phone, colorScheme: 'dark' } },
  axe, down: (now) => { down = now; },
};

try {
  const page = await open({});
  let before;

  await step('the head and the final block advance', async () => {
    await page.waitForFunction(() => /\d/.test(document.querySelector('#final')?.textContent ?? ''));
    const [head, final] = [await number(page, '#head'), await number(page, '#final')];
    await page.waitForFunction(([h, f]) => ['#head', '#final'].every((id, i) => Number(document.querySelector(id).textContent.replace(/\D/g, '')) > [h, f][i] + 2), [head, final]);
    want((await number(page, '#head')) >= (await number(page, '#final')), 'the final block is newer than the newest');
    return `${head} to ${await number(page, '#head')}`;
  });

  await step('the era is told', () => page.locator('#era-now', { hasText: 'session' }).waitFor());

  await step('the worker is shown, with SIMULATED TEE', async () => {
    await page.locator('#simulated').waitFor();
    want((await page.locator('#simulated').textContent()) === 'SIMULATED TEE', 'no SIMULATED TEE');
    const text = await page.locator('#workers').innerText();
    for (const word of ['Identity', 'Measurement', 'tier 0', 'Boot epoch', 'Expires']) want(text.includes(word), `the worker's card lacks ${word}: ${text}`);
    await page.waitForFunction(() => /block/.test(document.querySelector('.worker__seen')?.textContent ?? ''));
  });
  await picture(page, 'start-light');

  await step('Alice reads the counter', async () => {
    await page.locator('#who').selectOption('Alice');
    const article = await act(page, 'get');
    want((await article.getAttribute('data-state')) === 'done', await article.innerText());
    before = BigInt(await article.locator('.answer').innerText());
    return before.toString();
  });

  await step('Alice increments by 5; everybody sees ciphertext', async () => {
    await page.locator('#increment-by').fill('5');
    const article = await act(page, 'increment');
    want((await article.getAttribute('data-state')) === 'done', await article.innerText());
    const theirs = await article.locator('.view--theirs').allInnerTexts();
    const mine = await article.locator('.view--mine').allInnerTexts();
    want(/^In block /m.test(theirs[0]) && /Contracts\.command/.test(theirs[0]), `everybody sees: ${theirs[0]}`);
    want(/CommandDone/.test(theirs[1]) && /Status\s+Ok/.test(theirs[1]), `everybody sees: ${theirs[1]}`);
    const envelope = article.locator('.view--theirs .ciphertext .dump').first();
    want(Number(await envelope.getAttribute('data-bytes')) > 1_000, 'the envelope is short');
    await article.locator('.view--theirs .link').first().click();
    const whole = await envelope.innerText();
    want(/^0x0101[0-9a-f]{2000,}$/.test(whole), 'the envelope is no envelope of version 1, suite 1');
    want(!theirs.join().includes('increment') && !whole.includes('12bd51d3'), 'the call can be read by everybody');
    want(mine[0].includes('increment(5)'), `you see: ${mine[0]}`);
    await article.locator('.view--theirs .link').first().click();
    return (await article.locator('.rows', { hasText: 'After' }).last().innerText()).match(/After\s+(.*)/)?.[1];
  });

  await step('Alice asks, and the answer is 5 more', async () => {
    const article = await act(page, 'get');
    want((await article.locator('.answer').innerText()) === String(before + 5n), await article.innerText());
    want(/never touches it/.test(await article.locator('.view--theirs').first().innerText()), 'it does not say that a query is not on the chain');
    return String(before + 5n);
  });
  await picture(page, 'used-light');

  await step('Bob is refused', async () => {
    await page.locator('#who').selectOption('Bob');
    const article = await act(page, 'get');
    want((await article.locator('.answer').innerText()) === 'NotOwner', await article.innerText());
    want((await article.getAttribute('data-state')) === 'refused', 'a refusal looks like an answer');
    return 'NotOwner';
  });

  await step('a number that does not fit is explained, and nothing is sent', async () => {
    const sent = await page.locator('#log > details').count();
    for (const [text, words] of [['five', 'whole number'], ['-1', 'least'], ['18446744073709551616', 'most']]) {
      await page.locator('#increment-by').fill(text);
      await page.locator('#do-increment button[type=submit]').click();
      want((await page.locator('#fault-increment').innerText()).includes(words), `"${text}" is not explained`);
    }
    want((await page.locator('#log > details').count()) === sent, 'something was sent');
    await page.locator('#increment-by').fill('5');
  });

  await step('the keyboard is enough', async () => {
    await page.locator('#who').focus();
    await page.keyboard.press('Tab');
    want(await page.evaluate(() => document.activeElement.id === 'increment-by'), 'Tab does not go to the first field');
    await page.keyboard.type('1');
    await page.locator('#increment-by').fill('2');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#log > details')?.dataset.kind === 'command' && document.querySelector('#log > details').dataset.state === 'done');
    await page.locator('#who').selectOption('Alice');
    const article = await act(page, 'get');
    want((await article.locator('.answer').innerText()) === String(before + 7n), await article.innerText());
  });

  await step('an address that is odd is told of', async () => {
    const odd = await open({});
    for (const [hash, words] of [['block/abc', 'neither a number'], ['block/', 'neither a number'], ['block/-1', 'neither a number'], ['accounts/%', '% is no address']]) {
      await odd.goto(`${url}/#${hash}`);
      await odd.getByText(words).waitFor();
    }
    await odd.reload();
    await odd.getByText('% is no address').waitFor();
    await odd.context().close();
  });

  await step('blocks come again after the connection was lost', async () => {
    const cut = await open({});
    await cut.context().addInitScript(() => {
      globalThis.sockets = [];
      globalThis.WebSocket = class extends WebSocket {
        constructor(...args) {
          super(...args);
          globalThis.sockets.push(this);
        }
      };
    });
    await cut.goto(`${url}/#blocks`);
    await cut.reload();
    const newest = () => Number(document.querySelector('tbody td a')?.textContent.replace(/\D/g, '') ?? 0);
    await cut.waitForFunction(newest);
    await cut.evaluate(() => globalThis.sockets[0].close());
    await cut.waitForFunction(() => globalThis.sockets[1]?.readyState === 1);
    const before = await cut.evaluate(newest);
    await cut.waitForFunction((b) => Number(document.querySelector('tbody td a').textContent.replace(/\D/g, '')) > b + 3, before);
    await cut.context().close();
  });

  await step('a wallet sends tokens: fee before, receipt after', async () => {
    const mine = await open({}, true);
    await mine.goto(`${url}/#accounts`);
    await mine.locator('#wallet-broken').click();
    await mine.getByText('The user said no').waitFor();
    await mine.locator('#wallet-empty').click();
    await mine.getByText('empty: it shows this page no account').waitFor();
    await mine.locator('#wallet-empty').click();
    await mine.locator('#wallet-stub').click();
    await mine.locator('.person', { hasText: 'Mine' }).waitFor();
    await mine.locator('#from').selectOption({ label: 'Mine' });
    for (const [to, amount, words] of [['nobody', '1', 'no address'], ['Bob', 'much', 'no number'], ['Bob', '0', 'nothing'], ['Bob', '1,000', 'thousands'], ['Bob', '1e3', 'no number'], ['Bob', '99999999999', '']]) {
      await mine.locator('#to').fill(to);
      await mine.locator('#amount').fill(amount);
      await mine.locator('#transfer button').click();
      await mine.waitForFunction((w) => document.querySelector('#transfer-fault').textContent.includes(w) && document.querySelector('#transfer-fault').textContent, words);
    }
    const before = asked.length;
    await mine.locator('#to').fill('Bob');
    await mine.locator('#amount').fill('2.5');
    await mine.waitForFunction(() => /The fee is 0\.\d+/.test(document.querySelector('#fee').textContent));
    await mine.locator('#transfer button').click();
    await mine.locator('#receipt [data-state=done]').waitFor();
    want(asked.length === before + 1 && asked.at(-1).p.address === address, 'the wallet was not asked once');
    const text = await mine.locator('#receipt').innerText();
    want(/2\.5 TACIT/.test(text) && /block/.test(text), text);
    await picture(mine, 'accounts-light');
    await mine.locator('#receipt a').click();
    await mine.locator('.extrinsic', { hasText: 'Balances.transfer_keep_alive' }).waitFor();
    want((await mine.locator('.extrinsic', { hasText: 'Balances.transfer_keep_alive' }).innerText()).includes('Balances.Transfer'), 'the block does not show the transfer');
    await picture(mine, 'block-light');
    const faint = await mine.evaluate(contrasts);
    want(faint.length === 0, `too little contrast: ${faint.slice(0, 3).join('; ')}`);
    await mine.context().close();
    return text.match(/Fee\s+(.*)/)?.[1];
  });

  await step('blocks are listed, and found by number and by hash', async () => {
    const other = await open({ colorScheme: 'dark' });
    await other.goto(`${url}/#blocks`);
    await other.waitForFunction(() => document.querySelectorAll('tbody tr').length > 5);
    const first = await other.locator('tbody tr').first().innerText();
    await other.waitForFunction((t) => document.querySelector('tbody tr').innerText !== t, first);
    await other.locator('#go').fill('zero');
    await other.locator('form.inline button').click();
    await other.getByText('neither a number').waitFor();
    await other.locator('#go').fill('1');
    await other.locator('form.inline button').click();
    await other.getByRole('heading', { name: 'Block 1', exact: true }).waitFor();
    await other.goto(`${url}/#block/4000000000`);
    await other.getByText('cannot be shown').waitFor();
    const faint = await other.evaluate(contrasts);
    want(faint.length === 0, `too little contrast: ${faint.slice(0, 3).join('; ')}`);
    await other.context().close();
  });

  await step('it is readable in the dark and on a phone', async () => {
    for (const [name, options] of Object.entries(t.views)) {
      const other = await open(options);
      await other.locator('#simulated').waitFor();
      await act(other, 'increment');
      await act(other, 'get');
      await other.locator('#log > details').nth(1).locator('summary').click();
      const wide = await other.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      want(wide <= 0, `${name}: the page is ${wide} pixels too wide`);
      const faint = await other.evaluate(contrasts);
      want(faint.length === 0, `${name}: too little contrast: ${faint.slice(0, 3).join('; ')}`);
      await axe(other, name);
      await picture(other, name);
      await other.context().close();
    }
    const faint = await page.evaluate(contrasts);
    want(faint.length === 0, `light: too little contrast: ${faint.slice(0, 3).join('; ')}`);
  });

  await step('blocks and accounts have nothing that hinders people', async () => {
    await everywhere(t, 'blocks', 'blocks', (p) => p.locator('tbody tr').nth(3).waitFor());
    await everywhere(t, 'block/3', 'block', (p) => p.locator('#extrinsics').waitFor());
    await everywhere(t, 'accounts', 'accounts', (p) => p.locator('.person').first().waitFor());
  });

  await step('workers, and the checks that one passed', () => workers(t));
  await step('contracts: files, constructor, dry run, commands, questions by a session', () => contracts(t));
  await step('clusters: deposit, transfer and withdrawal', () => clusters(t));
  await step('development: RPC, faults that heal, quotes that are refused', () => development(t));
  await step('staking', () => staking(t));
  await step('the tutorial, from the first look to the broken quote', () => tutorial(t));

  await step('nothing came from elsewhere, and nothing complained', async () => {
    const strange = [...hosts].filter((h) => h !== new URL(url).hostname && h !== '127.0.0.1');
    want(strange.length === 0, `asked ${strange}`);
    want(faults.length === 0, faults.join('\n'));
  });

  await step('it is small and fast', async () => {
    const assets = new URL('../../web/dist/assets/', import.meta.url);
    const bytes = readdirSync(assets).reduce((sum, f) => sum + gzipSync(readFileSync(new URL(f, assets))).length, 0);
    want(bytes <= 600_000, `the page has ${bytes} bytes, compressed`);
    const cold = await open({});
    await cold.locator('#do-get button[type=submit]').waitFor();
    const [paint, ready] = await cold.evaluate(() => [performance.getEntriesByName('first-contentful-paint')[0]?.startTime, performance.now()]);
    want(ready <= 1_500, `it can be used after ${Math.round(ready)} ms`);
    const article = await act(cold, 'increment');
    const answer = Number(await article.locator('[data-ms]').getAttribute('data-ms'));
    want(answer <= 4_000, `from the command to its decrypted receipt it took ${answer} ms`);
    await cold.context().close();
    return `${Math.round(bytes / 1000)} kB compressed, first paint ${Math.round(paint)} ms, usable ${Math.round(ready)} ms, command to decrypted receipt ${answer} ms`;
  });
} catch (e) {
  console.log(`FAIL  ${e.message}`);
  for (const f of faults) console.log(`      ${f}`);
  for (const context of browser.contexts()) for (const page of context.pages()) await picture(page, 'failed');
  process.exitCode = 1;
} finally {
  await browser.close();
}

/** axe has axe-core look for what hinders people. It runs in the page by the browser's
 * own protocol, since the page's policy lets no other script in. */
async function axe(page, name) {
  const source = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  await page.evaluate(source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  const words = bad.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  want(bad.length === 0, `${name}: axe-core: ${words.join('\n      ')}`);
}

/** contrasts lists the texts whose contrast with what is below them is less than
 * WCAG's AA asks for. It runs in the page. */
function contrasts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const below = (el) => {
    for (let e = el; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const el of document.querySelectorAll('body *')) {
    const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !el.checkVisibility()) continue;
    const style = getComputedStyle(el);
    if (el.closest('.sr, .skip, [aria-disabled=true]')) continue;
    const [a, b] = [light(rgba(style.color)), light(below(el))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${el.tagName}.${el.className} "${el.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`);
  }
  return faint;
}
