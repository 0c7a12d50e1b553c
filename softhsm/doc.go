// Package softhsm makes SoftHSM2 tokens that look like Cisco's SAST eTokens: for
// tests, for the practice cluster and for people who want to rehearse. Nothing that
// it makes is fit to protect a real cluster: the keys are files, and the default
// PIN is the one that eTokens are delivered with.
//
// A Store is a folder of its own with softhsm2.conf and the tokens; what is on the
// machine otherwise is not touched. A token has a key pair made on it, and a
// certificate with the same CKA_ID in the shape of an eToken's: subject
// CN "SAST-ADN" with eight hex digits and eight blanks, OU IPCBU, O "Cisco Systems,
// Inc."; issuer CN "Cisco Manufacturing CA", O "Cisco Systems"; a serial number of
// ten bytes; SHA-1; ten years. It is issued by a CA key that is made on the fly and
// forgotten.
//
// SoftHSM reads SOFTHSM2_CONF when it is initialised (C_Initialize), and is one
// thing for the process. A process may have several stores, but only one at a time:
// the environment names the one that was made, opened or used last, and Use changes
// it for the next initialisation. While a signer of package token is open on
// SoftHSM, no token can be made or removed.
//
// A practice cluster takes its tokens from Practice, which does without SoftHSM2 where that
// is not installed.
package softhsm
