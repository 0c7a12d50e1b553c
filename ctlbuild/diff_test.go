package ctlbuild_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

func TestCompare(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	renewed := ctltest.NewCluster(t, 2048)
	old := c.ETokens(t)
	edit := func(change func(d *ctlbuild.Draft)) *ctlbuild.List {
		d := ctlbuild.Edit(old)
		d.Time = ctltest.Time
		change(d)
		return ctltest.Sign(t, d, c.Token2)
	}
	remove := func(d *ctlbuild.Draft, selector string) {
		if _, err := d.Remove(selector); err != nil {
			t.Fatal(err)
		}
	}
	type change struct {
		kind     ctlbuild.ChangeKind
		old, new int
	}
	for _, k := range []struct {
		name    string
		list    *ctlbuild.List
		changes []change
		fields  []string // of the first change
		want    ctlbuild.Diff
	}{
		{name: "the same file", list: old, want: ctlbuild.Diff{Identical: true, Unchanged: 5}},
		{
			name: "another signer", list: ctltest.Sign(t, c.ETokensDraft(t), c.Token1),
			want: ctlbuild.Diff{SignerChange: true, Resigned: true, Unchanged: 5},
		},
		{
			name: "another digest", list: edit(func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA512 }),
			want: ctlbuild.Diff{DigestChange: true, Resigned: true, Unchanged: 5},
		},
		{
			name: "removed", list: edit(func(d *ctlbuild.Draft) { remove(d, "3") }),
			changes: []change{{ctlbuild.Removed, 2, -1}}, want: ctlbuild.Diff{Resigned: true, Unchanged: 4},
		},
		{
			name: "added", list: edit(func(d *ctlbuild.Draft) {
				if _, err := d.AddTFTP(c.TVS.DER, "tftp", netip.Addr{}); err != nil {
					t.Fatal(err)
				}
			}),
			changes: []change{{ctlbuild.Added, -1, 5}}, want: ctlbuild.Diff{Resigned: true, Unchanged: 5},
		},
		{
			name: "reordered", list: edit(func(d *ctlbuild.Draft) { slices.Reverse(d.Records) }),
			want: ctlbuild.Diff{Resigned: true, Reordered: true, Unchanged: 5},
		},
		{
			name: "a server's certificate is another", list: edit(func(d *ctlbuild.Draft) {
				remove(d, "2")
				e := ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: renewed.Pub.DER, Host: ctltest.PubIP, IP: netip.MustParseAddr(ctltest.PubIP)}
				r, err := ctlbuild.NewRecord(e)
				if err != nil {
					t.Fatal(err)
				}
				d.Records = slices.Insert(d.Records, 1, r)
			}),
			changes: []change{{ctlbuild.Changed, 1, 1}}, fields: []string{"SERIALNUMBER", "PUBLICKEY", "CERTIFICATE"},
			want: ctlbuild.Diff{Resigned: true, Unchanged: 4},
		},
		{
			name: "non-secure", list: edit(func(d *ctlbuild.Draft) { d.NonSecure() }),
			changes: []change{{ctlbuild.Changed, 1, 1}, {ctlbuild.Changed, 3, 3}},
			fields:  []string{"SUBJECTNAME", "ISSUERNAME", "SERIALNUMBER", "PUBLICKEY", "CERTIFICATE"},
			want:    ctlbuild.Diff{Resigned: true, Unchanged: 3},
		},
		{
			name: "CCM becomes CCM+TFTP", list: edit(func(d *ctlbuild.Draft) { d.Records[3].Fields[2].Value[1] = 1 }),
			changes: []change{{ctlbuild.Changed, 3, 3}}, fields: []string{"FUNCTION"},
			want: ctlbuild.Diff{Resigned: true, Unchanged: 4},
		},
		{
			name: "fields in another order", list: edit(func(d *ctlbuild.Draft) { slices.Reverse(d.Records[0].Fields) }),
			changes: []change{{ctlbuild.Changed, 0, 0}}, fields: []string{"order of fields"},
			want: ctlbuild.Diff{Resigned: true, Unchanged: 4},
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			d := ctlbuild.Compare(old, k.list)
			var got []change
			for _, c := range d.Changes {
				got = append(got, change{c.Kind, c.Old, c.New})
			}
			if !slices.Equal(got, k.changes) {
				t.Errorf("changes %v, want %v", got, k.changes)
			}
			if k.fields != nil && (len(d.Changes) == 0 || !slices.Equal(d.Changes[0].Fields, k.fields)) {
				t.Errorf("changed %v, want %v", d.Changes, k.fields)
			}
			if d.Identical != k.want.Identical || d.Unchanged != k.want.Unchanged || d.Reordered != k.want.Reordered ||
				d.SignerChange != k.want.SignerChange || d.DigestChange != k.want.DigestChange || d.Resigned != k.want.Resigned {
				t.Errorf("got  %+v\nwant %+v", d, k.want)
			}
		})
	}
}

