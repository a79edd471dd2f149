// Runs unmodified @polkadot/api, with no custom types, against a node:
//
//	node polkadot-api.mjs ws://127.0.0.1:9944 [polkadot-api-10]
//
// It connects, reads, estimates a fee, transfers and waits for `inBlock` and then
// `finalized`, signs with keys of each kind, decodes every event and storage item
// of a block, checks a read proof and a justification, and sends transactions
// that must be refused. It prints a line a step, and exits with 1 if any failed.
// The second argument is another version of the client, as package.json names it.
import { hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';

import { verifyJustification } from './justification.mjs';
import { readProof } from './proof.mjs';
import { finish, same, sleep, step, url, want } from './steps.mjs';

// What the client warns about counts, but for methods that it does not know.
const warnings = [];
for (const level of ['warn', 'error']) {
  console[level] = (...words) => {
    const text = words.join(' ');
    if (!/RPC methods not decorated: ((tacit|\w+_v1)_\w+(, )?)+$/.test(text) && !/has multiple versions/.test(text)) warnings.push(text);
  };
}

const { ApiPromise, WsProvider, Keyring } = await import(process.argv[3] ?? '@polkadot/api');

function deferred() {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  return d;
}

// send signs, submits and returns what was seen until the transaction is final.
function send(tx, signer, options = {}) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const late = setTimeout(() => reject(new Error(`not final after 60 s; seen: ${seen.map((s) => s.type)}`)), 60_000);
    tx.signAndSend(signer, options, (r) => {
      seen.push({ type: r.status.type, hash: r.status.isInBlock || r.status.isFinalized ? r.status.value.toHex() : null });
      if (r.isError) {
        clearTimeout(late);
        reject(new Error(`status ${r.status.type}`));
      }
      if (r.status.isFinalized) {
        clearTimeout(late);
        resolve({ seen, events: r.events, dispatchError: r.dispatchError, block: r.status.asFinalized.toHex() });
      }
    }).catch((e) => {
      clearTimeout(late);
      reject(e);
    });
  });
}

const provider = new WsProvider(url, false, {}, 30_000);
await provider.connect();

let api;
await step('connect', async () => {
  api = await ApiPromise.create({ provider, throwOnConnect: true });
  const [chain, name, version] = await Promise.all([api.rpc.system.chain(), api.rpc.system.name(), api.rpc.system.version()]);
  return `${chain}, ${name} ${version}, ${api.runtimeVersion.specName} ${api.runtimeVersion.specVersion}`;
});
if (!api) finish('FAIL  there is no connection');

const keyring = new Keyring({ type: 'sr25519' });
// The chain's own programs sign with other accounts than these.
const [payer, payee] = ['//Eve', '//Ferdie'].map((uri) => keyring.addFromUri(uri));
const stranger = keyring.addFromUri(`//stranger//${Date.now()}`);
const amount = 1_234_567_890_123n;
const free = async (who) => (await api.query.system.account(who.address)).data.free.toBigInt();
const nonceOf = async (who) => (await api.rpc.system.accountNextIndex(who.address)).toNumber();

await step('read balances', async () => {
  const [a, b, s] = [await free(payer), await free(payee), await free(stranger)];
  want(a > amount && b > 0n, 'the development accounts have no money');
  same(s, 0n, "an unknown account's balance");
  return `Eve ${api.createType('Balance', a).toHuman()}`;
});

await step('subscribe to heads and final heads', async () => {
  const numbers = { head: [], final: [] };
  const unsubs = [];
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`saw ${JSON.stringify(numbers)} in 30 s`)), 30_000);
    const check = () => {
      if (numbers.head.length >= 3 && numbers.final.length >= 3) {
        clearTimeout(late);
        resolve();
      }
    };
    api.rpc.chain.subscribeNewHeads((h) => { numbers.head.push(h.number.toNumber()); check(); }).then((u) => unsubs.push(u), reject);
    api.rpc.chain.subscribeFinalizedHeads((h) => { numbers.final.push(h.number.toNumber()); check(); }).then((u) => unsubs.push(u), reject);
  });
  unsubs.forEach((u) => u());
  for (const list of Object.values(numbers)) want(list.every((n, i) => i === 0 || n > list[i - 1]), `numbers do not rise: ${list}`);
  return `heads ${numbers.head.slice(0, 3)}, final ${numbers.final.slice(0, 3)}`;
});

let fee;
await step('estimate a fee', async () => {
  fee = (await api.tx.balances.transferKeepAlive(payee.address, amount).paymentInfo(payer)).partialFee.toBigInt();
  want(fee > 0n, 'the fee is zero');
  return api.createType('Balance', fee).toHuman();
});

