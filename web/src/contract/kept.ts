// The metadata of contracts, which the chain does not have: that of the demo, which
// the console is told, and what the reader brought, kept in this browser under the
// contract's address and its code.

import { Contract, unhex, type Hex, type Metadata } from '@tacit-network/sdk';
import type { Config } from '../config';

const prefix = 'tacit-metadata-';
const most = 64;
const mostBytes = 256 << 10;

/** known returns what is known of a contract's messages. */
export function known(config: Config, contract: Hex, code: Hex): Metadata | null {
  for (const name of [contract, code]) {
    try {
      const text = localStorage.getItem(prefix + name);
      if (text) return check(JSON.parse(text));
    } catch {
      // What is kept is not readable, or nothing is kept here.
    }
  }
  return config.metadata && (config.code === code || config.contract === contract) ? config.metadata : null;
}

/** keep remembers metadata under a contract's address, or the hash of a code. */
export function keep(name: Hex, metadata: Metadata): void {
  try {
    const all = Object.keys(localStorage).filter((k) => k.startsWith(prefix) && k !== prefix + name);
    for (const old of all.slice(0, Math.max(0, all.length - most + 1))) localStorage.removeItem(old);
    localStorage.setItem(prefix + name, JSON.stringify(metadata));
  } catch {
    // It is known for this visit only, or not at all.
  }
}

/** forget undoes keep. */
export function forget(name: Hex): void {
  try {
    localStorage.removeItem(prefix + name);
  } catch {
    // Nothing is kept.
  }
}

/** Bundle is what a build makes of a contract, as far as it was brought. */
export interface Bundle {
  metadata?: Metadata;
  code?: Uint8Array;
}

/** read reads files of a build: metadata in JSON, a code, or a .contract, which has
 * both. */
export async function read(files: Iterable<File>): Promise<Bundle> {
  const bundle: Bundle = {};
  for (const file of files) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (bytes.length > 8 << 20) throw new Error(`${file.name} is larger than 8 MiB.`);
    if (bytes[0] !== 0x7b) {
      bundle.code = bytes;
      continue;
    }
    let json: { source?: { wasm?: string } };
    try {
      json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as typeof json;
    } catch {
      throw new Error(`${file.name} is no JSON.`);
    }
    if (json.source?.wasm) {
      bundle.code = unhex(json.source.wasm);
      delete json.source.wasm;
    }
    bundle.metadata = check(json, file.name);
  }
  return bundle;
}

function check(json: unknown, name = 'It'): Metadata {
  if (JSON.stringify(json).length > mostBytes) throw new Error(`${name} is larger than metadata ever is.`);
  try {
    new Contract(json as Metadata);
  } catch {
    throw new Error(`${name} is no metadata of a contract.`);
  }
  return json as Metadata;
}
