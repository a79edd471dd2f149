// Runs scripted transactions on a real Rust runtime, offline, and writes down
// what happened, for runtime/polkadot_test.go to compare with:
//
//	npm install --no-save @acala-network/chopsticks-executor@1.5.1
//	node frame-events.mjs STATE.json.gz > ../../runtime/testdata/paseo.json
//
// STATE is a genesis state of Paseo's relay chain as JSON, {"top": {key: value}},
// with the runtime under :code (spec 1001002). Each step has the signer, the
// encoded call, how it ended, and the encoded events, without those about fees.
// The accounts are i as big-endian u32, then 27 zero bytes, then 1.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { TypeRegistry, Metadata, expandMetadata } from '@polkadot/types';
import { blake2AsHex, createKeyDerived, createKeyMulti } from '@polkadot/util-crypto';
import { hexToU8a, u8aToHex } from '@polkadot/util';

const executor = createRequire(import.meta.url)('@acala-network/chopsticks-executor');
const U = 10_000_000_000n; // one token, and the existential deposit

// Chain is the runtime over a map of keys to values.
class Chain {
  constructor(file) {
    const { top } = JSON.parse(zlib.gunzipSync(fs.readFileSync(file)));
    const hex = (s) => (s.startsWith('0x') ? s : `0x${s}`);
    this.state = new Map(Object.entries(top).map(([k, v]) => [hex(k), hex(v)]));
    this.code = this.state.get('0x3a636f6465');
  }

  async call(name, args, mock = 0) {
    const { state } = this;
    const io = {
      getStorage: async (k) => state.get(k),
      getNextKey: async (prefix, k) => [...state.keys()].sort().find((x) => x > k && x.startsWith(prefix)),
      offchainGetStorage: async () => undefined,
      offchainTimestamp: async () => 0,
      offchainRandomSeed: async () => `0x${'00'.repeat(32)}`,
      offchainSubmitTransaction: async () => true,
    };
    const task = {
      id: 1, wasm: this.code, calls: [[name, [args]]], mockSignatureHost: mock, allowUnresolvedImports: false,
      runtimeLogLevel: 0, storageProofSize: 0n,
    };
    const { Call, Error: failure } = await executor.run_task(task, io);
    if (!Call) throw new Error(String(failure));
    for (const [k, v] of Call.storageDiff) v == null ? state.delete(k) : state.set(k, v);
    return hexToU8a(Call.result);
  }

  async init() {
    const raw = u8aToHex(await this.call('Metadata_metadata_at_version', '0x0e000000'));
    this.registry = new TypeRegistry();
    const metadata = new Metadata(this.registry, `0x${raw.slice(raw.indexOf('6d657461'))}`);
    this.registry.setMetadata(metadata);
    this.api = expandMetadata(this.registry, metadata);
  }

  key(query, ...args) {
    const k = query(...args);
    return u8aToHex(k.subarray([1, 2, 4][k[0] & 3]));
  }

  get(query, ...args) {
    const { type } = query.meta;
    const v = this.state.get(this.key(query, ...args));
    return v && this.registry.createType(this.registry.createLookupType(type.isMap ? type.asMap.value : type.asPlain), v);
  }

  set(query, args, value) {
    const { type } = query.meta;
    const t = this.registry.createLookupType(type.isMap ? type.asMap.value : type.asPlain);
    this.state.set(this.key(query, ...args), this.registry.createType(t, value).toHex(true));
  }

  async submit(who, call) {
    const { system } = this.api.query;
    for (const item of ['events', 'eventCount', 'blockWeight', 'allExtrinsicsLen']) this.state.delete(this.key(system[item]));
    this.state.delete('0x3a65787472696e7369635f696e646578');
    const xt = this.registry.createType('Extrinsic', call, { version: 4 });
    const zero = `0x${'00'.repeat(32)}`;
    xt.signFake(who, {
      nonce: this.get(system.account, who).nonce, genesisHash: zero, blockHash: zero, era: '0x00', tip: 0,
      runtimeVersion: { specVersion: 0, transactionVersion: 0 },
    });
    const mock = new Uint8Array(64).fill(0xcd);
    mock.set([0xde, 0xad, 0xbe, 0xef]);
    xt.signature.set(mock);
    const out = await this.call('BlockBuilder_apply_extrinsic', xt.toHex(), 1);
    const raw = this.state.get(this.key(system.events));
    return { out, events: raw ? this.registry.createType('Vec<FrameSystemEventRecord>', raw).map((r) => r.event) : [] };
  }
}

