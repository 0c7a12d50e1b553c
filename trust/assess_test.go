package trust_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/trusttest"
)

const mac = "SEP0011215A1AE3"

// TestFlow takes every branch of the flow of the two documents. The names are
// DOCUMENT/paragraph/branch: SBD is Security By Default, Tokenless is Mixed Mode
// with Tokenless CTL, list is trust-list section 6.
func TestFlow(t *testing.T) {
	s := trusttest.New(t)
	config := s.Config(t, mac+".cnf.xml.sgn", []byte("<device/>"))
	secret := s.Config(t, mac+".cnf.xml.enc.sgn", []byte{0, 1, 2, 3, 0xff, 0xfe})
	after := *s.Cluster
	after.Pub = s.NewPub
	newConfig := after.Config(t, mac+".cnf.xml.sgn", []byte("<device/>"))
	byToken1 := trusttest.Edited(t, s.ETokens, s.Token1, func(*ctlbuild.Draft) {})
	byNewToken := trusttest.Edited(t, s.ETokens, s.NewToken, func(d *ctlbuild.Draft) { trusttest.AddToken(t, d, s.NewToken) })
	toTokens := trusttest.Edited(t, s.Tokenless, s.Token1, func(d *ctlbuild.Draft) {
		d.Records = d.Records[1:]
		trusttest.AddToken(t, d, s.Token1)
		trusttest.AddToken(t, d, s.Token2)
	})
	itlByToken := trusttest.Edited(t, s.ITL, s.NewToken, func(d *ctlbuild.Draft) { trusttest.AddToken(t, d, s.NewToken) })
	withAppServer := trusttest.Edited(t, s.ETokens, s.Token1, func(d *ctlbuild.Draft) {
		if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.AppServer, Certificate: s.Tomcat.DER, Host: "10.1.1.1"}); err != nil {
			t.Fatal(err)
		}
	})
	sha512List := trusttest.Edited(t, s.ETokens, s.Token1, func(d *ctlbuild.Draft) { d.Digest = ctlbuild.SHA512 })
	addSAST := func(d *ctlbuild.Draft, der []byte) {
		if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: der, Host: ctltest.PubHost, Dialect: ctlbuild.DialectTokenless}); err != nil {
			t.Fatal(err)
		}
	}
	withRecovery := func(d *ctlbuild.Draft) { addSAST(d, s.Recovery.DER) }
	byRecovery := trusttest.Edited(t, s.Tokenless, s.Recovery, withRecovery)
	itlByRecovery := trusttest.Edited(t, s.NewITL, s.Recovery, withRecovery)
	fourSAST := trusttest.Edited(t, s.ETokens, s.Token1, func(d *ctlbuild.Draft) { addSAST(d, s.Recovery.DER); addSAST(d, s.Pub.DER) })
	large := ctltest.Token("SAST-4096", ctltest.Hex("0102030405060708090A"))
	large.Bits, large.Length = 4096, 0
	bigToken := ctltest.New(t, large)
	by4096 := trusttest.Edited(t, s.ETokens, bigToken, func(d *ctlbuild.Draft) { d.Records = d.Records[1:]; trusttest.AddToken(t, d, bigToken) })
	never := trusttest.Forbidden(t)

	tests := []struct {
		name    string
		phone   trust.Phone
		offer   trust.Offer
		tvs     trust.Asker
		accept  bool
		unsure  bool
		byTVS   bool
		decider string // CN of the record, "" for none
		says    string // in the reason or a step
	}{
		// Security By Default, "The phone verifies the ITL and configuration file"
		{name: "SBD/verifies/no CTL and no ITL trusts a CTL blindly", offer: trust.Offer{CTL: s.ETokens}, tvs: never, accept: true, says: "trusts the next list blindly"},
		{name: "SBD/verifies/no CTL and no ITL trusts an ITL blindly", offer: trust.Offer{ITL: s.ITL}, tvs: never, accept: true, says: "trusts the next list blindly"},
		{name: "SBD/verifies/no CTL and no ITL takes any configuration", offer: trust.Offer{Config: config}, tvs: never, accept: true, says: "takes any"},
		{name: "SBD/verifies/ITL blanked for rollback trusts a CTL blindly", phone: trust.Phone{ITL: s.EmptyITL}, offer: trust.Offer{CTL: s.ETokens}, tvs: never, accept: true, says: "Rollback to Pre 8.0"},
		{name: "SBD/verifies/ITL blanked for rollback trusts an ITL blindly", phone: trust.Phone{ITL: s.EmptyITL}, offer: trust.Offer{ITL: s.NewITL}, tvs: never, accept: true, says: "Rollback to Pre 8.0"},
		{name: "SBD/verifies/CTL but no ITL takes an ITL that its CCM+TFTP verifies", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{ITL: s.ITL}, tvs: never, accept: true, decider: ctltest.PubHost, says: "CCM+TFTP"},
		{name: "SBD/verifies/CTL but no ITL refuses an ITL of another signer", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{ITL: s.NewITL}, tvs: never, says: "only from a signer that its CTL lists as CCM+TFTP"},
		{name: "facts rule 19/CTL alone, ITL signed by ITLRecovery that the CTL has as SAST", phone: trust.Phone{CTL: byRecovery}, offer: trust.Offer{ITL: itlByRecovery}, tvs: never, accept: true, decider: "ITLRECOVERY_" + ctltest.PubHost},
		{name: "facts rule 25/a third SAST as signer is not certain", phone: trust.Phone{NoSBD: true, CTL: fourSAST}, offer: trust.Offer{CTL: byRecovery}, tvs: never, accept: true, unsure: true, decider: "ITLRECOVERY_" + ctltest.PubHost, says: "SAST number 3"},
		{name: "facts rule 25/4096 bits are not certain", phone: trust.Phone{NoSBD: true, CTL: by4096}, offer: trust.Offer{CTL: trusttest.Edited(t, by4096, bigToken, func(d *ctlbuild.Draft) { d.Time = d.Time.Add(time.Hour) })}, tvs: never, accept: true, unsure: true, decider: "SAST-4096", says: "4096 bits"},
		{name: "SBD/verifies/CTL but no ITL, signer is a SAST only: not said", phone: trust.Phone{CTL: byNewToken}, offer: trust.Offer{ITL: itlByToken}, tvs: never, unsure: true, says: "the document names CCM+TFTP alone"},
		{name: "SBD/verifies/CTL and ITL, the CTL has the signer", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byToken1}, tvs: never, accept: true, decider: "SAST-ADN0054f509", says: "record 1 (SAST-ADN0054f509) of the CTL"},
		{name: "SBD/verifies/CTL and ITL, the ITL has the signer", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: s.Tokenless}, tvs: never, accept: true, decider: ctltest.PubHost, says: "of the ITL that the phone holds"},
		{name: "SBD/verifies/CTL and ITL, TVS has the signer", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, tvs: trusttest.Vouches([]uint8{0}, s.NewToken), accept: true, byTVS: true, decider: ctltest.PubHost, says: "TVS vouches for it"},
		{name: "SBD/verifies/CTL and ITL, nobody has the signer", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, tvs: trusttest.Vouches(nil), byTVS: true, says: "TVS does not vouch"},
		{name: "SBD/verifies/CTL and ITL, a new ITL by the same signer", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{ITL: trusttest.Edited(t, s.ITL, s.Pub, func(*ctlbuild.Draft) {})}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "SBD/verifies/configuration by CCM+TFTP of the ITL", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: config}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "non-secure mode/stubs for servers: the configuration comes without a signature", phone: trust.Phone{Model: "7940", NoSBD: true, CTL: s.NonSecure}, offer: trust.Offer{Config: config}, tvs: never, accept: true, unsure: true, says: "by address alone"},
		{name: "SBD/verifies/configuration by CCM+TFTP of the CTL", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{Config: config}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "SBD/TFTP encryption/signer known, key not judged", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: secret}, tvs: never, accept: true, decider: ctltest.PubHost, says: "whether the phone has the key"},

		// Security By Default, "Phone contacts TVS for unknown certificate"
		{name: "SBD/contacts TVS/HTTPS certificate vouched for", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: trusttest.Vouches(nil, s.Tomcat), accept: true, byTVS: true, decider: ctltest.PubHost},
		{name: "SBD/contacts TVS/HTTPS certificate unknown to TVS", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: trusttest.Vouches(nil), byTVS: true},
		{name: "SBD/contacts TVS/HTTPS certificate in the CTL", phone: trust.Phone{CTL: withAppServer, ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: never, accept: true, decider: "tomcat." + ctltest.PubHost},
		{name: "SBD/contacts TVS/HTTPS certificate held in another role", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Pub.DER}, tvs: trusttest.Vouches(nil, s.Pub), accept: true, byTVS: true, decider: ctltest.PubHost, says: "in another role"},
		{name: "SBD/contacts TVS/no TVS server reached", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: trusttest.Down, says: "TVS cannot be reached"},
		{name: "SBD/contacts TVS/TVS presents the certificate of the ITL", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: trusttest.Server(s.TVS, s.Tomcat), accept: true, byTVS: true, decider: ctltest.PubHost},
		{name: "SBD/contacts TVS/TVS presents another certificate", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: trusttest.Server(s.NewTVS, s.Tomcat), says: "no TVS server shows a certificate that the phone's lists know"},
		{name: "SBD/contacts TVS/HTTPS with no list at all: not said", offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: never, unsure: true},
		{name: "SBD/contacts TVS/HTTPS with a CTL alone", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: never, says: "holds no TVS record"},

		// Security By Default, "Regenerating certificates"
		{name: "SBD/regenerating/steps 1 to 4, CallManager alone", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.NewITL}, tvs: trusttest.Server(s.TVS, s.NewPub), accept: true, byTVS: true, decider: ctltest.PubHost},
		{name: "SBD/regenerating/step 5, configuration before the new ITL", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, tvs: trusttest.Vouches([]uint8{0, 2}, s.NewPub), accept: true, byTVS: true, decider: ctltest.PubHost, says: "Does the certificate that TVS gave verify the file? yes"},
		{name: "TVS query/configuration, TVS knows no such signer", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, tvs: trusttest.Vouches(nil), byTVS: true, says: "TVS does not vouch"},
		{name: "TVS query/configuration, signer vouched for as SAST alone", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, tvs: trusttest.Vouches([]uint8{0}, s.NewPub), byTVS: true, unsure: true, says: "not as CCM+TFTP, but as SAST"},
		{name: "TVS query/configuration, TVS not asked", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, unsure: true, says: "TVS was not asked"},
		{name: "TVS query/configuration, the name's certificate has another key", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, tvs: answers(s.Pub), byTVS: true, says: "the key is another"},
		{name: "TVS query/list, the name's certificate has another key", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.NewITL}, tvs: answers(s.Pub), byTVS: true, says: "the key is another"},
		{name: "TVS query/configuration, an answer without certificate", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{Config: newConfig}, tvs: answers(nil), byTVS: true, unsure: true, says: "gave no certificate"},
		{name: "SBD/regenerating/step 6, configuration by the new ITL", phone: trust.Phone{ITL: s.NewITL}, offer: trust.Offer{Config: newConfig}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "SBD/regenerating/note, CallManager and TVS at once", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.NewITL}, tvs: trusttest.Server(s.NewTVS, s.NewPub), says: "no TVS server shows a certificate"},

		// Security By Default, "Change host names or domain names"
		{name: "SBD/renaming/single node with ITL only", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.NewITL}, tvs: trusttest.Server(s.NewTVS, s.NewPub), says: "no TVS server"},
		{name: "SBD/renaming/single node with CTL and ITL, CTL by the same token", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byToken1}, tvs: trusttest.Server(s.NewTVS), accept: true, decider: "SAST-ADN0054f509"},

		// Security By Default, "Can I turn off SBD?"
		{name: "SBD/turn off/any configuration is taken", phone: trust.Phone{ITL: s.EmptyITL}, offer: trust.Offer{Config: newConfig}, tvs: never, accept: true, says: "whoever signed it"},
		{name: "SBD/turn off/no HTTPS", phone: trust.Phone{ITL: s.EmptyITL}, offer: trust.Offer{HTTPS: s.Tomcat.DER}, tvs: never, says: "must be set to HTTP"},
		{name: "SBD/turn off/the emptied ITL itself must verify", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.EmptyITL}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "facts rule 10/a blanked ITL does not help where a CTL is", phone: trust.Phone{CTL: s.ETokens, ITL: s.EmptyITL}, offer: trust.Offer{CTL: byNewToken}, tvs: never, says: "holds no TVS record"},

		// Mixed Mode with Tokenless CTL
		{name: "Tokenless/requirements/no SBD, signer is a SAST", phone: trust.Phone{Model: "7940", CTL: s.ETokens}, offer: trust.Offer{CTL: byToken1}, tvs: never, accept: true, decider: "SAST-ADN0054f509"},
		{name: "Tokenless/requirements/no SBD, signer unknown", phone: trust.Phone{Model: "7960", CTL: s.ETokens}, offer: trust.Offer{CTL: byNewToken}, tvs: never, says: "having no Security By Default"},
		{name: "Tokenless/requirements/no SBD never asks for an ITL", phone: trust.Phone{Model: "Cisco Jabber", CTL: s.ETokens}, offer: trust.Offer{ITL: s.NewITL}, tvs: never, accept: true, says: "never asks for an ITL"},
		{name: "Tokenless/requirements/no SBD, CallManager regenerated", phone: trust.Phone{NoSBD: true, CTL: s.Tokenless}, offer: trust.Offer{CTL: s.NewTokenless}, tvs: never, says: "having no Security By Default"},
		{name: "Tokenless/non-secure to mixed/ITL verifies the first CTL", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{CTL: s.Tokenless}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "Tokenless/tokens to tokenless/ITL has CallManager", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: s.Tokenless}, tvs: never, accept: true, decider: ctltest.PubHost},
		{name: "Tokenless/tokens to tokenless/no SBD: CCM+TFTP is no SAST", phone: trust.Phone{NoSBD: true, CTL: s.ETokens}, offer: trust.Offer{CTL: s.Tokenless}, tvs: never, says: "as CCM+TFTP it does not vouch"},
		{name: "Tokenless/tokenless to tokens/in Phone-SAST-trust", phone: trust.Phone{CTL: s.Tokenless, ITL: s.ITL}, offer: trust.Offer{CTL: toTokens}, tvs: trusttest.Vouches([]uint8{0}, s.Token1), accept: true, byTVS: true, decider: ctltest.PubHost},
		{name: "Tokenless/tokenless to tokens/not in Phone-SAST-trust", phone: trust.Phone{CTL: s.Tokenless, ITL: s.ITL}, offer: trust.Offer{CTL: toTokens}, tvs: trusttest.Vouches(nil), byTVS: true, says: "does not vouch"},
		{name: "Tokenless/regeneration/TVS knows the new CallManager", phone: trust.Phone{CTL: s.Tokenless, ITL: s.ITL}, offer: trust.Offer{CTL: s.NewTokenless}, tvs: trusttest.Vouches([]uint8{0, 2}, s.NewPub), accept: true, byTVS: true, decider: ctltest.PubHost, says: "as SAST and CCM+TFTP"},
		{name: "Tokenless/regeneration/TVS knows it, but not as SAST", phone: trust.Phone{CTL: s.Tokenless, ITL: s.ITL}, offer: trust.Offer{CTL: s.NewTokenless}, tvs: trusttest.Vouches([]uint8{2}, s.NewPub), byTVS: true, unsure: true, says: "not as SAST, but as CCM+TFTP"},

		// trust-list, section 6, and what surrounds it
		{name: "list/item 5/CTL alone and signer unknown", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{CTL: byNewToken}, tvs: never, says: "holds no TVS record"},
		{name: "list/item 5/TVS out of reach", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, tvs: trust.NoTVS, says: "TVS cannot be reached"},
		{name: "list/item 5/TVS not asked", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, unsure: true, says: "TVS was not asked"},
		{name: "same file/CTL", phone: trust.Phone{CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: s.ETokens}, tvs: never, accept: true, says: "nothing changes"},
		{name: "same file/ITL", phone: trust.Phone{ITL: s.ITL}, offer: trust.Offer{ITL: s.ITL}, tvs: never, accept: true, says: "nothing changes"},
		{name: "unknown phone", phone: trust.Phone{Unknown: "never seen since 2019"}, offer: trust.Offer{CTL: byToken1}, tvs: never, unsure: true, says: "never seen since 2019"},
		{name: "half known phone/the known CTL decides", phone: trust.Phone{CTL: s.ETokens, Unknown: "its ITL is not known"}, offer: trust.Offer{CTL: byToken1}, tvs: never, accept: true, decider: "SAST-ADN0054f509"},
		{name: "half known phone/the known CTL does not decide", phone: trust.Phone{CTL: s.ETokens, Unknown: "its ITL is not known"}, offer: trust.Offer{CTL: byNewToken}, tvs: never, unsure: true},
		{name: "unknown model may ask TVS", phone: trust.Phone{Model: "Acme 1", CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, tvs: trusttest.Vouches(nil, s.NewToken), accept: true, unsure: true, byTVS: true, decider: ctltest.PubHost, says: `not known for model "Acme 1"`},
		{name: "facts rule 14/SHA-512 is not certain", phone: trust.Phone{CTL: s.ETokens}, offer: trust.Offer{CTL: sha512List}, tvs: never, accept: true, unsure: true, decider: "SAST-ADN0054f509", says: "SHA-512"},
		{name: "facts rule 14/a phone that holds a SHA-512 list can verify one", phone: trust.Phone{CTL: sha512List}, offer: trust.Offer{CTL: trusttest.Edited(t, sha512List, s.Token1, func(d *ctlbuild.Draft) { d.Time = d.Time.Add(time.Hour) })}, tvs: never, accept: true, decider: "SAST-ADN0054f509", says: "as that of a list which the phone holds"},
		{name: "facts rule 14/SHA-512 of an unknown signer is refused for certain", phone: trust.Phone{CTL: s.Tokenless}, offer: trust.Offer{CTL: sha512List}, tvs: never, says: "holds no TVS record"},
		{name: "unknown model and no TVS is refused for certain", phone: trust.Phone{Model: "Acme 1", CTL: s.ETokens, ITL: s.ITL}, offer: trust.Offer{CTL: byNewToken}, tvs: trust.NoTVS, says: "TVS cannot be reached"},
		{name: "nothing offered", unsure: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := trust.Assess(t.Context(), test.phone, test.offer, test.tvs)
			if v.Accept != test.accept || v.Certain == test.unsure || v.ByTVS != test.byTVS {
				t.Errorf("accept %v, certain %v, by TVS %v: %s\n%s", v.Accept, v.Certain, v.ByTVS, v.Reason, trusttest.Steps(v))
			}
			decider := ""
			if v.Decider != nil {
				decider = v.Decider.CN()
			}
			if decider != test.decider {
				t.Errorf("decided by %q, want %q", decider, test.decider)
			}
			if !strings.Contains(v.Reason+"\n"+trusttest.Steps(v), test.says) {
				t.Errorf("does not say %q: %s\n%s", test.says, v.Reason, trusttest.Steps(v))
			}
			if v.Reason == "" || v.Source == "" {
				t.Errorf("reason %q, source %q", v.Reason, v.Source)
			}
			failed := slices.Contains(v.Console, "Trust List Verification Failed")
			isList := test.offer.CTL != nil || test.offer.ITL != nil
			if want := isList && !v.Accept && v.Certain; failed != want {
				t.Errorf("the console says that it failed: %v, want %v", failed, want)
			}
		})
	}
}

