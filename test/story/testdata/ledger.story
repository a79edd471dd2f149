# Money in a cluster: everybody sees it go in and come out, and nobody what
# happens to it meanwhile. What is in escrow is what the ledger holds, always.
chain validators=4 Alice=1000 Bob=1000 operator=100
block
worker w1
relay w1
settle
cluster c by=Alice
settle
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
block 6  Balances.Endowed{account: c's escrow, freeBalance: 0.001}
block 6  Balances.Transfer{from: Alice, to: c's escrow, amount: 0.001}
block 6  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 1 of them}
block 6  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 8  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 8  Clusters.ClusterReady{cluster: c, epoch: 0, worker: w1}

# Nothing is there yet; what is put in is the depositor's.
ledger c
deposit 100 by=Alice
ledger c
settle
ledger c
holds by=Alice
deposit 0 by=Alice
deposit 5000 by=Alice
----
c: 0 in escrow, of which 0 are on their way in; its account has 0.001 more
block 12  Balances.Transfer{from: Alice, to: c's escrow, amount: 100}
block 12  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 12  Clusters.Deposited{cluster: c, from: Alice, amount: 100, seq: 0}
c: 100 in escrow, of which 100 are on their way in; its account has 0.001 more
block 14  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
c: 100 in escrow, of which 0 are on their way in; its account has 0.001 more
Alice holds 100
block 18  System.ExtrinsicFailed{Clusters.Nothing}
block 19  System.ExtrinsicFailed{Arithmetic.Underflow}

# A transfer. Everybody sees that Alice did something.
give Bob 30 by=Alice as=gift
give Bob 71 by=Alice as=much
give Bob 0 by=Alice as=nothing
settle
receipt gift
receipt much
receipt nothing
observe gift
holds by=Alice
holds by=Bob
holds Bob by=Alice
ledger c
----
block 20  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 20  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 1}
block 21  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 21  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 2}
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 22  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 3}
block 24  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 24  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 24  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
gift: Ok: 70 left
much: Reverted: the account holds 70000000000000 in the cluster, less than 71000000000000
nothing: Reverted: there is nothing to transfer
gift to c, message 1 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random
Alice holds 70
Bob holds 30
error: a balance is told to its holder, and that of a contract to its owner (kind 15)
c: 100 in escrow, of which 0 are on their way in; its account has 0.001 more

# Nothing can be done twice, by another, or somewhere else.
resend gift by=Alice as=again
resend gift by=Bob as=stolen
resend gift by=Alice part=text as=changed
resend gift by=Alice part=epoch as=old
settle
receipt again
receipt stolen
receipt changed
receipt old
holds by=Bob
----
block 28  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 28  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 4}
block 29  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 29  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 5}
block 30  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 30  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 6}
block 31  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 31  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 7}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: c, status: Rejected, gas: 0, output: 0 bytes, error: "the nonce was used before"}}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: c, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: c, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope does not open for this account and contract"}}
block 33  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: c, status: Rejected, gas: 0, output: 0 bytes, error: "the envelope is for epoch 1 of the cluster, which is in epoch 0"}}
again: Rejected: the nonce was used before
stolen: Rejected: the envelope does not open for this account and contract
changed: Rejected: the envelope does not open for this account and contract
old: Rejected: the envelope is for epoch 1 of the cluster, which is in epoch 0
Bob holds 30

# Bob takes some out, for Carol, who has no account yet; and then what makes no
# account, which comes back; and more than he has.
withdraw Carol 20 by=Bob as=out
withdraw Dave 0.0005 by=Bob as=dust
withdraw Carol 11 by=Bob as=overdraw
withdraw c by=Bob 1 as=escrow
settle
receipt out
receipt dust
receipt overdraw
receipt escrow
holds by=Bob
balance Carol
ledger c
----
block 37  Queue.MessagePushed{to: ToCluster{id: c}, seq: 8}
block 37  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 8}
block 38  Queue.MessagePushed{to: ToCluster{id: c}, seq: 9}
block 38  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 9}
block 39  Queue.MessagePushed{to: ToCluster{id: c}, seq: 10}
block 39  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 10}
block 40  Queue.MessagePushed{to: ToCluster{id: c}, seq: 11}
block 40  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 11}
block 42  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 8, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 42  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 9, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 42  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 10, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 42  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 11, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 42  Balances.Endowed{account: Carol, freeBalance: 20}
block 42  Balances.Transfer{from: c's escrow, to: Carol, amount: 20}
block 42  Clusters.Withdrawn{cluster: c, to: Carol, amount: 20, seq: 8}
block 42  Queue.MessagePushed{to: ToCluster{id: c}, seq: 12}
block 42  Clusters.WithdrawalReturned{cluster: c, to: Dave, amount: 0, seq: 9, error: Token.BelowMinimum}
block 44  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 12, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
out: Ok: 10 left
dust: Ok: 9.999 left
overdraw: Reverted: the account holds 9999500000000 in the cluster, less than 11000000000000
escrow: Reverted: the receiver is the escrow of the cluster
Bob holds 10
Carol  20  nonce 0
c: 80 in escrow, of which 0 are on their way in; its account has 0.001 more

# The worker is started again while a deposit and a withdrawal are on their way:
# each happens once.
deposit 7 by=Bob
withdraw Bob 5 by=Bob as=later
restart w1
settle
crash
settle
receipt later
holds by=Bob
ledger c
----
block 48  Balances.Transfer{from: Bob, to: c's escrow, amount: 7}
block 48  Queue.MessagePushed{to: ToCluster{id: c}, seq: 13}
block 48  Clusters.Deposited{cluster: c, from: Bob, amount: 7, seq: 13}
block 49  Queue.MessagePushed{to: ToCluster{id: c}, seq: 14}
block 49  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 14}
w1 starts again in boot epoch 2 at block 46
block 51  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
block 51  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 13, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 14, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 52  Balances.Transfer{from: c's escrow, to: Bob, amount: 5}
block 52  Clusters.Withdrawn{cluster: c, to: Bob, amount: 5, seq: 14}
the node starts again at block 55 of 55, final 54
later: Ok: 12 left
Bob holds 12
c: 82 in escrow, of which 0 are on their way in; its account has 0.001 more

# The last comes out too, but for what keeps the escrow's account.
withdraw Alice 70 by=Alice as=all
withdraw Bob 12 by=Bob as=rest
settle
ledger c
----
block 59  Queue.MessagePushed{to: ToCluster{id: c}, seq: 15}
block 59  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 15}
block 60  Queue.MessagePushed{to: ToCluster{id: c}, seq: 16}
block 60  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 16}
block 62  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 15, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 62  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 16, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 62  Balances.Transfer{from: c's escrow, to: Alice, amount: 70}
block 62  Clusters.Withdrawn{cluster: c, to: Alice, amount: 70, seq: 15}
block 62  Balances.Transfer{from: c's escrow, to: Bob, amount: 12}
block 62  Clusters.Withdrawn{cluster: c, to: Bob, amount: 12, seq: 16}
c: 0 in escrow, of which 0 are on their way in; its account has 0.001 more
