// Lets unmodified @polkadot/api-contract and dedot use confidential contracts
// through `tacit contract gateway`:
//
//	node contracts.mjs ws://127.0.0.1:9955 FOLDER
//
// FOLDER has hello and guess as `tacit contract build` makes them: NAME.wasm and
// NAME.json. The gateway runs with //Alice's key. The script uploads, makes
// contracts, calls them and reads their events, as //Alice, as //Charlie, who
// signs a certificate as wallets do, and as //Dave, who signs none.
import { readFileSync } from 'node:fs'

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import { BlueprintPromise, CodePromise, ContractPromise } from '@polkadot/api-contract'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { u8aToHex } from '@polkadot/util'
import WebSocket from 'ws'

import { begin, error, finish, same, step, url, want } from './steps.mjs'

globalThis.WebSocket ??= WebSocket // before Node.js 22 there is none
const folder = process.argv[3]
const read = (name) => ({ meta: readFileSync(`${folder}/${name}.json`, 'utf8'), wasm: readFileSync(`${folder}/${name}.wasm`) })
const hello = read('hello')
const guess = read('guess')

await cryptoWaitReady()
const keyring = new Keyring({ type: 'sr25519' })
const alice = keyring.addFromUri('//Alice')
const charlie = keyring.addFromUri('//Charlie')
const dave = keyring.addFromUri('//Dave')
const salt = u8aToHex(crypto.getRandomValues(new Uint8Array(16)))
let helloAt, guessCode

begin('api-contract')
let api
await step('connect', async () => {
  api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true })
  same(api.runtimeVersion.specName, 'tacit-contracts', 'the runtime')
  return `${await api.rpc.system.chain()}, genesis ${api.genesisHash}`
})

// send resolves when the transaction is final, with all statuses that were seen.
const send = (tx, signer, options = {}) => new Promise((resolve, reject) => {
  const seen = []
  tx.signAndSend(signer, options, (r) => {
    seen.push(r.status.type)
    if (r.status.isFinalized) resolve({ seen, r })
    if (r.isError) reject(new Error(`${seen}`))
  }).catch(reject)
})
const nonce = async (who) => (await api.query.system.account(who)).nonce.toNumber()
const gasLimit = api.registry.createType('WeightV2', { refTime: 100_000_000_000n, proofSize: 1_000_000n })

await step('upload a code and make a contract of it', async () => {
  const before = await nonce(alice.address)
  const code = new CodePromise(api, hello.meta, hello.wasm)
  const { seen, r } = await send(code.tx.new({ gasLimit, salt }), alice)
  same(r.dispatchError, undefined, 'the error')
  want(seen.includes('InBlock') && seen.at(-1) === 'Finalized', `saw ${seen}`)
  helloAt = r.contract.address.toString()
  same(await nonce(alice.address), before + 1, 'the nonce')
  const events = r.events.map(({ event }) => `${event.section}.${event.method}`)
  same(events, 'contracts.CodeStored,contracts.Instantiated,system.ExtrinsicSuccess', 'the events')
  return helloAt
})

let contract
await step('call, dry and for real', async () => {
  contract = new ContractPromise(api, hello.meta, helloAt)
  const dry = await contract.query.increment(alice.address, {}, 5)
  want(dry.result.isOk, `${dry.result}`)
  let read = await contract.query.get(alice.address, {})
  same(read.output.toPrimitive().ok.ok, 0, 'the counter after a dry run')
  const { r } = await send(contract.tx.increment({ gasLimit: dry.gasRequired }, 5), alice)
  same(r.dispatchError, undefined, 'the error')
  read = await contract.query.get(alice.address, {})
  same(read.output.toPrimitive().ok.ok, 5, 'the counter')
  return `${dry.gasRequired.refTime} of reference time`
})

await step('two at once, the later one first', async () => {
  const next = await nonce(alice.address)
  const done = await Promise.all([next + 1, next].map((nonce) => send(contract.tx.increment({ gasLimit }, 0), alice, { nonce })))
  for (const { r } of done) same(r.dispatchError, undefined, 'the error')
  same(await nonce(alice.address), next + 2, 'the nonce')
})

await step('a contract that refuses', async () => {
  const max = 2n ** 64n - 1n
  const dry = await contract.query.increment(alice.address, {}, max)
  want(dry.result.isOk && dry.result.asOk.flags.bits.toNumber() === 1, `${dry.result}`)
  same(JSON.stringify(dry.output), '{"ok":{"err":"Overflow"}}', 'what it says')
  const { r } = await send(contract.tx.increment({ gasLimit }, max), alice)
  same(api.registry.findMetaError(r.dispatchError.asModule).name, 'ContractReverted', 'the error')
  const little = api.registry.createType('WeightV2', { refTime: 1000n, proofSize: 1n })
  const out = await send(contract.tx.increment({ gasLimit: little }, 1), alice)
  same(api.registry.findMetaError(out.r.dispatchError.asModule).name, 'OutOfGas', 'the error')
  const read = await contract.query.get(alice.address, {})
  same(read.output.toPrimitive().ok.ok, 5, 'the counter')
})

