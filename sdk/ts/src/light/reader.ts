// Reads SCALE from bytes that a stranger sent.

import { hex, type Hex } from '../bytes.js';

/** Reader takes bytes from the front, and throws when there are too few. */
export class Reader {
  #at = 0;
  constructor(private readonly data: Uint8Array) {}

  get left(): number {
    return this.data.length - this.#at;
  }

  take(n: number): Uint8Array {
    if (n > this.left) throw new Error('The bytes end too early.');
    const part = this.data.subarray(this.#at, this.#at + n);
    this.#at += n;
    return part;
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u32(): number {
    return new DataView(this.take(4).slice().buffer).getUint32(0, true);
  }

  u64(): bigint {
    return new DataView(this.take(8).slice().buffer).getBigUint64(0, true);
  }

  hash(): Hex {
    return hex(this.take(32));
  }

  /** compact reads a number of at most 32 bits, in its shortest form. */
  compact(): number {
    const first = this.u8();
    switch (first & 3) {
      case 0:
        return first >> 2;
      case 1: {
        const n = (first | (this.u8() << 8)) >> 2;
        if (n < 64) throw new Error('A number is longer than it must be.');
        return n;
      }
      case 2: {
        const [a, b, c] = this.take(3);
        const n = (first | (a! << 8) | (b! << 16) | (c! << 24)) >>> 2;
        if (n < 1 << 14) throw new Error('A number is longer than it must be.');
        return n;
      }
    }
    if (first !== 3) throw new Error('A number is over 32 bits.');
    const n = this.u32();
    if (n < 1 << 30) throw new Error('A number is longer than it must be.');
    return n;
  }

  /** list reads a length and so many elements, each of at least so many bytes. */
  list<T>(least: number, element: () => T): T[] {
    const n = this.compact();
    if (n * least > this.left) throw new Error('A list is longer than its bytes.');
    return Array.from({ length: n }, element);
  }

  bytes(): Uint8Array {
    return this.take(this.compact());
  }

  end(): void {
    if (this.left) throw new Error(`${this.left} bytes are left over.`);
  }
}