const account = (i) => {
  const b = new Uint8Array(32);
  new DataView(b.buffer).setUint32(0, i);
  b[31] = 1;
  return u8aToHex(b);
};
const fees = /^(transactionPayment|treasury)\.|^system\.Extrinsic/;
const story = { origin: '', existentialDeposit: String(U), steps: [] };

const c = new Chain(process.argv[2]);
await c.init();
const { tx, query, consts } = c.api;
const version = consts.system.version;
story.origin = `${version.specName} ${version.specVersion}, the Rust runtime, executed offline by chopsticks-executor 1.5.1`;
for (const [pallet, names] of Object.entries({
  multisig: ['depositBase', 'depositFactor'], proxy: ['proxyDepositBase', 'proxyDepositFactor', 'announcementDepositBase', 'announcementDepositFactor'],
})) for (const name of names) story[name] = consts[pallet][name].toString();

const fund = (id, free) => c.set(query.system.account, [id], {
  nonce: 0, consumers: 0, providers: 1, sufficients: 0, data: { free, reserved: 0, frozen: 0, flags: 1n << 127n },
});
story.funded = {};
const give = (id, tokens) => { fund(id, tokens * U); story.funded[id] = String(tokens * U); };
for (let i = 0; i < 8; i++) give(account(i), 1000n);
c.set(query.sudo.key, [], account(7));
const A = account, id = (i) => ({ Id: typeof i === 'number' ? account(i) : i });
c.set(query.system.number, [], 1);

let at = 1;
async function step(who, call, note) {
  const signer = typeof who === 'number' ? account(who) : who;
  const { out, events } = await c.submit(signer, call);
  if (out[0] !== 0) throw new Error(`${note}: ${u8aToHex(out)}`);
  // The first and the last events of Balances are about the fee.
  let list = events.filter((e) => !fees.test(`${e.section}.${e.method}`));
  const own = (e, m) => e.section === 'balances' && e.method === m;
  if (own(list[0], 'Withdraw')) list = list.slice(1);
  while (list.length && own(list.at(-1), 'Deposit')) list.pop();
  const shown = {};
  for (const i of new Set([signer, ...Object.keys(story.funded)])) {
    const a = c.get(query.system.account, i);
    if (a && (a.consumers.toNumber() || a.data.reserved.toBigInt())) shown[i] = [a.consumers.toNumber(), a.data.reserved.toString()];
  }
  story.steps.push({
    note, block: at, signer, name: `${call.section}.${call.method}`, call: call.toHex(), failure: out[1] === 1 ? u8aToHex(out.subarray(2)) : '',
    events: list.map((e) => ({ name: `${e.section}.${e.method}`, data: e.toHex() })), holds: shown,
  });
}
const block = (n) => { at = n; c.set(query.system.number, [], n); };
const pay = (to, tokens) => tx.balances.transferAllowDeath(id(to), tokens);

// Balances
await step(0, pay(100, 5n * U), 'opens an account');
await step(0, pay(101, U / 2n), 'too little to open an account');
await step(0, pay(1, 5000n * U), 'more than there is');
await step(0, tx.balances.transferKeepAlive(id(1), 3n * U), 'keeps alive');
await step(0, pay(0, U), 'to oneself');
await step(0, pay(1, 0), 'nothing');
await step(7, tx.sudo.sudo(tx.balances.forceTransfer(id(100), id(1), 5n * U - U / 3n)), 'ends an account, with dust');
await step(7, tx.sudo.sudo(tx.balances.forceTransfer(id(6), id(1), 998n * U)), 'by root');
await step(7, tx.sudo.sudo(tx.balances.forceSetBalance(id(6), 1000n * U)), 'sets more');
await step(7, tx.sudo.sudo(tx.balances.forceSetBalance(id(6), 900n * U)), 'sets less');
await step(7, tx.sudo.sudo(tx.balances.forceSetBalance(id(6), U / 2n)), 'sets too little');
await step(7, tx.sudo.sudo(tx.balances.forceSetBalance(id(6), 700n * U)), 'sets an ended account');
await step(7, tx.sudo.sudo(tx.utility.dispatchAs({ system: { Signed: account(6) } }, tx.balances.transferAll(id(1), true))), 'all but what keeps alive');
await step(7, tx.sudo.sudo(tx.utility.dispatchAs({ system: { Signed: account(6) } }, tx.balances.transferKeepAlive(id(1), U / 2n))), 'would end');
await step(7, tx.sudo.sudo(tx.utility.dispatchAs({ system: { Signed: account(6) } }, tx.balances.transferAll(id(1), false))), 'all');

