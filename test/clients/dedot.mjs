// Runs unmodified dedot, without generated types, against a node, once by the
// new JSON-RPC groups and once by the legacy ones:
//
//	node dedot.mjs ws://127.0.0.1:9944
//
// It connects, reads, subscribes, estimates fees, signs with keys of each kind
// and sends until a transaction is final, and sends some that must be refused.
// It signs as //Ivan, whom nothing else uses, and as keys that it makes.
import { Keyring } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'

import WebSocket from 'ws'

import { begin, error, finish, hide, same, step, url, want } from './steps.mjs'

globalThis.WebSocket ??= WebSocket // before Node.js 22 there is none
const { DedotClient, WsProvider } = await import('dedot')

await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const ivan = keyring.addFromUri('//Ivan')
const judy = keyring.addFromUri('//Judy').address
const unit = 10n ** 12n

for (const legacy of [false, true]) {
  begin(legacy ? 'legacy' : 'new')
  const asked = new Set()
  const provider = new WsProvider(url)
  const ask = provider.send.bind(provider)
  provider.send = async (method, params) => {
    asked.add(method)
    const answer = await ask(method, params)
    return legacy && method === 'rpc_methods' ? JSON.parse(hide(JSON.stringify(answer))) : answer
  }
  let client
  await step('connect', async () => {
    client = await DedotClient.new(provider)
    same(asked.has('chainHead_v1_follow'), !legacy, 'whether the new groups are used')
    same(asked.has('chain_subscribeNewHeads'), legacy, 'whether the legacy groups are used')
    return `${client.runtimeVersion.specName} ${client.runtimeVersion.specVersion}, ${await client.chainSpec.chainName()}`
  })
  if (!client) continue
  const free = async (who) => (await client.query.system.account(who)).data.free
  const pay = (value = unit) => client.tx.balances.transferKeepAlive(judy, value)

  // send resolves with what was seen when the transaction is final.
  const send = (tx, pair, options = {}) => new Promise((resolve, reject) => {
    const seen = []
    tx.signAndSend(pair, options, (r) => {
      seen.push(r.status.type)
      if (r.status.type === 'Finalized') resolve({ seen, ...r })
      if (['Invalid', 'Drop'].includes(r.status.type)) reject(new Error(`${seen}: ${JSON.stringify(r.status)}`))
    }).catch(reject)
  })

  await step('read accounts', async () => {
    const all = await client.query.system.account.entries()
    want(all.length >= 10, `${all.length} accounts`)
    const some = all.slice(0, 3)
    const list = await client.query.system.account.multi(some.map(([who]) => who))
    list.forEach((a, i) => same(a.data.free, some[i][1].data.free, 'the balance'))
    return `${all.length}`
  })

  await step('subscribe to a value and to heads', async () => {
    const numbers = []
    await new Promise((resolve, reject) => {
      client.query.system.number((n) => { if (numbers.push(n) === 4) resolve() }).catch(reject)
    })
    want(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), `numbers ${numbers}`)
    const finals = []
    await new Promise((resolve) => {
      client.block.finalized((b) => { if (finals.push(b.number) === 4) resolve() })
    })
    want(finals.every((n, i) => i === 0 || n === finals[i - 1] + 1), `final blocks ${finals}`)
    const best = await client.block.best()
    same((await client.block.header(best.hash)).number, best.number, 'the number in the header')
    want((await client.block.body(best.hash)).length > 0, 'the best block is empty')
    return `numbers ${numbers}, final ${finals}`
  })

  await step('estimate a fee', async () => {
    const info = await pay().paymentInfo(ivan.address)
    want(info.partialFee > 0n, `the fee is ${info.partialFee}`)
    return `${info.partialFee}`
  })

  await step('transfer, mortal and with a tip, until final', async () => {
    const before = [await free(ivan.address), await free(judy)]
    const done = await send(pay(), ivan, { tip: 5n })
    same(done.dispatchError, undefined, 'the error')
    want(done.seen.includes('BestChainBlockIncluded') && done.seen.at(-1) === 'Finalized', `saw ${done.seen}`)
    same((await free(judy)) - before[1], unit, 'what Judy received')
    const paid = done.events.find(({ event }) => event.pallet === 'TransactionPayment').event.palletEvent.data
    same(paid.tip, 5n, 'the tip')
    same(before[0] - (await free(ivan.address)), unit + paid.actualFee, 'what Ivan paid')
    return done.seen.join(', ')
  })

  for (const type of ['ed25519', 'ecdsa']) {
    await step(`sign by ${type}`, async () => {
      const pair = new Keyring({ type }).addFromUri(`//dedot//${type}//${Date.now()}`)
      await send(client.tx.balances.transferKeepAlive(pair.address, 10n * unit), ivan)
      const before = await free(judy)
      const done = await send(pay(2n * unit), pair, { mortality: { type: 'Immortal' } })
      same(done.dispatchError, undefined, 'the error')
      same((await free(judy)) - before, 2n * unit, 'what Judy received')
    })
  }

  await step('batch', async () => {
    const before = await free(judy)
    const done = await send(client.tx.utility.batchAll([pay(unit).call, pay(3n * unit).call]), ivan)
    same(done.dispatchError, undefined, 'the error')
    same((await free(judy)) - before, 4n * unit, 'what Judy received')
    const failing = await send(client.tx.utility.batchAll([pay(unit).call, pay(10n ** 30n).call]), ivan)
    want(failing.dispatchError && (await free(judy)) - before === 4n * unit, 'half of a batch counts')
    return JSON.stringify(failing.dispatchError)
  })

  await step('read an old block', async () => {
    const hash = legacy ? await client.rpc.chain_getBlockHash(1) : (await client.rpc.archive_v1_hashByHeight(1))[0]
    const old = await client.at(hash)
    same(await old.query.system.number(), 1, 'the number in the state of block 1')
    const before = await old.query.system.account(judy)
    want(before.data.free < (await free(judy)), 'Judy had as much in block 1')
    return hash
  })

  await step('refuses what is invalid', async () => {
    const stranger = keyring.addFromUri(`//stranger//${Date.now()}`)
    const texts = []
    for (const [options, pair, want1] of [[{}, stranger, /Payment|pay some fees/], [{ nonce: 1 }, ivan, /Stale|outdated/]]) {
      const e = await error(() => send(pay(), pair, options))
      want(want1.test(`${e.message} ${JSON.stringify(e.data ?? '')}`), `${e.message} is not ${want1}`)
      texts.push(e.message)
    }
    return texts.join('; ')
  })
  await client.disconnect()
}
finish()
