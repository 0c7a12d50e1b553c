// Package certificate reads X.509 certificates as phones, their trust lists and hardware
// tokens have them, and writes their names as trust lists do.
//
// It is lenient where crypto/x509 is strict: negative serial numbers, odd encodings, SHA-1,
// 512 bits and broken extensions do not stop it, for such certificates are in real lists
// and on real tokens. It checks no signature of a certificate and no chain.
//
// # Names
//
// A list holds names as text, and phones compare them as bytes. There are two forms of
// writing ([Name.Server], [Name.Token]), one for people ([Name.String]), and
// [CommonName] reads them all back as far as anybody needs it.
package certificate
