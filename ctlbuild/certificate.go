package ctlbuild

import "ctlclient/certificate"

// Certificate is what a list needs of a certificate.
type Certificate = certificate.Certificate

// ParseCertificate reads one certificate in DER or PEM, as leniently as lists need it; see
// [certificate.Parse].
func ParseCertificate(data []byte) (*Certificate, error) { return certificate.Parse(data) }

// CommonName finds the common name in a name that a list wrote; see
// [certificate.CommonName].
func CommonName(written string) string { return certificate.CommonName(written) }
