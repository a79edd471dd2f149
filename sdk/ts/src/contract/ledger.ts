// The confidential money of a cluster: in by a deposit and out by a withdrawal,
// which everybody sees, and in between in secret.

import { u128 } from 'scale-ts';
import { blake2, concat, unhex, utf8, type Hex } from '../bytes.js';
import type { Account } from '../chain/account.js';
import type { Chain } from '../chain/chain.js';
import { kinds } from '../seal/message.js';
import { done, order, query, type Outcome, type Progress, type Receipt, type Target } from './confidential.js';
import type { Asker } from './session.js';

/** Ledger is what the chain knows of a cluster's ledger. */
export interface Ledger {
  /** escrow is what the chain holds for it, coming the part that the cluster does
   * not know of yet. */
  escrow: bigint;
  coming: bigint;
}

/** deposit puts tokens into a cluster's ledger, and waits until they are there. */
export async function deposit(chain: Chain, who: Account, cluster: Hex, value: bigint): Promise<Receipt> {
  const included = await chain.submit(chain.encodeCall('Clusters', 'deposit', { cluster, value }), who);
  const queued = included.events.find((e) => e.pallet === 'Clusters' && e.name === 'Deposited');
  if (!queued) throw new Error('The chain queued no deposit.');
  const receipt = await done(chain, cluster, included, queued.fields.seq);
  if (receipt.status !== 'Ok') throw new Error(`The cluster rejected the deposit: ${new TextDecoder().decode(receipt.error)}`);
  return receipt;
}

/** action encodes what a cluster is asked to do in its ledger. */
export const action = (what: 'transfer' | 'withdraw', to: Uint8Array, amount: bigint): Uint8Array =>
  concat(Uint8Array.of(what === 'transfer' ? 0 : 1), to, u128.enc(amount));

/** transact gives tokens to an account or a contract of the cluster in secret, or
 * takes them out to an account of the chain. The output of what succeeds is what is
 * left, a u128. It throws if the chain could not pay a withdrawal. */
export async function transact(chain: Chain, who: Account, cluster: Hex, what: 'transfer' | 'withdraw', to: Uint8Array, amount: bigint, on: Progress): Promise<Outcome> {
  let receipt: Receipt | undefined;
  let seq = 0n;
  const outcome = await order(chain, who, {
    cluster, contract: cluster, kind: kinds.ledger, input: action(what, to, amount),
    call: (envelope) => chain.encodeCall('Clusters', 'transact', { cluster, envelope }),
    queued: ['Clusters', 'TransactionQueued'],
  }, {
    sealed: (s) => on.sealed(s),
    included: (i, n) => {
      seq = n;
      on.included(i, n);
    },
    receipt: (r) => {
      receipt = r;
      on.receipt(r);
    },
  });
  if (what === 'withdraw' && outcome.status === 'Ok') {
    const mine = receipt?.events.filter((e) => e.pallet === 'Clusters' && e.fields.cluster === cluster && e.fields.seq === seq) ?? [];
    if (mine.some((e) => e.name === 'WithdrawalReturned')) throw new Error('The account cannot take that; it went back into the ledger.');
    if (!mine.some((e) => e.name === 'Withdrawn')) throw new Error('The chain says nothing of the withdrawal.');
  }
  return outcome;
}

/** left reads the output of what transact did. */
export const left = (output: Uint8Array): bigint => u128.dec(output);

/** balance asks a worker of a cluster what an account holds there: who asks, or a
 * contract of whoever asks. */
export async function balance(chain: Chain, to: Target, who: Asker, cluster: Hex, least: number, of = who.publicKey): Promise<bigint> {
  const { outcome } = await query(chain, to, cluster, who, least, of, { sealed: () => undefined }, kinds.ledger);
  if (outcome.status !== 'Ok') throw new Error(outcome.error || outcome.status);
  return u128.dec(outcome.output);
}

/** escrowAccount is the account of the chain that holds what is in a cluster's
 * ledger. Nobody has its key. */
export const escrowAccount = (cluster: Hex): Uint8Array => blake2(utf8('tacit/escrow/1'), unhex(cluster));
