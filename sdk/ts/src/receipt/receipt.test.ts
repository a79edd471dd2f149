// Receipts that Go's client wrote of a network that ran (tacit contract call --save,
// tacit contract query --save), and what `tacit verify receipt --json` says of them;
// go test ./test/sdk holds Go to the same.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hex, unhex, type Hex } from '../bytes.js';
import { checkReceipt, parseReceipt, type ReceiptFile } from './receipt.js';

interface Verdict {
  kind: string; simulated: boolean; image: Hex; contract: Hex; worker: Hex; origin: string; value: string; input: Hex; status: number; output: Hex;
  block?: number; seq?: number; next: number; stateRoot: Hex;
}
const all = JSON.parse(readFileSync(new URL('../../testdata/receipts.json', import.meta.url), 'utf8')) as Record<string, { file: ReceiptFile; verdict: Verdict }>;

describe.each(Object.entries(all))('%s', (kind, { file, verdict }) => {
  test('says what Go says', async () => {
    const v = await checkReceipt(parseReceipt(JSON.stringify(file)), file.genesis);
    expect(v.steps.filter((s) => !s.ok)).toEqual([]);
    expect(v.valid).toBe(true);
    expect({ ...v, input: hex(v.input), output: hex(v.output), value: v.value.toString(), next: Number(v.next) }).toMatchObject({
      kind, simulated: verdict.simulated, image: verdict.image, contract: verdict.contract, worker: verdict.worker, value: verdict.value,
      input: verdict.input, status: verdict.status, output: verdict.output, next: verdict.next, stateRoot: verdict.stateRoot,
      ...(kind === 'query' ? { origin: verdict.origin, block: verdict.block } : { seq: verdict.seq }),
    });
  });

  test('is of one chain', async () => {
    expect((await checkReceipt(file, `0x${'00'.repeat(32)}`)).valid).toBe(false);
  });

  test('is refused when anything of it is changed', async () => {
    const flip = (h: Hex, at: number): Hex => {
      const b = unhex(h).slice();
      b[at]! ^= 1;
      return hex(b);
    };
    const spoil = async (name: string, change: (f: ReceiptFile) => void): Promise<void> => {
      const f = structuredClone(file);
      change(f);
      expect((await checkReceipt(f, file.genesis)).valid, name).toBe(false);
    };
    const part = (f: ReceiptFile): Record<string, Hex> => (f.query ?? f.command) as unknown as Record<string, Hex>;
    for (const name of ['worker', 'contract', 'envelope', 'message'] as const) await spoil(name, (f) => (f[name] = flip(f[name], 20)));
    for (const name of kind === 'query' ? ['answer', 'signature'] : ['up', 'key']) await spoil(name, (f) => (part(f)[name] = flip(part(f)[name]!, 20)));
    const numbers = [(n: number) => n + 1, (n: number) => n + 0.5, (n: number) => n + 2 ** 32, (n: number) => n - 2 ** 32, String];
    for (const change of numbers) {
      if (kind === 'query') await spoil(`least: ${change}`, (f) => (f.query!.least = change(f.query!.least) as number));
      else await spoil(`seq: ${change}`, (f) => (f.command!.seq = change(f.command!.seq) as number));
    }
    for (const name of ['first', 'header', 'justification'] as const) await spoil(name, (f) => (f.chain[name] = flip(f.chain[name], 50)));
    for (const name of ['firstProof', 'proof'] as const) await spoil(name, (f) => f.chain[name].pop());
  });
});

test('what is no receipt is refused', () => {
  for (const text of ['{}', 'null', '{"version": 2}', '{"version": 1}', '{"version": 1, "query": {}, "command": {}}', 'noise']) expect(() => parseReceipt(text), text).toThrow();
});
