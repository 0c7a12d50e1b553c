// Package ctlbuild reads, builds, edits, signs, verifies, shows and compares
// the trust lists of a Cisco phone cluster (CTLFile.tlv, ITLFile.tlv) and the
// signed envelope of the files that phones fetch (.sgn).
//
// # The format
//
// A file is a header of tag-length-value fields (who signed, how, the
// signature, file name, time) followed by content: records in a trust list,
// any bytes in a .sgn file. Cisco never published it; what is known comes from
// the output of `show ctl` and `show itl` on real clusters, whose lengths the
// tests of this package meet to the byte.
//
// # What always holds
//
//   - What was read is written back byte for byte. Fields, tags and functions
//     that the package does not know are carried, not dropped.
//   - Malformed input is a [FormatError] with the position of the byte at which
//     it shows. Every length is bounded before it is believed.
//   - Identity is the certificate. A record that holds a certificate already
//     keeps its names and its serial number as they stand, for phones compare
//     those as bytes.
//   - A certificate is read leniently ([ParseCertificate]): what makes Go's
//     crypto/x509 refuse one does not make a list unreadable, unsignable or
//     unverifiable.
//   - [Sign] verifies what it made, from the bytes, before it returns.
//
// The package opens no file and no connection, and knows nothing of tokens: it
// signs through the small [Signer] interface.
//
// Values are not safe for concurrent change. A parsed [List] or [Envelope]
// may be read by several goroutines.
package ctlbuild
