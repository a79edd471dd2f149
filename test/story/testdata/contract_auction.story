# A sealed-bid auction. Nobody sees a bid but who made it; afterwards everybody
# sees who won, and what the second bid, which is the price.
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

upload auction by=Alice
instantiate auction lamp 30 in=c by=Alice as=lamp
instantiate auction lamp 0 in=c by=Alice as=never
settle
receipt lamp.new
receipt never.new
----
block 14  Contracts.CodeStored{code: auction.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: lamp, cluster: c, deployer: Alice, code: auction.wasm, seq: 0}
block 16  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 16  Contracts.Instantiating{contract: never, cluster: c, deployer: Alice, code: auction.wasm, seq: 1}
block 18  Contracts.Instantiated{contract: lamp, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: lamp, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: never, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
lamp.new: Ok: 0x0000
never.new: Reverted: 0x000105

command lamp bid 10 by=Bob as=first
command lamp bid 30 by=Charlie as=second
command lamp bid 10 by=Bob as=same
command lamp bid 25 by=Bob as=raised
settle
receipt first
receipt second
receipt same
receipt raised
query lamp mine by=Bob
query lamp mine by=Alice
query lamp result by=Alice
log lamp by=Alice
----
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 22  Contracts.CommandQueued{contract: lamp, cluster: c, origin: Bob, seq: 2}
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 23  Contracts.CommandQueued{contract: lamp, cluster: c, origin: Charlie, seq: 3}
block 24  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 24  Contracts.CommandQueued{contract: lamp, cluster: c, origin: Bob, seq: 4}
block 25  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 25  Contracts.CommandQueued{contract: lamp, cluster: c, origin: Bob, seq: 5}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: lamp, status: Ok, gas: 4194304, output: 1398 bytes, error: 0 bytes}}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: lamp, status: Ok, gas: 4194304, output: 1398 bytes, error: 0 bytes}}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: lamp, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 27  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: lamp, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
first: Ok: ()
second: Ok: ()
same: Reverted: the contract answered TooLow
raised: Ok: ()
mine as of block 29: 25
mine as of block 29: the contract answered NoBid
result as of block 29: the contract answered NotOver
lamp 0: level 3: the auction begins
lamp 1: level 3: somebody bid
lamp 2: level 3: somebody bid
lamp 3: level 3: somebody bid

# Time passes.
block 30
relay w1
command lamp bid 1000 by=Bob as=late
settle
receipt late
query lamp result by=Alice
query lamp result by=Bob
log lamp by=Charlie
----
w1 believes block 59
block 61  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 61  Contracts.CommandQueued{contract: lamp, cluster: c, origin: Bob, seq: 6}
block 63  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: lamp, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
late: Reverted: the contract answered Over
result as of block 65: Some({winner: Charlie, price: 25, bids: 2})
result as of block 65: Some({winner: Charlie, price: 25, bids: 2})
error: only the owner of a contract reads its log (kind 15)
