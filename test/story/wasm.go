package story

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// bodies make the codes that are bad on purpose.
var bodies = map[string]func() []byte{
	"moody": func() []byte {
		return module(moody, "seal0.input", "seal1.contains_storage", "seal0.seal_return", "seal2.set_storage")
	},
	"parent":   func() []byte { return module(parent, "seal0.input", "seal1.instantiate", "seal0.seal_return") },
	"tenant":   func() []byte { return module("", "__unstable__.seal_rent_params") },
	"thief":    func() []byte { return module("", "wasi.fd_read") },
	"unending": func() []byte { return packed(make([]byte, 64<<20)) },
	"noise":    func() []byte { return []byte("this is no module") },
}

// What moody calls, by index, and its memory: "key" at 0, "value" at 8, the
// room for the input at 64 and its size at 16.
var moody = strings.Join([]string{
	"\x41\xc0\x00\x41\x10\x10\x00", // input(64, 16)
	when('k', // keeps nothing: tells how long the value is
		"\x41\x20\x41\x00\x41\x03\x10\x01\x36\x02\x00"+ // store at 32 contains_storage(0, 3)
			"\x41\x00\x41\x20\x41\x04\x10\x02"), // seal_return(0, 32, 4)
	"\x41\x00\x41\x03\x41\x08\x41\x05\x10\x03\x1a", // drop set_storage(0, 3, 8, 5)
	when('t', "\x00"),                 // trap: unreachable
	when('l', "\x03\x40\x0c\x00\x0b"), // loop: loop br 0 end
	when('e', "\x03\x40\x41\x01\x40\x00\x41\x7f\x47\x0d\x00\x0b"+ // eat: loop while memory.grow(1) ≠ -1
		"\x41\x80\x80\x80\x80\x04\x28\x02\x00\x1a"), // and read at 2³⁰, where nothing is
	when('g', "\x41\x00\x41\x00\x41\x7f\x10\x02"), // greedy: seal_return(0, 0, 2³²-1)
	when('r', "\x41\x01\x41\x08\x41\x05\x10\x02"), // revert: seal_return(1, 8, 5)
}, "")

// What parent calls, by index: it makes a contract of the code that its input
// names, and tells what became of it.
const parent = "\x41\xc0\x00\x41\x10\x10\x00" + // input(64, 16)
	"\x41\x20" + // store at 32
	"\x41\xc0\x00\x42\x00\x41\xc8\x01\x41\x08\x41\x05" + // instantiate(64, 0, 200, 8, 5,
	"\x41\x7f\x41\x00\x41\x7f\x41\x00\x41\x00\x41\x00\x10\x01" + // nowhere, nowhere, no salt)
	"\x36\x02\x00\x41\x00\x41\x20\x41\x04\x10\x02" // seal_return(0, 32, 4)

// when is code for inputs that begin with c.
func when(c byte, code string) string {
	return "\x41\xc0\x00\x2d\x00\x00\x41" + string([]byte{c | 0x80, 0}) + "\x46\x04\x40" + code + "\x0b"
}

// The types of the functions that may be imported: a p is an i32, a g an i64.
var types = map[string]string{
	"seal0.input": "pp>", "seal1.contains_storage": "pp>p", "seal0.seal_return": "ppp>", "seal2.set_storage": "pppp>p",
	"seal1.instantiate": "pgppppppppp>p", "__unstable__.seal_rent_params": "pp>", "wasi.fd_read": "pppp>p",
}

// module assembles a module whose call has the code, and whose deploy does
// nothing. See https://webassembly.github.io/spec/core/binary/.
func module(code string, imports ...string) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, n int, content string) {
		content = number(n) + content
		out = append(append(append(out, id), number(len(content))...), content...)
	}
	kinds, list := "\x60\x00\x00", ""
	for i, name := range imports {
		from, to, _ := strings.Cut(types[name], ">")
		kinds += "\x60" + numbers(from) + numbers(to)
		mod, fn, _ := strings.Cut(name, ".")
		list += str(mod) + str(fn) + "\x00" + number(i+1)
	}
	section(1, len(imports)+1, kinds)
	section(2, len(imports)+1, list+str("env")+str("memory")+"\x02\x01\x01\x10")
	section(3, 2, "\x00\x00")
	section(7, 2, str("call")+"\x00"+number(len(imports))+str("deploy")+"\x00"+number(len(imports)+1))
	section(10, 2, str("\x00"+code+"\x0b")+str("\x00\x0b"))
	section(11, 1, "\x00\x41\x00\x0b"+str("key\x00\x00\x00\x00\x00value\x00\x00\x00\x20\x00\x00\x00"))
	return packed(out)
}

// number is n in LEB128.
func number(n int) string {
	var b []byte
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return string(append(b, byte(n)))
}

func str(s string) string { return number(len(s)) + s }

func numbers(s string) string { return str(strings.NewReplacer("p", "\x7f", "g", "\x7e").Replace(s)) }

func packed(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		panic(fmt.Sprintf("story: compress to memory: %v", err))
	}
	if err := z.Close(); err != nil {
		panic(fmt.Sprintf("story: compress to memory: %v", err))
	}
	return b.Bytes()
}