// Utility
const derived = u8aToHex(createKeyDerived(account(0), 3));
give(derived, 50n);
story.derived = derived;
await step(0, tx.utility.batch([pay(1, U), pay(2, 99999n * U), pay(2, U)]), 'interrupted');
await step(0, tx.utility.batch([pay(1, U), pay(2, U)]), 'whole');
await step(0, tx.utility.batchAll([pay(1, U), pay(2, 99999n * U)]), 'all or nothing: nothing');
await step(0, tx.utility.batchAll([pay(1, U), pay(2, U)]), 'all or nothing: all');
await step(0, tx.utility.batchAll([tx.utility.batchAll([pay(1, U)])]), 'one inside another');
await step(0, tx.utility.batchAll([tx.utility.batch([pay(1, U), tx.utility.batchAll([pay(1, U)])])]), 'one deep inside another');
await step(0, tx.utility.forceBatch([pay(2, 99999n * U), pay(1, U)]), 'with an error');
await step(0, tx.utility.forceBatch([pay(1, U)]), 'without an error');
await step(0, tx.utility.asDerivative(3, pay(1, U)), 'derived account');
await step(0, tx.utility.asDerivative(3, pay(1, 99999n * U)), 'derived account fails');
await step(0, tx.utility.dispatchAs({ system: 'Root' }, pay(1, U)), 'not root');
await step(0, tx.utility.withWeight(pay(1, U), { refTime: 1, proofSize: 1 }), 'not root');
await step(7, tx.sudo.sudo(tx.utility.dispatchAs({ system: { Signed: account(1) } }, pay(2, U))), 'as another');
await step(7, tx.sudo.sudo(tx.utility.dispatchAs({ system: 'None' }, pay(2, U))), 'as nobody');
await step(7, tx.sudo.sudo(tx.utility.withWeight(tx.balances.forceSetBalance(id(5), 999n * U), { refTime: 1, proofSize: 1 })), 'as root');
await step(7, tx.sudo.sudo(tx.utility.batchAll([tx.utility.batchAll([tx.balances.forceSetBalance(id(5), 998n * U)])])), 'root nests');
await step(7, tx.sudo.sudoAs(id(5), tx.utility.batch([pay(1, U)])), 'sudo as');

// Multisig
const sorted = [0, 1, 2].map(account), others = (i) => sorted.filter((x) => x !== account(i));
const two = u8aToHex(createKeyMulti(sorted, 2)), one = u8aToHex(createKeyMulti(sorted, 1));
give(two, 100n);
give(one, 100n);
const W = { refTime: 100_000_000_000, proofSize: 1_000_000 };
const spend = pay(3, 2n * U), h = blake2AsHex(spend.toU8a());
const m = tx.multisig;
await step(1, m.asMultiThreshold1(others(1), pay(3, U)), 'one of three');
await step(1, m.asMultiThreshold1(others(1), pay(3, 5000n * U)), 'one of three fails');
await step(1, m.asMultiThreshold1([], pay(3, U)), 'no others');
await step(1, m.asMultiThreshold1(others(1).reverse(), pay(3, U)), 'out of order');
await step(1, m.asMultiThreshold1(sorted, pay(3, U)), 'sender among them');
await step(0, m.asMulti(1, others(0), null, spend, W), 'threshold of one');
await step(0, m.asMulti(2, others(0), { height: 1, index: 0 }, spend, W), 'unexpected time');
await step(0, m.asMulti(2, others(0), null, spend, W), 'first approval');
await step(0, m.asMulti(2, others(0), { height: 1, index: 0 }, spend, W), 'approved already');
await step(1, m.approveAsMulti(2, others(1), null, h, W), 'no time');
await step(1, m.approveAsMulti(2, others(1), { height: 2, index: 0 }, h, W), 'wrong time');
await step(1, m.asMulti(2, others(1), { height: 1, index: 0 }, spend, { refTime: 0, proofSize: 0 }), 'weighs more');
await step(1, m.cancelAsMulti(2, others(1), { height: 1, index: 0 }, h), 'not the owner');
block(2);
await step(1, m.asMulti(2, others(1), { height: 1, index: 0 }, spend, W), 'executes');
await step(1, m.cancelAsMulti(2, others(1), { height: 1, index: 0 }, h), 'executed already');
await step(2, m.approveAsMulti(2, others(2), null, h, W), 'first approval of a hash');
await step(0, m.approveAsMulti(2, others(0), { height: 2, index: 0 }, h, W), 'enough approvals without the call');
await step(1, m.approveAsMulti(2, others(1), { height: 2, index: 0 }, h, W), 'one more approval than needed');
await step(2, m.cancelAsMulti(2, others(2), { height: 1, index: 0 }, h), 'cancelled with the wrong time');
await step(2, m.cancelAsMulti(2, others(2), { height: 2, index: 0 }, h), 'cancelled');
const big = pay(3, 5000n * U);
await step(2, m.asMulti(2, others(2), null, big, W), 'first approval of what fails');
await step(0, m.asMulti(2, others(0), { height: 2, index: 0 }, big, W), 'executes and fails');

