// One message and its answer, as everybody sees it and as the caller sees it.

import './contract.css';
import { type Account, type Asked, hex, type Included, type Outcome, type Progress, type Receipt, type Result, type Sealed } from '@tacit-network/sdk';
import { copyable, dump } from '../ui/code';
import { grouped, h, set } from '../ui/dom';

/** Doing is a message that somebody sends. */
export interface Doing {
  kind: 'command' | 'query';
  who: Account;
  /** written is how people write it, input how it is sent. */
  written: string;
  input: Uint8Array;
  /** call is the chain's call that brings a command. */
  call: string;
  /** read makes words of what came back. */
  read(output: Uint8Array): Result;
}

/** Exchange is one article of the log. */
export class Exchange implements Progress {
  readonly element: HTMLDetailsElement;
  /** summary tells in words how it ended. */
  summary = '';
  /** block is the one that a command is in. */
  block = 0;
  #steps: HTMLElement[];
  #doing: string[];
  #theirs = { message: cell('Everybody', 'The chain sees nothing yet.'), answer: cell('Everybody', 'Nothing yet.') };
  #mine = { message: cell('You', 'Encrypting…'), answer: cell('You', 'Waiting for the answer…') };
  #result = h('span', { class: 'exchange__result' }, 'Encrypting');
  #started = performance.now();

  constructor(private readonly what: Doing) {
    const sent = what.kind === 'command';
    this.#doing = sent ? ['Encrypting', 'Waiting for a block', 'Waiting for the enclave', 'Decrypting'] : ['Encrypting', 'Asking', 'Decrypting'];
    const done = sent
      ? ['Encrypted in this page', 'Ordered by the chain', 'Executed in the enclave', 'Answer decrypted here']
      : ['Encrypted in this page', 'Answered by the enclave', 'Answer decrypted here'];
    this.#steps = done.map((n) => h('li', {}, n));
    this.element = h('details', { class: 'exchange', open: true, 'data-kind': what.kind, 'data-state': 'open' },
      h('summary', {}, h('span', { class: 'exchange__mark', 'aria-hidden': 'true' }), h('span', { class: 'exchange__who' }, what.who.name), h('code', {}, what.written), this.#result),
      h('ol', { class: 'steps' }, ...this.#steps),
      h('div', { class: 'views' },
        h('h4', { class: 'views__theirs' }, 'What everybody sees'),
        h('h4', { class: 'views__mine' }, 'What you see'),
        this.#theirs.message, this.#mine.message, this.#theirs.answer, this.#mine.answer,
      ),
    );
    this.#step(0);
  }

  #step(n: number): void {
    this.#steps.forEach((li, i) => {
      li.className = i < n ? 'steps__done' : i === n ? 'steps__now' : '';
      if (i === n) li.setAttribute('aria-current', 'step');
      else li.removeAttribute('aria-current');
    });
    if (n < this.#steps.length) set(this.#result, `${this.#doing[n]}…`);
  }

  sealed(s: Sealed): void {
    fill(this.#mine.message, 'Your message',
      row('Call', h('code', { class: 'clear' }, this.what.written)),
      row('Input', dump(hex(this.what.input), 'the input')),
      row('Nonce', h('code', {}, hex(s.nonce))),
      row('Size', `${grouped(s.plaintext.length)} bytes, padded to ${grouped(s.padded)}`),
    );
    this.#theirs.message.dataset.envelope = hex(s.envelope);
    this.#step(1);
  }

