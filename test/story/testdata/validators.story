# The validators change, twice in a row of sessions and while a worker sleeps. Its
# light client, which knows those of genesis alone, follows the hand-overs by
# their proofs, and believes none that a set did not sign.
chain validators=4 sudo=Alice session=3 Alice=1000 Bob=100 operator=100
block
worker w1
relay w1
cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
block 3  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 3  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 3  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 3  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 5  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 5  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}
block 11  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 12  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 12  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 14  Contracts.Instantiated{contract: hello, deployer: Alice}
block 14  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}

validators 0,1,2
block 8
relay w1
sees w1
command hello increment 5 by=Bob as=one
settle
receipt one
----
block 18  Sudo.Sudid{sudoResult: Ok}
block 21  Session.NewQueued{}
block 24  Grandpa.NewAuthorities{authoritySet: 3 of them}
w1 believes block 25
w1 is at block 25, boot epoch 1, registered true, 0 messages wait for the chain
block 27  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 27  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 29  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
one: Ok: ()

# Two more sets come and go before the relay is there again.
validators 3
block 6
validators 1,3
block 8
command hello increment 6 by=Bob as=two
block 2
relay w1 sync=vote-forged
relay w1 sync=other-set
sees w1
relay w1
sees w1
settle
receipt two
query hello get by=Alice
----
block 33  Sudo.Sudid{sudoResult: Ok}
block 36  Session.NewQueued{}
block 39  Grandpa.NewAuthorities{authoritySet: 1 of them}
block 40  Sudo.Sudid{sudoResult: Ok}
block 42  Session.NewQueued{}
block 45  Grandpa.NewAuthorities{authoritySet: 2 of them}
block 49  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 49  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
error: the light chain does not follow to block 50: set 3: justification of 50 …: vote 1 of 2: InvalidAuthoritySignature (kind 5)
error: the light chain does not follow to block 50: set 3: justification of 50 …: vote 0 of 2: InvalidAuthoritySignature (kind 5)
w1 is at block 31, boot epoch 1, registered true, 0 messages wait for the chain
w1 believes block 50
w1 is at block 50, boot epoch 1, registered true, 1 messages wait for the chain
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
two: Ok: ()
get as of block 54: 11

# The node dies in the block that hands over, and the worker with it.
validators 0,1,2,3
block 4
crash
restart w1
block 3
settle
command hello increment 7 by=Bob as=three
settle
receipt three
query hello get by=Alice
----
block 56  Sudo.Sudid{sudoResult: Ok}
block 57  Session.NewQueued{}
block 60  Grandpa.NewAuthorities{authoritySet: 4 of them}
the node starts again at block 60 of 60, final 59
w1 starts again in boot epoch 2 at block 54
block 65  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 65  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
block 69  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 69  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
block 71  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
three: Ok: ()
get as of block 73: 18