// A cluster's first list has nothing to be compared with.
func TestCompareWithNothing(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	l := c.ETokens(t)
	if d := ctlbuild.Compare(nil, l); len(d.Changes) != 5 || d.Changes[0].Kind != ctlbuild.Added || d.Identical {
		t.Errorf("nothing to a list: %+v", d)
	}
	if d := ctlbuild.Compare(l, nil); len(d.Changes) != 5 || d.Changes[0].Kind != ctlbuild.Removed || d.Identical {
		t.Errorf("a list to nothing: %+v", d)
	}
	if d := ctlbuild.CompareDraft(nil, c.ETokensDraft(t)); len(d.Changes) != 5 || d.DigestChange {
		t.Errorf("nothing to a draft: %+v", d)
	}
	if d := ctlbuild.CompareDraft(l, ctlbuild.Edit(l)); len(d.Changes) != 0 || d.Unchanged != 5 || d.Identical || d.SignerChange {
		t.Errorf("a list to its draft: %+v", d)
	}
}

func TestDiffText(t *testing.T) {
	lists := map[string]*ctlbuild.List{}
	for _, name := range []string{"tokenless", "renewed", "tokens", "non-secure", "odd"} {
		lists[name] = parse(t, sample(t, name+".tlv"))
	}
	for _, k := range [][2]string{{"tokenless", "tokens"}, {"tokenless", "renewed"}, {"tokens", "non-secure"}, {"non-secure", "tokens"}, {"tokens", "odd"}, {"odd", "tokens"}, {"tokens", "tokens"}} {
		var text bytes.Buffer
		if err := ctlbuild.Compare(lists[k[0]], lists[k[1]]).WriteText(&text, message.Voice{}); err != nil {
			t.Fatal(err)
		}
		golden(t, k[0]+"-to-"+k[1]+".diff", text.Bytes())
	}
}

func TestDiffTextOfLittle(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	old := c.ETokens(t)
	d := ctlbuild.Edit(old)
	d.Time = ctltest.Time.Add(time.Minute)
	for _, k := range []struct {
		diff ctlbuild.Diff
		want string
	}{
		{
			ctlbuild.Compare(old, ctltest.Sign(t, d, c.Token2)),
			"The records are the same (5).\nSigned anew: 2015-03-06 20:56:07 UTC -> 2015-03-06 20:57:07 UTC\n",
		},
		{ctlbuild.CompareDraft(old, d), "The records are the same (5).\n"},
		{ctlbuild.Compare(nil, nil), "The files are the same, byte for byte.\n"},
	} {
		var text bytes.Buffer
		if err := k.diff.WriteText(&text, message.Voice{}); err != nil {
			t.Fatal(err)
		}
		if text.String() != k.want {
			t.Errorf("got %q, want %q", text.String(), k.want)
		}
	}
}

// SIGNERVERSION decides whether phones take an EC certificate for HTTPS, so two lists
// that differ in it alone are not merely signed anew.
func TestCompareSignerVersion(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	old := c.ETokens(t)
	draft := ctlbuild.Edit(old)
	draft.SignerVersion = [2]byte{1, 1}
	for _, d := range []ctlbuild.Diff{ctlbuild.Compare(old, ctltest.Sign(t, draft, c.Token2)), ctlbuild.CompareDraft(old, draft)} {
		var text strings.Builder
		if err := d.WriteText(&text, message.Voice{}); err != nil || !strings.Contains(text.String(), "Signer version: none -> 1.1\n") {
			t.Errorf("%v\n%s", err, &text)
		}
	}
	var text strings.Builder
	if err := ctlbuild.Compare(old, old).WriteText(&text, message.Voice{}); err != nil || strings.Contains(text.String(), "version") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// A record of another role, host and certificate is another record, and so is one of a role
// that is no server's, even of the same certificate.
func TestOtherServersAreNoChange(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	list := func(entries ...ctlbuild.Entry) *ctlbuild.List {
		d := c.ETokensDraft(t)
		for _, e := range entries {
			e.Certificate = map[bool][]byte{true: c.TVS.DER, false: c.Recovery.DER}[e.Host == "one"]
			if _, err := d.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		return ctltest.Sign(t, d, c.Token1)
	}
	for _, test := range []struct {
		old, new ctlbuild.Entry
		changes  int // two: one removed, one added
	}{
		{ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Host: "one"}, ctlbuild.Entry{Function: ctlbuild.TFTP, Host: "two"}, 2},
		{ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Host: "one"}, ctlbuild.Entry{Function: ctlbuild.TFTP, Host: "one"}, 1},
		{ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Host: "one"}, ctlbuild.Entry{Function: ctlbuild.TVS, Host: "one"}, 2},
	} {
		if d := ctlbuild.Compare(list(test.old), list(test.new)); len(d.Changes) != test.changes {
			t.Errorf("%v to %v: %+v", test.old.Function, test.new.Function, d.Changes)
		}
	}
}
