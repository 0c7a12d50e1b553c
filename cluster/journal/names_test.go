package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The name of a job never leads out of the store, also where there is something to
// find.
func TestJobNamesStayInside(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), "store")}
	j := create(t, s)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(filepath.Dir(s.Dir), j.Begin.ID)
	if err := os.Rename(filepath.Join(s.jobs(), j.Begin.ID), outside); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../../" + j.Begin.ID, "../../../" + filepath.Base(filepath.Dir(s.Dir)) + "/" + j.Begin.ID,
		outside, "./" + j.Begin.ID, j.Begin.ID + "/", j.Begin.ID + "\x00", "", ".", ".."} {
		if job, err := s.Open(id); !errors.Is(err, ErrNoJob) {
			t.Errorf("%q: %v, %v", id, job, err)
		}
	}
}
