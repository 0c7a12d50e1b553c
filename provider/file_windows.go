package provider

import (
	"os"

	"ctlclient/internal/atomicfile"
)

// likeFormer gives f an access list of this user and SYSTEM alone: it holds users, which
// nobody else has to read.
func likeFormer(f *os.File, _ string) error { return atomicfile.Private(f) }

// likeFolder does nothing: a new file inherits the folder's access list.
func likeFolder(*os.File) error { return nil }

// notifyReload does nothing: Windows has no signal for it.
func notifyReload(chan<- os.Signal) {}
