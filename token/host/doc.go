// Package host keeps each PKCS#11 module in a process of its own.
//
// A module is foreign code: it may crash, hang, call exit, print, or clash with
// another module over a library that both use. So the program starts itself anew,
// once for each module, with the hidden first argument Argument; that process (the
// module host) loads the one module and makes the calls that it is told to make. A
// Process is the program's end: its methods are the PKCS#11 functions in use. What
// goes wrong in the module is an error of one call, and nothing more:
//
//   - *EndedError: the process is gone, with the call that it died in and why
//   - *TimeoutError: a call did not come back in time; the process was ended
//   - *LoadError: the module cannot be loaded
//   - pkcs11.Error: what the module returned
//
// Nothing has to be called for this at the top of main: the package looks at the
// arguments when it is initialised, before main and before most other packages, and
// the program is then a module host and nothing else. So any program that can use
// tokens can be its own host, test binaries included.
//
// # What always holds
//
// One module a process, one function list for all calls (p11-kit's proxy gives each
// caller of C_GetFunctionList another, with logins of its own), all calls on one
// thread. github.com/miekg/pkcs11 works on this list, and so does
// github.com/ThalesIgnite/crypto11 where the module gives the same list each time.
//
// A PIN reaches the module host over its standard input and no other way, and is
// wiped on both sides when the call is back. The module host cannot be dumped or
// traced by others, what the module prints while it has a PIN in its hands is not
// passed on, and variables of the environment that hold a secret (package secret) are
// not handed down.
//
// The module host ends with the program, also when that is killed: its standard
// input ends then, the kernel signals it (Linux), its job closes (Windows).
//
// A path that names practice tokens (package practice) is no library: the module host
// serves them by itself, by the same calls.
//
// # Protocol
//
// Both sides are the same program, so the protocol (version 1) is no more than a
// frame: four bytes of length (most significant first, at most 1 MiB), then a
// message: a code, numbers, byte strings; see message. A request's code is the call,
// an answer's is the CK_RV, or failed with a text. Requests and answers alternate.
package host
