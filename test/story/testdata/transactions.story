# Good and bad transactions. What the node refuses is put into a proposal too,
# as a dishonest proposer would: either nobody votes for it, or it is left out.
chain validators=4 Alice=1000 Bob=5
block 80
changed

transfer 1.5 from=Alice to=Bob
balance Alice Bob
changed
----
block 81  Balances.Transfer{from: Alice, to: Bob, amount: 1.500}
Alice  998.499  nonce 1
Bob  6.500  nonce 0
changed: account of Alice, account of Bob, account of the author, account of treasury

transfer 1 nonce=-1
changed
----
refused: 1010 Invalid Transaction: Transaction is outdated
a proposal with it: left out: Transaction is outdated
changed: nothing

# A nonce of the future waits in the pool, and stands in no block.
transfer 1 nonce=+5
changed
----
changed: nothing

transfer 1 bad=signature
transfer 1 bad=chain
changed
----
refused: 1010 Invalid Transaction: Transaction has a bad signature
a proposal with it: transaction 0: Transaction has a bad signature
refused: 1010 Invalid Transaction: Transaction has a bad signature
a proposal with it: transaction 0: Transaction has a bad signature
changed: nothing

transfer 1 bad=era
changed
----
refused: 1010 Invalid Transaction: Transaction has a bad signature
a proposal with it: transaction 0: Transaction has a bad signature
changed: nothing

# Bob has too little for the transfer, though enough for the fee.
transfer 500 from=Bob to=Alice
balance Bob
changed
----
block 83  System.ExtrinsicFailed{Token.FundsUnavailable}
Bob  6.499  nonce 1
changed: account of Bob, account of the author, account of treasury

# Nobody has less than the fee.
transfer 1 from=Nobody to=Alice
changed
----
refused: 1010 Invalid Transaction: Inability to pay some fees (e.g. account balance too low)
a proposal with it: left out: Inability to pay some fees (e.g. account balance too low)
changed: nothing

transfer 1 bad=truncated
transfer 1 bad=trailing
transfer 1 bad=oversized
transfer 1 bad=remark
transfer 1 bad=call
changed
----
refused: 1001 Extrinsic has invalid format: decode extrinsic: length says 143 of 140 bytes: not an extrinsic of format 4
a proposal with it: transaction 0: decode extrinsic: length says 143 of 140 bytes: not an extrinsic of format 4
refused: 1001 Extrinsic has invalid format: decode extrinsic: length says 143 of 144 bytes: not an extrinsic of format 4
a proposal with it: transaction 0: decode extrinsic: length says 143 of 144 bytes: not an extrinsic of format 4
refused: 1001 Extrinsic has invalid format: decode extrinsic: not an extrinsic of format 4: its 5243027 bytes are more than 5242880
a proposal with it: transaction 0: decode extrinsic: not an extrinsic of format 4: its 5243027 bytes are more than 5242880
refused: 1010 Invalid Transaction: Transaction would exhaust the block limits
a proposal with it: left out: Transaction would exhaust the block limits
refused: 1002 Verification Error: TaggedTransactionQueue_validate_transaction: the runtime has no call 250.0
a proposal with it: transaction 0: the runtime has no call 250.0
changed: nothing

# An account that would begin with less than the existential deposit.
transfer 0.0005 from=Alice to=Nobody
balance Nobody
changed
----
block 84  System.ExtrinsicFailed{Token.BelowMinimum}
Nobody  0  nonce 0
changed: account of Alice, account of the author, account of treasury

# After all that, a good one.
transfer 1 from=Alice to=Nobody
balance Alice Bob Nobody
changed
----
block 85  Balances.Endowed{account: Nobody, freeBalance: 1}
block 85  Balances.Transfer{from: Alice, to: Nobody, amount: 1}
Alice  997.499  nonce 3
Bob  6.499  nonce 1
Nobody  1  nonce 0
changed: account of Alice, account of Nobody, account of the author, account of treasury
