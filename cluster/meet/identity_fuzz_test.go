package meet

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Kept identities that are read hold what they say: a server is known by the
// fingerprint kept, and by no other; what is kept anew replaces it alone. A file that
// cannot be read never counts as an empty one, for which a changed server would be new.
func FuzzIdentities(f *testing.F) {
	f.Add([]byte(`[{"node":"pub","kind":"TLS certificate","port":2444,"fingerprint":"SHA256:abc","kept":"2026-03-14T22:01:03Z"}]`))
	f.Add([]byte(`[{"node":"pub","kind":"SSH host key","port":22,"fingerprint":"SHA256:1"},{"node":"pub","kind":"SSH host key","port":2222,"fingerprint":"SHA256:2"}]`))
	f.Add([]byte(`[]`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "identities.json")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return time.Date(2026, 3, 14, 22, 1, 3, 0, time.UTC) }
		ids, err := Open(file, "", nil, now)
		if err != nil {
			return
		}
		if len(ids.held) == 0 {
			return
		}
		k := ids.held[0]
		w := Server{Node: k.Node, Kind: k.Kind, Port: k.Port}
		known := ids.find(w)
		var changed *IdentityError
		if err := ids.Check(w, known+"x", nil); known != "" && (!errors.As(err, &changed) || changed.Want != known) {
			t.Errorf("%+v presents another fingerprint: %v", k, err)
		}
		before := len(ids.held)
		if err := ids.keep(w, "SHA256:new"); err != nil {
			t.Fatal(err)
		}
		again, err := Open(file, "", nil, now)
		if err != nil || again.find(w) != "SHA256:new" || len(again.held) > before {
			t.Fatalf("kept and read again: %v, %+v", err, again)
		}
	})
}
