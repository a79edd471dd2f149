# Workers that are gone stay registered until their attestation ends, and are
# drawn like others. Here two of four have a new cluster's secret, which is not
# more than half: the others are replaced at its owner's word, and get it.
chain validators=4 Alice=1000 Bob=100 operator=1000
block
hush Queue.MessagePushed Registry.WorkerRegistered Attestation.CollateralUpdated Balances.Endowed Balances.Transfer
machines 8
settle
cluster c by=Alice replicas=4 keepers=2 threshold=2
destroy m1 m2
settle
members c
redraw in=c by=Bob
redraw in=c by=Alice
settle
members c
upload hello by=Alice
instantiate hello in=c by=Alice
settle
redraw in=c by=Alice
settle
members c
query hello get by=Alice at=m6
----
spare1 runs, TDX, SIMULATED TEE: no confidentiality
spare2 runs, TDX, SIMULATED TEE: no confidentiality
spare3 runs, TDX, SIMULATED TEE: no confidentiality
spare4 runs, TDX, SIMULATED TEE: no confidentiality
spare5 runs, TDX, SIMULATED TEE: no confidentiality
spare6 runs, TDX, SIMULATED TEE: no confidentiality
spare7 runs, TDX, SIMULATED TEE: no confidentiality
spare8 runs, TDX, SIMULATED TEE: no confidentiality
block 13  Clusters.ClusterCreated{cluster: c, owner: Alice, members: 4 of them}
m1 is destroyed, and its disk wiped
m2 is destroyed, and its disk wiped
block 17  Clusters.SharesKept{cluster: c, keepers: 2, threshold: 2}
c: epoch 0, 0 messages executed, 2 keepers of whom 2 are needed
  m1 is gone
  m2 is gone
  m3: has the secret of epoch 0, executed 0 messages
  m4: has the secret of epoch 0, executed 0 messages
block 23  System.ExtrinsicFailed{Clusters.NotOwner}
block 24  Clusters.MemberRemoved{cluster: c, worker: m1}
block 24  Clusters.MemberRemoved{cluster: c, worker: m2}
block 24  Clusters.MemberAdded{cluster: c, worker: m5}
block 24  Clusters.MemberAdded{cluster: c, worker: m6}
block 28  Clusters.ClusterReady{cluster: c, epoch: 0, worker: m3}
block 28  Clusters.MemberReady{cluster: c, worker: m6, epoch: 0}
c: epoch 0, 0 messages executed, 2 keepers of whom 2 are needed
  m3: has the secret of epoch 0, executed 0 messages
  m4: has the secret of epoch 0, executed 0 messages
  m5: has the secret of epoch 0, executed 0 messages
  m6: has the secret of epoch 0, executed 0 messages
block 34  Contracts.CodeStored{code: hello.wasm, uploader: Alice, size: at most 1024 kB}
block 35  Contracts.Instantiating{contract: hello, cluster: c, deployer: Alice, code: hello.wasm, seq: 0}
block 37  Contracts.Instantiated{contract: hello, deployer: Alice}
block 37  Contracts.CommandDone{cluster: c, worker: m3, receipt: Receipt{seq: 0, contract: hello, status: Ok, gas: 2097152, output: 1398 bytes, error: 0 bytes}}
block 41  System.ExtrinsicFailed{Clusters.Ready}
c: epoch 0, 1 messages executed, 2 keepers of whom 2 are needed
  m3: has the secret of epoch 0, executed 1 messages
  m4: has the secret of epoch 0, executed 1 messages
  m5: has the secret of epoch 0, executed 1 messages
  m6: has the secret of epoch 0, executed 1 messages
get as of block 43: 0
