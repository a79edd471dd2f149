// Signs extrinsics of a cluster's contract runtime with unmodified @polkadot/api,
// for contract/frame/frame_test.go:
//
//	node contract-vectors.mjs ws://GATEWAY GENESIS > ../../contract/frame/testdata/vectors.json
//
// The gateway gives its metadata and nothing else. GENESIS is the hash of block 0
// of the runtime that they are for. sr25519 signatures differ from run to run.
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'

const [, , url, genesisHash] = process.argv
await cryptoWaitReady()
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true })
const { tx, registry } = api
const header = registry.createType('Header', {
  parentHash: `0x${'11'.repeat(32)}`, number: 70, stateRoot: `0x${'22'.repeat(32)}`, extrinsicsRoot: `0x${'33'.repeat(32)}`, digest: { logs: [] },
})
const gas = { refTime: 1_000_000_000n, proofSize: 65_536n }
const key = (type, uri) => new Keyring({ type }).addFromUri(uri)
const bob = key('ed25519', '//Bob')
const code = `0x${'c0'.repeat(1000)}`
const extrinsics = []
for (const [name, signer, mortal, nonce, call] of [
  ['call', key('sr25519', '//Alice'), true, 0, tx.contracts.call(bob.address, 5, gas, null, '0x01020304')],
  ['instantiate', bob, false, 1, tx.contracts.instantiate(0, gas, 7, `0x${'09'.repeat(32)}`, '0x05', '0x06')],
  ['instantiateWithCode', key('ecdsa', '//Charlie'), true, 2, tx.contracts.instantiateWithCode(1, gas, null, code, '0x05', '0x06')],
  ['uploadCode', key('sr25519', '//Dave'), false, 300, tx.contracts.uploadCode(code, null, 'Relaxed')],
]) {
  const era = mortal ? registry.createType('ExtrinsicEra', { current: 70, period: 64 }) : registry.createType('ExtrinsicEra')
  const x = registry.createType('Extrinsic', call, { version: 4 })
  x.sign(signer, {
    blockHash: mortal ? header.hash : genesisHash, genesisHash, era, nonce, runtimeVersion: api.runtimeVersion, signedExtensions: registry.signedExtensions,
  })
  extrinsics.push({ name, signer: signer.address, mortal, hex: x.toHex() })
}
console.log(JSON.stringify({ genesis: genesisHash, birth: header.toHex(), extrinsics }, null, 1))
process.exit(0)
