package workflow

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"ctlclient/protocol/platform"
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

// version of the cluster: as the profile says, or as its administration CLI said.
func (s *Session) version() (version, bool) {
	if v, ok := parseVersion(s.Cluster.Profile.Version); ok {
		return v, true
	}
	return parseVersion(s.active)
}

// learnVersion asks the publisher's administration CLI where the profile does not
// say. A publisher that does not answer there leaves the version unknown.
func (s *Session) learnVersion(ctx context.Context) {
	if _, known := s.version(); known {
		return
	}
	err := s.onPublisher(ctx, func(c *platform.Client) (err error) {
		s.active, err = c.Version(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.warn("the cluster's version is not known: " + err.Error())
	}
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }
