// Runs unmodified polkadot-api, without descriptors or custom types, against a
// node, once by the new JSON-RPC groups and once by the legacy ones:
//
//	node papi.mjs ws://127.0.0.1:9944
//
// It connects, reads, watches, estimates fees, signs with keys of each kind and
// sends until a transaction is final, and sends some that must be refused. It
// signs as //Grace, whom nothing else uses, and as keys that it makes.
import { createClient } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getWsProvider } from 'polkadot-api/ws'
import { Keyring } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'

import { begin, error, finish, same, step, tap, url, want } from './steps.mjs'

await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const signerOf = (pair, type) => getPolkadotSigner(pair.addressRaw, type, async (message) => pair.sign(message))
const grace = keyring.addFromUri('//Grace')
const heidi = keyring.addFromUri('//Heidi').address
const unit = 10n ** 12n

// until resolves with the first value of an observable that passes.
const until = (observable, passes) => new Promise((resolve, reject) => {
  let done = false
  const subscription = observable.subscribe({
    next: (v) => {
      try {
        if (done || !passes(v)) return
      } catch (e) {
        reject(e)
      }
      done = true
      resolve(v)
      queueMicrotask(() => subscription.unsubscribe())
    },
    error: reject,
    complete: () => reject(new Error('it ended')),
  })
})

