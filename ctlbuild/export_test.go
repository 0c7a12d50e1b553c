package ctlbuild

import "testing"

func TestFileNamePartStaysInItsFolder(t *testing.T) {
	for in, want := range map[string]string{
		"cucm-pub.example.org": "cucm-pub.example.org",
		"../../etc/passwd":     "_.._etc_passwd",
		"..":                   "unnamed",
		"":                     "unnamed",
		`a\b:c`:                "a_b_c",
		"ccm+tftp":             "ccm+tftp",
		"10.48.47.155":         "10.48.47.155",
	} {
		if got := fileNamePart(in); got != want {
			t.Errorf("fileNamePart(%q) = %q, want %q", in, got, want)
		}
	}
}
