package sftp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/protocol/sftp"
	"ctlclient/protocol/sshconn"
)

const name = "CTLFile.tlv"

var (
	oldBytes = bytes.Repeat([]byte("old list "), 700)
	newBytes = bytes.Repeat([]byte("the new list "), 600)
)

func digest(data []byte) *[32]byte {
	d := sha256.Sum256(data)
	return &d
}

func put(t *testing.T, file string, data []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%s holds %d other bytes than expected", filepath.Base(file), len(got))
	}
}

// wantNames checks that nothing else is left in a folder.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	got := names(t, dir)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("folder has %q, want %q", got, want)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	return got
}

// onBoth runs a test against OpenSSH's server and against ours. folder is where
// the files are, dir what the client calls it.
func onBoth(t *testing.T, test func(t *testing.T, s server, folder, dir string)) {
	t.Run("openssh", func(t *testing.T) {
		folder := t.TempDir()
		test(t, startSSHD(t, ""), folder, folder)
	})
	t.Run("own", func(t *testing.T) {
		folder := t.TempDir()
		test(t, startOwn(t, folder), folder, "/")
	})
}

func TestReplace(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		live := filepath.Join(folder, name)
		put(t, live, oldBytes, 0o640)
		c := s.dial(t)

		file, err := c.Get(t.Context(), dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file.Data, oldBytes) || file.Name != name || file.Time.IsZero() || !strings.HasSuffix(file.Path, "/"+name) {
			t.Errorf("got %q of %d bytes at %q, %v", file.Name, len(file.Data), file.Path, file.Time)
		}

		token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, live, oldBytes)
		wantFile(t, filepath.Join(folder, token), newBytes)
		if !strings.HasPrefix(token, "."+name+".ctlclient-") {
			t.Errorf("token %q", token)
		}

		// A job may go on over another connection.
		c.Close()
		c = s.dial(t)
		if err := c.Commit(t.Context(), dir, name, token, digest(oldBytes)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, live, newBytes)
		wantFile(t, live+".previous", oldBytes)
		wantNames(t, folder, name, name+".previous")
		if info, err := os.Stat(live); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("mode %v, %v; want the former file's", info.Mode(), err)
		}

		if err := c.Commit(t.Context(), dir, name, token, digest(newBytes)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("second commit: %v, want fs.ErrNotExist", err)
		}

		// And again: .previous exists by now.
		token, err = c.Stage(t.Context(), dir, name, oldBytes, digest(newBytes))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), dir, name, token, digest(newBytes)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, live, oldBytes)
		wantFile(t, live+".previous", newBytes)

		if err := c.Delete(t.Context(), dir, name, digest(oldBytes)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, live+".previous", oldBytes)
		wantNames(t, folder, name+".previous")
	})
}

func TestFirstFile(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		c := s.dial(t)
		if _, err := c.Get(t.Context(), dir, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get: %v, want fs.ErrNotExist", err)
		}
		token, err := c.Stage(t.Context(), dir, name, newBytes, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), dir, name, token, nil); err != nil {
			t.Fatal(err)
		}
		wantFile(t, filepath.Join(folder, name), newBytes)
		wantNames(t, folder, name)
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm()&0o004 == 0 {
			t.Errorf("mode %v, %v; a TFTP service could not read it", info.Mode(), err)
		}
	})
}

func TestConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		live := filepath.Join(folder, name)
		put(t, live, oldBytes, 0o644)
		c := s.dial(t)
		conflict := func(what string, err error) {
			t.Helper()
			var typed *sftp.ConflictError
			if !errors.Is(err, sftp.ErrConflict) || !errors.As(err, &typed) || message.Lines(typed.Hints()).String() == "" {
				t.Errorf("%s: %v, want a *ConflictError", what, err)
			}
		}
		_, err := c.Stage(t.Context(), dir, name, newBytes, nil)
		conflict("stage, expecting no file", err)
		_, err = c.Stage(t.Context(), dir, name, newBytes, digest(newBytes))
		conflict("stage, expecting another file", err)
		_, err = c.Stage(t.Context(), dir, "ITLFile.tlv", newBytes, digest(oldBytes))
		conflict("stage, expecting a file", err)
		conflict("delete", c.Delete(t.Context(), dir, name, digest(newBytes)))
		conflict("delete, expecting no file", c.Delete(t.Context(), dir, name, nil))

		token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		if err != nil {
			t.Fatal(err)
		}
		meanwhile := []byte("somebody else's")
		put(t, live, meanwhile, 0o644)
		conflict("commit", c.Commit(t.Context(), dir, name, token, digest(oldBytes)))
		wantFile(t, live, meanwhile)

		if err := c.Abort(t.Context(), dir, token); err != nil {
			t.Fatal(err)
		}
		if err := c.Abort(t.Context(), dir, token); err != nil {
			t.Errorf("second abort: %v", err)
		}
		wantNames(t, folder, name)
	})
}

