module github.com/tacit-network/tacit/test/wasmtime

go 1.26.0

require (
	github.com/bytecodealliance/wasmtime-go/v37 v37.0.0
	github.com/tacit-network/tacit v0.0.0
)

require (
	github.com/tetratelabs/wazero v1.12.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/tacit-network/tacit => ../..