// A phone compares bytes: the same certificate under the other serial order is
// another signer, and the steps say why.
func TestSerialOrderIsAnotherSigner(t *testing.T) {
	s := trusttest.New(t)
	record, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: s.Token1.DER, Token: true, SerialOrder: ctlbuild.BigEndian})
	if err != nil {
		t.Fatal(err)
	}
	other := trusttest.Edited(t, s.ETokens, s.Token1, func(d *ctlbuild.Draft) { d.Records[0] = record })
	v := trust.Assess(t.Context(), trust.Phone{NoSBD: true, CTL: s.ETokens}, trust.Offer{CTL: other}, nil)
	if !v.Lost() {
		t.Fatalf("accept %v, certain %v: %s", v.Accept, v.Certain, v.Reason)
	}
	want := "record 1 (SAST-ADN0054f509) holds the same certificate, but it is listed with the serial number in the other byte order " +
		"(3C:F9:27:00:00:00:AF:A2:DA:45, the file says 45:DA:A2:AF:00:00:00:27:F9:3C): to a phone, another signer"
	if !strings.Contains(trusttest.Steps(v), want) {
		t.Errorf("the steps do not explain it:\n%s", trusttest.Steps(v))
	}
}

// The name of a held SAST under another key must not do.
func TestNameWithoutKeyIsRefused(t *testing.T) {
	s := trusttest.New(t)
	forged := ctltest.Token("SAST-ADN0054f509", ctltest.Hex("45DAA2AF00000027F93C"))
	forged.KeyName = "forger"
	forger := ctltest.New(t, forged)
	other := trusttest.Edited(t, s.ETokens, forger, func(d *ctlbuild.Draft) {
		d.Records = d.Records[1:]
		trusttest.AddToken(t, d, forger)
	})
	for _, o := range []trust.Verdict{
		trust.Assess(t.Context(), trust.Phone{CTL: s.ETokens, ITL: s.ITL}, trust.Offer{CTL: other}, trusttest.Vouches(nil, forger)),
	} {
		if !o.Lost() || !strings.Contains(o.Reason, "the key is another") {
			t.Errorf("accept %v: %s", o.Accept, o.Reason)
		}
	}
	d := ctlbuild.Edit(s.ETokens)
	d.Records = d.Records[1:]
	trusttest.AddToken(t, d, forger)
	if v := trust.AssessDraft(t.Context(), trust.Phone{CTL: s.ETokens}, d, forger.DER, nil); !v.Lost() {
		t.Errorf("the draft would be accepted: %s", v.Reason)
	}
}

