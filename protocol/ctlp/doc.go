// Package ctlp is the CTL Provider protocol, TCP 2444 over TLS: it lets an
// administrator in, hands out a cluster's servers and their certificates, returns
// the CTL file, takes a new one in two steps (stage, commit) and sets the
// cluster's security mode. The package has the client, the server, and the
// folder (Store) that a server serves.
//
// Cisco documents these duties of port 2444 and has never published its bytes.
// This is an open protocol for the same duties, framed like its two siblings
// whose bytes are known (CAPF, id 85, and TVS, id 87). It is not claimed to be
// what an unmodified CUCM server answers there. docs/ctlp.md has every byte.
//
// What always holds:
//
//   - A client shows the server's certificate to its caller before anything is
//     sent, and sends nothing when the caller refuses it.
//   - Lengths are bounded before anything is allocated: a body has at most 4 KiB
//     before LOGIN succeeds, 1 MiB after.
//   - A live file changes by rename alone, onto bytes that are on the disk, and
//     only where it still is the file that the client expected; the former one
//     stays beside it as <name>.previous.
//   - A password reaches no log and no error, and is wiped where it was held.
//
// A Client is safe for use by several goroutines; its requests go one after the
// other. After an error that is not a *StatusError or a *DigestError the connection
// is closed: a new Dial is needed, and a file whose COMMIT went unanswered must be
// read back. ErrUnreachable tells what may pass by itself.
package ctlp
