package hazard_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/trusttest"
)

// TestEdges asks each rule at the edge where it begins or ends to speak: one record too
// many or too few, the first record and not a later one, one side alone.
func TestEdges(t *testing.T) {
	s := trusttest.New(t)
	no := false
	record := func(e ctlbuild.Entry) ctlbuild.Record {
		r, err := ctlbuild.NewRecord(e)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	draft := func(l *ctlbuild.List, change func(d *ctlbuild.Draft)) *ctlbuild.Draft {
		d := ctlbuild.Edit(l)
		change(d)
		return d
	}
	same := func(*ctlbuild.Draft) {}
	withNew := func(d *ctlbuild.Draft) { trusttest.AddToken(t, d, s.NewToken) }
	newFirst := func(d *ctlbuild.Draft) {
		withNew(d)
		d.Records = slices.Insert(d.Records[:len(d.Records)-1], 0, d.Records[len(d.Records)-1])
	}
	three := trusttest.Edited(t, s.ETokens, s.Token2, withNew)
	sha512 := trusttest.Edited(t, s.ETokens, s.Token2, func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA512 })
	anyDigest := func(d *ctlbuild.Draft) { d.Digest = 0 }
	asSAST := func(l *ctlbuild.List) *ctlbuild.Draft {
		return draft(l, func(d *ctlbuild.Draft) {
			d.Records = append(d.Records, record(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: s.Sub.DER, Host: ctltest.SubHost}))
			d.Records = slices.DeleteFunc(d.Records, func(r ctlbuild.Record) bool {
				return r.Function() != ctlbuild.SAST && r.MatchesCertificate(s.Sub.DER)
			})
		})
	}
	same1221 := ctltest.Token("SAST-ADN00001221", ctltest.Hex("12344321"))
	same1221.KeyName = "palindrome"
	palindrome := record(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: ctltest.New(t, same1221).DER, Token: true})
	token2, err := ctlbuild.ParseCertificate(s.Token2.DER)
	if err != nil {
		t.Fatal(err)
	}
	ends := token2.NotAfter
	credential := func(f ctlbuild.Function) []hazard.Credential {
		return []hazard.Credential{{Node: ctltest.SubHost, Function: f, Certificate: s.Sub.DER}}
	}
	spoken := map[string]hazard.Vouch{"sub": {}}

	tests := []struct {
		name string
		c    hazard.Change
		rule string
		want string // the severity, "" where the rule must not speak
		says string // in the message, the hint or the records
		not  string // in none of them
	}{
		{name: "stubs alone in non-secure mode", rule: "full-records-in-non-secure-mode",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.NonSecure, same), Signer: s.Token2.DER, Mixed: true, Mode: &no}},
		{name: "CAPF has no place in CCM+TFTP", rule: "servers-missing", want: "warning",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Mixed: true, Credentials: credential(ctlbuild.CAPF)}},
		{name: "TFTP is half of CCM+TFTP", rule: "servers-missing",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Mixed: true, Credentials: credential(ctlbuild.TFTP)}},
		{name: "a server that stands as SAST alone", rule: "servers-missing", want: "danger",
			c: hazard.Change{Old: s.ETokens, Draft: asSAST(s.ETokens), Signer: s.Token2.DER, Mixed: true, Credentials: credential(ctlbuild.CCMTFTP)}},
		{name: "a phone without SBD, if there is any", rule: "tokenless-without-sbd", want: "note", says: "if there is any",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true, Phones: trust.DefaultPhones(s.ETokens, s.ITL, nil)}},
		{name: "to tokenless where the CTL has a server as SAST", rule: "to-tokenless-precondition",
			c: hazard.Change{Old: trusttest.Edited(t, s.Tokenless, s.NewToken, withNew), Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true}},

		{name: "the dates of a signed list's signer", rule: "signer-validity", want: "warning", says: "expired",
			c: hazard.Change{Old: s.ETokens, New: sha512, Now: ends.AddDate(1, 0, 0)}},
		{name: "59 days before its end", rule: "signer-validity", want: "warning", says: "expires",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: ends.Add(-59 * 24 * time.Hour)}},
		{name: "61 days before its end", rule: "signer-validity",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: ends.Add(-61 * 24 * time.Hour)}},

		{name: "a digest that nobody chose is the former one", rule: "sha-512", want: "note",
			c: hazard.Change{Old: sha512, Draft: draft(sha512, anyDigest), Signer: s.Token2.DER}},
		{name: "a digest that nobody chose at the first creation", rule: "sha-512",
			c: hazard.Change{Draft: draft(s.ETokens, anyDigest), Signer: s.Token2.DER}},
		{name: "SHA-512 where it was another", rule: "sha-512", want: "warning",
			c: hazard.Change{Old: s.ETokens, New: sha512}},

		{name: "three SAST for the first time", rule: "sast-count", want: "warning", c: hazard.Change{New: three}},
		{name: "three SAST where there were two", rule: "sast-count", want: "warning", c: hazard.Change{Old: s.ETokens, New: three}},
		{name: "three SAST as before", rule: "sast-count", want: "note",
			c: hazard.Change{Old: three, Draft: draft(three, same), Signer: s.Token2.DER}},
		{name: "three SAST, byte for byte as before", rule: "sast-count", c: hazard.Change{Old: three, New: three}},

		{name: "no node serves a CTL", rule: "nodes-differ", c: hazard.Change{Nodes: []trust.NodeList{{Node: "pub"}, {Node: "sub"}}}},
		{name: "one of two nodes serves a CTL", rule: "nodes-differ", want: "warning", says: "sub (none)",
			c: hazard.Change{Old: s.ETokens, Nodes: []trust.NodeList{{Node: "pub", List: s.ETokens}, {Node: "sub"}}}},
		{name: "each node serves another CTL", rule: "nodes-differ", want: "warning", not: "none",
			c: hazard.Change{Old: s.ETokens, Nodes: []trust.NodeList{{Node: "pub", List: s.ETokens}, {Node: "sub", List: s.Tokenless}}}},

		{name: "a serial number that is the same from both ends", rule: "serial-order",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = append(d.Records, palindrome) }), Signer: s.Token2.DER}},

		{name: "the signer is the first record", rule: "list-verifies",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token1.DER}},
		{name: "a new signer as the first record, and TVS that does not know it", rule: "tvs-vouches-on-every-node", want: "danger", says: "record 1 (",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, newFirst), Signer: s.NewToken.DER, Vouched: spoken}},
		{name: "phones that hold nothing ask nobody", rule: "tvs-vouches-on-every-node",
			c: hazard.Change{Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Vouched: spoken}},
		{name: "phones that hold an ITL ask TVS about a first CTL", rule: "tvs-vouches-on-every-node", want: "danger",
			c: hazard.Change{ITL: s.ITL, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Vouched: spoken}},

		{name: "a new signer, and a token that phones know", rule: "continuity-of-signer", want: "danger", says: "SAST-ADN0054f509",
			c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.NewToken.DER, Phones: []trust.Phone{{Name: "a 7940", Model: "7940", CTL: s.ETokens}}}},
		{name: "a new signer, and no token that phones know", rule: "continuity-of-signer", want: "danger", says: "Phone-SAST-trust",
			c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, withNew), Signer: s.NewToken.DER, Phones: []trust.Phone{{Name: "a 7940", Model: "7940", CTL: s.Tokenless}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.c.Now.IsZero() {
				test.c.Now = ctltest.Time.AddDate(0, 0, 1)
			}
			found := hazard.Find(t.Context(), test.c, nil)
			i := slices.IndexFunc(found, func(h hazard.Hazard) bool { return h.Rule == test.rule })
			if i < 0 {
				if test.want != "" {
					t.Fatalf("silent; others: %v", found)
				}
				return
			}
			h := found[i]
			said := h.Message.String() + "\n" + h.Hint.String() + "\n" + strings.Join(h.Records, "\n")
			if h.Severity.String() != test.want {
				t.Errorf("%s, want %q: %s", h.Severity, test.want, said)
			}
			if !strings.Contains(said, test.says) || test.not != "" && strings.Contains(said, test.not) {
				t.Errorf("says %q, want %q in it and %q not", said, test.says, test.not)
			}
		})
	}
}
