package ctlbuild

import "testing"

func TestSameHost(t *testing.T) {
	tests := []struct {
		a, b         string
		host, server bool
	}{
		{"cucm-pub", "CUCM-Pub", true, true},
		{"cucm-pub.example.org.", "cucm-pub.example.org", true, true},
		{"10.48.47.155", "::ffff:10.48.47.155", true, true},
		{"2001:db8::1", "2001:DB8:0:0:0:0:0:1", true, true},
		{"[2001:db8::1]", "2001:db8::1", true, true},
		{" cucm-pub", "cucm-pub ", true, true},
		{"cucm-pub", "cucm-pub.example.org", false, true},
		{"CUCM-PUB.example.org", "cucm-pub", false, true},
		{"cucm-pub.example.org", "cucm-pub.example.com", false, false},
		{"cucm-pub.example", "cucm-pub.example.org", false, false},
		{"cucm", "cucm-pub", false, false},
		{"10", "10.48.47.155", false, false},
		{"10.48.47.155", "10.48.47.156", false, false},
		{"", "", false, false},
		{"", "cucm-pub", false, false},
		{".", "", false, false},
	}
	for _, tt := range tests {
		for _, p := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := SameHost(p[0], p[1]); got != tt.host {
				t.Errorf("SameHost(%q, %q) = %v", p[0], p[1], got)
			}
			if got := SameServer(p[0], p[1]); got != tt.server {
				t.Errorf("SameServer(%q, %q) = %v", p[0], p[1], got)
			}
		}
	}
}
