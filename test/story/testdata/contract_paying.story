# What a cluster asks for gas and storage, its owner says, and everybody reads it
# before he calls. What is paid moves in the ledger: nobody sees it.
chain validators=4 Alice=1000 Bob=1000 Charlie=1000 operator=100
block
worker w1
relay w1
settle
cluster c by=Alice
settle
upload note by=Alice
instantiate note in=c by=Alice as=notes
settle
receipt notes.new
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
block 14  Contracts.CodeStored{code: note.wasm, uploader: Alice, size: at most 1024 kB}
block 15  Queue.MessagePushed{to: ToCluster{id: c}, seq: 0}
block 15  Contracts.Instantiating{contract: notes, cluster: c, deployer: Alice, code: note.wasm, seq: 0}
block 17  Contracts.Instantiated{contract: notes, deployer: Alice}
block 17  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 0, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
notes.new: Ok: 0x0000

# Prices are the owner's to set, within bounds.
terms gas=0.01 item=1 byte=0.1 to=Charlie by=Bob
terms gas=1000001 to=Charlie by=Alice
terms gas=1 to=c by=Alice
terms gas=0.01 item=1 byte=0.1 to=Charlie by=Alice
settle
----
block 21  System.ExtrinsicFailed{Clusters.NotOwner}
block 22  System.ExtrinsicFailed{Clusters.BadTerms}
block 23  System.ExtrinsicFailed{Clusters.BadTerms}
block 24  Queue.MessagePushed{to: ToCluster{id: c}, seq: 1}
block 24  Clusters.TermsSet{cluster: c, terms: Terms{gasPrice: 0.010, depositPerItem: 1, depositPerByte: 0.100, treasury: Charlie}, seq: 1}
block 26  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 1, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}

# Who has nothing in the cluster has nothing done there. What was sent costs him
# the fee of the chain.
command notes write hello by=Bob as=poor
settle
receipt poor
----
block 30  Queue.MessagePushed{to: ToCluster{id: c}, seq: 2}
block 30  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 2}
block 32  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 2, contract: notes, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
poor: Reverted: the account holds 0 in the cluster and gives 0, which leaves nothing for gas: a million costs 10000000000

# With money it is done. What the gas costs goes to Charlie; the note's entry and
# its bytes take a deposit.
deposit 10 by=Bob
settle
command notes write hello by=Bob as=first
settle
receipt first
holds by=Bob
holds by=Charlie
ledger c
----
block 36  Balances.Transfer{from: Bob, to: c's escrow, amount: 10}
block 36  Queue.MessagePushed{to: ToCluster{id: c}, seq: 3}
block 36  Clusters.Deposited{cluster: c, from: Bob, amount: 10, seq: 3}
block 38  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 3, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
block 42  Queue.MessagePushed{to: ToCluster{id: c}, seq: 4}
block 42  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 4}
block 44  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 4, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
first: Ok: ()
Bob holds 3.990
Charlie holds 0.009
c: 10 in escrow, of which 0 are on their way in; its account has 0.001 more

# The note as long again takes nothing, a longer one something, one that is too
# long for what Bob has is not written; its gas is paid.
command notes write olleh by=Bob as=same
command notes write hello,_hello by=Bob as=longer
command notes write twelve_times_as_long_as_it_was_at_first,_for_sure by=Bob as=long
settle
receipt same
receipt longer
receipt long
query notes read by=Bob
holds by=Bob
holds by=Charlie
----
block 48  Queue.MessagePushed{to: ToCluster{id: c}, seq: 5}
block 48  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 5}
block 49  Queue.MessagePushed{to: ToCluster{id: c}, seq: 6}
block 49  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 6}
block 50  Queue.MessagePushed{to: ToCluster{id: c}, seq: 7}
block 50  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 7}
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 5, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 6, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 52  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 7, contract: notes, status: Reverted, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
same: Ok: ()
longer: Ok: ()
long: Reverted: what contracts store more takes a deposit of 3700000000000, and the account holds 3260646490000 in the cluster beside the gas
read as of block 54: {text: "hello,_hello", time: 1750000049000}
Bob holds 3.260
Charlie holds 0.039

