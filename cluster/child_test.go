package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const childEnv = "CLUSTER_TEST_CHILD"

// childJob is what this test program does when it is started again as the program
// that gets killed.
type childJob struct {
	Profile, StateDir, Point, Node string
	Action, ID                     string // distribute, resume, rollback
	New                            []byte
}

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		if err := runChild(spec); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(spec string) error {
	var job childJob
	if err := json.Unmarshal([]byte(spec), &job); err != nil {
		return err
	}
	p, err := LoadProfile(job.Profile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Connect(ctx, p, Options{StateDir: job.StateDir, Timeout: 10 * time.Second})
	if err != nil {
		return err
	}
	c.o.fault = once(job.Point, job.Node, func() error {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			return err
		}
		select {} // dying
	})
	switch job.Action {
	case "distribute":
		_, err = c.Distribute(ctx, DistributeOptions{Data: job.New, Job: "update"})
	case "resume":
		_, err = c.Resume(ctx, job.ID)
	case "rollback":
		_, err = c.Rollback(ctx, job.ID)
	}
	return errors.Join(err, c.Close())
}

// child runs a job in a program of its own, which kills itself at a boundary. It
// reports whether the boundary was reached.
func (s *site) child(action, id, point, node string, data []byte) (killed bool) {
	s.t.Helper()
	file := filepath.Join(s.dir, "profile", "site.toml")
	if err := s.profile.Save(file); err != nil {
		s.t.Fatal(err)
	}
	spec, err := json.Marshal(childJob{Profile: file, StateDir: s.dir, Point: point, Node: node, Action: action, ID: id, New: data})
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(spec))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && !exit.Exited():
		return true
	}
	s.t.Fatalf("the program that was to be killed at %s %s ended by itself: %v\n%s", point, node, err, &out)
	return false
}

// boundary of a step on a node.
type boundary struct{ point, node string }

// recorder notes the boundaries that a job passes, in order, each once.
type recorder struct {
	mu   sync.Mutex
	list []boundary
}

func (r *recorder) fault(point, node string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.list {
		if b == (boundary{point, node}) {
			return nil
		}
	}
	r.list = append(r.list, boundary{point, node})
	return nil
}
