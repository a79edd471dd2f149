# A worker proves what it is, makes a cluster's keys, and runs a contract
# whose counter only its owner may read.
chain validators=4 Alice=1000 Bob=100 operator=100
block
worker w1
----
w1 runs, TDX, SIMULATED TEE: no confidentiality

workers
relay w1
workers
----
no worker is registered
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
w1  operator operator  boot epoch 1  Development  UpToDate

sees w1
block 2
relay w1
sees w1
settle
----
w1 is at block 1, boot epoch 1, registered false, 0 messages wait for the chain
w1 believes block 3
w1 is at block 3, boot epoch 1, registered true, 0 messages wait for the chain

cluster c by=Alice
settle
----
block 8  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 8  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 8  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 8  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 10  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 10  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}

upload hello by=Alice
check hello in=c by=Alice
settle
----
block 16  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 17  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 19  Contracts.CodeChecked{cluster: c, code: hello.wasm, ok: true, reason: 0 bytes}

instantiate hello in=c by=Alice
settle
receipt hello.new
----
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 23  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 1}
block 25  Contracts.Instantiated{contract: hello, deployer: Alice}
block 25  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
hello.new: Ok: 0x0000

# What everybody sees, and what the caller sees.
command hello increment 5 by=Bob as=first
observe first
settle
receipt first
----
block 29  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 29  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
first to hello, message 2 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random
block 31  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
first: Ok: ()

query hello get by=Alice
query hello get by=Bob
----
get as of block 33: 5
get as of block 33: the contract answered NotOwner

command hello get by=Bob as=curious
settle
receipt curious
balance Alice Bob
----
block 35  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 35  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
block 37  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: hello, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
curious: Reverted: the contract answered NotOwner
Alice  997.782  reserved 1.579  nonce 6
Bob  99.992  nonce 2
