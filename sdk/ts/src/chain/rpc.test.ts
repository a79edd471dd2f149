// A socket in the place of the platform's, whose other end is this test.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Disconnected, Rpc } from './rpc.js';

class Socket {
  static all: Socket[] = [];
  sent: { id: number; method: string; params: unknown[] }[] = [];
  closed = false;
  onopen?: () => void;
  onmessage?: (m: { data: unknown }) => void;
  onclose?: () => void;
  constructor() {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.();
  }
  say(m: unknown): void {
    this.onmessage!({ data: typeof m === 'string' ? m : JSON.stringify(m) });
  }
}

const connect = (): [Rpc, Socket] => {
  const rpc = new Rpc('ws://node', () => new Socket() as unknown as WebSocket);
  const socket = Socket.all.at(-1)!;
  socket.onopen!();
  return [rpc, socket];
};

beforeEach(() => {
  Socket.all = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test('answers go to who asked, whatever their order', async () => {
  const [rpc, socket] = connect();
  const both = [rpc.call('a'), rpc.call('b')];
  socket.say({ id: 99, result: 'nobody asked' });
  socket.say({ id: socket.sent[1]!.id, result: 2 });
  socket.say({ id: socket.sent[0]!.id, result: 1 });
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test.each(['noise', '', 'null', '7', '"text"', '{"id": 1, "result": '])('a node that says %j is left, and asked again', async (noise) => {
  const [rpc, socket] = connect();
  const answer = rpc.call('a');
  const refused = expect(answer).rejects.toThrow(Disconnected);
  socket.say(noise);
  await refused;
  expect([socket.closed, rpc.up]).toEqual([true, false]);
  vi.advanceTimersByTime(250);
  expect(Socket.all).toHaveLength(2);
});

test.each([[{}, 'refused'], [{ code: 5, data: 'why' }, 'why'], [{ code: 5, message: 'no', data: { x: 1 } }, 'no'], [{ message: 5, data: 'why' }, '5: why']])(
  'an error %j settles the call',
  async (error, words) => {
    const [rpc, socket] = connect();
    const answer = rpc.call('a');
    socket.say({ id: socket.sent[0]!.id, error });
    await expect(answer).rejects.toThrow(words);
  },
);

test('what is closed stays closed, also between two attempts', () => {
  const [rpc, socket] = connect();
  socket.close();
  rpc.close();
  vi.advanceTimersByTime(60_000);
  expect(Socket.all).toHaveLength(1);
});

test('what comes before the name of its subscription is not lost, and what comes after its end is not kept', async () => {
  const [rpc, socket] = connect();
  const got: unknown[] = [];
  const note = (subscription: string, result: unknown): void => socket.say({ method: 'note', params: { subscription, result } });
  const opened = rpc.subscribe('sub', 'unsub', [], (x) => got.push(x));
  note('s', 1);
  note('stranger', 1);
  socket.say({ id: socket.sent[0]!.id, result: 's' });
  const end = await opened;
  note('s', 2);
  expect(got).toEqual([1, 2]);
  end();
  note('s', 3);
  expect(socket.sent.at(-1)).toMatchObject({ method: 'unsub', params: ['s'] });

  // A later one of the same names hears only of itself.
  for (const name of ['s', 'stranger']) {
    const later: unknown[] = [];
    const again = rpc.subscribe('sub', 'unsub', [], (x) => later.push(x));
    socket.say({ id: socket.sent.at(-1)!.id, result: name });
    await again;
    expect(later, name).toEqual([]);
  }
});