  included(i: Included, seq: bigint): void {
    this.block = i.block.number;
    fill(this.#theirs.message, `In block ${grouped(i.block.number)}`,
      row('Signed by', `${this.what.who.name}, ${this.what.who.address.slice(0, 6)}…${this.what.who.address.slice(-4)}`),
      row('Call', h('code', {}, this.what.call)),
      row('Transaction', copyable(i.hash, 'Hash of the transaction')),
      row('Queue', `message ${grouped(seq)} of the cluster`),
      row('Envelope', dump(this.#theirs.message.dataset.envelope!, 'the envelope'), 'ciphertext'),
    );
    fill(this.#theirs.answer, 'The answer', 'Nothing yet.');
    this.#step(2);
  }

  receipt(r: Receipt): void {
    fill(this.#theirs.answer, `Receipt in block ${grouped(r.block.number)}`,
      row('Event', h('code', {}, 'Contracts.CommandDone')),
      row('Status', r.status),
      row('Gas', `at most ${grouped(r.gas)}`),
      row('Signed by', copyable(r.worker, 'Identity of the worker')),
      r.output.length ? row('Output', dump(hex(r.output), 'the output'), 'ciphertext') : row('Output', 'none'),
    );
    this.#step(3);
  }

  /** finish shows what the receipt of a command holds. */
  finish(o: Outcome): void {
    this.#conclude(o, 'Receipt, decrypted');
  }

  /** answered shows a query and its answer. */
  answered(a: Asked): void {
    fill(this.#theirs.message, 'Nothing on the chain',
      row('On the chain', 'A query never touches it.'),
      row('On the wire', dump(hex(a.sealed.envelope), 'the envelope'), 'ciphertext'),
    );
    fill(this.#theirs.answer, 'The answer on the wire', row('Size', `${grouped(a.replied.length)} bytes, with padding`), row('Envelope', dump(hex(a.replied), 'the answer'), 'ciphertext'));
    this.#conclude(a.outcome, `Answer as of block ${grouped(a.answer.block)}, signed by the worker`);
  }

  #conclude(o: Outcome, title: string): void {
    let words: string;
    let good = false;
    if (o.status === 'Ok' || o.status === 'Reverted') {
      try {
        const r = this.what.read(o.output);
        good = r.ok;
        words = r.ok ? r.value || 'Done' : r.error;
      } catch {
        words = `${o.status}: ${o.error || hex(o.output)}`;
      }
    } else {
      words = o.error ? `${o.status}: ${o.error}` : o.status;
    }
    const ms = Math.round(performance.now() - this.#started);
    fill(this.#mine.answer, title,
      row('Result', h('strong', { class: good ? 'answer answer--good' : 'answer answer--bad' }, words)),
      o.status === 'Ok' || o.status === 'Reverted' ? row('Bytes', dump(hex(o.output), 'the output')) : null,
      row('Gas', grouped(o.gas)),
      row('After', h('span', { 'data-ms': ms }, `${grouped(ms)} ms`)),
    );
    this.#end(good ? 'done' : 'refused', words);
  }

  /** fail says that it did not come to an answer, and why. */
  fail(why: string): void {
    if (!this.#mine.message.querySelector('dl')) fill(this.#mine.message, 'Your message', row('Call', h('code', { class: 'clear' }, this.what.written)));
    fill(this.#mine.answer, 'It did not work', row('Why', h('span', { class: 'answer--bad' }, why)));
    this.#end('failed', why);
  }

  #end(state: string, words: string): void {
    this.element.dataset.state = state;
    if (state === 'failed') this.#steps.forEach((li) => li.classList.replace('steps__now', 'steps__failed'));
    else this.#step(this.#steps.length);
    set(this.#result, words);
    this.summary = `${this.what.written} as ${this.what.who.name}: ${words}`;
  }
}

function cell(side: 'Everybody' | 'You', words: string): HTMLElement {
  return h('div', { class: side === 'You' ? 'view view--mine' : 'view view--theirs' }, h('p', { class: 'quiet' }, words));
}

function row(name: string, value: Node | string, kind = ''): HTMLElement {
  return h('div', kind ? { class: kind } : {}, h('dt', {}, name), h('dd', {}, value));
}

function fill(el: HTMLElement, title: string, ...rows: (HTMLElement | string | null)[]): void {
  const list = rows.filter((r): r is HTMLElement => r instanceof HTMLElement);
  const words = rows.filter((r): r is string => typeof r === 'string');
  el.replaceChildren(h('h5', {}, title), ...(list.length ? [h('dl', { class: 'rows' }, ...list)] : []), ...words.map((w) => h('p', { class: 'quiet' }, w)));
}
