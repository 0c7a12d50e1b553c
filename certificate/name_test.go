package certificate_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"ctlclient/certificate"
)

func TestCommonName(t *testing.T) {
	for written, want := range map[string]string{
		"CN=cucm-pub;OU=TAC;O=Cisco":                              "cucm-pub",
		"C=PL;ST=Malopolska;L=Krakow;O=Cisco;OU=TAC;CN=cucm-pub":  "cucm-pub",
		`cn="SAST-ADN008580ef        ";ou=IPCBU;o="Cisco Systems`: "SAST-ADN008580ef",
		`ou=IPCBU;o="Cisco;CN=not this";cn="the ""real"" one"`:    `the "real" one`,
		`cn="no closing quote`:                                    "no closing quote",
		`OU="a"";CN=no;""";CN=yes`:                                "yes",
		"OU=TAC;O=Cisco":                                          "",
		// as others write
		"CN=pub,OU=TAC,O=Cisco":                "pub",
		"C=PL,ST=Malopolska,O=Cisco,CN=pub":    "pub",
		"CN = pub, O = Cisco":                  "pub",
		`C = PL, O = "Cisco, CN=no", CN = pub`: "pub",
		`O=Cisco\, CN=no,CN=pub\, the first`:   "pub, the first",
		`CN=Krak\C3\B3w\+1,O=b`:                "Kraków+1",
		"CN=pub+serialNumber=5,O=b":            "pub",
		"/C=PL/O=Cisco/CN=pub":                 "pub",
		"/C=PL/O=Cisco/CN=http://pub/x":        "http://pub/x",
		"2.5.4.3=pub;O=b":                      "pub",
		"CN=pub":                               "pub",
		"CN=Smith, John":                       "Smith, John",
		"CN=pub;O=Cisco, Inc.;L=x":             "pub",
		"O=Cisco, CN=no;CN=pub":                "pub",
		`CN=a\b;O=c`:                           `a\b`,
		`CN=a "b" c;O=d`:                       `a "b" c`,
		"CN=":                                  "",
		"=":                                    "",
		";;,,":                                 "",
		`CN=a\`:                                `a\`,
		"no name at all":                       "",
		"":                                     "",
	} {
		if got := certificate.CommonName(written); got != want {
			t.Errorf("%s: %q, want %q", written, got, want)
		}
	}
}

// How odd names are written: in a server's record, in a token's, and for a person.
func TestOddNames(t *testing.T) {
	type attr = pkix.AttributeTypeAndValue
	raw := func(tag int, b string) asn1.RawValue { return asn1.RawValue{Tag: tag, Bytes: []byte(b)} }
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	oid := func(n ...int) asn1.ObjectIdentifier { return n }
	cn, c, o, ou := oid(2, 5, 4, 3), oid(2, 5, 4, 6), oid(2, 5, 4, 10), oid(2, 5, 4, 11)
	dc := oid(0, 9, 2342, 19200300, 100, 1, 25)
	for _, test := range []struct {
		what                  string
		name                  pkix.RDNSequence
		server, token, person string // an empty person: as in the token's record
	}{
		{"from country to common name", pkix.RDNSequence{{attr{Type: c, Value: "PL"}}, {attr{Type: o, Value: "b"}}, {attr{Type: cn, Value: "a"}}}, "CN=a;O=b;C=PL", "cn=a;o=b;c=PL", ""},
		{"common name in the middle", pkix.RDNSequence{{attr{Type: c, Value: "PL"}}, {attr{Type: cn, Value: "a"}}, {attr{Type: o, Value: "b"}}}, "CN=a;O=b;C=PL", "cn=a;o=b;c=PL", ""},
		{"several values in one part", pkix.RDNSequence{{attr{Type: o, Value: "b"}}, {attr{Type: cn, Value: "a"}, attr{Type: ou, Value: "u"}}}, "CN=a;OU=u;O=b", "cn=a;ou=u;o=b", ""},
		{"two units", pkix.RDNSequence{{attr{Type: ou, Value: "x"}}, {attr{Type: ou, Value: "y"}}, {attr{Type: cn, Value: "a"}}}, "CN=a;OU=x;OU=y", "cn=a;ou=x;ou=y", ""},
		{"a comma inside a value", pkix.RDNSequence{{attr{Type: cn, Value: "a"}}, {attr{Type: o, Value: `x, "y"`}}}, `CN=a;O=x, "y"`, `cn=a;o="x`, `cn=a;o="x, ""y"""`},
		{"a backslash needs no quotes", pkix.RDNSequence{{attr{Type: cn, Value: `a\b`}}}, `CN=a\b`, `cn=a\b`, ""},
		{"empty common name", pkix.RDNSequence{{attr{Type: cn, Value: ""}}, {attr{Type: o, Value: "b"}}}, "CN=;O=b", `cn="";o=b`, ""},
		{"BMPString, beyond its plane", pkix.RDNSequence{{attr{Type: cn, Value: raw(30, "\x00Z\x00o\x00\xeb\xd8\x3d\xdd\x11")}}}, "CN=Zoë🔑", "cn=Zoë🔑", ""},
		{"T61String", pkix.RDNSequence{{attr{Type: cn, Value: raw(20, "Zo\xeb")}}}, "CN=Zoë", "cn=Zoë", ""},
		{"e-mail address", pkix.RDNSequence{{attr{Type: oid(1, 2, 840, 113549, 1, 9, 1), Value: "a@b"}}, {attr{Type: cn, Value: "a"}}}, "CN=a", "cn=a;e=a@b", ""},
		{"an attribute without a key", pkix.RDNSequence{{attr{Type: oid(1, 3, 6, 1), Value: "x"}}, {attr{Type: cn, Value: "a"}}}, "CN=a", "cn=a;1.3.6.1=x", ""},
		{"domain components alone", pkix.RDNSequence{{attr{Type: dc, Value: "local"}}, {attr{Type: dc, Value: "lab"}}}, "DC=local;DC=lab", "dc=local;dc=lab", ""},
		{"control characters", pkix.RDNSequence{{attr{Type: cn, Value: raw(12, "x\x1b[2J\t")}}}, "CN=x\x1b[2J\t", "cn=\"x\x1b[2J\t\"", `cn="x [2J "`},
		{"no UTF-8", pkix.RDNSequence{{attr{Type: cn, Value: raw(12, "a\xff")}}}, "CN=a\xff", "cn=a\xff", "cn=a\uFFFD"},
		{"nothing", pkix.RDNSequence{}, "", "", ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			name, err := asn1.Marshal(test.name)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{SerialNumber: big.NewInt(1), RawSubject: name}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			got, err := certificate.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if test.person == "" {
				test.person = test.token
			}
			if got.Subject != test.server || got.TokenSubject != test.token || got.SubjectName.String() != test.person {
				t.Errorf("%q, %q, %q;\nwant %q, %q, %q", got.Subject, got.TokenSubject, got.SubjectName.String(), test.server, test.token, test.person)
			}
		})
	}
}
