# A secret note: who wrote it reads it, and nobody else, neither who made the
# contract nor who looks at the chain.
chain validators=4 Alice=1000 Bob=1000 Charlie=1000 operator=100
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

upload note by=Alice
instantiate note in=c by=Alice as=notes
settle
receipt notes.new
----
block 14  Contracts.CodeStored{code: note.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: notes, cluster: c, deployer: Alice, code: note.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: notes, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
notes.new: Ok: 0x0000

command notes write marmalade by=Bob as=written
observe written
settle
receipt written
query notes read by=Bob
query notes read by=Alice
query notes read by=Charlie
----
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 1}
written to notes, message 1 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random
block 23  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
written: Ok: ()
read as of block 25: {text: "marmalade", time: 1750000021000}
read as of block 25: the contract answered NoNote
read as of block 25: the contract answered NoNote

# Bob's ciphertext is of no use to Charlie.
resend written by=Charlie as=copied
settle
receipt copied
----
block 27  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 27  Contracts.CommandQueued{contract: notes, cluster: c, origin: Charlie, seq: 2}
block 29  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: notes, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
copied: Rejected: the envelope does not open for this account and contract

command notes erase by=Charlie as=nothing
command notes erase by=Bob as=erased
settle
receipt nothing
receipt erased
query notes read by=Bob
----
block 33  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 33  Contracts.CommandQueued{contract: notes, cluster: c, origin: Charlie, seq: 3}
block 34  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 34  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 4}
block 36  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: notes, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 36  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: notes, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
nothing: Reverted: the contract answered NoNote
erased: Ok: ()
read as of block 38: the contract answered NoNote

# The worker is started again: what was erased stays erased, what is written stays.
command notes write second by=Charlie as=second
settle
restart w1
relay w1
settle
query notes read by=Charlie
query notes read by=Bob
----
block 40  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 40  Contracts.CommandQueued{contract: notes, cluster: c, origin: Charlie, seq: 5}
block 42  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
w1 starts again in boot epoch 2 at block 44
block 46  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 46  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
w1 believes block 45
read as of block 48: {text: "second", time: 1750000040000}
read as of block 48: the contract answered NoNote