for (const legacy of [false, true]) {
  begin(legacy ? 'legacy' : 'new')
  const { Tap, asked } = tap({ legacy })
  const client = createClient(getWsProvider(url, { websocketClass: Tap }))
  const api = client.getUnsafeApi()
  const free = async (who) => (await api.query.System.Account.getValue(who, { at: 'best' })).data.free
  const pay = (value = unit) => api.tx.Balances.transfer_keep_alive({ dest: { type: 'Id', value: heidi }, value })

  await step('connect', async () => {
    const final = await client.getFinalizedBlock()
    same(asked.has('chainHead_v1_follow'), !legacy, 'whether the new groups are used')
    same(asked.has('chain_subscribeAllHeads'), legacy, 'whether the legacy groups are used')
    const spec = await client.getChainSpecData()
    const version = await api.constants.System.Version()
    return `${spec.name}, ${version.spec_name} ${version.spec_version}, final block ${final.number}`
  })

  await step('read accounts', async () => {
    const all = await api.query.System.Account.getEntries()
    want(all.length >= 10, `${all.length} accounts`)
    for (const { keyArgs, value } of all.slice(0, 3)) same(await free(keyArgs[0]), value.data.free, 'the balance')
    return `${all.length}`
  })

  await step('watch heads', async () => {
    const finals = []
    await until(client.finalizedBlock$, (b) => finals.push(b.number) === 4)
    want(finals.every((n, i) => i === 0 || n === finals[i - 1] + 1), `final blocks ${finals}`)
    const best = await until(client.bestBlocks$, (list) => list.length > 1)
    want(best.every((b, i) => i === 0 || b.hash === best[i - 1].parent), 'best blocks are no chain')
    const header = await client.getBlockHeader(best[0].hash)
    same(header.number, best[0].number, 'the number in the header')
    return `final ${finals}`
  })

  await step('watch a value, and all entries of a map', async () => {
    const numbers = []
    await until(api.query.System.Number.watchValue({ at: 'best' }), (v) => numbers.push(v.value ?? v) === 3)
    want(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), `numbers ${numbers}`)
    let [first, sent] = [0, null]
    const changed = await until(api.query.System.Account.watchEntries({ at: 'best' }), ({ entries, deltas }) => {
      if (first === 0) {
        first = entries.length
        sent = pay().signAndSubmit(signerOf(grace, 'Sr25519'))
        return false
      }
      return deltas?.upserted.some(({ args }) => args[0] === heidi)
    })
    want((await sent).ok, 'the transfer failed')
    want(first >= 10 && changed.entries.length === first, `${changed.entries.length} entries, before ${first}`)
    return `${first} entries, ${changed.deltas.upserted.length} changed in block ${changed.block.number}`
  })

  await step('estimate a fee', async () => {
    const fee = await pay().getEstimatedFees(grace.address)
    const tipped = await pay().getEstimatedFees(grace.address, { tip: unit })
    want(fee > 0n && tipped >= fee, `fees ${fee}, ${tipped}`)
    return `${fee}`
  })

  await step('transfer, mortal and with a tip, until final', async () => {
    const before = [await free(grace.address), await free(heidi)]
    const seen = []
    const end = await new Promise((resolve, reject) => {
      pay().signSubmitAndWatch(signerOf(grace, 'Sr25519'), { tip: 5n, mortality: { mortal: true, period: 32 } }).subscribe({
        next: (e) => {
          seen.push(e.type + (e.found ? '+' : ''))
          if (e.type === 'finalized') resolve(e)
        },
        error: reject,
      })
    })
    want(end.ok, 'the transfer failed')
    want(seen.indexOf('txBestBlocksState+') > 0 && seen.at(-1) === 'finalized', `saw ${seen}`)
    same((await free(heidi)) - before[1], unit, 'what Heidi received')
    const paid = end.events.find((e) => e.type === 'TransactionPayment').value.value
    same(paid.tip, 5n, 'the tip')
    same(before[0] - (await free(grace.address)), unit + paid.actual_fee, 'what Grace paid')
    const body = await client.getBlockBody(end.block.hash)
    want(body.length > end.block.index, 'the block has no such transaction')
    return seen.join(', ')
  })

  for (const type of ['Ed25519', 'Ecdsa']) {
    await step(`sign by ${type}`, async () => {
      const pair = new Keyring({ type: type.toLowerCase() }).addFromUri(`//papi//${type}//${Date.now()}`)
      const fund = api.tx.Balances.transfer_keep_alive({ dest: { type: 'Id', value: pair.address }, value: 10n * unit })
      want((await fund.signAndSubmit(signerOf(grace, 'Sr25519'))).ok, 'the account was not funded')
      const before = await free(heidi)
      want((await pay(2n * unit).signAndSubmit(signerOf(pair, type), { mortality: { mortal: false } })).ok, 'the transfer failed')
      same((await free(heidi)) - before, 2n * unit, 'what Heidi received')
    })
  }

  await step('batch', async () => {
    const before = await free(heidi)
    const calls = [pay(unit).decodedCall, pay(3n * unit).decodedCall]
    const done = await api.tx.Utility.batch_all({ calls }).signAndSubmit(signerOf(grace, 'Sr25519'))
    want(done.ok, 'the batch failed')
    same((await free(heidi)) - before, 4n * unit, 'what Heidi received')
    const failing = await api.tx.Utility.batch_all({ calls: [calls[0], pay(10n ** 30n).decodedCall] }).signAndSubmit(signerOf(grace, 'Sr25519'))
    want(!failing.ok && (await free(heidi)) - before === 4n * unit, 'half of a batch counts')
    return JSON.stringify(failing.dispatchError.type)
  })

  await step('read an old block', async () => {
    const hash = legacy ? await client._request('chain_getBlockHash', [1]) : (await client._request('archive_v1_hashByHeight', [1]))[0]
    same(await api.query.System.Number.getValue({ at: hash }), 1, 'the number in the state of block 1')
    return hash
  })

  await step('refuses what is invalid', async () => {
    const stranger = new Keyring({ type: 'sr25519' }).addFromUri(`//stranger//${Date.now()}`)
    const liar = getPolkadotSigner(grace.publicKey, 'Sr25519', async () => new Uint8Array(64))
    const said = []
    for (const [name, work] of Object.entries({
      Payment: () => pay().signAndSubmit(signerOf(stranger, 'Sr25519')),
      Stale: () => pay().signAndSubmit(signerOf(grace, 'Sr25519'), { nonce: 0 }),
      BadProof: () => pay().signAndSubmit(liar),
    })) {
      const e = await error(work)
      same(e.error?.value?.type, name, `the reason (${e.message})`)
      said.push(name)
    }
    return said.join(', ')
  })
  client.destroy()
}
finish()
