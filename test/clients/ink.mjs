// Lets unmodified @polkadot/api-contract use contracts that others wrote in ink!,
// as their makers published them, through `tacit contract gateway`:
//
//	node ink.mjs ws://127.0.0.1:9955 FLIPPER.contract ERC20.contract ...
//
// The files are the bundles that `cargo contract build` makes, metadata with the
// code in it, of the examples of ink! 3 (flipper), 4 or 5: flipper, erc20, erc721,
// erc1155, dns, trait-erc20, payment-channel, and multisig, which calls the
// flipper that was named before. The repository has none; docs/contracts/gateway.md
// says where some are. The gateway runs with //Alice's key, of a cluster that
// //Bob has not used.
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

const send = (tx, signer, nonce = -1) => new Promise((resolve, reject) => {
  tx.signAndSend(signer, { nonce }, (r) => {
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

let flipper
let nonceOfBob = 0 // in a cluster that he never used
for (const bundle of bundles) {
  const { name, version } = bundle.contract
  const title = `${name} ${version} in ${bundle.source.language}`
  if (name === 'flipper') {
    await step(title, async () => {
      flipper = await make(bundle, 'new', true)
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
  } else if (name === 'erc721') {
    await step(title, async () => {
      const nft = await make(bundle, 'new')
      await send(nft.tx.mint({ gasLimit }, 7), alice)
      await send(nft.tx.transfer({ gasLimit }, bob.address, 7), alice)
      same(await ask(nft, 'ownerOf', 7), bob.address, 'the owner')
      const other = await nft.query.transfer(alice.address, {}, alice.address, 7)
      want(/NotApproved|NotOwner/.test(JSON.stringify(other.output)), `${other.output}`)
      return nft.address.toString()
    })
  } else if (name === 'erc1155') {
    await step(title, async () => {
      const tokens = await make(bundle, 'new')
      const called = (label) => tokens.abi.messages.find((m) => m.identifier === label).method
      await send(tokens.tx.create({ gasLimit }, 500), alice)
      const { contractEvents } = await send(tokens.tx[called('Erc1155::safe_transfer_from')]({ gasLimit }, alice.address, bob.address, 1, 20, []), alice)
      same(contractEvents.length, 1, 'the number of events')
      same(await ask(tokens, called('Erc1155::balance_of_batch'), [alice.address, bob.address], [1, 2]), '480,0,20,0', 'the balances')
      return tokens.address.toString()
    })
  } else if (name === 'dns') {
    await step(title, async () => {
      const names = await make(bundle, 'new')
      const it = u8aToHex(new Uint8Array(32).fill(9))
      await send(names.tx.register({ gasLimit }, it), alice)
      await send(names.tx.setAddress({ gasLimit }, it, bob.address), alice)
      same(await ask(names, 'getAddress', it), bob.address, 'the address')
      same(await ask(names, 'getOwner', it), alice.address, 'the owner')
      return names.address.toString()
    })
  } else if (name === 'trait_erc20') {
    await step(title, async () => {
      const erc20 = await make(bundle, 'new', 1000)
      const called = (label) => erc20.abi.messages.find((m) => m.identifier === label).method
      await send(erc20.tx[called('BaseErc20::transfer')]({ gasLimit }, bob.address, 30), alice)
      same(await ask(erc20, called('BaseErc20::balance_of'), bob.address), 30, "Bob's balance")
      return erc20.address.toString()
    })
  } else if (name === 'payment_channel') {
    await step(title, async () => {
      const channel = await make(bundle, 'new', bob.address, 60_000)
      same(await ask(channel, 'getRecipient'), bob.address, 'the recipient')
      same(await ask(channel, 'getCloseDuration'), 60_000, 'the time to close')
      const mine = await channel.query.close(alice.address, {}, 0, new Uint8Array(65))
      want(/CallerIsNotRecipient/.test(JSON.stringify(mine.output)), `${mine.output}`)
      await send(channel.tx.startSenderClose({ gasLimit }), alice)
      want(await ask(channel, 'getExpiration') > Date.now() - 3_600_000, 'it does not expire')
      return channel.address.toString()
    })
  } else if (name === 'multisig') {
    await step(title, async () => {
      want(flipper, 'the multisig calls a flipper: name its bundle before')
      const wallet = await make(bundle, 'new', 2, [alice.address, bob.address])
      const before = await ask(flipper, 'get')
      const flip = flipper.abi.findMessage('flip').selector
      const { contractEvents } = await send(wallet.tx.submitTransaction({ gasLimit }, {
        callee: flipper.address, selector: flip, input: [], transferredValue: 0, gasLimit: 0, refTimeLimit: 0, allowReentry: false,
      }), alice)
      same(contractEvents.map((e) => e.event.identifier.split('::').at(-1)), 'Submission,Confirmation', 'the events')
      // One of two has confirmed: it does nothing.
      const early = await wallet.query.invokeTransaction(alice.address, {}, 0)
      want(early.result.isErr || early.output.toJSON().err !== undefined, `${early.output}`)
      // The gateway has no key of //Bob, who signs all the same.
      await send(wallet.tx.confirmTransaction({ gasLimit }, 0), bob, nonceOfBob++)
      await send(wallet.tx.invokeTransaction({ gasLimit }, 0), alice)
      same(await ask(flipper, 'get'), !before, 'what the wallet has flipped')
      return wallet.address.toString()
    })
  } else {
    await step(title, async () => { throw new Error('this script does not know it') })
  }
}
await api.disconnect()
finish()
