// The chain as a client sees it: blocks, storage, events and transactions, all
// decoded by the metadata that the node itself gives.

import { decAnyMetadata, unifyMetadata } from '@polkadot-api/substrate-bindings';
import { getDynamicBuilder, getLookupFn } from '@polkadot-api/metadata-builders';
import { Bytes, Option } from 'scale-ts';
import { concat, hex, u32, unhex, blake2, type Hex } from '../bytes.js';
import { address, type Account } from './account.js';
import { decode, encode, immortal, mortal, type Unsigned } from './extrinsic.js';
import { Disconnected, type Rpc } from './rpc.js';

/** Head is a block's header. */
export interface Head {
  hash: Hex;
  number: number;
}

/** Event is one event of a block, and the index of the extrinsic that made it. */
export interface Event {
  extrinsic: number | undefined;
  pallet: string;
  name: string;
  /** fields are decoded as the metadata says. */
  fields: any;
}

/** Included is a transaction in a block. */
export interface Included {
  block: Head;
  index: number;
  extrinsic: Hex;
  hash: Hex;
  events: Event[];
}

/** Value is what the metadata's codecs make of bytes: enums are {type, value},
 * numbers over 32 bits are bigint, byte lists are hex. */
export type Value = any;

/** Extrinsic is one extrinsic of a block, decoded. */
export interface Extrinsic {
  index: number;
  hash: Hex;
  bytes: Hex;
  /** signer is an address; inherents and what workers send have none. */
  signer: string | undefined;
  nonce: number | undefined;
  tip: bigint | undefined;
  pallet: string;
  call: string;
  args: Value;
  events: Event[];
  /** failed says why, where it failed. */
  failed: string | undefined;
}

/** Block is a block, decoded. */
export interface Block extends Head {
  parent: Hex;
  stateRoot: Hex;
  extrinsicsRoot: Hex;
  logs: Hex[];
  /** justified says whether the node has the proof that it is final. */
  justified: boolean;
  extrinsics: Extrinsic[];
  /** events that no extrinsic made. */
  events: Event[];
}

/** Refused says that a transaction was executed and failed, and why. */
export class Refused extends Error {}

interface RawHeader {
  number: Hex;
  parentHash: Hex;
  stateRoot: Hex;
  extrinsicsRoot: Hex;
  digest: { logs: Hex[] };
}

type Builder = ReturnType<typeof getDynamicBuilder>;
type Lookup = ReturnType<typeof getLookupFn>['metadata'];

/** Chain is one chain behind one node. */
export class Chain {
  /** #turns has the end of the last transaction's turn, by account. */
  #turns = new Map<string, Promise<void>>();

  private constructor(
    readonly rpc: Rpc,
    readonly genesis: Hex,
    readonly name: string,
    readonly version: { specName: string; specVersion: number; transactionVersion: number },
    readonly decimals: number,
    readonly symbol: string,
    private readonly builder: Builder,
    private readonly callType: number,
    private readonly metadata: Lookup,
  ) {}

  /** open learns what must be known before anything can be decoded. */
  static async open(rpc: Rpc): Promise<Chain> {
    const [genesis, name, version, properties, raw] = await Promise.all([
      rpc.call<Hex>('chain_getBlockHash', 0),
      rpc.call<string>('system_chain'),
      rpc.call<Chain['version']>('state_getRuntimeVersion'),
      rpc.call<Record<string, unknown>>('system_properties'),
      rpc.call<Hex>('state_call', 'Metadata_metadata_at_version', hex(u32(15))),
    ]);
    const metadata = Option(Bytes()).dec(unhex(raw));
    if (!metadata) throw new Error('The node has no metadata of version 15.');
    const unified = unifyMetadata(decAnyMetadata(metadata));
    const lookup = getLookupFn(unified);
    const builder = getDynamicBuilder(lookup);
    if (lookup.call === null) throw new Error('The metadata names no calls.');
    const first = (v: unknown): unknown => (Array.isArray(v) ? v[0] : v);
    return new Chain(rpc, genesis, name, version, Number(first(properties.tokenDecimals) ?? 12), String(first(properties.tokenSymbol) ?? ''), builder, lookup.call, lookup.metadata);
  }

