// Package cluster knows the nodes of a phone cluster and the safe way of one
// file to all of them.
//
// A profile (package site) names the nodes, how each is reached and who it must prove to
// be (package meet). [Connect] makes a site of abilities of it (package reach; the ways
// are composed in ways.go alone), checks every server's identity before a password
// leaves, then logs in to all of them side by side. [Cluster.Snapshot] is what the cluster
// serves at one moment. [Cluster.Begin] begins a job: one lock, one journal entry (package
// journal), and steps: [Run.File] carries a file, staged beside the live file on all
// nodes, committed on all, read back from all, or taken back; [Run.SetMode],
// [Run.PublisherWrites], [Run.Trust] and [Run.Restart] are the others. [Cluster.Distribute]
// is a job of a file alone. [Cluster.Resume] and [Cluster.Rollback] finish or take back what
// the journal says was left unfinished, every step of it.
//
// What always holds:
//
//   - A live file changes by rename alone, on the node; no node serves half a file. What a
//     node cannot promise ([reach.Properties]) is shown, agreed to and journalled.
//   - Nobody is asked to write anything before the job, with every node's former file, is
//     in the journal. What nodes hold then decides what is said, before what the journal does.
//   - Before the first commit a failure changes nothing anywhere. After it, every
//     node's outcome is stated, and the journal holds what finishes the job or takes it back.
//   - A step is written to the journal, and synced, before it is done.
//   - A live file is changed only where it is the one expected; another content
//     stops the job with a [ConflictError].
//   - An answer that was lost is never guessed: the node is asked what it serves.
//   - A password is sent to a server only after its TLS certificate or SSH host key
//     is the one pinned, kept, or confirmed by a person; it is held in memory until
//     Close, then wiped, and written nowhere.
package cluster
