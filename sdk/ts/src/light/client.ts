// A light client: it knows the genesis hash, and believes a node nothing that it
// does not prove.

import { unhex, type Hex } from '../bytes.js';
import type { Chain } from '../chain/chain.js';
import { decodeHeader, encodeHeader, verifyJustification, type AuthoritySet, type Header } from './grandpa.js';
import { Reader } from './reader.js';
import { read } from './trie.js';

interface Justified {
  header: Hex;
  justification: Hex;
}

/** LightClient follows finality from genesis over every change of the validators,
 * and reads the state with proofs. */
export class LightClient {
  private constructor(
    private readonly chain: Chain,
    private set: AuthoritySet,
    private newest: Header,
  ) {}

  /** open starts at a genesis whose hash the caller knows from elsewhere: a chain
   * spec, a receipt, a friend. */
  static async open(chain: Chain, genesis: Hex): Promise<LightClient> {
    const header = decodeHeader(await raw(chain, 0));
    if (header.hash !== genesis || header.number !== 0) throw new Error(`The node's chain begins with ${header.hash}, not with ${genesis}.`);
    const client = new LightClient(chain, { id: 0n, authorities: [] }, header);
    const list = await client.bytes(chain.key('Grandpa', 'Authorities'));
    if (!list) throw new Error('The chain has no authorities at its begin.');
    const r = new Reader(list);
    const authorities = r.list(40, () => {
      const id = r.hash();
      r.u64();
      return id;
    });
    r.end();
    client.set = { id: 0n, authorities };
    return client;
  }

  /** final is the newest header that was proven. */
  get final(): Header {
    return this.newest;
  }

  /** authorities are the set that finalises the next block. */
  get authorities(): AuthoritySet {
    return this.set;
  }

  /** sync follows the chain to the newest block that the node can prove. */
  async sync(): Promise<Header> {
    for (;;) {
      const list = await this.chain.rpc.call<Justified[]>('tacit_setChanges', Number(this.set.id));
      for (const j of list) this.take(j);
      if (!list.length) break;
    }
    const last = await this.chain.rpc.call<Justified | null>('tacit_latestFinality');
    if (last) {
      const header = decodeHeader(unhex(last.header));
      if (header.number > this.newest.number) this.take(last);
    }
    return this.newest;
  }

  /** take believes a header that the set signed, and hands over to the next set
   * where the header says so. */
  take(j: Justified): void {
    const header = decodeHeader(unhex(j.header));
    if (header.number <= this.newest.number) throw new Error(`Block ${header.number} is older than what is known.`);
    verifyJustification(unhex(j.justification), header, this.set);
    if (header.next) this.set = { id: this.set.id + 1n, authorities: header.next };
    this.newest = header;
  }

  /** bytes reads the value under a key of the state after the newest final block,
   * with proof. */
  async bytes(key: Hex): Promise<Uint8Array | undefined> {
    const { proof } = await this.chain.rpc.call<{ proof: Hex[] }>('state_getReadProof', [key], this.newest.hash);
    return read(this.newest.stateRoot, proof.map(unhex), unhex(key));
  }

  /** storage reads an item, with proof. */
  async storage<T>(pallet: string, item: string, keys: unknown[] = []): Promise<T | undefined> {
    const value = await this.bytes(this.chain.key(pallet, item, keys));
    return value && this.chain.decode<T>(pallet, item, value);
  }
}

async function raw(chain: Chain, number: number): Promise<Uint8Array> {
  const hash = await chain.hashOf(number);
  const header = hash && (await chain.rpc.call<{ parentHash: Hex; number: Hex; stateRoot: Hex; extrinsicsRoot: Hex; digest: { logs: Hex[] } } | null>('chain_getHeader', hash));
  if (!header) throw new Error(`The node has no block ${number}.`);
  return encodeHeader(header);
}
