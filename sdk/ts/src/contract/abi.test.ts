// The hello contract's own metadata. Expected bytes are ink!'s: a selector, then
// SCALE; results are Result<Result<T, E>, LangError>.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hex } from '../bytes.js';
import { Contract, type Metadata } from './abi.js';

const hello = new Contract(JSON.parse(readFileSync(new URL('../../../../examples/hello/bundle/hello.json', import.meta.url), 'utf8')) as Metadata);
const [increment, get] = ['increment', 'get'].map((l) => hello.messages.find((m) => m.label === l)!);

test('encodes calls', () => {
  expect(hex(hello.input(increment!, ['5']))).toBe('0x12bd51d30500000000000000');
  expect(hex(hello.input(increment!, [' 18 446 744 073 709 551 615 ']))).toBe('0x12bd51d3ffffffffffffffff');
  expect(hex(hello.input(get!, []))).toBe('0x2f865bd9');
});

test.each([['', 'by: write a whole number'], ['five', 'by: write a whole number'], ['-1', 'by: 0 is the least'], ['18446744073709551616', 'by: 18446744073709551615 is the most'], ['1.5', 'by: write a whole number']])(
  'says what is wrong with %j',
  (text, words) => expect(() => hello.input(increment!, [text])).toThrow(words),
);

test('decodes results', () => {
  expect(hello.result(increment!, Uint8Array.of(0, 0))).toEqual({ ok: true, value: '' });
  expect(hello.result(get!, Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 0, 0, 0))).toEqual({ ok: true, value: '5' });
  expect(hello.result(get!, Uint8Array.of(0, 1, 0))).toEqual({ ok: false, error: 'NotOwner' });
  expect(hello.result(get!, Uint8Array.of(1, 1))).toEqual({ ok: false, error: 'CouldNotReadInput' });
  expect(() => hello.result(get!, Uint8Array.of(9))).toThrow();
});

// A contract that is made up, for the kinds of arguments that hello lacks. Expected
// bytes are SCALE's (https://docs.polkadot.com/polkadot-protocol/basics/data-encoding).
const kinds = new Contract({
  contract: { name: 'kinds', version: '1' },
  types: [
    { id: 0, type: { def: { primitive: 'u8' } } },
    { id: 1, type: { def: { primitive: 'u128' } } },
    { id: 2, type: { path: ['AccountId'], def: { composite: { fields: [{ type: 3 }] } } } },
    { id: 3, type: { def: { array: { len: 32, type: 0 } } } },
    { id: 4, type: { def: { composite: { fields: [{ name: 'to', type: 2 }, { name: 'amount', type: 1 }] } } } },
    { id: 5, type: { def: { sequence: { type: 4 } } } },
    { id: 6, type: { path: ['Option'], def: { variant: { variants: [{ name: 'None', index: 0 }, { name: 'Some', index: 1, fields: [{ type: 1 }] }] } } } },
    { id: 7, type: { path: ['Choice'], def: { variant: { variants: [{ name: 'Yes', index: 0 }, { name: 'No', index: 5 }] } } } },
    { id: 8, type: { def: { variant: { variants: [{ name: 'A', index: 0 }, { name: 'B', index: 1, fields: [{ type: 0 }, { type: 1 }] }] } } } },
    { id: 9, type: { def: { primitive: 'bool' } } },
  ],
  spec: { messages: [5, 6, 7, 8, 9].map((type) => ({ label: `m${type}`, selector: '0x01020304', mutates: true, args: [{ label: 'x', type: { type } }], returnType: null, docs: [] })) },
} as Metadata);
const kind = (n: number) => kinds.messages.find((m) => m.label === `m${n}`)!;
const alice = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d';

test.each([
  [5, '[{"to": "//Alice", "amount": "18446744073709551616"}]', `04${alice}00000000000000000100000000000000`],
  [6, '', '00'],
  [6, '3', '0103000000000000000000000000000000'],
  [7, 'No', '05'],
  [8, 'A', '00'],
  [8, '{"B": [1, 2]}', '010102000000000000000000000000000000'],
  [9, 'true', '01'],
])('encodes type %i of %j', (n, text, bytes) => expect(hex(kinds.input(kind(n), [text]))).toBe(`0x01020304${bytes}`));

test.each([[5, '{', 'JSON'], [5, '[{"to": 1}]', 'address'], [5, '[{"to": "//Alice", "amount": 0.5}]', 'whole number'], [7, 'Perhaps', 'one of Yes, No'], [8, '{"B": [1]}', 'list of 2'], [9, '2', 'true or false']])(
  'says what is wrong with %j',
  (n, text, words) => expect(() => kinds.input(kind(n as number), [text as string])).toThrow(words as string),
);

test('knows what is a choice', () => {
  expect([5, 6, 7, 8, 9].map((n) => kinds.choices(kind(n).args[0]!))).toEqual([undefined, undefined, ['Yes', 'No'], undefined, ['false', 'true']]);
  expect(() => new Contract({} as Metadata)).toThrow('no metadata');
});

