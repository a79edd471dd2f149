// Package vm runs contract code: WebAssembly modules that strangers wrote.
//
// What comes in is the module's bytes. [Instrument] parses them, refuses what
// breaks a limit or wants something that this network does not offer, and puts
// gas metering, a stack limit and NaN canonicalisation into the code. What
// comes out of that is compiled by an [Engine], and [Module.Execute] runs one
// export of a fresh instance and returns an [Outcome].
//
// An outcome is a function of the module, the input and the host's answers: it
// is the same on every engine and machine, to the unit of gas. Nothing here
// looks at a clock.
//
// The package knows no host function: a table of them is given to [NewEngine].
// It keeps no state between executions and does not know what a contract is
// stored under.
package vm
