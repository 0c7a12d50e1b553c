package token

import "testing"

// The token that was made is not one that was there before, though it has the number of its slot
// now and the same label.
func TestFreshToken(t *testing.T) {
	at := func(slot uint, serial string, pin bool) Info {
		return Info{Module: "m", Slot: slot, Label: "SAST", Serial: serial, Flags: Flags{PINInitialized: pin}}
	}
	old, made := at(0, "old", true), at(1, "made", false)
	blank := Info{Module: "m", Slot: 1, blank: true}
	for name, tc := range map[string]struct {
		found, others []Info
		from          Info
		want          string // serial number, "" for none
	}{
		"in its slot":                        {[]Info{old, made}, []Info{old}, blank, "made"},
		"in another slot":                    {[]Info{at(7, "made", false)}, nil, blank, "made"},
		"the other one has moved there":      {[]Info{at(0, "made", false), at(1, "old", true)}, []Info{old}, blank, "made"},
		"it has moved, without a PIN either": {[]Info{at(0, "made", false), at(1, "old", false)}, []Info{at(0, "old", false)}, blank, "made"},
		"made anew, with its serial number":  {[]Info{at(0, "old", false)}, []Info{old}, old, "old"},
		"made anew, beside another":          {[]Info{at(0, "old", false), at(1, "too", true)}, []Info{old, at(1, "too", true)}, old, "old"},
		"all have one serial number":         {[]Info{at(0, "old", false), at(4, "old", true)}, []Info{old}, blank, "old"},
		"none":                               {[]Info{old}, []Info{old}, blank, ""},
	} {
		got, ok := freshOf(tc.found, tc.from, tc.others)
		if ok != (tc.want != "") || ok && got.Serial != tc.want {
			t.Errorf("%s: %q, %t", name, got.Serial, ok)
		}
	}
}
