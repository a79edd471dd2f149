// A chain of Go's node whose validators change (go test ./test/sdk -rewrite), read
// by this light client: the same headers, sets and values.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hex, unhex, type Hex } from '../bytes.js';
import { decodeHeader, verifyJustification, type AuthoritySet } from './grandpa.js';
import { Missing, read } from './trie.js';

interface Vectors {
  genesis: Hex;
  genesis_header: Hex;
  authorities: Hex[];
  changes: { header: Hex; justification: Hex }[];
  last: { header: Hex; justification: Hex };
  set_id: number;
  reads: { key: Hex; value: Hex | null; proof: Hex[] }[];
}

const v = JSON.parse(readFileSync(new URL('../../testdata/light.json', import.meta.url), 'utf8')) as Vectors;

/** follow goes through all changes, and returns the last set. */
function follow(): AuthoritySet {
  let set: AuthoritySet = { id: 0n, authorities: v.authorities };
  for (const c of v.changes) {
    const header = decodeHeader(unhex(c.header));
    verifyJustification(unhex(c.justification), header, set);
    expect(header.next).toBeDefined();
    set = { id: set.id + 1n, authorities: header.next! };
  }
  return set;
}

describe('finality', () => {
  test('is followed from genesis over every change of the validators', () => {
    expect(decodeHeader(unhex(v.genesis_header)).hash).toBe(v.genesis);
    const set = follow();
    expect(set.id).toBe(BigInt(v.set_id));
    verifyJustification(unhex(v.last.justification), decodeHeader(unhex(v.last.header)), set);
  });

  test('is refused when anything of it is changed', () => {
    const set = follow();
    const header = decodeHeader(unhex(v.last.header));
    const good = unhex(v.last.justification);
    const bad = (change: (b: Uint8Array) => Uint8Array, what: string): void => {
      expect(() => verifyJustification(change(good.slice()), header, set), what).toThrow();
    };
    for (let i = 0; i < good.length; i += 7) bad((b) => ((b[i]! ^= 1), b), `byte ${i}`);
    bad((b) => b.subarray(0, b.length - 1), 'a byte less');
    bad((b) => new Uint8Array([...b, 0]), 'a byte more');
    bad(() => unhex(v.changes[0]!.justification), 'the proof of another block');
    expect(() => verifyJustification(good, header, { id: set.id + 1n, authorities: set.authorities }), 'another set').toThrow();
    expect(() => verifyJustification(good, header, { id: set.id, authorities: [...set.authorities, ...v.authorities, hex(new Uint8Array(32))] }), 'more authorities').toThrow();
    expect(() => decodeHeader(new Uint8Array([...unhex(v.last.header), 0]))).toThrow();
  });
});

describe('the state', () => {
  const root = decodeHeader(unhex(v.last.header)).stateRoot;

  test.each(v.reads)('has what Go reads under $key', ({ key, value, proof }) => {
    const got = read(root, proof.map(unhex), unhex(key));
    expect(got && hex(got)).toBe(value ?? undefined);
  });

  test.each(v.reads)('has nothing else: $key', ({ key, proof }) => {
    for (let i = 0; i < proof.length; i++) {
      expect(() => read(root, proof.filter((_, k) => k !== i).map(unhex), unhex(key)), `without item ${i}`).toThrow(Missing);
      const changed = proof.map(unhex);
      changed[i] = changed[i]!.slice();
      changed[i]![changed[i]!.length - 1]! ^= 1;
      expect(() => read(root, changed, unhex(key)), `item ${i} changed`).toThrow();
    }
  });
});
