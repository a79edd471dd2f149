# A cluster moves to workers of the next program, and loses nothing. The old worker
# gives the new one its secrets, once its own light client has seen that the chain
# admits that program, and that it is no older than its own. Then it is taken out.
chain validators=2 hardware=real sudo=Alice Alice=1000 operator=1000 Bob=100
block
hush Queue.MessagePushed Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
worker old
settle
cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
----
old runs, TDX, SIMULATED TEE: no confidentiality
block 3  Registry.WorkerRegistered{worker: old, operator: operator, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
block 7  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 9  Clusters.ClusterReady{cluster: c, epoch: 0, worker: old}
block 15  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 16  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 18  Contracts.Instantiated{contract: hello, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: old, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 22  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 24  Contracts.CommandDone{cluster: c, worker: old, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}

# The next program is admitted at block 40. Before, no worker of it registers.
call sudo(admit_next(40))
worker new program=next
relay new
block 20
settle
----
block 28  Attestation.ImageAdded{image: …, activeFrom: 40}
block 28  Sudo.Sudid{sudoResult: Ok}
new runs, TDX, SIMULATED TEE: no confidentiality
block 29  System.ExtrinsicFailed{Attestation.ImageInactive}
error: the transaction failed: Attestation.ImageInactive
block 51  Registry.WorkerRegistered{worker: new, operator: operator, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}

# It is drawn, given the secrets by the old one, and executes the queue.
add in=c by=Alice
settle
members c
query hello get by=Alice at=old
query hello get by=Alice at=new
----
block 55  Clusters.MemberAdded{cluster: c, worker: new}
block 59  Clusters.MemberReady{cluster: c, worker: new, epoch: 0}
c: epoch 0, 2 messages executed
  old: has the secret of epoch 0, executed 2 messages
  new: has the secret of epoch 0, executed 2 messages
get as of block 62: 5
get as of block 62: 5

# The old one is taken out while both programs are admitted. The new one makes the
# secret of the next epoch, and has all that was before.
call sudo(retire(110))
remove old in=c by=Alice
settle
members c
command hello increment 7 by=Bob as=second
settle
receipt first
receipt second
query hello get by=Alice at=new
query hello get by=Alice at=old
call leave(old) by=operator
destroy old
----
block 64  Attestation.ImageRetired{image: …, at: 110}
block 64  Sudo.Sudid{sudoResult: Ok}
block 65  Clusters.MemberRemoved{cluster: c, worker: old}
block 65  Clusters.EpochAsked{cluster: c, epoch: 1}
block 67  Clusters.ClusterReady{cluster: c, epoch: 1, worker: new}
block 71  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 4, name: …}
c: epoch 1, 4 messages executed, snapshot of epoch 1 after message 3
  new: has the secret of epoch 1, executed 4 messages
block 75  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 4}
block 77  Contracts.CommandDone{cluster: c, worker: new, receipt: Receipt{seq: 4, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
first: Ok: ()
second: Ok: ()
get as of block 79: 12
error: this worker has no contract hello (kind 10)
block 81  Registry.WorkerRemoved{worker: old}
old is destroyed, and its disk wiped

# The other way is closed, also while the older program is admitted.
worker late
settle
add in=c by=Alice
settle
members c
remove late in=c by=Alice
settle
query hello get by=Alice at=new
----
late runs, TDX, SIMULATED TEE: no confidentiality
block 83  Registry.WorkerRegistered{worker: late, operator: operator, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
block 87  Clusters.MemberAdded{cluster: c, worker: late}
block 89  Clusters.HandOverRefused{cluster: c, worker: new, to: late, reason: "it runs an older program"}
c: epoch 1, 5 messages executed, snapshot of epoch 1 after message 3
  new: has the secret of epoch 1, executed 5 messages
  late: has no secret
block 93  Clusters.MemberRemoved{cluster: c, worker: late}
block 93  Clusters.EpochAsked{cluster: c, epoch: 2}
block 95  Clusters.ClusterReady{cluster: c, epoch: 2, worker: new}
block 99  Clusters.SnapshotKept{cluster: c, epoch: 2, next: 7, name: …}
get as of block 101: 12

# When it has retired, no worker of it is drawn, whoever asks.
block 30
add in=c by=Alice
----
block 133  System.ExtrinsicFailed{Clusters.TooFewWorkers}
