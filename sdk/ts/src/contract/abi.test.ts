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
