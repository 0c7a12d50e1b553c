package trust_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"ctlclient/trust"
	"ctlclient/trust/trusttest"
)

func TestCanAskTVS(t *testing.T) {
	for model, want := range map[string]struct{ can, known bool }{
		"7940": {false, true}, "7960G": {false, true}, "Cisco 7940": {false, true}, "Cisco Unified IP Phone 7960": {false, true},
		"CP-7960G": {false, true}, "7905": {false, true}, "7912G": {false, true}, "7936": {false, true}, "ATA 186": {false, true}, "ATA187": {false, true},
		"Cisco Unified Client Services Framework": {false, true}, "Jabber": {false, true}, "Cisco Jabber for Tablet": {false, true}, "CSF": {false, true},
		"Cisco Dual Mode for iPhone": {false, true}, "Cisco IP Communicator": {false, true}, "CIPC": {false, true},
		"Cisco TelePresence EX90": {false, true}, "SX20": {false, true},
		"7945": {true, true}, "7965G": {true, true}, "7975": {true, true}, "CP-8861": {true, true}, "Cisco IP Phone 7841": {true, true},
		"6921": {true, true}, "9971": {true, true}, "8831": {true, true}, "7961G-GE": {true, true},
		"Polycom VVX 400": {false, false}, "Third-party SIP Device (Advanced)": {false, false}, "": {false, false}, "79": {false, false}, "79400": {false, false},
	} {
		can, known, source := trust.CanAskTVS(model)
		if can != want.can || known != want.known || source.IsZero() {
			t.Errorf("%q: can %v, known %v (%s)", model, can, known, source)
		}
	}
}

func TestCachedAsker(t *testing.T) {
	s := trusttest.New(t)
	asked := 0
	answer, fail := trust.Answer{Valid: true, Roles: []uint8{0}, TTL: time.Hour}, error(nil)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := trust.NewCachedAsker(trust.AskerFunc(func(context.Context, trust.Phone, trust.Question) (trust.Answer, error) {
		asked++
		return answer, fail
	}), func() time.Time { return now })
	p := trust.Phone{Name: "a", ITL: s.ITL, TVS: []string{"pub:2445"}}
	ask := func(p trust.Phone, der []byte, wantAsked int, what string) trust.Answer {
		t.Helper()
		a, err := c.Ask(t.Context(), p, trust.Question{Certificate: der})
		if !errors.Is(err, fail) {
			t.Errorf("%s: %v", what, err)
		}
		if asked != wantAsked {
			t.Errorf("%s: asked %d times, want %d", what, asked, wantAsked)
		}
		return a
	}
	ask(p, s.Token1.DER, 1, "first")
	now = now.Add(59 * time.Minute)
	if a := ask(p, s.Token1.DER, 1, "within the TTL"); a.TTL != time.Minute || !a.Valid {
		t.Errorf("from the cache: %+v", a)
	}
	other := p
	other.Name = "b"
	ask(other, s.Token1.DER, 1, "a phone that is alike")
	ask(p, s.Token2.DER, 2, "another certificate")
	other.ITL = s.NewITL
	ask(other, s.Token1.DER, 3, "another ITL")
	other.TVS = []string{"sub:2445"}
	ask(other, s.Token1.DER, 4, "another server")
	now = now.Add(time.Minute)
	ask(p, s.Token1.DER, 5, "at the end of the TTL")
	c.Flush()
	ask(p, s.Token1.DER, 6, "after a flush")

	c.Flush()
	fail = trusttest.ErrDown
	ask(p, s.Token1.DER, 7, "a failure")
	ask(p, s.Token1.DER, 8, "a failure is not kept")
	fail, answer = nil, trust.Answer{}
	ask(p, s.Token1.DER, 9, "a refusal")
	answer = trust.Answer{Valid: true}
	ask(p, s.Token1.DER, 10, "a refusal is not kept")
	ask(p, s.Token1.DER, 11, "no TTL is not kept")
}

func TestFileNames(t *testing.T) {
	for _, mac := range []string{"0011215A1AE3", "SEP0011215a1ae3", "00:11:21:5a:1a:e3", "0011.215a.1ae3", "00-11-21-5A-1A-E3"} {
		n, err := trust.FileNames(mac)
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(n.CTL, n.ITL, n.Config, n.Secret, n.Plain)
		want := []string{"CTLSEP0011215A1AE3.tlv", "CTLFile.tlv", "ITLSEP0011215A1AE3.tlv", "ITLFile.tlv",
			"SEP0011215A1AE3.cnf.xml.sgn", "SEP0011215A1AE3.cnf.xml.enc.sgn", "SEP0011215A1AE3.cnf.xml"}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", mac, got)
		}
	}
	for _, bad := range []string{"", "0011215A1AE", "0011215A1AEG", "../../etc"} {
		if _, err := trust.FileNames(bad); err == nil {
			t.Errorf("%q is taken for a MAC address", bad)
		}
	}
}

func TestChecksums(t *testing.T) {
	s := trusttest.New(t)
	nodes := []trust.NodeList{{Node: "pub", List: s.ITL}, {Node: "sub", List: s.NewITL}, {Node: "tftp"}, {Node: "fourth", Err: trusttest.ErrDown}}
	for _, text := range []string{s.ITL.MD5(), s.ITL.SHA1(), s.ITL.MD5() + "(MD5)", " " + s.ITL.SHA1() + " (SHA1)"} {
		c, err := trust.ParseChecksum(text)
		if err != nil {
			t.Fatal(err)
		}
		a := trust.CompareChecksum(c, nodes)
		want := "the phone holds what is served by pub; another file is served by sub; no file is served by tftp; it is not known what is served by fourth"
		if a.Sentence().String() != want || a.All() {
			t.Errorf("%s: %s", text, a.Sentence())
		}
		if !trust.CompareChecksum(c, nodes[:1]).All() {
			t.Errorf("%s: pub does not serve it", text)
		}
	}
	for _, bad := range []string{"", "abc", s.ITL.MD5() + "(SHA1)", s.ITL.MD5()[:31] + "g"} {
		if c, err := trust.ParseChecksum(bad); err == nil {
			t.Errorf("%q is taken for the checksum %s", bad, c)
		}
	}
}

func TestDefaultPhones(t *testing.T) {
	s := trusttest.New(t)
	names := func(ps []trust.Phone) (out string) {
		for _, p := range ps {
			if !p.Assumed {
				t.Errorf("%s is not marked as assumed", p.Name)
			}
			out += map[bool]string{true: "without", false: "with"}[p.NoSBD]
			if p.CTL != nil {
				out += "+ctl"
			}
			if p.ITL != nil {
				out += "+itl"
			}
			if p.Unknown != "" {
				out += "+unknown"
			}
			out += " "
		}
		return out
	}
	for want, got := range map[string][]trust.Phone{
		"with+ctl+itl without+ctl with ":     trust.DefaultPhones(s.ETokens, s.ITL, nil),
		"with+ctl+unknown without+ctl with ": trust.DefaultPhones(s.ETokens, nil, nil),
		"with+itl with ":                     trust.DefaultPhones(nil, s.ITL, nil),
		"with ":                              trust.DefaultPhones(nil, nil, nil),
	} {
		if names(got) != want {
			t.Errorf("got %q, want %q", names(got), want)
		}
	}
}
