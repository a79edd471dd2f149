// A stub of a wallet extension: the page gets an object like those of polkadot.js,
// Talisman and SubWallet, and this process signs, as the specification of
// extrinsics says and without a line of Tacit's own code.
import * as sr25519 from '@scure/sr25519';
import { blake2b } from '@noble/hashes/blake2.js';

// The mini secret of the phrase of development chains, and //Charlie.
const root = Buffer.from('fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e', 'hex');
const junction = Buffer.alloc(32);
Buffer.concat([Buffer.from([7 << 2]), Buffer.from('Charlie')]).copy(junction);
const secret = sr25519.HDKD.secretHard(sr25519.secretFromSeed(root), junction);
export const address = '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y';

const bytes = (h) => Buffer.from(h.slice(2), 'hex');
const u32 = (h) => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(Number(h));
  return b;
};
const compact = (h) => {
  const n = BigInt(h);
  if (n < 64n) return Buffer.from([Number(n) << 2]);
  if (n < 1n << 14n) return Buffer.from([Number((n << 2n) & 255n) | 1, Number(n >> 6n)]);
  throw new Error('a number that this stub does not write');
};

export const asked = [];

function sign(kind, p) {
  asked.push({ kind, p });
  if (kind === 'raw') {
    const wrapped = Buffer.concat([Buffer.from('<Bytes>'), bytes(p.data), Buffer.from('</Bytes>')]);
    return `0x${Buffer.from(sr25519.sign(secret, wrapped)).toString('hex')}`;
  }
  let payload = Buffer.concat([
    bytes(p.method), bytes(p.era), compact(p.nonce), compact(p.tip), u32(p.specVersion), u32(p.transactionVersion), bytes(p.genesisHash), bytes(p.blockHash),
  ]);
  if (payload.length > 256) payload = Buffer.from(blake2b(payload, { dkLen: 32 }));
  return `0x01${Buffer.from(sr25519.sign(secret, payload)).toString('hex')}`;
}

/** install brings the wallet into a browser context, before its pages load. */
export async function install(context) {
  await context.exposeFunction('stubSign', sign);
  await context.addInitScript((mine) => {
    window.injectedWeb3 = {
      stub: {
        version: '1.0.0',
        enable: async () => ({
          accounts: { get: async () => [{ address: mine, name: 'Mine', type: 'sr25519' }] },
          signer: {
            signPayload: async (p) => ({ id: 1, signature: await window.stubSign('payload', p) }),
            signRaw: async (p) => ({ id: 2, signature: await window.stubSign('raw', p) }),
          },
        }),
      },
      empty: { version: '1.0.0', enable: async () => ({ accounts: { get: async () => [] }, signer: {} }) },
      broken: { version: '1.0.0', enable: async () => { throw new Error('The user said no'); } },
    };
  }, address);
}
