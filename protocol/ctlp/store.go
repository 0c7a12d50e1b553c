package ctlp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ctlclient/internal/lazyregexp"
)

const (
	// StageLifetime is how long a staged file waits for its commit.
	StageLifetime = 10 * time.Minute
	// MaxStages is how many staged files a store holds at a time.
	MaxStages = 64
	// newFileMode is the mode of a file that has no former one to take it from.
	// Else the former one's is kept, with its owner and group; where those cannot
	// be had, everybody may read.
	newFileMode fs.FileMode = 0o644
)

// staleFile is what a store leaves beside the live files when its program dies:
// a stage or a former file about to get its name.
var staleFile = lazyregexp.New(`^\..+\.[0-9a-f]{32}\.(stage|former)$`)

// Store keeps the served files in a folder. It never opens anything outside of
// it, symbolic links included, and changes a live file by rename alone. All
// methods are safe for use by several goroutines; one store has a folder to
// itself. Errors that a client should know are *StatusError.
//
// A folder that is replaced under it (a restore, a mount) is found out by device and
// inode: from then on every method fails, because what the store still has open is not
// what TFTP serves.
type Store struct {
	dir  string // absolute
	root *os.Root

	mu     sync.Mutex // also orders every look at a live file with its change
	stages map[StageID]*stage
}

type stage struct {
	name   string // of the live file
	temp   string // of the staged bytes
	former string // of the live file's second name, or of its copy; "" where there is none
	copied bool   // it is a copy
	sum    [32]byte
	expect *[32]byte
	timer  *time.Timer
}

// OpenStore opens a folder that exists and removes what a store left there that
// was not closed.
func OpenStore(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: abs, root: root, stages: make(map[StageID]*stage)}
	if err := s.removeStale(); err != nil {
		root.Close()
		return nil, fmt.Errorf("clean %s: %w", abs, err)
	}
	return s, nil
}

// Dir is the folder, absolute.
func (s *Store) Dir() string { return s.dir }

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Store) removeStale() error {
	d, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(256)
		for _, n := range names {
			if !staleFile.MatchString(n) {
				continue
			}
			if err := s.root.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Close removes what is staged.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for id := range s.stages {
		err = errors.Join(err, s.drop(id))
	}
	return errors.Join(err, s.root.Close())
}

// ErrReplaced is a folder that was replaced while a store had it open. It reaches a
// client as Internal, in words.
var ErrReplaced = errors.New("the folder was replaced while the CTL Provider had it open")

// sameFolder says that the folder's name still leads to the folder that is open.
func (s *Store) sameFolder() error {
	open, err := s.root.Stat(".")
	if err != nil {
		return err
	}
	named, err := os.Stat(s.dir)
	if err == nil && os.SameFile(open, named) {
		return nil
	}
	// A program that cannot look any more knows no better.
	return errors.Join(refuse(Internal, "%s was replaced while the CTL Provider had it open; restart the CTL Provider of this node", s.dir), ErrReplaced, err)
}

// open opens a live file for reading, fs.ErrNotExist when there is none. Only a
// regular file is served: not what a link points to, nor a pipe.
func (s *Store) open(name string) (*os.File, fs.FileInfo, error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, refuse(Internal, "%s is not a regular file", s.path(name))
	}
	f, err := s.root.Open(name)
	return f, info, err
}

// read is the live file, at most MaxFile bytes; nil data when there is none.
func (s *Store) read(name string) ([]byte, fs.FileInfo, error) {
	f, info, err := s.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(data) > MaxFile {
		return nil, nil, refuse(Internal, "%s is longer than %d bytes", s.path(name), MaxFile)
	}
	return data, info, nil
}

// Get reads a live file.
func (s *Store) Get(name string) (File, error) {
	if err := checkName(name); err != nil {
		return File{}, err
	}
	if err := s.sameFolder(); err != nil {
		return File{}, err
	}
	data, info, err := s.read(name)
	if err != nil {
		return File{}, err
	}
	if info == nil {
		return File{}, refuse(NotFound, "%s does not exist", s.path(name))
	}
	return File{
		Name:   name,
		Data:   data,
		SHA256: sha256.Sum256(data),
		Time:   info.ModTime(),
		Path:   s.path(name),
	}, nil
}

