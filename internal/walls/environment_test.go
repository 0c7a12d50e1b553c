package walls

import (
	"regexp"
	"strings"
	"testing"
)

var setsEnvironment = regexp.MustCompile(`os\.(Setenv|Clearenv)\(|softhsm\.New\(`)

// The program does not change its own environment: what a module or another program is to
// find there is given to it alone. softhsm.New, for tests, does.
func TestEnvironmentStays(t *testing.T) {
	eachFile(t, func(name string, data []byte) {
		if strings.HasSuffix(name, "_test.go") || name == "softhsm/store.go" {
			return
		}
		if m := setsEnvironment.Find(data); m != nil {
			t.Errorf("%s: %s", name, m)
		}
	}, ".go")
}
