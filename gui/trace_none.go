//go:build !trace

package gui

// tracing: see trace.go.
const tracing = false

// observe does nothing in the program that people get; see trace.go.
func observe(*shell) {}
