package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Options of a lab. All but Dir, Faults, Fresh and Log describe a new one: a lab that
// stands in Dir already comes back as it was ([Find] tells how).
type Options struct {
	Dir    string      // made where it does not exist
	Nodes  int         // CUCM nodes, publisher and subscribers: 1 to 28; default 2
	Phones []PhoneSpec // default four: 7975, 8861, 7965, 7940 (cannot ask TVS)
	// AltTFTP adds an alternate TFTP server reached over SFTP: the zero value
	// adds it, NoAltTFTP leaves it out.
	AltTFTP   bool
	NoAltTFTP bool
	Firewall  bool // adds an ASA-like node over SFTP
	KeyBits   int  // of the certificates: 1024, 2048 or 4096; default 2048
	// Version decides signer and SAST records, and is what the nodes say they are:
	// 10.0, 11.5(1)SU5, 14SU3, 15.0.1.13900-155; default 12.0, of a CUCM cluster 14.0.
	Version string
	// CUCM is a cluster as Cisco ships it: no node listens on 2444, and on 8443 of each
	// AXL, RisPort70, Control Center, OS Administration and, from 14 on, the certificate
	// REST API answer. It has no alternate TFTP server unless AltTFTP says so.
	CUCM bool
	// Crowd are further phones of a CUCM cluster that stand in its database, are
	// registered, and do nothing; up to 200,000.
	Crowd int
	// Faults that it begins with (see [Lab.SetFault]).
	Faults map[string]int
	// NonSecure starts without a CTL (ClusterSecurityMode 0): phones hold an ITL only.
	NonSecure bool
	// NoITL starts without Security By Default: no ITL, as before 8.0.
	NoITL bool
	// ExportRefused: mixed mode is refused, as on a cluster that is not
	// registered for export-controlled functionality (CTLP status 12).
	ExportRefused bool
	Fresh         bool // forget the lab that stands in Dir
	// Log is told what nodes and phones do; lab.log has the same.
	Log func(format string, args ...any)
}

// PhoneSpec describes a phone to make.
type PhoneSpec struct {
	MAC   string // 12 hexadecimal digits; default made from its place in the list
	Model string // "7975"
	// Group names the nodes of the phone's CallManager group, the TVS servers
	// that its configuration lists; default: the first three CUCM nodes.
	Group []string
}

// DefaultPhones are the four of a default lab; the last cannot ask TVS.
var DefaultPhones = []PhoneSpec{
	{MAC: "0011215A1AE3", Model: "7975"},
	{MAC: "2C3124C9F861", Model: "8861"},
	{MAC: "001BD5127965", Model: "7965"},
	{MAC: "000E38C07940", Model: "7940"},
}

// morePhones are those of a default CUCM cluster besides: the page of each model has a
// form of its own.
var morePhones = []PhoneSpec{{MAC: "0C75BD117841", Model: "7841"}}

// Lab is a running practice cluster. Its methods may be called from any
// goroutine; they change the cluster one at a time.
type Lab struct {
	Dir     string
	Profile string // DIR/lab.toml
	Nodes   []*Node
	Phones  []*Phone

	mu       sync.Mutex // the database and every change of the cluster
	st       *state
	password []byte
	platform []byte // of the platform account; CUCM only
	lock     *flock.Flock
	log      *logFile
	ctx      context.Context // the lab's life: ends at Close
	cancel   context.CancelFunc
	atClose  []func() error // what others have standing on the lab
	tasks    sync.WaitGroup // every server's goroutine
	closed   bool

	faultMu sync.Mutex // guards faults and held, which handlers read whatever is going on
	faults  map[string]int
	held    map[string]string
	// faultsChanged is closed when they do.
	faultsChanged chan struct{}
	phones        registry // which phones are registered and where, and what they tell
	pages         []*http.Server
	crowd         crowd
}

// Control is what can be done to a running lab, from its own process ([Lab]) or
// from another (package control).
type Control interface {
	TrustCertificate(der []byte) error
	Distrust(der []byte) error
	RestartServices(ctx context.Context) error
	RestartPhones(ctx context.Context) ([]Boot, error)
	RestartPhone(ctx context.Context, name string) (Boot, error)
	ClearPhone(name string) error
	PointPhone(name string, servers ...string) error
	Regenerate(node, what string) error
	RenameHost(node, name string) error
	RestoreBackup(node string) error
	PrepareRollback(on bool) error
	RefuseExport(on bool) error
	SetFault(name string, n int) error
	Stop(name string) error
	Start(name string) error
}

var _ Control = (*Lab)(nil)

// ErrRunning: another process runs the lab of this folder.
var ErrRunning = message.NewError("a lab runs in this folder already")

