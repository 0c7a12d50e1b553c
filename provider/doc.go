// Package provider is the node's side of CTLP run for real: it serves and
// replaces trust lists in the folder of a TFTP server, so that a node of an
// open-source call system takes part in a cluster like any other.
//
// What always holds: nobody stages a file without a password, checked against an
// argon2id hash; only trust lists whose signature verifies are taken, and,
// unless the configuration says otherwise, only ones whose signer the list being
// replaced trusts; a live file changes by rename alone; what was done and by
// whom is in the audit log, and no password is. Memory is bounded: so are
// connections, staged files and the passwords looked at side by side.
//
// Run is the whole service; the other functions are the parts of its set-up:
// users, certificate, systemd unit.
package provider
