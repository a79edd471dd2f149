// Sessions of this visit: an account signs once that a key of this page may ask for
// it, and is not bothered again until that ends.

import { session, type Account, type Asker, type Chain } from '@tacit-network/sdk';

const margin = 50; // blocks

/** Sessions makes one for each account that asks something. */
export class Sessions {
  #open = new Map<string, Promise<Asker>>();

  constructor(private readonly chain: Chain) {}

  /** of returns the account's session, and has the account sign for a new one where
   * there is none that is good for long enough. */
  async of(account: Account): Promise<Asker> {
    const known = this.#open.get(account.address);
    if (known) {
      const [asker, head] = await Promise.all([known, this.chain.header()]);
      if ((asker.certificate?.until ?? 0) > head.number + margin) return asker;
    }
    const made = session(this.chain, account);
    this.#open.set(account.address, made);
    made.catch(() => this.#open.delete(account.address));
    return made;
  }
}
