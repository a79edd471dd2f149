// Verifies a GRANDPA justification in the form of Substrate:
// https://spec.polkadot.network/sect-finality#sect-grandpa-justification. The
// signatures are checked by a library that has no part in the node.
import { ed25519 } from '@noble/curves/ed25519'
import { u8aConcat, u8aToHex } from '@polkadot/util'

// verifyJustification throws unless more than two thirds of the authorities
// signed the block, and returns what was justified. authorities are 32-byte
// keys that weigh 1 each.
export function verifyJustification(bytes, authorities, setId) {
  let at = 0
  const take = (n) => {
    if (at + n > bytes.length) throw new Error('the justification is too short')
    return bytes.subarray(at, (at += n))
  }
  const number = (n) => take(n).reduceRight((sum, b) => sum * 256n + BigInt(b), 0n)
  const length = () => {
    const first = take(1)[0]
    if ((first & 3) === 0) return first >> 2
    if ((first & 3) === 1) return (first >> 2) | (take(1)[0] << 6)
    throw new Error('a list of the justification is too long')
  }
  const round = take(8)
  const target = { hash: u8aToHex(take(32)), number: number(4) }
  const voters = new Set(authorities.map((a) => u8aToHex(a)))
  const set = Uint8Array.from({ length: 8 }, (_, i) => Number((BigInt(setId) >> BigInt(8 * i)) & 255n))
  const signed = new Set()
  for (let left = length(); left > 0; left--) {
    const vote = take(36)
    const signature = take(64)
    const voter = take(32)
    const id = u8aToHex(voter)
    if (!voters.has(id)) throw new Error(`${id} is no authority`)
    if (signed.has(id)) throw new Error(`${id} signed twice`)
    if (u8aToHex(vote.subarray(0, 32)) !== target.hash) throw new Error('a precommit is for another block')
    // 1 is Precommit among GRANDPA's messages.
    if (!ed25519.verify(signature, u8aConcat([1], vote, round, set), voter)) throw new Error(`the signature of ${id} is bad`)
    signed.add(id)
  }
  if (length() !== 0 || at !== bytes.length) throw new Error('there is more than the justification needs')
  const needed = voters.size - Math.floor((voters.size - 1) / 3)
  if (signed.size < needed) throw new Error(`${signed.size} of ${voters.size} signed, and ${needed} must`)
  return { ...target, signed: signed.size }
}