// Proxy
const p = tx.proxy;
await step(3, p.proxy(id(4), null, pay(5, U)), 'no proxy');
await step(4, p.addProxy(id(4), 'Any', 0), 'oneself');
await step(4, p.addProxy(id(3), 'Any', 0), 'any');
await step(4, p.addProxy(id(3), 'Any', 0), 'again');
await step(4, p.addProxy(id(2), 'NonTransfer', 0), 'nontransfer');
await step(4, p.addProxy(id(1), 'Any', 3), 'delayed');
await step(3, p.proxy(id(4), null, pay(5, U)), 'acts');
await step(3, p.proxy(id(4), 'Staking', pay(5, U)), 'not of that type');
await step(3, p.proxy(id(4), 'Any', pay(5, 5000n * U)), 'acts and fails');
await step(2, p.proxy(id(4), null, pay(5, U)), 'filtered');
await step(2, p.proxy(id(4), null, tx.utility.batch([tx.system.remark('0x01'), pay(5, U)])), 'filtered in a batch');
await step(2, p.proxy(id(4), null, tx.utility.asDerivative(0, pay(5, U))), 'filtered as a derived account');
await step(2, p.proxy(id(4), null, tx.utility.batchAll([tx.utility.forceBatch([pay(5, U)])])), 'filtered deep inside');
await step(2, p.proxy(id(4), null, p.addProxy(id(5), 'Any', 0)), 'may not make one that may more');
await step(2, p.proxy(id(4), null, p.addProxy(id(5), 'Staking', 0)), 'may make one that may less');
await step(2, p.proxy(id(4), null, p.removeProxies()), 'may not remove all');
await step(2, p.proxy(id(4), null, p.removeProxy(id(3), 'Any', 0)), 'may not remove one that may more');
await step(4, p.removeProxy(id(5), 'Staking', 1), 'not found');
await step(4, p.removeProxy(id(5), 'Staking', 0), 'removed');
await step(1, p.proxy(id(4), null, pay(5, U)), 'not announced');
const later = pay(5, 2n * U), lh = blake2AsHex(later.toU8a());
await step(5, p.announce(id(4), lh), 'no proxy announces');
await step(1, p.announce(id(4), lh), 'announces');
await step(1, p.announce(id(4), h), 'announces another');
block(3);
await step(0, p.proxyAnnounced(id(1), id(4), null, later), 'too early');
block(5);
await step(0, p.proxyAnnounced(id(1), id(4), null, pay(5, U)), 'something else');
await step(0, p.proxyAnnounced(id(1), id(4), null, later), 'announced for long enough');
await step(0, p.proxyAnnounced(id(1), id(4), null, later), 'only once');
await step(4, p.rejectAnnouncement(id(1), lh), 'nothing to reject');
await step(4, p.rejectAnnouncement(id(1), h), 'rejects');
await step(1, p.announce(id(4), lh), 'announces again');
await step(1, p.removeAnnouncement(id(4), lh), 'takes it back');
await step(4, p.removeProxies(), 'removes all');
await step(5, p.createPure('Any', 0, 7), 'makes an account');
await step(5, p.createPure('Any', 0, 7), 'makes the same account');
const pure = story.steps.at(-2).events.find((e) => e.name === 'proxy.PureCreated');
const pureId = `0x${pure.data.slice(6, 6 + 64)}`;
give(pureId, 20n);
await step(5, p.proxy(id(pureId), null, pay(0, U)), 'acts as the account');
await step(5, p.killPure(id(5), 'Any', 7, 5, 0), 'only the account itself');
await step(5, p.proxy(id(pureId), null, p.killPure(id(5), 'Any', 7, 5, 1)), 'made elsewhere');
await step(5, p.proxy(id(pureId), null, p.killPure(id(5), 'Any', 7, 5, 0)), 'gives the account up');
await step(5, p.proxy(id(pureId), null, pay(0, U)), 'the account is lost');
// A step a line.
const { steps, ...rest } = story;
const head = JSON.stringify(rest, null, ' ').slice(0, -2);
console.log(`${head},\n "steps": [\n${steps.map((x) => JSON.stringify(x)).join(',\n')}\n]}`);