let block;
await step('transfer, inBlock, then finalized', async () => {
  const before = [await free(payer), await free(payee)];
  const done = await send(api.tx.balances.transferKeepAlive(payee.address, amount), payer);
  block = done.block;
  const types = done.seen.map((s) => s.type);
  const [at, final] = [types.indexOf('InBlock'), types.indexOf('Finalized')];
  want(at >= 0 && final > at, `statuses were ${types}`);
  same(done.seen[at].hash, done.seen[final].hash, 'the final block');
  want(!done.dispatchError, `dispatch error ${done.dispatchError}`);
  for (const [section, method] of [['balances', 'Transfer'], ['transactionPayment', 'TransactionFeePaid'], ['system', 'ExtrinsicSuccess']]) {
    want(done.events.some((e) => e.event.section === section && e.event.method === method), `no event ${section}.${method}`);
  }
  const paid = done.events.find((e) => e.event.method === 'TransactionFeePaid').event.data.actualFee.toBigInt();
  const after = [await free(payer), await free(payee)];
  want(paid <= fee, `paid ${paid}, estimated ${fee}`);
  same(after[1] - before[1], amount, 'what Ferdie received');
  same(before[0] - after[0], amount + paid, 'what Eve paid');
  return types.join(', ');
});

for (const type of ['ed25519', 'ecdsa']) {
  await step(`sign by ${type}`, async () => {
    const pair = new Keyring({ type }).addFromUri(`//polkadot//${type}//${Date.now()}`);
    await send(api.tx.balances.transferKeepAlive(pair.address, 10n ** 13n), payer);
    const before = await free(payee);
    const done = await send(api.tx.balances.transferKeepAlive(payee.address, amount), pair);
    want(!done.dispatchError, `dispatch error ${done.dispatchError}`);
    same((await free(payee)) - before, amount, 'what Ferdie received');
  });
}

await step('immortal, with a tip', async () => {
  const before = await free(payer);
  const tip = 10n ** 9n;
  const done = await send(api.tx.balances.transferKeepAlive(payee.address, amount), payer, { era: 0, tip });
  const paid = done.events.find((e) => e.event.method === 'TransactionFeePaid').event.data;
  same(paid.tip, tip, 'the tip');
  same(before - (await free(payer)), amount + paid.actualFee.toBigInt(), 'what Eve paid');
});

await step('batch', async () => {
  const before = await free(payee);
  const pays = (...values) => values.map((v) => api.tx.balances.transferKeepAlive(payee.address, v));
  const done = await send(api.tx.utility.batchAll(pays(amount, 2n * amount)), payer);
  want(!done.dispatchError && done.events.some((e) => e.event.method === 'BatchCompleted'), `dispatch error ${done.dispatchError}`);
  same((await free(payee)) - before, 3n * amount, 'what Ferdie received');
  const all = await send(api.tx.utility.batchAll(pays(amount, 10n ** 30n)), payer);
  want(all.dispatchError, 'half of a batch of all counts');
  const some = await send(api.tx.utility.batch(pays(amount, 10n ** 30n)), payer);
  want(!some.dispatchError && some.events.some((e) => e.event.method === 'BatchInterrupted'), 'a batch is not interrupted');
  same((await free(payee)) - before, 4n * amount, 'what Ferdie received in the end');
});

await step('entries, page by page', async () => {
  const all = await api.query.system.account.entries();
  const keys = await api.query.system.account.keys();
  same(keys.length, all.length, 'how many keys there are');
  const paged = [];
  for (let startKey; ;) {
    const page = await api.query.system.account.entriesPaged({ args: [], pageSize: 3, startKey });
    if (page.length === 0) break;
    paged.push(...page);
    startKey = page.at(-1)[0];
  }
  same(paged.map(([k]) => k.toHex()), all.map(([k]) => k.toHex()), 'the keys in pages');
  return `${all.length}`;
});

await step('subscribe to values', async () => {
  const seen = [];
  const enough = deferred();
  const stop = await api.queryMulti([api.query.system.number, [api.query.system.account, payer.address]], ([n, account]) => {
    want(account.data.free.toBigInt() > 0n, 'Eve has nothing');
    if (seen.push(n.toNumber()) === 3) enough.resolve();
  });
  await enough.promise;
  stop();
  want(seen.every((n, i) => i === 0 || n > seen[i - 1]), `numbers ${seen}`);
  return `${seen.slice(0, 3)}`;
});

