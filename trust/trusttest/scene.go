// Package trusttest has a cluster in the states that the documents tell of, and TVS servers
// that answer as told, for the tests of package trust and of what is built on it.
package trusttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
)

// Scene is a cluster before and after its publisher's CallManager, and then its TVS,
// were regenerated, with the lists of each state.
type Scene struct {
	*ctltest.Cluster
	NewPub, NewTVS *ctltest.Cert // regenerated
	NewToken       *ctltest.Cert // in no list
	Tomcat         *ctltest.Cert

	Tokenless, ETokens, NonSecure *ctlbuild.List
	NewTokenless                  *ctlbuild.List // signed by NewPub
	ITL, NewITL, EmptyITL         *ctlbuild.List
}

func New(t testing.TB) *Scene {
	t.Helper()
	c := ctltest.NewCluster(t, 1024)
	newPub := ctltest.Server(ctltest.PubHost)
	newPub.Serial, newPub.Bits, newPub.KeyName = ctltest.Hex("6B1D357B6841740B078FEE4A1813D5D6"), 2048, "regenerated"
	newTVS := ctltest.Server(ctltest.PubHost)
	newTVS.Serial, newTVS.Bits, newTVS.KeyName = ctltest.Hex("2E3E1A7BDAA64D99"), 2048, "regenerated TVS"
	tomcat := ctltest.Server("tomcat." + ctltest.PubHost)
	tomcat.Serial = ctltest.Hex("0102030405")
	s := &Scene{
		Cluster:  c,
		NewPub:   ctltest.New(t, newPub),
		NewTVS:   ctltest.New(t, newTVS),
		NewToken: ctltest.New(t, ctltest.Token("SAST-ADN00c0ffee", ctltest.Hex("11223344000000AABBCC"))),
		Tomcat:   ctltest.New(t, tomcat),
	}
	s.Tokenless, s.ETokens, s.NonSecure, s.ITL = c.Tokenless(t), c.ETokens(t), c.NonSecure(t), c.ITL(t)
	after := *c
	after.Pub = s.NewPub
	s.NewTokenless = after.Tokenless(t)
	s.NewITL = ctltest.Sign(t, ctltest.ITLDraft(t, s.NewPub, s.NewTVS, c.CAPF), s.NewPub)
	empty := ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF)
	empty.Records = empty.Records[:1]
	s.EmptyITL = ctltest.Sign(t, empty, c.Pub)
	return s
}

// Edited signs a change of a list.
func Edited(t testing.TB, l *ctlbuild.List, signer ctlbuild.Signer, change func(d *ctlbuild.Draft)) *ctlbuild.List {
	t.Helper()
	d := ctlbuild.Edit(l)
	d.Time = ctltest.Time.Add(time.Hour)
	change(d)
	return ctltest.Sign(t, d, signer)
}

// AddToken adds a token to a draft.
func AddToken(t testing.TB, d *ctlbuild.Draft, c *ctltest.Cert) {
	t.Helper()
	if _, err := d.AddToken(c.DER); err != nil {
		t.Fatal(err)
	}
}

// Vouches is a TVS that knows these certificates, in these roles.
func Vouches(roles []uint8, known ...*ctltest.Cert) trust.Asker {
	return trust.AskerFunc(func(_ context.Context, _ trust.Phone, q trust.Question) (trust.Answer, error) {
		for _, c := range known {
			if Matches(c, q) {
				return trust.Answer{Valid: true, Certificate: c.DER, Roles: roles, TTL: 86400 * time.Second}, nil
			}
		}
		return trust.Answer{}, nil
	})
}

// Matches reports whether a question is about a certificate. Names are compared as lists
// write them, a token's as the CTL Client does.
func Matches(c *ctltest.Cert, q trust.Question) bool {
	if !q.ByName() {
		return slices.Equal(c.DER, q.Certificate)
	}
	for _, token := range []bool{false, true} {
		r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.DER, Token: token})
		if err == nil && r.IssuerName() == q.Issuer && slices.Equal(r.SerialNumber(), q.Serial) {
			return true
		}
	}
	return false
}

// Server is a TVS that presents a certificate of its own, which the asker checks by
// the phone's ITL as the network's asker does.
func Server(own *ctltest.Cert, known ...*ctltest.Cert) trust.Asker {
	inner := Vouches([]uint8{0}, known...)
	return trust.AskerFunc(func(ctx context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
		if _, err := trust.CheckTVSCertificate(p.ITL, own.DER); err != nil {
			return trust.Answer{}, err
		}
		return inner.Ask(ctx, p, q)
	})
}

// ErrDown is what Down answers.
var ErrDown = errors.New("dial tcp 127.0.0.1:2445: connection refused")

// Down is a TVS that nobody reaches.
var Down = trust.AskerFunc(func(context.Context, trust.Phone, trust.Question) (trust.Answer, error) {
	return trust.Answer{}, ErrDown
})

// Forbidden fails a test in which a phone asks that has no reason to.
func Forbidden(t testing.TB) trust.Asker {
	return trust.AskerFunc(func(context.Context, trust.Phone, trust.Question) (trust.Answer, error) {
		t.Error("TVS was asked")
		return trust.Answer{}, ErrDown
	})
}

// Steps are the steps of a verdict, one a line.
func Steps(v trust.Verdict) string {
	var b strings.Builder
	for _, s := range v.Steps {
		b.WriteString(s.What.String() + " " + s.Outcome.String() + "\n")
	}
	return b.String()
}
