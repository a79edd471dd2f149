# A cluster of three, drawn by the chain. The first secret to come is the one.
# Its maker gives it to the others, once its light client has seen who they are.
# Simulated hardware has tier 0: whoever wants more finds nobody here.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated
machines 5
settle
cluster high by=Alice tier=1
cluster c by=Alice replicas=3
settle
members c
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
spare3 runs, TDX, SIMULATED TEE: no confidentiality
spare4 runs, TDX, SIMULATED TEE: no confidentiality
spare5 runs, TDX, SIMULATED TEE: no confidentiality
block 10  System.ExtrinsicFailed{Clusters.TooFewWorkers}
block 11  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 11  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 11  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 3 of them}
block 17  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 17  Clusters.MemberReady{cluster: c, worker: m3, epoch: 0}
c: epoch 0, 0 messages executed
  m1: has the secret of epoch 0, executed 0 messages
  m2: has the secret of epoch 0, executed 0 messages
  m3: has the secret of epoch 0, executed 0 messages

upload hello by=Alice
instantiate hello in=c by=Alice
settle
command hello increment 5 by=Bob as=first
settle
members c
query hello get by=Alice at=m1
query hello get by=Alice at=m2
query hello get by=Alice at=m3
----
block 23  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 24  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 26  Contracts.Instantiated{contract: hello, deployer: Alice}
block 26  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 30  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 32  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
c: epoch 0, 2 messages executed
  m1: has the secret of epoch 0, executed 2 messages
  m2: has the secret of epoch 0, executed 2 messages
  m3: has the secret of epoch 0, executed 2 messages
get as of block 34: 5
get as of block 34: 5
get as of block 34: 5

# A member is removed in the middle of a command, which the others execute. It
# learns nothing of what comes: a new epoch begins.
command hello increment 7 by=Bob as=middle
remove m2 in=c by=Bob
remove m2 in=c by=Alice
settle
receipt middle
replica m2
members c
query hello get by=Alice at=m1
query hello get by=Alice at=m2
----
block 36  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
block 37  System.ExtrinsicFailed{Clusters.NotOwner}
block 38  Clusters.MemberRemoved{cluster: c, worker: m2}
block 38  Clusters.EpochAsked{cluster: c, epoch: 1}
block 40  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 44  Clusters.ClusterReady{cluster: c, epoch: 1, worker: m1}
block 48  Clusters.SnapshotKept{cluster: c, epoch: 1, next: 5, name: …}
middle: Ok: ()
m2: has nothing of the cluster
c: epoch 1, 5 messages executed, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 5 messages
  m3: has the secret of epoch 1, executed 5 messages
get as of block 50: 12
error: this worker has no contract hello (kind 10)

# Another is drawn. It begins with the snapshot of the new epoch, since the keys
# of the first one are no more.
deregister m2
add in=c by=Alice
settle
members c
command hello increment 30 by=Bob as=after
settle
query hello get by=Alice at=m4
----
block 52  Registry.WorkerRemoved{worker: m2}
block 53  Clusters.MemberAdded{cluster: c, worker: m4}
block 57  Clusters.MemberReady{cluster: c, worker: m4, epoch: 1}
c: epoch 1, 5 messages executed, snapshot of epoch 1 after message 4
  m1: has the secret of epoch 1, executed 5 messages
  m3: has the secret of epoch 1, executed 5 messages
  m4: has the secret of epoch 1, executed 5 messages
block 61  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
block 63  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 65: 42
