// Wallets that a browser extension brings into the page, by the convention of
// @polkadot/extension: polkadot.js, Talisman, SubWallet and others. The keys stay
// in the extension, which asks its user before it signs.

import { hex, unhex, type Hex } from '../bytes.js';
import { address, publicKeyOf, type Account, type Signature } from './account.js';
import { extensions, type Unsigned } from './extrinsic.js';

interface InjectedAccount {
  address: string;
  name?: string;
  type?: string;
}

/** Payload is what extensions sign: SignerPayloadJSON of @polkadot/types. */
export interface Payload {
  address: string;
  assetId: null;
  blockHash: Hex;
  blockNumber: Hex;
  era: Hex;
  genesisHash: Hex;
  metadataHash: null;
  method: Hex;
  mode: 0;
  nonce: Hex;
  signedExtensions: readonly string[];
  specVersion: Hex;
  tip: Hex;
  transactionVersion: Hex;
  version: 4;
  withSignedTransaction: false;
}

interface Injected {
  accounts: { get(): Promise<InjectedAccount[]> };
  signer: {
    signPayload?(p: Payload): Promise<{ signature: Hex }>;
    signRaw?(raw: { address: string; data: Hex; type: 'bytes' }): Promise<{ signature: Hex }>;
  };
}

/** Extension is a wallet that is in the page. */
export interface Extension {
  version?: string;
  enable(origin: string): Promise<Injected>;
}

/** extensionsIn lists the wallets in the page, by their names. */
export function extensionsIn(page: unknown = globalThis): Record<string, Extension> {
  const list = (page as { injectedWeb3?: Record<string, Extension> }).injectedWeb3 ?? {};
  return Object.fromEntries(Object.entries(list).filter(([, e]) => typeof e?.enable === 'function'));
}

/** open asks a wallet's user to let the page see accounts, and returns them. */
export async function open(wallet: Extension, origin: string): Promise<Account[]> {
  const injected = await wallet.enable(origin);
  const list = await injected?.accounts?.get();
  if (!Array.isArray(list)) throw new Error('The wallet gave no list of accounts.');
  return list.flatMap((a) => {
    let publicKey: Uint8Array;
    try {
      publicKey = publicKeyOf(a.address);
    } catch {
      return []; // an account of another kind of chain
    }
    return [account(injected, a, publicKey)];
  });
}

function account({ signer }: Injected, a: InjectedAccount, publicKey: Uint8Array): Account {
  return {
    name: a.name ?? a.address,
    address: address(publicKey),
    publicKey,
    signTransaction: async (tx) => {
      if (!signer.signPayload) throw new Error('The wallet signs no transactions.');
      return signed(await signer.signPayload(payload(tx, a.address)), a.type);
    },
    signBytes: async (message) => {
      if (!signer.signRaw) throw new Error('The wallet signs no messages.');
      return signed(await signer.signRaw({ address: a.address, data: hex(message), type: 'bytes' }), a.type);
    },
  };
}

const fixed = (n: number | bigint, bytes: number): Hex => `0x${n.toString(16).padStart(2 * bytes, '0')}`;

/** payload writes a transaction as extensions take it. */
export const payload = (tx: Unsigned, signer: string): Payload => ({
  address: signer,
  assetId: null,
  blockHash: tx.birth.hash,
  blockNumber: fixed(tx.birth.number, 4),
  era: hex(tx.era),
  genesisHash: tx.genesis,
  metadataHash: null,
  method: hex(tx.call),
  mode: 0,
  nonce: fixed(tx.nonce, 4),
  signedExtensions: extensions,
  specVersion: fixed(tx.specVersion, 4),
  tip: fixed(tx.tip, 16),
  transactionVersion: fixed(tx.transactionVersion, 4),
  version: 4,
  withSignedTransaction: false,
});

/** signed reads what a wallet answered, which may be anything. */
function signed(answer: { signature: Hex } | null | undefined, type?: string): Signature {
  const signature = answer?.signature;
  if (typeof signature !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(signature)) throw new Error('The wallet gave no signature.');
  return split(unhex(signature), type);
}

const schemes: Record<string, number> = { ed25519: 0, sr25519: 1, ecdsa: 2 };

/** split takes the scheme off a signature. Wallets put it before that of a
 * transaction, and mostly not before that of a message. */
export function split(signature: Uint8Array, type = 'sr25519'): Signature {
  const scheme = schemes[type];
  if (scheme === undefined) throw new Error(`Accounts of the kind ${type} sign nothing here.`);
  const size = scheme === 2 ? 65 : 64;
  if (signature.length === size) return { scheme, bytes: signature };
  if (signature.length === size + 1 && signature[0] === scheme) return { scheme, bytes: signature.subarray(1) };
  throw new Error(`The wallet gave a signature of ${signature.length} bytes.`);
}
