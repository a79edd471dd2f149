# Several calls in one, accounts of several owners, proxies, and where fees go.
# One of the validators has an account, Vera's.
chain validators=4 authors=Vera sudo=Alice Alice=1000 Bob=100 Carol=100 Vera=1
block
changed

# A batch stops at the first call that fails; batch_all then does nothing.
call batch(pay(Bob,5),pay(Carol,1000),pay(Carol,6)) by=Alice
call batch_all(pay(Bob,5),pay(Carol,1000)) by=Alice
call force_batch(pay(Bob,5),pay(Carol,1000),pay(Carol,6)) by=Alice
call if_else(pay(Carol,1000),pay(Carol,1)) by=Alice
balance Alice Bob Carol
changed
----
block 2  Balances.Transfer{from: Alice, to: Bob, amount: 5}
block 2  Utility.BatchInterrupted{index: 1, error: Token.FundsUnavailable}
block 3  System.ExtrinsicFailed{Token.FundsUnavailable}
block 4  Balances.Transfer{from: Alice, to: Bob, amount: 5}
block 4  Utility.ItemFailed{error: Token.FundsUnavailable}
block 4  Balances.Transfer{from: Alice, to: Carol, amount: 6}
block 4  Utility.BatchCompletedWithErrors{}
block 5  Balances.Transfer{from: Alice, to: Carol, amount: 1}
block 5  Utility.IfElseFallbackCalled{mainError: Token.FundsUnavailable}
Alice  982.998  nonce 4
Bob  110  nonce 0
Carol  107  nonce 0
changed: account of Alice, account of Bob, account of Carol, account of Vera, account of the author, account of treasury

# Two of three owners pay from the vault. The first pays a deposit meanwhile.
share vault threshold=2 owners=Alice,Bob,Carol
transfer 50 to=vault
call as_multi(vault,pay(Dave,10)) by=Alice
balance Alice
call as_multi(vault,pay(Dave,10)) by=Alice
call as_multi(vault,pay(Dave,10)) by=Dave
call approve_as_multi(vault,pay(Dave,10)) by=Bob
call as_multi(vault,pay(Dave,10)) by=Carol
balance Alice vault Dave
----
block 6  Balances.Endowed{account: vault, freeBalance: 50}
block 6  Balances.Transfer{from: Alice, to: vault, amount: 50}
block 7  Multisig.NewMultisig{approving: Alice, multisig: vault, callHash: …}
Alice  932.897  reserved 0.100  nonce 6
block 8  System.ExtrinsicFailed{Multisig.AlreadyApproved}
error: 1010 Invalid Transaction: Inability to pay some fees (e.g. account balance too low)
block 9  Multisig.MultisigApproval{approving: Bob, timepoint: Timepoint{height: 7, index: 2}, multisig: vault, callHash: …}
block 10  Balances.Unreserved{who: Alice, amount: 0.100}
block 10  Balances.Endowed{account: Dave, freeBalance: 10}
block 10  Balances.Transfer{from: vault, to: Dave, amount: 10}
block 10  Multisig.MultisigExecuted{approving: Carol, timepoint: Timepoint{height: 7, index: 2}, multisig: vault, callHash: …, result: Ok}
Alice  932.987  nonce 7
vault  40  nonce 0
Dave  10  nonce 0

call approve_as_multi(vault,pay(Dave,20)) by=Bob
call cancel_as_multi(vault,pay(Dave,20)) by=Carol
call cancel_as_multi(vault,pay(Dave,20)) by=Bob
balance Bob
----
block 11  Multisig.NewMultisig{approving: Bob, multisig: vault, callHash: …}
block 12  System.ExtrinsicFailed{Multisig.NotOwner}
block 13  Balances.Unreserved{who: Bob, amount: 0.100}
block 13  Multisig.MultisigCancelled{cancelling: Bob, timepoint: Timepoint{height: 11, index: 2}, multisig: vault, callHash: …}
Bob  109.998  nonce 3

# Carol may act for Alice, but move no money, whatever she wraps it into.
call add_proxy(Carol,NonTransfer,0) by=Alice
call proxy(Alice,remark(hello)) by=Carol
call proxy(Alice,pay(Carol,1)) by=Carol
call proxy(Alice,batch(remark(hello),pay(Carol,1))) by=Carol
call proxy(Alice,as_derivative(0,force_batch(pay(Carol,1)))) by=Carol
call proxy(Alice,add_proxy(Carol,Any,0)) by=Carol
call proxy(Alice,sudo(remark(hello))) by=Carol
----
block 14  Proxy.ProxyAdded{delegator: Alice, delegatee: Carol, proxyType: NonTransfer, delay: 0}
block 15  Proxy.ProxyExecuted{result: Ok}
block 16  Proxy.ProxyExecuted{result: System.CallFiltered}
block 17  Utility.BatchInterrupted{index: 1, error: System.CallFiltered}
block 17  Proxy.ProxyExecuted{result: Ok}
block 18  Utility.ItemFailed{error: System.CallFiltered}
block 18  Utility.BatchCompletedWithErrors{}
block 18  Proxy.ProxyExecuted{result: Ok}
block 19  Proxy.ProxyExecuted{result: System.CallFiltered}
block 20  Proxy.ProxyExecuted{result: System.CallFiltered}

