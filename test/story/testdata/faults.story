# What the owners of machines and relays can do, with a cluster of two.
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

# A disk is copied, and a second instance runs on the copy. The chain knows the
# instance that registered last: it alone is heard, and the other finds out from
# the chain and registers after it.
clone m1 twin
relay twin
sees m1
sees twin
command hello increment 7 by=Bob as=second
block 2
relay twin
block 2
relay m1
sees m1
sees twin
query hello get by=Alice at=twin
destroy twin
settle
receipt second
members c
query hello get by=Alice at=m1
----
twin runs with the identity of m1, in boot epoch 2
twin believes block 31
m1 is at block 30, boot epoch 1, registered true, 0 messages wait for the chain
twin is at block 31, boot epoch 2, registered false, 0 messages wait for the chain
block 33  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 2}
twin believes block 34
block 36  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
m1 believes block 37
m1 is at block 37, boot epoch 1, registered false, 1 messages wait for the chain
twin is at block 34, boot epoch 2, registered true, 1 messages wait for the chain
get as of block 34: 12
twin is destroyed, and its disk wiped
second: Ok: ()
c: epoch 0, 3 messages executed
  m1: has the secret of epoch 0, executed 3 messages
  m2: has the secret of epoch 0, executed 3 messages
get as of block 42: 12

# A disk from the past: the worker executes what it has forgotten, and says
# nothing that differs.
old-disk m1
command hello increment 30 by=Bob as=third
settle
put-back m1
query hello get by=Alice at=m1
settle
members c
query hello get by=Alice at=m1
----
block 44  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
block 46  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 3, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
m1 starts again on its old disk, in boot epoch 4 at block 42
get as of block 42: 12
c: epoch 0, 4 messages executed
  m1: has the secret of epoch 0, executed 4 messages
  m2: has the secret of epoch 0, executed 4 messages
get as of block 54: 42

# The relay of m1 withholds, and lies about the order; what m1 says comes late,
# and the cluster answers all the same.
command hello increment 100 by=Bob as=a
command hello increment 1000 by=Bob as=b
block 2
relay m1 sync=message-reordered
relay m1 sync=message-dropped
relay m1 sync=message-replayed
relay m1 sync=lost
relay m2
block 2
receipt a
receipt b
query hello get by=Alice at=m2
settle
members c
query hello get by=Alice at=m1
----
block 56  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 4}
block 57  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
error: message 5, want 4 (kind 7)
error: 1 messages follow message 4, want 2 (kind 7)
error: 3 messages follow message 4, want 2 (kind 7)
error: worker /v1/sync: 500 Internal Server Error
m2 believes block 58
block 60  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 4, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 60  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
a: Ok: ()
b: Ok: ()
get as of block 58: 1142
c: epoch 0, 6 messages executed
  m1: has the secret of epoch 0, executed 6 messages
  m2: has the secret of epoch 0, executed 6 messages
get as of block 65: 1142