// size is the length of a live file, in bytes; 0 where there is none to be had.
func (s *Store) size(name string) int64 {
	if checkName(name) != nil {
		return 0
	}
	info, err := s.root.Lstat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// expected compares the live file with what a client expects; expect nil: no
// such file.
func (s *Store) expected(name string, expect *[32]byte) (data []byte, info fs.FileInfo, err error) {
	if err := s.sameFolder(); err != nil {
		return nil, nil, err
	}
	data, info, err = s.read(name)
	switch {
	case err != nil:
		return nil, nil, err
	case expect == nil && info != nil:
		return nil, nil, refuse(Conflict, "%s exists, which was not expected", s.path(name))
	case expect != nil && info == nil:
		return nil, nil, refuse(Conflict, "%s does not exist", s.path(name))
	case expect != nil && sha256.Sum256(data) != *expect:
		return nil, nil, refuse(Conflict, "%s is another file than expected", s.path(name))
	}
	return data, info, nil
}

// Stage puts data beside the live file and returns when it is safe on disk, and when
// the live file can be kept as <name>.previous: what a commit needs is there before.
// expect is the digest of the live file, nil for none. check, where given, is
// asked about the live bytes (nil for none) and the new ones before anything is
// written; its error is Stage's.
func (s *Store) Stage(name string, data []byte, expect *[32]byte, check func(old, new []byte) error) (StageID, error) {
	if err := checkWritable(name); err != nil {
		return StageID{}, err
	}
	if len(data) > MaxFile {
		return StageID{}, refuse(Malformed, "a file of %d bytes, at most %d are allowed", len(data), MaxFile)
	}
	s.mu.Lock()
	old, info, err := s.expected(name, expect)
	if err == nil && len(s.stages) >= MaxStages {
		err = refuse(Busy, "%d files are staged already", len(s.stages))
	}
	s.mu.Unlock()
	if err != nil {
		return StageID{}, err
	}
	if check != nil {
		if err := check(old, data); err != nil {
			return StageID{}, err
		}
	}

	var id StageID
	rand.Read(id[:])
	st := &stage{name: name, temp: tempName(name, id, "stage"), sum: sha256.Sum256(data)}
	if expect != nil {
		e := *expect
		st.expect = &e
	}
	if err := s.write(st.temp, data, info); err != nil {
		return StageID{}, fmt.Errorf("stage %s: %w", s.path(name), diskError(err))
	}
	if info != nil {
		st.former = tempName(name, id, "former")
		if err := s.prepareFormer(st, old, info); err != nil {
			// The cause is err; what cannot be removed now is at the next start.
			_ = s.root.Remove(st.temp)
			return StageID{}, fmt.Errorf("keep the former %s: %w", s.path(name), diskError(err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stages[id] = st
	st.timer = time.AfterFunc(StageLifetime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		// An error leaves a file that the next OpenStore removes.
		_ = s.drop(id)
	})
	return id, nil
}

func tempName(name string, id StageID, suffix string) string {
	return "." + name + "." + hex.EncodeToString(id[:]) + "." + suffix
}

// write makes a new file, of former's mode and owner where there is a former
// one, and returns when file and folder are on the disk. On an error nothing is
// left.
func (s *Store) write(temp string, data []byte, former fs.FileInfo) (err error) {
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			// The cause is err; what cannot be removed now is at the next start.
			_ = s.root.Remove(temp)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	mode := newFileMode
	if former != nil {
		mode = former.Mode().Perm()
		kept, err := keepOwner(f, former)
		if err != nil {
			return err
		}
		if !kept {
			// Who serves the file read the former one as its owner or group. A
			// trust list is public; one that cannot be read strands phones.
			mode |= 0o444
		}
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	got, err := f.Stat()
	if err != nil {
		return err
	}
	if lost := mode & 0o444 &^ got.Mode().Perm(); lost != 0 {
		return refuse(Internal, "the file system gives the new file %v instead of %v, so that TFTP might not be able to read it", got.Mode().Perm(), mode)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(s.root)
}

// drop forgets a stage and removes its file. s.mu is held.
func (s *Store) drop(id StageID) error {
	st, ok := s.stages[id]
	if !ok {
		return refuse(NotFound, "no such stage: committed, ended, or older than %v", StageLifetime)
	}
	delete(s.stages, id)
	st.timer.Stop()
	var errs []error
	for _, temp := range []string{st.temp, st.former} {
		if temp == "" {
			continue
		}
		if err := s.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Abort removes a staged file.
func (s *Store) Abort(id StageID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop(id)
}

// Commit puts a staged file in the live one's place. The live file must still be
// the one that Stage was told to expect; else the stage stays and the error is
// Conflict. The former live file is kept as <name>.previous.
func (s *Store) Commit(id StageID) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.stages[id]
	if !ok {
		return File{}, s.drop(id)
	}
	f := File{Name: st.name, SHA256: st.sum, Path: s.path(st.name)}
	old, info, err := s.expected(st.name, st.expect)
	if err != nil {
		return f, err
	}
	if info != nil {
		if err := s.keepFormer(st, old, info); err != nil {
			return f, fmt.Errorf("keep the former %s: %w", f.Path, diskError(err))
		}
	}
	if err := s.root.Rename(st.temp, st.name); err != nil {
		return f, fmt.Errorf("commit %s: %w", f.Path, diskError(err))
	}
	delete(s.stages, id)
	st.timer.Stop()
	if err := syncDir(s.root); err != nil {
		return f, fmt.Errorf("%s is the new file, but the disk has not confirmed it: %w", f.Path, err)
	}
	return f, s.sameFolder()
}

// Delete takes the live file away, in one step, and keeps it as <name>.previous.
// expect is its digest.
func (s *Store) Delete(name string, expect *[32]byte) (File, error) {
	if err := checkWritable(name); err != nil {
		return File{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := File{Name: name, Path: s.path(name)}
	if err := s.sameFolder(); err != nil {
		return f, err
	}
	if _, err := s.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return f, refuse(NotFound, "%s does not exist", f.Path)
	}
	if _, _, err := s.expected(name, expect); err != nil {
		return f, err
	}
	if err := s.root.Rename(name, name+previousSuffix); err != nil {
		return f, fmt.Errorf("delete %s: %w", f.Path, diskError(err))
	}
	if err := syncDir(s.root); err != nil {
		return f, fmt.Errorf("%s is gone, but the disk has not confirmed it: %w", f.Path, err)
	}
	return f, nil
}

// diskError makes a full disk NoSpace.
func diskError(err error) error {
	if isNoSpace(err) {
		return errors.Join(refuse(NoSpace, "%v", err), err)
	}
	return err
}
