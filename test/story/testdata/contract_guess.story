# Guess the number: who guesses learns something, and nobody else does. Which
# number was drawn changes with every run, so that guesses here are out of its
# range, or there is one number alone.
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

upload guess by=Alice
instantiate guess 1000 in=c by=Alice as=game
instantiate guess 0 in=c by=Alice as=none
instantiate guess 1 in=c by=Alice as=certain
settle
receipt game.new
receipt none.new
receipt certain.new
----
block 14  Contracts.CodeStored{code: guess.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: game, cluster: c, deployer: Alice, code: guess.wasm, seq: 0}
block 16  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 16  Contracts.Instantiating{contract: none, cluster: c, deployer: Alice, code: guess.wasm, seq: 1}
block 17  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 17  Contracts.Instantiating{contract: certain, cluster: c, deployer: Alice, code: guess.wasm, seq: 2}
block 19  Contracts.Instantiated{contract: game, deployer: Alice}
block 19  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: game, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 19  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: none, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 19  Contracts.Instantiated{contract: certain, deployer: Alice}
block 19  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: certain, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
game.new: Ok: 0x0000
none.new: Reverted: 0x000100
certain.new: Ok: 0x0000

# A query, whose changes are dropped, gives no hint.
query game guess 500 by=Bob
command game guess 0 by=Bob as=low
command game guess 1001 by=Bob as=high
command game again by=Bob as=early
settle
receipt low
receipt high
receipt early
query game winner by=Charlie
----
guess as of block 21: the contract answered Command
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 23  Contracts.CommandQueued{contract: game, cluster: c, origin: Bob, seq: 3}
block 24  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 24  Contracts.CommandQueued{contract: game, cluster: c, origin: Bob, seq: 4}
block 25  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 25  Contracts.CommandQueued{contract: game, cluster: c, origin: Bob, seq: 5}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: game, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: game, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: game, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
low: Ok: Higher
high: Ok: Lower
early: Reverted: the contract answered NotOver
winner as of block 29: None

# The winner learns it by the receipt; then everybody may ask who it is.
command certain guess 2 by=Charlie as=wrong
command certain guess 1 by=Bob as=right
command certain guess 1 by=Charlie as=late
settle
receipt wrong
receipt right
receipt late
query certain winner by=Alice
----
block 31  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 31  Contracts.CommandQueued{contract: certain, cluster: c, origin: Charlie, seq: 6}
block 32  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 32  Contracts.CommandQueued{contract: certain, cluster: c, origin: Bob, seq: 7}
block 33  Queue.MessagePushed{to: ToCluster{id: c}, seq: 8}
block 33  Contracts.CommandQueued{contract: certain, cluster: c, origin: Charlie, seq: 8}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: certain, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: certain, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 8, contract: certain, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
wrong: Ok: Lower
right: Ok: Right
late: Reverted: the contract answered Over
winner as of block 37: Some(Bob)

# The event that tells of it is in the log, which its owner alone reads.
log certain by=Alice
log certain by=Bob
log game by=Alice
----
certain 0: event Won{winner: Bob, number: 1, guesses: 2}
error: only the owner of a contract reads its log (kind 15)
