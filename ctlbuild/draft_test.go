package ctlbuild_test

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

// functions is what a draft holds, for comparing.
func functions(records []ctlbuild.Record) string {
	words := make([]string, len(records))
	for i := range records {
		words[i] = records[i].Function().Slug()
		if name := strings.TrimSpace(records[i].DNSName()); name != "" {
			words[i] += "@" + name
		}
	}
	return strings.Join(words, " ")
}

// The main job: a tokenless list becomes one signed by a token, with all that
// stood in it kept byte for byte.
func TestTokenlessToTokens(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	old := c.Tokenless(t)
	d := ctlbuild.Edit(old)
	for _, token := range []*ctltest.Cert{c.Token1, c.Token2} {
		if added, err := d.AddToken(token.DER); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	l := ctltest.Sign(t, d, c.Token1)
	for i := range old.Records {
		if !bytes.Equal(l.Records[i].Bytes(), old.Records[i].Bytes()) {
			t.Errorf("record %d was changed", i+1)
		}
	}
	if v := l.Verify(); v.Signer != 4 {
		t.Errorf("%+v", v)
	}
	if len(l.Records) != 6 || l.Records[5].Len() != 1186 || l.Tokenless() || !old.Tokenless() {
		t.Errorf("the list holds %s", functions(l.Records))
	}
}

// Identity is the certificate: where one has a record already, its names and
// serial number stay as some other tool wrote them, and the header copies them.
func TestWrittenNamesAreKept(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	d := ctlbuild.NewDraft()
	d.SerialOrder = ctlbuild.BigEndian
	if _, err := d.AddToken(c.Token1.DER); err != nil {
		t.Fatal(err)
	}
	old := ctltest.Sign(t, d, c.Token1)

	edited := ctlbuild.Edit(old) // least significant byte first by default
	if added, err := edited.AddToken(c.Token1.DER); err != nil || added || len(edited.Records) != 1 {
		t.Fatalf("a certificate that is there was added: %v, %v", added, err)
	}
	if _, err := edited.AddToken(c.Token2.DER); err != nil {
		t.Fatal(err)
	}
	l := ctltest.Sign(t, edited, c.Token1)
	if want := ctltest.Hex("45DAA2AF00000027F93C"); !bytes.Equal(l.Header.SerialNumber, want) || !bytes.Equal(l.Records[0].SerialNumber(), want) {
		t.Errorf("serial number is %X in the header, %X in the record", l.Header.SerialNumber, l.Records[0].SerialNumber())
	}
	if want := ctltest.Hex("83E9080000005545AF31"); !bytes.Equal(l.Records[1].SerialNumber(), want) {
		t.Errorf("the new token's serial number is %X, want %X", l.Records[1].SerialNumber(), want)
	}

	// Taken out and put in again, even under another function.
	removed := ctlbuild.Edit(old)
	if _, err := removed.Remove("1"); err != nil {
		t.Fatal(err)
	}
	for _, e := range []ctlbuild.Entry{
		{Function: ctlbuild.SAST, Certificate: c.Token1.DER, Token: true},
		{Function: ctlbuild.AppServer, Certificate: c.Token1.DER},
	} {
		if added, err := removed.Add(e); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	for i := range removed.Records {
		r := &removed.Records[i]
		if !bytes.Equal(r.SerialNumber(), old.Records[0].SerialNumber()) || r.SubjectName() != old.Records[0].SubjectName() {
			t.Errorf("record %d is written anew: %q, %X", i+1, r.SubjectName(), r.SerialNumber())
		}
	}
}

func TestAddServers(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	ip := netip.MustParseAddr("10.48.47.157")
	for _, k := range []struct {
		name   string
		old    *ctlbuild.List
		signed bool // records carry SIGNATURE
	}{
		{"tokenless", c.Tokenless(t), true},
		{"CTL Client", c.ETokens(t), false},
	} {
		d := ctlbuild.Edit(k.old)
		n := len(d.Records)
		if added, err := d.AddTFTP(c.TVS.DER, "tftp-1", ip); err != nil || !added {
			t.Fatal(added, err)
		}
		if added, err := d.AddFirewall(c.TVS.DER, "", ip); err != nil || !added {
			t.Fatal(added, err)
		}
		if got, want := functions(d.Records[n:]), "tftp@tftp-1 ccm@10.48.47.157"; got != want {
			t.Errorf("%s: added %s, want %s", k.name, got, want)
		}
		for _, r := range d.Records[n:] {
			if got, _ := r.IP(); got != ip || (r.Signature() != nil) != k.signed {
				t.Errorf("%s: address %v, SIGNATURE of %d bytes", k.name, got, len(r.Signature()))
			}
		}
	}
}

func TestNewRecordRefuses(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	for name, e := range map[string]ctlbuild.Entry{
		"IPv6":            {Certificate: c.Pub.DER, IP: netip.MustParseAddr("2001:db8::1")},
		"unknown digest":  {Certificate: c.Pub.DER, Hash: 9},
		"no function":     {Certificate: c.Pub.DER, Function: ctlbuild.NoFunction},
		"no certificate":  {},
		"too long a host": {Certificate: c.Pub.DER, Host: strings.Repeat("a", 0xffff)},
	} {
		if r, err := ctlbuild.NewRecord(e); err == nil {
			t.Errorf("%s: made a record of %d bytes", name, r.Len())
		}
	}
}

func TestRemove(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	tokenless, tokens := c.Tokenless(t), c.ETokens(t)
	for _, k := range []struct {
		name      string
		list      *ctlbuild.List
		selectors string // one after the other
		left      string
	}{
		{"a number", tokens, "1", "ccm+tftp@10.48.47.155 capf@10.48.47.155 ccm+tftp@10.48.47.156 sast"},
		{"numbers are those that were shown", tokens, "1 2 4", "capf@10.48.47.155 sast"},
		{"a host", tokenless, "CUCM-1051-a-sub1", "sast@cucm-1051-a-pub ccm+tftp@cucm-1051-a-pub capf@cucm-1051-a-pub"},
		{"a host with several records", tokenless, ctltest.PubHost, "ccm+tftp@cucm-1051-a-sub1"},
		{"an address", tokenless, ctltest.SubIP, "sast@cucm-1051-a-pub ccm+tftp@cucm-1051-a-pub capf@cucm-1051-a-pub"},
		{"a token's common name", tokens, "SAST-ADN0054f509", "ccm+tftp@10.48.47.155 capf@10.48.47.155 ccm+tftp@10.48.47.156 sast"},
		{"a server's common name", tokens, "capf-e41e7d87", "sast ccm+tftp@10.48.47.155 ccm+tftp@10.48.47.156 sast"},
	} {
		t.Run(k.name, func(t *testing.T) {
			d := ctlbuild.Edit(k.list)
			n := 0
			for selector := range strings.FieldsSeq(k.selectors) {
				removed, err := d.Remove(selector)
				if err != nil {
					t.Fatal(err)
				}
				n += len(removed)
			}
			if got := functions(d.Records); got != k.left || n+len(d.Records) != len(k.list.Records) {
				t.Errorf("%d taken out, left is %s, want %s", n, got, k.left)
			}
		})
	}
}

func TestRemoveNothing(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	for _, selector := range []string{"", " ", "0", "-1", "6", "99999999999999999999", "nobody", "10.1.1.1", "0.0.0.0", "::"} {
		d := ctlbuild.Edit(c.ETokens(t))
		removed, err := d.Remove(selector)
		var none *ctlbuild.SelectorError
		if !errors.As(err, &none) || len(d.Records) != 5 {
			t.Errorf("Remove(%q): %d records, %v", selector, len(removed), err)
			continue
		}
		if !strings.Contains(message.Lines(none.Hints()).String(), "1 to 5") {
			t.Errorf("Remove(%q) hints %q", selector, message.Lines(none.Hints()).String())
		}
	}
	d := ctlbuild.Edit(c.ETokens(t))
	for i, want := range []bool{true, false} {
		if _, err := d.Remove("3"); (err == nil) != want {
			t.Errorf("removing record 3, time %d: %v", i+1, err)
		}
	}
}

// A stub is its server's by the name alone, in any case, or by the address alone; a server
// that has neither in common with it is another one.
func TestStubsAreFoundByNameOrAddress(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	other := netip.MustParseAddr("10.9.9.9")
	for _, test := range []struct {
		host   string
		ip     netip.Addr
		filled bool
	}{
		{"CUCM-1051-A-SUB1", other, true},
		{"elsewhere", netip.MustParseAddr(ctltest.SubIP), true},
		{"elsewhere", other, false},
	} {
		d := ctlbuild.Edit(c.Tokenless(t))
		d.NonSecure()
		n := len(d.Records)
		if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: c.TVS.DER, Host: test.host, IP: test.ip}); err != nil {
			t.Fatal(err)
		}
		if filled := len(d.Records) == n; filled != test.filled {
			t.Errorf("%s, %s: taken for the stub's server: %v", test.host, test.ip, filled)
		}
	}
}