func TestLeftovers(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		c := s.dial(t)
		token, err := c.Stage(t.Context(), dir, name, newBytes, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Stage(t.Context(), dir, "ITLFile.tlv", newBytes, nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
		c = s.dial(t)
		found, err := c.Leftovers(t.Context(), dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || found[0].Token != token || found[0].Size != int64(len(newBytes)) {
			t.Fatalf("leftovers %+v, want %s", found, token)
		}
		if err := c.Abort(t.Context(), dir, found[0].Token); err != nil {
			t.Fatal(err)
		}
		if found, err = c.Leftovers(t.Context(), dir, name); err != nil || len(found) != 0 {
			t.Errorf("leftovers %+v, %v after abort", found, err)
		}
	})
}

// Nothing but plain names and our own stages is ever renamed or removed.
func TestNames(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "victim"), oldBytes, 0o644)
	c := startOwn(t, folder).dial(t)
	for _, bad := range []string{"", ".", "..", "a/b", `a\b`, "../victim", "C:x", "a\x00b", "a\nb", strings.Repeat("n", 201)} {
		if _, err := c.Get(t.Context(), "/", bad); err == nil {
			t.Errorf("get %q: no error", bad)
		}
		if _, err := c.Stage(t.Context(), "/", bad, newBytes, nil); err == nil {
			t.Errorf("stage %q: no error", bad)
		}
		if err := c.Delete(t.Context(), "/", bad, nil); err == nil {
			t.Errorf("delete %q: no error", bad)
		}
	}
	for _, bad := range []string{"", "victim", ".victim.ctlclient-", "../.victim.ctlclient-0123456789abcdef", ".a/../victim.ctlclient-0123456789abcdef"} {
		if err := c.Abort(t.Context(), "/", bad); err == nil {
			t.Errorf("abort %q: no error", bad)
		}
		if err := c.Commit(t.Context(), "/", name, bad, nil); err == nil {
			t.Errorf("commit %q: no error", bad)
		}
	}
	// A stage of one file is not committed as another.
	token, err := c.Stage(t.Context(), "/", name, newBytes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(t.Context(), "/", "victim", token, digest(oldBytes)); err == nil {
		t.Error("committed under another name")
	}
	wantFile(t, filepath.Join(folder, "victim"), oldBytes)
}

// A link is not replaced: the file that is served would no longer be the one
// that the link names.
func TestLinkRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		put(t, filepath.Join(folder, "real"), oldBytes, 0o644)
		if err := os.Symlink("real", filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		c := s.dial(t)
		if file, err := c.Get(t.Context(), dir, name); err != nil || !bytes.Equal(file.Data, oldBytes) {
			t.Errorf("get through a link: %v", err)
		}
		if _, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes)); !errors.Is(err, sftp.ErrNotRegular) {
			t.Errorf("stage over a link: %v", err)
		}
		wantNames(t, folder, name, "real")
	})
}

func TestTooLarge(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, name), make([]byte, sftp.MaxFile+1), 0o644)
	put(t, filepath.Join(folder, "longest"), make([]byte, sftp.MaxFile), 0o644)
	c := startOwn(t, folder).dial(t)
	if f, err := c.Get(t.Context(), "/", "longest"); err != nil || len(f.Data) != sftp.MaxFile {
		t.Errorf("a file of the limit: %d bytes, %v", len(f.Data), err)
	}
	if _, err := c.Get(t.Context(), "/", name); !errors.Is(err, sftp.ErrTooLarge) {
		t.Errorf("get: %v, want ErrTooLarge", err)
	}
	if _, err := c.Stage(t.Context(), "/", "other", make([]byte, sftp.MaxFile+1), nil); !errors.Is(err, sftp.ErrTooLarge) {
		t.Errorf("stage: %v, want ErrTooLarge", err)
	}
}

