// Package release reads the versions of CUCM in every way in which Cisco and people
// write them, and compares them as far as they say enough.
//
//	15.0.1.13900-155   as show version active prints it
//	12.5(1)SU5, 14SU3, 10.5(2), 15, 12.5   as documents and people write it
//
// Cisco numbers builds 10000 for the release and 1N900 for its Nth service update, with
// engineering specials above each (12.5.1.13018 stands between SU2 and SU3); after SU8
// it goes on with 21900. Before 10.0 the first digit counts letters, as in 7.1(5b), and
// the service update is not read from a build.
package release

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// ErrVersion is wrapped by every error of Parse.
var ErrVersion = message.NewError("no version of CUCM")

// unknown is a part of a version that was not written.
const unknown = -1

// Version of CUCM. The zero Version is not known, and compares as that.
type Version struct {
	major, minor, maintenance, su int // minor to su may be unknown; major 0: nothing is known
	text                          string
}

// Of is a release by its numbers, as rules name it: Of(12, 0), "12.0 and later".
func Of(major, minor int) Version {
	return Version{major: major, minor: minor, maintenance: unknown, su: unknown, text: fmt.Sprintf("%d.%d", major, minor)}
}

// SU is a service update of the first maintenance release, as rules name it:
// SU(14, 0, 3), "14SU3 and later".
func SU(major, minor, su int) Version {
	return Version{major: major, minor: minor, maintenance: 1, su: su, text: fmt.Sprintf("%d.%d(1)SU%d", major, minor, su)}
}

var (
	// 15.0.1.13900-155, 12.5.1.10000, 10.5.2
	dotted = lazyregexp.New(`^(\d{1,2})\.(\d{1,2})\.(\d{1,2})(?:\.(\d{4,5})(?:-\d{1,5})?)?$`)
	// 12.5(1)SU5, 14.0(1)SU3a, 14SU3, 10.5(2), 12.5, 15
	spoken = lazyregexp.New(`^(\d{1,2})(?:\.(\d{1,2}))?(?:\((\d{1,2})[a-z]?\))?(?: ?su ?(\d{1,2})[a-z]?)?$`)
)

// Parse reads a version. An error wraps ErrVersion.
func Parse(s string) (Version, error) {
	text := strings.TrimSpace(s)
	v := Version{text: text}
	if m := dotted.FindStringSubmatch(text); m != nil {
		v.major, v.minor, v.maintenance = number(m[1]), number(m[2]), number(m[3])
		v.su = serviceUpdate(v.major, number(m[4]))
	} else if m := spoken.FindStringSubmatch(strings.ToLower(text)); m != nil {
		v.major, v.minor, v.maintenance, v.su = number(m[1]), number(m[2]), number(m[3]), number(m[4])
	}
	if v.major < 3 {
		return Version{}, message.Errorf("%w: %q; versions are written 15.0.1.13900-155, 12.5(1)SU5, 14SU3 or 11.5", ErrVersion, s)
	}
	if v.minor == unknown && v.major >= 14 {
		// From 14 on there is one release a number, N.0(1).
		v.minor, v.maintenance = 0, 1
	}
	return v, nil
}

func number(digits string) int {
	if digits == "" {
		return unknown
	}
	n, _ := strconv.Atoi(digits) // few digits, and nothing else
	return n
}

// serviceUpdate is the last one that a build holds.
func serviceUpdate(major, build int) int {
	switch {
	case major < 10 || build < 10000 || build >= 30000:
		return unknown
	case build < 19000:
		return max(0, (build-9900)/1000-1)
	}
	return max(8, (build-9900)/1000-3)
}

// Known reports whether anything is known of the version.
func (v Version) Known() bool { return v.major > 0 }

// Major is 12 of 12.5(1)SU5; 0 when the version is not known.
func (v Version) Major() int { return v.major }

// Minor is 5 of 12.5(1)SU5; ok is false when it was not said.
func (v Version) Minor() (n int, ok bool) { return max(v.minor, 0), v.major > 0 && v.minor != unknown }

// String is the version as it was written; "" when it is not known.
func (v Version) String() string { return v.text }

// AtLeast compares with a release that a rule names. known is false where v does not
// say enough: "12" may be older or newer than 12.5, and 14 may be older than 14SU3.
func (v Version) AtLeast(other Version) (yes, known bool) {
	if !v.Known() || !other.Known() {
		return false, false
	}
	mine, theirs := v.parts(), other.parts()
	least := [...]int{0, 0, 1, 0} // the least that a part can be
	for i, want := range theirs {
		if want == unknown || want <= least[i] && mine[i] == unknown {
			continue
		}
		if mine[i] == unknown {
			return false, false
		}
		if c := cmp.Compare(mine[i], want); c != 0 {
			return c > 0, true
		}
	}
	return true, true
}

func (v Version) parts() [4]int { return [...]int{v.major, v.minor, v.maintenance, v.su} }

// Before reports a version that is known to be older than other.
func (v Version) Before(other Version) bool {
	yes, known := v.AtLeast(other)
	return known && !yes
}
