package lab_test

import (
	"testing"

	"ctlclient/lab"
)

// A folder says what lab it holds before anything is started; a fault that is asked for befalls a lab
// that comes back as it befalls a new one.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	if e, err := lab.Find(dir); e != nil || err != nil {
		t.Fatalf("an empty folder: %+v, %v", e, err)
	}
	o := lab.Options{Dir: dir, Nodes: 1, CUCM: true, Version: "14SU3", Firewall: true, Crowd: 3}
	for _, fault := range []string{lab.FaultRate, lab.FaultRefuseUpload} {
		o.Faults = map[string]int{fault: 1}
		l, err := lab.Up(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if st := l.Status(); st.Faults[fault] != 1 {
			t.Errorf("%s was not asked for: %v", fault, st.Faults)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	e, err := lab.Find(dir)
	if err != nil || e == nil {
		t.Fatalf("%+v, %v", e, err)
	}
	if e.Nodes != 1 || !e.CUCM || !e.Firewall || e.AltTFTP || e.Crowd != 3 || e.KeyBits != 2048 || !e.Mixed || e.NoITL {
		t.Errorf("%+v", e)
	}
	for version, want := range map[string]bool{"14SU3": true, "14.0.1.13900-42": true, "14.0": false, "12.5": false, "soon": false, "": false} {
		if e.Is(version) != want {
			t.Errorf("%q: %v", version, !want)
		}
	}
}
