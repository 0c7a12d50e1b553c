package trust_test

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/trusttest"
)

// What a verdict prints for a person, word for word.
func TestVerdictText(t *testing.T) {
	s := trusttest.New(t)
	for name, c := range map[string]struct {
		v    trust.Verdict
		want []string
		not  string
	}{
		"accepted": {trust.Assess(t.Context(), trust.Phone{Name: mac, ITL: s.ITL}, trust.Offer{ITL: s.NewITL}, trusttest.Vouches([]uint8{0}, s.NewPub)),
			[]string{mac + ": ACCEPT\n", "[ok] Can the phone ask TVS?", "yes: it authenticates TVS servers by record 3 (TVS cucm-1051-a-pub) of the ITL", "On the phone's console:"}, "not certain"},
		"refused": {trust.Assess(t.Context(), trust.Phone{NoSBD: true, CTL: s.Tokenless}, trust.Offer{CTL: s.NewTokenless}, nil),
			[]string{"REJECT\n", "[--] Can the phone ask TVS?", "Trust List Verification Failed"}, "not certain"},
		"not certain": {trust.Assess(t.Context(), trust.Phone{Model: "Acme 1", CTL: s.ETokens, ITL: s.ITL}, trust.Offer{ITL: s.NewITL}, trusttest.Vouches([]uint8{0}, s.NewPub)),
			[]string{"ACCEPT (not certain)\n", `not known for model "Acme 1"`}, "yes: it authenticates"},
	} {
		var b strings.Builder
		if err := c.v.WriteText(&b, message.Voice{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: does not print %q:\n%s", name, want, b.String())
			}
		}
		if strings.Contains(b.String(), c.not) {
			t.Errorf("%s: prints %q:\n%s", name, c.not, b.String())
		}
		if c.v.Why.String() != c.v.Reason || c.v.Why.Key == "" {
			t.Errorf("%s: the reason %q has the key %q, which says %q", name, c.v.Reason, c.v.Why.Key, c.v.Why)
		}
	}
}

// Phones of one model stand together; without a model each stands for itself.
func TestClassesAreByModel(t *testing.T) {
	s := trusttest.New(t)
	phones := []trust.Phone{{Name: "a", CTL: s.ETokens, NoSBD: true}, {Name: "b", CTL: s.ETokens, NoSBD: true}, {Name: "c", Model: "7940", CTL: s.ETokens}, {Name: "d", Model: "7940", CTL: s.ETokens}}
	var who []string
	for _, c := range trust.Summarise(trust.AssessAll(t.Context(), phones, trust.Offer{CTL: s.Tokenless}, nil)) {
		who = append(who, c.Who())
	}
	if got := strings.Join(who, ", "); got != "a, b, 2 phones of model 7940" {
		t.Errorf("the classes are %s", got)
	}
}

