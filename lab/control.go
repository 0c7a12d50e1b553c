package lab

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ctlclient/trust"
)

// control.json says where other processes of this user reach a running lab.
type controlFile struct {
	Address string // 127.0.0.1:port
	Token   string // sent as a bearer token; the file is 0600
	PID     int
}

// call is what a Remote sends and reply what it gets.
type call struct {
	Node        string   `json:",omitempty"`
	What        string   `json:",omitempty"`
	Phone       string   `json:",omitempty"`
	Servers     []string `json:",omitempty"`
	Certificate []byte   `json:",omitempty"`
	On          bool     `json:",omitempty"`
}

type reply struct {
	Page   *remotePage  `json:",omitempty"`
	Error  string       `json:",omitempty"`
	Status *Status      `json:",omitempty"`
	Boots  []remoteBoot `json:",omitempty"`
}

// remoteBoot is a Boot on the wire.
type remoteBoot struct {
	Phone            string
	CTL, ITL, Config remoteVerdict
	Took             time.Duration
	Server           string
	Console          []string
	Error            string `json:",omitempty"`
}

// remotePage is a Page on the wire.
type remotePage struct {
	URL        string
	Verdict    remoteVerdict
	Remembered bool
}

type remoteVerdict struct {
	Accept, Certain, ByTVS bool
	Reason, Source         string
	Steps                  []trust.Step
	Console                []string
}

func toRemote(v trust.Verdict) remoteVerdict {
	return remoteVerdict{v.Accept, v.Certain, v.ByTVS, v.Reason, v.Source, v.Steps, v.Console}
}

func (r remoteVerdict) verdict(p trust.Phone) trust.Verdict {
	return trust.Verdict{Phone: p, Accept: r.Accept, Certain: r.Certain, ByTVS: r.ByTVS,
		Reason: r.Reason, Source: r.Source, Steps: r.Steps, Console: r.Console}
}

// Status of a lab.
type Status struct {
	Version       string // release, "12.0"
	Mixed         bool
	Rollback      bool
	ExportRefused bool
	Nodes         []NodeStatus
	Phones        []PhoneStatus
}

// NodeStatus of one node; checksums are MD5, empty where it serves no such list.
type NodeStatus struct {
	Name, Address, Role string
	Ports               Ports
	Running             bool
	Folder              string
	CTL, ITL            string
	Services            []Service `json:",omitempty"`
	RestartDue          bool
}

// PhoneStatus of one phone; checksums of what it holds are MD5.
type PhoneStatus struct {
	Name, Model string
	CTL, ITL    string
}

// Status of the cluster now.
func (l *Lab) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Version: l.st.Release, Mixed: l.st.Mixed, Rollback: l.st.Rollback, ExportRefused: l.st.ExportRefused}
	for _, n := range l.Nodes {
		s.Nodes = append(s.Nodes, NodeStatus{Name: n.Name, Address: n.Address, Role: n.Role, Ports: n.Ports(),
			Running: n.Running(), Folder: n.Folder, CTL: n.checksum(ctlName), ITL: n.checksum(itlName),
			Services: n.Services(), RestartDue: n.RestartDue()})
	}
	for _, p := range l.Phones {
		st := PhoneStatus{Name: p.Name, Model: p.Model}
		if p.CTL != nil {
			st.CTL = p.CTL.MD5()
		}
		if p.ITL != nil {
			st.ITL = p.ITL.MD5()
		}
		s.Phones = append(s.Phones, st)
	}
	return s
}

// checksum of a list that the node serves; empty when there is none to read.
func (n *Node) checksum(name string) string {
	list, err := n.list(name)
	if err != nil || list == nil {
		return ""
	}
	return list.MD5()
}

// verbs that another process can ask for, by name.
var verbs = map[string]func(ctx context.Context, l *Lab, c call) (reply, error){
	"status": func(_ context.Context, l *Lab, _ call) (reply, error) {
		s := l.Status()
		return reply{Status: &s}, nil
	},
	"trust": func(_ context.Context, l *Lab, c call) (reply, error) {
		return reply{}, l.TrustCertificate(c.Certificate)
	},
	"distrust": func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.Distrust(c.Certificate) },
	"restart":  func(ctx context.Context, l *Lab, _ call) (reply, error) { return reply{}, l.RestartServices(ctx) },
	"phones":   func(ctx context.Context, l *Lab, c call) (reply, error) { return l.remotePhones(ctx, c.Phone) },
	"directories": func(ctx context.Context, l *Lab, c call) (reply, error) {
		p, err := l.Directories(ctx, c.Phone)
		return reply{Page: &remotePage{p.URL, toRemote(p.Verdict), p.Remembered}}, err
	},
	"clear": func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.ClearPhone(c.Phone) },
	"point": func(_ context.Context, l *Lab, c call) (reply, error) {
		return reply{}, l.PointPhone(c.Phone, c.Servers...)
	},
	"regenerate": func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.Regenerate(c.Node, c.What) },
	"rename":     func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.RenameHost(c.Node, c.What) },
	"restore":    func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.RestoreBackup(c.Node) },
	"rollback":   func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.PrepareRollback(c.On) },
	"export":     func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.RefuseExport(c.On) },
	"stop":       func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.Stop(c.Node) },
	"start":      func(_ context.Context, l *Lab, c call) (reply, error) { return reply{}, l.Start(c.Node) },
}

// remotePhones makes one phone boot or, without a name, all.
func (l *Lab) remotePhones(ctx context.Context, name string) (reply, error) {
	var boots []Boot
	var err error
	if name == "" {
		boots, err = l.RestartPhones(ctx)
	} else {
		var one Boot
		if one, err = l.RestartPhone(ctx, name); one.Phone != nil {
			boots = []Boot{one}
		}
	}
	var r reply
	for _, b := range boots {
		out := remoteBoot{Phone: b.Phone.Name, CTL: toRemote(b.CTL), ITL: toRemote(b.ITL), Config: toRemote(b.Config),
			Took: b.Took, Server: b.Server, Console: b.Console}
		if b.Err != nil {
			out.Error = b.Err.Error()
		}
		r.Boots = append(r.Boots, out)
	}
	return r, err
}

// startControl opens the control endpoint and writes control.json.
func (l *Lab) startControl() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c := controlFile{Address: listener.Addr().String(), Token: rand.Text(), PID: os.Getpid()}
	data, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = writeFile(filepath.Join(l.Dir, fileControl), append(data, '\n'))
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	l.control = &http.Server{
		Handler:           l.controlHandler(c.Token),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return l.ctx },
	}
	l.tasks.Go(func() {
		if err := l.control.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			l.log.printf("control: %v", err)
		}
	})
	return nil
}

// stopControl removes control.json first: nobody is sent to a closed door.
func (l *Lab) stopControl() error {
	if l.control == nil {
		return nil
	}
	err := os.Remove(filepath.Join(l.Dir, fileControl))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.control.Close())
}

// maxCall bounds what a request may carry: a certificate and some names.
const maxCall = 256 << 10

func (l *Lab) controlHandler(token string) http.Handler {
	want := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave, ok := l.enter()
		if !ok {
			http.Error(w, "the lab is closed", http.StatusServiceUnavailable)
			return
		}
		defer leave()
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "not for you", http.StatusForbidden)
			return
		}
		verb, ok := verbs[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		var c call
		var out reply
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCall)).Decode(&c)
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("read the request: %w", err)
		} else {
			out, err = verb(r.Context(), l, c)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			out.Error = err.Error()
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			l.log.printf("control: %v", err)
		}
	})
}
