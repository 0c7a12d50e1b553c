package trust

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// TVSCertificateError says that a service's certificate is not the one that a list
// knows: to a phone, a stranger.
type TVSCertificateError struct {
	Function ctlbuild.Function
	Name     string   // of the certificate presented
	Records  []string // the list's records of that function, as shown
}

// Error is Said in English.
func (e *TVSCertificateError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *TVSCertificateError) Said() error {
	if len(e.Records) == 0 {
		return message.Errorf("the list has no %s record to authenticate the server's certificate (%s) by", e.Function, e.Name)
	}
	return message.Errorf("the server's certificate (%s) is not the one in %s", e.Name, message.And(e.Records))
}

// Hints say what the difference means.
func (e *TVSCertificateError) Hints() []message.Message {
	if len(e.Records) == 0 {
		return message.Hint("give the ITL that the phones hold: TVS servers are authenticated by its TVS records")
	}
	return message.Hint("the %s certificate was regenerated after this list was made, or this is another cluster's server", e.Function)
}

// CheckTVSCertificate authenticates a TVS server's certificate by the TVS records of
// a list, full certificate or CERTHASH; it returns the record's index. An error is a
// *TVSCertificateError.
func CheckTVSCertificate(l *ctlbuild.List, certDER []byte) (int, error) {
	return MatchService(l, ctlbuild.TVS, certDER)
}

// MatchService finds the record of a function (TVS, CAPF...) that holds the
// certificate which a service presents, in full or as CERTHASH; it returns the
// record's index. An error is a *TVSCertificateError. A nil list knows no service.
func MatchService(l *ctlbuild.List, f ctlbuild.Function, certDER []byte) (int, error) {
	e := &TVSCertificateError{Function: f, Name: CertificateName(certDER)}
	if l == nil {
		return -1, e
	}
	i := slices.IndexFunc(l.Records, func(r ctlbuild.Record) bool {
		return r.Function() == f && r.MatchesCertificate(certDER)
	})
	if i >= 0 {
		return i, nil
	}
	for i := range l.Records {
		if l.Records[i].Function() == f {
			e.Records = append(e.Records, RecordName(i, &l.Records[i]))
		}
	}
	return -1, e
}
