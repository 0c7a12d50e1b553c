package token

import (
	"errors"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/token/host"
)

// What is said where a token is not there: first that nothing could be looked at, else what was
// there instead, and what was not looked at.
func TestNotFound(t *testing.T) {
	u := URI{Token: "SAST-1"}
	ended := &Error{Kind: ModuleFailed, Err: &host.EndedError{Module: "/lib/a.so", Call: "C_GetSlotList", Reason: message.Phrase("crashed")}}
	other := errors.New("/lib/b.so: busy")
	there := []Info{{Label: "SAST-2", Serial: "2", Module: "/lib/c.so"}}
	for name, c := range map[string]struct {
		all      []Info
		answered int
		errs     []error
		kind     Kind
		says     []string
		not      []string
	}{
		"nothing":              {nil, 1, nil, NotFound, []string{"plug the token in"}, []string{"tokens present", "not looked at"}},
		"no module at all":     {nil, 0, nil, NotFound, []string{"plug the token in"}, nil},
		"another token":        {there, 1, nil, NotFound, []string{"tokens present:", "pkcs11:token=SAST-2;serial=2"}, []string{"plug"}},
		"the module ended":     {nil, 0, []error{ended}, ModuleFailed, []string{"repeat"}, []string{"not looked at", "plug the token in"}},
		"and another is busy":  {nil, 0, []error{ended, other}, ModuleFailed, []string{"not looked at: /lib/b.so: busy"}, []string{"not looked at: the module"}},
		"one ended":            {nil, 1, []error{ended}, NotFound, []string{"plug the token in", "not looked at: the module a.so crashed"}, nil},
		"one ended, one shows": {there, 1, []error{ended}, NotFound, []string{"tokens present:", "not looked at: the module a.so crashed"}, nil},
	} {
		var e *Error
		err := notFound(u, c.all, c.answered, c.errs, unknown)
		if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(err.Error(), "SAST-1") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(message.Lines(e.Hints()).String(), s) {
				t.Errorf("%s does not say %q: %s", name, s, message.Lines(e.Hints()).String())
			}
		}
		for _, s := range c.not {
			if strings.Contains(message.Lines(e.Hints()).String(), s) {
				t.Errorf("%s says %q: %s", name, s, message.Lines(e.Hints()).String())
			}
		}
	}
}

// Of several certificates the one that issued another is not meant, and one with a visible key
// is preferred; what is left to choose is said, and a token that could not be read is not empty.
func TestChooseCertificate(t *testing.T) {
	ca := Certificate{Label: "ca", DER: []byte("ca"), Subject: "cn=ca", Issuer: "cn=ca", ID: []byte{1}}
	own := Certificate{Label: "own", DER: []byte("own"), Subject: "cn=own", Issuer: "cn=ca", ID: []byte{2}}
	key := Certificate{Label: "key", DER: []byte("key"), Subject: "cn=key", Issuer: "cn=x", ID: []byte{3}, HasKey: true}
	nameless := Certificate{Label: "nameless", DER: []byte("nameless"), ID: []byte{4}}
	unread := &Error{Kind: Removed, Token: "T"}
	for name, c := range map[string]struct {
		certs []Certificate
		u     URI
		want  string // label
	}{
		"one":                        {[]Certificate{own}, URI{}, "own"},
		"self-signed":                {[]Certificate{ca}, URI{}, "ca"},
		"not the issuer":             {[]Certificate{ca, own}, URI{}, "own"},
		"the issuer, by name":        {[]Certificate{ca, own}, URI{Object: "ca"}, "ca"},
		"the key's":                  {[]Certificate{own, key}, URI{}, "key"},
		"a certificate of no issuer": {[]Certificate{nameless, {DER: []byte("z"), Label: "z", HasKey: true}}, URI{}, "z"},
	} {
		got, err := Info{Label: "T", Certificates: c.certs}.choose(c.u)
		if err != nil || got.Label != c.want {
			t.Errorf("%s: %q, %v", name, got.Label, err)
		}
	}
	var e *Error
	_, err := Info{Label: "T", Certificates: []Certificate{own, nameless}}.choose(URI{})
	if !errors.Is(err, Ambiguous) || !errors.As(err, &e) || !strings.Contains(message.Lines(e.Hints()).String(), "id=%02") || !strings.Contains(message.Lines(e.Hints()).String(), "id=%04") {
		t.Errorf("two: %v", err)
	}
	_, err = Info{Label: "T", Certificates: []Certificate{own}}.choose(URI{Object: "none"})
	if !errors.Is(err, NoCertificate) || !errors.As(err, &e) || !strings.Contains(message.Lines(e.Hints()).String(), "certificates on it:") || !strings.Contains(message.Lines(e.Hints()).String(), "id=%02") {
		t.Errorf("another: %v", err)
	}
	_, err = Info{Label: "T"}.choose(URI{})
	if !errors.Is(err, NoCertificate) || !errors.As(err, &e) || strings.Contains(message.Lines(e.Hints()).String(), "certificates on it:") {
		t.Errorf("none: %v", err)
	}
	if _, err = (Info{Label: "T", unread: unread}).choose(URI{}); !errors.Is(err, Removed) {
		t.Errorf("could not be read: %v", err)
	}
	if c, err := (Info{Label: "T", unread: unread, Certificates: []Certificate{own}}).choose(URI{}); err != nil || c.Label != "own" {
		t.Errorf("read at last: %v", err)
	}
}