// A file that does not verify by itself is refused by every phone, also by one that
// holds nothing.
func TestDamagedFile(t *testing.T) {
	s := trusttest.New(t)
	data := slices.Clone(s.ETokens.Bytes())
	data[len(data)-1] ^= 1
	bad, err := ctlbuild.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []trust.Phone{{}, {CTL: s.ETokens, ITL: s.ITL}, {CTL: s.ETokens, NoSBD: true}, {Unknown: "never seen"}} {
		v := trust.Assess(t.Context(), p, trust.Offer{CTL: bad}, trusttest.Forbidden(t))
		if !v.Lost() || !strings.Contains(v.Reason, "not a sound file") {
			t.Errorf("accept %v, certain %v: %s", v.Accept, v.Certain, v.Reason)
		}
	}
}

// What is said of a draft is what is then said of the signed list.
func TestDraftAsTheSignedList(t *testing.T) {
	s := trusttest.New(t)
	phones := append(trust.DefaultPhones(s.ETokens, s.ITL, nil), trust.DefaultPhones(s.Tokenless, s.ITL, nil)...)
	phones = append(phones, trust.Phone{Unknown: "never seen"}, trust.Phone{ITL: s.ITL}, trust.Phone{ITL: s.EmptyITL})
	for _, signer := range []*ctltest.Cert{s.Token1, s.Token2, s.NewToken} {
		d := ctlbuild.Edit(s.ETokens)
		trusttest.AddToken(t, d, s.NewToken)
		for _, tvs := range []trust.Asker{nil, trust.NoTVS, trusttest.Vouches(nil), trusttest.Vouches([]uint8{0}, s.NewToken)} {
			for _, p := range phones {
				before := trust.AssessDraft(t.Context(), p, d, signer.DER, tvs)
				signed := trust.Assess(t.Context(), p, trust.Offer{CTL: ctltest.Sign(t, d, signer)}, tvs)
				if before.Accept != signed.Accept || before.Certain != signed.Certain || before.Reason != signed.Reason {
					t.Errorf("%s: draft %v %q, signed %v %q", p.Name, before.Accept, before.Reason, signed.Accept, signed.Reason)
				}
			}
		}
	}
	if v := trust.AssessDraft(t.Context(), trust.Phone{}, ctlbuild.Edit(s.ETokens), s.NewToken.DER, nil); v.Accept {
		t.Error("a draft without its signer is accepted")
	}
}

