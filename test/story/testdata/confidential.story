# What strangers may try with ciphertexts, and what contracts may try with the
# worker. Each has a receipt, and the state is what it was.
chain validators=4 Alice=1000 Bob=100 operator=100
block
worker w1
relay w1
settle
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1

cluster c by=Alice
settle
upload hello by=Alice
instantiate hello in=c by=Alice as=ours
instantiate hello in=c by=Alice as=other
settle
----
block 6  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 6  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 6  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 6  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 8  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 8  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}
block 14  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: ours, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 16  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 16  Contracts.Instantiating{contract: other, cluster: c, deployer: Alice, code: hello.wasm, seq: 1}
block 18  Contracts.Instantiated{contract: ours, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: ours, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 18  Contracts.Instantiated{contract: other, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: other, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}

command ours increment 7 by=Alice as=good
settle
receipt good
query ours get by=Alice
----
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 22  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 2}
block 24  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: ours, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
good: Ok: ()
get as of block 26: 7

# Alice's ciphertext: again, by Bob, to another contract.
resend good by=Alice as=replayed
resend good by=Bob as=stolen
resend good by=Alice to=other as=misdirected
settle
receipt replayed
receipt stolen
receipt misdirected
----
block 28  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 28  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 3}
block 29  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 29  Contracts.CommandQueued{contract: ours, cluster: c, origin: Bob, seq: 4}
block 30  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 30  Contracts.CommandQueued{contract: other, cluster: c, origin: Alice, seq: 5}
block 32  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the nonce was used before"}}
block 32  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 32  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: other, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
replayed: Rejected: the nonce was used before
stolen: Rejected: the envelope does not open for this account and contract
misdirected: Rejected: the envelope does not open for this account and contract

# A fresh ciphertext, with one bit changed in each part, before the good one is
# sent by whom it is of.
command ours increment 1 by=Alice as=fresh
resend fresh part=version as=version
resend fresh part=suite as=suite
resend fresh part=epoch as=epoch
resend fresh part=key as=key
resend fresh part=text as=text
resend fresh part=length as=length
resend fresh part=all as=all
settle
receipt version
receipt suite
receipt epoch
receipt key
receipt text
receipt length
receipt all
receipt fresh
----
block 36  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 36  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 6}
block 37  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 37  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 7}
block 38  Queue.MessagePushed{to: ToCluster{id: c}, seq: 8}
block 38  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 8}
block 39  Queue.MessagePushed{to: ToCluster{id: c}, seq: 9}
block 39  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 9}
block 40  Queue.MessagePushed{to: ToCluster{id: c}, seq: 10}
block 40  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 10}
block 41  Queue.MessagePushed{to: ToCluster{id: c}, seq: 11}
block 41  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 11}
block 42  Queue.MessagePushed{to: ToCluster{id: c}, seq: 12}
block 42  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 12}
block 43  Queue.MessagePushed{to: ToCluster{id: c}, seq: 13}
block 43  Contracts.CommandQueued{contract: ours, cluster: c, origin: Alice, seq: 13}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: ours, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not decode"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 8, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 9, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope is for epoch 1 of the cluster, which is in epoch 0"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 10, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 11, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 12, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 45  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 13, contract: ours, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not decode"}}
version: Rejected: the envelope does not decode
suite: Rejected: the envelope does not open for this account and contract
epoch: Rejected: the envelope is for epoch 1 of the cluster, which is in epoch 0
key: Rejected: the envelope does not open for this account and contract
text: Rejected: the envelope does not open for this account and contract
length: Rejected: the envelope does not open for this account and contract
all: Rejected: the envelope does not decode
fresh: Ok: ()

query ours get by=Alice
query other get by=Alice
----
get as of block 47: 8
get as of block 47: 0

# Queries.
query ours get by=Alice bad=ciphertext
query ours get by=Alice bad=truncated
query ours get by=Alice bad=signature
query ours get by=Alice bad=origin
query ours get by=Alice bad=contract
query ours get by=Alice bad=future
query ours get by=Alice bad=replayed
query ours get by=Bob
----
error: the envelope does not open for this worker, account and contract (kind 12)
error: the envelope does not decode (kind 12)
error: the query is not signed by Alice (kind 11)
error: the envelope does not open for this worker, account and contract (kind 12)
error: the envelope does not open for this worker, account and contract (kind 12)
error: the worker has seen block 47, the query wants 147 (kind 13)
error: a query with this nonce was answered before (kind 17)
get as of block 47: the contract answered NotOwner