// A list goes to non-secure mode and back: stubs take the place of server
// records, and the servers that of their stubs.
func TestNonSecureAndBack(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	mixed := c.ETokens(t)
	d := ctlbuild.Edit(mixed)
	d.NonSecure()
	stubs := ctltest.Sign(t, d, c.Token2)
	if !stubs.NonSecure() || mixed.NonSecure() {
		t.Errorf("the stripped list is of a non-secure cluster: %v, the full one: %v", stubs.NonSecure(), mixed.NonSecure())
	}
	for i, want := range []int{1186, 33, 1004, 33, 1186} {
		r := &stubs.Records[i]
		if r.Len() != want || r.IsStub() != (want == 33) {
			t.Errorf("record %d is %d bytes (stub %v), want %d", i+1, r.Len(), r.IsStub(), want)
		}
	}
	d = ctlbuild.Edit(stubs)
	for _, e := range []ctlbuild.Entry{
		{Function: ctlbuild.CCMTFTP, Certificate: c.Sub.DER, Host: "10.48.47.156", IP: netip.MustParseAddr(ctltest.SubIP)},
		{Function: ctlbuild.CCMTFTP, Certificate: c.Pub.DER, Host: "10.48.47.155", IP: netip.MustParseAddr(ctltest.PubIP)},
	} {
		if added, err := d.Add(e); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	back := ctltest.Sign(t, d, c.Token2)
	if diff := ctlbuild.Compare(mixed, back); len(diff.Changes) != 0 || diff.Reordered {
		t.Errorf("the way back leaves %+v", diff.Changes)
	}
}

// A host name stays in a stub as it stands.
func TestNonSecureKeepsNames(t *testing.T) {
	d := ctltest.NewCluster(t, 1024).TokenlessDraft(t)
	before := functions(d.Records)
	d.NonSecure()
	if got := functions(d.Records); got != before {
		t.Errorf("left is %s, was %s", got, before)
	}
	stub := cat("\x01\x00\x02\x00\x24", "\x02\x00\x10cucm-1051-a-pub\x00", "\x04\x00\x02\x00\x02", "\x0a\x00\x04\x0a\x30\x2f\x9b")
	if got := d.Records[1].Bytes(); !bytes.Equal(got, stub) {
		t.Errorf("stub is % x, want % x", got, stub)
	}
}

// A draft does not share memory with its list.
func TestEditCopies(t *testing.T) {
	l := ctltest.NewCluster(t, 1024).ETokens(t)
	before := slices.Concat(l.Bytes(), l.Records[1].Bytes())
	d := ctlbuild.Edit(l)
	for _, r := range d.Records {
		for _, f := range r.Fields {
			clear(f.Value)
		}
	}
	d.NonSecure()
	if after := slices.Concat(l.Bytes(), l.Records[1].Bytes()); !bytes.Equal(before, after) {
		t.Error("changing the draft changed the list")
	}
}

func TestRemoveAt(t *testing.T) {
	d := ctlbuild.Edit(ctltest.NewCluster(t, 1024).ETokens(t))
	for _, i := range []int{-1, 5, 99} {
		var e *ctlbuild.SelectorError
		if _, err := d.RemoveAt(i); !errors.As(err, &e) || len(d.Records) != 5 {
			t.Errorf("RemoveAt(%d): %v, %d records left", i, err, len(d.Records))
		}
	}
	for left := 4; left >= 0; left-- {
		if _, err := d.RemoveAt(0); err != nil || len(d.Records) != left {
			t.Errorf("%v, %d records left", err, len(d.Records))
		}
	}
}

// The first record of a list is filled in as any other.
func TestFirstStubIsFilled(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	d := ctlbuild.Edit(c.ETokens(t))
	d.NonSecure()
	d.Records = d.Records[1:2]
	if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: c.Pub.DER, Host: "10.48.47.155"}); err != nil || len(d.Records) != 1 || d.Records[0].IsStub() {
		t.Errorf("%v, %d records", err, len(d.Records))
	}
}
