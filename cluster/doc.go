// Package cluster knows the nodes of a phone cluster and the safe way of one
// file to all of them.
//
// A [Profile] (TOML, one file a cluster) names the nodes, how each is reached
// and who it must prove to be. [Connect] checks every node's identity before
// a password leaves, then logs in to all of them side by side. [Cluster.Snapshot]
// is what the cluster serves at one moment. [Cluster.Distribute] carries a file:
// staged beside the live file on all nodes, committed on all, read back from all,
// or taken back. [Cluster.Resume] and [Cluster.Rollback] finish or undo what the
// journal (package journal) says was left unfinished.
//
// What always holds:
//
//   - A live file changes by rename alone, on the node; no node serves half a file.
//   - Before the first commit a failure changes nothing anywhere. After it, every
//     node's outcome is stated, and the journal holds what finishes or undoes the job.
//   - A step is written to the journal, and synced, before it is done.
//   - A live file is changed only where it is the one expected; another content
//     stops the job with a [ConflictError].
//   - An answer that was lost is never guessed: the node is asked what it serves.
//   - A password is sent to a server only after its TLS certificate or SSH host key
//     is the one pinned, kept, or confirmed by a person; it is held in memory until
//     Close, then wiped, and written nowhere.
package cluster