  /** header reads a block's header; without a hash, that of the newest block. */
  async header(hash?: Hex): Promise<Head> {
    const at = hash ?? (await this.rpc.call<Hex>('chain_getBlockHash'));
    const h = await this.rpc.call<RawHeader | null>('chain_getHeader', at);
    if (!h) throw new Error(`The node has no block ${at}.`);
    return { hash: at, number: Number(h.number) };
  }

  /** hashOf is the hash of the block with a number. */
  hashOf(number: number): Promise<Hex | null> {
    return this.rpc.call<Hex | null>('chain_getBlockHash', number);
  }

  /** onHead calls f with each new block's number; onFinal with each final one's. */
  onHead(f: (number: number) => void): Promise<() => void> {
    return this.rpc.subscribe<RawHeader>('chain_subscribeNewHead', 'chain_unsubscribeNewHead', [], (h) => f(Number(h.number)));
  }
  onFinal(f: (number: number) => void): Promise<() => void> {
    return this.rpc.subscribe<RawHeader>('chain_subscribeFinalizedHeads', 'chain_unsubscribeFinalizedHeads', [], (h) => f(Number(h.number)));
  }

  /** key is where the state has an item, and decode reads its value. */
  key(pallet: string, item: string, keys: unknown[] = []): Hex {
    return this.builder.buildStorage(pallet, item).keys.enc(...keys) as Hex;
  }
  decode<T>(pallet: string, item: string, value: Uint8Array): T {
    return this.builder.buildStorage(pallet, item).value.dec(value.slice()) as T;
  }

  /** storage reads one item, undefined if it has no value. */
  async storage<T>(pallet: string, item: string, keys: unknown[] = [], at?: Hex): Promise<T | undefined> {
    const codec = this.builder.buildStorage(pallet, item);
    const raw = await this.rpc.call<Hex | null>('state_getStorage', codec.keys.enc(...keys), ...(at ? [at] : []));
    return raw === null ? undefined : (codec.value.dec(raw) as T);
  }

  /** entries reads a map, up to a limit. keys are the first keys of a map with
   * several; what is returned is the next one of each entry. */
  async entries<K, V>(pallet: string, item: string, limit = 100, keys: unknown[] = []): Promise<[K, V][]> {
    const codec = this.builder.buildStorage(pallet, item);
    const found = await this.rpc.call<Hex[]>('state_getKeysPaged', codec.keys.enc(...keys), limit);
    const values = await Promise.all(found.map((k) => this.rpc.call<Hex | null>('state_getStorage', k)));
    return found.flatMap((k, i) => {
      const v = values[i];
      return v ? [[codec.keys.dec(k)[keys.length] as K, codec.value.dec(v) as V]] : [];
    });
  }

  /** has says whether the chain has a pallet, or an item in a pallet's storage. */
  has(pallet: string, item?: string): boolean {
    const found = this.metadata.pallets.find((p) => p.name === pallet);
    return !!found && (item === undefined || !!found.storage?.items.some((i) => i.name === item));
  }

  /** constant reads a constant of a pallet. */
  constant<T>(pallet: string, name: string): T {
    const found = this.metadata.pallets.find((p) => p.name === pallet)?.constants.find((c) => c.name === name);
    if (!found) throw new Error(`The chain has no constant ${pallet}.${name}.`);
    return this.builder.buildConstant(pallet, name).dec(found.value) as T;
  }

  /** api calls a function of the runtime. */
  async api<T>(name: string, method: string, args: unknown[] = [], at?: Hex): Promise<T> {
    const { args: codec, value } = this.builder.buildRuntimeCall(name, method);
    const raw = await this.rpc.call<Hex>('state_call', `${name}_${method}`, hex(codec.enc(args as never)), ...(at ? [at] : []));
    return value.dec(raw) as T;
  }

  /** watch calls f when a storage item changes, and once at the start. */
  watch(pallet: string, item: string, keys: unknown[], f: () => void): Promise<() => void> {
    const key = this.builder.buildStorage(pallet, item).keys.enc(...keys);
    return this.rpc.subscribe('state_subscribeStorage', 'state_unsubscribeStorage', [[key]], f);
  }

  /** events reads the events of a block. */
  async events(at: Hex): Promise<Event[]> {
    type Record = { phase: { type: string; value: number }; event: { type: string; value: { type: string; value: unknown } } };
    const list = (await this.storage<Record[]>('System', 'Events', [], at)) ?? [];
    return list.map(({ phase, event }) => ({
      extrinsic: phase.type === 'ApplyExtrinsic' ? phase.value : undefined,
      pallet: event.type,
      name: event.value.type,
      fields: event.value.value,
    }));
  }

