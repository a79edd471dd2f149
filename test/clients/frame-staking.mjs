// Runs scripted staking on a real Rust runtime, offline, and writes down what
// happened, for runtime/pallet/staking/paseo_test.go to compare with:
//
//	npm install --no-save @acala-network/chopsticks-executor@1.5.1
//	node frame-staking.mjs STATE.json.gz > ../../runtime/pallet/staking/testdata/paseo.json
//
// STATE is a genesis state of Paseo's relay chain as JSON, {"top": {key: value}},
// with the runtime under :code (spec 1001002, pallet-staking 25). The script has
// the runtime build a genesis of its own, with ten validators for seven seats
// and six nominators, whom the runtime elects. Account i is i+1 as big-endian
// u32, then 27 zero bytes, then 1.
import { createRequire } from 'node:module';
import crypto from 'node:crypto';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { TypeRegistry, Metadata, expandMetadata } from '@polkadot/types';
import { encodeAddress } from '@polkadot/util-crypto';
import { compactAddLength, hexToU8a, u8aToHex } from '@polkadot/util';

const executor = createRequire(import.meta.url)('@acala-network/chopsticks-executor');
const U = 10_000_000_000n; // one token, and the existential deposit
const { top } = JSON.parse(zlib.gunzipSync(fs.readFileSync(process.argv[2])));
const code = top['0x3a636f6465'];

const account = (i) => {
  const id = Buffer.alloc(32);
  id.writeUInt32BE(i + 1);
  id[31] = 1;
  return id;
};
const hex = (i) => u8aToHex(account(i));
const ss58 = (i) => encodeAddress(account(i), 0);
const indexOf = (id) => Buffer.from(id.toU8a()).readUInt32BE(0) - 1;
const key = (i) => crypto.createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), crypto.createHash('sha256').update(`staker ${i}`).digest()]),
  format: 'der', type: 'pkcs8',
});
const grandpa = (i) => crypto.createPublicKey(key(i)).export({ format: 'der', type: 'spki' }).subarray(-32);
const skip = (b) => b.subarray([1, 2, 4][b[0] & 3]);

// The stakers of most scenarios, and many of one election.
const few = {
  seats: 7,
  validators: Array.from({ length: 10 }, (_, i) => (1000n + 100n * BigInt(i)) * U),
  nominators: Array.from({ length: 6 }, (_, i) => ({ stake: (500n + 37n * BigInt(i)) * U, targets: [...new Set([i, (i * 3 + 1) % 10, (i + 5) % 10])] })),
};
const many = {
  seats: 16,
  validators: Array.from({ length: 40 }, (_, i) => BigInt(1000 + (i * 7919) % 613) * U),
  nominators: Array.from({ length: 80 }, (_, j) => ({
    stake: BigInt(100 + (j * 104729) % 977) * U + BigInt(j), targets: [...new Set(Array.from({ length: 16 }, (_, k) => (j * 31 + k * k * 7 + k) % 40))],
  })),
};
const free = 16; // the first account without stake, of the few

// Chain is the runtime over a map of keys to values.
class Chain {
  state = new Map();

  constructor(stakers) { this.stakers = stakers; }

  async call(name, args = '0x', mock = 0) {
    const { state } = this;
    let sorted;
    const io = {
      getStorage: async (k) => state.get(k),
      getNextKey: async (prefix, k) => (sorted ??= [...state.keys()].sort()).find((x) => x > k && x.startsWith(prefix)),
      offchainGetStorage: async () => undefined, offchainTimestamp: async () => 0,
      offchainRandomSeed: async () => `0x${'00'.repeat(32)}`, offchainSubmitTransaction: async () => true,
    };
    const { Call, Error: failure } = await executor.run_task({
      id: 1, wasm: code, calls: [[name, [args]]], mockSignatureHost: mock, allowUnresolvedImports: false, runtimeLogLevel: 0, storageProofSize: 0n,
    }, io);
    if (!Call) throw new Error(String(failure));
    for (const [k, v] of Call.storageDiff) v == null ? state.delete(k) : state.set(k, v);
    return hexToU8a(Call.result);
  }

