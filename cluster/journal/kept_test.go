package journal

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// What a job writes down of itself is its own: who runs it, and which nodes it found, in order,
// with a content kept for each that had one.
func TestWhatAJobBeginsWith(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j, err := s.Create(Begin{PID: 1, Nodes: []NodeBegin{{Name: "stranger"}}}, []byte("new"),
		[]Content{{Node: "pub", Former: []byte("old")}, {Node: "sub"}, {Node: "alt", Former: []byte("older")}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if j.Begin.PID != os.Getpid() {
		t.Errorf("process %d", j.Begin.PID)
	}
	want := []NodeBegin{{Name: "pub", Former: digest([]byte("old"))}, {Name: "sub"}, {Name: "alt", Former: digest([]byte("older"))}}
	if !reflect.DeepEqual(j.Begin.Nodes, want) {
		t.Errorf("nodes %+v", j.Begin.Nodes)
	}
	if !Same(j.Former["pub"], []byte("old")) || j.Former["sub"] != nil || !Same(j.Former["alt"], []byte("older")) || !Same(j.New, []byte("new")) {
		t.Errorf("contents %q, new %q", j.Former, j.New)
	}
	if _, err := os.Stat(filepath.Join(j.dir, "former-1")); err == nil {
		t.Error("a node without a file has one kept")
	}
	if err := j.Adopt([]byte("newer")); err != nil || !Same(j.New, []byte("newer")) {
		t.Errorf("%v: %q", err, j.New)
	}
}

// A journal that cannot be read hides none of the others, and is told; what is no journal is
// not taken for one; a content that is gone is no content of none.
func TestListBesideDamage(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	good, bad := create(t, s), create(t, s)
	if err := bad.Append(Entry{Kind: KindAct, Node: "pub", Step: "commit", State: Intent}); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(bad.dir, "log"))
	if err == nil {
		err = os.WriteFile(filepath.Join(bad.dir, "log"), append([]byte("no line of a journal\n"), log...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	jobs := filepath.Join(s.Dir, "jobs")
	if err := errors.Join(os.WriteFile(filepath.Join(jobs, "20260101T000000Z-abcd"), nil, 0o600), os.Mkdir(filepath.Join(jobs, "notes"), 0o700)); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	var damaged *DamagedError
	if len(list) != 1 || list[0].Begin.ID != good.Begin.ID || !errors.As(err, &damaged) || damaged.ID != bad.Begin.ID {
		t.Errorf("%d jobs, %v", len(list), err)
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) && len(joined.Unwrap()) != 1 {
		t.Errorf("more than the damage is told: %v", err)
	}
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bad.dir); err != nil {
		t.Errorf("the damaged journal was tidied away: %v", err)
	}
	if err := os.Remove(filepath.Join(good.dir, "former-0")); err != nil {
		t.Fatal(err)
	}
	if j, err := s.Open(good.Begin.ID); !errors.As(err, &damaged) {
		t.Errorf("a content is gone: %+v, %v", j, err)
	}
}

// A job under another name than its own is not counted.
func TestNumberOfARenamedJob(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	create(t, s)
	second := create(t, s)
	if err := os.Rename(second.dir, filepath.Join(s.Dir, "jobs", "20990101T000000Z-abcd")); err != nil {
		t.Fatal(err)
	}
	if third := create(t, s); third.Begin.Number != 2 {
		t.Errorf("number %d", third.Begin.Number)
	}
}
