// Bytes as Go's package worker/wire encodes the same values.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hex, unhex, utf8 } from '../bytes.js';
import { askInfo, certificateText, fault, info, query, signedAnswer, signingBytes, signingHash, Unreachable, WorkerError } from './wire.js';

const b = (x: number): Uint8Array => new Uint8Array(32).fill(x);

test('a worker\'s info', () => {
  const bytes =
    '0x0101010101010101010101010101010101010101010101010101010101010101047a640c010203020202020202020202020202020202020202020202020202020202020202020203000000000000000101047004040404040404040404040404040404040404040404040404040404040404040500000006060606060606060606060606060606060606060606060606060606060606060700000000000000080208080808080808080808080808080808080808080808080808080808080808080900000000000000060a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0b00000000000000040c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0d00000001040e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0f0000001000000000000000041111111111111111111111111111111111111111111111111111111111111111041212121212121212121212121212121212121212121212121212121212121212';
  expect(info.dec(bytes)).toEqual({
    identity: b(1), hpke: [{ kem: 0x647a, key: Uint8Array.of(1, 2, 3) }], genesis: b(2), bootEpoch: 3n, registered: true, simulated: true,
    platform: 'p', imageId: b(4), block: 5, blockHash: b(6), setId: 7n,
    queues: [{ to: { tag: 'worker', value: b(8) }, next: 9n }, { to: { tag: 'cluster', value: b(10) }, next: 11n }],
    clusters: [{ id: b(12), epoch: 13, keys: true }], needCode: [b(14)], pending: 15, promised: 16n, needWorkers: [b(17)], needSnapshots: [b(18)],
  });
  expect(hex(info.enc(info.dec(bytes)))).toBe(bytes);
});

test('a query, and what its origin signs', () => {
  const q = { contract: b(1), origin: b(2), least: 3, envelope: Uint8Array.of(4, 5), scheme: 1, signature: Uint8Array.of(6), certificate: undefined };
  expect(hex(query.enc(q))).toBe('0x010101010101010101010101010101010101010101010101010101010101010102020202020202020202020202020202020202020202020202020202020202020300000008040501040600');
  expect(hex(signingHash(b(7), b(8), q, Uint8Array.of(9)))).toBe('0x4905701053bf51353e10db94dedde30b3b11ea3e2e277f306ba5e1c5d564e714');
});

test('a certificate, and what the account signs', () => {
  const certificate = { key: b(3), until: 9, scheme: 1, signature: Uint8Array.of(7) };
  const q = { contract: b(1), origin: b(2), least: 3, envelope: Uint8Array.of(4, 5), scheme: 1, signature: Uint8Array.of(6), certificate };
  expect(hex(query.enc(q))).toBe(`0x${'01'.repeat(32)}${'02'.repeat(32)}0300000008040501040601${'03'.repeat(32)}09000000010407`);
  expect(certificateText(b(7), b(2), b(3), 9)).toBe(
    `Tacit: the key 0x${'03'.repeat(32)} may ask contracts in the name of 0x${'02'.repeat(32)} on the chain 0x${'07'.repeat(32)} until block 9.`,
  );
});

test('an answer, and what the worker signs', () => {
  const answer = { block: 1, blockHash: b(2), next: 3n, stateRoot: b(9), request: b(10), status: 1, gas: 5n, output: Uint8Array.of(6), error: utf8('e') };
  const signature = new Uint8Array(64);
  signature[0] = 1;
  expect(signedAnswer.dec('0x010000000202020202020202020202020202020202020202020202020202020202020202030000000000000009090909090909090909090909090909090909090909090909090909090909090a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0105000000000000000406046501000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')).toEqual({ answer, signature });
  expect(hex(signingBytes(b(7), b(8), answer))).toBe('0x74616369742f616e737765722f3107070707070707070707070707070707070707070707070707070707070707070808080808080808080808080808080808080808080808080808080808080808010000000202020202020202020202020202020202020202020202020202020202020202030000000000000009090909090909090909090909090909090909090909090909090909090909090a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01050000000000000004060465');
});

test('a refusal', () => expect(fault.dec(unhex('0x0d000c6f6c64'))).toEqual({ kind: 13, text: 'old' }));

// A server that is no worker, or a bad one.
let sent = 0;
const server = createServer((request, response) => {
  const path = request.url!.replace('/v1/info', '');
  if (path === '/fault') response.writeHead(409).end(fault.enc({ kind: 4, text: 'busy' }));
  else if (path === '/proxy') response.writeHead(502).end('<html><body>502 Bad Gateway, and many words</body></html>');
  else if (path === '/short') response.writeHead(500).end(fault.enc({ kind: 4, text: 'busy' }).subarray(0, 4));
  else if (path === '/cut') response.writeHead(200, { 'Content-Length': 100 }).write('x', () => response.destroy());
  else {
    const more = (): void => {
      if (response.destroyed || sent > 256 << 20) return void response.end();
      sent += 1 << 20;
      response.write(new Uint8Array(1 << 20), more);
    };
    more();
  }
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test.each([
  ['/fault', WorkerError, 'busy'], ['/proxy', WorkerError, 'answered 502'], ['/short', WorkerError, 'answered 500'], ['/cut', Unreachable, 'does not answer'],
  ['/giant', WorkerError, 'more than 16777216 bytes'],
])('what is said of %s', async (path, kind, words) => {
  const error = await askInfo(base + path).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toContain(words);
  expect(sent).toBeLessThan(64 << 20);
});

test('an address that is none does not answer', async () => {
  await expect(askInfo('worker one')).rejects.toThrow(Unreachable);
});
