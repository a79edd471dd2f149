# The runtime is upgraded while everything runs. Version 2 takes shorter batches.
chain validators=4 sudo=Alice Alice=1000 Bob=100 operator=100
block
worker w1
relay w1
settle
cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
version
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
block 14  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: hello, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
after block 20: spec version 1, the code is its own

# Only Sudo may authorize it, a newer version only, and for a block that is yet
# to come. What was authorized last holds.
call authorize_upgrade(2,40) by=Bob
call sudo(authorize_upgrade(1,40)) by=Alice
call sudo(authorize_upgrade(2,3)) by=Alice
call sudo(authorize_upgrade(3,33)) by=Alice
call sudo(authorize_upgrade(2,30)) by=Alice
call batch(pay(Bob,1),pay(Bob,2),pay(Bob,3)) by=Alice
----
block 21  System.ExtrinsicFailed{BadOrigin}
block 22  Sudo.Sudid{sudoResult: System.SpecVersionNeedsToIncrease}
block 23  Sudo.Sudid{sudoResult: System.UpgradeTooEarly}
block 24  System.UpgradeAuthorized{specVersion: 3, height: 33}
block 24  Sudo.Sudid{sudoResult: Ok}
block 25  System.UpgradeAuthorized{specVersion: 2, height: 30}
block 25  Sudo.Sudid{sudoResult: Ok}
block 26  Balances.Transfer{from: Alice, to: Bob, amount: 1}
block 26  Balances.Transfer{from: Alice, to: Bob, amount: 2}
block 26  Balances.Transfer{from: Alice, to: Bob, amount: 3}

# The program does not carry it: the node stops before the block, also when it
# is started again.
block 30
program 1
----
error: own proposal: stopped before block 30: this program lacks spec version 2 of the runtime (it carries 1); the node goes on from here when a newer program starts it
error: stopped before block 30: this program lacks spec version 2 of the runtime (it carries 1); the node goes on from here when a newer program starts it

# A newer program goes on where it stopped. The block of the upgrade is still
# the old version's, and what the state says after it is the new one's.
program 1 2
changed
block
changed
version 29
version
----
block 30  System.CodeUpdated{}
block 30  its header says that the runtime changed
changed: :code
after block 29: spec version 1, the code is its own
after block 30: spec version 2, the code is its own

# What was signed for the old version has a bad signature now, and batches of
# three are too long.
call pay(Bob,1) by=Alice spec=1
call pay(Bob,1) by=Alice
call batch(pay(Bob,1),pay(Bob,2),pay(Bob,3)) by=Alice
balance Bob
----
error: 1010 Invalid Transaction: Transaction has a bad signature
block 31  Balances.Transfer{from: Alice, to: Bob, amount: 1}
block 32  System.ExtrinsicFailed{Utility.TooManyCalls}
Bob  106.999  nonce 1

# The worker knows nothing of versions: commands go on, and its relay signs for
# the new version when the worker registers anew.
command hello increment 1 by=Bob as=after
settle
receipt after
restart w1
settle
query hello get by=Alice
----
block 33  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 33  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
after: Ok: ()
w1 starts again in boot epoch 2 at block 37
block 40  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 40  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
get as of block 42: 1

# The old program cannot take the chain back.
program 1
program 1 2
block
version
----
error: stopped before block 44: this program lacks spec version 2 of the runtime (it carries 1); the node goes on from here when a newer program starts it
after block 44: spec version 2, the code is its own