# Codes that are refused by name when they are checked, and when somebody
# instantiates them.
upload tenant
upload thief
upload unending
upload noise
check tenant in=c
check thief in=c
check unending in=c
check noise in=c
settle
----
block 49  Contracts.CodeStored{code: tenant.wasm, uploader: Alice, size: at most 1 kB}
block 50  Contracts.CodeStored{code: thief.wasm, uploader: Alice, size: at most 1 kB}
block 51  Contracts.CodeStored{code: unending.wasm, uploader: Alice, size: at most 64 kB}
block 52  Contracts.CodeStored{code: noise.wasm, uploader: Alice, size: at most 1 kB}
block 53  Queue.MessagePushed{to: ToCluster{id: c}, seq: 14}
block 54  Queue.MessagePushed{to: ToCluster{id: c}, seq: 15}
block 55  Queue.MessagePushed{to: ToCluster{id: c}, seq: 16}
block 56  Queue.MessagePushed{to: ToCluster{id: c}, seq: 17}
block 58  Contracts.CodeChecked{cluster: c, code: tenant.wasm, ok: false, reason: "module refused: it imports __unstable__.seal_rent_params, which this network does not offer: nothing pays rent, here as in pallet-contracts, which took the function away"}
block 58  Contracts.CodeChecked{cluster: c, code: thief.wasm, ok: false, reason: "module refused: it imports wasi.fd_read, which is not a function of this network"}
block 58  Contracts.CodeChecked{cluster: c, code: unending.wasm, ok: false, reason: "module refused: 4194305 bytes of code, 1048576 are the most"}
block 58  Contracts.CodeChecked{cluster: c, code: noise.wasm, ok: false, reason: "module refused: not a WebAssembly module of version 1"}

instantiate tenant in=c
settle
receipt tenant.new
command tenant x as=never
settle
----
block 62  Queue.MessagePushed{to: ToCluster{id: c}, seq: 18}
block 62  Contracts.Instantiating{contract: tenant, cluster: c, deployer: Alice, code: tenant.wasm, seq: 18}
block 64  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 18, contract: tenant, status: Rejected, gas: 0, output: 0 bytes, error: "module refused: it imports __unstable__.seal_rent_params, which this network does not offer: nothing pays rent, here as in pallet-contracts, which took the function away"}}
tenant.new: Rejected: module refused: it imports __unstable__.seal_rent_params, which this network does not offer: nothing pays rent, here as in pallet-contracts, which took the function away
block 68  System.ExtrinsicFailed{Contracts.ContractFailed}

# A contract with moods: each time it writes first, and then reads out of
# bounds, traps, loops or reverts.
upload moody
instantiate moody in=c
settle
receipt moody.new
----
block 72  Contracts.CodeStored{code: moody.wasm, uploader: Alice, size: at most 1 kB}
block 73  Queue.MessagePushed{to: ToCluster{id: c}, seq: 19}
block 73  Contracts.Instantiating{contract: moody, cluster: c, deployer: Alice, code: moody.wasm, seq: 19}
block 75  Contracts.Instantiated{contract: moody, deployer: Alice}
block 75  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 19, contract: moody, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
moody.new: Ok: 0x

query moody k
command moody t as=traps
command moody l as=loops
command moody e as=eats
command moody g as=greedy
command moody r as=reverts
settle
receipt traps
receipt loops
receipt eats
receipt greedy
receipt reverts
query moody k
----
k as of block 77: 0xffffffff
block 79  Queue.MessagePushed{to: ToCluster{id: c}, seq: 20}
block 79  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 20}
block 80  Queue.MessagePushed{to: ToCluster{id: c}, seq: 21}
block 80  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 21}
block 81  Queue.MessagePushed{to: ToCluster{id: c}, seq: 22}
block 81  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 22}
block 82  Queue.MessagePushed{to: ToCluster{id: c}, seq: 23}
block 82  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 23}
block 83  Queue.MessagePushed{to: ToCluster{id: c}, seq: 24}
block 83  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 24}
block 85  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 20, contract: moody, status: Trapped, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 85  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 21, contract: moody, status: OutOfGas, gas: 2147483648, output: 1398 bytes, error: 0 bytes}}
block 85  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 22, contract: moody, status: Trapped, gas: 2147483648, output: 1398 bytes, error: 0 bytes}}
block 85  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 23, contract: moody, status: Trapped, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 85  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 24, contract: moody, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
traps: Trapped: unreachable
loops: OutOfGas: 0x
eats: Trapped: out of bounds memory access
greedy: Trapped: output too long
reverts: Reverted: 0x76616c7565
k as of block 87: 0xffffffff

query moody t
query moody l
----
t as of block 87: unreachable
l as of block 87: 0x

# And without a mood it keeps what it wrote.
command moody - as=writes
settle
receipt writes
query moody k
query ours get by=Alice
----
block 89  Queue.MessagePushed{to: ToCluster{id: c}, seq: 25}
block 89  Contracts.CommandQueued{contract: moody, cluster: c, origin: Alice, seq: 25}
block 91  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 25, contract: moody, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
writes: Ok: 0x
k as of block 93: 0x05000000
get as of block 93: 8
