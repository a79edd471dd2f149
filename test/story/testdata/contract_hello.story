# The first confidential contract: a counter that everybody may raise, and only
# who made it may read.
chain validators=4 Alice=1000 Bob=1000 operator=100
block
worker w1
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

upload hello by=Alice
instantiate hello in=c by=Alice as=counter
settle
receipt counter.new
----
block 14  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: counter, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: counter, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: counter, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
counter.new: Ok: 0x0000

# Bob raises it. What everybody sees of it is how long it is.
command counter increment 5 by=Bob as=raised
observe raised
settle
receipt raised
query counter get by=Alice
query counter get by=Bob
----
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: counter, cluster: c, origin: Bob, seq: 1}
raised to counter, message 1 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random
block 23  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: counter, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
raised: Ok: ()
get as of block 25: 5
get as of block 25: the contract answered NotOwner

# A number that does not fit changes nothing.
command counter increment 18446744073709551615 by=Bob as=overflow
settle
receipt overflow
query counter get by=Alice
----
block 27  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 27  Contracts.CommandQueued{contract: counter, cluster: c, origin: Bob, seq: 2}
block 29  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: counter, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
overflow: Reverted: the contract answered Overflow
get as of block 31: 5

# The worker loses its power, and goes on where it was.
restart w1
command counter increment 2 by=Alice as=again
settle
query counter get by=Alice
----
w1 starts again in boot epoch 2 at block 31
block 33  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 33  Contracts.CommandQueued{contract: counter, cluster: c, origin: Alice, seq: 3}
block 35  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 35  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
block 36  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: counter, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 38: 7
