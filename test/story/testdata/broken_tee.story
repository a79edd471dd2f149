# Somebody has soldered something to a machine's memory bus, and holds its
# attestation key: its quotes are genuine, and say whatever he likes. The chain
# takes only machines of a vendor, under the policy of production; the vendor is
# made for this story.
chain validators=2 hardware=real sudo=Alice Alice=10000 operator=10000 Carol=10 Dave=10 Mallory=10000 Bob=10
block
worker w1
worker w2
relay w1
relay w2
workers
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
w1  operator operator  boot epoch 1  Production  UpToDate  tier 1
w2  operator operator  boot epoch 1  Production  UpToDate  tier 1

# Those who know where machines stand vouch for two of them, and their operator
# pledges for the workers on them: tier 2.
call sudo(endorsers(2,Carol,Dave))
call batch(endorse(w1),endorse(w2)) by=Carol
call batch(endorse(w1),endorse(w2)) by=Dave
call stake(w1,1000) by=operator
call stake(w2,1000) by=operator
workers
----
block 4  Registry.EndorsersSet{accounts: 2 of them, quorum: 2}
block 4  Sudo.Sudid{sudoResult: Ok}
block 5  Registry.PlatformEndorsed{platform: …, endorser: Carol, endorsed: true}
block 5  Registry.PlatformEndorsed{platform: …, endorser: Carol, endorsed: true}
block 6  Registry.PlatformEndorsed{platform: …, endorser: Dave, endorsed: true}
block 6  Registry.PlatformEndorsed{platform: …, endorser: Dave, endorsed: true}
block 7  Registry.Staked{worker: w1, owner: operator, amount: 1000}
block 7  Registry.TierChanged{worker: w1, tier: 2}
block 8  Registry.Staked{worker: w2, owner: operator, amount: 1000}
block 8  Registry.TierChanged{worker: w2, tier: 2}
w1  operator operator  boot epoch 1  Production  UpToDate  tier 2
w2  operator operator  boot epoch 1  Production  UpToDate  tier 2

# The forger says that he is a worker in a good machine, of the admitted
# program. There is no telling that he is not: he is one of tier 1.
forge eve machine=broken
workers
----
block 10  Queue.MessagePushed{to: ToWorker{identity: eve}, seq: 0}
block 10  Registry.WorkerRegistered{worker: eve, operator: Mallory, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
eve  operator Mallory  boot epoch 1  Production  UpToDate  tier 1
w1  operator operator  boot epoch 1  Production  UpToDate  tier 2
w2  operator operator  boot epoch 1  Production  UpToDate  tier 2

# A stake alone makes no tier 2. Nobody vouches for his machine, and he cannot.
call stake(eve,5000) by=Mallory
call endorse(eve) by=Mallory
workers
----
block 11  Registry.Staked{worker: eve, owner: Mallory, amount: 5000}
block 12  System.ExtrinsicFailed{Registry.NotEndorser}
eve  operator Mallory  boot epoch 1  Production  UpToDate  tier 1
w1  operator operator  boot epoch 1  Production  UpToDate  tier 2
w2  operator operator  boot epoch 1  Production  UpToDate  tier 2

# Whatever cluster of tier 2 is made, he is in none, and its keys are none of his.
hush Queue.MessagePushed Clusters.ClusterReady
cluster vault1 tier=2 replicas=2
cluster vault2 tier=2
cluster vault3 tier=2
cluster vault4 tier=2
cluster vault5 tier=2
cluster vault6 tier=2 replicas=3
belongs eve vault1 vault2 vault3 vault4 vault5
belongs w1 vault1
belongs w2 vault1
----
block 13  Balances.Endowed{account: vault1's escrow, freeBalance: 0.001}
block 13  Balances.Transfer{from: Alice, to: vault1's escrow, amount: 0.001}
block 13  Clusters.ClusterCreated{cluster: vault1, owner: Alice, members: 2 of them}
block 14  Balances.Endowed{account: vault2's escrow, freeBalance: 0.001}
block 14  Balances.Transfer{from: Alice, to: vault2's escrow, amount: 0.001}
block 14  Clusters.ClusterCreated{cluster: vault2, owner: Alice, members: 1 of them}
block 15  Balances.Endowed{account: vault3's escrow, freeBalance: 0.001}
block 15  Balances.Transfer{from: Alice, to: vault3's escrow, amount: 0.001}
block 15  Clusters.ClusterCreated{cluster: vault3, owner: Alice, members: 1 of them}
block 16  Balances.Endowed{account: vault4's escrow, freeBalance: 0.001}
block 16  Balances.Transfer{from: Alice, to: vault4's escrow, amount: 0.001}
block 16  Clusters.ClusterCreated{cluster: vault4, owner: Alice, members: 1 of them}
block 17  Balances.Endowed{account: vault5's escrow, freeBalance: 0.001}
block 17  Balances.Transfer{from: Alice, to: vault5's escrow, amount: 0.001}
block 17  Clusters.ClusterCreated{cluster: vault5, owner: Alice, members: 1 of them}
block 18  System.ExtrinsicFailed{Clusters.TooFewWorkers}
eve is in none of the 5 clusters
w1 is in vault1
w2 is in vault1

speak eve vault1 what=key
speak eve vault1 what=hand-over to=eve
speak eve vault1 what=hand-over to=w1
settle
----
block 19  Queue.MessageRefused{worker: eve, seq: 0, error: Clusters.NotMember}
block 20  Queue.MessageRefused{worker: eve, seq: 1, error: Clusters.NotMember}
block 21  Queue.MessageRefused{worker: eve, seq: 2, error: Clusters.NotMember}

# One key makes no crowd: a machine holds four workers.
forge eve2 machine=broken
forge eve3 machine=broken
forge eve4 machine=broken
forge eve5 machine=broken
----
block 32  Registry.WorkerRegistered{worker: eve2, operator: Mallory, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
block 34  Registry.WorkerRegistered{worker: eve3, operator: Mallory, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
block 36  Registry.WorkerRegistered{worker: eve4, operator: Mallory, image: …, class: Production, bootEpoch: 1, platform: …, status: UpToDate, tier: 1, renewal: false}
block 38  System.ExtrinsicFailed{Registry.PlatformFull}

# In the name of a worker of tier 2 he cannot speak: that takes its own key. When
# the machine is known to be broken, one call takes out all that is on it, under
# whatever name it comes back.
call sudo(ban(eve))
workers
speak eve vault1 what=key
forge eve
forge eve6 machine=broken
----
block 39  Registry.PlatformBanned{platform: …, banned: true}
block 39  Sudo.Sudid{sudoResult: Ok}
eve  operator Mallory  boot epoch 1  Production  UpToDate  tier 1  Banned
eve2  operator Mallory  boot epoch 1  Production  UpToDate  tier 1  Banned
eve3  operator Mallory  boot epoch 1  Production  UpToDate  tier 1  Banned
eve4  operator Mallory  boot epoch 1  Production  UpToDate  tier 1  Banned
w1  operator operator  boot epoch 1  Production  UpToDate  tier 2
w2  operator operator  boot epoch 1  Production  UpToDate  tier 2
error: 1010 Invalid Transaction: Transaction has a bad signature
block 41  System.ExtrinsicFailed{Registry.PlatformBanned}
block 43  System.ExtrinsicFailed{Registry.PlatformBanned}
