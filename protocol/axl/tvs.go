package axl

import (
	"context"

	"ctlclient/protocol/internal/soap"
)

// TVSCertificate is one certificate that the Trust Verification Service knows, by name.
type TVSCertificate struct {
	Subject, Issuer, Serial string
}

// TVSEntry says what TVS vouches for a certificate as.
type TVSEntry struct {
	TVSCertificate
	Roles    []string // what it may sign or authenticate
	Services []string // the stores it is in: "Phone-SAST-trust", ...
}

type tvsRequest struct {
	Issuer string `xml:"issuerName"`
	Serial string `xml:"serialNumber"`
}

// TVSCertificates lists what TVS knows.
func (c *Client) TVSCertificates(ctx context.Context) ([]TVSCertificate, error) {
	var list []TVSCertificate
	err := pages(ctx, func(skip, first int) (int, error) {
		s, f := uint64(skip), uint64(first)
		request := listRequest{Criteria: fields{{"subjectName", "%"}}, Tags: wanted("subjectName", "issuerName", "serialNumber"), Skip: &s, First: &f}
		var answer struct {
			Certificates []struct {
				Subject string `xml:"subjectName"`
				Issuer  string `xml:"issuerName"`
				Serial  string `xml:"serialNumber"`
			} `xml:"return>tvsCertificate"`
		}
		if err := c.call(ctx, "listTvsCertificate", request, &answer); err != nil {
			return 0, err
		}
		for _, t := range answer.Certificates {
			list = append(list, TVSCertificate{soap.Clean(t.Subject), soap.Clean(t.Issuer), soap.Clean(t.Serial)})
		}
		return len(answer.Certificates), nil
	})
	return list, err
}

// TVSCertificate tells more of one. One that is not there is fs.ErrNotExist.
func (c *Client) TVSCertificate(ctx context.Context, issuer, serial string) (TVSEntry, error) {
	var answer struct {
		Certificate struct {
			Subject  string   `xml:"subjectName"`
			Issuer   string   `xml:"issuerName"`
			Serial   string   `xml:"serialNumber"`
			Roles    []string `xml:"roles>role>roleName"`
			Services []string `xml:"services>service>serviceName"`
		} `xml:"return>tvsCertificate"`
	}
	if err := c.call(ctx, "getTvsCertificate", tvsRequest{issuer, serial}, &answer); err != nil {
		return TVSEntry{}, err
	}
	a := answer.Certificate
	e := TVSEntry{TVSCertificate: TVSCertificate{soap.Clean(a.Subject), soap.Clean(a.Issuer), soap.Clean(a.Serial)}}
	for _, r := range a.Roles {
		e.Roles = append(e.Roles, soap.Clean(r))
	}
	for _, s := range a.Services {
		e.Services = append(e.Services, soap.Clean(s))
	}
	return e, nil
}
