//go:build !linux

package cluster

import (
	"syscall"
	"testing"
)

func namespace() *syscall.SysProcAttr { return nil }

func smallDisk(t *testing.T) string {
	t.Skip("small disks are mounted on Linux only")
	return ""
}

func fill(*testing.T, string) func() { return func() {} }
