//go:build !nogui && !windows

package main

// showMessage does nothing where standard error is seen.
func showMessage(string, string) {}
