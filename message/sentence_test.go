package message

import "testing"

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"malformed at byte 0":                      "Malformed at byte 0",
		"é preciso um token":                       "É preciso um token",
		"start Cisco Tftp on cucm-sub1":            "Start Cisco Tftp on cucm-sub1",
		"restart, and look again":                  "Restart, and look again",
		"cucm-sub1 could not be asked":             "cucm-sub1 could not be asked",
		"192.0.2.1: refused":                       "192.0.2.1: refused",
		"/etc/ctl.toml:1: wrong":                   "/etc/ctl.toml:1: wrong",
		"garbage.tlv is none":                      "garbage.tlv is none",
		"utils ctl update CTLFile: not understood": "utils ctl update CTLFile: not understood",
		"publisher: connection refused":            "publisher: connection refused",
		"publisher could not be asked":             "publisher could not be asked",
		"The CTL verifies":                         "The CTL verifies",
		"":                                         "",
	} {
		if got := Sentence(text, "publisher"); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
