// Lets unmodified smoldot follow a network, with polkadot-api on top:
//
//	node smoldot.mjs PATH-OF-TACIT
//
// It makes a network of three validators with short sessions, changes the set
// of validators, starts smoldot from genesis, which has to warp over the
// change, reads the state with proofs, sends a transfer until it is final, and
// follows across another change. Whatever smoldot tells is compared with a
// node. KEEP=1 keeps the folder with the logs.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import * as smoldot from 'smoldot'
import { createClient } from 'polkadot-api'
import { getPolkadotSigner } from 'polkadot-api/signer'
import { getSmProvider } from 'polkadot-api/sm-provider'
import { getWsProvider } from 'polkadot-api/ws'
import { Keyring } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import WebSocket from 'ws'

const tacit = process.argv[2]
if (!tacit) {
  console.error('usage: node smoldot.mjs PATH-OF-TACIT')
  process.exit(2)
}
const run = promisify(execFile)
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'tacit-smoldot-'))
const nodes = []
const logs = []
const limit = setTimeout(() => end(new Error('it did not finish in three minutes')), 180_000)

async function end(err) {
  clearTimeout(limit)
  const stopped = nodes.map((n) => new Promise((done) => (n.exitCode !== null ? done() : n.once('exit', done))))
  nodes.forEach((n) => n.kill('SIGINT'))
  await Promise.race([Promise.all(stopped), sleep(15_000)])
  for (const [i, n] of nodes.entries()) {
    if (n.exitCode === null) n.kill('SIGKILL')
    const text = fs.readFileSync(path.join(work, `v${i + 1}.log`), 'utf8')
    if (err) console.error(text.split('\n').slice(-8).join('\n'))
    else if (/level=ERROR|^panic:/m.test(text)) err = new Error(`the log of validator ${i + 1} has errors`)
  }
  if (err) {
    console.error(logs.slice(-40).join('\n'))
    console.error('FAIL ', err)
  }
  if (process.env.KEEP) {
    fs.writeFileSync(path.join(work, 'smoldot.log'), logs.join('\n'))
    console.log(`logs are in ${work}`)
  } else fs.rmSync(work, { recursive: true, force: true })
  process.exit(err ? 1 : 0)
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

async function until(what, f) {
  for (let i = 0; i < 600; i++) {
    const v = await f().catch(() => undefined)
    if (v) return v
    await sleep(100)
  }
  throw new Error(`after a minute: ${what}`)
}

// ports finds n ports in a row that are free.
async function ports(n) {
  const free = (port) => new Promise((done) => {
    const s = net.createServer().once('error', () => done(false)).listen(port, '127.0.0.1', () => s.close(() => done(true)))
  })
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const all = await Promise.all(Array.from({ length: n }, (_, i) => free(first + i)))
    if (all.every(Boolean)) return first
  }
}

// pinned asks polkadot-api, again where it let go of the block that it was about
// to ask of: a final one stays only as long as it takes to ask for the next,
// which at five blocks a second is soon over, and smoldot has no archive.
async function pinned(ask) {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (err) {
      if (err?.name !== 'BlockNotPinnedError' || tries === 5) throw err
      console.log(`      again: ${err.message}`)
    }
  }
}

