# Prices from a server. Queries ask it over HTTP, from inside the enclave, and sign
# what it said; commands, which have no network, take what was signed.
chain validators=4 Alice=1000 Bob=1000 operator=100
block
worker w1 private=http
relay w1
settle
cluster c by=Alice
settle
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
block 6  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 6  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 6  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 6  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 8  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 8  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}

server exchange TEA-EUR=1.25 MILK-EUR="0.9" NONE=null
upload price by=Alice
instantiate price @exchange in=c by=Alice as=feed
settle
receipt feed.new
query feed ask TEA-EUR by=Bob
query feed ask MILK-EUR by=Bob
query feed ask NONE by=Bob
query feed ask COFFEE-EUR by=Bob
query feed ask ../secret by=Bob
query feed latest TEA-EUR by=Bob
----
block 14  Contracts.CodeStored{code: price.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: feed, cluster: c, deployer: Alice, code: price.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: feed, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: feed, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
feed.new: Ok: 0x0000
ask as of block 19: {quote: {pair: "TEA-EUR", price: 1250000, time: 1750000019002}, signature: …}
ask as of block 19: {quote: {pair: "MILK-EUR", price: 900000, time: 1750000019002}, signature: …}
ask as of block 19: the contract answered NoPrice
ask as of block 19: the contract answered NoAnswer
ask as of block 19: the contract answered BadPair
latest as of block 19: the contract answered Unknown

# What a query signed, anybody may bring: the contract keeps it.
query feed ask TEA-EUR by=Bob
command feed report @answer by=Bob as=reported
command feed report @answer by=Alice as=again
command feed ask TEA-EUR by=Bob as=nothing
settle
receipt reported
receipt again
receipt nothing
query feed latest TEA-EUR by=Alice
server exchange TEA-EUR=1.5
query feed ask TEA-EUR by=Alice
command feed report @answer by=Alice as=newer
settle
receipt newer
query feed latest TEA-EUR by=Bob
----
ask as of block 19: {quote: {pair: "TEA-EUR", price: 1250000, time: 1750000019002}, signature: …}
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: feed, cluster: c, origin: Bob, seq: 1}
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 22  Contracts.CommandQueued{contract: feed, cluster: c, origin: Alice, seq: 2}
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 23  Contracts.CommandQueued{contract: feed, cluster: c, origin: Bob, seq: 3}
block 25  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: feed, status: Ok, gas: 8388608, output: 1398 bytes, error: 0 bytes}}
block 25  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: feed, status: Reverted, gas: 4194304, output: 1398 bytes, error: 0 bytes}}
block 25  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: feed, status: Reverted, gas: 16777216, output: 1398 bytes, error: 0 bytes}}
reported: Ok: ()
again: Reverted: the contract answered TooOld
nothing: Reverted: the contract answered NoAnswer
latest as of block 27: {pair: "TEA-EUR", price: 1250000, time: 1750000019002}
ask as of block 27: {quote: {pair: "TEA-EUR", price: 1500000, time: 1750000027002}, signature: …}
block 29  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 29  Contracts.CommandQueued{contract: feed, cluster: c, origin: Alice, seq: 4}
block 31  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: feed, status: Ok, gas: 8388608, output: 1398 bytes, error: 0 bytes}}
newer: Ok: ()
latest as of block 33: {pair: "TEA-EUR", price: 1500000, time: 1750000027002}

# Unless the operator of a development chain allows it, contracts reach the public
# Internet alone, of which this machine is none.
restart w1 private=no
relay w1
settle
query feed ask TEA-EUR by=Bob
query feed latest TEA-EUR by=Bob
----
w1 starts again in boot epoch 2 at block 33
block 35  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 35  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
w1 believes block 34
ask as of block 37: the contract answered NoAnswer
latest as of block 37: {pair: "TEA-EUR", price: 1500000, time: 1750000027002}
