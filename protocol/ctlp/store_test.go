package ctlp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func openStore(t testing.TB, files map[string]string) *Store {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func digest(content string) *[32]byte {
	sum := sha256.Sum256([]byte(content))
	return &sum
}

func mustStage(t testing.TB, s *Store, content string, expect *[32]byte) StageID {
	t.Helper()
	id, err := s.Stage(ctlFile, []byte(content), expect, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCommitKeepsFormer(t *testing.T) {
	s := openStore(t, nil)
	want := map[string]string{}
	var expect *[32]byte
	for _, content := range []string{"one", "two", "three"} {
		if _, err := s.Commit(mustStage(t, s, content, expect)); err != nil {
			t.Fatal(err)
		}
		if was, ok := want[ctlFile]; ok {
			want[ctlFile+".previous"] = was
		}
		want[ctlFile] = content
		wantFiles(t, s.Dir(), want)
		expect = digest(content)
	}
	info, err := os.Stat(filepath.Join(s.Dir(), ctlFile))
	if err != nil || info.Mode() != newFileMode {
		t.Errorf("a new file has mode %v, %v", info.Mode(), err)
	}
}

// A crash between the former file's second name and the commit leaves both names
// on one file; the next commit must not trip over that.
func TestCommitAfterCrash(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "one"})
	live := filepath.Join(s.Dir(), ctlFile)
	if err := os.Link(live, live+".previous"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(mustStage(t, s, "two", digest("one"))); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, s.Dir(), map[string]string{ctlFile: "two", ctlFile + ".previous": "one"})
}

func TestExpect(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		expect *[32]byte
		want   Status
	}{
		{"none there, none expected", nil, nil, OK},
		{"none there, one expected", nil, digest("one"), Conflict},
		{"one there, none expected", map[string]string{ctlFile: "one"}, nil, Conflict},
		{"one there, another expected", map[string]string{ctlFile: "one"}, digest("two"), Conflict},
		{"one there, it is expected", map[string]string{ctlFile: "one"}, digest("one"), OK},
	} {
		t.Run("stage, "+c.name, func(t *testing.T) {
			s := openStore(t, c.files)
			id, err := s.Stage(ctlFile, []byte("new"), c.expect, nil)
			if StatusOf(err) != c.want || (c.want == OK && err != nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				if err := s.Abort(id); err != nil {
					t.Error(err)
				}
			}
			wantFiles(t, s.Dir(), c.files)
		})
		t.Run("delete, "+c.name, func(t *testing.T) {
			s := openStore(t, c.files)
			want := c.want
			if c.files == nil {
				want = NotFound
			}
			_, err := s.Delete(ctlFile, c.expect)
			if StatusOf(err) != want || (want == OK && err != nil) {
				t.Fatalf("%v, want %v", err, want)
			}
			if err != nil {
				wantFiles(t, s.Dir(), c.files)
			} else {
				wantFiles(t, s.Dir(), map[string]string{ctlFile + ".previous": "one"})
			}
		})
	}
}

// The live file changes between stage and commit.
func TestCommitConflict(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "one"})
	id := mustStage(t, s, "two", digest("one"))
	if err := os.WriteFile(filepath.Join(s.Dir(), ctlFile), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := s.Commit(id)
	wantStatus(t, err, Conflict)
	if err := s.Abort(id); err != nil {
		t.Error("the stage is gone after the conflict:", err)
	}
	wantFiles(t, s.Dir(), map[string]string{ctlFile: "other"})
}

// Of many that stage over the same file one wins, and the others learn of it.
func TestCommitRace(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "old"})
	const writers = 8
	ids := make([]StageID, writers)
	for i := range ids {
		ids[i] = mustStage(t, s, fmt.Sprintf("new %d", i), digest("old"))
	}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { _, errs[i] = s.Commit(id) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		if err == nil {
			if winner >= 0 {
				t.Fatalf("%d and %d both committed", winner, i)
			}
			winner = i
			continue
		}
		wantStatus(t, err, Conflict)
		if err := s.Abort(ids[i]); err != nil {
			t.Error(err)
		}
	}
	wantFiles(t, s.Dir(), map[string]string{ctlFile: fmt.Sprintf("new %d", winner), ctlFile + ".previous": "old"})
}

func TestStageEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, map[string]string{ctlFile: "one"})
		id := mustStage(t, s, "two", digest("one"))
		time.Sleep(StageLifetime - time.Second)
		synctest.Wait()
		if entries, _ := os.ReadDir(s.Dir()); len(entries) != 3 { // with the second name of the live file
			t.Fatalf("%v: the stage is gone before its time", entries)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		_, err := s.Commit(id)
		wantStatus(t, err, NotFound)
		wantStatus(t, s.Abort(id), NotFound)
		wantFiles(t, s.Dir(), map[string]string{ctlFile: "one"})
	})
}