async function call(url, method, ...params) {
  const res = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const { result, error } = await res.json()
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

// start adds the chain to a new smoldot, which may use WebSocket alone.
async function start(chainSpec) {
  const client = smoldot.start({
    forbidTcp: true, maxLogLevel: 4,
    logCallback: (level, target, message) => { logs.push(`${new Date().toISOString().slice(14, 23)} ${level} ${target} ${message.slice(0, 500)}`); if (logs.length > 20_000) logs.splice(0, 10_000) },
  })
  const chain = await client.addChain({ chainSpec })
  return { client, papi: createClient(getSmProvider(() => chain)) }
}

async function main() {
  await cryptoWaitReady()
  const keyring = new Keyring({ type: 'sr25519' })
  const grace = keyring.addFromUri('//Grace')
  const heidi = keyring.addFromUri('//Heidi').address
  const signer = getPolkadotSigner(grace.publicKey, 'Sr25519', async (message) => grace.sign(message))

  const first = await ports(12)
  const out = path.join(work, 'net')
  await run(tacit, ['init', '--validators', '3', '--session-blocks', '10', '--no-elections', '--block-time', '200ms', '--out', out,
    '--p2p-port', first, '--rpc-port', first + 3, '--metrics-port', first + 6, '--light-port', first + 9].map(String))
  const http = `http://127.0.0.1:${first + 3}`
  const ws = `ws://127.0.0.1:${first + 3}`
  for (let i = 1; i <= 3; i++) {
    const log = fs.openSync(path.join(work, `v${i}.log`), 'w')
    nodes.push(spawn(tacit, ['node', '--data', path.join(out, `v${i}`)], { stdio: ['ignore', log, log] }))
  }
  const number = async () => Number((await call(http, 'chain_getHeader', await call(http, 'chain_getFinalizedHead'))).number)
  await until('a final block', async () => (await number()) > 0)

  const accounts = JSON.parse(fs.readFileSync(path.join(out, 'spec.json'))).genesis.validators.map((v) => v.account)
  const setID = async () => (await call(http, 'grandpa_roundState')).setId
  const change = (list, to) => run(tacit, ['tx', 'set-validators', ...list, '--rpc', ws]).then(() => to)
  await change([accounts[0], accounts[1]])
  await until('the set 1', async () => (await setID()) === 1)
  await until('a block that needs a warp', async () => (await number()) > 45)
  const { stdout: spec } = await run(tacit, ['chain', 'spec', '--rpc', ws], { maxBuffer: 64 << 20 })
  const { stdout: same } = await run(tacit, ['chain', 'spec', '--data', path.join(out, 'v1')], { maxBuffer: 64 << 20 })
  assert.deepEqual({ ...JSON.parse(same), bootNodes: [] }, { ...JSON.parse(spec), bootNodes: [] })
  console.log(`ok    a chain of ${await number()} blocks, in which the set of validators changed`)

  const began = Date.now()
  const { client, papi } = await start(spec)
  const final = await papi.getFinalizedBlock()
  assert.equal(final.hash, await call(http, 'chain_getBlockHash', final.number))
  assert.ok(logs.some((l) => /warp-sync-request-success|warp-sync-fragments-verified|warp-sync.*success/.test(l)), 'smoldot did not warp')
  console.log(`ok    warp from genesis to final block ${final.number} in ${Date.now() - began} ms`)

  const api = papi.getUnsafeApi()
  const direct = createClient(getWsProvider(ws, { websocketClass: WebSocket }))
  const node = direct.getUnsafeApi()
  assert.equal(await pinned(() => api.query.Grandpa.CurrentSetId.getValue()), 1n)
  // Nobody pays yet, so that all final blocks have the same accounts.
  const balance = await pinned(() => api.query.System.Account.getValue(heidi))
  assert.deepEqual(balance, await node.query.System.Account.getValue(heidi))
  const all = await pinned(() => api.query.System.Account.getEntries())
  assert.ok(all.length >= 10, `${all.length} accounts`)
  const order = (list) => list.map((e) => e.keyArgs[0]).sort()
  assert.deepEqual(order(all), order(await node.query.System.Account.getEntries()))
  console.log(`ok    read a balance and ${all.length} accounts with proofs`)

  const value = 10n ** 12n
  const pay = (on) => on.tx.Balances.transfer_keep_alive({ dest: { type: 'Id', value: heidi }, value })
  const fee = await pinned(() => pay(api).getEstimatedFees(grace.address))
  assert.equal(fee, await pay(node).getEstimatedFees(grace.address))
  console.log(`ok    estimate a fee: ${fee}`)
  // A nonce is used once, however often it is tried.
  const done = await pinned(() => pay(api).signAndSubmit(signer, { nonce: 0 }))
  assert.ok(done.ok, 'the transfer failed')
  assert.equal(done.block.hash, await call(http, 'chain_getBlockHash', done.block.number))
  const after = await pinned(() => api.query.System.Account.getValue(heidi))
  assert.equal(after.data.free - balance.data.free, value)
  console.log(`ok    transfer until final: block ${done.block.number}, ${done.events.length} events`)

  const seen = []
  const watch = papi.finalizedBlock$.subscribe((b) => seen.push(b))
  await change([accounts[1], accounts[2]])
  await until('the set 2 in smoldot', async () => (await api.query.Grandpa.CurrentSetId.getValue()) === 2n)
  const over = seen.at(-1).number
  await until('ten blocks of the set 2', async () => seen.at(-1).number >= over + 10)
  watch.unsubscribe()
  for (const [i, b] of seen.entries()) {
    assert.equal(b.number, seen[0].number + i)
    if (i % 5 === 0) assert.equal(b.hash, await call(http, 'chain_getBlockHash', b.number))
  }
  assert.ok((await pinned(() => pay(api).signAndSubmit(signer, { nonce: 1 }))).ok, 'the transfer under the set 2 failed')
  console.log(`ok    follow ${seen.length} blocks, each final, across another change of the set`)

  const again = Date.now()
  const second = await start(spec)
  const newest = await second.papi.getFinalizedBlock()
  assert.ok(newest.number > over)
  assert.equal(newest.hash, await call(http, 'chain_getBlockHash', newest.number))
  console.log(`ok    warp over both changes to final block ${newest.number} in ${Date.now() - again} ms`)
  for (const c of [papi, second.papi, direct]) c.destroy()
  await Promise.all([client.terminate(), second.client.terminate()])
}

main().then(() => end(), end)