await step('events, of a contract made by its code', async () => {
  const code = new CodePromise(api, guess.meta, guess.wasm)
  const stored = await send(code.tx.new({ gasLimit, salt }, 10), alice)
  guessCode = stored.r.findRecord('contracts', 'CodeStored').event.data[0].toString()
  const blueprint = new BlueprintPromise(api, guess.meta, guessCode)
  const made = await send(blueprint.tx.new({ gasLimit, salt: `${salt}01` }, 1), alice)
  same(made.r.dispatchError, undefined, 'the error')
  const game = new ContractPromise(api, guess.meta, made.r.contract.address)
  const { r } = await send(game.tx.guess({ gasLimit }, 1), alice)
  same(r.contractEvents.length, 1, 'the number of events')
  const [{ event, args }] = r.contractEvents
  same(event.identifier.split('::').at(-1), 'Won', 'the event')
  same(args.map(String), [alice.address, 1, 1], 'its fields')
  same((await game.query.winner(alice.address, {})).output.toPrimitive().ok.ok, alice.address, 'the winner')
})

await step('only an account itself asks in its name', async () => {
  const texts = []
  for (const work of [() => contract.query.get(dave.address, {}), () => nonce(dave.address)]) {
    const e = await error(work)
    want(/may not ask in the name/.test(e.message), e.message)
    texts.push(e.message)
  }
  return texts[0]
})

await step('a certificate that a wallet signs', async () => {
  const ask = (method, ...params) => api._rpcCore.provider.send(method, params)
  const { text, until } = await ask('tacit_certificateText', charlie.address)
  want(text.startsWith('Tacit: the key 0x'), text)
  const wrapped = `<Bytes>${text}</Bytes>`
  const e = await error(() => ask('tacit_certify', charlie.address, until, 'sr25519', u8aToHex(dave.sign(wrapped))))
  want(/is not/.test(e.message), e.message)
  await ask('tacit_certify', charlie.address, until, 'sr25519', u8aToHex(charlie.sign(wrapped)))
  const before = await nonce(charlie.address)
  const { r } = await send(contract.tx.increment({ gasLimit }, 1), charlie)
  same(r.dispatchError, undefined, 'the error')
  same(await nonce(charlie.address), before + 1, 'the nonce')
  const read = await contract.query.get(charlie.address, {})
  same(JSON.stringify(read.output), '{"ok":{"err":"NotOwner"}}', 'what the contract tells somebody else')
  return text
})

await step('refuses what is invalid', async () => {
  const texts = []
  const tx = contract.tx.increment({ gasLimit }, 1)
  const used = await tx.signAsync(alice, { nonce: 0 })
  texts.push((await error(() => api.rpc.author.submitExtrinsic(used))).message)
  const altered = (await tx.signAsync(alice, {})).toU8a()
  altered[altered.length - 1] ^= 1
  texts.push((await error(() => api.rpc.author.submitExtrinsic(u8aToHex(altered)))).message)
  want(/outdated/.test(texts[0]) && /bad signature/.test(texts[1]), texts.join('; '))
  return texts.join('; ')
})
await api?.disconnect()

const { DedotClient, WsProvider: DedotProvider } = await import('dedot')
const { Contract, ContractDeployer } = await import('dedot/contracts')
begin('dedot')
let client, game
await step('connect', async () => {
  client = await DedotClient.new(new DedotProvider(url)) // which finds that JSON-RPC is the legacy one
  return `${client.runtimeVersion.specName} ${client.runtimeVersion.specVersion}`
})
const until = (tx, pair) => new Promise((resolve, reject) => {
  const seen = []
  tx.signAndSend(pair, (r) => {
    seen.push(r.status.type)
    if (r.status.type === 'Finalized') resolve({ seen, ...r })
    if (['Invalid', 'Drop'].includes(r.status.type)) reject(new Error(`${seen}`))
  }).catch(reject)
})

await step('make a contract, dry and for real', async () => {
  const deployer = new ContractDeployer(client, JSON.parse(guess.meta), guessCode, { defaultCaller: alice.address })
  const dry = await deployer.query.new(1, { salt: `${salt}02` })
  const done = await until(deployer.tx.new(1, { gasLimit: dry.raw.gasRequired, salt: `${salt}02` }), alice)
  same(done.dispatchError, undefined, 'the error')
  want(done.seen.includes('BestChainBlockIncluded'), `saw ${done.seen}`)
  game = await done.contractAddress()
  return game
})

await step('query, call, and read the event', async () => {
  const contract = new Contract(client, JSON.parse(guess.meta), game, { defaultCaller: alice.address })
  same((await contract.query.winner()).data.value, undefined, 'the winner before')
  const dry = await contract.query.guess(1)
  const done = await until(contract.tx.guess(1, { gasLimit: { refTime: 100_000_000_000n, proofSize: 1_000_000n } }), alice)
  same(done.dispatchError, undefined, 'the error')
  const [won] = contract.events.Won.filter(done.events)
  same([won.data.winner.address(), won.data.number, won.data.guesses], [alice.address, 1, 1], 'the event')
  same((await contract.query.winner()).data.value.address(), alice.address, 'the winner')
  return JSON.stringify(dry.data)
})
await client?.disconnect()
finish()
