package ctlbuild_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// What is odd is found where it stands, and a list of Cisco's own has nothing odd.
func TestFindings(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	change := func(tag uint8, value []byte) func(*ctlbuild.Draft) {
		return func(d *ctlbuild.Draft) {
			r := &d.Records[1] // CCM+TFTP
			at := slices.IndexFunc(r.Fields, func(f ctlbuild.Field) bool { return f.Tag == tag })
			r.Fields[at].Value = value
		}
	}
	for _, test := range []struct {
		what  string
		build func(*ctlbuild.Draft)
		want  string // record number and key of the only finding
		says  string
	}{
		{"nothing", func(*ctlbuild.Draft) {}, "", ""},
		{"a phone's own copy", func(d *ctlbuild.Draft) { d.FileName = "CTLSEP0011215A1AE3.tlv" }, "", ""},
		{"another name", func(d *ctlbuild.Draft) { d.FileName = "phones\x1b.dat" }, "0 list.finding.name", `phones\x1b.dat`},
		{"an address of six bytes", change(10, []byte{10, 48, 47, 155, 0, 1}), "2 list.finding.address", "6 bytes long, not 4 or 16: 0A 30 2F 9B 00 01"},
		{"an address of one byte", change(10, []byte{10}), "2 list.finding.address", "1 byte long"},
		{"an empty address", change(10, nil), "2 list.finding.address", "(empty)"},
		{"an IPv6 address", change(10, make([]byte, 16)), "", ""},
		{"another serial number", change(6, []byte{1, 2}), "2 list.finding.serial", "01:02"},
		{"its own serial number, padded", change(6, ctltest.Hex("0070CAF64E090751B9DF22F49F754FC5BB")), "", ""},
		{"another key", change(7, []byte{1}), "2 list.finding.key", ""},
		{"another certificate", change(9, []byte("none")), "2 list.finding.certificate", "cannot be read"},
		{"an empty FUNCTION", change(4, nil), "2 list.finding.no-function", ""},
	} {
		d := ctlbuild.Edit(c.ETokens(t))
		test.build(d)
		var found []string
		says := ""
		for _, f := range ctltest.Sign(t, d, c.Token1).Findings() {
			found = append(found, fmt.Sprint(f.Record, " ", f.Key))
			says = f.String()
		}
		if got := strings.Join(found, ", "); got != test.want || !strings.Contains(says, test.says) {
			t.Errorf("%s: %s (%s), want %s", test.what, got, says, test.want)
		}
	}
	var keys []string
	for _, f := range ctltest.Sign(t, c.ETokensDraft(t), c.Token1).FindingViews() {
		keys = append(keys, f.Key)
	}
	if keys != nil {
		t.Errorf("in the list of the tests: %v", keys)
	}
}

func TestFind(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	l := c.Tokenless(t)
	for name, want := range map[string][]int{
		ctltest.PubHost: {0, 1, 2}, "CAPF-e41e7d87": {2}, ctltest.SubIP: {3}, " " + ctltest.SubIP + " ": {3},
		"cucm": nil, "": nil, "0.0.0.0": nil, "2": nil,
	} {
		if got := l.Find(name); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
