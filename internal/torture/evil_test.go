//go:build linux

package torture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ctlclient/lab"
)

// evil is a harm done in the middle of a job: when the program has said so many lines and
// so much time has passed since.
type evil struct {
	name  string
	small string // the disk that must be a small one: "state" or a node
	line  int
	said  *regexp.Regexp // when the program has said this, instead of so many lines
	wait  time.Duration
	do    func(s *site, p *os.Process)
	once  sync.Once
	done  atomic.Bool
}

// at does it when its moment has come.
func (e *evil) at(s *site, lines int, all string, c *exec.Cmd) {
	if e.said == nil && lines < e.line || e.said != nil && !e.said.MatchString(all) {
		return
	}
	e.once.Do(func() {
		time.Sleep(e.wait) // the program works on meanwhile
		s.tell("-- after %d lines: %s", lines, e.name)
		e.do(s, c.Process)
		e.done.Store(true)
	})
}

// moment chooses one. A job says some 100 lines with --json and some 20 without; each line
// stands for a step, and what lies between steps is reached by the wait.
func (e *evil) moment(s interface{ IntN(int) int }, json bool) {
	most := 18
	if json {
		most = 90
	}
	e.line, e.wait = 1+s.IntN(most), time.Duration(s.IntN(12_000))*time.Microsecond
	if s.IntN(3) == 0 {
		e.wait = 0
	}
}

func signalled(name string, sig syscall.Signal) *evil {
	return &evil{name: name, do: func(_ *site, p *os.Process) { _ = p.Signal(sig) }} // it may have ended
}

// modeSet is what is said when the mode, or a file of the publisher's own, was written.
var modeSet = regexp.MustCompile(`"step":"(mode|publisher-writes)","state":"done"`)

// betweenModeAndFile kills a program when the mode is set, or set back, and the file is not.
func betweenModeAndFile() *evil {
	e := signalled("SIGKILL between mode and file", 9)
	e.said = modeSet
	return e
}

// paused stops the program for a while.
func paused(d time.Duration) *evil {
	return &evil{name: fmt.Sprintf("program stopped for %v", d), do: func(_ *site, p *os.Process) {
		_ = p.Signal(syscall.SIGSTOP)
		time.AfterFunc(d, func() { _ = p.Signal(syscall.SIGCONT) })
	}}
}

// frozen stops the whole cluster for a while.
func frozen(d time.Duration) *evil {
	return &evil{name: fmt.Sprintf("cluster frozen for %v", d), do: func(s *site, _ *os.Process) {
		_ = s.lab.process.Signal(syscall.SIGSTOP)
		thaw := func() { _ = s.lab.process.Signal(syscall.SIGCONT) }
		time.AfterFunc(d, thaw)
		s.later(thaw)
	}}
}

// off pulls a node's plug, until the job has ended or for a while.
func off(node string, d time.Duration) *evil {
	name := node + " is off"
	if d > 0 {
		name += fmt.Sprintf(" for %v", d)
	}
	return &evil{name: name, do: func(s *site, _ *os.Process) {
		if err := s.remote.Stop(node); err != nil {
			s.tell("stop: %v", err)
		}
		on := sync.OnceFunc(func() {
			if err := s.remote.Start(node); err != nil {
				s.tell("start: %v", err)
			}
		})
		if d > 0 {
			time.AfterFunc(d, on)
		}
		s.later(on)
	}}
}

// fill fills a disk up to the last left bytes, until healed.
func fill(s *site, folder string, left int) {
	path := filepath.Join(folder, ".filler")
	f, err := os.Create(path)
	if err != nil {
		s.tell("fill: %v", err)
		return
	}
	defer f.Close()
	for _, piece := range []int{4096, 1} {
		zero := make([]byte, piece)
		for {
			if _, err = f.Write(zero); err != nil {
				break
			}
		}
	}
	if info, e := f.Stat(); e == nil && errors.Is(err, syscall.ENOSPC) {
		_ = f.Truncate(max(0, info.Size()-int64(left)))
	}
	s.later(func() { _ = os.Remove(path) })
}

// full fills the state folder or a node's.
func full(where string, left int) *evil {
	return &evil{name: fmt.Sprintf("disk of %s full but for %d bytes", where, left), small: where, do: func(s *site, _ *os.Process) {
		if where == "state" {
			fill(s, s.state, left)
			return
		}
		for _, n := range s.nodes {
			if n.name == where {
				fill(s, n.folder, left)
			}
		}
	}}
}

// stateGone has the state folder go away, for good.
func stateGone() *evil {
	return &evil{name: "state folder gone", do: func(s *site, _ *os.Process) {
		s.gone = true
		if err := os.Rename(s.state, s.state+".gone"); err != nil {
			s.tell("%v", err)
		}
	}}
}

