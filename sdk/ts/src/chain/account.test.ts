// Addresses as `subkey inspect //Alice` and every Substrate development chain
// has them; the last four as `tacit dev` prints them.
import { expect, test } from 'vitest';
import { utf8 } from '../bytes.js';
import { development, names, publicKeyOf, verify } from './account.js';

test('derives the well-known accounts', () => {
  expect(names.map((n) => development(n).address)).toEqual([
    '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
    '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
    '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy',
    '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw',
    '5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL',
    '5DHoPpbCMgfzBCtbYLPPCVmLHWKJb8TJngYDeF7oEQGL7FxQ',
    '5CJyNnn4QpQgrchusGPKwETtwWQhnb6tSsKBuKA3nhaChEWd',
    '5HQVsCj8yjXgKfXCo69kwUFJLKkq7kCiHJsqMjuihTK1xLHw',
    '5GWYPMd6Axs8VJUkqr53JkJPnbeYm37gwEcGMJP8eh26vr3C',
  ]);
});

test('signs what it verifies', async () => {
  const alice = development('Alice');
  const { scheme, bytes: signature } = await alice.signBytes(utf8('hello'));
  expect(scheme).toBe(1);
  expect(verify(alice.publicKey, utf8('hello'), signature)).toBe(true);
  expect(verify(alice.publicKey, utf8('hallo'), signature)).toBe(false);
  expect(verify(publicKeyOf(development('Bob').address), utf8('hello'), signature)).toBe(false);
});
