import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hex, unhex, type Hex } from '../bytes.js';
import { queued, type Destination } from './queue.js';

interface Row {
  to: 'worker' | 'cluster'; bytes: Hex; seq: number; block: number; time: number; tag: string; from: string; kind: string; payload: Hex;
}

// As Go encodes them: test/sdk/queue_test.go.
const rows = JSON.parse(readFileSync(new URL('../../testdata/queue.json', import.meta.url), 'utf8')) as Row[];

describe('messages of queues', () => {
  test.each(rows)('$to $kind', (row) => {
    const to = { [row.to]: `0x${'00'.repeat(32)}` } as Destination;
    const m = queued(to, unhex(row.bytes));
    expect([Number(m.seq), m.block, Number(m.time), m.kind, hex(m.payload)]).toEqual([row.seq, row.block, row.time, row.kind, row.payload]);
    expect(m.from.tag).toBe(row.tag);
    expect(m.from.tag === 'pallet' ? m.from.name : m.from.id).toBe(row.from);
  });

  test('what is a part of a buffer', () => {
    const to = { [rows[0]!.to]: `0x${'00'.repeat(32)}` } as Destination;
    expect(queued(to, new Uint8Array([7, ...unhex(rows[0]!.bytes)]).subarray(1))).toEqual(queued(to, unhex(rows[0]!.bytes)));
  });

  test('what is cut short', () => {
    expect(() => queued({ worker: '0x00' }, unhex(rows[0]!.bytes).slice(0, -1))).toThrow();
  });
});
