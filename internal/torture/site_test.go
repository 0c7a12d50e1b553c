//go:build linux

package torture

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"ctlclient/lab/control"
)

// node is a node of the cluster of a run.
type node struct {
	name, folder, tftp, address string
}

// file is what it holds; nil: no file.
func (n node) file() []byte {
	data, err := os.ReadFile(filepath.Join(n.folder, "CTLFile.tlv"))
	if err != nil {
		return nil
	}
	return data
}

// site is the place of one run: a cluster of its own, a state folder, and what was said.
type site struct {
	*world
	seed       uint64
	rng        *rand.Rand
	dir        string
	kind, from string
	lab        *cluster
	remote     *control.Remote
	nodes      []node
	state      string // folder
	profile    string
	foreign    bool // somebody else wrote a file
	gone       bool // the state folder went away
	cached     bool // TFTP may give what is not in the folder
	second     *said
	secrets    []string
	first      holding // before the job
	ends       []func()

	mu      sync.Mutex // of what follows
	story   strings.Builder
	mounts  []string
	proxies []net.Listener
	heals   []func()
	lies    []string
}

// tell adds to what is kept of the run.
func (s *site) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.story, format+"\n", args...)
}

// lie notes something that was not so.
func (s *site) lie(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.tell("LIE: %s", text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lies = append(s.lies, text)
}

func (s *site) later(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heals = append(s.heals, f)
}

// heal takes back all that was done to the cluster and this machine.
func (s *site) heal() {
	s.mu.Lock()
	heals := s.heals
	s.heals = nil
	s.mu.Unlock()
	for _, f := range slices.Backward(heals) {
		f()
	}
}

// sites of a kind and a state, copied afresh; small says which folder is a small disk.
func (w *world) site(seed uint64, rng *rand.Rand, kind, from, small string) (*site, error) {
	dir, err := os.MkdirTemp(w.dir, fmt.Sprintf("run-%d-", seed))
	if err != nil {
		return nil, err
	}
	s := &site{world: w, seed: seed, rng: rng, dir: dir, kind: kind, from: from, state: filepath.Join(dir, "state")}
	if err := os.Mkdir(s.state, 0o700); err != nil {
		return nil, err
	}
	labDir := filepath.Join(dir, "lab")
	if out, err := exec.Command("cp", "-a", w.template(kind, from), labDir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	switch small {
	case "":
	case "state":
		err = s.mount(s.state)
	default:
		err = s.mount(filepath.Join(labDir, "nodes", small, "tftp"))
	}
	if err == nil {
		s.lab, err = startLab(w, labDir)
	}
	if err == nil {
		err = s.know()
	}
	if err == nil && kind == "ctlp" && w.sshd != "" && rng.IntN(2) == 0 {
		err = s.openSSH()
	}
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, s.close())
	}
	return s, nil
}

// know asks the cluster who it is.
func (s *site) know() (err error) {
	if s.remote, err = control.Dial(s.lab.dir); err != nil {
		return err
	}
	st, err := s.remote.Status()
	if err != nil {
		return err
	}
	for _, n := range st.Nodes {
		s.nodes = append(s.nodes, node{name: n.Name, folder: n.Folder, address: n.Address, tftp: fmt.Sprintf("%s:%d", n.Address, n.Ports.TFTP)})
	}
	s.secrets = []string{pin}
	for _, name := range []string{"password", "platform-password"} {
		if data, err := os.ReadFile(filepath.Join(s.lab.dir, name)); err == nil {
			s.secrets = append(s.secrets, strings.TrimSpace(string(data)))
		}
	}
	s.profile = filepath.Join(s.lab.dir, "lab.toml")
	return nil
}

// diskBytes is the size of a disk that is filled up.
const diskBytes = 256 << 10

// mount puts a small disk in the place of a folder, with what lies in it.
func (s *site) mount(folder string) error {
	was := folder + ".was"
	if err := os.Rename(folder, was); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", diskBytes)); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	s.mounts = append(s.mounts, folder)
	if out, err := exec.Command("cp", "-a", was+"/.", folder).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return os.RemoveAll(was)
}

// close ends the cluster and removes the folder.
func (s *site) close() (err error) {
	s.heal()
	if s.remote != nil {
		err = s.remote.Close()
	}
	if s.lab != nil {
		if e := s.lab.end(); err == nil && e != nil {
			err = fmt.Errorf("the practice cluster: %w: %s", e, s.lab.said)
		}
	}
	for _, l := range s.proxies {
		_ = l.Close()
	}
	for _, end := range s.ends {
		end()
	}
	for _, m := range s.mounts {
		if e := syscall.Unmount(m, syscall.MNT_DETACH); err == nil && e != nil {
			err = fmt.Errorf("unmount %s: %w", m, e)
		}
	}
	if e := os.RemoveAll(s.dir); err == nil {
		err = e
	}
	return err
}

// holding is what every node holds, and the mode of the cluster.
type holding struct {
	files map[string]string // by node: the content; "": none
	mixed bool
}

func (s *site) holding() holding {
	h := holding{files: map[string]string{}}
	for _, n := range s.nodes {
		h.files[n.name] = string(n.file())
	}
	var db struct{ Mixed bool }
	if data, err := os.ReadFile(filepath.Join(s.lab.dir, "lab.json")); err == nil {
		_ = json.Unmarshal(data, &db) // replaced in one step
	}
	h.mixed = db.Mixed
	return h
}

// same says whether all nodes hold one file.
func (h holding) same() bool {
	var first *string
	for _, f := range h.files {
		if first == nil {
			first = &f
		}
		if f != *first {
			return false
		}
	}
	return true
}

// differs names the nodes that do not hold what they hold in other.
func (h holding) differs(other holding) []string {
	var names []string
	for n, f := range h.files {
		if other.files[n] != f {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

func (h holding) String() string {
	var parts []string
	for n, f := range h.files {
		word := "none"
		if f != "" {
			sum := sha256.Sum256([]byte(f))
			word = fmt.Sprintf("%x (%d bytes)", sum[:4], len(f))
		}
		parts = append(parts, n+" "+word)
	}
	slices.Sort(parts)
	return fmt.Sprintf("%s; mixed %t", strings.Join(parts, ", "), h.mixed)
}

// lying are the names in the served folders, but for former files.
func (s *site) lying() []string {
	var names []string
	for _, n := range s.nodes {
		_ = filepath.WalkDir(n.folder, func(path string, d os.DirEntry, err error) error {
			if err == nil && path != n.folder && !strings.HasSuffix(path, ".previous") && d.Name() != "CTLFile.tlv" {
				names = append(names, n.name+":"+strings.TrimPrefix(path, n.folder))
			}
			return nil
		})
	}
	return names
}

// args are those of a job on this cluster.
func (s *site) args(json bool, job ...string) []string {
	args := []string{"--profile", s.profile, "--state-dir", s.state, "--module", s.module, "--pin-source", "env:PIN", "--yes", "--timeout", "2s"}
	if json {
		args = append(args, "--json")
	}
	return append(args, job...)
}