# Bob may do anything for Alice, two blocks after he says what.
call add_proxy(Bob,Any,2) by=Alice
call proxy(Alice,pay(Bob,9)) by=Bob
call announce(Alice,pay(Bob,9)) by=Bob
call proxy_announced(Bob,Alice,pay(Bob,9)) by=Carol
block 1
call proxy_announced(Bob,Alice,pay(Bob,9)) by=Carol
call announce(Alice,pay(Bob,999)) by=Bob
call reject_announcement(Bob,pay(Bob,999)) by=Alice
block 2
call proxy_announced(Bob,Alice,pay(Bob,999)) by=Carol
call remove_proxies() by=Alice
balance Alice Bob
----
block 21  Proxy.ProxyAdded{delegator: Alice, delegatee: Bob, proxyType: Any, delay: 2}
block 22  System.ExtrinsicFailed{Proxy.Unannounced}
block 23  Proxy.Announced{real: Alice, proxy: Bob, callHash: …}
block 24  System.ExtrinsicFailed{Proxy.Unannounced}
block 26  Balances.Unreserved{who: Bob, amount: 0.100}
block 26  Balances.Transfer{from: Alice, to: Bob, amount: 9}
block 26  Proxy.ProxyExecuted{result: Ok}
block 27  Proxy.Announced{real: Alice, proxy: Bob, callHash: …}
block 28  Balances.Unreserved{who: Bob, amount: 0.100}
block 31  System.ExtrinsicFailed{Proxy.Unannounced}
block 32  Balances.Unreserved{who: Alice, amount: 0.100}
Alice  923.986  nonce 11
Bob  118.997  nonce 6

# An account without a key, which others control.
pure fund by=Alice
transfer 20 to=fund
call proxy(fund,batch(add_proxy(Bob,Any,0),pay(Carol,1))) by=Alice
call proxy(fund,pay(Carol,2)) by=Bob
balance fund Alice
----
block 33  Proxy.PureCreated{pure: fund, who: Alice, proxyType: Any, disambiguationIndex: 0}
block 34  Balances.Endowed{account: fund, freeBalance: 20}
block 34  Balances.Transfer{from: Alice, to: fund, amount: 20}
block 35  Proxy.ProxyAdded{delegator: fund, delegatee: Bob, proxyType: Any, delay: 0}
block 35  Balances.Transfer{from: fund, to: Carol, amount: 1}
block 35  Proxy.ProxyExecuted{result: Ok}
block 36  Balances.Transfer{from: fund, to: Carol, amount: 2}
block 36  Proxy.ProxyExecuted{result: Ok}
fund  16.999  reserved 0  nonce 0
Alice  903.885  reserved 0.100  nonce 14

# The tips of those blocks are Vera's that her validator made. Four fifths of
# all fees are the treasury's. Governance alone can spend that.
call pay(Bob,1) by=Alice tip=0.5
call pay(Bob,1) by=Alice tip=0.5
call pay(Bob,1) by=Alice tip=0.5
call pay(Bob,1) by=Alice tip=0.5
balance treasury Vera
call spend(Dave,0.015) by=Bob
call sudo(spend(Dave,0.015)) by=Alice
call payout(0) by=Bob
call payout(0) by=Bob
balance treasury Dave
----
block 37  Balances.Transfer{from: Alice, to: Bob, amount: 1}
block 38  Balances.Transfer{from: Alice, to: Bob, amount: 1}
block 39  Balances.Transfer{from: Alice, to: Bob, amount: 1}
block 40  Balances.Transfer{from: Alice, to: Bob, amount: 1}
treasury  0.019  nonce 0
Vera  1.500  nonce 0
block 41  System.ExtrinsicFailed{BadOrigin}
block 42  Treasury.AssetSpendApproved{index: 0, assetKind: {}, amount: 0.015, beneficiary: Dave, validFrom: 42, expireAt: 2592042}
block 42  Sudo.Sudid{sudoResult: Ok}
block 43  Balances.Transfer{from: treasury, to: Dave, amount: 0.015}
block 43  Treasury.Paid{index: 0, paymentID: {}}
block 44  System.ExtrinsicFailed{Treasury.AlreadyAttempted}
treasury  0.004  nonce 0
Dave  10.015  nonce 0