  /** block reads a block by its number or hash, with all that is in it. */
  async block(which: number | Hex): Promise<Block> {
    const hash = typeof which === 'number' ? await this.hashOf(which) : which;
    const raw = hash && (await this.rpc.call<{ block: { header: RawHeader; extrinsics: Hex[] }; justifications: unknown[] | null } | null>('chain_getBlock', hash));
    if (!hash || !raw) throw new Error(`The node has no block ${which}.`);
    const { header, extrinsics } = raw.block;
    const events = await this.events(hash);
    return {
      hash, number: Number(header.number), parent: header.parentHash, stateRoot: header.stateRoot, extrinsicsRoot: header.extrinsicsRoot,
      logs: header.digest.logs, justified: !!raw.justifications?.length,
      extrinsics: extrinsics.map((bytes, index) => this.#extrinsic(bytes, index, events)),
      events: events.filter((e) => e.extrinsic === undefined),
    };
  }

  #extrinsic(bytes: Hex, index: number, all: Event[]): Extrinsic {
    const { signer, nonce, tip, call } = decode(unhex(bytes));
    const events = all.filter((e) => e.extrinsic === index);
    const failure = events.find((e) => e.pallet === 'System' && e.name === 'ExtrinsicFailed');
    let made: { type: string; value: { type: string; value: Value } } = { type: '?', value: { type: '?', value: undefined } };
    try {
      made = this.builder.buildDefinition(this.callType).dec(call.slice()) as typeof made;
    } catch {
      // A block of another version of the runtime: its bytes are shown.
    }
    return {
      index, bytes, hash: hex(blake2(unhex(bytes))), signer: signer && address(signer), nonce, tip, pallet: made.type, call: made.value.type, args: made.value.value,
      events, failed: failure && reason(failure.fields.dispatch_error),
    };
  }

  /** follow calls f with the events of each block from a number on, until f
   * returns something. It misses no block, also while the node is away. */
  async follow<T>(from: number, f: (head: Head, events: Event[]) => T | undefined, patience = 60_000): Promise<T> {
    const end = Date.now() + patience;
    for (let n = from; Date.now() < end; ) {
      let hash: Hex | null;
      let events: Event[];
      try {
        hash = await this.hashOf(n);
        events = hash ? await this.events(hash) : [];
      } catch (e) {
        if (!(e instanceof Disconnected)) throw e;
        hash = null;
        events = [];
      }
      if (!hash) {
        await new Promise((r) => setTimeout(r, this.rpc.up ? 60 : 500));
        continue;
      }
      const found = f({ hash, number: n }, events);
      if (found !== undefined) return found;
      n++;
    }
    throw new Error(`Nothing came within ${patience / 1000} seconds.`);
  }

  /** nonce is an account's next, with what waits in the pool. */
  nonce(who: Account): Promise<number> {
    return this.rpc.call<number>('system_accountNextIndex', who.address);
  }

  /** encodeCall encodes a call of the runtime. */
  encodeCall(pallet: string, name: string, args: object): Uint8Array {
    const { codec, location } = this.builder.buildCall(pallet, name);
    return concat(Uint8Array.from(location), codec.enc(args));
  }

  /** prepare fills in what a transaction must have: the account's next nonce, and
   * a life of 2,048 blocks from the newest final one on. */
  async prepare(call: Uint8Array, who: Account, tip = 0n): Promise<Unsigned> {
    const [nonce, final] = await Promise.all([this.nonce(who), this.rpc.call<Hex>('chain_getFinalizedHead').then((h) => this.header(h))]);
    const birth = final.number > 0 ? final : { hash: this.genesis, number: 0 };
    const { specVersion, transactionVersion } = this.version;
    return {
      call, address: who.address, nonce, tip, era: final.number > 0 ? mortal(2048, final.number) : immortal, birth,
      genesis: this.genesis, specVersion, transactionVersion,
    };
  }

  /** sign makes an extrinsic. */
  async sign(call: Uint8Array, who: Account, tip = 0n): Promise<Uint8Array> {
    const tx = await this.prepare(call, who, tip);
    return encode(tx, who.publicKey, await who.signTransaction(tx));
  }

