// The pages of the console beside the first one, as a person would use them. Each
// function is a step: it gets what console.mjs works with, and throws where
// something is not as it should be.

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
  await page.locator('#own-verdict', { hasText: 'as far as simulated hardware can be' }).waitFor();
  await page.locator('#said', { hasText: 'has its secret' }).waitFor();
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
