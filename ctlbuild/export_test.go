package ctlbuild_test

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

func TestFileNamePartStaysInItsFolder(t *testing.T) {
	for in, want := range map[string]string{
		"cucm-pub.example.org":  "cucm-pub.example.org",
		"../../etc/passwd":      "etc-passwd",
		"..":                    "unnamed",
		"":                      "unnamed",
		`a\b:c`:                 "a-b-c",
		"ccm+tftp":              "ccm+tftp",
		"10.48.47.155":          "10.48.47.155",
		"SAST-ADN0054f509    ":  "SAST-ADN0054f509",
		"a b\x1b[31m":           "a-b--31m",
		strings.Repeat("a", 99): strings.Repeat("a", 80),
	} {
		if got := ctlbuild.FileNamePart(in); got != want {
			t.Errorf("FileNamePart(%q) = %q, want %q", in, got, want)
		}
	}
}

// A file is named by the host; where the record has none, as a token's or those of an ITL, by
// the common name, whoever wrote it and in whatever form.
func TestExportNames(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	names := func(l *ctlbuild.List) string {
		var names []string
		for _, f := range ctlbuild.ExportPEM(l) {
			names = append(names, f.Name)
		}
		return strings.Join(names, " ")
	}
	want := "01-sast-SAST-ADN0054f509.pem 02-ccm+tftp-10.48.47.155.pem 03-capf-10.48.47.155.pem 04-ccm+tftp-10.48.47.156.pem 05-sast-SAST-ADN008580ef.pem"
	if got := names(c.ETokens(t)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	want = "01-sast-cucm-1051-a-pub.pem 02-ccm+tftp-cucm-1051-a-pub.pem"
	if got := names(c.ITL(t)); !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	d := ctlbuild.Edit(c.ETokens(t))
	for i, name := range []string{"C=PL,O=Cisco\\, Inc.,CN=token one", "no name"} {
		r := &d.Records[4*i]
		at := slices.IndexFunc(r.Fields, func(f ctlbuild.Field) bool { return f.Tag == 3 })
		r.Fields[at].Value = append([]byte(name), 0)
	}
	l := ctltest.Sign(t, d, c.Token1)
	if got := ctlbuild.ExportPEM(l); got[0].Name != "01-sast-token-one.pem" || got[4].Name != "05-sast-SAST-ADN008580ef.pem" {
		t.Errorf("%s, %s", got[0].Name, got[4].Name)
	}
}