  /** fee is what a call would cost an account, in the smallest unit, without a tip. */
  async fee(call: Uint8Array, who: Account): Promise<bigint> {
    const tx = await this.prepare(call, who);
    const unsigned = encode(tx, who.publicKey, { scheme: 1, bytes: new Uint8Array(64).fill(1) });
    const raw = await this.rpc.call<Hex>('state_call', 'TransactionPaymentApi_query_info', hex(concat(unsigned, u32(unsigned.length))));
    const { value } = this.builder.buildRuntimeCall('TransactionPaymentApi', 'query_info');
    return (value.dec(raw) as { partial_fee: bigint }).partial_fee;
  }

  /** submit signs a call, sends it and waits until it is in a block. It throws
   * Refused if the call failed there. One account's transactions are signed one
   * after the other, each when the one before is in the pool or a minute has gone,
   * so that no two have the same nonce. */
  async submit(call: Uint8Array, who: Account): Promise<Included> {
    const before = this.#turns.get(who.address);
    let next = (): void => undefined;
    const turn = new Promise<void>((end) => (next = end));
    this.#turns.set(who.address, turn);
    let extrinsic: Uint8Array;
    let at: Hex;
    try {
      if (before) await within(before, 60_000); // or a wallet was never answered
      extrinsic = await this.sign(call, who);
      at = await this.#inBlock(extrinsic, next);
    } finally {
      next();
      if (this.#turns.get(who.address) === turn) this.#turns.delete(who.address);
    }
    const [block, raw, all] = await Promise.all([
      this.header(at),
      this.rpc.call<{ block: { extrinsics: Hex[] } }>('chain_getBlock', at),
      this.events(at),
    ]);
    const written = hex(extrinsic);
    const index = raw.block.extrinsics.indexOf(written);
    const events = all.filter((e) => e.extrinsic === index);
    const failed = events.find((e) => e.pallet === 'System' && e.name === 'ExtrinsicFailed');
    if (failed) throw new Refused(reason(failed.fields.dispatch_error));
    return { block, index, extrinsic: written, hash: hex(blake2(extrinsic)), events };
  }

  /** #inBlock waits until an extrinsic is in a block; it tells taken when the node
   * has it. */
  #inBlock(extrinsic: Uint8Array, taken: () => void): Promise<Hex> {
    return new Promise((resolve, reject) => {
      let stop: (() => void) | undefined;
      let off: (() => void) | undefined;
      let over = false;
      const finish = (end: () => void): void => {
        over = true;
        clearTimeout(late);
        stop?.();
        off?.();
        end();
      };
      const late = setTimeout(() => finish(() => reject(new Error('The transaction was in no block after 60 seconds.'))), 60_000);
      off = this.rpc.onChange((up) => up || finish(() => reject(new Disconnected())));
      this.rpc
        .subscribe<string | Record<string, unknown>>('author_submitAndWatchExtrinsic', 'author_unwatchExtrinsic', [hex(extrinsic)], (s) => {
          if (over) return;
          if (typeof s === 'object' && 'inBlock' in s) finish(() => resolve(s.inBlock as Hex));
          else if (s === 'invalid' || s === 'dropped' || (typeof s === 'object' && 'usurped' in s)) {
            finish(() => reject(new Refused(`The node dropped the transaction (${typeof s === 'string' ? s : 'usurped'}).`)));
          }
        })
        .then(
          (end) => {
            taken();
            if (over) end();
            else stop = end;
          },
          (e: Error) => finish(() => reject(e)),
        );
    });
  }

  /** amount writes a balance with its unit, and so many digits after the point. */
  amount(value: bigint, digits = 3): string {
    const unit = 10n ** BigInt(this.decimals);
    const whole = (value / unit).toString().replace(/\B(?=(\d{3})+$)/g, ' ');
    const part = (value % unit).toString().padStart(this.decimals, '0').slice(0, digits).replace(/0+$/, '');
    return `${whole}${part && `.${part}`} ${this.symbol}`;
  }
}

/** within waits until something ends, at most for so many milliseconds. */
function within(what: Promise<void>, ms: number): Promise<void> {
  return new Promise((go) => {
    const late = setTimeout(go, ms);
    void what.finally(() => clearTimeout(late)).then(go);
  });
}

/** reason writes a DispatchError. */
function reason(e: { type: string; value?: { type?: string; value?: { type?: string } } }): string {
  const inner = [e.type, e.value?.type, e.value?.value?.type].filter(Boolean).join('.');
  return `The chain refused it: ${inner}.`;
}
