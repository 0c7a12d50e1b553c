// Package token finds PKCS#11 modules and the tokens behind them, reads the
// certificates that they hold and signs with their keys. It knows nothing of
// trust lists.
//
// # What always holds
//
// One entry of a PIN is one C_Login (or one C_SetPIN), ever. Nothing here tries
// a PIN again, and nothing keeps one: the slice that a PINFunc returns goes
// straight to the module, without a copy of ours, and is wiped when the call is
// back. A token that says that its last try is at stake is refused before the
// person is asked, unless Options.AllowFinalTry is set; so is a locked one.
//
// Reading certificates needs no PIN and trusts no strict parser: what a token
// holds is listed even where crypto/x509 refuses it.
//
// # A process for each module
//
// Every module lives in a process of its own (see package host), started at the first
// look and ended when nobody holds the module any more: List and Find hold it for the
// moment, an Inventory and a Watch until they are closed, a Signer until Close. In
// between it is initialised once. What a module does to its process is an *Error of
// kind ModuleFailed, and the others go on. A call that waits for no person has a
// deadline (Settings.Timeout).
//
// A program whose module host was started anew has lost the login: a Signer does not
// come back to life, and nobody's PIN is tried again.
//
// # Two ways to sign
//
// A token that has certificate, private key and public key object signs through
// github.com/ThalesIgnite/crypto11. A token without the public key object, one
// whose key wants the PIN for every signature, one that cannot open enough
// sessions, one on a module that gives each caller another function list, and any
// token on a module where another signer is open already, signs through
// github.com/miekg/pkcs11 directly. The mechanism is CKM_RSA_PKCS over a DigestInfo
// in both, and so is the result.
//
// Left alone, crypto11 logs in by itself with a PIN that it keeps in its
// configuration as a string for as long as it is open. So the login is always ours,
// on a session of ours; crypto11 is configured with LoginNotSupported and without a
// PIN and finds the token logged in, since PKCS#11 logs in an application and not a
// session; and it is used only where no other signer could lose its sessions by it:
// it finalises the module when it fails.
//
// # Concurrency
//
// A module has one lock. All functions and methods may be called from several
// goroutines; calls on one module wait for each other. A PKCS#11 call cannot be
// cancelled: when a context ends, the function returns at once with the context's
// error, the call goes on behind it, and what it opened is closed when it comes back;
// when it does not come back within the timeout, the module's process is ended.
package token
