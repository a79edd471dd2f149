// The browser's cryptography, under the name by which packages look for Node's.

export const webcrypto = globalThis.crypto;