// A server without posix-rename: refused in words before anything is written;
// with AllowNonAtomic done in two steps.
func TestWithoutPosixRename(t *testing.T) {
	s := startSSHD(t, "-P posix-rename")
	folder := t.TempDir()
	live := filepath.Join(folder, name)
	put(t, live, oldBytes, 0o644)

	c := s.dial(t)
	if len(c.Warnings()) != 1 || !strings.Contains(c.Warnings()[0].String(), "posix-rename") {
		t.Errorf("warnings %q", c.Warnings())
	}
	_, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes))
	var typed *sftp.NotAtomicError
	if !errors.Is(err, sftp.ErrNotAtomic) || !errors.As(err, &typed) || message.Lines(typed.Hints()).String() == "" {
		t.Errorf("stage: %v, want a *NotAtomicError", err)
	}
	wantNames(t, folder, name)

	// A file that is new there needs no replacing.
	token, err := c.Stage(t.Context(), folder, "ITLFile.tlv", newBytes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(t.Context(), folder, "ITLFile.tlv", token, nil); err != nil {
		t.Fatal(err)
	}

	s.options.AllowNonAtomic = true
	c = s.dial(t)
	for _, step := range []struct{ from, to []byte }{{oldBytes, newBytes}, {newBytes, oldBytes}} {
		token, err = c.Stage(t.Context(), folder, name, step.to, digest(step.from))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), folder, name, token, digest(step.from)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, live, step.to)
		wantFile(t, live+".previous", step.from)
	}
	if err := c.Delete(t.Context(), folder, name, digest(oldBytes)); err != nil {
		t.Fatal(err)
	}
	wantNames(t, folder, name+".previous", "ITLFile.tlv")
}

func TestWithoutFsync(t *testing.T) {
	c := startSSHD(t, "-P fsync").dial(t)
	if len(c.Warnings()) != 0 {
		t.Errorf("warnings before anything is written: %q", c.Warnings())
	}
	folder := t.TempDir()
	token, err := c.Stage(t.Context(), folder, name, newBytes, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(folder, token), newBytes)
	if len(c.Warnings()) != 1 || !strings.Contains(c.Warnings()[0].String(), "fsync") {
		t.Errorf("warnings %q", c.Warnings())
	}
}

// A server that may only be read (sftp-server -R) refuses, in words.
func TestReadOnlyServer(t *testing.T) {
	s := startSSHD(t, "-R")
	folder := t.TempDir()
	put(t, filepath.Join(folder, name), oldBytes, 0o644)
	c := s.dial(t)
	_, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes))
	if !errors.Is(err, sftp.ErrNotAtomic) && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("stage: %v", err)
	}
	_, err = c.Stage(t.Context(), folder, "ITLFile.tlv", newBytes, nil)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("stage of a new file: %v, want fs.ErrPermission", err)
	}
	wantNames(t, folder, name)
}

func TestMissingFolder(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		c := s.dial(t)
		if _, err := c.Stage(t.Context(), dir+"/missing", name, newBytes, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stage: %v, want fs.ErrNotExist", err)
		}
	})
}

func TestWrongPassword(t *testing.T) {
	s := startOwn(t, t.TempDir())
	asked := 0
	s.options.Password = func(context.Context) ([]byte, error) { asked++; return []byte("wrong"), nil }
	_, err := sftp.Dial(t.Context(), s.addr, s.options)
	if !errors.Is(err, sshconn.ErrLogin) || asked != 1 {
		t.Errorf("%v after %d questions, want ErrLogin after one", err, asked)
	}
	if err != nil && strings.Contains(err.Error(), "wrong") {
		t.Errorf("the password is in %q", err)
	}
}

// The end of a context ends a call that waits for a server fallen silent.
func TestCancel(t *testing.T) {
	s := startOwn(t, t.TempDir())
	var link *silent
	s.options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		link = &silent{Conn: conn, fell: make(chan struct{})}
		return link, err
	}
	c := s.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	link.fallSilent()
	result := make(chan error, 1)
	go func() {
		_, err := c.Get(ctx, "/", name)
		result <- err
	}()
	<-link.fell // the request is on its way
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v, want context.Canceled", err)
	}
}
