// Amounts of tokens, as people write them.

/** tokens reads an amount in whole tokens, and throws with words for the user. */
export function tokens(text: string, decimals: number): bigint {
  const m = /^(\d{1,18})(?:[.,](\d+))?$/.exec(text.trim());
  if (!m) throw new Error('The amount is no number.');
  if (/^[1-9]\d{0,2},\d{3}$/.test(m[0])) throw new Error('That may be thousands, or a fraction: write no comma, or a point.');
  const part = m[2] ?? '';
  if (part.length > decimals) throw new Error(`An amount has at most ${decimals} digits after the point.`);
  const value = BigInt(m[1]! + part.padEnd(decimals, '0'));
  if (value === 0n) throw new Error('The amount is nothing.');
  return value;
}