// The lines are those of the documents' logs, and only those.
func TestConsole(t *testing.T) {
	s := trusttest.New(t)
	byToken1 := trusttest.Edited(t, s.ETokens, s.Token1, func(*ctlbuild.Draft) {})
	success := fmt.Sprintf("SECD: validate_file_envelope: File sign verify SUCCESS; header length <%d>", byToken1.Header.Length)
	tests := []struct {
		name  string
		phone trust.Phone
		offer trust.Offer
		tvs   trust.Asker
		want  []string
	}{
		{"CTL accepted", trust.Phone{Name: mac, CTL: s.ETokens, ITL: s.ITL}, trust.Offer{CTL: byToken1}, nil,
			[]string{"SECD: tlRequestFile: Request CTLSEP0011215A1AE3.tlv", success}},
		{"configuration accepted", trust.Phone{Name: mac, ITL: s.ITL}, trust.Offer{Config: s.Config(t, mac+".cnf.xml.sgn", []byte("<device/>"))}, nil,
			[]string{"SECD: verifyFile: verify SUCCESS </usr/ram/SEP0011215A1AE3.cnf.xml>"}},
		{"HTTPS by TVS", trust.Phone{Name: mac, ITL: s.ITL}, trust.Offer{HTTPS: s.Tomcat.DER}, trusttest.Vouches(nil, s.Tomcat), []string{
			"SECD: srvr_cert_vfy: Server Certificate Validation needs to be done",
			"SECD: findByCertAndRoleInTL: Searching TL from CTL file",
			"SECD: findByCertAndRoleInTL: Searching TL from ITL file",
			"SECD: EROR:https_cert_vfy: HTTPS cert not in CTL",
			"SECD: processTvsClntReq: TVS Certificate Authentication request",
			"SECD: srvr_cert_vfy: Server Certificate Validation needs to be done",
			"SECD: findByIssuerAndSerialAndRoleInTL: Searching TL from CTL file",
			"SECD: findByIssuerAndSerialAndRoleInTL: Searching TL from ITL file",
			"SECD: verifyCertWithHashFromTL: cert hash and hash in TL MATCH",
			"SECD: tvs_cert_vfy: TVS cert verified with hash from TL",
			"SECD: sendTvsClientReqToSrvr: Authenticate Certificate : request sent to TVS server - waiting for response",
			"SECD: processTvsSrvrResponse: Authentication Response received, status : 0",
			"SECD: saveCertToTvsCache: Saving certificate in TVS cache with default time-to-live value: 86400 seconds",
			"SECD: Authenticated the HTTPS conn via TVS",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := trust.Assess(t.Context(), test.phone, test.offer, test.tvs)
			if !slices.Equal(v.Console, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(v.Console, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Breaking off is ours, not the phone's refusal.
func TestCancelledQuestion(t *testing.T) {
	s := trusttest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	tvs := trust.AskerFunc(func(ctx context.Context, _ trust.Phone, _ trust.Question) (trust.Answer, error) {
		cancel()
		return trust.Answer{}, ctx.Err()
	})
	v := trust.Assess(ctx, trust.Phone{ITL: s.ITL}, trust.Offer{ITL: s.NewITL}, tvs)
	if v.Accept || v.Certain {
		t.Errorf("accept %v, certain %v: %s", v.Accept, v.Certain, v.Reason)
	}
}

func TestCheckTVSCertificate(t *testing.T) {
	s := trusttest.New(t)
	if i, err := trust.CheckTVSCertificate(s.ITL, s.TVS.DER); i != 2 || err != nil {
		t.Errorf("by hash: record %d, %v", i, err)
	}
	full := ctltest.ITLDraft(t, s.Pub, s.TVS, s.CAPF)
	r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.TVS, Certificate: s.TVS.DER, NoIP: true})
	if err != nil {
		t.Fatal(err)
	}
	full.Records[2] = r
	if i, err := trust.CheckTVSCertificate(ctltest.Sign(t, full, s.Pub), s.TVS.DER); i != 2 || err != nil {
		t.Errorf("in full: record %d, %v", i, err)
	}
	for name, l := range map[string]*ctlbuild.List{"other": s.ITL, "no TVS record": s.ETokens, "no list": nil} {
		if i, err := trust.CheckTVSCertificate(l, s.NewTVS.DER); err == nil || i != -1 {
			t.Errorf("%s: record %d, %v", name, i, err)
		}
	}
	if i, err := trust.MatchService(s.ITL, ctlbuild.CAPF, s.CAPF.DER); i != 3 || err != nil {
		t.Errorf("CAPF by hash: record %d, %v", i, err)
	}
	// The same certificate in another role does not authenticate TVS.
	if _, err := trust.CheckTVSCertificate(s.ITL, s.Pub.DER); err == nil {
		t.Error("CallManager passes for TVS")
	}
}

// answers is a TVS that vouches for whatever it is asked by name, with this certificate.
func answers(c *ctltest.Cert) trust.Asker {
	return trust.AskerFunc(func(context.Context, trust.Phone, trust.Question) (trust.Answer, error) {
		a := trust.Answer{Valid: true, Roles: []uint8{0, 2}}
		if c != nil {
			a.Certificate = c.DER
		}
		return a, nil
	})
}
