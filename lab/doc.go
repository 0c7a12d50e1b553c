// Package lab is a cluster to practise on: publisher, subscribers, an
// alternate TFTP server, on request a firewall, and phones, on loopback
// addresses, speaking the real protocols.
//
// It exists so that every job can be rehearsed, and every failure seen, before
// a maintenance window. What its nodes and phones do follows the project's
// pages: docs/trust-list.md (lists, and section 6 for phones) and
// docs/cucm-facts.md (which release writes which records).
//
// # What is where
//
// Everything a lab knows is in its folder, readable by its owner alone:
//
//	lab.toml            a profile that works as it is
//	password            of the administrator, made at random
//	platform-password   of a CUCM cluster's platform user, likewise
//	lab.json            the cluster's database: mode, release, nodes, phones
//	control.json        while it runs: where other processes reach it
//	lab.log             who asked for what
//	phones.csv          the fleet, as the profile names it
//	Phone-SAST-trust/   certificates put here are trusted by TVS, at once
//	nodes/NAME/certs/   certificates and keys of a node
//	nodes/NAME/tftp/    what the node serves, live
//	phones/SEP.../      what a phone holds, and its console
//
// A lab that is started again on its folder is the same cluster.
//
// # Two kinds
//
// As it stands a lab's nodes run the project's own CTL Provider on 2444. With
// [Options.CUCM] it is a cluster as Cisco ships it: nothing on 2444; AXL, RisPort70,
// Control Center, OS Administration and the certificate REST API on 8443, with two
// accounts; phones that are reset by AXL, register, and tell on a web page of their own
// what became of a list. [Lab.SetFault] lets things go wrong.
//
// # What always holds
//
// Nothing listens outside 127.0.0.0/8. Close ends every listener, connection
// and goroutine. A file that a node serves changes by rename alone. A list
// with a bad signature is served only where a rehearsal asks for one (see
// [Lab.RestoreBackup]).
package lab
