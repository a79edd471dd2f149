// Increments the counter of `tacit dev --demo hello` in secret and reads it back:
//
//	tacit dev --demo hello
//	npm run build && node --experimental-websocket examples/counter.mjs ws://127.0.0.1:9944 http://127.0.0.1:9955
//
// The second argument is the console's address, which tells the contract.

import { Chain, command, Contract, development, query, Rpc, text } from '@tacit-network/sdk';

const [node = 'ws://127.0.0.1:9944', console_ = 'http://127.0.0.1:9955'] = process.argv.slice(2);
const rpc = new Rpc(node);
await new Promise((up) => rpc.onOpen(up));
const chain = await Chain.open(rpc);
const { contract, metadata, worker } = await (await fetch(`${console_}/config.json`)).json();
const hello = new Contract(metadata);
const alice = development('Alice');
const message = (name) => hello.messages.find((m) => m.label === name);

const outcome = await command(chain, contract, alice, hello.input(message('increment'), ['3']), {
  sealed: (s) => console.log(`sealed ${s.plaintext.length} bytes into an envelope of ${s.envelope.length}`),
  included: (i) => console.log(`in block ${i.block.number}`),
  receipt: (r) => console.log(`receipt in block ${r.block.number}, signed by ${r.worker}`),
});
console.log(`increment: ${outcome.status}`);

const { cluster } = await chain.storage('Contracts', 'Contracts', [contract]);
const [identity] = (await chain.storage('Clusters', 'Clusters', [cluster])).members;
const { hpke } = await chain.storage('Registry', 'Workers', [identity]);
const url = async () => {
  const published = await chain.storage('Registry', 'Endpoints', [identity]);
  return published?.[0] ? text(published[0]).replace(/\/$/, '') : worker;
};
const asked = await query(chain, { identity, keys: hpke, url }, contract, alice, 0, hello.input(message('get'), []), { sealed() {} });
console.log(`get: ${hello.result(message('get'), asked.outcome.output).value}, as of block ${asked.answer.block}`);
rpc.close();