  async init() {
    const config = JSON.parse(Buffer.from(skip(await this.call('GenesisBuilder_create_default_config'))).toString());
    genesis(config, this.stakers);
    const text = Buffer.from(JSON.stringify(config).replace(/"#(\d+)"/g, '$1')); // u128 as bare numbers
    const built = await this.call('GenesisBuilder_build_config', u8aToHex(compactAddLength(text)));
    if (built[0] !== 0) throw new Error(Buffer.from(built).toString());
    const raw = u8aToHex(await this.call('Metadata_metadata_at_version', '0x0e000000'));
    this.registry = new TypeRegistry();
    const metadata = new Metadata(this.registry, `0x${raw.slice(raw.indexOf('6d657461'))}`);
    this.registry.setMetadata(metadata);
    this.api = expandMetadata(this.registry, metadata);
    this.set(this.api.query.system.number, [], 1);
    return this;
  }

  key(query, ...args) { return u8aToHex(skip(query(...args))); }

  type(query) {
    const { type } = query.meta;
    return this.registry.createLookupType(type.isMap ? type.asMap.value : type.asPlain);
  }

  get(query, ...args) {
    const raw = this.state.get(this.key(query, ...args));
    return raw === undefined ? undefined : this.registry.createType(this.type(query), raw);
  }

  set(query, args, value) {
    this.state.set(this.key(query, ...args), u8aToHex(this.registry.createType(this.type(query), value).toU8a()));
  }

  era(index) {
    this.set(this.api.query.staking.currentEra, [], index);
    this.set(this.api.query.staking.activeEra, [], { index, start: null });
  }

  async submit(who, call) {
    const { system } = this.api.query;
    for (const q of [system.events, system.eventCount, system.blockWeight, system.allExtrinsicsLen]) this.state.delete(this.key(q));
    const nonce = this.get(system.account, hex(who))?.nonce.toNumber() ?? 0;
    const x = this.registry.createType('Extrinsic', call, { version: 4 });
    const zero = `0x${'00'.repeat(32)}`;
    x.signFake(hex(who), { nonce, genesisHash: zero, blockHash: zero, era: '0x00', tip: 0, runtimeVersion: { specVersion: 0, transactionVersion: 0 } });
    x.signature.set(new Uint8Array(64).fill(0xcd)); // what the executor takes for a signature
    x.signature.set([0xde, 0xad, 0xbe, 0xef]);
    const result = await this.call('BlockBuilder_apply_extrinsic', x.toHex(), 1);
    const raw = this.state.get(this.key(system.events));
    const events = raw === undefined ? [] : this.registry.createType('Vec<FrameSystemEventRecord>', raw).map((e) => e.event);
    if (result[0] !== 0) throw new Error(`the transaction is invalid: ${u8aToHex(result)}`);
    if (result[1] === 0) return { error: '', events };
    const failure = this.registry.createType('DispatchError', result.subarray(2));
    return { error: failure.isModule ? this.registry.findMetaError(failure.asModule).name : failure.type, events };
  }
}

function genesis(g, { seats, validators, nominators }) {
  g.babe.epochConfig = { c: [1, 4], allowed_slots: 'PrimaryAndSecondaryVRFSlots' };
  const host = g.configuration.config;
  Object.assign(host, {
    max_code_size: 3145728, max_pov_size: 5242880, max_head_data_size: 32768, max_upward_message_size: 65531, minimum_validation_upgrade_delay: 10,
    validation_upgrade_delay: 10, no_show_slots: 2, n_delay_tranches: 25, needed_approvals: 2, relay_vrf_modulo_samples: 2,
  });
  Object.assign(host.scheduler_params ?? host, { group_rotation_frequency: 20, paras_availability_period: 4 });
  const stakes = [...validators, ...nominators.map((n) => n.stake), ...Array(10).fill(100_000n * U)];
  g.balances.balances = stakes.map((s, i) => [ss58(i), `#${s + 1000n * U}`]);
  g.staking.validatorCount = seats;
  g.staking.minimumValidatorCount = 1;
  g.staking.slashRewardFraction = 100_000_000;
  g.staking.stakers = [
    ...validators.map((s, i) => [ss58(i), ss58(i), `#${s}`, 'Validator']),
    ...nominators.map((n, i) => [ss58(validators.length + i), ss58(validators.length + i), `#${n.stake}`, { Nominator: n.targets.map(ss58) }]),
  ];
  g.session.keys = validators.map((_, i) => [ss58(i), ss58(i), {
    grandpa: encodeAddress(grandpa(i), 0), babe: ss58(i), im_online: ss58(i), para_validator: ss58(i), para_assignment: ss58(i),
    authority_discovery: ss58(i), beefy: encodeAddress(Buffer.concat([Buffer.from([2]), account(i)]), 42),
  }]);
}

const exposure = (x) => ({
  total: x.total.toString(), own: x.own.toString(), others: x.others.map((o) => ({ who: indexOf(o.who), value: o.value.toString() })),
});

const out = { origin: 'Paseo relay runtime 1001002 (Rust), run offline', scenarios: [] };

// scenario begins a chain anew and runs steps on it.
async function scenario(name, run, stakers = few) {
  const chain = await new Chain(stakers).init();
  const { staking } = chain.api.query;
  const steps = [];
  const exposures = {};
  for (let i = 0; i < stakers.validators.length; i++) {
    const x = chain.get(staking.erasStakers, 0, hex(i));
    if (x) exposures[i] = exposure(x);
  }
  const step = async (who, call, note = '', more = {}) => {
    const { error, events } = await chain.submit(who, call);
    const l = chain.get(staking.ledger, hex(who));
    steps.push({
      note, who, call: call.method, ...more, error,
      events: events.filter((e) => e.section === 'staking').map((e) => [e.method, ...e.data.map((d) => (/AccountId/.test(d.toRawType()) ? indexOf(d) : d.toString()))]),
      ledger: l ? { active: l.active.toString(), total: l.total.toString(), unlocking: l.unlocking.map((c) => ({ value: c.value.toString(), era: c.era.toNumber() })) } : null,
    });
  };
  const era = (index) => { chain.era(index); steps.push({ era: index }); };
  const extra = await run(chain, step, era);
  out.scenarios.push({ name, exposures, ...extra, steps });
}

const tokens = (n) => BigInt(n) * U;

await scenario('bonds', async ({ api: { tx } }, step, era) => {
  const bond = (v, note) => step(free, tx.staking.bond(v, 'Staked'), note, { value: String(v) });
  const amount = (name, v, note) => step(free, tx.staking[name](v), note, { value: String(v) });
  const withdraw = (note) => step(free, tx.staking.withdrawUnbonded(0), note);
  await bond(U / 2n, 'below the existential deposit');
  await bond(tokens(500), '');
  await bond(tokens(1), 'twice');
  await amount('bondExtra', tokens(100));
  await amount('unbond', tokens(200));
  await amount('unbond', tokens(50), 'in the same era');
  era(1);
  await amount('unbond', tokens(30));
  era(2);
  await amount('unbond', tokens(20));
  await amount('rebond', tokens(35), 'the newest first');
  await amount('rebond', tokens(1));
  era(27);
  await withdraw('too early');
  era(28);
  await withdraw('what was unbonded in era 0');
  await amount('unbond', tokens(100_000), 'more than there is');
  await withdraw('nothing more');
  era(56);
  await withdraw('the rest');
  await amount('unbond', tokens(1), 'nothing is bonded');
  await bond(tokens(100), 'anew');
  await amount('unbond', tokens(100) - U / 2n, 'all but dust');
  await amount('rebond', tokens(60));
  for (let e = 57; e <= 90; e++) {
    era(e);
    await amount('unbond', U, 'one chunk an era');
  }
});

await scenario('votes', async ({ api: { tx } }, step) => {
  const nominate = (who, list, note) => step(who, tx.staking.nominate(list.map(ss58)), note, { targets: list });
  const validate = (who, commission, blocked, note) => step(who, tx.staking.validate({ commission, blocked }), note, { commission, blocked });
  const chill = (who, note) => step(who, tx.staking.chill(), note);
  await nominate(free, [0], 'nothing is bonded');
  await step(free, tx.staking.bond(tokens(100), 'Staked'), '', { value: String(tokens(100)) });
  await nominate(free, [], 'nobody');
  await nominate(free, [0, 0, 3], 'one twice');
  await nominate(free, [15], 'no validator');
  await nominate(free, [free], 'oneself');
  await nominate(free, Array.from({ length: 17 }, (_, i) => i % 10), 'seventeen');
  await validate(free, 50_000_000, false, 'a nominator validates');
  await nominate(free, [1], 'and nominates again');
  await validate(1, 1_000_000_000, true, 'blocks');
  await nominate(free, [1], 'one that blocked later');
  await nominate(free, [2]);
  await nominate(free, [1], 'one that blocks');
  await chill(free);
  await chill(free, 'twice');
  await chill(free + 1, 'nothing is bonded');
  await step(2, tx.staking.kick([ss58(10), ss58(12)]), 'kick', { targets: [10, 12] });
  await step(free, tx.staking.chillOther(ss58(10)), 'no threshold', { of: 10 });
  await step(free, tx.staking.reapStash(ss58(10), 0), 'has stake', { of: 10 });
  await step(free, tx.staking.setValidatorCount(3), 'root alone may', { count: 3 });
});

await scenario('payouts', async (chain, step) => {
  const { tx, query } = chain.api;
  const points = [20, 0, 33, 100, 7, 40, 1, 60, 90, 13];
  const commissions = [0, 10_000_000, 50_000_000, 1_000_000_000, 333_333_333, 1, 999_999_999, 70_000_000, 123_456_789, 500_000_000];
  commissions.forEach((commission, i) => chain.set(query.staking.erasValidatorPrefs, [0, hex(i)], { commission, blocked: false }));
  chain.set(query.staking.erasRewardPoints, [0], {
    total: points.reduce((a, b) => a + b), individual: new Map(points.map((p, i) => [hex(i), p])),
  });
  const payout = '123456789012345';
  chain.set(query.staking.erasValidatorReward, [0], payout);
  chain.era(1);
  for (let i = 3; i < 10; i++) await step(free, tx.staking.payoutStakers(ss58(i), 0), '', { of: i, in: 0 });
  await step(free, tx.staking.payoutStakers(ss58(3), 0), 'again', { of: 3, in: 0 });
  await step(free, tx.staking.payoutStakers(ss58(3), 1), 'an era that is not over', { of: 3, in: 1 });
  await step(free, tx.staking.payoutStakers(ss58(3), 5), 'an era to come', { of: 3, in: 5 });
  return { points, commissions, payout };
});

await scenario('slashes', async (chain, step) => {
  const { tx, query } = chain.api;
  const u32 = (n) => Buffer.from(new Uint32Array([n]).buffer);
  const u64 = (n) => Buffer.from(new BigUint64Array([BigInt(n)]).buffer);
  const vote = (byte, n) => Buffer.concat([Buffer.alloc(32, byte), u32(n)]);
  const prove = (i, kind, round) => {
    const sign = (v) => crypto.sign(null, Buffer.concat([Buffer.from([kind]), v, u64(round), u64(0)]), key(i));
    const [a, b] = [vote(0xaa, 5), vote(0xbb, 5)];
    return u8aToHex(Buffer.concat([u64(0), Buffer.from([kind]), u64(round), grandpa(i), a, sign(a), b, sign(b)]));
  };
  const report = async (i, kind, round, note) => {
    const owner = await chain.call('GrandpaApi_generate_key_ownership_proof', u8aToHex(Buffer.concat([u64(0), grandpa(i)])));
    const proof = chain.registry.createType('Bytes', owner.subarray(1));
    await step(free, tx.grandpa.reportEquivocation(prove(i, kind, round), proof.toU8a(true)), note, { of: i, round });
  };
  await report(3, 1, 3, 'one of seven');
  await report(3, 1, 3, 'again');
  await report(4, 1, 3, 'a second in the same round');
  await report(5, 0, 3, 'a third, of prevotes');
  await report(3, 1, 9, 'alone in another round, below what was');
  const due = 28; // the era of the offence, 27, and one
  const unapplied = chain.get(query.staking.unappliedSlashes, due).map((s) => ({
    validator: indexOf(s.validator), own: s.own.toString(), payout: s.payout.toString(),
    others: s.others.map(([who, value]) => ({ who: indexOf(who), value: value.toString() })),
  }));
  const left = [3, 4, 5].filter((i) => chain.state.has(chain.key(query.staking.validators, hex(i))));
  return { due, unapplied, left, forced: chain.get(query.staking.forceEra).toString() };
});

await scenario('election', async () => ({ many: true }), many);

process.stdout.write(`${JSON.stringify(out)}\n`);
