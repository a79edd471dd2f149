// Lets unmodified @polkadot/api stake, and read what its staking pages show:
//
//	node staking.mjs ws://127.0.0.1:9944
//
// The chain must have elections. It signs as //Grace, whom nothing else uses.
import assert from 'node:assert/strict'
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { finish, step, url } from './steps.mjs'

await cryptoWaitReady()
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true })
const { tx, query, derive, consts } = api
const grace = new Keyring({ type: 'sr25519' }).addFromUri('//Grace')
const unit = 10n ** 12n

// send signs, submits, waits for a block, and returns the events' names.
const send = (call) => new Promise((resolve, reject) => {
  call.signAndSend(grace, ({ status, events, dispatchError }) => {
    if (status.isError) reject(new Error(`it ended as ${status.type}`))
    if (!status.isInBlock && !status.isFinalized) return
    if (dispatchError) reject(new Error(dispatchError.isModule ? api.registry.findMetaError(dispatchError.asModule).name : dispatchError.toString()))
    else resolve(events.map(({ event }) => `${event.section}.${event.method}`))
  }).catch(reject)
})

const [validator] = (await query.session.validators()).map(String)

await step('constants', async () => {
  assert.equal(consts.staking.sessionsPerEra.toNumber(), 6)
  assert.equal(consts.staking.bondingDuration.toNumber(), 28)
  assert.equal((await derive.session.info()).sessionsPerEra.toNumber(), 6)
})

await step('who validates', async () => {
  const overview = await derive.staking.overview()
  assert.ok(overview.validators.some((v) => String(v) === validator))
  const { info } = await derive.staking.electedInfo({ withController: true, withExposure: true, withExposureMeta: true, withPrefs: true })
  const found = info.find((v) => String(v.accountId) === validator)
  assert.ok(found.exposureMeta.unwrap().own.toBigInt() > 0n)
  assert.equal(String(found.controllerId), validator)
  return `era ${overview.activeEra}, ${overview.validators.length} validators`
})

await step('bond, nominate, unbond and rebond', async () => {
  let bonded = (await query.staking.ledger(grace.address)).isSome
  if (!bonded) assert.ok((await send(tx.staking.bond(100n * unit, 'Staked'))).includes('staking.Bonded'))
  await send(tx.staking.nominate([validator]))
  assert.ok((await send(tx.staking.unbond(10n * unit))).includes('staking.Unbonded'))
  assert.ok((await send(tx.staking.rebond(10n * unit))).includes('staking.Bonded'))
  const account = await derive.staking.account(grace.address)
  assert.equal(account.stakingLedger.active.toBigInt(), 100n * unit)
  assert.deepEqual(account.nominators.map(String), [validator])
  const all = await derive.balances.all(grace.address)
  assert.ok(all.reservedBalance.toBigInt() >= 100n * unit)
})

await step('what the chain refuses has a name', async () => {
  await assert.rejects(send(tx.staking.bond(unit, 'Staked')), { message: 'AlreadyBonded' })
  await assert.rejects(send(tx.staking.nominate([])), { message: 'EmptyTargets' })
  await assert.rejects(send(tx.staking.payoutStakers(validator, 1_000_000)), { message: 'InvalidEraToReward' })
})

await step('points, heartbeats and the runtime API', async () => {
  const points = await derive.staking.currentPoints()
  assert.ok(points.total.toNumber() > 0)
  const beats = await derive.imOnline.receivedHeartbeats()
  assert.ok(validator in beats)
  assert.equal((await api.call.stakingApi.nominationsQuota(unit)).toNumber(), 16)
  for (const f of ['erasHistoric', 'erasPoints', 'erasPrefs', 'erasRewards', 'erasExposure', 'waitingInfo', 'stashes']) await derive.staking[f]()
  await derive.staking.stakerRewards(grace.address)
})

finish()
