// What the program that serves the page says about where things are.

import type { Hex, Metadata } from '@tacit-network/sdk';

/** Config is /config.json. */
export interface Config {
  rpc: string;
  worker: string | null;
  chain: string;
  contract: Hex | null;
  cluster: Hex | null;
  /** metadata and code are of the contract; by its code it is found where
   * contract is null. */
  metadata: Metadata | null;
  code?: Hex;
  /** development is there where the page may break things, as in tacit dev. */
  development?: { token: string };
}

/** readConfig asks for it. */
export async function readConfig(): Promise<Config> {
  const response = await fetch('./config.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  const config = (await response.json()) as Config;
  return { ...config, worker: config.worker || null };
}
