// Which worker is asked, and where it answers.

import { type Cluster, type Hex, text, type Target } from '@tacit-network/sdk';
import type { World } from '../pages/pages';

/** endpoint is where a worker answers: what it published, else what the console
 * was told. */
export async function endpoint({ chain, config }: World, identity: Hex): Promise<string | null> {
  const published = await chain.storage<Uint8Array[]>('Registry', 'Endpoints', [identity]);
  return (published?.[0] && text(published[0]).replace(/\/$/, '')) ?? config.worker;
}

/** target is the first member of a cluster that is registered. */
export async function target(world: World, cluster: Hex): Promise<Target> {
  const found = await world.chain.storage<Cluster>('Clusters', 'Clusters', [cluster]);
  for (const identity of found?.members ?? []) {
    const worker = await world.chain.storage<{ hpke: Target['keys'] }>('Registry', 'Workers', [identity]);
    if (worker) return { identity, keys: worker.hpke, url: () => endpoint(world, identity) };
  }
  throw new Error('No worker of this cluster is registered now.');
}
