package release_test

import (
	"errors"
	"strings"
	"testing"

	"ctlclient/trust/release"
)

func parse(t testing.TB, s string) release.Version {
	t.Helper()
	v, err := release.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each line is in ascending order; what stands in one field is the same.
func TestOrder(t *testing.T) {
	for _, line := range []string{
		"8.0(3) 8.6.2.23900-10|8.6(2a) 9.1(2) 10.0 10.5(1) 10.5(2)SU2a|10.5.2.12901-1 11.5.1.10000-6 11.5.1.18900-97|11.5(1)SU8 11.5.1.21900-40|11.5(1)SU9 12.0(1) 12.5(1)SU1",
		"12.5.1.10000-22|12.5.1.11001-1 12.5.1.11900-146|12.5(1)SU1|12.5.1.12018-1 12.5.1.12900-115|12.5(1)SU2|12.5.1.13018-1 12.5.1.13900-152 12.5(1)SU5|12.5.1.15900-66 14.0.1.10000-20 14SU1 14.0(1)SU3|14SU3|14 su 3|14.0.1.13900-155 14SU4 15.0.1.10000-32 15.0.1.13900-155|15SU3",
		"11 12.0 12.5 14 15",
	} {
		fields := strings.Fields(strings.ReplaceAll(line, "14 su 3", "14su3"))
		for i, f := range fields {
			for j, g := range fields {
				for _, a := range strings.Split(f, "|") {
					for _, b := range strings.Split(g, "|") {
						if i == j && len(strings.Split(f, "|")) > 1 && strings.HasPrefix(a, "8") {
							continue // its service update is not known
						}
						if yes, known := parse(t, a).AtLeast(parse(t, b)); !known || yes != (i >= j) {
							t.Errorf("%s at least %s: %v, known %v", a, b, yes, known)
						}
					}
				}
			}
		}
	}
}

func TestNotKnown(t *testing.T) {
	for _, c := range []struct {
		v         release.Version
		least     release.Version
		yes, know bool
	}{
		{release.Version{}, release.Of(8, 0), false, false},
		{parse(t, "12"), release.Of(12, 0), true, true},
		{parse(t, "12"), release.Of(12, 5), false, false},
		{parse(t, "12"), release.Of(11, 5), true, true},
		{parse(t, "12"), release.Of(14, 0), false, true},
		{parse(t, "14"), release.SU(14, 0, 3), false, false},
		{parse(t, "14.0(1)"), release.SU(14, 0, 3), false, false},
		{parse(t, "14.0.1.10000-20"), release.SU(14, 0, 3), false, true},
		{parse(t, "14SU3"), release.SU(14, 0, 3), true, true},
		{parse(t, "15"), release.SU(14, 0, 3), true, true},
		{parse(t, "12.5(1)SU7"), release.SU(14, 0, 3), false, true},
		{parse(t, "8.6.2.23900-10"), release.SU(8, 6, 3), true, true}, // 8.6(2) is above 8.6(1)SU3
	} {
		if yes, known := c.v.AtLeast(c.least); yes != c.yes || known != c.know {
			t.Errorf("%s at least %s: %v, known %v", c.v, c.least, yes, known)
		}
	}
	if n, ok := parse(t, "12").Minor(); ok || n != 0 {
		t.Errorf("the minor of 12 is known to be %d", n)
	}
	if n, ok := parse(t, "12.5(1)SU5").Minor(); !ok || n != 5 || parse(t, "12.5").Major() != 12 {
		t.Errorf("the minor of 12.5 is %d, %v", n, ok)
	}
}

func TestWhatIsNoVersion(t *testing.T) {
	for _, s := range []string{"", "new", "12.0 new", "v12", "12.5(1", "12.5.1.10000-22.", "2.0", "12..5", "12.5.1.1-1", "SU3", "14SU", "10,5", "-12", "100", "12.5.1.10000-22; rm", "１２.5", "127.0.0.1"} {
		if v, err := release.Parse(s); !errors.Is(err, release.ErrVersion) || v.Known() {
			t.Errorf("%q is %v, %v", s, v, err)
		}
	}
	if v := parse(t, " 12.5(1)SU5\n"); v.String() != "12.5(1)SU5" {
		t.Errorf("it is written %q", v)
	}
}

// Whatever is a version is written as it was, is at least itself, and of two that can
// be compared both ways one is at least the other.
func FuzzParse(f *testing.F) {
	f.Add("15.0.1.13900-155", "14.0(1)SU3")
	f.Add("14SU3", "12.5(1)SU5")
	f.Add("12.5.1.10000-22", "10.5(2)")
	f.Add("15", "127.0.0.1")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := release.Parse(a)
		if err != nil {
			return
		}
		if again, err := release.Parse(v.String()); err != nil || again != v {
			t.Errorf("%q is written %q, which is %v, %v", a, v, again, err)
		}
		if yes, known := v.AtLeast(v); !yes || !known {
			t.Errorf("%s is not at least itself", v)
		}
		w, err := release.Parse(b)
		if err != nil {
			return
		}
		x, known1 := v.AtLeast(w)
		y, known2 := w.AtLeast(v)
		if known1 && known2 && !x && !y {
			t.Errorf("neither of %s and %s is at least the other", v, w)
		}
	})
}
