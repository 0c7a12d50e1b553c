package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/internal/services"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/tftp"
	"ctlclient/protocol/tvs"
)

// Roles of a node, as profiles name them.
const (
	rolePublisher  = "publisher"
	roleSubscriber = "subscriber"
	roleTFTP       = "tftp"
	roleFirewall   = "firewall"
)

// Node is one server of the cluster.
type Node struct {
	Name    string // host name
	Address string // loopback
	Role    string // publisher subscriber tftp firewall
	Folder  string // what TFTP serves; put a file in and it is served

	lab   *Lab
	st    *nodeState
	certs string // folder of certificates and keys

	mu       sync.Mutex
	pairs    map[string]*pair
	hostKey  ssh.Signer
	running  []io.Closer // servers; empty: the plug is pulled
	services map[string]Service
	kept     map[string][]byte // what TFTP serves in place of the files, until it restarts
}

// Service that can be restarted on a node.
type Service struct {
	Name     string // "Cisco Tftp", "Cisco CallManager"
	Started  time.Time
	Restarts int // since the lab was started
}

func newNode(l *Lab, st *nodeState) *Node {
	root := filepath.Join(l.Dir, dirNodes, st.Dir)
	return &Node{
		Name: st.Name, Address: st.Address, Role: st.Role,
		Folder: filepath.Join(root, "tftp"),
		lab:    l, st: st, certs: filepath.Join(root, "certs"),
		pairs: map[string]*pair{},
	}
}

// callManager tells a CUCM node from an alternate TFTP server and a firewall.
func (n *Node) callManager() bool { return n.Role == rolePublisher || n.Role == roleSubscriber }

// name is Name for those who may run beside a rename.
func (n *Node) name() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Name
}

// Ports where the node's services answer.
func (n *Node) Ports() Ports {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.st.Ports
}

// Running is false while the plug is pulled.
func (n *Node) Running() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.running) > 0
}

// Certificate of the node, DER: "CallManager", "TVS", "CAPF", "ITLRecovery"
// (the last two on the publisher), "identity" of a TFTP server or firewall.
func (n *Node) Certificate(name string) ([]byte, error) {
	p, err := n.pair(name)
	if err != nil {
		return nil, err
	}
	return p.der, nil
}

// CertificateFile is where the PEM of that certificate lies.
func (n *Node) CertificateFile(name string) string { return filepath.Join(n.certs, name+".pem") }

func (n *Node) pair(name string) (*pair, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pairs[name]
	if p == nil {
		return nil, message.Errorf("%s has no certificate %s", n.Name, name)
	}
	return p, nil
}

func (n *Node) setPair(name string, p *pair) error {
	if err := savePair(n.certs, name, p); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pairs[name] = p
	return nil
}

// wanted certificates of a node.
func (n *Node) wanted() map[string]certSpec {
	bits := n.lab.st.KeyBits
	if !n.callManager() {
		return map[string]certSpec{certIdentity: {n.Name, bits}}
	}
	w := map[string]certSpec{
		certCallManager: {n.Name, bits},
		certTVS:         {n.Name, bits},
		certTomcat:      {n.Name, 0},
		certProvider:    {n.Name, 0},
	}
	if n.Role == rolePublisher {
		w[certCAPF] = certSpec{n.lab.st.CAPFName, bits}
		if n.lab.release().recovery {
			w[certITLRecovery] = certSpec{"ITLRECOVERY_" + n.Name, bits}
		}
	}
	return w
}