await step('verify a justification', async () => {
  const header = await api.rpc.chain.getHeader(block);
  // The client remembers the block from when it was not final yet.
  const [[engine, bytes]] = (await provider.send('chain_getBlock', [block])).justifications;
  same(String.fromCharCode(...engine), 'FRNK', 'the engine of the justification');
  const at = header.parentHash.toHex(); // whose state has the voters
  const list = hexToU8a(await provider.send('state_call', ['GrandpaApi_grandpa_authorities', '0x', at]));
  const authorities = Array.from({ length: list[0] >> 2 }, (_, i) => list.subarray(1 + 40 * i, 33 + 40 * i));
  const setId = hexToU8a(await provider.send('state_call', ['GrandpaApi_current_set_id', '0x', at]))[0];
  const proof = Uint8Array.from(bytes);
  const got = verifyJustification(proof, authorities, setId);
  same(got.hash, block, 'the justified block');
  same(got.number, header.number.toBigInt(), 'its number');
  const subscribed = deferred();
  const stop = await api.rpc.grandpa.subscribeJustifications((j) => subscribed.resolve(j.toU8a(true)));
  verifyJustification(await subscribed.promise, authorities, setId);
  stop();
  for (const [what, change] of [['a changed round', 0], ['a changed signature', 8 + 36 + 1 + 36 + 5]]) {
    let refused = false;
    try {
      verifyJustification(proof.map((b, i) => (i === change ? b ^ 1 : b)), authorities, setId);
    } catch {
      refused = true;
    }
    want(refused, `${what} verifies`);
  }
  return `block ${got.number}, ${got.signed} of ${authorities.length}`;
});

await step('the failing transfer tells why', async () => {
  const done = await send(api.tx.balances.transferKeepAlive(payee.address, 10n ** 30n), payer);
  want(done.dispatchError, 'it did not fail');
  const e = done.dispatchError;
  return e.isModule ? `${api.registry.findMetaError(e.asModule).section}.${api.registry.findMetaError(e.asModule).name}` : e.toString();
});

await step('decode a block', async () => {
  const [signed, at] = [await api.rpc.chain.getBlock(block), await api.at(block)];
  const events = await at.query.system.events();
  for (const x of signed.block.extrinsics) want(u8aToHex(x.toU8a()).length > 2 && x.method.section, 'an extrinsic does not decode');
  for (const { event } of events) want(event.section && event.method, 'an event does not decode');
  const raw = await provider.send('state_getStorage', [api.query.system.events.key(), block]);
  same(u8aToHex(events.toU8a()), raw, 'the encoding of the decoded events');
  const calls = signed.block.extrinsics.map((x) => `${x.method.section}.${x.method.method}`);
  return `${calls.join(', ')}; events ${[...new Set(events.map((e) => `${e.event.section}.${e.event.method}`))].join(', ')}`;
});

async function allKeys(at) {
  const keys = [];
  for (;;) {
    const page = await provider.send('state_getKeysPaged', ['0x', 500, keys.at(-1) ?? '0x', at]);
    keys.push(...page);
    if (page.length < 500) return keys;
  }
}

await step('decode every storage item', async () => {
  const at = await api.at(block);
  const raw = new Map();
  const keys = await allKeys(block);
  for (let i = 0; i < keys.length; i += 100) {
    const part = keys.slice(i, i + 100);
    const values = await Promise.all(part.map((k) => provider.send('state_getStorage', [k, block])));
    part.forEach((k, j) => raw.set(k, values[j]));
  }
  let [items, entries] = [0, 0];
  const check = (name, key, value, optional) => {
    const have = raw.get(key);
    if (have === undefined) return;
    raw.delete(key);
    entries++;
    const decoded = optional ? value.unwrap() : value;
    same(u8aToHex(decoded.toU8a()), have, `${name} re-encoded`);
  };
  for (const [section, pallet] of Object.entries(at.query)) {
    for (const [method, item] of Object.entries(pallet)) {
      const meta = item.creator?.meta;
      if (!meta || section === 'substrate') continue;
      items++;
      const name = `${section}.${method}`;
      if (meta.type.isMap) {
        for (const [key, value] of await item.entries()) {
          want(key.args.length > 0 && key.args.every((a) => a.toString() !== ''), `${name}: a key does not decode`);
          check(name, key.toHex(), value, meta.modifier.isOptional);
        }
      } else {
        check(name, item.key(), await item(), meta.modifier.isOptional);
      }
    }
  }
  const rest = [...raw.keys()].filter((k) => !k.startsWith('0x3a')); // ":code" and the like have no pallet
  want(rest.length === 0, `${rest.length} keys belong to no storage item: ${rest.slice(0, 3)}`);
  return `${items} items, ${entries} entries, each re-encodes to its bytes`;
});

