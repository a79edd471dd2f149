# The relay, the worker and the node are killed at bad moments. All go on, and
# the counter is right.
chain validators=4 Alice=1000 Bob=100 operator=100
block
worker w1
relay w1
settle
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1

cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 1 by=Bob as=before
settle
query hello get by=Alice
----
block 6  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 6  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 6  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 6  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 8  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 8  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}
block 14  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: hello, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 23  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 25: 1

# The relay dies after it brought the worker a command, and before it took the
# receipt. The next one finds out.
command hello increment 10 by=Bob as=relay-killed
block 2
relay w1 sync=lost
sees w1
settle
receipt relay-killed
query hello get by=Alice
----
block 27  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 27  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
error: worker /v1/sync: 500 Internal Server Error
w1 is at block 28, boot epoch 1, registered true, 1 messages wait for the chain
block 31  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
relay-killed: Ok: ()
get as of block 33: 11

# The worker dies with a receipt that nobody took: it comes again in another
# boot epoch, registers anew, and says what it has to say.
command hello increment 100 by=Bob as=worker-killed
block 2
relay w1 sync=lost
restart w1
settle
receipt worker-killed
query hello get by=Alice
workers
----
block 35  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 35  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
error: worker /v1/sync: 500 Internal Server Error
w1 starts again in boot epoch 2 at block 36
block 39  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 39  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
block 40  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
worker-killed: Ok: ()
get as of block 42: 111
w1  operator operator  boot epoch 2  Development  UpToDate

# The worker dies before it hears of the command.
command hello increment 1000 by=Bob as=worker-killed-early
restart w1
settle
receipt worker-killed-early
query hello get by=Alice
----
block 44  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 44  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 4}
w1 starts again in boot epoch 3 at block 42
block 46  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 4}
block 46  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 3, platform: …, status: UpToDate, tier: 0, renewal: true}
block 47  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
worker-killed-early: Ok: ()
get as of block 49: 1111

# The node dies after a block, before the next one makes it final.
command hello increment 10000 by=Bob as=node-killed
crash
settle
receipt node-killed
query hello get by=Alice
----
block 51  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 51  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
the node starts again at block 51 of 51, final 50
block 53  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
node-killed: Ok: ()
get as of block 55: 11111

# And once more with the worker at the same time.
command hello increment 100000 by=Bob as=both-killed
block 2
relay w1
crash
restart w1
settle
receipt both-killed
query hello get by=Alice
balance Bob
----
block 57  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 57  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 6}
w1 believes block 58
the node starts again at block 59 of 59, final 58
w1 starts again in boot epoch 4 at block 58
block 61  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 5}
block 61  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 4, platform: …, status: UpToDate, tier: 0, renewal: true}
block 62  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
both-killed: Ok: ()
get as of block 64: 111111
Bob  99.978  nonce 6
