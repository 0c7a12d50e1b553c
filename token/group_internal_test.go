package token

import (
	"testing"
)

// Two views are of one token where both show one certificate that is no issuer's; where one
// shows none, by label and serial number, unless those are of more than one.
func TestSeenAs(t *testing.T) {
	own := Certificate{DER: []byte("own"), Subject: "cn=own", Issuer: "cn=ca"}
	other := Certificate{DER: []byte("other"), Subject: "cn=other", Issuer: "cn=ca"}
	ca := Certificate{DER: []byte("ca"), Subject: "cn=ca", Issuer: "cn=ca"}
	token := func(label, serial, model string, certs ...Certificate) Info {
		return Info{Label: label, Serial: serial, Model: model, Certificates: certs}
	}
	twin := func(i Info) Info { i.twin = true; return i }
	for name, c := range map[string]struct {
		a, b Info
		one  bool
	}{
		"a certificate":              {token("A", "1", "x", own), token("B", "2", "y", own), true},
		"one of several":             {token("A", "1", "x", other, own), token("B", "2", "y", own), true},
		"other certificates":         {token("A", "1", "x", own), token("A", "1", "x", other), false},
		"the issuer's alone":         {token("A", "1", "x", own, ca), token("A", "1", "x", other, ca), false},
		"the issuer's on one":        {token("A", "1", "x", ca), token("A", "1", "x", other, ca), false},
		"one shows none":             {token("A", "1", "x", own), token("A", "1", "y"), true},
		"neither shows one":          {token("A", "1", "x"), token("A", "1", "y"), true},
		"another label":              {token("A", "1", "x", own), token("B", "1", "x"), false},
		"another serial number":      {token("A", "1", "x", own), token("A", "2", "x"), false},
		"one of a pair":              {twin(token("A", "1", "x", own)), token("A", "1", "x"), false},
		"zeros":                      {token("A", "000", "x"), token("A", "000", "y"), false},
		"zeros of one model":         {token("A", "000", "x"), token("A", "000", "x"), true},
		"no serial number, a model":  {token("A", "", "x"), token("A", "", "x"), true},
		"no serial number, a second": {token("A", "", "x"), token("A", "", "y"), false},
	} {
		for _, pair := range [][2]Info{{c.a, c.b}, {c.b, c.a}} {
			if got := pair[0].isSeenAs(pair[1]); got != c.one {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

// A module shows a token once; of two tokens that a view may be of, the one with its serial
// number is meant.
func TestGroups(t *testing.T) {
	cert := []Certificate{{DER: []byte("pair"), Subject: "cn=pair"}}
	a := Info{Module: "/a.so", Label: "A", Serial: "1", Certificates: cert}
	b := Info{Module: "/a.so", Label: "A", Serial: "2", Certificates: cert}
	for _, serial := range []string{"1", "2"} {
		view := Info{Module: "/b.so", Label: "x", Serial: serial, Certificates: cert}
		for _, all := range [][]Info{{a, b, view}, {b, a, view}} {
			groups := group(all)
			if len(groups) != 2 {
				t.Fatalf("%d tokens", len(groups))
			}
			for _, g := range groups {
				if (len(g) == 2) != (g[0].Serial == serial) {
					t.Errorf("a view with serial number %s: %+v", serial, groups)
				}
			}
		}
	}
	if n := len(group([]Info{a, {Module: "/b.so", Serial: "9", Certificates: cert}})); n != 1 {
		t.Errorf("another serial number, the same certificate: %d tokens", n)
	}
	if n := len(group([]Info{a, {Module: "/b.so", Label: "Z", Serial: "7"}})); n != 2 {
		t.Errorf("nothing in common: %d tokens", n)
	}
	for _, serials := range [][2]string{{"2", "3"}, {"1", "1"}} { // neither says which, so the first
		first, second := a, b
		first.Serial, second.Serial = serials[0], serials[1]
		groups := group([]Info{first, second, {Module: "/b.so", Serial: "1", Certificates: cert}})
		if len(groups) != 2 || len(groups[0]) != 2 {
			t.Errorf("serial numbers %v: %+v", serials, groups)
		}
	}
}

// A token is used through a module that can sign, the maker's before OpenSC's before p11-kit's.
func TestRank(t *testing.T) {
	view := func(module string, signs bool) Info { return Info{Module: "/lib/" + module, signs: signs} }
	order := []Info{
		view("libeTPkcs11.so", true), view("onepin-opensc-pkcs11.so", true), view("p11-kit-client.so", true),
		view("libeTPkcs11.so", false), view("opensc-pkcs11.so", false), view("pkcs11-spy.so", false),
	}
	for n := 1; n < len(order); n++ {
		better, worse := order[n-1], order[n]
		if b := best([]Info{worse, better}); b.Module != better.Module || b.signs != better.signs {
			t.Errorf("%s comes before %s", worse.Module, better.Module)
		}
		if b := best([]Info{better, worse}); b.Module != better.Module || b.signs != better.signs {
			t.Errorf("%s comes before %s", worse.Module, better.Module)
		}
	}
	if b := best([]Info{{Module: "/first.so"}, {Module: "/second.so"}}); b.Module != "/first.so" {
		t.Errorf("of two alike %s", b.Module)
	}
}

// A URI that says through which module a token is meant is obeyed; else the best is used.
func TestMatches(t *testing.T) {
	cert := []Certificate{{DER: []byte("own"), Subject: "cn=own"}}
	general := Info{Module: "/lib/opensc-pkcs11.so", Slot: 3, SlotDescription: "reader", SlotManufacturer: "maker", Label: "card", Serial: "1", Certificates: cert, signs: true,
		Library: Library{Description: "OpenSC", Manufacturer: "the OpenSC project", Version: "0.26"}}
	maker := Info{Module: "/lib/libeTPkcs11.so", Slot: 4, Label: "SAST-1", Serial: "1", Certificates: cert, signs: true}
	slot := uint(3)
	for name, c := range map[string]struct {
		u   URI
		use string
	}{
		"the maker's name":    {URI{Token: "SAST-1"}, maker.Module},
		"OpenSC's name":       {URI{Token: "card"}, maker.Module},
		"the serial number":   {URI{Serial: "1"}, maker.Module},
		"a path":              {URI{ModulePath: general.Module}, general.Module},
		"a name":              {URI{ModuleName: "opensc-pkcs11"}, general.Module},
		"a slot":              {URI{SlotID: &slot}, general.Module},
		"a reader":            {URI{SlotDescription: "reader"}, general.Module},
		"a reader's maker":    {URI{SlotManufacturer: "maker"}, general.Module},
		"a library":           {URI{LibraryDescription: "OpenSC"}, general.Module},
		"a library's maker":   {URI{LibraryManufacturer: "the OpenSC project"}, general.Module},
		"a library's version": {URI{LibraryVersion: "0.26"}, general.Module},
	} {
		all := c.u.matches([]Info{general, maker})
		if len(all) != 1 || all[0].use.Module != c.use {
			t.Errorf("%s: %+v", name, all)
		}
	}
	if all := (URI{Token: "SAST-1", ModulePath: general.Module}).matches([]Info{general, maker}); len(all) != 0 {
		t.Errorf("a name that this module does not give: %+v", all)
	}
}

// A certificate that the URI names by what one module says of it is used through the better
// one, and through the first where that does not show it.
func TestChooseThroughTheOther(t *testing.T) {
	by := Info{Module: "/a.so", Certificates: []Certificate{{DER: []byte("own"), ID: []byte{1}}, {DER: []byte("more"), ID: []byte{2}}}}
	use := Info{Module: "/b.so", Certificates: []Certificate{{DER: []byte("own"), ID: []byte{9}}}}
	i, c, err := match{by, use}.choose(URI{ID: []byte{1}})
	if err != nil || i.Module != "/b.so" || c.ID[0] != 9 {
		t.Errorf("%s, %+v, %v", i.Module, c, err)
	}
	i, c, err = match{by, use}.choose(URI{ID: []byte{2}})
	if err != nil || i.Module != "/a.so" || c.ID[0] != 2 {
		t.Errorf("%s, %+v, %v", i.Module, c, err)
	}
	if i, _, err = (match{by, use}).choose(URI{ID: []byte{3}}); err == nil || i.Module != "/a.so" {
		t.Errorf("%s, %v", i.Module, err)
	}
}

// CK_ULONG and CK_BBOOL as modules give them.
func TestAttributeValues(t *testing.T) {
	for n, c := range []struct {
		b    []byte
		n    byte
		want bool
	}{
		{[]byte{0, 0, 0, 0}, 0, true}, {[]byte{3, 0, 0, 0}, 3, true}, {[]byte{0, 0, 0, 3}, 3, true},
		{[]byte{0, 0, 0, 0}, 3, false}, {[]byte{3, 0, 0, 0}, 0, false}, {[]byte{3, 0, 0, 3}, 3, false}, {[]byte{4, 0, 0, 0}, 3, false},
	} {
		if isUlong(c.b, c.n) != c.want {
			t.Errorf("%d: % x is %d", n, c.b, c.n)
		}
	}
	for _, c := range []struct {
		b    []byte
		want bool
	}{{nil, false}, {[]byte{0}, false}, {[]byte{1}, true}, {[]byte{255}, true}, {[]byte{1, 0}, false}} {
		if isTrue(c.b) != c.want {
			t.Errorf("% x", c.b)
		}
	}
}
