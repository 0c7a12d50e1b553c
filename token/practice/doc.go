// Package practice is a PKCS#11 token in software, for a practice cluster on a machine
// without SoftHSM2. It is not a library that is loaded: the module host (package host)
// serves it by itself where the module's path ends in Extension. So a practice token goes
// the same way as a hardware token does, through the same process, the same protocol and
// the same calls of package token.
//
// The tokens of one practice cluster are in one file, which only its owner can read. Their
// keys are software and their first PIN, DefaultPIN, is public. They are good for nothing
// else: the file takes and gives only certificates that have the mark of a practice token
// (certificate.PracticeExtension), and jobs on real clusters refuse those. Through PKCS#11
// nothing can be put on them, so none becomes another token.
//
// Wrong PINs count down as on an eToken; after MaxTries of them in a row the token is locked.
// Reset makes it as new, which no hardware token does.
package practice
