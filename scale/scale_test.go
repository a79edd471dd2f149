package scale_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/scale"
)

type shape interface{ isShape() }
type circle struct{ Radius uint32 }
type square struct{}

func (circle) isShape() {}
func (square) isShape() {}

var _ = scale.Enum(scale.V[shape]{0: circle{}, 7: square{}})

type colour uint8

func (colour) Variants() []string { return []string{"red", "", "blue"} }

type sample struct {
	Flag   bool
	N      uint16
	Signed int32
	Tip    scale.U128 `scale:"compact"`
	Text   string
	Bytes  []byte
	Fixed  [3]byte
	List   []uint32
	Maybe  *uint8
	None   *uint8
	Shape  shape
	Skip   int `scale:"-"`
	Res    scale.Result[uint8, string]
	Tree   []tree
}

type tree struct{ Kids []tree }

// The bytes are worked out by hand from the specification.
func TestForms(t *testing.T) {
	five := uint8(5)
	v := sample{
		Flag: true, N: 0x0102, Signed: -2, Tip: scale.U64(1 << 30), Text: "é", Bytes: []byte{1, 2}, Fixed: [3]byte{7, 8, 9},
		List: []uint32{1}, Maybe: &five, Shape: circle{258}, Res: scale.Fail[uint8]("no"), Tree: []tree{{Kids: []tree{{[]tree{}}}}},
	}
	want := "01" + "0201" + "feffffff" + "0300000040" + "08c3a9" + "080102" + "070809" + "0401000000" + "0105" + "00" +
		"0002010000" + "01086e6f" + "040400"
	got := scale.Marshal(v)
	if hex.EncodeToString(got) != want {
		t.Fatalf("got  %x\nwant %s", got, want)
	}
	back, err := scale.Decode[sample](got)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, v) {
		t.Fatalf("got %+v, want %+v", back, v)
	}
	for n := range got {
		if _, err := scale.Decode[sample](got[:n]); err == nil {
			t.Errorf("the first %d bytes decode", n)
		}
	}
	if _, err := scale.Decode[sample](append(got, 0)); !errors.Is(err, scale.ErrTrailing) {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, in string
		into     any
		want     string
	}{
		{"bool 2", "02", new(bool), "no bool"},
		{"option 2", "0200", new(*uint8), "no variant of Option"},
		{"unit 1", "01", new(colour), "no variant of"},
		{"unit 3", "03", new(colour), "no variant of"},
		{"enum 1", "01", new(shape), "no variant of"},
		{"long vec", "feffffff", new([]uint32), "ends early"},
		{"huge vec of nothing", "feffffff", new([]struct{}), "ends early"},
		{"path", "040001", new([]shape), "[0]scale_test.circle.Radius: scale: input ends early"},
		{"compact u8 over", "0104", new(struct {
			N uint8 `scale:"compact"`
		}), "over 8 bits"},
		{"deep", strings.Repeat("04", 300) + "00", new([]tree), "nest deeper"},
	} {
		in, err := hex.DecodeString(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if err := scale.Unmarshal(in, c.into); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", c.name, err, c.want)
		}
	}
}

// The vectors are computed by an independent model; see their README.
func TestCompactVectors(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(vectors.Dir(t), "trie", "spec", "scale_compact.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Compact [][2]string
		Reject  []struct{ Hex, Why string } `json:"compact_must_reject"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Compact) == 0 || len(file.Reject) == 0 {
		t.Fatal("the file has no rows")
	}
	read := func(text string) (scale.U128, []byte, error) {
		in, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		d := scale.NewDecoder(in)
		n, err := d.CompactU128()
		if err == nil {
			err = d.Finish()
		}
		return n, in, err
	}
	for _, row := range file.Compact {
		got, in, err := read(row[1])
		if want, _ := new(big.Int).SetString(row[0], 10); want.BitLen() > 128 {
			if err == nil {
				t.Errorf("%s is over 128 bits and decodes", row[0])
			}
			continue
		}
		if err != nil || got.String() != row[0] {
			t.Errorf("%s: got %s, %v, want %s", row[1], got, err, row[0])
		} else if back := scale.AppendCompactU128(nil, got); !bytes.Equal(back, in) {
			t.Errorf("%s encodes as %x, want %s", row[0], back, row[1])
		}
	}
	for _, row := range file.Reject {
		if got, _, err := read(row.Hex); err == nil {
			t.Errorf("%s (%s) decodes as %s", row.Hex, row.Why, got)
		}
	}
}

// math/big is the model.
func TestU128(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	mod := new(big.Int).Lsh(big.NewInt(1), 128)
	draw := func() scale.U128 {
		u := scale.U128{Lo: r.Uint64(), Hi: r.Uint64()}
		switch r.IntN(4) {
		case 0:
			u.Hi = 0
		case 1:
			u.Hi >>= r.UintN(64)
		}
		u.Lo >>= r.UintN(64)
		return u
	}
	check := func(what string, got scale.U128, ok bool, want *big.Int) {
		t.Helper()
		if fits := want.Sign() >= 0 && want.Cmp(mod) < 0; fits != ok {
			t.Fatalf("%s: ok = %v, want %v", what, ok, fits)
		} else if ok && got.Big().Cmp(want) != 0 {
			t.Fatalf("%s: got %s, want %s", what, got, want)
		}
	}
	for range 20_000 {
		a, b, c := draw(), draw(), draw()
		sum, ok := a.Add(b)
		check("add", sum, ok, new(big.Int).Add(a.Big(), b.Big()))
		diff, ok := a.Sub(b)
		check("sub", diff, ok, new(big.Int).Sub(a.Big(), b.Big()))
		product, ok := a.Mul(b)
		check("mul", product, ok, new(big.Int).Mul(a.Big(), b.Big()))
		if !b.IsZero() {
			q, m := a.DivMod(b)
			wantQ, wantM := new(big.Int).DivMod(a.Big(), b.Big(), new(big.Int))
			check(fmt.Sprintf("%s / %s", a, b), q, true, wantQ)
			check("mod", m, true, wantM)
		}
		if !c.IsZero() {
			q, ok := a.MulDiv(b, c)
			check("muldiv", q, ok, new(big.Int).Div(new(big.Int).Mul(a.Big(), b.Big()), c.Big()))
		}
		if back, err := scale.ParseU128(a.String()); err != nil || back != a {
			t.Fatalf("%s parses as %s, %v", a, back, err)
		}
		if a.Cmp(b) != a.Big().Cmp(b.Big()) {
			t.Fatalf("cmp %s %s", a, b)
		}
	}
	if _, err := scale.ParseU128("340282366920938463463374607431768211456"); err == nil {
		t.Error("2^128 parses")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(scale.Marshal(sample{Shape: square{}, Res: scale.Ok[uint8, string](1)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := scale.Decode[sample](data)
		if err != nil {
			return
		}
		if back := scale.Marshal(v); !bytes.Equal(back, data) {
			t.Fatalf("%x decodes and encodes as %x", data, back)
		}
	})
}

func ExampleMarshal() {
	type transfer struct {
		Dest  [2]byte
		Value scale.U128 `scale:"compact"`
	}
	fmt.Printf("%x\n", scale.Marshal(transfer{[2]byte{0xab, 0xcd}, scale.U64(100)}))
	// Output: abcd9101
}

func BenchmarkDecode(b *testing.B) {
	type account struct {
		Nonce, Consumers, Providers, Sufficients uint32
		Free, Reserved, Frozen, Flags            scale.U128
	}
	data := scale.Marshal(account{Nonce: 1, Free: scale.U64(7)})
	for b.Loop() {
		if _, err := scale.Decode[account](data); err != nil {
			b.Fatal(err)
		}
	}
}
