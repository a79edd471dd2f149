// Who can act in this page: the development accounts on a chain that has them,
// and the accounts of wallet extensions that were connected.

import { development, extensionsIn, names, open, type Account, type Extension } from '@tacit-network/sdk';

const key = 'tacit-wallets';

/** Wallets are the accounts of this visit. */
export class Wallets {
  readonly development: Account[];
  #connected = new Map<string, Account[]>();
  #changed = new Set<() => void>();

  constructor(dev: boolean) {
    this.development = dev ? names.map(development) : [];
  }

  /** all accounts, those of wallets first. */
  get all(): Account[] {
    return [...[...this.#connected.values()].flat(), ...this.development];
  }

  /** find returns the account with an address or a name, or undefined. */
  find(who: string): Account | undefined {
    return this.all.find((a) => a.address === who || a.name === who);
  }

  /** extensions are the wallets that the page has. */
  get extensions(): [string, Extension][] {
    return Object.entries(extensionsIn());
  }

  /** connected says whether a wallet's accounts are here. */
  connected(name: string): boolean {
    return this.#connected.has(name);
  }

  /** connect asks a wallet for its accounts, which its user may refuse. */
  async connect(name: string): Promise<Account[]> {
    const wallet = extensionsIn()[name];
    if (!wallet) throw new Error(`There is no wallet ${name} in this browser.`);
    const list = await open(wallet, 'Tacit console');
    this.#connected.set(name, list);
    this.#remember();
    this.#changed.forEach((f) => f());
    return list;
  }

  /** disconnect forgets a wallet's accounts. */
  disconnect(name: string): void {
    this.#connected.delete(name);
    this.#remember();
    this.#changed.forEach((f) => f());
  }

  /** resume connects the wallets of the last visit, as far as they are there. */
  async resume(): Promise<void> {
    let list: string[] = [];
    try {
      list = JSON.parse(localStorage.getItem(key) ?? '[]') as string[];
    } catch {
      return; // nothing is remembered
    }
    for (const name of list) if (extensionsIn()[name]) await this.connect(name).catch(() => undefined);
  }

  /** onChange calls f when accounts come or go. */
  onChange(f: () => void, signal: AbortSignal): void {
    this.#changed.add(f);
    signal.addEventListener('abort', () => this.#changed.delete(f));
  }

  #remember(): void {
    try {
      localStorage.setItem(key, JSON.stringify([...this.#connected.keys()]));
    } catch {
      // They are connected for this visit only.
    }
  }
}
