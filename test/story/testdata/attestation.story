# Workers that should not be admitted, and relays that bring false quotes.
chain validators=2 Alice=1000 operator=1000 Bob=10
block
changed

# The first honest worker brings the collateral.
worker w1
relay w1
workers
changed
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
w1  operator operator  boot epoch 1  Development  UpToDate
changed: Attestation.PckCrl, Attestation.QeIdentities, Attestation.Recoveries, Attestation.RootCrl, Attestation.TcbInfos, Queue.Outbox, Registry.BootEpochs, Registry.Certificates, Registry.Deadlines, Registry.Endpoints, Registry.LastImages, Registry.PlatformWorkers, Registry.Platforms, Registry.Workers, account of operator, account of the author, account of treasury

# The quote, with one bit changed in each of its parts.
worker w2
relay w2 quote=version
relay w2 quote=header
relay w2 quote=measurement
relay w2 quote=registers
relay w2 quote=debug-bit
relay w2 quote=report-data
relay w2 quote=signature
relay w2 quote=key
relay w2 quote=qe-report
relay w2 quote=qe-signature
relay w2 quote=qe-data
relay w2 quote=certificate
relay w2 quote=truncated
relay w2 quote=empty
changed
----
w2 runs, TDX, SIMULATED TEE: no confidentiality
block 3  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 4  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 5  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 6  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 7  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 8  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 9  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 10  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 11  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 12  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 13  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 14  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 15  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
block 16  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote
changed: account of operator, account of the author, account of treasury

# A genuine quote of another machine.
relay w2 quote=of-another
changed
----
block 17  System.ExtrinsicFailed{Registry.WrongReportData}
error: the transaction failed: Registry.WrongReportData
changed: account of operator, account of the author, account of treasury

# The registration around it.
relay w2 registration=keys
relay w2 registration=nonce
relay w2 registration=signature
relay w2 registration=operator
relay w2 registration=image
relay w2 registration=other-block
changed
----
block 18  System.ExtrinsicFailed{Registry.BadSignature}
error: the transaction failed: Registry.BadSignature
block 19  System.ExtrinsicFailed{Registry.WrongReportData}
error: the transaction failed: Registry.WrongReportData
block 20  System.ExtrinsicFailed{Registry.BadSignature}
error: the transaction failed: Registry.BadSignature
block 21  System.ExtrinsicFailed{Registry.NotOperator}
error: the transaction failed: Registry.NotOperator
block 22  System.ExtrinsicFailed{Registry.BadSignature}
error: the transaction failed: Registry.BadSignature
block 23  System.ExtrinsicFailed{Registry.WrongReportData}
error: the transaction failed: Registry.WrongReportData
changed: account of operator, account of the author, account of treasury

# Machines and programs that are not as they should be.
worker debugged fault=debug
relay debugged
----
debugged runs, TDX, SIMULATED TEE: no confidentiality
block 24  System.ExtrinsicFailed{Attestation.RefusedByPolicy}
error: the transaction failed: Attestation.RefusedByPolicy

worker liar fault=report-data
relay liar
----
liar runs, TDX, SIMULATED TEE: no confidentiality
block 25  System.ExtrinsicFailed{Registry.WrongReportData}
error: the transaction failed: Registry.WrongReportData

worker unpatched fault=outdated
relay unpatched
----
unpatched runs, TDX, SIMULATED TEE: no confidentiality
block 26  System.ExtrinsicFailed{Attestation.RefusedByPolicy}
error: the transaction failed: Attestation.RefusedByPolicy

worker forgotten fault=ancient
relay forgotten
----
forgotten runs, TDX, SIMULATED TEE: no confidentiality
block 27  System.ExtrinsicFailed{Attestation.BadQuote}
error: the transaction failed: Attestation.BadQuote

worker modified program=other
relay modified
----
modified runs, TDX, SIMULATED TEE: no confidentiality
block 28  System.ExtrinsicFailed{Attestation.RefusedByPolicy}
error: the transaction failed: Attestation.RefusedByPolicy

worker foreign genesis=other
relay foreign
workers
changed
----
foreign runs, TDX, SIMULATED TEE: no confidentiality
block 29  System.ExtrinsicFailed{Registry.BadSignature}
error: the transaction failed: Registry.BadSignature
w1  operator operator  boot epoch 1  Development  UpToDate
changed: account of operator, account of the author, account of treasury

# A registration that is of an earlier instance.
restart w1
relay w1 registration=again
relay w1
restart w1
relay w1 registration=again
workers
----
w1 starts again in boot epoch 2 at block 1
block 30  System.ExtrinsicFailed{Registry.OldBootEpoch}
error: the transaction failed: Registry.OldBootEpoch
block 31  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 1}
block 31  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 2, platform: …, status: UpToDate, tier: 0, renewal: true}
w1 believes block 30
w1 starts again in boot epoch 3 at block 30
block 32  System.ExtrinsicFailed{Registry.OldBootEpoch}
error: the transaction failed: Registry.OldBootEpoch
w1  operator operator  boot epoch 2  Development  UpToDate

# A block that is too long ago.
block 310
relay w2 registration=stale-block
relay w2
workers
----
block 343  System.ExtrinsicFailed{Registry.BadBlock}
error: the transaction failed: Registry.BadBlock
block 344  Queue.MessagePushed{to: ToWorker{identity: w2}, seq: 0}
block 344  Registry.WorkerRegistered{worker: w2, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w2 believes block 343
w1  operator operator  boot epoch 2  Development  UpToDate
w2  operator operator  boot epoch 1  Development  UpToDate
