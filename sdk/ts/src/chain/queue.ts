// The queues of messages that the chain keeps for workers and for clusters. Who
// relies on them checks their hash chain, as workers do; what is read here is what
// the node says.

import { Bytes, Enum, Struct, u32, u64 } from 'scale-ts';
import { concat, equal, hex, text, unhex, type Hex } from '../bytes.js';
import type { Chain } from './chain.js';

const bytes32 = Bytes(32);

/** origin is who sends a message. */
export const origin = Enum({ pallet: Bytes(), contract: bytes32, worker: bytes32, account: bytes32, cluster: bytes32 }, [0, 1, 2, 3, 6]);

const codec = Struct({ seq: u64, block: u32, time: u64, origin, payload: Bytes() });

/** Destination is whose queue it is. */
export type Destination = { worker: Hex } | { cluster: Hex };

/** Queued is one message of a queue. */
export interface Queued {
  seq: bigint;
  /** block is the number of the one that put it into the queue. */
  block: number;
  /** time is that block's, in milliseconds since 1970. */
  time: bigint;
  /** from names a pallet, or has the 32 bytes of who sent it. */
  from: { tag: 'pallet'; name: string } | { tag: 'contract' | 'worker' | 'account' | 'cluster'; id: Hex };
  /** kind is the name of the message in the metadata; what is in it may be sealed. */
  kind: string;
  payload: Uint8Array;
}

/** The names of WorkerMessage and ClusterMessage, by their indices. */
const kinds = {
  worker: ['Registered', 'ClusterJoin', 'Removed', 'ClusterSecret', 'EpochWanted', 'EpochChosen', 'Newcomer', 'ClusterLeft', 'SnapshotWanted', 'SnapshotKept', 'ShareWanted', 'Share'],
  cluster: ['Instantiate', 'Command', 'Code', 'Deposit', 'Return', 'Transact', 'Epoch', 'MakeSnapshot', 'Terms'],
};

const bytesOf = (to: Destination): Uint8Array => ('worker' in to ? concat(Uint8Array.of(2), unhex(to.worker)) : concat(Uint8Array.of(6), unhex(to.cluster)));

/** queued decodes a message of a queue. */
export function queued(to: Destination, bytes: Uint8Array): Queued {
  const m = codec.dec(new Uint8Array(bytes)); // the codec reads a whole buffer
  if (!equal(codec.enc(m), bytes)) throw new Error('That is no message of a queue: bytes are missing, or too many.');
  const from: Queued['from'] = m.origin.tag === 'pallet' ? { tag: 'pallet', name: text(m.origin.value) } : { tag: m.origin.tag, id: hex(m.origin.value) };
  const kind = kinds['worker' in to ? 'worker' : 'cluster'][m.payload[0] ?? -1] ?? 'unknown';
  return { seq: m.seq, block: m.block, time: m.time, from, kind, payload: m.payload };
}

/** messages reads the last messages of a queue that the node still has, the newest
 * first. */
export async function messages(chain: Chain, to: Destination, last = 10): Promise<Queued[]> {
  const name = hex(bytesOf(to));
  const { count } = await chain.rpc.call<{ count: number }>('tacit_queueHead', name);
  const list = await chain.rpc.call<Hex[]>('tacit_queueMessages', name, Math.max(0, count - last), last);
  return list.map((m) => queued(to, unhex(m))).reverse();
}
