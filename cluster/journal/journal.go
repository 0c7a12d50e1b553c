// Package journal keeps what a job on a cluster has done, so that it can be finished
// or taken back after the program, the machine or the network died at any point.
//
// A [Store] is one cluster's folder. A job is a folder below it:
//
//	jobs/20260314T220103Z-1f3a/
//	    new         the file being carried to the nodes; absent when it is removed
//	    new-1       the same, where the publisher wrote it after the job began
//	    former-0    what node 0 served before; absent when it served none
//	    log         one JSON object a line, the first of kind "begin"
//
// Contents are written and synced first, the line "begin" after them: a folder whose
// log does not begin is a job that never did anything. From then on a line says what
// is about to be done, is synced, and only then is it done. The log is only appended
// to. A last line that a power cut tore is as if it had not been written; damage
// anywhere else is an error, as is a content that no longer has its SHA-256.
//
// Everything is readable by its owner alone. Nothing secret is ever written here.
package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ctlclient/internal/atomicfile"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

const (
	maxLog     = 16 << 20 // bytes of a log
	maxContent = 16 << 20 // bytes of a content
)

// Store is the folder of one cluster.
type Store struct {
	Dir string
	Now func() time.Time // the clock; nil: time.Now
}

// Content is one node's part of a job as it is given to Create.
type Content struct {
	Node   string
	Former []byte // nil: the node served no such file
	Lacks  []string
}

// Job is an open journal.
type Job struct {
	Begin   Begin
	Entries []Entry           // the whole log, the begin line included
	New     []byte            // nil: the file is removed
	Former  map[string][]byte // by node; nil: it had none

	dir string
	now func() time.Time

	mu   sync.Mutex // nodes are worked on side by side
	log  *os.File
	size int64 // of the log's good part

	waiting  []*writing // lines not yet on disk
	flushing bool       // somebody writes them
}

