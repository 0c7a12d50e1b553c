package ctlbuild_test

import (
	"testing"

	"ctlclient/ctlbuild"
)

func TestCommonName(t *testing.T) {
	for written, want := range map[string]string{
		"CN=cucm-pub;OU=TAC;O=Cisco":                              "cucm-pub",
		"C=PL;ST=Malopolska;L=Krakow;O=Cisco;OU=TAC;CN=cucm-pub":  "cucm-pub",
		`cn="SAST-ADN008580ef        ";ou=IPCBU;o="Cisco Systems`: "SAST-ADN008580ef",
		`ou=IPCBU;o="Cisco;CN=not this";cn="the ""real"" one"`:    `the "real" one`,
		`cn="no closing quote`:                                    "no closing quote",
		"OU=TAC;O=Cisco":                                          "",
		"no name at all":                                          "",
		"":                                                        "",
	} {
		if got := ctlbuild.CommonName(written); got != want {
			t.Errorf("%s: %q, want %q", written, got, want)
		}
	}
}