func TestServiceErrors(t *testing.T) {
	s := trusttest.New(t)
	for name, c := range map[string]struct {
		list       *ctlbuild.List
		says, hint string
	}{
		"another certificate": {s.ITL, "is not the one in record 3 (TVS cucm-1051-a-pub)", "the TVS certificate was regenerated"},
		"no record":           {s.ETokens, "the list has no TVS record", "give the ITL that the phones hold"},
	} {
		_, err := trust.CheckTVSCertificate(c.list, s.NewTVS.DER)
		e, ok := err.(*trust.TVSCertificateError)
		if !ok || !strings.Contains(e.Error(), c.says) || !strings.Contains(message.Lines(e.Hints()).String(), c.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A full memory gives up what has ended, and what has not only when nothing has.
func TestFullCache(t *testing.T) {
	s := trusttest.New(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	asked, ttl := 0, time.Hour
	c := trust.NewCachedAsker(trust.AskerFunc(func(context.Context, trust.Phone, trust.Question) (trust.Answer, error) {
		asked++
		return trust.Answer{Valid: true, TTL: ttl}, nil
	}), func() time.Time { return now })
	ask := func(n uint32) (fresh bool) {
		before := asked
		if _, err := c.Ask(t.Context(), trust.Phone{ITL: s.ITL}, trust.Question{Certificate: binary.BigEndian.AppendUint32(nil, n)}); err != nil {
			t.Fatal(err)
		}
		return asked > before
	}
	ask(0)
	ttl = 2 * time.Hour
	for n := uint32(1); n < 4096; n++ {
		ask(n)
	}
	if ask(0) || ask(1) || ask(4095) {
		t.Error("the cache forgets before it is full")
	}
	now = now.Add(time.Hour)
	ask(5000) // full: the first has ended, and makes room
	if ask(1) || ask(4095) || !ask(0) {
		t.Error("the cache gave up what had not ended")
	}
	ask(5001) // full again, and nothing has ended
	if !ask(1) {
		t.Error("the cache grows past its bound")
	}
}

// What is not known of a phone that is stuck is said to be not known, each by itself.
func TestMustClearNotKnown(t *testing.T) {
	s := trusttest.New(t)
	old := trust.Checksum(s.ITL.MD5())
	for name, c := range map[string]struct {
		stuck       trust.Stuck
		same, known string
	}{
		"the served ITL is not known":   {trust.Stuck{HeldChecksum: old, Held: s.ITL, TVS: s.TVS.DER, Fails: true}, "not known", "yes, by record 3"},
		"the checksum is not known":     {trust.Stuck{Served: s.NewITL, TVS: s.NewTVS.DER, Fails: true}, "not known", "not known"},
		"TVS is not known":              {trust.Stuck{HeldChecksum: old, Held: s.ITL, Served: s.NewITL, Fails: true}, "no", "not known"},
		"the ITL held is the served":    {trust.Stuck{HeldChecksum: old, Served: s.ITL, TVS: s.TVS.DER, Fails: true}, "yes (MD5", "yes, by record 3"},
		"the ITL held is at hand alone": {trust.Stuck{HeldChecksum: old, Served: s.NewITL, TVS: s.TVS.DER, Fails: true}, "no", "not known"},
		"it is given beside the served": {trust.Stuck{HeldChecksum: old, Held: s.NewITL, Served: s.ITL, TVS: s.NewTVS.DER, Fails: true}, "yes (MD5", "yes, by record 3"},
	} {
		_, steps := c.stuck.MustClear()
		if !strings.HasPrefix(steps[0].Outcome.String(), c.same) || !strings.HasPrefix(steps[1].Outcome.String(), c.known) {
			t.Errorf("%s: %q, %q; want %q, %q", name, steps[0].Outcome, steps[1].Outcome, c.same, c.known)
		}
	}
}

// A record that holds a hash verifies with the certificate that it is the hash of, and
// with no other of the same names.
func TestHashOfTheSigner(t *testing.T) {
	s := trusttest.New(t)
	hashed := func(cert *ctltest.Cert) *ctlbuild.List {
		r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: cert.DER, Hash: ctlbuild.SHA1, NoIP: true, Dialect: ctlbuild.DialectTokenless})
		if err != nil {
			t.Fatal(err)
		}
		return trusttest.Edited(t, s.EmptyITL, s.Pub, func(d *ctlbuild.Draft) { d.Records = append(d.Records, r) })
	}
	twin := ctltest.Server(ctltest.PubHost)
	twin.Serial, twin.KeyName = ctltest.Hex("6B1D357B6841740B078FEE4A1813D5D6"), "a twin of the new CallManager"
	for name, c := range map[string]struct {
		held            *ctlbuild.List
		accept, certain bool
	}{
		"its own":   {hashed(s.NewPub), true, true},
		"a twin's":  {hashed(ctltest.New(t, twin)), false, false},
		"of no one": {hashed(s.Pub), false, true},
	} {
		v := trust.Assess(t.Context(), trust.Phone{ITL: c.held}, trust.Offer{ITL: s.NewITL}, trust.NoTVS)
		if v.Accept != c.accept || v.Certain != c.certain {
			t.Errorf("%s: accept %v, certain %v: %s", name, v.Accept, v.Certain, v.Reason)
		}
	}
}