// wrong lets the cluster do one of the things that a practice cluster can do wrong.
func wrong(name string, n int) *evil {
	return &evil{name: "fault " + name, do: func(s *site, _ *os.Process) {
		if name == lab.FaultTFTPCache {
			s.cached = true
		}
		if err := s.remote.SetFault(name, n); err != nil {
			s.tell("fault: %v", err)
		}
		s.later(func() { _ = s.remote.SetFault(name, 0) })
	}}
}

// stranger writes another file on a node, as somebody else does.
func stranger(node string) *evil {
	return &evil{name: "somebody else writes on " + node, do: func(s *site, _ *os.Process) {
		s.foreign = true
		data, err := os.ReadFile(s.spare[s.kind])
		for _, n := range s.nodes {
			if n.name == node && err == nil {
				tmp := filepath.Join(filepath.Dir(n.folder), "theirs")
				if err = os.WriteFile(tmp, data, 0o644); err == nil {
					err = os.Rename(tmp, filepath.Join(n.folder, "CTLFile.tlv"))
				}
			}
		}
		if err != nil {
			s.tell("%v", err)
		}
	}}
}

// another starts a second program meanwhile, with the same state folder or on another
// machine.
func another(job []string, elsewhere, stopFirst bool) *evil {
	name := "second program: " + fmt.Sprint(job)
	if elsewhere {
		name += ", with a state folder of its own"
	}
	if stopFirst {
		name += ", while the first one is stopped"
	}
	e := &evil{name: name}
	e.do = func(s *site, p *os.Process) {
		args := s.args(true, job...)
		if elsewhere {
			args = append(args, "--state-dir", s.state+".other")
		}
		if stopFirst {
			_ = p.Signal(syscall.SIGSTOP)
		}
		ended := make(chan said, 1)
		go func() { ended <- s.start(args, nil) }()
		wait := sync.OnceFunc(func() {
			other := <-ended
			_ = p.Signal(syscall.SIGCONT)
			s.tell("second program:\n%s", other.log())
			s.second = &other
		})
		if stopFirst {
			go wait()
		}
		s.later(wait)
	}
	return e
}

// harmed is what a connection suffers after so many bytes of the server's.
type harmed struct {
	how   string // cut, silent, broken, slow
	after int
	key   string // of the profile: the port
}

var portOf = regexp.MustCompile(`(?m)^([a-z]+-port) = (\d+)$`)

// between puts a proxy before one port of one node, in a profile of its own, from the start.
func (s *site) between(node string, h harmed) error {
	data, err := os.ReadFile(s.profile)
	if err != nil {
		return err
	}
	i := regexp.MustCompile(`name = '` + node + `'`).FindIndex(data)
	if i == nil {
		return fmt.Errorf("%s is not in the profile", node)
	}
	section, _, _ := bytes.Cut(data[i[1]:], []byte("[[node]]"))
	for _, m := range portOf.FindAllSubmatchIndex(section, -1) {
		key, port := string(section[m[2]:m[3]]), string(section[m[4]:m[5]])
		if key != h.key || port == "0" {
			continue
		}
		address := ""
		for _, n := range s.nodes {
			if n.name == node {
				address = n.address
			}
		}
		ours, err := s.proxy(net.JoinHostPort(address, port), address, h)
		if err != nil {
			return err
		}
		changed := string(data[:i[1]+m[4]]) + strconv.Itoa(ours) + string(data[i[1]+m[5]:])
		s.profile = filepath.Join(s.lab.dir, "between.toml")
		s.tell("-- %s of %s: %s after %d bytes", key, node, h.how, h.after)
		return os.WriteFile(s.profile, []byte(changed), 0o600)
	}
	return nil // this node has no such port
}

// proxy forwards to server from a port of its own at the same address.
func (s *site) proxy(server, address string, h harmed) (port int, err error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, err
	}
	var healed atomic.Bool
	s.later(func() { healed.Store(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go forward(c, server, h, &healed)
		}
	}()
	s.mu.Lock()
	s.proxies = append(s.proxies, l)
	s.mu.Unlock()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// forward carries one connection, and harms what the server says.
func forward(c net.Conn, server string, h harmed, healed *atomic.Bool) {
	defer c.Close()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		_, _ = io.Copy(up, c)
		if t, ok := up.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	}()
	sent, buf := 0, make([]byte, 4096)
	for {
		n, err := up.Read(buf)
		if n > 0 && sent+n > h.after && !healed.Load() {
			switch h.how {
			case "cut":
				_, _ = c.Write(buf[:max(0, h.after-sent)])
				return
			case "silent":
				_, _ = c.Write(buf[:max(0, h.after-sent)])
				for !healed.Load() {
					time.Sleep(10 * time.Millisecond)
				}
				return
			case "broken":
				buf[max(0, h.after-sent)] ^= 0x55
				h.after = 1 << 30
			case "slow":
				time.Sleep(50 * time.Millisecond)
			}
		}
		sent += n
		if n > 0 {
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
