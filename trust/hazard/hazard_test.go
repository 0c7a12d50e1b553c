package hazard_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
	"ctlclient/trust/trusttest"
)

// TestHazards gives each rule a change about which it must speak and, where it
// matters, one about which it must not.
func TestHazards(t *testing.T) {
	s := trusttest.New(t)
	yes, no := true, false
	now := ctltest.Time.AddDate(0, 0, 1)
	held := []trust.Phone{{Name: "a 7975", Model: "7975", CTL: s.ETokens, ITL: s.ITL}}
	draft := func(l *ctlbuild.List, change func(d *ctlbuild.Draft)) *ctlbuild.Draft {
		d := ctlbuild.Edit(l)
		change(d)
		return d
	}
	same := func(*ctlbuild.Draft) {}
	withNew := func(d *ctlbuild.Draft) { trusttest.AddToken(t, d, s.NewToken) }
	withoutServers := func(d *ctlbuild.Draft) {
		d.Records = slices.DeleteFunc(d.Records, func(r ctlbuild.Record) bool { return r.Function() != ctlbuild.SAST })
	}
	withoutOne := func(d *ctlbuild.Draft) {
		d.Records = slices.DeleteFunc(d.Records, func(r ctlbuild.Record) bool { return r.MatchesCertificate(s.Sub.DER) })
	}
	record := func(e ctlbuild.Entry) ctlbuild.Record {
		r, err := ctlbuild.NewRecord(e)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	bigEndian := record(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: s.Token1.DER, Token: true, SerialOrder: ctlbuild.BigEndian})
	smallRecovery := ctltest.Server("ITLRECOVERY_" + ctltest.PubHost)
	smallRecovery.KeyName = "small"
	recovery := record(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: ctltest.New(t, smallRecovery).DER, Host: ctltest.PubHost})
	bigServer := record(ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: s.NewPub.DER, Host: ctltest.PubHost})
	twin := ctltest.Token("SAST-ADN0054f509", ctltest.Hex("45DAA2AF00000027F93C"))
	twin.KeyName = "twin"
	twinRecord := record(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: ctltest.New(t, twin).DER, Token: true})
	damaged := slices.Clone(s.ETokens.Bytes())
	damaged[len(damaged)-1] ^= 1
	bad, err := ctlbuild.Parse(damaged)
	if err != nil {
		t.Fatal(err)
	}
	sha256 := trusttest.Edited(t, s.ETokens, s.Token2, func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA256 })
	noSBD := []trust.Phone{{Name: "12 x 7940", Model: "7940", Count: 12, CTL: s.ETokens}}
	pub := hazard.Credential{Node: ctltest.PubHost, Function: ctlbuild.CCMTFTP, Certificate: s.Pub.DER}
	sub := hazard.Credential{Node: ctltest.SubHost, Function: ctlbuild.CCMTFTP, Certificate: s.Sub.DER}

	tests := []struct {
		name     string
		c        hazard.Change
		tvs      trust.Asker
		rule     string
		severity hazard.Severity
		silent   bool // the rule must not speak
		says     string
	}{
		{name: "a list that does not verify", c: hazard.Change{Old: s.ETokens, New: bad}, rule: "list-verifies", severity: hazard.Danger, says: "does not verify"},
		{name: "a signer outside of the draft", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.NewToken.DER}, rule: "list-verifies", severity: hazard.Danger, says: "not among its SAST records"},
		{name: "a sound list", c: hazard.Change{Old: s.ETokens, New: sha256}, rule: "list-verifies", silent: true},

		{name: "phones lost", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.NewToken.DER, Phones: noSBD}, rule: "continuity-of-signer", severity: hazard.Danger, says: "12 phones of model 7940"},
		{name: "phones in doubt", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.NewToken.DER, Phones: held}, rule: "continuity-of-signer", severity: hazard.Warning, says: "not certain"},
		{name: "phones safe by TVS", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.NewToken.DER, Phones: held}, tvs: trusttest.Vouches([]uint8{0}, s.NewToken), rule: "continuity-of-signer", silent: true},
		{name: "phones safe by the same token", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.Token1.DER, ITL: s.ITL}, rule: "continuity-of-signer", silent: true},

		{name: "TVS of one node does not know the token", c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, withNew), Signer: s.NewToken.DER, Vouched: map[string]hazard.Vouch{
			"pub": {Answer: trust.Answer{Valid: true, Roles: []uint8{0}}}, "sub": {}, "third": {Err: trusttest.ErrDown}, "fourth": {Answer: trust.Answer{Valid: true, Roles: []uint8{2}}}}},
			rule: "tvs-vouches-on-every-node", severity: hazard.Danger, says: "fourth (knows it, but not as SAST), sub (does not know it) and third (no answer"},
		{name: "TVS of every node knows the token", c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, withNew), Signer: s.NewToken.DER, Vouched: map[string]hazard.Vouch{"pub": {Answer: trust.Answer{Valid: true, Roles: []uint8{0}}}}}, rule: "tvs-vouches-on-every-node", silent: true},
		{name: "TVS does not matter to a known token", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token1.DER, Vouched: map[string]hazard.Vouch{"sub": {}}}, rule: "tvs-vouches-on-every-node", silent: true},

		{name: "a token that the CTL does not have", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.NewToken.DER}, rule: "signer-known-to-ctl", severity: hazard.Warning, says: "not a SAST of the current CTL (record 1 (SAST-ADN0054f509) and record 5 (SAST-ADN008580ef))"},
		{name: "a token and a tokenless CTL", c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, withNew), Signer: s.NewToken.DER}, rule: "signer-known-to-ctl", severity: hazard.Warning, says: "is tokenless"},

		{name: "one token at the first creation", c: hazard.Change{Draft: draft(s.Tokenless, withNew), Signer: s.NewToken.DER}, rule: "two-tokens-at-creation", severity: hazard.Danger},
		{name: "two tokens at the first creation", c: hazard.Change{Draft: draft(s.ETokens, same), Signer: s.Token1.DER}, rule: "two-tokens-at-creation", silent: true},
		{name: "no token at the first creation: tokenless", c: hazard.Change{Draft: draft(s.Tokenless, same), Signer: s.Pub.DER}, rule: "two-tokens-at-creation", silent: true},
		{name: "one token left", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = d.Records[1:] }), Signer: s.Token2.DER}, rule: "last-token", severity: hazard.Warning, says: "record 4 (SAST-ADN008580ef)"},

		{name: "nodes differ", c: hazard.Change{Old: s.ETokens, Nodes: []trust.NodeList{{Node: "pub", List: s.ETokens}, {Node: "sub", List: s.Tokenless}, {Node: "tftp"}}}, rule: "nodes-differ", severity: hazard.Warning, says: "tftp (none)"},
		{name: "a node not read", c: hazard.Change{Old: s.ETokens, Nodes: []trust.NodeList{{Node: "pub", List: s.ETokens}, {Node: "sub", Err: errors.New("down")}}}, rule: "nodes-differ", severity: hazard.Warning, says: "not known what CTL sub serves"},
		{name: "nodes alike", c: hazard.Change{Old: s.ETokens, Nodes: []trust.NodeList{{Node: "pub", List: s.ETokens}, {Node: "sub", List: s.ETokens}}}, rule: "nodes-differ", silent: true},

		{name: "all anchors go", c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, func(d *ctlbuild.Draft) { d.Records = d.Records[1:]; withNew(d) }), Signer: s.NewToken.DER}, rule: "anchor-removed", severity: hazard.Warning, says: "No SAST of the current CTL stays"},
		{name: "the former signer goes", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = d.Records[:4] }), Signer: s.Token1.DER}, rule: "anchor-removed", severity: hazard.Warning, says: "record 5 (SAST-ADN008580ef) signed the current CTL"},
		{name: "another token goes", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = d.Records[1:] }), Signer: s.Token2.DER}, rule: "anchor-removed", severity: hazard.Note},
		{name: "nothing goes", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.Token2.DER}, rule: "anchor-removed", silent: true},

		{name: "two certificates of one name", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = append(d.Records, twinRecord) }), Signer: s.Token1.DER}, rule: "shared-identity", severity: hazard.Danger},
		{name: "a record written otherwise", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records[0] = bigEndian }), Signer: s.Token2.DER}, rule: "record-form", severity: hazard.Warning, says: "serial number in the other byte order"},
		{name: "serial numbers both ways", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records[0] = bigEndian }), Signer: s.Token2.DER}, rule: "serial-order", severity: hazard.Warning, says: "first in record 5 (SAST-ADN008580ef) and most significant first in record 1"},
		{name: "records kept", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.Token2.DER}, rule: "record-form", silent: true},
		{name: "a certificate twice", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = append(d.Records, d.Records[1]) }), Signer: s.Token2.DER}, rule: "duplicate-records", severity: hazard.Warning, says: "record 2 (CCM+TFTP cucm-1051-a-pub) and record 6"},
		{name: "CallManager in two roles", c: hazard.Change{Old: s.Tokenless, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER}, rule: "duplicate-records", silent: true},

		{name: "a third SAST", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withNew), Signer: s.Token2.DER}, rule: "sast-count", severity: hazard.Warning, says: "3 SAST records"},
		{name: "two SAST", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER}, rule: "sast-count", silent: true},
		{name: "SHA-512", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA512 }), Signer: s.Token2.DER}, rule: "sha-512", severity: hazard.Warning},
		{name: "a weaker digest", c: hazard.Change{Old: sha256, Draft: draft(sha256, func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA1 }), Signer: s.Token2.DER}, rule: "digest-weaker", severity: hazard.Warning, says: "SHA-256"},
		{name: "a stronger digest", c: hazard.Change{Old: s.ETokens, New: sha256}, rule: "digest-weaker", silent: true},

		{name: "the signer expired", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: now.AddDate(10, 0, 0)}, rule: "signer-validity", severity: hazard.Warning, says: "expired on 2019-06-05"},
		{name: "the signer expires soon", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC)}, rule: "signer-validity", severity: hazard.Warning, says: "expires on"},
		{name: "the signer is not valid yet", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: time.Date(2010, 5, 1, 0, 0, 0, 0, time.UTC)}, rule: "signer-validity", severity: hazard.Warning, says: "not valid before 2014-06-05"},
		{name: "the signer is valid", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: now}, rule: "signer-validity", silent: true},
		{name: "a server expired", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Now: now.AddDate(10, 0, 0)}, rule: "certificate-validity", severity: hazard.Note, says: "record 2 (CCM+TFTP cucm-1051-a-pub) expired"},

		{name: "ITLRecovery left at 1024", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = append(d.Records, recovery, bigServer) }), Signer: s.Token2.DER}, rule: "itlrecovery-1024", severity: hazard.Warning, says: "record 6 (ITLRECOVERY_cucm-1051-a-pub)"},
		{name: "ITLRecovery and all else at 1024", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.Records = append(d.Records, recovery) }), Signer: s.Token2.DER}, rule: "itlrecovery-1024", silent: true},
		{name: "residue", c: hazard.Change{Old: s.ETokens}, rule: "ctl-residue", severity: hazard.Warning},
		{name: "stubs are no residue", c: hazard.Change{Old: s.NonSecure}, rule: "ctl-residue", silent: true},
		{name: "about to be mixed is no residue", c: hazard.Change{Old: s.ETokens, Mode: &yes}, rule: "ctl-residue", silent: true},
		{name: "stubs in mixed mode", c: hazard.Change{Old: s.NonSecure, Draft: draft(s.NonSecure, same), Signer: s.Token2.DER, Mode: &yes}, rule: "stubs-in-mixed-mode", severity: hazard.Danger},
		{name: "stubs in non-secure mode", c: hazard.Change{Old: s.ETokens, Draft: draft(s.NonSecure, same), Signer: s.Token2.DER, Mixed: true, Mode: &no}, rule: "stubs-in-mixed-mode", silent: true},
		{name: "full records in non-secure mode", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Mixed: true, Mode: &no}, rule: "full-records-in-non-secure-mode", severity: hazard.Warning},
		{name: "a server is missing", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withoutOne), Signer: s.Token2.DER, Mixed: true, Credentials: []hazard.Credential{pub, sub}}, rule: "servers-missing", severity: hazard.Warning, says: "CCM+TFTP of cucm-1051-a-sub1"},
		{name: "all servers are missing", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, withoutServers), Signer: s.Token2.DER, Mixed: true, Credentials: []hazard.Credential{pub, sub}}, rule: "servers-missing", severity: hazard.Danger, says: "CCM+TFTP of cucm-1051-a-pub"},
		{name: "all servers were missing before", c: hazard.Change{Old: trusttest.Edited(t, s.ETokens, s.Token2, withoutServers), Draft: draft(s.ETokens, withoutServers), Signer: s.Token2.DER, Mixed: true, Credentials: []hazard.Credential{pub, sub}}, rule: "servers-missing", severity: hazard.Warning},
		{name: "no server is missing", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, same), Signer: s.Token2.DER, Mixed: true, Credentials: []hazard.Credential{sub}}, rule: "servers-missing", silent: true},
		{name: "tokenless and phones without SBD", c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true, Phones: noSBD}, rule: "tokenless-without-sbd", severity: hazard.Warning, says: "12 phones"},
		{name: "tokenless and phones with SBD", c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true, Phones: held}, rule: "tokenless-without-sbd", silent: true},
		{name: "tokenless and phones that nobody described", c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true}, rule: "tokenless-without-sbd", severity: hazard.Note, says: "if there is any,"},
		{name: "to tokenless", c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true}, rule: "to-tokenless-precondition", severity: hazard.Warning, says: "ITLRecovery and CallManager"},
		{name: "to tokenless before 12.0", c: hazard.Change{Old: s.ETokens, Draft: draft(s.Tokenless, same), Signer: s.Pub.DER, Mixed: true, Version: release.Of(11, 5)}, rule: "to-tokenless-precondition", silent: true},
		{name: "another file name", c: hazard.Change{Old: s.ETokens, Draft: draft(s.ETokens, func(d *ctlbuild.Draft) { d.FileName = "CTLSEP001122334455.tlv" }), Signer: s.Token2.DER}, rule: "file-name", severity: hazard.Warning},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.c.Now.IsZero() {
				test.c.Now = now
			}
			found := hazard.Find(t.Context(), test.c, test.tvs)
			if !slices.IsSortedFunc(found, func(a, b hazard.Hazard) int { return int(b.Severity) - int(a.Severity) }) {
				t.Error("not most severe first")
			}
			i := slices.IndexFunc(found, func(h hazard.Hazard) bool { return h.Rule == test.rule })
			if test.silent {
				if i >= 0 {
					t.Errorf("speaks: %s", found[i].Message)
				}
				return
			}
			if i < 0 {
				t.Fatalf("silent; others: %v", found)
			}
			h := found[i]
			if h.Severity != test.severity || !strings.Contains(h.Message.String(), test.says) {
				t.Errorf("%s: %s; want %s, saying %q", h.Severity, h.Message, test.severity, test.says)
			}
			if h.Source == "" || h.Hint.IsZero() {
				t.Errorf("source %q, hint %q", h.Source, h.Hint)
			}
			if (h.Severity == hazard.Danger) != (h.Consequence != hazard.NoConsequence) {
				t.Errorf("a %s leads to this: %s", h.Severity, h.Consequence.Message())
			}
			if loses := test.rule == "list-verifies" || test.rule == "continuity-of-signer" || test.rule == "tvs-vouches-on-every-node"; h.Severity == hazard.Danger && h.Consequence.LosesPhones() != loses {
				t.Errorf("loses phones: %v: %s", h.Consequence.LosesPhones(), h.Consequence.Message())
			}
		})
	}
}

