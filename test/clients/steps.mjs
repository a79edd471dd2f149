// What the scripts share: the node's address, a line for each step, and a
// WebSocket that notes what a client asks for and can hide the new groups of
// JSON-RPC, so that a client takes its legacy path.
import WebSocket from 'ws'

export const url = process.argv[2]
if (!url?.startsWith('ws')) {
  console.error(`usage: node ${process.argv[1].split('/').at(-1)} ws://HOST:PORT`)
  process.exit(2)
}

let failed = 0
let group = ''
const started = performance.now()
const deadline = setTimeout(() => finish('FAIL  the whole run took more than five minutes'), 300_000)

// begin names what the next lines are about.
export function begin(name) {
  group = `${name}: `
}

// step prints how work ended. What it returns is told too.
export async function step(name, work) {
  const from = performance.now()
  let late
  try {
    const detail = await Promise.race([
      work(),
      new Promise((_, reject) => { late = setTimeout(() => reject(new Error('not done after 60 s')), 60_000) }),
    ])
    console.log(`ok    ${group}${name}${detail ? `: ${detail}` : ''} (${Math.round(performance.now() - from)} ms)`)
  } catch (e) {
    failed++
    console.log(`FAIL  ${group}${name}: ${e.stack ?? e}`)
  } finally {
    clearTimeout(late)
  }
}

export function finish(problem) {
  clearTimeout(deadline)
  if (problem) console.log(problem)
  else console.log(failed ? `${failed} step(s) failed` : `all steps passed in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  process.exit(failed || problem ? 1 : 0)
}

export function want(condition, text) {
  if (!condition) throw new Error(text)
}

export function same(got, expected, what) {
  want(String(got) === String(expected), `${what} is ${got}, want ${expected}`)
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// error returns what work threw.
export async function error(work) {
  try {
    await work()
  } catch (e) {
    return e
  }
  throw new Error('it was accepted')
}

// hide takes the new groups out of the JSON of a list of methods.
export const hide = (text) => text.replace(fresh, '').replace(',]', ']')

const fresh = /"(?:archive|chainHead|chainSpec|transaction|transactionWatch)_v1_\w+",?/g

// tap returns a WebSocket class and the set of methods that went over it.
export function tap({ legacy }) {
  const asked = new Set()
  class Tap extends WebSocket {
    send(data, ...rest) {
      for (const m of String(data).matchAll(/"method":"(\w+)"/g)) asked.add(m[1])
      return super.send(data, ...rest)
    }

    emit(name, data, ...rest) {
      if (legacy && name === 'message' && data.includes('"methods":[')) {
        data = Buffer.from(hide(data.toString()))
      }
      return super.emit(name, data, ...rest)
    }
  }
  return { Tap, asked }
}
