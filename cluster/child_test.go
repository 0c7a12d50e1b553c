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

	"ctlclient/cluster/site"
)

const childEnv = "CLUSTER_TEST_CHILD"

// childJob is what this test program does when it is started again as the program
// that gets killed.
type childJob struct {
	Profile, StateDir, Point, Node string
	Action, ID                     string // distribute, resume, rollback
	New                            []byte
	Machine                        *machine // of the action steps, whose job is ID
}

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		if err := runChild(spec); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(runAll(m))
}

// runAll runs the tests with an environment of their own: no known_hosts of whoever
// runs them. It is set once, as tests run side by side.
func runAll(m *testing.M) int {
	home, err := os.MkdirTemp("", "cluster-test-home")
	if err == nil {
		defer os.RemoveAll(home)
		err = errors.Join(os.Setenv("HOME", home), os.Setenv("USERPROFILE", home), os.Setenv(sitePasswEnv, sitePassword))
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

func runChild(spec string) error {
	var job childJob
	if err := json.Unmarshal([]byte(spec), &job); err != nil {
		return err
	}
	p, err := site.Load(job.Profile)
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
	case "steps":
		for _, b := range stepJobs() {
			if b.name == job.ID {
				b.on(c, job.Machine)
				err = b.run(ctx, c)
			}
		}
	}
	return errors.Join(err, c.Close())
}

// child runs a job in a program of its own, which kills itself at a boundary. It
// reports whether the boundary was reached.
func (s *testSite) child(action, id, point, node string, data []byte) (killed bool) {
	s.t.Helper()
	out, err := s.command(childJob{Point: point, Node: node, Action: action, ID: id, New: data}).CombinedOutput()
	return s.killed(err, out)
}

// childKilledAt distributes in a program of its own, which is killed when a node's
// proxy has passed so many bytes; it may have ended before.
func (s *testSite) childKilledAt(node string, at int64, data []byte) {
	s.t.Helper()
	cmd := s.command(childJob{Action: "distribute", New: data})
	p := s.node(node).proxy
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p.mu.Lock() // no byte passes before the program to be killed is known
	p.harm, p.at = faultKilled, p.count+at
	p.kill = func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			s.t.Error(err)
		}
	}
	err := cmd.Start()
	p.mu.Unlock()
	if err == nil {
		err = cmd.Wait()
	}
	s.killed(err, out.Bytes())
}

func (s *testSite) command(job childJob) *exec.Cmd {
	s.t.Helper()
	job.Profile, job.StateDir = filepath.Join(s.dir, "profile", "site.toml"), s.dir
	if err := s.profile.Save(job.Profile); err != nil {
		s.t.Fatal(err)
	}
	spec, err := json.Marshal(job)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(spec))
	return cmd
}

// killed reports whether a program was killed; its own failure is fatal.
func (s *testSite) killed(err error, out []byte) bool {
	s.t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && !exit.Exited():
		return true
	}
	s.t.Fatalf("the program that was to be killed ended by itself: %v\n%s", err, out)
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
