# A new epoch by word of the cluster's owner. Envelopes to the one before are
# refused with a receipt, and its keys are gone once the chain has a snapshot
# under the new ones.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 2
settle
cluster c by=Alice replicas=2
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
old-disk m1
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
block 7  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 2 of them}
block 13  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 19  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 20  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 22  Contracts.Instantiated{contract: hello, deployer: Alice}
block 22  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 26  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 28  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}

rotate in=c by=Bob
rotate in=c by=Alice
command hello increment 10 by=Bob as=before
settle
receipt before
members c
resend first
settle
receipt first
command hello increment 100 by=Bob as=within
settle
receipt within
query hello get by=Alice at=m1
query hello get by=Alice at=m2
----
block 32  System.ExtrinsicFailed{Clusters.NotOwner}
block 33  Clusters.EpochAsked{cluster: c, epoch: 1}
block 34  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
block 36  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 40  Clusters.ClusterReady{cluster: c, epoch: 1, worker: m1}
block 44  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 5, name: …}
before: Ok: ()
c: epoch 1, 5 messages executed, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 5 messages
  m2: has the secret of epoch 1, executed 5 messages
block 48  Contracts.CommandQueued{contract: hello, cluster: c, origin: Alice, seq: 5}
block 50  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 5, contract: hello, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope is for epoch 0 of the cluster, which is in epoch 1"}}
first: Ok: ()
block 54  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 6}
block 56  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 6, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
within: Ok: ()
get as of block 58: 115
get as of block 58: 115

# A disk from before the epoch has the keys of then. The worker executes again
# what it has forgotten, is given the new keys as it was before, and comes to the
# same state.
put-back m1
settle
members c
query hello get by=Alice at=m1
----
m1 starts again on its old disk, in boot epoch 2 at block 30
block 66  Clusters.MemberReady{cluster: c, worker: m1, epoch: 1}
c: epoch 1, 7 messages executed, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 7 messages
  m2: has the secret of epoch 1, executed 7 messages
get as of block 68: 115

# Members and the owner go on.
rotate in=c by=Alice
settle
snapshot in=c by=Alice
settle
command hello increment 1000 by=Bob as=last
settle
members c
query hello get by=Alice at=m1
query hello get by=Alice at=m2
----
block 70  Clusters.EpochAsked{cluster: c, epoch: 2}
block 76  Clusters.ClusterReady{cluster: c, epoch: 2, worker: m1}
block 80  Clusters.SnapshotKept{cluster: c, epoch: 2, next: 9, name: …}
block 88  Clusters.SnapshotKept{cluster: c, epoch: 2, next: 10, name: …}
block 92  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 10}
block 94  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 10, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
c: epoch 2, 11 messages executed, snapshot of epoch 2 after message 9
  m1: has the secret of epoch 2, executed 11 messages
  m2: has the secret of epoch 2, executed 11 messages
get as of block 96: 1115
get as of block 96: 1115
