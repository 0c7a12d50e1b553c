package token

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Which token an expected certificate means: those that hold it, else those that may show it
// after a login, and a mismatch says what was expected and what is there.
func TestHolders(t *testing.T) {
	der := testCertificate(t)
	cert, _, err := parseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := parseCertificate(testCertificate(t))
	if err != nil {
		t.Fatal(err)
	}
	stranger := Certificate{DER: []byte("x"), Subject: "cn=stranger"}
	login := Flags{LoginRequired: true}
	holds := match{use: Info{Label: "holds", Certificates: []Certificate{stranger, cert}}}
	hides := match{use: Info{Label: "hides", Flags: login}}
	shows := match{use: Info{Label: "shows", Flags: login, Certificates: []Certificate{stranger}}}
	opened := match{use: Info{Label: "opened", Flags: login, unlocked: true}}
	open := match{use: Info{Label: "open"}}
	for name, c := range map[string]struct {
		all  []match
		want string
	}{
		"one holds it":        {[]match{hides, shows, holds}, "holds"},
		"one may":             {[]match{shows, opened, hides, open}, "hides"},
		"two may":             {[]match{hides, shows, hides}, "hides hides"},
		"none: the first":     {[]match{shows, opened, open}, "shows"},
		"none, the other way": {[]match{open, opened}, "open"},
	} {
		var labels []string
		for _, m := range holders(c.all, der) {
			labels = append(labels, m.use.Label)
		}
		if strings.Join(labels, " ") != c.want {
			t.Errorf("%s: %v", name, labels)
		}
	}
	for name, c := range map[string]struct {
		certs    []Certificate
		expected []byte
		want     string
		not      string
	}{
		"none there":     {nil, der, "the expected certificate of " + cert.Subject, "but that"},
		"another":        {[]Certificate{stranger}, der, "but that of cn=stranger", "with another key"},
		"the same name":  {[]Certificate{other}, der, "with another key or serial number", "stranger"},
		"several":        {[]Certificate{stranger, other}, der, cert.Subject, "but that"},
		"no certificate": {[]Certificate{stranger}, []byte("text"), "the expected certificate", " of "},
	} {
		err := mismatch(Info{Label: "T", Module: "/m.so", Certificates: c.certs}, c.expected)
		if !errors.Is(err, Mismatch) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.not) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever opens the token is told that it is slow before the program at large, and after the
// time that they chose.
func TestWhoIsToldOfASlowToken(t *testing.T) {
	told := make(chan string, 9)
	as := func(who string) func(string) { return func(label string) { told <- who + " " + label } }
	ctx := WithSettings(t.Context(), Settings{OnSlow: as("settings"), SlowAfter: 1})
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "settings T"},
		{Options{OnSlow: as("options")}, "options T"},
		{Options{OnSlow: as("options"), SlowAfter: 1}, "options T"},
	} {
		done := c.o.slow(ctx, "T")
		if got := <-told; got != c.want {
			t.Errorf("%q", got)
		}
		done()
	}
	for _, o := range []Options{{OnSlow: as("options"), SlowAfter: time.Hour}, {SlowAfter: time.Hour}} {
		o.slow(ctx, "T")()
	}
	Options{}.slow(t.Context(), "T")()
	if len(told) > 0 {
		t.Errorf("told of a token that was quick: %s", <-told)
	}
}