# The same command again pays nothing again. With the note the deposit comes back.
resend longer by=Bob as=again
settle
receipt again
command notes erase by=Bob as=erased
settle
receipt erased
holds by=Bob
----
block 56  Queue.MessagePushed{to: ToCluster{id: c}, seq: 8}
block 56  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 8}
block 58  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 8, contract: notes, status: Rejected, gas: 0, output: 0 bytes, error: "the nonce was used before"}}
again: Rejected: the nonce was used before
block 62  Queue.MessagePushed{to: ToCluster{id: c}, seq: 9}
block 62  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 9}
block 64  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 9, contract: notes, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
erased: Ok: ()
Bob holds 9.949

# Charlie takes out what was paid.
withdraw Charlie 0.01 by=Charlie as=out
settle
receipt out
holds by=Charlie
ledger c
----
block 68  Queue.MessagePushed{to: ToCluster{id: c}, seq: 10}
block 68  Clusters.TransactionQueued{cluster: c, origin: Charlie, seq: 10}
block 70  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 10, contract: c, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
block 70  Balances.Transfer{from: c's escrow, to: Charlie, amount: 0.010}
block 70  Clusters.Withdrawn{cluster: c, to: Charlie, amount: 0.010, seq: 10}
out: Ok: 0.040 left
Charlie holds 0.040
c: 9.990 in escrow, of which 0 are on their way in; its account has 0.001 more

# Everything is free again, also for who has nothing.
terms by=Alice
settle
command notes write free by=Charlie as=free
settle
receipt free
holds by=Charlie
----
block 74  Queue.MessagePushed{to: ToCluster{id: c}, seq: 11}
block 74  Clusters.TermsSet{cluster: c, terms: Terms{gasPrice: 0, depositPerItem: 0, depositPerByte: 0, treasury: Alice}, seq: 11}
block 76  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 11, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
block 80  Queue.MessagePushed{to: ToCluster{id: c}, seq: 12}
block 80  Contracts.CommandQueued{contract: notes, cluster: c, origin: Charlie, seq: 12}
block 82  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 12, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
free: Ok: ()
Charlie holds 0.040

# Bob has tokens in the cluster: what costs more is announced, and applies to what
# comes when its block has come.
terms gas=1000000 to=Alice by=Alice
settle
command notes write before by=Bob as=before
settle
receipt before
holds by=Bob
block 60
terms gas=0.02 to=Alice by=Alice
block 128
command notes write after by=Bob as=after
settle
receipt after
holds by=Bob
holds by=Alice
----
block 86  Clusters.TermsAnnounced{cluster: c, terms: Terms{gasPrice: 1000000, depositPerItem: 0, depositPerByte: 0, treasury: Alice}, from: 214}
block 90  Queue.MessagePushed{to: ToCluster{id: c}, seq: 13}
block 90  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 13}
block 92  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 13, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
before: Ok: ()
Bob holds 9.949
block 156  Clusters.TermsAnnounced{cluster: c, terms: Terms{gasPrice: 0.020, depositPerItem: 0, depositPerByte: 0, treasury: Alice}, from: 284}
block 285  Queue.MessagePushed{to: ToCluster{id: c}, seq: 14}
block 285  Clusters.TermsSet{cluster: c, terms: Terms{gasPrice: 0.020, depositPerItem: 0, depositPerByte: 0, treasury: Alice}, seq: 14}
block 285  Queue.MessagePushed{to: ToCluster{id: c}, seq: 15}
block 285  Contracts.CommandQueued{contract: notes, cluster: c, origin: Bob, seq: 15}
block 287  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 14, contract: c, status: Ok, gas: 0, output: 0 bytes, error: 0 bytes}}
block 287  Contracts.CommandDone{cluster: c, worker: w1, receipt: Receipt{seq: 15, contract: notes, status: Ok, gas: 1048576, output: 1398 bytes, error: 0 bytes}}
after: Ok: 
Bob holds 9.930
Alice holds 0.019
