// Codes and contracts: from the bytes that a build made to a contract that can be
// called.

import { Bytes, Vector } from 'scale-ts';
import { blake2, concat, hex, unhex, utf8, type Hex } from '../bytes.js';
import type { Account } from '../chain/account.js';
import type { Chain } from '../chain/chain.js';
import { order, paying, type Outcome, type Progress } from './confidential.js';

const chunkSize = 256 << 10;
const mostChunks = 8;

/** pack compresses a code, unless it is compressed. */
export async function pack(code: Uint8Array): Promise<Uint8Array> {
  if (code[0] === 0x1f && code[1] === 0x8b) return code;
  if (hex(code.subarray(0, 4)) !== '0x0061736d') throw new Error('This is no WebAssembly.');
  const stream = new Blob([code as BlobPart]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** chunks cuts a compressed code as it goes on the chain. */
export function chunks(packed: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < packed.length; at += chunkSize) list.push(packed.subarray(at, at + chunkSize));
  if (list.length > mostChunks) throw new Error(`The code has ${packed.length} bytes, compressed; at most ${mostChunks * chunkSize} fit.`);
  return list;
}

/** codeHash names a code: the hash of the list of its chunks' hashes. */
export const codeHash = (list: Uint8Array[]): Hex => hex(blake2(Vector(Bytes(32)).enc(list.map((c) => blake2(c)))));

/** contractId is the address of a contract. */
export const contractId = (deployer: Uint8Array, code: Hex, cluster: Hex, salt: Uint8Array): Hex =>
  hex(blake2(concat(deployer, unhex(code), unhex(cluster), salt)));

/** upload puts a compressed code on the chain, unless it is there, and returns its
 * name. on hears of each chunk. */
export async function upload(chain: Chain, who: Account, packed: Uint8Array, on: (done: number, of: number) => void = () => undefined): Promise<Hex> {
  const list = chunks(packed);
  const code = codeHash(list);
  const hashes = list.map((c) => hex(blake2(c)));
  const known = await chain.storage<{ have: number }>('Contracts', 'Codes', [code]);
  for (const [index, bytes] of list.entries()) {
    on(index, list.length);
    if (!((known?.have ?? 0) & (1 << index))) await chain.submit(chain.encodeCall('Contracts', 'upload_chunk', { code, hashes, index, bytes }), who);
  }
  on(list.length, list.length);
  return code;
}

/** createCluster makes a cluster and waits until its workers have made its keys. */
export async function createCluster(chain: Chain, who: Account, replicas = 1): Promise<Hex> {
  const included = await chain.submit(chain.encodeCall('Clusters', 'create', { replicas, tier: 0, keepers: 0, threshold: 0 }), who);
  const cluster = included.events.find((e) => e.pallet === 'Clusters' && e.name === 'ClusterCreated')?.fields.cluster as Hex | undefined;
  if (!cluster) throw new Error('The chain made no cluster.');
  await chain.follow(included.block.number, (_, events) =>
    events.some((e) => e.pallet === 'Clusters' && e.name === 'ClusterReady' && e.fields.cluster === cluster) || undefined);
  return cluster;
}

/** Made is a contract and how its constructor ended. */
export interface Made {
  contract: Hex;
  outcome: Outcome;
}

/** instantiate makes a contract of a code in a cluster, by an encrypted call of its
 * constructor, which is given value. Another salt makes another contract. */
export async function instantiate(
  chain: Chain, who: Account, cluster: Hex, code: Hex, input: Uint8Array, on: Progress, value = 0n, salt = utf8(Date.now().toString(36)),
): Promise<Made> {
  const contract = contractId(who.publicKey, code, cluster, salt);
  const outcome = await order(chain, who, {
    cluster, contract, ...paying(value, input),
    call: (envelope) => chain.encodeCall('Contracts', 'instantiate', { cluster, code, salt, envelope }),
    queued: ['Contracts', 'Instantiating'],
  }, on);
  return { contract, outcome };
}
