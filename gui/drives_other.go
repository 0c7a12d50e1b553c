//go:build !windows

package gui

// drives is empty where all files hang on one tree.
func drives() []string { return nil }
