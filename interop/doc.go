// Package interop holds package ctlbuild and the program against a second reading
// of the trust list format: tlv.py, written from its description alone, in another
// language, without a library. What one of them makes, the other must accept; what
// one refuses, so must the other. OpenSSL is the third, for the signature itself.
//
// It also holds protocol/axl and protocol/serviceability against what others wrote: Cisco's
// schema, two clients and a maker of servers, all from npm and fetched when the tests run.
//
// There is nothing in it but tests.
package interop
