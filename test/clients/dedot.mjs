// Runs unmodified dedot, without generated types, against a node:
//
//	node dedot.mjs ws://127.0.0.1:9944
//
// It connects, reads an account and all accounts, and sends a transfer until it
// is final. It signs as //Ivan, whom nothing else uses.
import assert from 'node:assert/strict'
import { Keyring } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import WebSocket from 'ws'

globalThis.WebSocket ??= WebSocket // before Node.js 22 there is none
const { LegacyClient, WsProvider } = await import('dedot')

const url = process.argv[2]
if (!url) {
  console.error('usage: node dedot.mjs ws://HOST:PORT')
  process.exit(2)
}
const limit = setTimeout(() => {
  console.error('FAIL  dedot did not finish in a minute')
  process.exit(1)
}, 60_000)

await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const ivan = keyring.addFromUri('//Ivan')
const judy = keyring.addFromUri('//Judy').address
const client = await LegacyClient.new(new WsProvider(url))
console.log(`ok    connect: ${client.runtimeVersion.specName} ${client.runtimeVersion.specVersion}`)
const before = await client.query.system.account(judy)
const all = await client.query.system.account.entries()
assert.ok(all.length >= 10, `${all.length} accounts`)
console.log(`ok    read accounts: ${all.length}`)
const value = 10n ** 12n
const done = await client.tx.balances.transferKeepAlive(judy, value).signAndSend(ivan).untilFinalized()
assert.equal(done.status.type, 'Finalized')
assert.equal(done.dispatchError, undefined)
const after = await client.query.system.account(judy)
assert.equal(after.data.free - before.data.free, value)
console.log(`ok    transfer until final: ${done.events.length} events`)
clearTimeout(limit)
process.exit(0)
