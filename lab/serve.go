package lab

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// maxServed bounds what a node reads into memory to serve.
const maxServed = 8 << 20

var (
	perPhoneList = lazyregexp.New(`^(CTL|ITL)(SEP[0-9A-F]{12})\.tlv$`)
	phoneConfig  = lazyregexp.New(`^(SEP[0-9A-F]{12})\.cnf\.xml(\.sgn)?$`)
)

// open finds what a node serves under a name, as phones ask for it. A phone of
// this cluster is given the node's list under its own name (CTLSEP<MAC>.tlv),
// any other is told that there is none and falls back to CTLFile.tlv.
func (n *Node) open(name string) ([]byte, error) {
	data, err := n.fromService(name)
	if !errors.Is(err, fs.ErrNotExist) || !n.callManager() {
		return data, err
	}
	if m := perPhoneList.FindStringSubmatch(name); m != nil {
		if _, err := n.lab.Phone(m[2]); err != nil {
			return nil, fs.ErrNotExist
		}
		return n.fromService(m[1] + "File.tlv")
	}
	if m := phoneConfig.FindStringSubmatch(name); m != nil {
		// A phone that the cluster does not know is registered on the spot.
		n.lab.mu.Lock()
		defer n.lab.mu.Unlock()
		return n.makeConfig(n.lab.ctx, m[1], m[2] != "")
	}
	return nil, fs.ErrNotExist
}

// read reads a file of the node's folder. Names that leave it, and what is
// being staged beside a live file, are not there.
func (n *Node) read(name string) ([]byte, error) {
	if name == "" || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\:`) || strings.HasPrefix(name, ".") {
		return nil, fs.ErrNotExist
	}
	path := filepath.Join(n.Folder, name)
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxServed {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(path)
}

func (n *Node) openTFTP(name string, from net.Addr) (io.ReadCloser, int64, error) {
	data, err := n.open(name)
	n.note("tftp", name, from.String(), len(data), err)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

func (n *Node) serveHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := n.lab.enter()
	if !ok {
		http.Error(w, "the node is switched off", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only reading is possible here", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	data, err := n.open(name)
	n.note("http", name, r.RemoteAddr, len(data), err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

func (n *Node) note(service, name, from string, size int, err error) {
	if err != nil {
		n.lab.log.printf("%s: %s: %q to %s: %v", n.name(), service, name, from, err)
		return
	}
	n.lab.log.printf("%s: %s: %q to %s: %d bytes", n.name(), service, name, from, size)
}

// deviceConfig is the part of a phone's configuration that matters for trust.
type deviceConfig struct {
	XMLName        xml.Name    `xml:"device"`
	FullConfig     bool        `xml:"fullConfig"`
	DeviceProtocol string      `xml:"deviceProtocol"`
	SecurityMode   int         `xml:"deviceSecurityMode"` // 1 non-secure, 3 encrypted
	CallManagers   []tvsMember `xml:"devicePool>callManagerGroup>members>member"`
	TVS            []tvsMember `xml:"TVS>members>member"`
}

type tvsMember struct {
	Priority int    `xml:"priority,attr"`
	Address  string `xml:"address"`
	Port     int    `xml:"port,omitempty"`
}

// servers as host:port.
func (c deviceConfig) servers() []string {
	var out []string
	for _, m := range c.TVS {
		out = append(out, hostPort(m.Address, m.Port))
	}
	return out
}

// makeConfig writes a phone's configuration, signed by the node's CallManager
// or plain.
func (n *Node) makeConfig(ctx context.Context, phone string, signed bool) ([]byte, error) {
	l := n.lab
	c := deviceConfig{FullConfig: true, DeviceProtocol: "SIP", SecurityMode: 1}
	if l.st.Mixed {
		c.SecurityMode = 3
	}
	for i, m := range l.group(phone) {
		p := m.Ports()
		c.CallManagers = append(c.CallManagers, tvsMember{Priority: i, Address: m.Address})
		c.TVS = append(c.TVS, tvsMember{Priority: i, Address: m.Address, Port: p.TVS})
	}
	body, err := xml.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, err
	}
	content := append([]byte(xml.Header), append(body, '\n')...)
	if !signed {
		return content, nil
	}
	cm, err := n.signingCallManager()
	if err != nil {
		return nil, err
	}
	e, err := ctlbuild.SignEnvelope(ctx, phone+".cnf.xml.sgn", content, ctlbuild.SHA1, time.Now(), cm)
	if err != nil {
		return nil, message.Errorf("sign the configuration of %s: %w", phone, err)
	}
	return e.Bytes(), nil
}

// writeConfigs puts the signed configuration of every phone into the folder.
func (n *Node) writeConfigs(ctx context.Context) error {
	for _, p := range n.lab.st.Phones {
		data, err := n.makeConfig(ctx, p.Name, true)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(n.Folder, p.Name+".cnf.xml.sgn"), data); err != nil {
			return err
		}
	}
	return nil
}

// group are the nodes of a phone's CallManager group; at most three, as on a
// real cluster.
func (l *Lab) group(phone string) []*Node {
	all := l.callManagers()
	for i := range l.st.Phones {
		p := &l.st.Phones[i] // no copy: a boot changes other parts of it
		if p.Name != phone || len(p.Group) == 0 {
			continue
		}
		var out []*Node
		for _, n := range all {
			for _, g := range p.Group {
				if n.st.Dir == g {
					out = append(out, n)
				}
			}
		}
		return out
	}
	return all[:min(3, len(all))]
}
