# A secret wallet: what its users put in, whom they pay and what they have is
# theirs to know. Its own token is as secret.
chain validators=4 Alice=1000 Bob=1000 Charlie=1000 operator=100
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

upload wallet by=Alice
instantiate wallet TEA in=c by=Alice as=purse
deposit 100 by=Bob
settle
receipt purse.new
holds by=Bob
----
block 14  Contracts.CodeStored{code: wallet.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: purse, cluster: c, deployer: Alice, code: wallet.wasm, seq: 0}
block 16  Balances.Transfer{from: Bob, to: c's escrow, amount: 100}
block 16  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 16  Clusters.Deposited{cluster: c, from: Bob, amount: 100, seq: 1}
block 18  Contracts.Instantiated{contract: purse, deployer: Alice}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: purse, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 18  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
purse.new: Ok: 0x0000
Bob holds 100

# Bob pays into the wallet, and pays Charlie in it. A message that takes no money
# is given none, and nobody pays what he does not have.
command purse deposit by=Bob value=60 as=in
command purse send @Charlie 25000000000000 by=Bob as=paid
command purse deposit by=Bob value=41 as=much
command purse send @Charlie 1 by=Bob value=1 as=lost
command purse withdraw 99000000000000 by=Charlie as=greedy
settle
receipt in
receipt paid
receipt much
receipt lost
receipt greedy
query purse mine by=Bob
query purse mine by=Charlie
query purse mine by=Alice
holds by=Bob
holds purse by=Alice
holds purse by=Bob
ledger c
----
block 22  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 22  Contracts.CommandQueued{contract: purse, cluster: c, origin: Bob, seq: 2}
block 23  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 23  Contracts.CommandQueued{contract: purse, cluster: c, origin: Bob, seq: 3}
block 24  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 24  Contracts.CommandQueued{contract: purse, cluster: c, origin: Bob, seq: 4}
block 25  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 25  Contracts.CommandQueued{contract: purse, cluster: c, origin: Bob, seq: 5}
block 26  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 26  Contracts.CommandQueued{contract: purse, cluster: c, origin: Charlie, seq: 6}
block 28  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: purse, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 28  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: purse, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 28  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: purse, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 28  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: purse, status: Trapped, gas: 67108864, output: 1398 bytes, error: 0 bytes}}
block 28  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: purse, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
in: Ok: ()
paid: Ok: ()
much: Reverted: the caller holds less than the value
lost: Trapped: unreachable
greedy: Reverted: the contract answered TooLittle
mine as of block 30: {coins: 35000000000000, tokens: 0}
mine as of block 30: {coins: 25000000000000, tokens: 0}
mine as of block 30: {coins: 0, tokens: 0}
Bob holds 40
purse holds 60
error: a balance is told to its holder, and that of a contract to its owner (kind 15)
c: 100 in escrow, of which 0 are on their way in; its account has 0.001 more

# Charlie takes his part out of the wallet, and then to the chain.
command purse withdraw 25000000000000 by=Charlie as=out
withdraw Charlie 25 by=Charlie as=home
settle
receipt out
receipt home
holds by=Charlie
holds purse by=Alice
balance Charlie
ledger c
----
block 32  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 32  Contracts.CommandQueued{contract: purse, cluster: c, origin: Charlie, seq: 7}
block 33  Queue.MessagePushed{to: ToCluster{id: c}, seq: 8}
block 33  Clusters.TransactionQueued{cluster: c, origin: Charlie, seq: 8}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: purse, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 35  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 8, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 35  Balances.Transfer{from: c's escrow, to: Charlie, amount: 25}
block 35  Clusters.Withdrawn{cluster: c, to: Charlie, amount: 25, seq: 8}
out: Ok: ()
home: Ok: 0 left
Charlie holds 0
purse holds 35
Charlie  1024.989  nonce 3
c: 75 in escrow, of which 0 are on their way in; its account has 0.001 more

# Tokens of the wallet's own, by commands of which nobody sees for which contract
# they are.
command purse issue @Alice 1000 by=Alice as=issued hidden=yes
command purse send_tokens @Bob 400 by=Alice as=tea hidden=yes
command purse issue @Bob 1 by=Bob as=forged hidden=yes
settle
receipt issued
receipt tea
receipt forged
observe tea
query purse mine by=Alice
query purse mine by=Bob
query purse token by=Charlie
----
block 39  Queue.MessagePushed{to: ToCluster{id: c}, seq: 9}
block 39  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 9}
block 40  Queue.MessagePushed{to: ToCluster{id: c}, seq: 10}
block 40  Clusters.TransactionQueued{cluster: c, origin: Alice, seq: 10}
block 41  Queue.MessagePushed{to: ToCluster{id: c}, seq: 11}
block 41  Clusters.TransactionQueued{cluster: c, origin: Bob, seq: 11}
block 43  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 9, contract: c, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 43  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 10, contract: c, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 43  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 11, contract: c, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
issued: Ok: ()
tea: Ok: ()
forged: Reverted: the contract answered NotOwner
tea to purse, message 10 of its queue: 3190 bytes, suite 1, epoch 0, the rest looks random
mine as of block 45: {coins: 0, tokens: 600}
mine as of block 45: {coins: 35000000000000, tokens: 400}
token as of block 45: {symbol: "TEA", supply: 1000}
