package token

import (
	"path/filepath"
	"strings"
)

// A token that several modules show (OpenSC and the maker's own, say) is one token. It
// may be named by what any of them says, and is used through the one that is best for
// signing.

// Distinct lists each token once, as it is used: see the order of rank.
func Distinct(infos []Info) []Info {
	var out []Info
	for _, views := range group(infos) {
		out = append(out, best(views))
	}
	return out
}

// group puts together what several modules show of one token.
func group(infos []Info) [][]Info {
	var groups [][]Info
	for _, i := range infos {
		if n := groupOf(groups, i); n >= 0 {
			groups[n] = append(groups[n], i)
		} else {
			groups = append(groups, []Info{i})
		}
	}
	return groups
}

// groupOf finds the token that i is another view of, -1 when there is none. Of two that
// it may be (a pair made alike), the one with its serial number is meant.
func groupOf(groups [][]Info, i Info) int {
	found := -1
	for n, views := range groups {
		if !oneToken(views, i) {
			continue
		}
		if found < 0 || views[0].Serial == i.Serial && groups[found][0].Serial != i.Serial {
			found = n
		}
	}
	return found
}

// oneToken tells whether i is another module's view of a token.
func oneToken(views []Info, i Info) bool {
	for _, v := range views {
		if v.sameModule(i) {
			return false // a module shows a token once
		}
	}
	for _, v := range views {
		if v.isSeenAs(i) {
			return true
		}
	}
	return false
}

// isSeenAs tells whether two modules show the same token: by a certificate that both
// show, not counting those of issuers, which many tokens hold; where one of them shows
// none, by label and serial number.
func (i Info) isSeenAs(o Info) bool {
	if len(i.Certificates) > 0 && len(o.Certificates) > 0 {
		for _, c := range i.Certificates {
			if _, ok := o.holding(c.DER); ok && !i.issued(c) && !o.issued(c) {
				return true
			}
		}
		return false
	}
	if i.Label != o.Label || i.Serial != o.Serial || i.twin || o.twin {
		return false
	}
	return strings.Trim(i.Serial, "0 ") != "" || i.Model == o.Model
}

// best is the view through which a token is used.
func best(views []Info) Info {
	b := views[0]
	for _, v := range views[1:] {
		if v.rank() < b.rank() {
			b = v
		}
	}
	return b
}

// rank is lower the better a module is for a token: one that can sign with it before
// one that cannot, the maker's before a general one, and what stands between the
// program and another module last.
func (i Info) rank() int {
	r := 0
	if !i.signs {
		r = 10
	}
	name := filepath.Base(i.Module)
	for n, general := range [][]string{{"opensc-pkcs11", "onepin-opensc-pkcs11"}, {"p11-kit", "libp11-kit", "pkcs11-spy"}} {
		for _, prefix := range general {
			if strings.HasPrefix(name, prefix) {
				return r + n + 1
			}
		}
	}
	return r
}

// match is a token that a URI fits: the view by which it does, and the view to use.
type match struct{ by, use Info }

// choose finds the certificate that the URI means, in the view to use. Modules may give
// it other ids; a certificate that the other view alone shows is used through that.
func (m match) choose(u URI) (Info, Certificate, error) {
	c, err := m.by.choose(u)
	if err != nil || m.by.same(m.use) {
		return m.by, c, err
	}
	if seen, ok := m.use.holding(c.DER); ok {
		return m.use, seen, nil
	}
	return m.by, c, nil
}

// matches lists the tokens that a URI fits. One that names a module, or a slot of one,
// is used through that.
func (u URI) matches(infos []Info) []match {
	var all []match
	for _, views := range group(infos) {
		var fit []Info
		for _, i := range views {
			if u.fitsToken(i) && u.fitsModule(i.Module) {
				fit = append(fit, i)
			}
		}
		if len(fit) == 0 {
			continue
		}
		m := match{by: best(fit), use: best(views)}
		if u.namesModule() {
			m.use = m.by
		}
		all = append(all, m)
	}
	return all
}

// namesModule tells whether a URI says through which module its token is meant.
func (u URI) namesModule() bool {
	return u.ModulePath != "" || u.ModuleName != "" || u.SlotID != nil || u.SlotDescription != "" || u.SlotManufacturer != "" ||
		u.LibraryDescription != "" || u.LibraryManufacturer != "" || u.LibraryVersion != ""
}