var idForm = lazyregexp.New(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$`)

// ErrNoJob: there is no such job.
var ErrNoJob = message.NewError("no such job")

func (s *Store) damaged(id string, err error) error {
	return &DamagedError{ID: id, Dir: filepath.Join(s.jobs(), id), Err: err}
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Store) jobs() string { return filepath.Join(s.Dir, "jobs") }

// Create writes a new journal: contents, then the line "begin". b's ID, digests and
// time are filled in.
func (s *Store) Create(b Begin, data []byte, nodes []Content) (_ *Job, err error) {
	if err := atomicfile.MakeFolder(s.jobs()); err != nil {
		return nil, &WriteError{err}
	}
	b.Format = format
	b.PID = os.Getpid()
	b.New = digest(data)
	b.Nodes = nil
	if b.Number, err = s.number(); err != nil {
		return nil, err
	}
	if b.ID, err = s.mkdir(); err != nil {
		return nil, &WriteError{err}
	}
	j := &Job{New: data, Former: map[string][]byte{}, dir: filepath.Join(s.jobs(), b.ID), now: s.now}
	defer func() {
		if err != nil { // it never began
			err = errors.Join(err, os.RemoveAll(j.dir))
		}
	}()
	if data != nil {
		if err := j.keep("new", data); err != nil {
			return nil, err
		}
	}
	for i, n := range nodes {
		b.Nodes = append(b.Nodes, NodeBegin{Name: n.Node, Former: digest(n.Former), Lacks: n.Lacks})
		j.Former[n.Node] = n.Former
		if n.Former == nil {
			continue
		}
		if err := j.keep(fmt.Sprintf("former-%d", i), n.Former); err != nil {
			return nil, err
		}
	}
	j.Begin = b
	if j.log, err = os.OpenFile(filepath.Join(j.dir, "log"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, &WriteError{err}
	}
	if err := j.Append(Entry{Kind: KindBegin, Begin: &b}); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	for _, dir := range []string{j.dir, s.jobs(), s.Dir} {
		if err := syncDir(dir); err != nil {
			return nil, errors.Join(&WriteError{err}, j.Close())
		}
	}
	return j, nil
}

// number is the next job's. The caller holds the cluster's lock. A journal that cannot be
// read does not count: its job is refused elsewhere.
func (s *Store) number() (int64, error) {
	var last int64
	err := s.each(func(id string) error {
		if b := s.first(id); b != nil {
			last = max(last, b.Number)
		}
		return nil
	})
	return last + 1, err
}

// each calls f with every folder of a job, oldest first, and joins what it returns.
func (s *Store) each(f func(id string) error) error {
	entries, err := os.ReadDir(s.jobs())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return message.Errorf("cannot read journals: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() && idForm.MatchString(e.Name()) {
			errs = append(errs, f(e.Name()))
		}
	}
	return errors.Join(errs...)
}

// first is how a job began, by the first line of its log alone, which is quick however
// much was done since; nil: not so, as far as that line tells.
func (s *Store) first(id string) *Begin {
	f, err := os.Open(filepath.Join(s.jobs(), id, "log"))
	if err != nil {
		return nil
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, maxLog)).ReadBytes('\n')
	if err != nil {
		return nil
	}
	e, err := decodeLine(line[:len(line)-1], true)
	if err != nil || e.Begin == nil || e.Begin.ID != id {
		return nil
	}
	return e.Begin
}

// Tidy removes the folders of jobs that never began. The caller holds the cluster's lock.
func (s *Store) Tidy() error {
	return s.each(func(id string) error {
		if s.first(id) != nil {
			return nil
		}
		if _, err := s.read(id); errors.Is(err, ErrNoJob) {
			return os.RemoveAll(filepath.Join(s.jobs(), id))
		}
		return nil
	})
}

// mkdir makes the folder of a new job.
func (s *Store) mkdir() (id string, err error) {
	for range 16 {
		var tail [2]byte
		rand.Read(tail[:])
		id = s.now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(tail[:])
		if err = os.Mkdir(filepath.Join(s.jobs(), id), 0o700); !errors.Is(err, fs.ErrExist) {
			return id, err
		}
	}
	return "", err
}

// keep writes one content, synced.
func (j *Job) keep(name string, data []byte) error {
	f, err := os.OpenFile(filepath.Join(j.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &WriteError{err}
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return &WriteError{err}
	}
	return nil
}

// Adopt keeps the new file of a job whose publisher writes it, and says that it is known.
func (j *Job) Adopt(data []byte) error {
	_, name, _ := j.known()
	if err := atomicfile.Write(filepath.Join(j.dir, nextContent(name)), data, 0o600); err != nil {
		return &WriteError{err}
	}
	if err := syncDir(j.dir); err != nil {
		return &WriteError{err}
	}
	if err := j.Append(Entry{Kind: KindContent, SHA256: digest(data)}); err != nil {
		return err
	}
	j.New = data
	return nil
}

// Known reports whether the new file is known, and its digest ("": it is removed).
func (j *Job) Known() (sum string, known bool) {
	sum, _, known = j.known()
	return sum, known
}

// known is Known with the name under which the content is kept.
func (j *Job) known() (sum, name string, known bool) {
	sum, name, known = j.Begin.New, "new", !j.Begin.Later
	for _, e := range j.Lines() {
		if e.Kind == KindContent {
			sum, name, known = e.SHA256, nextContent(name), true
		}
	}
	return sum, name, known
}

// nextContent names the file of a content that follows another, so that one whose line
// was never written harms nothing.
func nextContent(name string) string {
	_, number, _ := strings.Cut(name, "-")
	n, _ := strconv.Atoi(number) // of "new", none: 0
	return "new-" + strconv.Itoa(n+1)
}

// Append writes one line and syncs it; when it returns nil the line is on disk. After
// an error the line is not there. Lines that nodes write side by side are synced together.
func (j *Job) Append(e Entry) error {
	e.Time = j.now().UTC()
	line, err := e.encode()
	if err != nil {
		return &WriteError{err}
	}
	w := &writing{entry: e, line: line, done: make(chan error, 1)}
	j.mu.Lock()
	j.waiting = append(j.waiting, w)
	if !j.flushing {
		j.flushing = true
		for len(j.waiting) > 0 {
			batch := j.waiting
			j.waiting = nil
			j.mu.Unlock()
			err := j.flush(batch)
			j.mu.Lock()
			for _, w := range batch {
				if err == nil {
					j.size += int64(len(w.line))
					j.Entries = append(j.Entries, w.entry)
				}
				w.done <- err
			}
		}
		j.flushing = false
	}
	j.mu.Unlock()
	return <-w.done
}

// writing is one line on its way to the disk.
type writing struct {
	entry Entry
	line  []byte
	done  chan error
}

// flush writes lines behind the good part of the log and syncs them. One caller at a time.
func (j *Job) flush(batch []*writing) error {
	var lines []byte
	for _, w := range batch {
		lines = append(lines, w.line...)
	}
	_, err := j.log.WriteAt(lines, j.size)
	if err == nil {
		err = j.log.Sync()
	}
	if err != nil {
		// What a full disk left of the lines is cut off, so that later lines stand alone.
		return &WriteError{errors.Join(err, j.log.Truncate(j.size))}
	}
	return nil
}

// Close ends the writing; the job stays as it is.
func (j *Job) Close() error { return j.log.Close() }

// Open reads a job whole, checks its contents and makes it ready to be appended to.
func (s *Store) Open(id string) (*Job, error) {
	j, err := s.read(id)
	if err != nil {
		return nil, err
	}
	if err := j.readContents(); err != nil {
		return nil, s.damaged(id, err)
	}
	if j.log, err = os.OpenFile(filepath.Join(j.dir, "log"), os.O_WRONLY, 0o600); err != nil {
		return nil, s.damaged(id, err)
	}
	if err := j.log.Truncate(j.size); err != nil { // a torn last line
		return nil, errors.Join(s.damaged(id, err), j.Close())
	}
	return j, nil
}

// read reads a job's log.
func (s *Store) read(id string) (*Job, error) {
	if !idForm.MatchString(id) {
		return nil, fmt.Errorf("%w: %q", ErrNoJob, id)
	}
	j := &Job{dir: filepath.Join(s.jobs(), id), now: s.now}
	data, err := readFile(filepath.Join(j.dir, "log"), maxLog)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoJob, id)
	}
	if err != nil {
		return nil, s.damaged(id, err)
	}
	entries, good, err := Decode(data)
	if err != nil {
		return nil, s.damaged(id, err)
	}
	if len(entries) == 0 {
		return nil, message.Errorf("%w: %s never began", ErrNoJob, id)
	}
	j.Entries, j.Begin, j.size = entries, *entries[0].Begin, int64(good)
	if j.Begin.ID != id {
		return nil, s.damaged(id, message.Errorf("it is that of job %q", j.Begin.ID))
	}
	return j, nil
}

// readContents reads the kept files and checks each against its digest.
func (j *Job) readContents() (err error) {
	sum, name, _ := j.known()
	if j.New, err = j.content(name, sum); err != nil {
		return err
	}
	j.Former = map[string][]byte{}
	for i, n := range j.Begin.Nodes {
		if j.Former[n.Name], err = j.content(fmt.Sprintf("former-%d", i), n.Former); err != nil {
			return err
		}
	}
	return nil
}

func (j *Job) content(name, want string) ([]byte, error) {
	if want == "" {
		return nil, nil
	}
	data, err := readFile(filepath.Join(j.dir, name), maxContent)
	if err != nil {
		return nil, err
	}
	if digest(data) != want {
		return nil, message.Errorf("%s is damaged: its SHA-256 is not the one written down", name)
	}
	return data, nil
}

// List reads the logs of all jobs, newest first: by their numbers, as a clock may have
// been wrong. A journal that cannot be read comes
// as an error joined beside the others; a job that never began is left out.
func (s *Store) List() ([]*Job, error) {
	var jobs []*Job
	err := s.each(func(id string) error {
		j, err := s.read(id)
		if errors.Is(err, ErrNoJob) {
			return nil
		}
		if err == nil {
			jobs = append(jobs, j)
		}
		return err
	})
	slices.Reverse(jobs)
	slices.SortStableFunc(jobs, func(a, b *Job) int {
		// Those of format 1 have no number, are older, and know times alone.
		return cmp.Or(cmp.Compare(b.Begin.Number, a.Begin.Number), b.Entries[0].Time.Compare(a.Entries[0].Time))
	})
	return jobs, err
}

func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, message.Errorf("%s is larger than %d bytes", filepath.Base(name), limit)
	}
	return data, nil
}

// digest in hex; "" for no content.
func digest(data []byte) string {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Is compares a content with a digest of the journal; nil is "".
func Is(data []byte, sum string) bool {
	return strings.EqualFold(digest(data), sum)
}

// Same compares two contents; nil, no file, differs from an empty one.
func Same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
