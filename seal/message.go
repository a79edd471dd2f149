package seal

import (
	"crypto/rand"
	"fmt"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// Kinds of messages.
const (
	KindCall   = 0 // the input is that of a contract's constructor or message
	KindSigned = 1 // the input is a signed inner extrinsic, in a query it asks the contract runtime
	KindLog    = 2 // the input asks for a contract's log; queries only
	KindLedger = 3 // the input is an action, in a query it asks for a balance
	KindPay    = 4 // the input is an amount, u128, and that of a call which is given it; not in queries
)

// Message is the plaintext of a command or a query: its SCALE encoding, then
// zeros up to 256·2ⁿ bytes.
type Message struct {
	Kind  uint8
	Nonce [16]byte
	Reply Key // to whom the answer is sealed
	Input []byte
}

// Hash is blake2_256 of the message without its padding.
func (m Message) Hash() hash.H256 { return hash.Blake2b256(scale.Marshal(m)) }

// Key is a public key as it is written: the number of the KEM and the key.
type Key struct {
	KEM uint16
	Key []byte
}

// KeyOf returns the written form of a key.
func KeyOf(k PublicKey) Key { return Key{k.Suite().KEM(), k.Bytes()} }

// Public reads the key.
func (k Key) Public() (PublicKey, error) { return ParsePublicKey(k.KEM, k.Key) }

// Context is what a message is bound to beside its key: the AAD of its envelope.
type Context struct {
	Genesis  hash.H256
	Target   hash.H256 // the cluster of a command, the identity of a worker for a query
	Contract hash.H256
	Origin   keys.AccountID
	Epoch    uint32
}

// AAD is the SCALE encoding of the context, 132 bytes.
func (c Context) AAD() []byte { return scale.Marshal(c) }

// NewNonce returns a random nonce for a message.
func NewNonce() (n [16]byte) {
	_, _ = rand.Read(n[:]) // does not fail
	return n
}

// minPadded is the least size of a padded plaintext.
const minPadded = 256

// pad appends zeros up to the next of 256, 512, 1024, … bytes.
func pad(b []byte) []byte {
	size := minPadded
	for size < len(b) {
		size *= 2
	}
	return append(b, make([]byte, size-len(b))...)
}

// unpad decodes v from the start of b and checks that padding follows, and is
// as long as pad makes it.
func unpad(b []byte, v any) error {
	d := scale.NewDecoder(b)
	if err := d.Value(v); err != nil {
		return err
	}
	used := len(b) - d.Remaining()
	for _, c := range d.Rest() {
		if c != 0 {
			return fmt.Errorf("padding is not zero")
		}
	}
	if want := len(pad(make([]byte, used))); len(b) != want {
		return fmt.Errorf("%d bytes are padded to %d, want %d", used, len(b), want)
	}
	return nil
}

// SealMessage encrypts m to a key for a context; its epoch goes into the
// envelope.
func SealMessage(to PublicKey, info string, c Context, m Message) ([]byte, error) {
	return Seal(to, info, c.Epoch, c.AAD(), pad(scale.Marshal(m)))
}

// OpenMessage decrypts a message. The caller has found k by e's suite and epoch.
func (k PrivateKey) OpenMessage(info string, c Context, e Envelope) (Message, error) {
	var m Message
	b, err := k.Open(info, c.AAD(), e)
	if err != nil {
		return m, err
	}
	if err := unpad(b, &m); err != nil {
		return m, fmt.Errorf("message in an envelope: %w", err)
	}
	return m, nil
}

// Reply is the plaintext of the answer to a command.
type Reply struct {
	Status uint8  // as the VM numbers outcomes
	Gas    uint64 // exact; what is public is coarse
	Output []byte // of the contract
	Error  []byte // text: why a contract trapped
	// Request is the hash of the message that is answered; see Message.Hash.
	Request hash.H256
}

// SealReply encrypts an answer, padded like messages, to the caller's reply key.
// request is the blake2_256 hash of the envelope it answers, and is its AAD.
func SealReply(to Key, info string, request hash.H256, reply any) ([]byte, error) {
	k, err := to.Public()
	if err != nil {
		return nil, err
	}
	return Seal(k, info, 0, request[:], pad(scale.Marshal(reply)))
}

// OpenReply decrypts an answer into reply, a pointer.
func (k PrivateKey) OpenReply(info string, request hash.H256, data []byte, reply any) error {
	e, err := ParseEnvelope(data)
	if err != nil {
		return err
	}
	b, err := k.Open(info, request[:], e)
	if err != nil {
		return err
	}
	if err := unpad(b, reply); err != nil {
		return fmt.Errorf("answer in an envelope: %w", err)
	}
	return nil
}

// What envelopes are for: the infos of HPKE. They are chain's contexts of the
// same names.
const (
	InfoCommand = "tacit/command/1"
	InfoQuery   = "tacit/query/1"
	InfoReply   = "tacit/reply/1"
	// InfoHandOver is of a cluster's secret on its way from member to member.
	InfoHandOver = "tacit/handover/1"
	// InfoShare is of a share of a cluster's secrets.
	InfoShare = "tacit/share/1"
)
