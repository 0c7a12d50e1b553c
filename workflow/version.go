package workflow

import (
	"fmt"
	"regexp"
	"strconv"
)

// version of a cluster's software: major, minor.
type version struct{ major, minor int }

var versionPattern = regexp.MustCompile(`(?:^|[^0-9.])(\d{1,2})\.(\d{1,2})(?:[.(\s]|$)`)

// parseVersion finds "11.5", "12.5.1.10000-22" or "10.5(2)" in a text.
func parseVersion(text string) (version, bool) {
	m := versionPattern.FindStringSubmatch(text)
	if m == nil {
		return version{}, false
	}
	major, _ := strconv.Atoi(m[1]) // one or two digits
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}, true
}

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }
