// Compares the metadata of a Tacit node, or of its runtime in a file, with that
// of FRAME, as Substrate's kitchensink runtime and Polkadot have it:
//
//	npm install --no-save @polkadot/types-support@16.5.6
//	node frame-metadata.mjs ws://127.0.0.1:9944 [Pallet...]
//
// For each pallet that both have it lists what differs: calls by name, index
// and types of arguments, events and errors likewise, storage by name, hashers
// and types, constants by name and type. Values of constants are the chain's
// own, and so are the types that a runtime makes of its pallets (RuntimeCall,
// ProxyType, OriginCaller and their like), which count as equal. What FRAME has
// and the chain deliberately has not is listed as such below; it exits with 1
// if anything else differs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Metadata, TypeRegistry } from '@polkadot/types';
import WebSocket from 'ws';

const compared = ['Utility', 'Balances', 'TransactionPayment', 'Authorship', 'Treasury', 'Multisig', 'Proxy', 'Staking', 'Offences', 'ImOnline'];

// What the chain does without, or has besides, and why.
const known = {
  'Treasury call spend_local': 'deprecated', 'Treasury call remove_approval': 'deprecated',
  'Treasury event Spending': 'of spend_local', 'Treasury event Awarded': 'of spend_local', 'Treasury event Burnt': 'of spend_local',
  'Treasury event Rollover': 'of spend_local', 'Treasury event SpendApproved': 'of spend_local', 'Treasury event UpdatedInactive': 'of spend_local',
  'Treasury event PaymentFailed': 'a payment in the native token cannot fail later',
  'Treasury error TooManyApprovals': 'of spend_local', 'Treasury error InsufficientPermission': 'who may spend may spend all',
  'Treasury error ProposalNotApproved': 'of spend_local', 'Treasury error FailedToConvertBalance': 'the native token alone',
  'Treasury error Inconclusive': 'a payment in the native token cannot fail later',
  'Treasury storage ProposalCount': 'of spend_local', 'Treasury storage Proposals': 'of spend_local', 'Treasury storage Deactivated': 'of spend_local',
  'Treasury storage Approvals': 'of spend_local', 'Treasury storage LastSpendPeriod': 'of spend_local',
  'Treasury constant SpendPeriod': 'of spend_local', 'Treasury constant Burn': 'of spend_local', 'Treasury constant MaxApprovals': 'of spend_local',
  'Balances storage Account': 'accounts hold their money in System.Account',
  'Balances event Unexpected': 'of newer Polkadot runtimes, for faults that are panics here',
  'Authorship storage Accounts': "the validators' accounts of genesis",
  'Polkadot Treasury call spend': 'any asset, by XCM', 'Polkadot Treasury event AssetSpendApproved': 'any asset, by XCM',
  'Polkadot Treasury event Paid': 'any asset, by XCM', 'Polkadot Treasury storage Spends': 'any asset, by XCM',
  'kitchensink Staking call type': 'its path', 'kitchensink Staking event type': 'its path', 'kitchensink Staking error type': 'its path',
  'Polkadot Staking call type': 'its path', 'Polkadot Staking event type': 'its path', 'Polkadot Staking error type': 'its path',
  'Staking storage NominatorRanks': 'in place of the bags list', 'Staking constant MaxNominations': 'FRAME has a quota by stake',
  'Staking constant MaxElectingVoters': 'of the election provider', 'Staking constant MaxElectableTargets': 'of the election provider',
  'Staking constant MaxValidatorSet': 'of paged elections',
  'Staking call update_payee': 'of controllers', 'Staking call deprecate_controller_batch': 'of controllers', 'Staking event ControllerBatchDeprecated': 'of controllers',
  'Staking error ControllerDeprecated': 'of controllers',
  'Staking call restore_ledger': 'mends old chains', 'Staking error CannotRestoreLedger': 'mends old chains', 'Staking error BadState': 'mends old chains',
  'Staking call migrate_currency': 'bonds are on hold from the first block', 'Staking event CurrencyMigrated': 'bonds are on hold from the first block',
  'Staking error AlreadyMigrated': 'bonds are on hold from the first block',
  'Staking call manual_slash': 'root reports offences', 'Staking error Restricted': 'nobody is restricted', 'Staking error CannotReapStash': 'of virtual stakers',
  'Staking event SnapshotVotersSizeExceeded': 'of the election provider', 'Staking event SnapshotTargetsSizeExceeded': 'of the election provider',
  'Staking error DuplicateIndex': 'nothing returns it', 'Staking error InvalidNumberOfNominations': 'nothing returns it',
  'Staking error IncorrectHistoryDepth': 'nothing returns it', 'Staking error NotEnoughFunds': 'InsufficientBond says so',
  'Staking error RewardDestinationRestricted': 'of virtual stakers', 'Staking error VirtualStakerNotAllowed': 'of virtual stakers',
  'Staking storage VirtualStakers': 'of nomination pools', 'Staking storage CounterForVirtualStakers': 'of nomination pools',
  'Staking storage ErasStakers': 'exposures are paged', 'Staking storage ErasStakersClipped': 'exposures are paged',
  'Staking storage CanceledSlashPayout': 'nothing writes it', 'Staking storage CurrentPlannedSession': 'the session before',
  'Offences call type': 'of the engine', 'Offences error type': 'of the engine', 'Offences call report_engine_equivocation': 'of the engine',
  'Offences call report_engine_equivocation_unsigned': 'of the engine', 'Offences error InvalidEquivocationProof': 'of the engine',
  'Offences error DuplicateOffenceReport': 'of the engine', 'Offences storage EngineChain': 'of the engine',
  'ImOnline storage Seen': 'votes count as well', 'ImOnline storage LastSeen': 'who was not seen is not elected', 'ImOnline storage HeartbeatAfter': 'at any time of a session',
  'ImOnline storage Keys': 'those of Session', 'kitchensink ImOnline call heartbeat': 'candidates have no place among the validators',
  'kitchensink ImOnline event SomeOffline': 'accounts alone',
};

const magic = '6d657461';

function registry(hex) {
  const types = new TypeRegistry();
  const metadata = new Metadata(types, `0x${hex.slice(hex.indexOf(magic))}`);
  types.setMetadata(metadata);
  return metadata.asLatest;
}

async function node(url) {
  const ws = new WebSocket(url);
  await new Promise((ok, bad) => ws.on('open', ok).on('error', bad));
  ws.send(JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'state_getMetadata', params: [] }));
  const { result } = JSON.parse(await new Promise((ok) => ws.once('message', ok)));
  ws.close();
  return result;
}

// A runtime's own types, whatever their path and parts, and wrappers of Vec.
const runtime = /^((?!sp_)\w+_runtime|polkadot_runtime_\w+)(::\w+)*::\w+$/;
const alike = { NativeOrWithId: '()', UnionOf: '()' }; // what the kitchensink's treasury spends, and ours

function typeName(lookup, id, seen = []) {
  const t = lookup.getSiType(id);
  const path = t.path.map(String).join('::');
  const d = t.def;
  const name = path.split('::').at(-1);
  if (runtime.test(path)) return `runtime ${name}`;
  if (alike[name]) return alike[name];
  if (/BoundedVec$|WeakBoundedVec$/.test(path)) return `[${typeName(lookup, t.params[0].type.unwrap(), seen)}]`;
  if (path && !/^(Option|Result)$/.test(path)) {
    if (seen.includes(path) || !d.isComposite && !d.isVariant) return path;
    return path.startsWith('pallet_') && d.isComposite
      ? `${path}{${d.asComposite.fields.map((f) => `${f.name.unwrapOr('')}:${typeName(lookup, f.type, [...seen, path])}`).join(',')}}`
      : path;
  }
  const all = (list) => list.map((x) => typeName(lookup, x, seen)).join(',');
  if (path) return `${path}<${all(t.params.map((p) => p.type.unwrap()))}>`;
  if (d.isPrimitive) return d.asPrimitive.toString().toLowerCase();
  if (d.isSequence) return `[${typeName(lookup, d.asSequence.type, seen)}]`;
  if (d.isArray) return `[${typeName(lookup, d.asArray.type, seen)};${d.asArray.len}]`;
  if (d.isCompact) return `Compact<${typeName(lookup, d.asCompact.type, seen)}>`;
  if (d.isTuple) return `(${all(d.asTuple)})`;
  return d.type;
}

// describe lists all that a pallet shows, as a name and what must be equal.
function describe(metadata, pallet) {
  const { lookup } = metadata;
  const out = new Map();
  for (const [kind, at] of [['call', pallet.calls], ['event', pallet.event ?? pallet.events], ['error', pallet.error ?? pallet.errors]]) {
    if (!at?.isSome) continue;
    const type = lookup.getSiType(at.unwrap().type);
    out.set(`${kind} type`, type.path.map(String).join('::'));
    for (const v of type.def.asVariant.variants) {
      const fields = v.fields.map((f) => `${f.name.unwrapOr('_')}: ${typeName(lookup, f.type)}`);
      out.set(`${kind} ${v.name}`, `${v.index}(${fields.join(', ')})`);
    }
  }
  if (pallet.storage.isSome) {
    for (const e of pallet.storage.unwrap().items) {
      const t = e.type;
      out.set(`storage ${e.name}`, t.isMap
        ? `${e.modifier} ${t.asMap.hashers.map(String).join(' ')} ${typeName(lookup, t.asMap.key)} → ${typeName(lookup, t.asMap.value)}`
        : `${e.modifier} ${typeName(lookup, t.asPlain)}`);
    }
  }
  for (const c of pallet.constants) out.set(`constant ${c.name}`, typeName(lookup, c.type));
  return out;
}

const [source, ...chosen] = process.argv.slice(2);
if (!source) {
  console.error('usage: node frame-metadata.mjs ws://HOST:PORT|FILE [Pallet...]');
  process.exit(2);
}
const raw = source.startsWith('ws') ? await node(source) : readFileSync(source, 'utf8').trim();
const support = dirname(createRequire(import.meta.url).resolve('@polkadot/types-support/package.json'));
const load = async (file) => {
  const { default: found } = await import(join(support, 'metadata', file));
  return registry(found.default ?? found);
};
const ours = registry(raw);
console.warn = () => {};
let bad = 0;
for (const [name, file] of [['kitchensink', 'v16/substrate-hex.js'], ['Polkadot', 'v15/polkadot-hex.js']]) {
  const theirs = await load(file);
  const find = (metadata, pallet) => metadata.pallets.find((p) => p.name.toString() === pallet);
  for (const pallet of chosen.length ? chosen : compared) {
    const [a, b] = [find(ours, pallet), find(theirs, pallet)];
    if (!a || !b) {
      if (!a) bad++;
      console.log(`${a ? '    ' : 'FAIL'}  ${name} ${pallet}: ${a ? name : 'the chain'} has no such pallet`);
      continue;
    }
    const [got, want] = [describe(ours, a), describe(theirs, b)];
    let same = 0;
    for (const key of new Set([...got.keys(), ...want.keys()])) {
      if (got.get(key) === want.get(key)) {
        same++;
        continue;
      }
      const why = known[`${name} ${pallet} ${key}`] ?? ((!got.has(key) || !want.has(key)) && known[`${pallet} ${key}`]);
      if (!why) bad++;
      console.log(`${why ? '    ' : 'FAIL'}  ${name} ${pallet} ${key}: ${got.get(key) ?? 'missing'}, ${want.has(key) ? `FRAME ${want.get(key)}` : 'not in FRAME'}${why ? ` (${why})` : ''}`);
    }
    console.log(`ok    ${name} ${pallet}: ${same} of ${want.size} as in FRAME`);
  }
}
process.exit(bad ? 1 : 0);
