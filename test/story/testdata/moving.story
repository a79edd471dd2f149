# A cluster moves from its only worker to another: an owner who removes the first
# before the other has the secrets is refused. Nothing is lost.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 2
settle
cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
add in=c by=Alice
remove m1 in=c by=Alice
settle
members c
remove m1 in=c by=Alice
settle
members c
query hello get by=Alice at=m2
command hello increment 7 by=Bob as=second
settle
query hello get by=Alice at=m2
remove m2 in=c by=Alice
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
block 7  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 9  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 15  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 16  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 18  Contracts.Instantiated{contract: hello, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 22  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 24  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 28  Clusters.MemberAdded{cluster: c, worker: m2}
block 29  System.ExtrinsicFailed{Clusters.LastHolder}
block 33  Clusters.MemberReady{cluster: c, worker: m2, epoch: 0}
c: epoch 0, 2 messages executed
  m1: has the secret of epoch 0, executed 2 messages
  m2: has the secret of epoch 0, executed 2 messages
block 38  Clusters.MemberRemoved{cluster: c, worker: m1}
block 38  Clusters.EpochAsked{cluster: c, epoch: 1}
block 40  Clusters.ClusterReady{cluster: c, epoch: 1, worker: m2}
block 44  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 4, name: …}
c: epoch 1, 4 messages executed, snapshot of epoch 1 after message 3
  m2: has the secret of epoch 1, executed 4 messages
get as of block 46: 5
block 48  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 4}
block 50  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 4, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 52: 12
block 54  System.ExtrinsicFailed{Clusters.LastMember}
