package workflow_test

import (
	"fmt"
	"slices"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/workflow"
)

// foretold has the publisher write and compares every record with the plan's, byte for
// byte. Their order is the publisher's own affair.
func (b *bench) foretold(job workflow.TokenlessJob) *workflow.Result {
	b.t.Helper()
	r := b.tokenless(job)
	sorted := func(records []ctlbuild.Record) []string {
		var out []string
		for i := range records {
			rec := &records[i]
			out = append(out, fmt.Sprintf("%s %s %x", rec.Function(), rec.DNSName(), rec.Bytes()))
		}
		slices.Sort(out)
		return out
	}
	got, want := sorted(r.Plan.Draft.Records), sorted(r.List.Records)
	for _, rec := range want {
		if !slices.Contains(got, rec) {
			b.t.Errorf("written, and not foretold: %.60s", rec)
		}
	}
	for _, rec := range got {
		if !slices.Contains(want, rec) {
			b.t.Errorf("foretold, and not written: %.60s", rec)
		}
	}
	return r
}

// What the plan of a tokenless job shows is what the publisher then writes.
func TestTokenlessIsForetold(t *testing.T) {
	for _, version := range []string{"10.0", "10.5", "12.0"} {
		t.Run("from non-secure and back, "+version, func(t *testing.T) {
			b := newBench(t, lab.Options{Version: version, NonSecure: true, Phones: phonesThatAsk})
			b.foretold(workflow.TokenlessMixed)
			b.boot()
			r := b.foretold(workflow.TokenlessNonSecure)
			for _, h := range r.Plan.Hazards {
				if h.Rule == "full-records-in-non-secure-mode" {
					t.Errorf("warned of what the publisher does not do: %s", h.Message)
				}
			}
			b.boot()
			b.foretold(workflow.TokenlessMixed)
		})
	}
	t.Run("from tokens", func(t *testing.T) {
		migrated(t, lab.Options{Version: "12.0", Phones: phonesThatAsk}).foretold(workflow.TokenlessUpdate)
	})
	t.Run("certificates regenerated", func(t *testing.T) {
		b := newBench(t, lab.Options{Version: "10.5", Phones: phonesThatAsk})
		b.do(b.Regenerate("cucm-pub", "callmanager"))
		b.do(b.Regenerate("cucm-pub", "capf"))
		b.foretold(workflow.TokenlessUpdate)
	})
	t.Run("another cluster's anchor in Phone-SAST-trust", func(t *testing.T) {
		other := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
		b := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
		rec, _ := other.served("cucm-pub").Signer()
		b.do(b.TrustCertificate(rec.Certificate()))
		b.foretold(workflow.TokenlessUpdate)
	})
}
