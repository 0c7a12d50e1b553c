package ctlbuild_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

// two tokens of one common name, and a server whose host is another server's common name.
func confusing(t *testing.T) []ctlbuild.Record {
	t.Helper()
	c := ctltest.NewCluster(t, 1024)
	token := func(name string, serial byte) []byte {
		return ctltest.New(t, ctltest.Spec{Subject: "CN=" + name, Serial: []byte{serial}, KeyName: name + string(rune('0'+serial))}).DER
	}
	var records []ctlbuild.Record
	for _, e := range []ctlbuild.Entry{
		{Certificate: token("spare", 1), Token: true},
		{Certificate: token("spare", 2), Token: true},
		{Function: ctlbuild.CCMTFTP, Certificate: c.Pub.DER, Host: "10.48.47.155", IP: netip.MustParseAddr("10.48.47.155")},
		{Function: ctlbuild.CAPF, Certificate: c.CAPF.DER, Host: "10.48.47.155", IP: netip.MustParseAddr("10.48.47.155")},
		{Function: ctlbuild.TFTP, Certificate: c.Sub.DER, Host: ctltest.PubHost, IP: netip.MustParseAddr("10.48.47.156")},
		{Certificate: token("5", 3), Token: true},
		{Certificate: token("77", 4), Token: true},
		{Function: ctlbuild.SAST, Certificate: c.Pub.DER, Host: "10.48.47.155", IP: netip.MustParseAddr("10.48.47.155")},
	} {
		r, err := ctlbuild.NewRecord(e)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func TestSelect(t *testing.T) {
	records := confusing(t)
	for _, test := range []struct {
		selector string
		want     []int
		why      ctlbuild.SelectorProblem
		fits     int // records that the error lists
	}{
		{"1", []int{0}, 0, 0},
		{" 8 ", []int{7}, 0, 0},
		{"5", []int{4}, 0, 0}, // the fifth record, not the token of that name
		{"77", []int{6}, 0, 0},
		{"10.48.47.155", []int{2, 3, 7}, 0, 0},
		{"::ffff:10.48.47.156", []int{4}, 0, 0},
		{"CAPF-E41E7D87", []int{3}, 0, 0},
		{"spare", nil, ctlbuild.NamesSeveral, 2},
		{ctltest.PubHost, nil, ctlbuild.NamesSeveral, 3}, // a host, and the name of another
		{ctltest.SubHost, []int{4}, 0, 0},
		{"spa", nil, ctlbuild.NamesNothing, 2},
		{"sp", nil, ctlbuild.NamesNothing, 0},
		{"9", nil, ctlbuild.NamesNothing, 0},
		{"0", nil, ctlbuild.NamesNothing, 0},
		{"0.0.0.0", nil, ctlbuild.NamesNothing, 0},
		{"", nil, ctlbuild.NamesNothing, 0},
	} {
		got, err := ctlbuild.Select(records, test.selector)
		if !slices.Equal(got, test.want) {
			t.Errorf("%q names %v, want %v (%v)", test.selector, got, test.want, err)
		}
		var e *ctlbuild.SelectorError
		if test.want == nil && (!errors.As(err, &e) || e.Why != test.why || len(e.Fits) != test.fits || !strings.Contains(message.Lines(e.Hints()).String(), "1 to 8")) {
			t.Errorf("%q: %+v, %v", test.selector, e, err)
		}
		if test.want == nil && test.fits > 0 {
			begins := map[ctlbuild.SelectorProblem]string{ctlbuild.NamesSeveral: "it fits ", ctlbuild.NamesNothing: "did you mean "}[test.why]
			if !strings.HasPrefix(message.Lines(e.Hints()).String(), begins) {
				t.Errorf("%q hints %q", test.selector, message.Lines(e.Hints()).String())
			}
		}
	}
}

func TestSelectToken(t *testing.T) {
	records := confusing(t)
	for selector, want := range map[string]int{"1": 0, "2": 1, "6": 5, "77": 6, "5": -1, "spare": -1, "10.48.47.155": -1, "nobody": -1} {
		got, err := ctlbuild.SelectToken(records, selector)
		if got != want || (err == nil) != (want >= 0) {
			t.Errorf("%q names %d, want %d (%v)", selector, got, want, err)
		}
	}
	var e *ctlbuild.SelectorError
	if _, err := ctlbuild.SelectToken(records, "5"); !errors.As(err, &e) || e.Why != ctlbuild.NoToken || !strings.Contains(message.Lines(e.Hints()).String(), "6 System Administrator Security Token, 5") {
		t.Errorf("%v", err)
	}
	if _, err := ctlbuild.SelectToken(records[2:5], "1"); !errors.As(err, &e) || message.Lines(e.Hints()).String() != "the list has no tokens" {
		t.Errorf("%v", err)
	}
}
