# Validators are elected by the tokens behind them. Four begin, with a hundred
# each at stake. A worker's light client, which knows those four alone, follows.
chain validators=4 seats=4 stake=100 session=10 sudo=Alice Alice=10000000 Bob=1000 Carol=1000 Dave=1000 operator=100
block
worker w1
relay w1
stakes
----
w1 runs, TDX, SIMULATED TEE: no confidentiality
block 2  Attestation.CollateralUpdated{anchor: 0, tee: Tdx, fmspc: 444556000001, eval: 18, nextUpdate: 1752364800}
block 2  Queue.MessagePushed{to: ToWorker{identity: w1}, seq: 0}
block 2  Registry.WorkerRegistered{worker: w1, operator: operator, image: …, class: Development, bootEpoch: 1, platform: …, status: UpToDate, tier: 0, renewal: false}
w1 believes block 1
era 0, session 0, GRANDPA set 0
  v0  100, own 100, 0 nominators
  v1  100, own 100, 0 nominators
  v2  100, own 100, 0 nominators
  v3  100, own 100, 0 nominators

# Carol has more at stake than they, and Bob stands behind her. Her node shows
# that it is there; before it has keys, and for another session, it cannot.
beat Carol
stake validate Carol
stake bond Carol 200
stake bond Carol 1
stake validate Carol commission=10
stake bond Bob 50
stake nominate Bob v1,Carol
keys Carol
beat Carol session=1
beat Carol
beat Carol
----
error: 1010 Invalid Transaction: Transaction has a bad signature
block 3  System.ExtrinsicFailed{Staking.NotController}
block 4  Staking.Bonded{stash: Carol, amount: 200}
block 5  System.ExtrinsicFailed{Staking.AlreadyBonded}
block 6  Staking.ValidatorPrefsSet{stash: Carol, prefs: ValidatorPrefs{commission: 100000000, blocked: false}}
block 7  Staking.Bonded{stash: Bob, amount: 50}
error: 1010 Invalid Transaction: Transaction is outdated

# Dave has even more, but his node never shows itself.
stake bond Dave 900
stake validate Dave
keys Dave
----
block 12  Staking.Bonded{stash: Dave, amount: 900}
block 13  Staking.ValidatorPrefsSet{stash: Dave, prefs: ValidatorPrefs{commission: 0, blocked: false}}

# In the last session of the era the election runs, and the node dies in that
# block. One of four may change.
block 36
crash
block 13
stakes
relay w1
sees w1
----
block 50  Staking.StakersElected{}
block 50  Session.NewQueued{}
the node starts again at block 50 of 50, final 49
block 60  Staking.EraPaid{eraIndex: 0, validatorPayout: 0.459, remainder: 1.378}
block 60  Grandpa.NewAuthorities{authoritySet: 4 of them}
era 1, session 6, GRANDPA set 1
  v1  125, own 100, 1 nominators
  v2  100, own 100, 0 nominators
  Carol  225, own 200, 1 nominators
  v3  100, own 100, 0 nominators
w1 believes block 62
w1 is at block 62, boot epoch 1, registered true, 0 messages wait for the chain

# What the era earned is paid once, to whom it belongs, whoever asks for it.
stake payout v1 era=0 by=Dave
stake payout v1 era=0 by=Dave
stake payout v1 era=1 by=Dave
stake payout Carol era=0 by=Dave
stash v1 Bob
----
block 64  Staking.PayoutStarted{eraIndex: 0, validatorStash: v1, page: 0, next: none}
block 64  Balances.Minted{who: v1, amount: 0.114}
block 64  Staking.Rewarded{stash: v1, dest: Staked{}, amount: 0.114}
block 65  System.ExtrinsicFailed{Staking.AlreadyClaimed}
block 66  System.ExtrinsicFailed{Staking.InvalidEraToReward}
block 67  System.ExtrinsicFailed{Staking.InvalidEraToReward}
v1  bonded 100.114, at stake 100.114
Bob  bonded 50, at stake 50

# Carol votes twice for finality. A forged proof proves nothing; the true one has
# her out at the next election, which comes at once, and her bond waits to be
# slashed, and Bob's with it.
equivocate Carol by=Dave forged=yes
equivocate Carol by=Dave
stake unbond Carol 200
stake unbond Bob 10
stake withdraw Bob
stash Carol Bob
block 17
stakes
relay w1
sees w1
----
block 68  System.ExtrinsicFailed{Grandpa.InvalidEquivocationProof}
block 69  Offences.Offence{kind: grandpa:equivoca, timeslot: 4 bytes}
block 69  Staking.Chilled{stash: Carol}
block 69  Session.ValidatorDisabled{validator: Carol}
block 69  Staking.ForceEra{mode: ForceNew}
block 69  Staking.SlashReported{validator: Carol, fraction: 562500000, slashEra: 1}
block 70  Staking.StakersElected{}
block 70  Staking.ForceEra{mode: NotForcing}
block 70  Session.NewQueued{}
block 70  Staking.Unbonded{stash: Carol, amount: 200}
block 71  Staking.Unbonded{stash: Bob, amount: 10}
Carol  bonded 200, at stake 0, 200 free in era 30
Bob  bonded 50, at stake 40, 10 free in era 30
block 80  Staking.EraPaid{eraIndex: 1, validatorPayout: 0.150, remainder: 0.451}
block 80  Grandpa.NewAuthorities{authoritySet: 4 of them}
era 2, session 8, GRANDPA set 2
  v1  150.114, own 100.114, 1 nominators
  v2  100, own 100, 0 nominators
  v0  100, own 100, 0 nominators
  v3  100, own 100, 0 nominators
w1 believes block 88
w1 is at block 88, boot epoch 1, registered true, 0 messages wait for the chain

# All leave at once. Nobody can be elected, so that those who validate go on.
stake chill v0
stake chill v1
stake chill v2
stake chill v3
stake chill Dave
block 60
stakes
----
block 90  Staking.Chilled{stash: v0}
block 91  Staking.Chilled{stash: v1}
block 92  Staking.Chilled{stash: v2}
block 93  Staking.Chilled{stash: v3}
block 94  Staking.Chilled{stash: Dave}
block 130  Staking.StakingElectionFailed{}
block 140  Staking.StakingElectionFailed{}
block 150  Staking.StakingElectionFailed{}
era 2, session 15, GRANDPA set 2
  v1  150.114, own 100.114, 1 nominators
  v2  100, own 100, 0 nominators
  v0  100, own 100, 0 nominators
  v3  100, own 100, 0 nominators

# They come back, and so do the eras.
stake validate v0
stake validate v1
stake validate v2
stake validate v3
block 20
stakes
----
block 155  Staking.ValidatorPrefsSet{stash: v0, prefs: ValidatorPrefs{commission: 0, blocked: false}}
block 156  Staking.ValidatorPrefsSet{stash: v1, prefs: ValidatorPrefs{commission: 0, blocked: false}}
block 157  Staking.ValidatorPrefsSet{stash: v2, prefs: ValidatorPrefs{commission: 0, blocked: false}}
block 158  Staking.ValidatorPrefsSet{stash: v3, prefs: ValidatorPrefs{commission: 0, blocked: false}}
block 160  Staking.StakersElected{}
block 170  Staking.EraPaid{eraIndex: 2, validatorPayout: 0.705, remainder: 2.115}
era 3, session 17, GRANDPA set 2
  v1  140.114, own 100.114, 1 nominators
  v2  100, own 100, 0 nominators
  v0  100, own 100, 0 nominators
  v3  100, own 100, 0 nominators
