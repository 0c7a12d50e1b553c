package workflow

import (
	"errors"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
)

// What was signed is looked at once more, from its bytes: a file that phones refuse against
// what the plan foretold goes to no node.
func TestSignedFileIsLookedAtAgain(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	held := c.ETokens(t)
	stranger := ctltest.New(t, ctltest.Token("SAST-ADN00badbad", []byte{0xba, 0xdb, 0xad}))
	d := ctlbuild.Edit(held)
	if _, err := d.AddToken(stranger.DER); err != nil {
		t.Fatal(err)
	}
	signed := ctltest.Sign(t, d, stranger)
	phone := trust.Phone{Name: "SEP000E38C07940", Model: "7940", CTL: held}
	for name, tc := range map[string]struct {
		list      *ctlbuild.List
		foretold  bool // that the phone accepts
		agreed    bool // to lose phones
		wantError bool
	}{
		"a loss that nobody foretold":  {signed, true, false, true},
		"a loss that was agreed to":    {signed, true, true, false},
		"a loss that was foretold":     {signed, false, false, false},
		"the phone accepts, as it was": {held, true, false, false},
	} {
		s := session(&script{}, Options{AcceptLoss: tc.agreed})
		s.Fleet = []trust.Phone{phone}
		p := &Plan{Job: JobUpdate, Verdicts: []trust.Verdict{{Phone: phone, Accept: tc.foretold, Certain: true}}}
		err := s.recheck(t.Context(), p, tc.list)
		var e *Error
		if stopped := errors.As(err, &e) && e.Reason == PhonesLost && strings.Contains(err.Error(), phone.Name); stopped != tc.wantError || (err != nil) != tc.wantError {
			t.Errorf("%s: %v", name, err)
		}
	}
	bytes := append([]byte(nil), held.Bytes()...)
	bytes[len(bytes)-1] ^= 1
	damaged, err := ctlbuild.Parse(bytes)
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	s := session(&script{}, Options{})
	if err := s.recheck(t.Context(), &Plan{}, damaged); !errors.As(err, &e) || e.Reason != FilesBad {
		t.Errorf("a file that does not verify: %v", err)
	}
}
