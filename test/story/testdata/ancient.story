# A transaction that could live long, when the block that it was born in is
# forgotten.
chain validators=1 Alice=1000
block 4120
changed
transfer 1 bad=ancient
changed
----
refused: 1010 Invalid Transaction: Transaction has an ancient birth block
a proposal with it: left out: Transaction has an ancient birth block
changed: nothing
