// A contract's interface: what its ink! metadata says its messages are, and how
// their arguments and results are written.

import * as scale from 'scale-ts';
import { address, development, names, publicKeyOf } from '../chain/account.js';
import { concat, equal, hex, unhex } from '../bytes.js';

type Field = { name?: string; type: number };
type Def = {
  primitive?: string;
  composite?: { fields?: Field[] };
  variant?: { variants?: { name: string; index: number; fields?: Field[] }[] };
  sequence?: { type: number };
  array?: { len: number; type: number };
  tuple?: number[];
  compact?: { type: number };
};

/** Metadata is the JSON that a contract's build writes, as far as it is used. */
export interface Metadata {
  contract: { name: string; version: string };
  types: { id: number; type: { path?: string[]; def: Def } }[];
  spec: { constructors?: Message[]; messages: Message[] };
}

/** Message is something that a contract can be asked, or a way to make one. */
export interface Message {
  label: string;
  selector: string;
  mutates: boolean;
  /** payable says that it takes tokens. */
  payable?: boolean;
  args: { label: string; type: { type: number; displayName?: string[] } }[];
  returnType: { type: number } | null;
  docs: string[];
}

type Codec = scale.Codec<any>;

// The types of these two want to know the names of all fields; here only the
// metadata knows them.
const struct = scale.Struct as unknown as (fields: Record<string, Codec>) => Codec;
const choice = scale.Enum as unknown as (variants: Record<string, Codec>, indexes: number[]) => Codec;

const primitives: Record<string, Codec> = {
  bool: scale.bool, str: scale.str, u8: scale.u8, u16: scale.u16, u32: scale.u32, u64: scale.u64, u128: scale.u128,
  i8: scale.i8, i16: scale.i16, i32: scale.i32, i64: scale.i64, i128: scale.i128,
};

/** Result is what a message gave: a value, or an error by its name. */
export type Result = { ok: true; value: string } | { ok: false; error: string };

/** Variant is a value of an enum, which no struct can be taken for. */
class Variant {
  constructor(readonly tag: string, readonly value: unknown) {}
}

/** Contract reads and writes the messages of one contract. */
export class Contract {
  readonly messages: Message[];
  readonly constructors: Message[];
  #types: Map<number, Metadata['types'][number]['type']>;
  #codecs = new Map<number, Codec>();

  constructor(readonly metadata: Metadata) {
    if (!Array.isArray(metadata?.spec?.messages) || !Array.isArray(metadata.types) || typeof metadata.contract?.name !== 'string') {
      throw new Error('This is no metadata of a contract.');
    }
    this.messages = metadata.spec.messages;
    this.constructors = metadata.spec.constructors ?? [];
    this.#types = new Map(metadata.types.map((t) => [t.id, t.type]));
    for (const m of [...this.messages, ...this.constructors]) this.#check(m);
  }

