# The hardware of a member is broken: its owner empties its state with the key
# that it was sealed with. What it says from then on differs from what the others
# say. The cluster is frozen, fresh workers execute its queue again, and who
# deviated is named, removed, and loses what was pledged for it: to the treasury,
# but for the part of who first said what stands. Here that is a worker of the same
# operator, who gets nothing back that way.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 4
settle
cluster c by=Alice replicas=2
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
call stake(m1,20) by=operator
call stake(m2,50) by=operator
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
spare3 runs, TDX, SIMULATED TEE: no confidentiality
spare4 runs, TDX, SIMULATED TEE: no confidentiality
block 9  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 2 of them}
block 15  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 21  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 22  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 24  Contracts.Instantiated{contract: hello, deployer: Alice}
block 24  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 28  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 30  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 34  Registry.Staked{worker: m1, owner: operator, amount: 20}
block 35  Registry.Staked{worker: m2, owner: operator, amount: 50}

break m2
settle
command hello increment 7 by=Bob as=second
block 2
relay m1
relay m2
block 2
members c
command hello increment 9 by=Bob as=frozen
settle
receipt second
members c
query hello get by=Alice at=m1
query hello get by=Alice at=m3
command hello increment 9 by=Bob as=third
settle
query hello get by=Alice at=m3
----
m2 runs on with a state that its owner emptied
block 40  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
m1 believes block 41
m2 believes block 41
block 43  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 43  Clusters.RootsDiffer{cluster: c, next: 3, worker: m2, root: …}
block 43  Clusters.MemberAdded{cluster: c, worker: m3}
block 43  Clusters.MemberAdded{cluster: c, worker: m4}
block 43  Clusters.ClusterFrozen{cluster: c, seq: 2, judges: 2 of them}
c: epoch 0, 3 messages executed, frozen at message 2
  m1: has the secret of epoch 0, executed 3 messages
  m2: has the secret of epoch 0, executed 3 messages
  m3: has nothing of the cluster
  m4: has nothing of the cluster
block 45  System.ExtrinsicFailed{Clusters.Frozen}
block 49  Clusters.MemberReady{cluster: c, worker: m3, epoch: 0}
block 49  Clusters.MemberReady{cluster: c, worker: m4, epoch: 0}
block 50  Clusters.ClusterThawed{cluster: c, seq: 2, root: …}
block 50  Clusters.MemberDeviated{cluster: c, worker: m2, seq: 2, root: …}
block 50  Clusters.MemberRemoved{cluster: c, worker: m2}
block 50  Registry.WorkerSlashed{worker: m2, owner: operator, amount: 50, reporter: m1, reward: 0}
block 50  Clusters.EpochAsked{cluster: c, epoch: 1}
block 56  Clusters.ClusterReady{cluster: c, epoch: 1, worker: m1}
block 56  Clusters.MemberReady{cluster: c, worker: m4, epoch: 1}
block 60  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 5, name: …}
second: Ok: ()
c: epoch 1, 5 messages executed, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 5 messages
  m3: has the secret of epoch 1, executed 5 messages
  m4: has the secret of epoch 1, executed 5 messages
get as of block 62: 12
get as of block 62: 12
block 64  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
block 66  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 68: 21

# Here the liar is the first to speak, and is believed until the other does. m2,
# which is still registered, is not drawn again: there is nobody to judge, until a
# new worker comes and somebody asks.
break m1
command hello increment 30 by=Bob as=fourth
block 2
relay m1
block 2
relay m3
block 2
members c
receipt fourth
judge in=c by=Bob
machines 1
settle
judge in=c by=Bob
settle
members c
query hello get by=Alice at=m3
query hello get by=Alice at=m5
judge in=c by=Bob
----
m1 runs on with a state that its owner emptied
block 70  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 6}
m1 believes block 72
block 74  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 6, contract: hello, status: Rejected, gas: 0, output: 0 bytes, error: "there is no such contract"}}
m3 believes block 74
block 76  Clusters.RootsDiffer{cluster: c, next: 7, worker: m3, root: …}
block 76  Clusters.ClusterFrozen{cluster: c, seq: 6, judges: 0 of them}
c: epoch 1, 7 messages executed, frozen at message 6, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 7 messages
  m3: has the secret of epoch 1, executed 7 messages
  m4: has the secret of epoch 1, executed 6 messages
fourth: Rejected: there is no such contract
block 78  System.ExtrinsicFailed{Clusters.TooFewWorkers}
spare1 runs, TDX, SIMULATED TEE: no confidentiality
block 84  Clusters.MemberAdded{cluster: c, worker: m5}
block 88  Clusters.MemberReady{cluster: c, worker: m5, epoch: 1}
block 89  Clusters.ClusterThawed{cluster: c, seq: 6, root: …}
block 89  Clusters.MemberDeviated{cluster: c, worker: m1, seq: 6, root: …}
block 89  Clusters.MemberRemoved{cluster: c, worker: m1}
block 89  Registry.WorkerSlashed{worker: m1, owner: operator, amount: 20, reporter: m3, reward: 0}
block 89  Clusters.EpochAsked{cluster: c, epoch: 2}
block 89  Contracts.CommandDone{cluster: c, worker: m5, receipt: Receipt{seq: 6, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 95  Clusters.ClusterReady{cluster: c, epoch: 2, worker: m3}
block 95  Clusters.MemberReady{cluster: c, worker: m5, epoch: 2}
block 99  Clusters.SnapshotKept{cluster: c, epoch: 2, next: 9, name: …}
c: epoch 2, 9 messages executed, snapshot of epoch 2 after message 8
  m3: has the secret of epoch 2, executed 9 messages
  m4: has the secret of epoch 2, executed 9 messages
  m5: has the secret of epoch 2, executed 9 messages
get as of block 101: 51
get as of block 101: 51
block 103  System.ExtrinsicFailed{Clusters.NotFrozen}
