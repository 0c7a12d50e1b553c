package journal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Lock keeps other programs off a cluster. It is the operating system's: it ends
// with the program that holds it, however that dies.
type Lock struct {
	flock *flock.Flock
	owner string // file that says who holds it
}

// LockedError: another program works on the cluster.
type LockedError struct {
	PID   int // 0 when not known
	Job   string
	Since time.Time
}

// Error is Said in English.
func (e *LockedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *LockedError) Said() error {
	if e.PID == 0 {
		return message.NewError("another ctlclient works on this cluster")
	}
	return message.Errorf("another ctlclient (process %d) works on this cluster since %s: %s",
		e.PID, e.Since.Local().Format("15:04:05"), e.Job)
}

func (e *LockedError) Hints() []message.Message {
	return message.Hint("wait until it has ended; the lock ends with it, there is nothing to remove")
}

type owner struct {
	PID   int       `json:"pid"`
	Job   string    `json:"job"`
	Since time.Time `json:"since"`
}

// Lock takes the cluster's lock or says who holds it (*LockedError); it does not wait. job
// "" holds it for a moment only, to look: nobody is told.
func (s *Store) Lock(job string) (*Lock, error) {
	if err := atomicfile.MakeFolder(s.Dir); err != nil {
		return nil, &WriteError{message.Errorf("cannot lock cluster: %w", err)}
	}
	l := &Lock{flock: flock.New(filepath.Join(s.Dir, "lock"), flock.SetPermissions(0o600)), owner: filepath.Join(s.Dir, "lock.owner")}
	ok, err := l.flock.TryLock()
	if err != nil {
		return nil, &WriteError{message.Errorf("cannot lock cluster: %w", err)}
	}
	if !ok {
		var who owner
		if data, err := readFile(l.owner, 4096); err == nil {
			// Who it is helps a person; without it the lock holds all the same.
			_ = json.Unmarshal(data, &who)
		}
		return nil, &LockedError{PID: who.PID, Job: who.Job, Since: who.Since}
	}
	if job == "" {
		return l, nil
	}
	data, err := json.Marshal(owner{PID: os.Getpid(), Job: job, Since: s.now().UTC()})
	if err == nil {
		err = os.WriteFile(l.owner, data, 0o600)
	}
	if err != nil {
		return nil, errors.Join(&WriteError{message.Errorf("cannot lock cluster: %w", err)}, l.flock.Unlock())
	}
	return l, nil
}

// Unlock lets others work.
func (l *Lock) Unlock() error { return l.flock.Unlock() }

// room is what a journal takes at most in practice, in bytes: a few trust lists and the log.
const room = 256 << 10

// Probe says whether a job could be kept: it writes and deletes a file of that size.
func (s *Store) Probe() error {
	name := filepath.Join(s.Dir, "probe")
	err := os.WriteFile(name, make([]byte, room), 0o600)
	if gone := os.Remove(name); err == nil {
		err = gone
	}
	if err != nil {
		return &WriteError{err}
	}
	return nil
}
