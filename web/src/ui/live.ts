// What is asked again and again while a page is shown.

/** every runs work now, and again so many milliseconds after it ended, until signal
 * ends. Faults are told to trouble, and nothing tells of the end of them. */
export function every(ms: number, signal: AbortSignal, work: () => Promise<void>, trouble: (words: string) => void = () => undefined): void {
  const again = (): void => {
    if (signal.aborted) return;
    void work().then(() => trouble(''), (e: unknown) => trouble(e instanceof Error ? e.message : String(e))).finally(() => setTimeout(again, ms));
  };
  again();
}

/** Drawn draws anew only what differs from what is shown, so that the focus stays
 * where it is. */
export class Drawn {
  #shown: string | undefined;

  constructor(private readonly into: HTMLElement) {}

  /** show draws when key is another one than the last. */
  show(key: unknown, draw: () => (Node | string)[]): void {
    const now = JSON.stringify(key, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
    if (now === this.#shown) return;
    this.#shown = now;
    this.into.replaceChildren(...draw());
  }
}

/** ticking calls f each second until signal ends. */
export function ticking(signal: AbortSignal, f: () => void): void {
  f();
  const timer = setInterval(f, 1_000);
  signal.addEventListener('abort', () => clearInterval(timer));
}
