// Proves to whoever knows a chain's genesis what it has verified of a worker:
//
//	npm run build && node --experimental-websocket examples/verify-worker.mjs ws://127.0.0.1:9944 GENESIS WORKER
//
// The node is believed nothing: validators' signatures are followed from genesis,
// and the state is read with proofs. `tacit dev` prints the genesis and the worker.

import { Chain, LightClient, Rpc, verifyWorker } from '@tacit-network/sdk';

const [node, genesis, worker] = process.argv.slice(2);
if (!worker) {
  console.error('usage: verify-worker.mjs NODE GENESIS WORKER');
  process.exit(2);
}
const rpc = new Rpc(node);
await new Promise((up) => rpc.onOpen(up));
const light = await LightClient.open(await Chain.open(rpc), genesis);
const verdict = await verifyWorker(light, worker);
for (const { name, ok, detail } of verdict.checks) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)}  ${detail}`);
rpc.close();
process.exitCode = verdict.ok ? 0 : 1;
