// Package interop holds package ctlbuild and the program against a second reading
// of the trust list format: tlv.py, written from its description alone, in another
// language, without a library. What one of them makes, the other must accept; what
// one refuses, so must the other. OpenSSL is the third, for the signature itself.
//
// There is nothing in it but tests.
package interop
