package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/message"
)

func create(t testing.TB, s *Store) *Job {
	t.Helper()
	j, err := s.Create(Begin{Cluster: "hq", Job: "update", Name: "CTLFile.tlv", Note: map[string]string{"a": "b"}},
		[]byte("new"), []Content{{Node: "pub", Former: []byte("old")}, {Node: "sub"}, {Node: "alt", Former: []byte{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func TestJournalIsReadBack(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j := create(t, s)
	for _, e := range []Entry{
		{Kind: KindAct, Node: "pub", Step: "stage", State: Intent},
		{Kind: KindAct, Node: "pub", Step: "stage", State: Done, Stage: "1"},
		{Kind: KindAct, Node: "alt", Step: "stage", State: Intent},
		{Kind: KindAct, Node: "pub", Step: "commit", State: Done, Stage: "1"},
	} {
		if err := j.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Open(j.Begin.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if !reflect.DeepEqual(got.Begin, j.Begin) || !Same(got.New, []byte("new")) || !Same(got.Former["pub"], []byte("old")) ||
		!Same(got.Former["sub"], nil) || !Same(got.Former["alt"], []byte{}) {
		t.Errorf("read back %+v", got)
	}
	if len(got.Entries) != 5 || !got.Touched("commit") || got.Touched("restore") {
		t.Errorf("entries %+v", got.Entries)
	}
	if got.Uncertain("pub", "stage") || !got.Uncertain("alt", "stage") || len(got.Stages("pub", "stage")) != 0 {
		t.Error("a step with an answer is not told from one without")
	}
	if state, end := got.State(); state != "" || end != nil {
		t.Errorf("it has not ended, but %q", state)
	}
	if err := got.Append(Entry{Kind: KindEnd, State: "done"}); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("List: %v, %v", list, err)
	}
	if state, _ := list[0].State(); state != "done" {
		t.Errorf("state %q", state)
	}
}

// Wherever a power cut tears the log, what was synced before is there, and the next
// line stands alone.
func TestTornLog(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j := create(t, s)
	intact := j.size
	if err := j.Append(Entry{Kind: KindAct, Node: "pub", Step: "commit", State: Intent}); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(s.Dir, "jobs", j.Begin.ID, "log")
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for cut := intact; cut < int64(len(whole)); cut++ {
		for _, tail := range [][]byte{nil, {0, 0, 0}, []byte("\x00\n\x00\n")} {
			if err := os.WriteFile(log, append(bytes.Clone(whole[:cut]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := s.Open(j.Begin.ID)
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if len(got.Entries) != 1 {
				t.Fatalf("cut at %d: %d entries", cut, len(got.Entries))
			}
			if err := errors.Join(got.Append(Entry{Kind: KindEnd, State: "x"}), got.Close()); err != nil {
				t.Fatal(err)
			}
			got, err = s.Open(j.Begin.ID)
			if err != nil || len(got.Entries) != 2 {
				t.Fatalf("cut at %d, then a line: %v", cut, err)
			}
			got.Close()
		}
	}
}

func TestDamageIsNotBelieved(t *testing.T) {
	tests := []struct {
		name string
		harm func(dir string) error
		want string
	}{
		{"new file", func(d string) error { return os.WriteFile(filepath.Join(d, "new"), []byte("nev"), 0o600) }, "new is damaged"},
		{"former file", func(d string) error { return os.WriteFile(filepath.Join(d, "former-0"), nil, 0o600) }, "former-0 is damaged"},
		{"former file gone", func(d string) error { return os.Remove(filepath.Join(d, "former-0")) }, "former-0"},
		{"a line in the middle", func(d string) error {
			data, err := os.ReadFile(filepath.Join(d, "log"))
			if err != nil {
				return err
			}
			lines := bytes.SplitAfter(data, []byte("\n"))
			lines[1] = []byte("{\"kind\":\"act\n")
			return os.WriteFile(filepath.Join(d, "log"), bytes.Join(lines, nil), 0o600)
		}, "line 2 is damaged"},
		{"of another job", func(d string) error {
			data, err := os.ReadFile(filepath.Join(d, "log"))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(d, "log"), bytes.Replace(data, []byte(filepath.Base(d)), []byte("20000101T000000Z-0000"), 1), 0o600)
		}, "it is that of job"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &Store{Dir: t.TempDir()}
			j := create(t, s)
			for range 2 {
				if err := j.Append(Entry{Kind: KindAct, Node: "pub", Step: "commit", State: Intent}); err != nil {
					t.Fatal(err)
				}
			}
			if err := tt.harm(filepath.Join(s.Dir, "jobs", j.Begin.ID)); err != nil {
				t.Fatal(err)
			}
			_, err := s.Open(j.Begin.ID)
			var damaged *DamagedError
			if !errors.As(err, &damaged) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(message.Lines(damaged.Hints()).String(), j.Begin.ID) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNoSuchJob(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	for _, id := range []string{"", "../../etc", "20260101T000000Z-0000", "20260101T000000Z-0000/../x"} {
		if _, err := s.Open(id); !errors.Is(err, ErrNoJob) {
			t.Errorf("%q: %v", id, err)
		}
	}
	// A folder whose log never began is no job.
	if err := os.MkdirAll(filepath.Join(s.Dir, "jobs", "20260101T000000Z-0000"), 0o700); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List: %v, %v", list, err)
	}
}

// The order of jobs is that of their numbers, whatever the clock says.
func TestListIsNewestFirst(t *testing.T) {
	now := time.Date(2026, 3, 14, 22, 0, 0, 0, time.UTC)
	s := &Store{Dir: t.TempDir(), Now: func() time.Time { now = now.Add(-time.Hour); return now }}
	var want []string
	for range 6 {
		want = append([]string{create(t, s).Begin.ID}, want...)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range list {
		got = append(got, j.Begin.ID)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// A job whose publisher writes the new file learns it later, and keeps it then.
func TestContentThatComesLater(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j, err := s.Create(Begin{Cluster: "hq", Job: "migrate to-tokenless", Name: "CTLFile.tlv", Later: true,
		Steps: []Step{{Kind: "author", Arg: "utils ctl update CTLFile"}}}, nil, []Content{{Node: "pub", Former: []byte("old")}})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Job {
		t.Helper()
		got, err := s.Open(j.Begin.ID)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { got.Close() })
		return got
	}
	if _, known := open().Known(); known {
		t.Error("the file is known before it was written")
	}
	for _, data := range []string{"first", "second"} {
		if err := j.Adopt([]byte(data)); err != nil {
			t.Fatal(err)
		}
		got := open()
		if sum, known := got.Known(); !known || !Is([]byte(data), sum) || string(got.New) != data || len(got.Begin.Steps) != 1 {
			t.Errorf("read back %q, known %v, %+v", got.New, known, got.Begin)
		}
	}
	// A third without its line, as a power cut leaves it, is as if it were not there.
	if err := os.WriteFile(filepath.Join(s.Dir, "jobs", j.Begin.ID, "new-3"), []byte("third"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := open(); string(got.New) != "second" {
		t.Errorf("the third is taken: %q", got.New)
	}
}

// What was refused for certain is as if it had not been intended.
func TestTouched(t *testing.T) {
	for _, tt := range []struct {
		states string
		want   bool
	}{
		{"", false}, {"i", true}, {"id", true}, {"if", true}, {"ir", false}, {"iri", true}, {"irid", true}, {"ifir", true}, {"irir", false},
	} {
		s := &Store{Dir: t.TempDir()}
		j := create(t, s)
		for _, state := range tt.states {
			e := Entry{Kind: KindAct, Node: "pub", Step: "commit", State: map[rune]string{'i': Intent, 'd': Done, 'f': Failed, 'r': Refused}[state]}
			if err := j.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		if got := j.Touched("commit", "restore"); got != tt.want {
			t.Errorf("%q: touched %v", tt.states, got)
		}
	}
}

// Folders of jobs that never began go; jobs stay.
func TestTidy(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	j := create(t, s)
	never := filepath.Join(s.Dir, "jobs", "20200101T000000Z-0000")
	if err := os.MkdirAll(never, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(never, "new"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(never); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v", never, err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].Begin.ID != j.Begin.ID || list[0].Begin.Number != 1 {
		t.Errorf("jobs: %v, %v", list, err)
	}
}

// Lines that come side by side are all there, each once and whole.
func TestAppendSideBySide(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j := create(t, s)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if err := j.Append(Entry{Kind: KindAct, Node: fmt.Sprint(i), Step: "stage", State: Intent}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := s.Open(j.Begin.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	seen := map[string]int{}
	for _, e := range got.Entries {
		seen[e.Node]++
	}
	for i := range 64 {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			t.Errorf("line %d is there %d times", i, n)
		}
	}
	if !sameEntries(got.Entries, j.Entries) {
		t.Error("what is remembered is not what was written")
	}
}

// A full disk leaves no half line: /dev/full refuses every byte.
func TestFailedAppendLeavesNothing(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	j := create(t, s)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this system has no /dev/full")
	}
	if err != nil {
		t.Fatal(err)
	}
	good := j.log
	j.log = full
	if err := j.Append(Entry{Kind: KindEnd}); err == nil {
		t.Error("a line on a full disk is said to be safe")
	}
	full.Close()
	j.log = good
	if err := j.Append(Entry{Kind: KindEnd, State: "done"}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Open(j.Begin.ID)
	if err != nil || len(got.Entries) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Close()
}

func TestLock(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), "hq")}
	l, err := s.Lock("update")
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := s.Lock("mode"); !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Job != "update" {
		t.Errorf("second lock: %v", err)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if l, err = s.Lock("mode"); err != nil {
		t.Fatal(err)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// What is read and written again reads as the same; a torn line more changes nothing.
func FuzzDecode(f *testing.F) {
	s := &Store{Dir: f.TempDir()}
	j := create(f, s)
	for _, e := range []Entry{{Kind: KindAct, Node: "pub", Step: "commit", State: Failed, Err: "x"}, {Kind: KindResume, PID: 7},
		{Kind: KindEnd, State: "done", Nodes: []NodeEnd{{Name: "pub", Status: "Passed", SHA256: strings.Repeat("ab", 32)}}}} {
		if err := j.Append(e); err != nil {
			f.Fatal(err)
		}
	}
	log, err := os.ReadFile(filepath.Join(s.Dir, "jobs", j.Begin.ID, "log"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(log)
	f.Add(log[:len(log)-9])
	f.Add(append(bytes.Clone(log), 0, 0, '\n', 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, good, err := Decode(data)
		if err != nil {
			return
		}
		if good > len(data) || (good == 0) != (len(entries) == 0) {
			t.Fatalf("%d entries in %d bytes of %d", len(entries), good, len(data))
		}
		var out []byte
		for _, e := range entries {
			line, err := e.encode()
			if err != nil {
				return // a year that JSON does not write; such a line is never written here
			}
			out = append(out, line...)
		}
		again, _, err := Decode(out)
		if err != nil || !sameEntries(again, entries) {
			t.Fatalf("changed (%v):\n%+v\n%+v", err, entries, again)
		}
		torn, tornGood, err := Decode(append(bytes.Clone(data[:good]), `{"kind":"en`...))
		if err != nil || tornGood != good || !sameEntries(torn, entries) {
			t.Fatalf("a torn line changed what was there (%v)", err)
		}
	})
}

// sameEntries compares by what is written, where empty and absent are the same.
func sameEntries(a, b []Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, errX := a[i].encode()
		y, errY := b[i].encode()
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}
