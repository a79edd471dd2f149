# Contracts make contracts, of codes that their cluster was told of and can run.
chain validators=4 Alice=1000 Bob=1000 operator=100
block
worker w1
relay w1
settle
cluster c by=Alice
settle
upload parent by=Alice
upload moody by=Alice
upload noise by=Alice
instantiate parent in=c by=Alice
settle
receipt parent.new
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
block 12  Contracts.CodeStored{code: parent.wasm, uploader: Alice, size: at most 1 kB}
block 13  Contracts.CodeStored{code: moody.wasm, uploader: Alice, size: at most 1 kB}
block 14  Contracts.CodeStored{code: noise.wasm, uploader: Alice, size: at most 1 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: parent, cluster: c, deployer: Alice, code: parent.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: parent, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: parent, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
parent.new: Ok: 0x

# The chain has the code; the cluster was not told of it, and does not ask.
command parent make code=moody by=Bob as=unknown
check moody in=c
check noise in=c
settle
receipt unknown
----
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: parent, cluster: c, origin: Bob, seq: 1}
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 25  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: parent, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 25  Contracts.CodeChecked{cluster: c, code: moody.wasm, ok: true, reason: 0 bytes}
block 25  Contracts.CodeChecked{cluster: c, code: noise.wasm, ok: false, reason: "module refused: not a WebAssembly module of version 1"}
unknown: Ok: 0x07000000

# 7 is CodeNotFound, 0 success; the second child with the same name traps.
command parent make code=moody by=Bob as=made
command parent make code=moody by=Bob as=twice
command parent make code=noise by=Bob as=refused
settle
receipt made
receipt twice
receipt refused
----
block 29  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 29  Contracts.CommandQueued{contract: parent, cluster: c, origin: Bob, seq: 4}
block 30  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 30  Contracts.CommandQueued{contract: parent, cluster: c, origin: Bob, seq: 5}
block 31  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 31  Contracts.CommandQueued{contract: parent, cluster: c, origin: Bob, seq: 6}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: parent, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: parent, status: Trapped, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: parent, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
made: Ok: 0x00000000
twice: Trapped: the contract exists
refused: Ok: 0x07000000

# The child answers queries. The chain does not know it, so that a command names
# its cluster and not the contract, which only the cluster reads.
child moody of=parent as=kid
query kid k by=Bob
command kid - by=Bob as=never
command kid k by=Bob as=hidden hidden=yes
settle
receipt hidden
observe hidden
----
k as of block 35: 0xffffffff
block 37  System.ExtrinsicFailed{Contracts.ContractNotFound}
block 38  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 38  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 7}
block 40  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
hidden: Ok: 0xffffffff
hidden to kid, message 7 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random

# Its log is that of whoever made its parent, as is the parent's; here both are empty.
log kid by=Alice
log kid by=Bob
----
error: only the owner of a contract reads its log (kind 15)

# It is still there when the worker has started again.
restart w1
relay w1
settle
query kid k by=Bob
----
w1 starts again in boot epoch 2 at block 42
block 44  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 44  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
w1 believes block 43
k as of block 46: 0xffffffff
