// JSON-RPC over one WebSocket, which is opened again whenever it closes.

/** RpcError is what the node refused, with its number. */
export class RpcError extends Error {
  constructor(readonly code: number, message: string, readonly data?: unknown) {
    super(typeof data === 'string' && !message.includes(data) ? `${message}: ${data}` : message);
  }
}

/** Disconnected says that the node went away before it answered. */
export class Disconnected extends Error {
  constructor() {
    super('The connection to the node was lost.');
  }
}

/** Message is what a node sends. */
interface Message {
  id?: number;
  result?: unknown;
  error?: { code: number; message?: string; data?: unknown };
  params?: { subscription: string; result: unknown };
}

/** parse reads a message; what is none is undefined. */
function parse(data: unknown): Message | undefined {
  try {
    const m: unknown = JSON.parse(String(data));
    return typeof m === 'object' && m !== null ? m : undefined;
  } catch {
    return undefined;
  }
}

type Waiter = { resolve(value: unknown): void; reject(e: Error): void };
type Listener = (result: unknown) => void;

/** Rpc is a connection to a node. */
export class Rpc {
  /** up says whether the connection is open. */
  up = false;
  #socket: WebSocket | undefined;
  #id = 0;
  #waiters = new Map<number, Waiter>();
  #listeners = new Map<string, Listener>();
  /** #early has what comes for subscriptions whose names are still on their way. */
  #early = new Map<string, unknown[]>();
  #subscribing = 0;
  #opened = new Set<() => void>();
  #changed = new Set<(up: boolean) => void>();
  #pause = 250;
  #again: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** make makes a socket; by default it is the platform's own, which Node has
   * since version 22 (20 with --experimental-websocket). */
  constructor(readonly url: string, private readonly make: (url: string) => WebSocket = (u) => new WebSocket(u)) {
    this.#open();
  }

  /** onOpen calls f each time the connection opens, and now if it is open, until
   * the returned function is called. */
  onOpen(f: () => void): () => void {
    this.#opened.add(f);
    if (this.up) f();
    return () => this.#opened.delete(f);
  }

  /** onChange tells f whether the connection is up, now and later, until the
   * returned function is called. */
  onChange(f: (up: boolean) => void): () => void {
    this.#changed.add(f);
    f(this.up);
    return () => this.#changed.delete(f);
  }

  /** close ends the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#again);
    this.#socket?.close();
  }

  /** call asks once. */
  call<T>(method: string, ...params: unknown[]): Promise<T> {
    const socket = this.#socket;
    if (!socket || !this.up) return Promise.reject(new Disconnected());
    const id = ++this.#id;
    return new Promise<T>((resolve, reject) => {
      this.#waiters.set(id, { resolve: resolve as (v: unknown) => void, reject });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** subscribe calls f with each notification until the returned function is
   * called or the connection closes. */
  async subscribe<T>(method: string, end: string, params: unknown[], f: (result: T) => void): Promise<() => void> {
    this.#subscribing++;
    let id: string;
    let early: unknown[];
    try {
      id = await this.call<string>(method, ...params);
      this.#listeners.set(id, f as Listener);
      early = this.#early.get(id) ?? [];
      this.#early.delete(id);
    } finally {
      if (!--this.#subscribing) this.#early.clear();
    }
    for (const result of early) f(result as T);
    return () => {
      if (this.#listeners.delete(id)) this.call(end, id).catch(() => undefined);
    };
  }

  #open(): void {
    const socket = this.make(this.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = 250;
      this.#set(true);
      for (const f of this.#opened) f();
    };
    socket.onmessage = (m) => {
      const message = parse(m.data);
      if (message) this.#receive(message);
      else socket.close(); // what it was an answer to is not known: all are over
    };
    socket.onclose = () => {
      this.#set(false);
      for (const w of this.#waiters.values()) w.reject(new Disconnected());
      this.#waiters.clear();
      this.#listeners.clear();
      this.#early.clear();
      if (this.#closed) return;
      this.#again = setTimeout(() => this.#open(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, 5_000);
    };
  }

  #set(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    for (const f of this.#changed) f(up);
  }

  #receive(m: Message): void {
    if (m.params) {
      const { subscription, result } = m.params;
      const listener = this.#listeners.get(subscription);
      if (listener) listener(result);
      else if (this.#subscribing) this.#early.set(subscription, [...(this.#early.get(subscription) ?? []), result].slice(-16));
      return;
    }
    const waiter = m.id === undefined ? undefined : this.#waiters.get(m.id);
    if (!waiter) return;
    this.#waiters.delete(m.id!);
    if (m.error) waiter.reject(new RpcError(m.error.code, String(m.error.message ?? 'The node refused it'), m.error.data));
    else waiter.resolve(m.result);
  }
}
