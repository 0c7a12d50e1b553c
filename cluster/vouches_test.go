package cluster

import (
	"errors"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
)

// TVS vouches for a signer of lists where it says SAST, or names no roles: a certificate that
// it knows in another role alone signs no list that a phone would take.
func TestVouchesForASigner(t *testing.T) {
	sast, tvs := byte(ctlbuild.SAST), byte(ctlbuild.TVS)
	for _, tc := range []struct {
		name string
		r    TVSResult
		want bool
	}{
		{"as a SAST", TVSResult{Answer: trust.Answer{Valid: true, Roles: []byte{tvs, sast}}}, true},
		{"without roles", TVSResult{Answer: trust.Answer{Valid: true}}, true},
		{"in another role alone", TVSResult{Answer: trust.Answer{Valid: true, Roles: []byte{tvs}}}, false},
		{"not at all", TVSResult{Answer: trust.Answer{Roles: []byte{sast}}}, false},
		{"not asked", TVSResult{Answer: trust.Answer{Valid: true, Roles: []byte{sast}}, Err: errors.New("silent")}, false},
	} {
		if got := tc.r.Vouches(); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}