// A contract that is made up, for types that are odd. An enum's value is its index
// and its fields; a list of fixed length has no length before it.
const odd = new Contract({
  contract: { name: 'odd', version: '1' },
  types: [
    { id: 0, type: { def: { primitive: 'u8' } } },
    { id: 1, type: { def: { array: { len: 4, type: 0 } } } },
    { id: 2, type: { def: { primitive: 'u128' } } },
    { id: 3, type: { def: { sequence: { type: 2 } } } },
    { id: 4, type: { path: ['AccountId'], def: { composite: { fields: [{ type: 1 }] } } } },
    { id: 5, type: { path: ['Term'], def: { variant: { variants: [{ name: 'One', index: 0, fields: [{ type: 0 }] }, { name: 'Not', index: 1, fields: [{ type: 5 }] }] } } } },
    { id: 6, type: { def: { composite: { fields: [{ name: 'tag', type: 8 }, { name: 'value', type: 0 }] } } } },
    { id: 7, type: { def: { sequence: { type: 0 } } } },
    { id: 8, type: { def: { primitive: 'str' } } },
    { id: 9, type: { path: ['Option'], def: { variant: { variants: [{ name: 'None', index: 0 }, { name: 'Some', index: 1, fields: [{ type: 10 }] }] } } } },
    { id: 10, type: { def: { primitive: 'bool' } } },
    { id: 11, type: { def: { compact: { type: 2 } } } },
    { id: 12, type: { def: { primitive: 'i128' } } },
    { id: 13, type: {} },
    { id: 14, type: { def: { variant: { variants: 'none' } } } },
    // Each of these has the one before twice: 2^30 of the first.
    ...Array.from({ length: 31 }, (_, i) => ({ id: 100 + i, type: { def: { tuple: i ? [99 + i, 99 + i] : [0] } } })),
  ],
  spec: { messages: [0, 1, 3, 4, 5, 6, 7, 9, 11, 12, 130].map((type) => ({ label: `m${type}`, selector: '0x01020304', mutates: true, args: [{ label: 'x', type: { type } }], returnType: { type }, docs: [] })) },
} as unknown as Metadata);
const oddly = (n: number) => odd.messages.find((m) => m.label === `m${n}`)!;

test.each([
  [1, '0x01020304', '01020304'],
  [3, '["340282366920938463463374607431768211455", 9007199254740991]', `08${'ff'.repeat(16)}ffffffffffff1f000000000000000000`],
  [4, `0x${alice}`, alice],
  [5, '{"Not": {"Not": {"One": 7}}}', '01010007'],
  [9, 'false', '0100'],
  [11, '"340282366920938463463374607431768211455"', `33${'ff'.repeat(16)}`],
  [11, '340282366920938463463374607431768211455', `33${'ff'.repeat(16)}`],
  [12, '-170141183460469231731687303715884105728', `${'00'.repeat(15)}80`],
])('encodes odd type %i of %j', (n, text, bytes) => expect(hex(odd.input(oddly(n), [text]))).toBe(`0x01020304${bytes}`));

test.each([
  [1, '0x0102', '4 bytes'], [1, '0x010203040506', '4 bytes'],
  [3, '[9007199254740993]', 'in quotes'], [3, '[-1]', '0 is the least'],
  [4, `0x${alice}00`, '32 bytes'], [4, `0x${alice.slice(2)}`, '32 bytes'], [4, '0xz', '32 bytes'],
  [11, '"340282366920938463463374607431768211456"', 'is the most'],
  [12, '-170141183460469231731687303715884105729', 'is the least'], [12, '\uff15', 'whole number'],
  [130, '5', 'list of 2'],
])('does not encode odd type %i of %j', (n, text, words) => expect(() => odd.input(oddly(n), [text])).toThrow(words));

test('a result is all of its bytes, and no others', () => {
  const good = Uint8Array.of(8, 1, 2);
  expect(odd.result(oddly(7), good)).toEqual({ ok: true, value: '0x0102' });
  expect(odd.result(oddly(7), Uint8Array.of(9, ...good, 9).subarray(1, 4))).toEqual({ ok: true, value: '0x0102' });
  expect(odd.result(oddly(7), Buffer.from(good))).toEqual({ ok: true, value: '0x0102' });
  for (const bad of [[], [8, 1], [8, 1, 2, 3], [252, 1, 2], [3, 255, 255, 255, 255, 1], [33, 0, ...Array<number>(8).fill(1)]]) {
    expect(() => odd.result(oddly(7), Uint8Array.from(bad)), String(bad)).toThrow();
  }
  for (const bad of [[2], [1, 2], [2, 1]]) expect(() => odd.result(oddly(9), Uint8Array.from(bad)), String(bad)).toThrow();
  expect(() => hello.result(get!, Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0))).toThrow();
});

test('a struct is not taken for an enum', () => {
  expect(odd.result(oddly(6), Uint8Array.of(12, 69, 114, 114, 7))).toEqual({ ok: true, value: '{"tag":"Err","value":7}' });
  expect(odd.result(oddly(5), Uint8Array.of(1, 0, 7))).toEqual({ ok: true, value: 'Not(One(7))' });
});

test('metadata that no form can be made of is refused', () => {
  const message = oddly(1);
  for (const [name, change] of Object.entries<object>({
    'no message': { label: undefined }, 'no selector': { selector: '0x01' }, 'no arguments': { args: null }, 'no docs': { docs: undefined },
    'an argument without a name': { args: [{ type: { type: 0 } }] }, 'a type without a definition': { args: [{ label: 'x', type: { type: 13 } }] },
    'an enum without variants': { args: [{ label: 'x', type: { type: 14 } }] }, 'a name that is no list': { args: [{ label: 'x', type: { type: 0, displayName: 'u8' } }] },
    'an argument of no type': { args: [{ label: 'x', type: { type: 99 } }] }, 'a result of no type': { returnType: { type: 99 } },
  })) {
    expect(() => new Contract({ ...odd.metadata, spec: { messages: [{ ...message, ...change }] } } as Metadata), name).toThrow();
  }
});
