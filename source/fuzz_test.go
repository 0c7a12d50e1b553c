package source_test

import (
	"context"
	"strings"
	"testing"

	"ctlclient/source"
)

// Whatever stands around it, a password in an address is told by no error, and nobody is
// asked for anything at such an address.
func FuzzRedact(f *testing.F) {
	f.Add("ftp://admin", "host/CTLFile.tlv")
	f.Add("tftp://a@b", "host:69/x")
	f.Add("http://%zz", "[::1/x")
	f.Add("://a\nb\n", "host/x")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "5ecret5ecret"
		if strings.Contains(before+after, "5ecret") || !strings.Contains(before, "://") || strings.ContainsAny(before[strings.Index(before, "://")+3:], "/?#") {
			return // no login stands there
		}
		address := before + ":" + secret + "@" + after
		if got := source.Redact(address); strings.Contains(got, secret) {
			t.Fatalf("%q becomes %q", address, got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := source.Fetch(ctx, address, source.Options{}); err == nil || strings.Contains(err.Error(), secret) {
			t.Fatalf("%q: %v", address, err)
		}
	})
}
