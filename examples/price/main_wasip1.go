package main

//go:wasmexport deploy
func deploy() { contract.Deploy() }

//go:wasmexport call
func call() { contract.Call() }

func main() {}
