// Runs unmodified polkadot-api, without descriptors or custom types, against a
// node:
//
//	node papi.mjs ws://127.0.0.1:9944
//
// It connects, reads an account and all accounts, estimates a fee, and sends a
// transfer until it is final. It signs as //Grace, whom nothing else uses.
import assert from 'node:assert/strict'
import { createClient } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getWsProvider } from 'polkadot-api/ws'
import { Keyring } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import WebSocket from 'ws'

const url = process.argv[2]
if (!url) {
  console.error('usage: node papi.mjs ws://HOST:PORT')
  process.exit(2)
}
const limit = setTimeout(() => {
  console.error('FAIL  polkadot-api did not finish in a minute')
  process.exit(1)
}, 60_000)

await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const grace = keyring.addFromUri('//Grace')
const heidi = keyring.addFromUri('//Heidi').address
const client = createClient(getWsProvider(url, { websocketClass: WebSocket }))
const api = client.getUnsafeApi()

const final = await client.getFinalizedBlock()
console.log(`ok    connect: final block ${final.number}`)
const before = await api.query.System.Account.getValue(heidi)
const all = await api.query.System.Account.getEntries()
assert.ok(all.length >= 10, `${all.length} accounts`)
console.log(`ok    read accounts: ${all.length}`)
const value = 10n ** 12n
const tx = api.tx.Balances.transfer_keep_alive({ dest: { type: 'Id', value: heidi }, value })
const fee = await tx.getEstimatedFees(grace.address)
assert.ok(fee > 0n)
console.log(`ok    estimate a fee: ${fee}`)
const signer = getPolkadotSigner(grace.publicKey, 'Sr25519', async (message) => grace.sign(message))
const done = await tx.signAndSubmit(signer)
assert.ok(done.ok, 'the transfer failed')
const after = await api.query.System.Account.getValue(heidi)
assert.equal(after.data.free - before.data.free, value)
console.log(`ok    transfer until final: block ${done.block.number}, ${done.events.length} events`)
client.destroy()
clearTimeout(limit)
process.exit(0)
