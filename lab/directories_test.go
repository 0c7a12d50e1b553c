package lab

import (
	"strings"
	"testing"
)

// Security By Default, "Phone contacts TVS for unknown certificate": the Directories
// button, from the HTTPS connection to the answer that is kept.
func TestScenarioDirectories(t *testing.T) {
	l := up(t, Options{Version: "10.5", NonSecure: true, Nodes: 1})
	press := func(phone string) Page {
		t.Helper()
		p, err := l.Directories(t.Context(), phone)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	phone := ""
	for _, p := range l.Phones {
		if p.Model == "7975" {
			phone = p.Name
		}
	}
	first := press(phone)
	if !first.Verdict.Accept || !first.Verdict.ByTVS || first.Remembered {
		t.Fatalf("first press: %+v", first)
	}
	console := strings.Join(first.Verdict.Console, "\n")
	for _, line := range []string{
		"HTTPS cert not in CTL",
		"TVS cert verified with hash from TL",
		"Authentication Response received, status : 0",
		"default time-to-live value: 86400 seconds",
		"Authenticated the HTTPS conn via TVS",
	} {
		if !strings.Contains(console, line) {
			t.Errorf("the console lacks %q:\n%s", line, console)
		}
	}
	// Within the 86,400 seconds TVS is not needed, not even after it was regenerated.
	if err := l.Regenerate("cucm-pub", "tvs"); err != nil {
		t.Fatal(err)
	}
	if again := press(phone); !again.Verdict.Accept || !again.Remembered {
		t.Errorf("second press: %+v", again)
	}
	// A phone that has not asked yet does not believe the new TVS.
	for _, p := range l.Phones {
		if p.Model == "8861" {
			if other := press(p.Name); other.Verdict.Accept {
				t.Errorf("believed a TVS that its ITL does not know: %s", other.Verdict.Reason)
			}
		}
	}
	// With the ITL emptied no HTTPS server can be verified.
	allAccept(t, l)
	if err := l.PrepareRollback(true); err != nil {
		t.Fatal(err)
	}
	allAccept(t, l)
	if off := press(phone); off.Verdict.Accept || !strings.Contains(off.Verdict.Reason, "must be set to HTTP") {
		t.Errorf("with the ITL emptied: %+v", off)
	}
}