func TestCloseRemovesStages(t *testing.T) {
	s := openStore(t, nil)
	mustStage(t, s, "two", nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, s.Dir(), nil)
}

// What a program that died left is removed; what only looks like it is not.
func TestOpenRemovesStale(t *testing.T) {
	stay := map[string]string{
		ctlFile:               "one",
		ctlFile + ".previous": "zero",
		".hidden.stage":       "not ours",
		"CTLFile.tlv.00112233445566778899aabbccddeeff.stage": "no dot before it",
	}
	files := map[string]string{
		".CTLFile.tlv.00112233445566778899aabbccddeeff.stage":  "half",
		".CTLFile.tlv.00112233445566778899aabbccddeeff.former": "one",
	}
	for k, v := range stay {
		files[k] = v
	}
	s := openStore(t, files)
	wantFiles(t, s.Dir(), stay)
}

func TestTooManyStages(t *testing.T) {
	s := openStore(t, nil)
	for range MaxStages {
		mustStage(t, s, "x", nil)
	}
	_, err := s.Stage(ctlFile, []byte("x"), nil, nil)
	wantStatus(t, err, Busy)
}

func TestFileSizes(t *testing.T) {
	s := openStore(t, map[string]string{"long": strings.Repeat("x", MaxFile+1), "fits": strings.Repeat("x", MaxFile)})
	_, err := s.Get("long")
	wantStatus(t, err, Internal)
	_, err = s.Stage(ctlFile, make([]byte, MaxFile+1), nil, nil)
	wantStatus(t, err, Malformed)
	if f, err := s.Get("fits"); err != nil || len(f.Data) != MaxFile {
		t.Errorf("%d bytes, %v", len(f.Data), err)
	}
}

func TestCheckIsAsked(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile: "one"})
	refusal := refuse(BadList, "no")
	_, err := s.Stage(ctlFile, []byte("two"), digest("one"), func(old, new []byte) error {
		if string(old) != "one" || string(new) != "two" {
			t.Errorf("asked about %q and %q", old, new)
		}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("%v, want the check's error", err)
	}
	wantFiles(t, s.Dir(), map[string]string{ctlFile: "one"})
}

func TestNames(t *testing.T) {
	s := openStore(t, map[string]string{ctlFile + ".previous": "former"})
	outside := filepath.Join(filepath.Dir(s.Dir()), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", ".", "..", ".hidden", "../outside", "..\\outside", "/etc/passwd", outside, "a/b", "a\\b", "C:x",
		"a\x00b", "a\nb", "a\x7fb", "a\u202eb", "\xff", "x?", "x*", `x"`, "x|", "x<", "x>", "dot.", "blank ",
		"CON", "nul.tlv", "com1", "LPT9.txt", "aux .tlv", strings.Repeat("x", maxName+1),
	} {
		if _, err := s.Get(name); StatusOf(err) != Malformed {
			t.Errorf("get %q: %v", name, err)
		}
		if _, err := s.Stage(name, nil, nil, nil); StatusOf(err) != Malformed {
			t.Errorf("stage %q: %v", name, err)
		}
		if _, err := s.Delete(name, nil); StatusOf(err) != Malformed {
			t.Errorf("delete %q: %v", name, err)
		}
	}
	for _, name := range []string{ctlFile, "CTLSEP0011215A1AE3.tlv", "SEP0011215A1AE3.cnf.xml.sgn", "com", "COM1x", "Über alles",
		strings.Repeat("x", maxName)} {
		id, err := s.Stage(name, []byte("x"), nil, nil)
		if err == nil {
			_, err = s.Commit(id)
		}
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	// The former file is there to be read, and only that.
	former := ctlFile + ".previous"
	if f, err := s.Get(former); err != nil || string(f.Data) != "former" {
		t.Errorf("%q, %v", f.Data, err)
	}
	if _, err := s.Stage(former, nil, digest("former"), nil); StatusOf(err) != Malformed {
		t.Error("stage of a former file:", err)
	}
	if _, err := s.Delete(former, digest("former")); StatusOf(err) != Malformed {
		t.Error("delete of a former file:", err)
	}
}

// What is no file of the folder is not served, and not replaced either.
func TestOnlyRegularFiles(t *testing.T) {
	s := openStore(t, map[string]string{"real": "x"})
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"out": outside, "in": "real", "nowhere": "missing"} {
		if err := os.Symlink(target, filepath.Join(s.Dir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.Dir(), "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out", "in", "nowhere", "folder"} {
		_, err := s.Get(name)
		wantStatus(t, err, Internal)
		_, err = s.Stage(name, []byte("x"), nil, nil)
		wantStatus(t, err, Internal)
		_, err = s.Stage(name, []byte("x"), digest("secret"), nil)
		wantStatus(t, err, Internal)
		_, err = s.Delete(name, digest("secret"))
		wantStatus(t, err, Internal)
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "secret" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestOpenStoreMissing(t *testing.T) {
	if _, err := OpenStore(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
}