  /** #check throws where a message lacks what its form is made of. */
  #check(m: Message): void {
    if (typeof m?.label !== 'string' || !Array.isArray(m.args) || !Array.isArray(m.docs)) throw new Error('This is no metadata of a contract.');
    if (!/^0x[0-9a-fA-F]{8}$/.test(m.selector)) throw new Error(`${m.label}: the selector has not four bytes.`);
    for (const a of m.args) {
      if (typeof a?.label !== 'string') throw new Error(`${m.label}: an argument has no name.`);
      this.typeName(a);
      this.choices(a);
    }
    if (m.returnType) this.#type(m.returnType.type);
  }

  /** typeName writes an argument's type. */
  typeName(arg: Message['args'][number]): string {
    return arg.type.displayName?.join('::') ?? this.#type(arg.type.type).def.primitive ?? '';
  }

  /** isAccount says whether an argument is an account. */
  isAccount(arg: Message['args'][number]): boolean {
    return this.#isAccount(arg.type.type);
  }

  /** choices are all that an argument can be, where that is a short list. */
  choices(arg: Message['args'][number]): string[] | undefined {
    const { def, path } = this.#type(arg.type.type);
    if (def.primitive === 'bool') return ['false', 'true'];
    const variants = def.variant?.variants ?? [];
    return path?.at(-1) !== 'Option' && variants.length && variants.every((v) => !v.fields?.length) ? variants.map((v) => v.name) : undefined;
  }

  /** input encodes a call from the texts of its arguments. It throws with words
   * for the user if a text does not fit. */
  input(m: Message, args: string[]): Uint8Array {
    const parts = m.args.map((a, i) => {
      try {
        return this.#codec(a.type.type).enc(this.#parse(a.type.type, (args[i] ?? '').trim()));
      } catch (e) {
        throw new Error(`${a.label}: ${e instanceof Error ? e.message : 'this does not fit'}`);
      }
    });
    return concat(unhex(m.selector), ...parts);
  }

  /** result decodes what a message gave. The outer Result is the call's own; an
   * inner one is the contract's. */
  result(m: Message, output: Uint8Array): Result {
    if (!m.returnType) return { ok: true, value: '' };
    const codec = this.#codec(m.returnType.type);
    let value: unknown = codec.dec(new Uint8Array(output));
    if (!equal(codec.enc(value), output)) throw new Error('The result is of another type than the metadata says.');
    for (let depth = 0; depth < 2 && value instanceof Variant && (value.tag === 'Ok' || value.tag === 'Err'); depth++) {
      if (value.tag === 'Err') return { ok: false, error: write(value.value) };
      value = value.value;
    }
    return { ok: true, value: write(value) };
  }

  #type(id: number): Metadata['types'][number]['type'] {
    const t = this.#types.get(id);
    if (!t) throw new Error(`the metadata has no type ${id}`);
    return t;
  }

  #isAccount(id: number): boolean {
    return this.#type(id).path?.at(-1) === 'AccountId';
  }

  /** #codec is that of a type, which may have itself in it. */
  #codec(id: number): Codec {
    const known = this.#codecs.get(id);
    if (known) return known;
    let made: Codec | undefined;
    this.#codecs.set(id, scale.createCodec<any>((v) => made!.enc(v), (b) => made!.dec(b)));
    try {
      made = this.#make(id);
    } catch (e) {
      this.#codecs.delete(id);
      throw e;
    }
    this.#codecs.set(id, made);
    return made;
  }

  #make(id: number): Codec {
    const { def, path } = this.#type(id);
    if (this.#isAccount(id)) return scale.enhanceCodec(scale.Bytes(32), publicKeyOf, address);
    if (def.primitive) {
      const codec = primitives[def.primitive];
      if (!codec) throw new Error(`values of type ${def.primitive} cannot be written here`);
      return codec;
    }
    const u8 = (t: number): boolean => this.#type(t).def.primitive === 'u8';
    if (def.sequence) return u8(def.sequence.type) ? hexBytes() : scale.Vector(this.#codec(def.sequence.type));
    if (def.array) return u8(def.array.type) ? hexBytes(def.array.len) : scale.Vector(this.#codec(def.array.type), def.array.len);
    if (def.tuple) return def.tuple.length ? scale.Tuple(...def.tuple.map((t) => this.#codec(t))) : scale._void;
    if (def.compact) return scale.compact;
    if (def.variant) {
      const variants = def.variant.variants ?? [];
      if (path?.at(-1) === 'Option') return scale.Option(this.#codec(variants.find((v) => v.name === 'Some')!.fields![0]!.type));
      const codec = choice(Object.fromEntries(variants.map((v) => [v.name, this.#fields(v.fields)])), variants.map((v) => v.index));
      return scale.enhanceCodec(codec, (v: unknown) => v, ({ tag, value }) => new Variant(tag, value));
    }
    return this.#fields(def.composite?.fields);
  }

  #fields(fields: Field[] = []): Codec {
    if (!fields.length) return scale._void;
    if (fields.every((f) => f.name)) return struct(Object.fromEntries(fields.map((f) => [f.name!, this.#codec(f.type)])));
    return fields.length === 1 ? this.#codec(fields[0]!.type) : scale.Tuple(...fields.map((f) => this.#codec(f.type)));
  }

  #parse(id: number, text: string): unknown {
    const { def, path } = this.#type(id);
    if (this.#isAccount(id) || def.primitive || this.#isBytes(id) || (def.compact && !text.startsWith('"'))) return this.#shape(id, text);
    if (def.variant && path?.at(-1) !== 'Option' && /^[A-Za-z_]\w*$/.test(text)) return this.#shape(id, text);
    if (path?.at(-1) === 'Option' && text === '') return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Error('write it as JSON');
    }
    return this.#shape(id, value);
  }

  #isBytes(id: number): boolean {
    const { def } = this.#type(id);
    const inner = def.sequence?.type ?? def.array?.type;
    return inner !== undefined && this.#type(inner).def.primitive === 'u8';
  }

  /** #shape makes what the codec of a type takes of what JSON has: structs are
   * objects, enums a name or an object with the name and the value. */
  #shape(id: number, v: unknown): unknown {
    const { def, path } = this.#type(id);
    if (this.#isAccount(id)) {
      if (typeof v !== 'string') throw new Error('write an address');
      const name = names.find((n) => n.toLowerCase() === v.replace(/^\/\//, '').toLowerCase());
      if (v.startsWith('0x') && !/^0x[0-9a-fA-F]{64}$/.test(v)) throw new Error('write the 32 bytes of an account');
      return name ? development(name).address : v.startsWith('0x') ? address(unhex(v)) : v;
    }
    if (this.#isBytes(id)) {
      if (typeof v !== 'string' || !/^(0x)?([0-9a-fA-F]{2})*$/.test(v)) throw new Error('write hex digits');
      if (def.array && unhex(v).length !== def.array.len) throw new Error(`write ${def.array.len} bytes`);
      return v;
    }
    if (def.primitive === 'bool') {
      if (v !== true && v !== false && v !== 'true' && v !== 'false') throw new Error('write true or false');
      return v === true || v === 'true';
    }
    if (def.primitive === 'str') {
      if (typeof v !== 'string') throw new Error('write a text');
      return v;
    }
    // JSON has read the number already, and not with all its digits.
    if (typeof v === 'number' && Math.abs(v) > Number.MAX_SAFE_INTEGER) throw new Error('write so large a number in quotes');
    if (def.primitive) return number(def.primitive, String(v));
    if (def.compact) return number(this.#type(def.compact.type).def.primitive ?? 'u128', String(v));
    const list = (types: number[]): unknown[] => {
      if (!Array.isArray(v) || v.length !== types.length) throw new Error(`write a list of ${types.length}`);
      return types.map((t, i) => this.#shape(t, v[i]));
    };
    const element = def.sequence?.type ?? def.array?.type;
    if (element !== undefined) {
      if (!Array.isArray(v) || (def.array && v.length !== def.array.len)) throw new Error(`write a list${def.array ? ` of ${def.array.len}` : ''}`);
      return v.map((x) => this.#shape(element, x));
    }
    if (def.tuple) return def.tuple.length ? list(def.tuple) : undefined;
    if (def.variant) {
      const variants = def.variant.variants ?? [];
      if (path?.at(-1) === 'Option') return v === null ? undefined : this.#shape(variants.find((x) => x.name === 'Some')!.fields![0]!.type, v);
      const [tag, value] = typeof v === 'string' ? [v, undefined] : Object.entries((v as object | null) ?? {})[0] ?? [];
      const found = variants.find((x) => x.name === tag);
      if (!found) throw new Error(`write one of ${variants.map((x) => x.name).join(', ')}`);
      return { tag, value: this.#members(found.fields, value) };
    }
    return this.#members(def.composite?.fields, v);
  }

  #members(fields: Field[] = [], v: unknown): unknown {
    if (!fields.length) return undefined;
    if (fields.every((f) => f.name)) {
      if (typeof v !== 'object' || v === null) throw new Error(`write an object with ${fields.map((f) => f.name).join(', ')}`);
      return Object.fromEntries(fields.map((f) => [f.name!, this.#shape(f.type, (v as Record<string, unknown>)[f.name!])]));
    }
    if (fields.length === 1) return this.#shape(fields[0]!.type, v);
    if (!Array.isArray(v) || v.length !== fields.length) throw new Error(`write a list of ${fields.length}`);
    return fields.map((f, i) => this.#shape(f.type, v[i]));
  }
}

/** number reads an integer of a type such as u64, and throws if it does not fit. */
function number(type: string, text: string): number | bigint {
  const digits = text.replace(/[ _]/g, '');
  if (!/^-?\d+$/.test(digits)) throw new Error('write a whole number');
  const [signed, bits] = [type[0] === 'i', BigInt(type.slice(1))];
  const [least, most] = signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const n = BigInt(digits);
  if (n < least) throw new Error(`${least} is the least`);
  if (n > most) throw new Error(`${most} is the most`);
  return bits > 32n ? n : Number(n);
}

const hexBytes = (length?: number): Codec => scale.enhanceCodec(length === undefined ? scale.Bytes() : scale.Bytes(length), unhex, hex);

/** write writes a decoded value for people. */
function write(v: unknown): string {
  if (v === undefined || v === null) return '';
  if (v instanceof Variant) return v.value === undefined ? v.tag : `${v.tag}(${write(v.value)})`;
  if (typeof v === 'object') return JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? x.toString() : x));
  return String(v);
}