await step('verify a read proof', async () => {
  const header = await api.rpc.chain.getHeader(block);
  const key = api.query.system.account.key(payer.address);
  const proof = await api.rpc.state.getReadProof([key], block);
  const nodes = proof.proof.map((n) => n.toU8a(true));
  const value = readProof(header.stateRoot.toHex(), nodes, hexToU8a(key));
  same(value && u8aToHex(value), await provider.send('state_getStorage', [key, block]), 'the proved value');
  const absent = api.query.system.account.key(stranger.address);
  const none = await api.rpc.state.getReadProof([absent], block);
  same(readProof(header.stateRoot.toHex(), none.proof.map((n) => n.toU8a(true)), hexToU8a(absent)), null, 'the value of an absent key');
  let refused = false;
  try {
    readProof(header.stateRoot.toHex(), nodes.map((n) => n.map((b, i) => (i === n.length - 1 ? b ^ 1 : b))), hexToU8a(key));
  } catch {
    refused = true;
  }
  want(refused, 'a changed proof verifies');
  return `${nodes.length} nodes, ${nodes.reduce((n, x) => n + x.length, 0)} bytes`;
});

// Bad inputs: each must be refused with Substrate's number, and change nothing.
const nonceBefore = await nonceOf(payer);
const payeeBefore = await free(payee);

async function refused(work, code, data) {
  let error;
  try {
    await work();
  } catch (e) {
    error = e;
  }
  want(error, 'it was accepted');
  const codes = [code].flat();
  want(codes.includes(error.code), `code ${error.code} (${error.message}), want ${codes}`);
  const text = error.message.includes(error.data ?? '') ? error.message : `${error.message}: ${error.data}`;
  if (data) want(data.test(text), `"${text}" does not match ${data}`);
  return text;
}

const submit = (bytes) => provider.send('author_submitExtrinsic', [typeof bytes === 'string' ? bytes : u8aToHex(bytes)]);
const pay = () => api.tx.balances.transferKeepAlive(payee.address, amount);

await step('refuses a used nonce', () =>
  refused(() => pay().signAndSend(payer, { nonce: 0 }), 1010, /outdated/));

await step('refuses a bad signature', async () => {
  const tx = await pay().signAsync(payer, { nonce: nonceBefore });
  const bytes = tx.toU8a();
  bytes[60] ^= 1; // within the signature: length 2 bytes, version, address 33, kind 1
  return refused(() => submit(bytes), 1010, /bad signature/);
});

await step("refuses another's signature", async () => {
  const tx = await pay().signAsync(payee, { nonce: nonceBefore });
  const bytes = tx.toU8a();
  bytes.set(payer.publicKey, bytes.findIndex((_, i) => bytes.subarray(i, i + 32).every((b, j) => b === payee.publicKey[j])));
  return refused(() => submit(bytes), 1010, /bad signature/);
});

await step('refuses an account without funds', () =>
  refused(() => pay().signAndSend(stranger, { nonce: 0 }), 1010, /pay some fees|balance too low/i));

await step('refuses an era that is over', async () => {
  let head = (await api.rpc.chain.getHeader()).number.toNumber();
  for (; head < 12; head = (await api.rpc.chain.getHeader()).number.toNumber()) await sleep(200);
  const birth = head - 10 - ((head - 10) % 4);
  const era = api.createType('ExtrinsicEra', { current: birth, period: 4 });
  const blockHash = await api.rpc.chain.getBlockHash(birth);
  return refused(() => pay().signAndSend(payer, { nonce: nonceBefore, era, blockHash }), 1010, /bad signature|ancient birth block/);
});

await step('refuses an era whose first block is unknown', async () => {
  const head = (await api.rpc.chain.getHeader()).number.toNumber();
  const era = api.createType('ExtrinsicEra', { current: head + 5_000, period: 65_536 });
  return refused(() => pay().signAndSend(payer, { nonce: nonceBefore, era, blockHash: api.genesisHash }), 1010, /ancient birth block/);
});

