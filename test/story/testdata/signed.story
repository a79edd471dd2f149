# What accounts sign for a cluster's contract runtime, its members execute alike:
# if one came to another root, Clusters.RootsDiffer would tell, and freeze the
# cluster. Alice pays, Bob and Carol sign.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 3
settle
cluster c by=Alice replicas=2
settle
upload hello by=Alice
check hello in=c by=Alice
settle
sign new hello by=Bob as=counter
settle
sign call counter increment 5 nonce=1 by=Bob era=64 as=five
sign call counter increment 7 nonce=0 by=Carol as=seven
settle
receipt counter
receipt five
receipt seven
members c
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
spare3 runs, TDX, SIMULATED TEE: no confidentiality
block 8  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 2 of them}
block 14  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m1}
block 20  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 23  Contracts.CodeChecked{cluster: c, code: hello.wasm, ok: true, reason: 0 bytes}
block 23  Contracts.CodeChecked{cluster: c, code: hello.wasm, ok: true, reason: 0 bytes}
block 27  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 1}
block 29  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 1, contract: c, status: Ok, gas: 268435456, output: 1398 bytes, error: 0 bytes}}
block 33  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 2}
block 34  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 3}
block 36  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 2, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 36  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 3, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
counter: Ok: CodeStored{codeHash: hello.wasm, depositHeld: 0, uploader: Bob}, Instantiated{deployer: Bob, contract: counter}, success
five: Ok: success
seven: Ok: success
c: epoch 0, 4 messages executed
  m1: has the secret of epoch 0, executed 4 messages
  m2: has the secret of epoch 0, executed 4 messages

# What is not good is refused alike, and takes no nonce.
sign call counter increment 100 nonce=2 by=Bob bad=signature as=altered
sign call counter increment 100 nonce=1 by=Bob as=stale
sign call counter increment 100 nonce=9 by=Bob as=early
sign call counter increment 100 nonce=2 by=Bob bad=genesis as=foreign
sign call counter increment 100 nonce=2 by=Bob era=4 born=8 as=old
sign call counter increment 100 nonce=2 by=Bob bad=bytes as=noise
sign store hello nonce=2 by=Bob bad=name as=unknown
sign call counter increment 100 nonce=2 by=Bob gas=1000 as=starved
settle
receipt altered
receipt stale
receipt early
receipt foreign
receipt old
receipt noise
receipt unknown
receipt starved
members c
----
block 40  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 4}
block 41  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 5}
block 42  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 6}
block 43  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 7}
block 44  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 8}
block 45  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 9}
block 46  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 10}
block 47  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 11}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 4, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 5, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 6, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 7, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 8, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 9, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 10, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 49  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 11, contract: c, status: OutOfGas, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
altered: Reverted: invalid transaction: Transaction has a bad signature
stale: Reverted: invalid transaction: Transaction is outdated
early: Reverted: invalid transaction: Transaction will be valid in the future
foreign: Reverted: invalid transaction: Transaction has a bad signature
old: Reverted: invalid transaction: Transaction has an ancient birth block
noise: Reverted: the signed extrinsic does not decode
unknown: Reverted: the cluster was not told of the code
starved: OutOfGas: OutOfGas
c: epoch 0, 12 messages executed
  m1: has the secret of epoch 0, executed 12 messages
  m2: has the secret of epoch 0, executed 12 messages

# Another is drawn when the chain has a snapshot from the middle: it begins with
# that, and executes what came since, good and bad.
snapshot in=c by=Alice
settle
sign call counter increment 30 nonce=3 by=Bob as=since
sign call counter increment 100 nonce=3 by=Bob as=again
settle
add in=c by=Alice
settle
members c
receipt since
receipt again
query counter get by=Bob at=m3
----
block 57  Clusters.SnapshotKept{cluster: c, epoch: 0, next: 13, name: …}
block 61  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 13}
block 62  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 14}
block 64  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 13, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 64  Contracts.CommandDone{cluster: c, worker: m1, receipt: Receipt{seq: 14, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 68  Clusters.MemberAdded{cluster: c, worker: m3}
block 72  Clusters.MemberReady{cluster: c, worker: m3, epoch: 0}
c: epoch 0, 15 messages executed, snapshot of epoch 0 after message 12
  m1: has the secret of epoch 0, executed 15 messages
  m2: has the secret of epoch 0, executed 15 messages
  m3: has the secret of epoch 0, executed 15 messages
since: Ok: success
again: Reverted: invalid transaction: Transaction is outdated
get as of block 75: 42

# One of the first two is gone for good: the other and the late one go on, and
# agree.
destroy m1
sign new hello nonce=4 by=Bob as=other
sign call counter increment 100 nonce=4 by=Bob as=outdated
sign call counter increment 400 nonce=5 by=Bob as=late
settle
receipt other
receipt outdated
receipt late
members c
query counter get by=Bob at=m2
query counter get by=Bob at=m3
----
m1 is destroyed, and its disk wiped
block 77  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 15}
block 78  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 16}
block 79  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 17}
block 81  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 15, contract: c, status: Ok, gas: 268435456, output: 1398 bytes, error: 0 bytes}}
block 81  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 16, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 81  Contracts.CommandDone{cluster: c, worker: m2, receipt: Receipt{seq: 17, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
other: Ok: CodeStored{codeHash: hello.wasm, depositHeld: 0, uploader: Bob}, Instantiated{deployer: Bob, contract: other}, success
outdated: Reverted: invalid transaction: Transaction is outdated
late: Ok: success
c: epoch 0, 18 messages executed, snapshot of epoch 0 after message 12
  m1 is gone
  m2: has the secret of epoch 0, executed 18 messages
  m3: has the secret of epoch 0, executed 18 messages
get as of block 83: 442
get as of block 83: 442
