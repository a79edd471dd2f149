// Reads a value out of a Substrate storage proof. Nodes are those of the base-16
// Merkle trie with state version 1: https://spec.polkadot.network/chap-state.
import { blake2AsHex } from '@polkadot/util-crypto';
import { u8aToHex } from '@polkadot/util';

// readProof returns the value of key, or null if the proof shows that there is
// none. It throws if nodes do not prove either.
export function readProof(root, nodes, key) {
  const byHash = new Map(nodes.map((n) => [blake2AsHex(n), n]));
  const nibbles = [...key].flatMap((b) => [b >> 4, b & 15]);
  const find = (hash) => {
    const n = byHash.get(hash);
    if (!n) throw new Error(`the proof lacks ${hash}`);
    return n;
  };
  let node = decode(find(root));
  for (let at = 0; ;) {
    if (node.empty || node.key.some((n, i) => n !== nibbles[at + i])) return null;
    at += node.key.length;
    if (at === nibbles.length) return node.hashed ? find(u8aToHex(node.hashed)) : node.value ?? null;
    const child = node.children?.[nibbles[at++]];
    if (!child) return null;
    node = decode(child.length === 32 ? find(u8aToHex(child)) : child);
  }
}

function decode(bytes) {
  let at = 0;
  const take = (n) => {
    if (at + n > bytes.length) throw new Error('a node of the proof is too short');
    return bytes.subarray(at, (at += n));
  };
  const compact = () => {
    const first = take(1)[0];
    switch (first & 3) {
      case 0: return first >> 2;
      case 1: return (first | (take(1)[0] << 8)) >> 2;
      case 2: {
        const [b, c, d] = take(3);
        return (first | (b << 8) | (c << 16) | (d << 24)) >>> 2;
      }
    }
    throw new Error('a length in the proof is too large');
  };

  const head = take(1)[0];
  if (head === 0) return { empty: true };
  const kinds = [[0x40, 0xc0, 'leaf'], [0x80, 0xc0, 'branch'], [0xc0, 0xc0, 'branch', 'value'], [0x20, 0xe0, 'leaf', 'hashed'], [0x10, 0xf0, 'branch', 'hashed']];
  const [pattern, mask, kind, holds = kind === 'leaf' ? 'value' : ''] = kinds.find(([p, m]) => (head & m) === p) ?? [];
  if (pattern === undefined) throw new Error(`a node of the proof begins with ${head}`);
  let length = head & ~mask & 0xff;
  if (length === (~mask & 0xff)) {
    for (let more = 255; more === 255;) length += more = take(1)[0];
  }
  const packed = [...take((length + 1) >> 1)].flatMap((b) => [b >> 4, b & 15]);
  const node = { key: length % 2 ? packed.slice(1) : packed };
  let bitmap = 0;
  if (kind === 'branch') {
    const [low, high] = take(2);
    bitmap = low | (high << 8);
    node.children = [];
  }
  if (holds === 'value') node.value = take(compact());
  if (holds === 'hashed') node.hashed = take(32);
  for (let i = 0; i < 16 && bitmap; i++) {
    if (bitmap & (1 << i)) node.children[i] = take(compact());
  }
  return node;
}
