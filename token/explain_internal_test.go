package token

import (
	"regexp"
	"testing"
)

// What a token or module needs is said for the system at hand: on Windows nothing of Unix is.
func TestHintsOnWindows(t *testing.T) {
	ofUnix := regexp.MustCompile(`systemctl|/dev/|\bgroup\b|p11-kit|\bapt\b|\bdnf\b|pcscd`)
	for f := unknown; f <= slotted; f++ {
		windows, linux := family(f).installOn("windows").String(), family(f).installOn("linux").String()
		if found := ofUnix.FindString(windows); found != "" || windows == "" {
			t.Errorf("family %d: %q in %q", f, found, windows)
		}
		if f := family(f); (f == tpm || f == card || f == slotted || f == remote) && !ofUnix.MatchString(linux) {
			t.Errorf("family %d on Linux: %q", f, linux)
		}
	}
}
