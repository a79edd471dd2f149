package chain

// The strings that separate the domains of what is signed, hashed or sealed.
// Each stands here once, and none is a prefix of another's use.
const (
	// ContextQueue starts the hash chain of a queue to a worker or cluster.
	ContextQueue = "tacit/queue/1"
	// ContextUp starts what a worker signs when it sends a message up.
	ContextUp = "tacit/up/1"
	// ContextRegister starts what a worker signs about its registration.
	ContextRegister = "tacit/register/1"
	// ContextCluster starts what names a cluster.
	ContextCluster = "tacit/cluster/1"
	// ContextAttest binds a quote to its purpose, chain and time.
	ContextAttest = "tacit/attest/1"
	// ContextCommand is the HPKE info of a command to a cluster.
	ContextCommand = "tacit/command/1"
	// ContextQuery is the HPKE info of a query to a worker.
	ContextQuery = "tacit/query/1"
	// ContextReply is the HPKE info of an answer to a caller's reply key.
	ContextReply = "tacit/reply/1"
	// ContextHandOver is the HPKE info of a cluster's secret that one member
	// gives another.
	ContextHandOver = "tacit/handover/1"
	// ContextShare is the HPKE info of a share of a cluster's secrets.
	ContextShare = "tacit/share/1"
	// ContextEscrow starts what names the account of a cluster's escrow.
	ContextEscrow = "tacit/escrow/1"
	// ContextAnswer starts what a worker signs about a query's answer.
	ContextAnswer = "tacit/answer/1"
	// ContextContracts starts what names the first block of a cluster's contract
	// runtime.
	ContextContracts = "tacit/contracts/1"
)
