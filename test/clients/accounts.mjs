// Lets unmodified @polkadot/api make batches, share an account, and act for
// another, against a node:
//
//	node accounts.mjs ws://127.0.0.1:9944
//
// It signs as //Charlie and //Dave, whom nothing else uses. The addresses of
// shared, derived and keyless accounts are those that @polkadot/util-crypto
// computes or the events tell.
import assert from 'node:assert/strict';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { createKeyDerived, createKeyMulti, cryptoWaitReady, encodeAddress, sortAddresses } from '@polkadot/util-crypto';

const url = process.argv[2];
if (!url?.startsWith('ws')) {
  console.error('usage: node accounts.mjs ws://HOST:PORT');
  process.exit(2);
}
setTimeout(() => {
  console.error('FAIL  it did not finish in two minutes');
  process.exit(1);
}, 120_000);

await cryptoWaitReady();
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
const { tx, query } = api;
const keyring = new Keyring({ type: 'sr25519' });
const charlie = keyring.addFromUri('//Charlie');
const dave = keyring.addFromUri('//Dave');
const third = keyring.addFromUri('//Charlie//third');
const unit = 10n ** 12n;
const pay = (to, units) => tx.balances.transferKeepAlive(to, BigInt(units) * unit);
const has = async (who) => (await query.system.account(who)).data;

// send signs, submits, waits for a block, and returns the events by name.
function send(call, signer) {
  return new Promise((resolve, reject) => {
    call.signAndSend(signer, ({ status, events }) => {
      if (status.isInBlock || status.isFinalized) resolve(events.map(({ event }) => event));
      if (status.isError) reject(new Error(`it ended as ${status.type}`));
    }).catch(reject);
  });
}

async function step(name, work) {
  const detail = await work();
  console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`);
}

function only(events, method) {
  const found = events.filter((e) => e.method === method);
  assert.equal(found.length, 1, `${method} among ${events.map((e) => e.method)}`);
  return found[0].data;
}

await step('a batch that is all or nothing', async () => {
  const before = (await has(third.address)).free.toBigInt();
  let events = await send(tx.utility.batchAll([pay(third.address, 2), pay(third.address, 3)]), charlie);
  only(events, 'BatchCompleted');
  events = await send(tx.utility.batchAll([pay(third.address, 2), pay(third.address, 1_000_000)]), charlie);
  assert.ok(only(events, 'ExtrinsicFailed'));
  assert.equal((await has(third.address)).free.toBigInt() - before, 5n * unit);
});

await step('one call or else another', async () => {
  const data = only(await send(tx.utility.ifElse(pay(third.address, 1_000_000), pay(third.address, 1)), charlie), 'IfElseFallbackCalled');
  return data.mainError.toString();
});

await step('an account derived from another', async () => {
  const derived = encodeAddress(createKeyDerived(charlie.address, 7), 42);
  await send(pay(derived, 5), charlie);
  const events = await send(tx.utility.asDerivative(7, pay(dave.address, 1)), charlie);
  const data = only(events, 'Transfer');
  assert.equal(data.from.toString(), derived);
});

await step('an account of several owners', async () => {
  const owners = [charlie, dave, third].map((p) => p.address);
  const shared = encodeAddress(createKeyMulti(owners, 2), 42);
  const others = (p) => sortAddresses(owners.filter((o) => o !== p.address), 42);
  await send(pay(shared, 10), charlie);
  const { method } = pay(third.address, 1);
  const free = (await has(charlie.address)).reserved.toBigInt();
  only(await send(tx.multisig.asMulti(2, others(charlie), null, method, 0), charlie), 'NewMultisig');
  const waiting = (await query.multisig.multisigs(shared, method.hash)).unwrap();
  assert.equal((await has(charlie.address)).reserved.toBigInt() - free, waiting.deposit.toBigInt());
  const { weight } = await pay(third.address, 1).paymentInfo(dave);
  const done = only(await send(tx.multisig.asMulti(2, others(dave), waiting.when, method, weight), dave), 'MultisigExecuted');
  assert.ok(done.result.isOk, done.result.toString());
  assert.equal((await has(charlie.address)).reserved.toBigInt(), free);
  return `waited at ${waiting.when}`;
});

await step('a proxy that may move no money', async () => {
  await send(tx.proxy.addProxy(dave.address, 'NonTransfer', 0), charlie);
  for (const [call, want] of [
    [tx.system.remark('0x01'), 'ok'], [pay(dave.address, 1), 'CallFiltered'], [tx.utility.batchAll([pay(dave.address, 1)]), 'CallFiltered'],
  ]) {
    const { result } = only(await send(tx.proxy.proxy(charlie.address, null, call), dave), 'ProxyExecuted');
    const got = result.isOk ? 'ok' : api.registry.findMetaError(result.asErr.asModule).name;
    assert.equal(got, want, `${call.method.section}.${call.method.method}`);
  }
  await send(tx.proxy.removeProxies(), charlie);
  const [list] = await query.proxy.proxies(charlie.address);
  assert.equal(list.length, 0);
});

await step('an account without a key', async () => {
  const { pure } = only(await send(tx.proxy.createPure('Any', 0, 0), charlie), 'PureCreated');
  await send(pay(pure, 5), charlie);
  const { result } = only(await send(tx.proxy.proxy(pure, null, pay(dave.address, 2)), charlie), 'ProxyExecuted');
  assert.ok(result.isOk, result.toString());
  return pure.toString();
});

await step('what a call costs', async () => {
  const { partialFee } = await api.call.transactionPaymentCallApi.queryCallInfo(pay(dave.address, 1).method, 100);
  assert.ok(partialFee.toBigInt() > 0n);
  return partialFee.toHuman();
});
await api.disconnect();
process.exit(0);
