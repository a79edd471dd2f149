# Every member of a cluster is destroyed, and all their disks. Others kept shares
# of its secrets, each sealed: so many of them as are needed give theirs to fresh
# workers, which take the state from the last snapshot and the commands since.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 7
settle
cluster bad by=Alice replicas=1 keepers=1 threshold=1
cluster c by=Alice replicas=2 keepers=3 threshold=2
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
snapshot in=c by=Alice
settle
command hello increment 7 by=Bob as=second
settle
deposit 3 in=c by=Bob
settle
members c
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
spare3 runs, TDX, SIMULATED TEE: no confidentiality
spare4 runs, TDX, SIMULATED TEE: no confidentiality
spare5 runs, TDX, SIMULATED TEE: no confidentiality
spare6 runs, TDX, SIMULATED TEE: no confidentiality
spare7 runs, TDX, SIMULATED TEE: no confidentiality
block 12  System.ExtrinsicFailed{Clusters.BadThreshold}
block 13  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 2 of them}
block 17  Clusters.SharesKept{cluster: c, keepers: 3, threshold: 2}
block 19  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 25  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 26  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 28  Contracts.Instantiated{contract: hello, deployer: Alice}
block 28  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 32  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 34  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 42  Clusters.SnapshotKept{cluster: c, epoch: 0, next: 3, name: …}
block 46  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
block 48  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 3, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 52  Clusters.Deposited{cluster: c, from: Bob, amount: 3, seq: 4}
block 54  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 4, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
c: epoch 0, 5 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 0 after message 2
  m1: has the secret of epoch 0, executed 5 messages
  m2: has the secret of epoch 0, executed 5 messages

destroy m1 m2
command hello increment 30 by=Bob as=nobody
settle
members c
recover in=c by=Bob
recover in=c by=Alice
settle
receipt nobody
members c
query hello get by=Alice at=m3
query hello get by=Alice at=m4
holds by=Bob in=c at=m3
----
m1 is destroyed, and its disk wiped
m2 is destroyed, and its disk wiped
block 58  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
c: epoch 0, 5 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 0 after message 2
  m1 is gone
  m2 is gone
block 62  System.ExtrinsicFailed{Clusters.NotOwner}
block 63  Clusters.MemberRemoved{cluster: c, worker: m1}
block 63  Clusters.MemberRemoved{cluster: c, worker: m2}
block 63  Clusters.ClusterRecovering{cluster: c, members: 2 of them, keepers: 3}
block 67  Clusters.ClusterRecovered{cluster: c, worker: m3}
block 67  Clusters.EpochAsked{cluster: c, epoch: 1}
block 67  Clusters.MemberReady{cluster: c, worker: m4, epoch: 0}
block 68  Contracts.CommandDone{cluster: c, worker: m3, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 71  Clusters.SharesKept{cluster: c, keepers: 3, threshold: 2}
block 73  Clusters.ClusterReady{cluster: c, epoch: 1, worker: m3}
block 77  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 8, name: …}
nobody: Ok: ()
c: epoch 1, 8 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 1 after message 7
  m3: has the secret of epoch 1, executed 8 messages
  m4: has the secret of epoch 1, executed 8 messages
get as of block 79: 42
get as of block 79: 42
Bob holds 3

# It is a cluster as before, with shares of its new secrets.
command hello increment 100 by=Bob as=last
settle
query hello get by=Alice at=m4
deregister m1
deregister m2
rotate in=c by=Alice
settle
members c
----
block 81  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 8}
block 83  Contracts.CommandDone{cluster: c, worker: m3, receipt: Receipt{seq: 8, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 85: 142
block 87  Registry.WorkerRemoved{worker: m1}
block 88  Registry.WorkerRemoved{worker: m2}
block 89  Clusters.EpochAsked{cluster: c, epoch: 2}
block 93  Clusters.SharesKept{cluster: c, keepers: 3, threshold: 2}
block 95  Clusters.ClusterReady{cluster: c, epoch: 2, worker: m3}
block 99  Clusters.SnapshotKept{cluster: c, epoch: 2, next: 11, name: …}
c: epoch 2, 11 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 2 after message 10
  m3: has the secret of epoch 2, executed 11 messages
  m4: has the secret of epoch 2, executed 11 messages

# With fewer keepers than are needed nothing is given, and nothing changes.
destroy m3 m4
deregister spare1
deregister spare2
recover in=c by=Alice
members c
settle
recover in=c by=Alice
settle
members c
----
m3 is destroyed, and its disk wiped
m4 is destroyed, and its disk wiped
block 103  Registry.WorkerRemoved{worker: spare1}
block 104  Registry.WorkerRemoved{worker: spare2}
block 105  System.ExtrinsicFailed{Clusters.TooFewShares}
c: epoch 2, 11 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 2 after message 10
  m3 is gone
  m4 is gone
block 111  Clusters.MemberRemoved{cluster: c, worker: m3}
block 111  Clusters.MemberRemoved{cluster: c, worker: m4}
block 111  Clusters.ClusterRecovering{cluster: c, members: 2 of them, keepers: 3}
block 115  Clusters.ClusterRecovered{cluster: c, worker: m5}
block 115  Clusters.EpochAsked{cluster: c, epoch: 3}
block 115  Clusters.MemberReady{cluster: c, worker: m6, epoch: 2}
block 119  Clusters.SharesKept{cluster: c, keepers: 3, threshold: 2}
block 121  Clusters.ClusterReady{cluster: c, epoch: 3, worker: m5}
block 125  Clusters.SnapshotKept{cluster: c, epoch: 3, next: 13, name: …}
c: epoch 3, 13 messages executed, 3 keepers of whom 2 are needed, snapshot of epoch 3 after message 12
  m5: has the secret of epoch 3, executed 13 messages
  m6: has the secret of epoch 3, executed 13 messages
