// Package trust says beforehand what a phone makes of a file: accept it, reject
// it, or ask the Trust Verification Service (TVS) first, and which record decides.
//
// [Assess] follows one phone through one file, step by step. What is built on it has
// packages of its own: trust/fleet reads which phones there are, so that verdicts can
// speak of numbers; trust/hazard holds a planned change of a cluster's CTL against the
// rules that administrators have learnt the hard way; trust/advise does the same for
// changes that begin elsewhere: a certificate regenerated, a server renamed;
// trust/release reads CUCM versions, on which some of the rules depend.
//
// The rules come from two Cisco technotes, cited as
//
//   - "Security By Default": CUCM Security By Default and ITL Operation and
//     Troubleshooting, and
//   - "Tokenless CTL": CUCM Mixed Mode with Tokenless CTL,
//
// from the project's pages on the file format ("trust-list, section 6") and on the
// CTL Client ("CUCM facts, rule N"). Every verdict and every hazard names its source.
//
// What always holds:
//
//   - A phone compares issuer names and serial numbers as bytes. The same
//     certificate listed with its serial number the other way round is, to a
//     phone, another signer; this package never compares them in a kinder way.
//   - Nothing is guessed. A verdict that rests on something not known (TVS not
//     asked, the phone's lists unknown, behaviour that no document states) has
//     Certain false and says in its steps what is missing.
//   - No network and no files: TVS is asked through [Asker], files are opened by
//     the caller.
package trust