// makeCertificates loads what the nodes have and makes what they lack, as many
// keys at a time as there are processors.
func (l *Lab) makeCertificates(ctx context.Context) error {
	type job struct {
		n    *Node
		name string
		spec certSpec
	}
	var jobs []job
	for _, n := range l.Nodes {
		for _, d := range []string{n.Folder, n.certs} {
			if err := atomicfile.MakeFolder(d); err != nil {
				return err
			}
		}
		if err := n.loadHostKey(); err != nil {
			return err
		}
		for name, spec := range n.wanted() {
			p, err := loadPair(n.certs, name)
			switch {
			case err == nil:
				n.pairs[name] = p
			case errors.Is(err, fs.ErrNotExist):
				jobs = append(jobs, job{n, name, spec})
			default:
				return err
			}
		}
		if n.st.Restored {
			p, err := loadPair(n.certs, certRestored)
			if err != nil {
				return err
			}
			n.pairs[certRestored] = p
		}
	}
	errs := make([]error, len(jobs))
	slots := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			p, err := newPair(j.spec)
			if err == nil {
				err = j.n.setPair(j.name, p)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// loadHostKey reads or makes the SSH host key, Ed25519.
func (n *Node) loadHostKey() error {
	path := filepath.Join(n.certs, "ssh_host_key")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = newHostKey()
		if err == nil {
			err = writeFile(path, data)
		}
	}
	if err != nil {
		return err
	}
	if n.hostKey, err = ssh.ParsePrivateKey(data); err != nil {
		return message.Errorf("read %s: %w", path, err)
	}
	return nil
}

// tcpServer is a service of a node that answers on TCP.
type tcpServer struct {
	what   string
	port   *int
	server interface {
		Serve(net.Listener) error
		Close() error
	}
}

// tcpServers are those that the node's ports say it runs.
func (n *Node) tcpServers() ([]tcpServer, error) {
	p := &n.st.Ports
	var out []tcpServer
	if p.CTLP != 0 {
		provider, err := n.newProvider()
		if err != nil {
			return nil, err
		}
		out = append(out, tcpServer{"CTL Provider", &p.CTLP, provider})
	}
	if n.callManager() {
		out = append(out, tcpServer{"TVS", &p.TVS, n.newTVS()}, tcpServer{"SSH", &p.SSH, n.newCLI()}, tcpServer{"HTTPS", &p.HTTPS, n.newHTTPS()})
	}
	if p.SFTP != 0 {
		s, err := n.newSFTP()
		if err != nil {
			return nil, err
		}
		out = append(out, tcpServer{"SFTP", &p.SFTP, s})
	}
	if p.HTTP != 0 {
		out = append(out, tcpServer{"HTTP", &p.HTTP, n.newHTTP()})
	}
	return out, nil
}

// start opens every listener of the node before the first is served: a node
// runs whole or not at all. move lets a service whose port is taken go to a
// free one; a node that is plugged in again answers where it did.
func (n *Node) start(move bool) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.running) > 0 {
		return nil
	}
	var serve []func()
	var servers []io.Closer
	defer func() {
		if err != nil {
			for _, s := range servers {
				err = errors.Join(err, s.Close())
			}
		}
	}()
	tcp, err := n.tcpServers()
	if err != nil {
		return err
	}
	for _, s := range tcp {
		servers = append(servers, s.server)
	}
	for _, s := range tcp {
		l, err := listen(n.Address, s.port, move)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", n.Name, s.what, err)
		}
		servers = append(servers, l)
		serve = append(serve, func() { n.served(s.what, s.server.Serve(l)) })
	}
	p := &n.st.Ports
	if p.TFTP != 0 {
		c, err := listenPacket(n.Address, &p.TFTP, move)
		if err != nil {
			return message.Errorf("%s: TFTP: %w", n.Name, err)
		}
		s := tftp.NewServer(n.openTFTP)
		servers = append(servers, c, s)
		serve = append(serve, func() { n.served("TFTP", s.Serve(c)) })
	}
	now := time.Now()
	n.services = map[string]Service{}
	for _, name := range []string{services.TFTP, services.CallManager, services.TVS} {
		n.services[name] = Service{Name: name, Started: now}
	}
	n.running = servers
	for _, f := range serve {
		n.lab.tasks.Go(f)
	}
	return nil
}

// served notes a server that ended by itself.
func (n *Node) served(what string, err error) {
	if err != nil && n.Running() {
		n.lab.log.printf("%s: %s ended: %v", n.name(), what, err)
	}
}

// stop pulls the plug: listeners and connections end at once, files stay.
func (n *Node) stop() error {
	n.mu.Lock()
	running := n.running
	n.running = nil
	n.mu.Unlock()
	var errs []error
	for _, s := range running {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, message.Errorf("stop %s: %w", n.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (n *Node) newProvider() (*ctlp.Server, error) {
	return ctlp.NewServer(ctlp.ServerOptions{
		Certificate: n.pairs[certProvider].tls(),
		Backend:     &provider{n},
		Dir:         n.Folder,
		Name:        "practice CTL Provider " + n.lab.release().full,
		Log: func(event string, kv ...any) {
			n.lab.log.printf("%s: ctlp: %s%s", n.name(), event, pairsText(kv))
		},
	})
}

// pairsText prints an audit event's keys and values.
func pairsText(kv []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(kv); i += 2 {
		fmt.Fprintf(&b, " %v=%v", kv[i], kv[i+1])
	}
	return b.String()
}

func (n *Node) newTVS() *tvs.Server {
	return tvs.NewServer(tvs.ServerOptions{
		Certificate: func() (tls.Certificate, error) {
			p, err := n.pair(certTVS)
			if err != nil {
				return tls.Certificate{}, err
			}
			return p.tls(), nil
		},
		Answer: n.answerTVS,
	})
}

func (n *Node) newCLI() *platform.Server {
	return platform.NewServer(platform.ServerOptions{
		HostKey: n.hostKey,
		Login: func(user string, password []byte) bool {
			ok := n.lab.platformLogin(user, password)
			n.lab.log.printf("%s: cli: login of %s: %t", n.name(), user, ok)
			return ok
		},
		Handler: func(ctx context.Context, line string, t *platform.Terminal) error { return (&cli{n}).run(ctx, line, t) },
		Banner:  "Command Line Interface is starting up, please wait ...\n\n   Welcome to the Platform Command Line Interface\n",

		Interactive: n.lab.st.CUCM,
		PageLines:   n.pageLines(),
	})
}

// pageLines: a CUCM node stops long output, until it is told not to.
func (n *Node) pageLines() int {
	if n.lab.st.CUCM {
		return 22
	}
	return 0
}

// newHTTP is net/http's with the Close that ends connections too.
func (n *Node) newHTTP() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(n.serveHTTP),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       30 * time.Second,
	}
}

// list reads one of the lists that the node serves; nil when it serves none.
func (n *Node) list(name string) (*ctlbuild.List, error) {
	data, err := os.ReadFile(filepath.Join(n.Folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ctlbuild.Parse(data)
}
