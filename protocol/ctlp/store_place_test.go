package ctlp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that is replaced while it is served (a restore, a mount) is found out at the
// next request, whichever it is: nothing is written into the one that is gone, and
// nothing is read from it as if it were served.
func TestReplacedFolder(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "one"})
	id := mustStage(t, s, "two", digest("one"))
	gone := s.Dir() + ".gone"
	if err := os.Rename(s.Dir(), gone); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(gone) })
	check := func(what string, err error) {
		t.Helper()
		se := wantStatus(t, err, Internal)
		if !errors.Is(err, ErrReplaced) || !strings.Contains(se.Message, "restart the CTL Provider") {
			t.Errorf("%s: %v, want ErrReplaced", what, err)
		}
	}
	all := func() {
		t.Helper()
		_, err := s.Get(ctlFile)
		check("get", err)
		_, err = s.Commit(id)
		check("commit", err)
		_, err = s.Stage(ctlFile, []byte("three"), digest("one"), nil)
		check("stage", err)
		_, err = s.Delete(ctlFile, digest("one"))
		check("delete", err)
	}
	all() // nothing has its name
	if err := os.Mkdir(s.Dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), ctlFile), []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	all() // another folder has its name, with the same file in it
	wantFiles(t, s.Dir(), map[string]string{ctlFile: "one"})
	if b, err := os.ReadFile(filepath.Join(gone, ctlFile)); err != nil || string(b) != "one" {
		t.Errorf("the folder that is gone has %q, %v", b, err)
	}
	// Put back, it is served again.
	if err := os.RemoveAll(s.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(gone, s.Dir()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(id); err != nil {
		t.Error(err)
	}
	wantFiles(t, s.Dir(), map[string]string{ctlFile: "two", ctlFile + ".previous": "one"})
}

// What would keep the former file from being kept is found at the stage.
func TestFormerCannotBeKept(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "one"})
	if err := os.Mkdir(s.path(ctlFile+".previous"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := s.Stage(ctlFile, []byte("two"), digest("one"), nil)
	if se := wantStatus(t, err, Internal); !strings.Contains(se.Message, "folder") {
		t.Errorf("%v", err)
	}
	entries, err := os.ReadDir(s.Dir())
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v are left", entries, err)
	}
}

// The former file is the very one that was live, also where its second name was taken
// away, or where the same bytes were put there again in between.
func TestFormerIsPreparedAnew(t *testing.T) {
	for what, meanwhile := range map[string]func(t *testing.T, s *Store, st *stage){
		"its second name is gone": func(t *testing.T, s *Store, st *stage) {
			if err := s.root.Remove(st.former); err != nil {
				t.Fatal(err)
			}
		},
		"the same bytes in another file": func(t *testing.T, s *Store, _ *stage) {
			if err := os.WriteFile(s.path("other"), []byte("one"), 0o640); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(s.path("other"), s.path(ctlFile)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := openStore(t, map[string]string{ctlFile: "one"})
			id := mustStage(t, s, "two", digest("one"))
			meanwhile(t, s, s.stages[id])
			live, err := os.Stat(s.path(ctlFile))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Commit(id); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, s.Dir(), map[string]string{ctlFile: "two", ctlFile + ".previous": "one"})
			if kept, err := os.Stat(s.path(ctlFile + ".previous")); err != nil || !os.SameFile(live, kept) {
				t.Errorf("another file is kept: %v", err)
			}
		})
	}
}
