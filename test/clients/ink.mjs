// Lets unmodified @polkadot/api-contract use contracts that others wrote in ink!,
// as their makers published them, through `tacit contract gateway`:
//
//	node ink.mjs ws://127.0.0.1:9955 FLIPPER.contract ERC20.contract
//
// The files are the bundles that `cargo contract build` makes, metadata with the
// code in it, of the examples flipper and erc20 of ink! 4 or 5. The repository has
// none; docs/contracts/gateway.md says where some are. The gateway runs with
// //Alice's key.
import { readFileSync } from 'node:fs'

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import { CodePromise, ContractPromise } from '@polkadot/api-contract'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { u8aToHex } from '@polkadot/util'

import { finish, same, step, url, want } from './steps.mjs'

const bundles = process.argv.slice(3).map((file) => JSON.parse(readFileSync(file, 'utf8')))
await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const alice = keyring.addFromUri('//Alice')
const bob = keyring.addFromUri('//Bob')
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true })
const gasLimit = api.registry.createType('WeightV2', { refTime: 100_000_000_000n, proofSize: 1_000_000n })
const salt = u8aToHex(crypto.getRandomValues(new Uint8Array(16)))

const send = (tx, signer) => new Promise((resolve, reject) => {
  tx.signAndSend(signer, (r) => {
    if (r.isError) reject(new Error('refused'))
    if (r.status.isFinalized) r.dispatchError ? reject(new Error(api.registry.findMetaError(r.dispatchError.asModule).name)) : resolve(r)
  }).catch(reject)
})

// make makes a contract of a bundle.
async function make(bundle, constructor, ...args) {
  const r = await send(new CodePromise(api, bundle, bundle.source.wasm).tx[constructor]({ gasLimit, salt }, ...args), alice)
  return new ContractPromise(api, bundle, r.contract.address)
}

// ask returns what a message tells //Alice.
async function ask(contract, message, ...args) {
  const { output, result } = await contract.query[message](alice.address, {}, ...args)
  want(result.isOk, `${message}: ${result}`)
  const value = output.toPrimitive()
  return value !== null && typeof value === 'object' && 'ok' in value ? value.ok : value
}

for (const bundle of bundles) {
  const { name, version } = bundle.contract
  const title = `${name} ${version} in ${bundle.source.language}`
  if (name === 'flipper') {
    await step(title, async () => {
      const flipper = await make(bundle, 'new', true)
      same(await ask(flipper, 'get'), true, 'the value')
      await send(flipper.tx.flip({ gasLimit }), alice)
      same(await ask(flipper, 'get'), false, 'the value after a flip')
      return flipper.address.toString()
    })
  } else if (name === 'erc20') {
    await step(title, async () => {
      const erc20 = await make(bundle, 'new', 1000)
      const { contractEvents } = await send(erc20.tx.transfer({ gasLimit }, bob.address, 30), alice)
      same(await ask(erc20, 'balanceOf', bob.address), 30, "Bob's balance")
      same(await ask(erc20, 'balanceOf', alice.address), 970, "Alice's balance")
      same(contractEvents.length, 1, 'the number of events')
      const [from, to, value] = contractEvents[0].args
      same([from, to, value], [alice.address, bob.address, 30], 'the event')
      const much = await erc20.query.transfer(alice.address, {}, bob.address, 971)
      want(/InsufficientBalance/.test(JSON.stringify(much.output)), `${much.output}`)
      return erc20.address.toString()
    })
  } else {
    await step(title, async () => { throw new Error('this script knows flipper and erc20') })
  }
}
await api.disconnect()
finish()
