# A transaction that could live long, when the block that it was born in is
# forgotten.
chain validators=1 Alice=1000
block 4120
changed
transfer 1 bad=ancient
changed
----
block 600  Session.NewSession{sessionIndex: 1}
block 1200  Session.NewSession{sessionIndex: 2}
block 1800  Session.NewSession{sessionIndex: 3}
block 2400  Session.NewSession{sessionIndex: 4}
block 3000  Session.NewSession{sessionIndex: 5}
block 3600  Session.NewSession{sessionIndex: 6}
refused: 1010 Invalid Transaction: Transaction has an ancient birth block
a proposal with it: left out: Transaction has an ancient birth block
changed: nothing
