# What a dishonest relay may try on the way from the chain to the worker. The
# worker refuses each by its kind and goes on where it was.
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
instantiate hello in=c by=Alice
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
block 15  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: hello, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}

# Three commands wait in the queue, and their blocks are final.
command hello increment 1 by=Bob as=one
command hello increment 20 by=Alice as=twenty
command hello increment 300 by=Bob as=three-hundred
block 2
sees w1
----
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 21  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 1}
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 22  Contracts.CommandQueued{contract: hello, cluster: c, origin: Alice, seq: 2}
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 23  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 3}
w1 is at block 19, boot epoch 1, registered true, 0 messages wait for the chain

# Justifications: kind 5.
relay w1 sync=vote-forged
relay w1 sync=vote-missing
relay w1 sync=vote-duplicated
relay w1 sync=vote-of-stranger
relay w1 sync=other-set
relay w1 sync=other-target
relay w1 sync=header-changed
sees w1
----
error: the light chain does not follow to block 24: set 0: justification of 24 …: vote 1 of 3: InvalidAuthoritySignature (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 24 …: weight 2 of 3: TooLowCumulativeWeight (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 24 …: vote 1 of 3: DuplicateAuthorityVote (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 24 …: vote 1 of 3: UnknownAuthorityVote (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 24 …: vote 0 of 3: InvalidAuthoritySignature (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 23 … for header 24 …: InvalidJustificationTarget (kind 5)
error: the light chain does not follow to block 24: set 0: justification of 24 … for header 24 …: InvalidJustificationTarget (kind 5)
w1 is at block 19, boot epoch 1, registered true, 0 messages wait for the chain

# Read proofs: kind 6.
relay w1 sync=proof-changed
relay w1 sync=proof-missing
relay w1 sync=proof-extra
relay w1 sync=queue-left-out
sees w1
----
error: read proof: proof of key …: trie: node …: the proof is incomplete (kind 6)
error: read proof: proof of key …: trie: node …: the proof is incomplete (kind 6)
error: read proof: 1 proof items are not used: the proof is not strict (kind 6)
error: read proof: 2 proof items are not used: the proof is not strict (kind 6)
w1 is at block 19, boot epoch 1, registered true, 0 messages wait for the chain

# Messages: kind 7.
relay w1 sync=message-dropped
relay w1 sync=first-dropped
relay w1 sync=message-added
relay w1 sync=message-reordered
relay w1 sync=message-renumbered
relay w1 sync=message-changed
relay w1 sync=message-later
relay w1 sync=message-replayed
sees w1
----
error: 2 messages follow message 1, want 3 (kind 7)
error: 2 messages follow message 1, want 3 (kind 7)
error: 4 messages follow message 1, want 3 (kind 7)
error: message 2, want 1 (kind 7)
error: the messages are not those of the queue (kind 7)
error: the messages are not those of the queue (kind 7)
error: the messages are not those of the queue (kind 7)
error: 4 messages follow message 1, want 3 (kind 7)
w1 is at block 19, boot epoch 1, registered true, 0 messages wait for the chain

query hello get by=Alice
----
get as of block 19: 0

# The honest one.
relay w1
sees w1
query hello get by=Alice
settle
receipt one
receipt twenty
receipt three-hundred
----
w1 believes block 24
w1 is at block 24, boot epoch 1, registered true, 1 messages wait for the chain
get as of block 24: 321
block 26  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 26  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 26  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
one: Ok: ()
twenty: Ok: ()
three-hundred: Ok: ()

# The messages that were executed, once more.
command hello increment 4000 by=Bob as=a
command hello increment 50000 by=Bob as=b
block 2
relay w1 sync=message-replayed
relay w1
settle
query hello get by=Alice
----
block 30  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 30  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 4}
block 31  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 31  Contracts.CommandQueued{contract: hello, cluster: c, origin: Bob, seq: 5}
error: 3 messages follow message 4, want 2 (kind 7)
w1 believes block 32
block 34  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 34  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: hello, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
get as of block 36: 54321