// Up starts a lab and, when it is new, lets its phones boot once. ctx bounds
// the start; Close ends the lab.
func Up(ctx context.Context, o Options) (*Lab, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.MakeFolder(dir); err != nil {
		return nil, err
	}
	l := &Lab{Dir: dir, Profile: filepath.Join(dir, ProfileFile)}
	l.lock = flock.New(filepath.Join(dir, fileLock), flock.SetPermissions(0o600))
	locked, err := l.lock.TryLock()
	if err != nil {
		return nil, message.Errorf("lock %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("%s: %w", dir, ErrRunning)
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := l.up(ctx, o); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) up(ctx context.Context, o Options) error {
	fresh, err := l.load(o)
	if err != nil {
		return err
	}
	if l.log, err = openLog(filepath.Join(l.Dir, fileLog), o.Log); err != nil {
		return err
	}
	l.loadFaults()
	if err := l.loadPasswords(); err != nil {
		return err
	}
	for i := range l.st.Nodes {
		l.Nodes = append(l.Nodes, newNode(l, &l.st.Nodes[i]))
	}
	if err := l.makeCertificates(ctx); err != nil {
		return err
	}
	if err := l.loadPhones(); err != nil {
		return err
	}
	for _, n := range l.Nodes {
		if err := n.start(true); err != nil {
			return err
		}
	}
	if fresh {
		err = l.firstFiles(ctx)
	} else {
		err = l.refresh(ctx)
	}
	if err != nil {
		return err
	}
	if err := l.writeProfile(); err != nil {
		return err
	}
	if fresh {
		// The phones of a cluster that has run for a while hold its lists.
		if _, err := l.RestartPhones(ctx); err != nil {
			return err
		}
	}
	if !fresh {
		l.wakePhones()
	}
	l.startPages()
	l.st.Ready = true
	if err := l.st.save(l.Dir); err != nil {
		return err
	}
	return nil
}

// load reads the database or, where there is none or Fresh says so, makes one.
func (l *Lab) load(o Options) (fresh bool, err error) {
	l.st, err = loadState(l.Dir)
	if err == nil && l.st.Ready && !o.Fresh {
		for name, n := range o.Faults {
			if err := l.st.setFault(name, n); err != nil {
				return false, err
			}
		}
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := wipe(l.Dir); err != nil {
		return false, err
	}
	if l.st, err = newState(l.Dir, o); err != nil {
		return false, err
	}
	// Saved before anything else is made: a start that is cut short is known
	// for what it is by the next one.
	if err := l.st.save(l.Dir); err != nil {
		return false, err
	}
	for _, d := range []string{dirTrust, dirNodes, dirPhones} {
		if err := atomicfile.MakeFolder(filepath.Join(l.Dir, d)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// maxLabNodes is what Cisco's CTL Client is sized for: a publisher, 16 call processing
// servers, 2 TFTP and 9 media servers.
const maxLabNodes = 28

// newState lays a new cluster out.
func newState(dir string, o Options) (*state, error) {
	s := &state{Format: stateFormat, Mixed: !o.NonSecure, NoITL: o.NoITL, ExportRefused: o.ExportRefused, KeyBits: o.KeyBits,
		CUCM: o.CUCM, Crowd: o.Crowd, Faults: map[string]int{}}
	if s.Crowd < 0 || s.Crowd > maxCrowd || s.Crowd > 0 && !s.CUCM {
		return nil, message.Errorf("a crowd of %d phones: a CUCM cluster has up to %d", s.Crowd, maxCrowd)
	}
	var err error
	if s.Release, s.Full, err = chooseRelease(o.Version, o.CUCM); err != nil {
		return nil, err
	}
	for name, n := range o.Faults {
		if err := s.setFault(name, n); err != nil {
			return nil, err
		}
	}
	if s.KeyBits == 0 {
		s.KeyBits = 2048
	}
	if !slices.Contains([]int{1024, 2048, 4096}, s.KeyBits) {
		return nil, message.Errorf("keys of %d bits cannot stand in a trust list: 1024, 2048 or 4096", s.KeyBits)
	}
	if o.Nodes == 0 {
		o.Nodes = 2
	}
	if o.Nodes < 1 || o.Nodes > maxLabNodes {
		return nil, message.Errorf("%d nodes: a lab has 1 to %d", o.Nodes, maxLabNodes)
	}
	names := make([]byte, 7)
	if _, err := rand.Read(names); err != nil {
		return nil, err
	}
	s.CAPFName = "CAPF-" + hex.EncodeToString(names[:4])
	// Journals go by the cluster's name: another lab, or this one made anew,
	// must not find a job that was never its own.
	s.Name = "lab-" + hex.EncodeToString(names[4:])

	add := func(name, role string) {
		s.Nodes = append(s.Nodes, nodeState{Name: name, Dir: name, Role: role, Ports: portsOf(role, o.CUCM)})
	}
	add("cucm-pub", rolePublisher)
	for i := 1; i < o.Nodes; i++ {
		add(fmt.Sprintf("cucm-sub%d", i), roleSubscriber)
	}
	if o.CUCM && o.AltTFTP || !o.CUCM && !o.NoAltTFTP {
		add("tftp-1", roleTFTP)
	}
	if o.Firewall {
		add("asa-1", roleFirewall)
	}
	for i, a := range chooseAddresses(dir, len(s.Nodes)) {
		s.Nodes[i].Address = a
	}
	if o.Phones == nil && o.CUCM {
		o.Phones = append(slices.Clone(DefaultPhones), morePhones...)
	}
	return s, s.addPhones(o.Phones)
}

func (s *state) addPhones(specs []PhoneSpec) error {
	if specs == nil {
		specs = DefaultPhones
	}
	for i, p := range specs {
		mac := strings.ToUpper(p.MAC)
		if mac == "" {
			mac = fmt.Sprintf("00112100%04X", i+1)
		}
		if b, err := hex.DecodeString(mac); err != nil || len(b) != 6 {
			return message.Errorf("phone %d: %q is not a MAC address of 12 hexadecimal digits", i+1, p.MAC)
		}
		for _, g := range p.Group {
			if !slices.ContainsFunc(s.Nodes, func(n nodeState) bool { return n.Name == g }) {
				return message.Errorf("phone %d: its CallManager group names %q, which is no node", i+1, g)
			}
		}
		s.Phones = append(s.Phones, phoneState{Name: "SEP" + mac, Model: p.Model, Group: p.Group})
	}
	return nil
}

// OnClose has Close call f, before anything of the lab is closed.
func (l *Lab) OnClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.atClose = append(l.atClose, f)
}

// Context is the lab's life: it ends at Close.
func (l *Lab) Context() context.Context { return l.ctx }

// Logf writes a line to lab.log.
func (l *Lab) Logf(format string, args ...any) { l.log.printf(format, args...) }

// Enter is for handlers of others: Close waits until leave is called. false: the lab is
// closed.
func (l *Lab) Enter() (leave func(), ok bool) { return l.enter() }

// enter counts work that nobody else waits for, so that Close does; false: the
// lab is closed. leave must follow.
func (l *Lab) enter() (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, false
	}
	l.tasks.Add(1)
	return l.tasks.Done, true
}

// Close ends every server, connection and goroutine of the lab; files stay.
func (l *Lab) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	atClose := l.atClose
	l.mu.Unlock()

	l.cancel()
	var errs []error
	for _, f := range atClose {
		errs = append(errs, f())
	}
	for _, n := range l.Nodes {
		errs = append(errs, n.stop())
	}
	l.mu.Lock()
	errs = append(errs, l.stopPages())
	l.mu.Unlock()
	l.tasks.Wait()
	if l.log != nil {
		errs = append(errs, l.log.Close())
	}
	errs = append(errs, l.lock.Unlock())
	return errors.Join(errs...)
}

// Node finds a node by its name.
func (l *Lab) Node(name string) (*Node, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.node(name)
}

// node is Node for those who hold the lock.
func (l *Lab) node(name string) (*Node, error) {
	for _, n := range l.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return nil, message.Errorf("the lab has no node %q", name)
}

// Phone finds a phone by its name.
func (l *Lab) Phone(name string) (*Phone, error) {
	for _, p := range l.Phones {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, message.Errorf("the lab has no phone %q", name)
}

func (l *Lab) publisher() *Node { return l.Nodes[0] }

// callManagers are the publisher and the subscribers.
func (l *Lab) callManagers() []*Node {
	var out []*Node
	for _, n := range l.Nodes {
		if n.callManager() {
			out = append(out, n)
		}
	}
	return out
}

// CurrentCTL is the list that the publisher serves; nil when it serves none.
func (l *Lab) CurrentCTL() (*ctlbuild.List, error) { return l.publisher().list(ctlName) }

// logFile writes lines with their time to lab.log and to the caller's log.
type logFile struct {
	mu   sync.Mutex
	f    *os.File
	also func(format string, args ...any)
}

// maxLog bounds lab.log; a longer one is begun anew at the next start.
const maxLog = 4 << 20

func openLog(path string, also func(string, ...any)) (*logFile, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if st, err := os.Stat(path); err == nil && st.Size() > maxLog {
		flags = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return &logFile{f: f, also: also}, nil
}

// printf writes a line. A log that cannot be written stops nothing.
func (g *logFile) printf(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fmt.Fprintf(g.f, "%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, args...))
	if g.also != nil {
		g.also(format, args...)
	}
}

func (g *logFile) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.f.Close()
}
