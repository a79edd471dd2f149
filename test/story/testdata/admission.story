# A worker is admitted, goes out of date, is brought up to date, and is revoked.
chain validators=2 sudo=Alice Alice=1000 operator=1000 Bob=100
block

worker w1
relay w1
workers
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
w1  operator operator  boot epoch 1  Development  UpToDate

# Its vendor finds a flaw and rates all machines anew: the worker goes on, and has 14 days.
collateral recovery=yes by=Bob
days 13 w1
workers
cluster still
----
block 3  Attestation.RecoveryBegan{anchor: 0, tee: Tdx, eval: 19, degradesAt: 1751209603000}
block 3  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 19, nextUpdate: 1752364800}
w1  operator operator  boot epoch 14  Development  OutOfDate
block 31  Balances.Endowed{account: still's escrow, freeBalance: 0.001}
block 31  Balances.Transfer{from: Alice, to: still's escrow, amount: 0.001}
block 31  Clusters.ClusterCreated{cluster: still, owner: Alice, members: 1 of them}
block 31  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 14}

# A machine that comes only now is not borne with.
worker w2
relay w2
----
w2 runs, TDX, SIMULATED TEE: no confidentiality
block 32  System.ExtrinsicFailed{Attestation.RefusedByPolicy}
error: the transaction failed: Attestation.RefusedByPolicy

# The days are over: it goes on with what it has, and gets nothing new.
days 2 w1
workers
cluster late
----
block 36  Registry.WorkerDegraded{worker: w1}
w1  operator operator  boot epoch 16  Development  OutOfDate  Degraded
block 38  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 17}
block 38  Clusters.ClusterReady{cluster: still, epoch: 0, worker: w1}
block 38  System.ExtrinsicFailed{Clusters.TooFewWorkers}

# The machine is brought up to date, as its vendor sees it now.
collateral recovery=no eval=2 by=Bob
days 1 w1
workers
cluster first
belongs w1 still first
----
block 39  Attestation.RecoveryBegan{anchor: 0, tee: Tdx, eval: 20, degradesAt: 1752505609000}
block 39  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 20, nextUpdate: 1753660800}
block 41  Registry.WorkerRecovered{worker: w1}
w1  operator operator  boot epoch 17  Development  UpToDate
block 43  Balances.Endowed{account: first's escrow, freeBalance: 0.001}
block 43  Balances.Transfer{from: Alice, to: first's escrow, amount: 0.001}
block 43  Clusters.ClusterCreated{cluster: first, owner: Alice, members: 1 of them}
block 43  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 19}
w1 is in still, first

relay w2
workers
----
block 44  Queue.MessagePushed{to: ToWorker{identity: w2}, seq: 0}
block 44  Registry.WorkerRegistered{worker: w2, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w2 believes block 43
w1  operator operator  boot epoch 17  Development  UpToDate
w2  operator operator  boot epoch 1  Development  UpToDate

# The vendor revokes the machine's certificate. In the block that brings the
# list the worker is out; nobody else is.
collateral revoke=w1 by=Bob
workers
relay w1
cluster second
belongs w1 second
belongs w2 second
----
block 45  Registry.WorkerRevoked{worker: w1, platform: …}
block 45  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 20}
block 45  Attestation.CertificateRevoked{anchor: 0, certificate: …, workers: 1}
block 45  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 20, nextUpdate: 1753747200}
w1  operator operator  boot epoch 17  Development  UpToDate  Revoked
w2  operator operator  boot epoch 1  Development  UpToDate
w1 believes block 44
block 46  Balances.Endowed{account: second's escrow, freeBalance: 0.001}
block 46  Balances.Transfer{from: Alice, to: second's escrow, amount: 0.001}
block 46  Clusters.ClusterCreated{cluster: second, owner: Alice, members: 1 of them}
block 46  Queue.MessagePushed{to: ToWorker{identity: w2}, seq: 1}
w1 is in none of the 1 clusters
w2 is in second

# Frozen: who is registered goes on, new ones are refused.
call sudo(freeze(yes))
worker w3
relay w3
days 2 w2
workers
call sudo(freeze(no))
relay w3
----
block 47  Registry.RegistrationFrozen{frozen: true}
block 47  Sudo.Sudid{sudoResult: Ok}
w3 runs, TDX, SIMULATED TEE: no confidentiality
block 48  System.ExtrinsicFailed{Registry.Frozen}
error: the transaction failed: Registry.Frozen
block 51  Clusters.ClusterReady{cluster: second, epoch: 0, worker: w2}
w1  operator operator  boot epoch 17  Development  UpToDate  Revoked
w2  operator operator  boot epoch 3  Development  UpToDate
block 54  Registry.RegistrationFrozen{frozen: false}
block 54  Sudo.Sudid{sudoResult: Ok}
block 55  Queue.MessagePushed{to: ToWorker{identity: w3}, seq: 0}
block 55  Registry.WorkerRegistered{worker: w3, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w3 believes block 54

# A worker that its operator drains, and one that leaves.
call drain(w3,yes) by=operator
workers
cluster third replicas=2
call leave(w3) by=operator
workers
----
block 56  Registry.WorkerDraining{worker: w3, draining: true}
w1  operator operator  boot epoch 17  Development  UpToDate  Revoked
w2  operator operator  boot epoch 3  Development  UpToDate
w3  operator operator  boot epoch 1  Development  UpToDate  Draining
block 57  System.ExtrinsicFailed{Clusters.TooFewWorkers}
block 58  Queue.MessagePushed{to: ToWorker{identity: w3}, seq: 1}
block 58  Registry.WorkerRemoved{worker: w3}
w1  operator operator  boot epoch 17  Development  UpToDate  Revoked
w2  operator operator  boot epoch 3  Development  UpToDate

# Nobody relays any more: the registration ends by itself, and is forgotten in time.
days 2
workers
days 31
workers
----
block 60  Registry.WorkerExpired{worker: w2}
w1  operator operator  boot epoch 17  Development  UpToDate  Revoked
w2  operator operator  boot epoch 3  Development  UpToDate  Expired
block 88  Registry.WorkerRemoved{worker: w1}
block 90  Registry.WorkerRemoved{worker: w2}
no worker is registered
