# Workers move to the next program while both are admitted.
chain validators=2 hardware=real sudo=Alice Alice=1000 operator=1000 Bob=100
block
worker w1
worker w2
relay w1
relay w2
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
w2 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
w1 believes block 1
block 3  Queue.MessagePushed{to: ToWorker{identity: w2}, seq: 0}
block 3  Registry.WorkerRegistered{worker: w2, operator: operator, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
w2 believes block 2

# Not yet admitted, then admitted beside the first one, which is to retire.
call sudo(admit_next(10))
restart w1 program=next
relay w1
----
block 4  Attestation.ImageAdded{image: …, activeFrom: 10}
block 4  Sudo.Sudid{sudoResult: Ok}
w1 starts again in boot epoch 2 at block 1
block 5  System.ExtrinsicFailed{Attestation.ImageInactive}
error: the transaction failed: Attestation.ImageInactive

block 5
call sudo(retire(60))
relay w1
workers
----
block 11  Attestation.ImageRetired{image: …, at: 60}
block 11  Sudo.Sudid{sudoResult: Ok}
block 12  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 12  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Production, bootEpoch: 2, platform: …, status: UpToDate, tier: 1, renewal: true}
w1 believes block 11
w1  operator operator  boot epoch 2  Production  UpToDate  tier 1
w2  operator operator  boot epoch 1  Production  UpToDate  tier 1

# The way back is closed: a worker that ran the next program stays with it.
restart w1 program=first
relay w1
restart w1 program=next
relay w1
workers
----
w1 starts again in boot epoch 3 at block 11
block 13  System.ExtrinsicFailed{Registry.OlderImage}
error: the transaction failed: Registry.OlderImage
w1 starts again in boot epoch 4 at block 11
block 14  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 2}
block 14  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Production, bootEpoch: 4, platform: …, status: UpToDate, tier: 1, renewal: true}
w1 believes block 13
w1  operator operator  boot epoch 4  Production  UpToDate  tier 1
w2  operator operator  boot epoch 1  Production  UpToDate  tier 1

# The other operator does not move. When the first program has retired, the
# worker goes on with what it has, and gets nothing new.
block 50
workers
cluster kept
belongs w1 kept
belongs w2 kept
relay w2
sees w2
----
w1  operator operator  boot epoch 4  Production  UpToDate  tier 1
w2  operator operator  boot epoch 1  Production  UpToDate  tier 1  Retired
block 65  Balances.Endowed{account: kept's escrow, freeBalance: 0.001}
block 65  Balances.Transfer{from: Alice, to: kept's escrow, amount: 0.001}
block 65  Clusters.ClusterCreated{cluster: kept, owner: Alice, members: 1 of them}
block 65  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 3}
w1 is in kept
w2 is in none of the 1 clusters
w2 believes block 64
w2 is at block 64, boot epoch 1, registered true, 0 messages wait for the chain

# It cannot register again. Its relay says why, and the registration ends.
days 1 w1 w2
relay w2
sees w2
workers
restart w2 program=next
relay w2
workers
----
block 68  Clusters.ClusterReady{cluster: kept, epoch: 0, worker: w1}
w2's relay warns: the worker cannot register again: Attestation.ImageInactive
block 70  Registry.WorkerExpired{worker: w2}
w2's relay warns: the worker cannot register again: Attestation.ImageInactive
block 71  System.ExtrinsicFailed{Attestation.ImageInactive}
w2's relay warns: the worker cannot register again: Attestation.ImageInactive
w2 believes block 70
w2 is at block 70, boot epoch 1, registered false, 0 messages wait for the chain
w1  operator operator  boot epoch 5  Production  UpToDate  tier 1
w2  operator operator  boot epoch 1  Production  UpToDate  tier 1  Expired
w2 starts again in boot epoch 3 at block 70
block 72  Queue.MessagePushed{to: ToWorker{identity: w2}, seq: 2}
block 72  Registry.WorkerRegistered{worker: w2, operator: operator, image: …, class: Production, bootEpoch: 3, platform: …, status: UpToDate, tier: 1, renewal: false}
w2 believes block 71
w1  operator operator  boot epoch 5  Production  UpToDate  tier 1
w2  operator operator  boot epoch 3  Production  UpToDate  tier 1