await step('refuses truncated extrinsics', async () => {
  const bytes = (await pay().signAsync(payer, { nonce: nonceBefore })).toU8a();
  const whole = (await pay().signAsync(payer, { nonce: nonceBefore })).toU8a(true);
  const prefixed = (b) => u8aConcat(api.createType('Compact<u32>', b.length).toU8a(), b);
  let text;
  for (const bad of [bytes.slice(0, 40), bytes.slice(0, -1), u8aConcat(bytes, [0]), prefixed(whole.slice(0, -1)), new Uint8Array(), new Uint8Array([0xff, 0xff])]) {
    text = await refused(() => submit(bad), [1001, 1002, 1010]);
  }
  await refused(() => submit('0xzz'), [-32602, 1001]);
  return text;
});

await step('refuses an oversized extrinsic', async () => {
  const tx = await api.tx.system.remark(u8aToHex(new Uint8Array(5_300_000))).signAsync(payer, { nonce: nonceBefore });
  return refused(() => submit(tx.toU8a()), [1010, 1001, 1016], /exhaust|format|limit/i);
});

await step('refuses an unknown method and bad parameters', async () => {
  await refused(() => provider.send('tacit_noSuchMethod', []), -32601);
  return refused(() => provider.send('chain_getHeader', ['0x12']), [-32602, -32000]);
});

await step('takes a transaction once, and a later one when its turn comes', async () => {
  const [first, second] = [await pay().signAsync(payer, { nonce: nonceBefore }), await pay().signAsync(payer, { nonce: nonceBefore + 1 })];
  const seen = [];
  const [waiting, done] = [deferred(), deferred()];
  const late = setTimeout(() => [waiting, done].forEach((d) => d.reject(new Error(`not final after 60 s; seen ${seen}`))), 60_000);
  second.send((r) => {
    seen.push(r.status.type);
    waiting.resolve();
    if (r.status.isFinalized) done.resolve();
  }).catch(waiting.reject);
  done.promise.catch(() => {}); // it is awaited below, unless the first fails
  await waiting.promise;
  await submit(first.toU8a());
  const again = await refused(() => submit(first.toU8a()), [1013, 1010], /Already Imported|outdated/);
  await done.promise;
  clearTimeout(late);
  same(seen[0], 'Future', 'the first status of the later transaction');
  return `${again}; ${seen.join(', ')}`;
});

await step('replaces what waits by what pays more', async () => {
  const nonce = nonceBefore + 3; // waits for the one before
  const waiting = (tip, options = {}) => pay().signAsync(payer, { nonce, tip, ...options });
  const seen = [];
  const usurped = deferred();
  const stop = await (await waiting(10n ** 9n)).send((r) => {
    seen.push(r.status.type);
    if (r.status.isUsurped) usurped.resolve(r.status.asUsurped.toHex());
  });
  const text = await refused(async () => submit((await waiting(10n ** 9n, { era: 0 })).toU8a()), 1014, /Priority is too low: \(\d+ vs \d+\)/);
  const better = await waiting(10n ** 10n);
  same(await submit(better.toU8a()), better.hash.toHex(), 'the hash of what pays more');
  same(await usurped.promise, better.hash.toHex(), 'what took its place');
  same(seen, 'Future,Usurped', 'what was seen of it');
  await stop();
  await send(pay(), payer, { nonce: nonceBefore + 2 });
  for (let i = 0; (await nonceOf(payer)) < nonce + 1 && i < 50; i++) await sleep(100);
  return text;
});

await step('bans what became bad', async () => {
  const head = await api.rpc.chain.getHeader();
  const birth = head.number.toNumber();
  const era = api.createType('ExtrinsicEra', { current: birth, period: 4 });
  // It waits for one that does not come, until its era is over.
  const tx = await pay().signAsync(payer, { nonce: nonceBefore + 5, era, blockHash: await api.rpc.chain.getBlockHash(birth) });
  await submit(tx.toU8a());
  await refused(() => submit(tx.toU8a()), 1013, /Already Imported/);
  while ((await api.rpc.chain.getHeader()).number.toNumber() < birth + 8) await sleep(200);
  return refused(() => submit(tx.toU8a()), 1012, /temporarily banned/);
});

await step('nothing else has changed', async () => {
  same(await nonceOf(payer), nonceBefore + 4, "Eve's nonce");
  same((await free(payee)) - payeeBefore, 4n * amount, 'what Ferdie received');
});

await step('the client has no complaints', async () => {
  // The client prints what the node refuses; those lines were asked for. Without
  // metadata 15, as version 10, it cannot know a runtime API of our own, and says so.
  const rest = warnings.filter((w) => !/RPC-CORE: .*(submit|getHeader|Extrinsic)/.test(w) && !/Not decorating unknown runtime apis: 0x5079b8933f5ea7a8\/1$/.test(w.trim()));
  want(rest.length === 0, rest.join('\n      '));
});

await api.disconnect();
finish();