// The same bytes again endanger nobody, and nothing at all is no change.
func TestNoHazards(t *testing.T) {
	s := trusttest.New(t)
	for name, c := range map[string]hazard.Change{
		"same bytes": {Old: s.ETokens, New: s.ETokens, ITL: s.ITL, Mixed: true, Now: ctltest.Time},
		"nothing":    {Now: ctltest.Time},
	} {
		if found := hazard.Find(t.Context(), c, trust.NoTVS); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// Phones that nobody described and that cannot ask TVS may not be there at all: what
// would lose them is a warning that says so, and no certain loss.
func TestPhonesThatNobodyDescribed(t *testing.T) {
	s := trusttest.New(t)
	d := ctlbuild.Edit(s.Tokenless)
	trusttest.AddToken(t, d, s.NewToken)
	everywhere := map[string]hazard.Vouch{"pub": {Answer: trust.Answer{Valid: true}}}
	c := hazard.Change{Old: s.Tokenless, ITL: s.ITL, Draft: d, Signer: s.NewToken.DER, Mixed: true, Vouched: everywhere, Now: ctltest.Time}
	severity := map[string]hazard.Severity{}
	for _, h := range hazard.Find(t.Context(), c, trusttest.Vouches(nil, s.NewToken)) {
		if h.Rule == "continuity-of-signer" && !strings.HasPrefix(h.Message.String(), "No phones are described. If there is a phone without Security By Default") {
			t.Errorf("continuity-of-signer: %s", h.Message)
		}
		severity[h.Rule] = h.Severity
	}
	if severity["continuity-of-signer"] != hazard.Warning || severity["signer-known-to-ctl"] != hazard.Note {
		t.Errorf("severities: %v", severity)
	}
	verdicts := trust.AssessDraftAll(t.Context(), trust.DefaultPhones(s.Tokenless, s.ITL, nil), d, s.NewToken.DER, trusttest.Vouches(nil, s.NewToken))
	if accept, lost, unsure := trust.Totals(verdicts); accept != 2 || lost != 0 || unsure != 1 {
		t.Errorf("%d accept, %d lost, %d unsure", accept, lost, unsure)
	}
	if o := trust.Summarise(verdicts)[1].Outcome(); o != "reject, if there are any" {
		t.Errorf("outcome %q", o)
	}

	// The same phones described, or phones that can ask: lost for certain.
	c.Phones = []trust.Phone{{Model: "7940", CTL: s.Tokenless}}
	if h := hazard.Find(t.Context(), c, trusttest.Vouches(nil, s.NewToken)); h[0].Rule != "continuity-of-signer" || h[0].Severity != hazard.Danger {
		t.Errorf("described: %+v", h[0])
	}
	c.Phones = nil
	if h := hazard.Find(t.Context(), c, trust.NoTVS); h[0].Severity != hazard.Danger {
		t.Errorf("nobody vouches: %+v", h[0])
	}
}

// A token's record that holds a hash has no serial number to compare with; a first
// creation is told what it can do.
func TestOddRecords(t *testing.T) {
	s := trusttest.New(t)
	r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: s.NewToken.DER, Token: true, Hash: ctlbuild.SHA1})
	if err != nil {
		t.Fatal(err)
	}
	d := ctlbuild.Edit(s.ETokens)
	d.Records = append(d.Records, r)
	for _, h := range hazard.Find(t.Context(), hazard.Change{Old: s.ETokens, Draft: d, Signer: s.Token1.DER, Mixed: true, Now: ctltest.Time}, nil) {
		if h.Rule == "serial-order" || h.Rule == "record-form" {
			t.Errorf("%s: %s", h.Rule, h.Message)
		}
	}
	first := hazard.Change{ITL: s.ITL, Draft: ctlbuild.Edit(s.ETokens), Signer: s.Token1.DER, Now: ctltest.Time,
		Phones: []trust.Phone{{Name: "a 7975", Model: "7975", ITL: s.ITL}}}
	found := hazard.Find(t.Context(), first, trust.NoTVS)
	i := slices.IndexFunc(found, func(h hazard.Hazard) bool { return h.Rule == "continuity-of-signer" })
	if i < 0 || !strings.Contains(found[i].Hint.String(), "Phone-SAST-trust") || strings.Contains(found[i].Hint.String(), "without Security By Default") {
		t.Errorf("at the first creation: %v", found)
	}
}
