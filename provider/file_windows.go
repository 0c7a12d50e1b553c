package provider

import "os"

// likeFormer does nothing: a new file inherits the folder's access list.
func likeFormer(*os.File, string) error { return nil }

// likeFolder does nothing, for the same reason.
func likeFolder(*os.File) error { return nil }

// notifyReload does nothing: Windows has no signal for it.
func notifyReload(chan<- os.Signal) {}
