package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Every command has a page that man takes without a word, and that says what its help does.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if code := run([]string{"man", "--dir", dir}, nil, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	verify, _, err := newRootCommand(newApp(nil, &out, &out)).Find([]string{"file", "verify"})
	if err != nil {
		t.Fatal(err)
	}
	page := string(manPage(verify))
	for _, want := range []string{
		`.TH "CTLCLIENT-FILE-VERIFY" 1`, `ctlclient\-file\-verify \- Check the signatures of files`,
		"\\fB\\-\\-trust\\fR \\fIfile\\fR\ntrust list in which", ".SH EXIT STATUS\n.TP\n0\ndone\n", ".BR ctlclient\\-file (1)\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if got := roff(".x\n'y \\ a-b"); got != "\\&.x\n\\&'y \\e a\\-b" {
		t.Errorf("%q", got)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff here")
	}
	complaints, err := exec.CommandContext(t.Context(), "sh", "-c", groff+" -man -Tutf8 -ww -z "+dir+"/*.1").CombinedOutput()
	if err != nil || len(bytes.TrimSpace(complaints)) > 0 {
		t.Errorf("%v\n%s", err, complaints)
	}
}
