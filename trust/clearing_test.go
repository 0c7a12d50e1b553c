package trust_test

import (
	"testing"

	"ctlclient/trust"
	"ctlclient/trust/trusttest"
)

// The ITL is deleted by hand only when all four conditions of the document hold.
func TestMustClear(t *testing.T) {
	s := trusttest.New(t)
	old, next := trust.Checksum(s.ITL.MD5()), trust.Checksum(s.NewITL.SHA1())
	for name, test := range map[string]struct {
		stuck trust.Stuck
		must  bool
		saved int // the step that saves the phone, from 0; -1 for none
	}{
		"all four":               {trust.Stuck{HeldChecksum: old, Held: s.ITL, Served: s.NewITL, TVS: s.NewTVS.DER, Fails: true}, true, -1},
		"same ITL":               {trust.Stuck{HeldChecksum: next, Served: s.NewITL, TVS: s.TVS.DER, Fails: true}, false, 0},
		"TVS still known":        {trust.Stuck{HeldChecksum: old, Held: s.ITL, Served: s.NewITL, TVS: s.TVS.DER, Fails: true}, false, 1},
		"no failure":             {trust.Stuck{HeldChecksum: old, Held: s.ITL, Served: s.NewITL, TVS: s.NewTVS.DER}, false, 2},
		"the key is in a backup": {trust.Stuck{HeldChecksum: old, Held: s.ITL, Served: s.NewITL, TVS: s.NewTVS.DER, Fails: true, KeyBackup: true}, false, 3},
		"little is known":        {trust.Stuck{Fails: true}, true, -1},
	} {
		must, steps := test.stuck.MustClear()
		if must != test.must || len(steps) != 4 {
			t.Errorf("%s: must %v, %v", name, must, steps)
			continue
		}
		for i, step := range steps {
			if step.OK != (i == test.saved) {
				t.Errorf("%s: %s %s", name, step.What, step.Outcome)
			}
		}
	}
}
