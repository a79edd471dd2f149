// Transactions to a node that is made up: it takes each nonce once, as a pool does.
import { expect, test, vi } from 'vitest';
import { concat, hex, unhex, utf8, type Hex } from '../bytes.js';
import { development } from './account.js';
import { Chain } from './chain.js';
import { decode } from './extrinsic.js';
import { RpcError, type Rpc } from './rpc.js';

const zero: Hex = `0x${'00'.repeat(32)}`;

class Node {
  up = true;
  pool: Hex[] = [];
  call = async (method: string): Promise<unknown> => {
    switch (method) {
      case 'system_accountNextIndex':
        return this.pool.length;
      case 'chain_getHeader':
        return { number: '0x0' };
      case 'chain_getBlock':
        return { block: { extrinsics: this.pool } };
    }
    return zero;
  };
  onChange = (): (() => void) => () => undefined;
  subscribe = async (_: string, __: string, [extrinsic]: Hex[], f: (status: unknown) => void): Promise<() => void> => {
    await Promise.resolve();
    if (decode(unhex(extrinsic!)).nonce !== this.pool.length) throw new RpcError(1014, 'Priority is too low');
    this.pool.push(extrinsic!);
    setTimeout(() => f({ inBlock: zero }), 5);
    return () => undefined;
  };
}

const chain = (node: Node): Chain => {
  const made = new (Chain as unknown as new (...args: unknown[]) => Chain)(node as unknown as Rpc, zero, 'test', { specName: 't', specVersion: 1, transactionVersion: 1 }, 12, 'T');
  made.events = async () => [];
  return made;
};

test('two commands of an account at once have two nonces', async () => {
  const node = new Node();
  const c = chain(node);
  const alice = development('Alice');
  const done = await Promise.all(['one', 'two', 'three'].map((text) => c.submit(utf8(text), alice)));
  expect(done.map((d) => d.index)).toEqual([0, 1, 2]);
  expect(node.pool.map((x) => decode(unhex(x)).nonce)).toEqual([0, 1, 2]);
  expect(hex(concat(...node.pool.map((x) => decode(unhex(x)).call)))).toBe(hex(utf8('onetwothree')));
});

test('a wallet that refuses holds up nobody', async () => {
  const c = chain(new Node());
  const alice = development('Alice');
  const refused = c.submit(utf8('one'), { ...alice, signTransaction: async () => Promise.reject(new Error('Cancelled')) });
  const next = c.submit(utf8('two'), alice);
  await expect(refused).rejects.toThrow('Cancelled');
  expect((await next).index).toBe(0);
});

test('a wallet that never answers holds up its account for a minute', async () => {
  vi.useFakeTimers();
  try {
    const c = chain(new Node());
    const alice = development('Alice');
    void c.submit(utf8('one'), { ...alice, signTransaction: () => new Promise(() => undefined) });
    const next = c.submit(utf8('two'), alice);
    await vi.advanceTimersByTimeAsync(60_100);
    expect((await next).index).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
