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
// # Two ways to sign
//
// A token that has certificate, private key and public key object signs through
// github.com/ThalesIgnite/crypto11. A token without the public key object, one
// whose key wants the PIN for every signature, one that cannot open enough
// sessions, and any token on a module where another signer is open already,
// signs through github.com/miekg/pkcs11 directly. The mechanism is CKM_RSA_PKCS
// over a DigestInfo in both, and so is the result.
//
// Left alone, crypto11 logs in by itself with a PIN that it keeps in its
// configuration as a string for as long as it is open, insists on being the one
// that calls C_Initialize, and calls C_Finalize when it fails or is closed. So
// the login is always ours, on a session of ours; crypto11 is configured with
// LoginNotSupported and without a PIN and finds the token logged in, since
// PKCS#11 logs in an application and not a session; and it is used only where no
// other signer could lose its sessions by it.
//
// # Concurrency
//
// A PKCS#11 module is one thing for the whole process. Each is loaded once and
// never unloaded, has one lock, and is initialised while somebody uses it; a
// module that other code has initialised is used as it is and not finalised.
// All functions and methods may be called from several goroutines; calls on one
// module wait for each other. A PKCS#11 call cannot be cancelled: when a context
// ends, the function returns at once with the context's error, the call goes on
// behind it, and what it opened is closed when it comes back.
package token
