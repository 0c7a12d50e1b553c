// Package control lets other processes of the same person reach a running practice
// cluster: [Up] starts one that can be reached, [Dial] finds it by its folder. What can be
// asked for is what package lab does, by name, over HTTP on a loopback address; control.json
// in the lab's folder, readable by its owner alone, says where and has the password for it.
package control

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ctlclient/internal/atomicfile"
	"ctlclient/lab"
	"ctlclient/message"
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
	Count       int      `json:",omitempty"`
}

type reply struct {
	Page   *remotePage  `json:",omitempty"`
	Error  message.Kept `json:",omitempty"`
	Status *lab.Status  `json:",omitempty"`
	Boots  []remoteBoot `json:",omitempty"`
}

// remoteBoot is a Boot on the wire.
type remoteBoot struct {
	Phone            string
	CTL, ITL, Config remoteVerdict
	Took             time.Duration
	Server           string
	Console          []string
	Error            message.Kept `json:",omitempty"`
}

// remotePage is a Page on the wire.
type remotePage struct {
	URL        string
	Verdict    remoteVerdict
	Remembered bool
}

// remoteVerdict is a Verdict on the wire: its sentences are in every language that the lab
// speaks, and the one who asks takes theirs.
type remoteVerdict struct {
	Accept, Certain, ByTVS bool
	Source                 string
	Why, Doubt             message.Kept `json:",omitempty"`
	Steps                  []remoteStep
	Console                []string
}

type remoteStep struct {
	What, Outcome message.Kept
	OK            bool
}

func toRemote(v trust.Verdict) remoteVerdict {
	why := v.Why
	if why.IsZero() {
		why = message.Plain(v.Reason)
	}
	r := remoteVerdict{v.Accept, v.Certain, v.ByTVS, v.Source, message.Keep(why), message.Keep(v.Doubt), nil, v.Console}
	for _, s := range v.Steps {
		r.Steps = append(r.Steps, remoteStep{message.Keep(s.What), message.Keep(s.Outcome), s.OK})
	}
	return r
}

func (r remoteVerdict) verdict(p trust.Phone) trust.Verdict {
	v := trust.Verdict{Phone: p, Accept: r.Accept, Certain: r.Certain, ByTVS: r.ByTVS,
		Why: r.Why.Message(), Doubt: r.Doubt.Message(), Reason: r.Why.Error(), Source: r.Source, Console: r.Console}
	for _, s := range r.Steps {
		v.Steps = append(v.Steps, trust.Step{What: s.What.Message(), Outcome: s.Outcome.Message(), OK: s.OK})
	}
	return v
}

// verbs that another process can ask for, by name.
var verbs = map[string]func(ctx context.Context, l *lab.Lab, c call) (reply, error){
	"status": func(_ context.Context, l *lab.Lab, _ call) (reply, error) {
		s := l.Status()
		return reply{Status: &s}, nil
	},
	"trust": func(_ context.Context, l *lab.Lab, c call) (reply, error) {
		return reply{}, l.TrustCertificate(c.Certificate)
	},
	"distrust": func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.Distrust(c.Certificate) },
	"restart":  func(ctx context.Context, l *lab.Lab, _ call) (reply, error) { return reply{}, l.RestartServices(ctx) },
	"phones":   func(ctx context.Context, l *lab.Lab, c call) (reply, error) { return phones(ctx, l, c.Phone) },
	"directories": func(ctx context.Context, l *lab.Lab, c call) (reply, error) {
		p, err := l.Directories(ctx, c.Phone)
		return reply{Page: &remotePage{p.URL, toRemote(p.Verdict), p.Remembered}}, err
	},
	"clear": func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.ClearPhone(c.Phone) },
	"point": func(_ context.Context, l *lab.Lab, c call) (reply, error) {
		return reply{}, l.PointPhone(c.Phone, c.Servers...)
	},
	"regenerate": func(_ context.Context, l *lab.Lab, c call) (reply, error) {
		return reply{}, l.Regenerate(c.Node, c.What)
	},
	"rename": func(_ context.Context, l *lab.Lab, c call) (reply, error) {
		return reply{}, l.RenameHost(c.Node, c.What)
	},
	"restore":  func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.RestoreBackup(c.Node) },
	"rollback": func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.PrepareRollback(c.On) },
	"export":   func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.RefuseExport(c.On) },
	"stop":     func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.Stop(c.Node) },
	"start":    func(_ context.Context, l *lab.Lab, c call) (reply, error) { return reply{}, l.Start(c.Node) },
	"fault": func(_ context.Context, l *lab.Lab, c call) (reply, error) {
		return reply{}, l.SetFault(c.What, c.Count)
	},
}

// phones makes one phone boot or, without a name, all.
func phones(ctx context.Context, l *lab.Lab, name string) (reply, error) {
	var boots []lab.Boot
	var err error
	if name == "" {
		boots, err = l.RestartPhones(ctx)
	} else {
		var one lab.Boot
		if one, err = l.RestartPhone(ctx, name); one.Phone != nil {
			boots = []lab.Boot{one}
		}
	}
	var r reply
	for _, b := range boots {
		out := remoteBoot{Phone: b.Phone.Name, CTL: toRemote(b.CTL), ITL: toRemote(b.ITL), Config: toRemote(b.Config),
			Took: b.Took, Server: b.Server, Console: b.Console}
		if b.Err != nil {
			out.Error = message.KeepError(b.Err)
		}
		r.Boots = append(r.Boots, out)
	}
	return r, err
}

// Up is [lab.Up] of a lab that other processes can reach until it is closed.
func Up(ctx context.Context, o lab.Options) (*lab.Lab, error) {
	l, err := lab.Up(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := Serve(l); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Serve opens the control endpoint of a lab and writes control.json; both go when the lab
// is closed.
func Serve(l *lab.Lab) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	path := filepath.Join(l.Dir, lab.ControlFile)
	c := controlFile{Address: listener.Addr().String(), Token: rand.Text(), PID: os.Getpid()}
	data, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = atomicfile.Write(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s := &server{lab: l, token: []byte("Bearer " + c.Token)}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return l.Context() }}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			l.Logf("control: %v", err)
		}
	}()
	l.OnClose(func() error {
		// The file goes first: nobody is sent to a closed door.
		err := os.Remove(path)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		err = errors.Join(err, s.http.Close())
		<-ended
		return err
	})
	return nil
}

// maxCall bounds what a request may carry: a certificate and some names.
const maxCall = 256 << 10

// server answers for one lab.
type server struct {
	lab   *lab.Lab
	token []byte
	http  *http.Server
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	leave, ok := s.lab.Enter()
	if !ok {
		http.Error(w, "the lab is closed", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), s.token) != 1 {
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
		err = message.Errorf("read the request: %w", err)
	} else {
		out, err = verb(r.Context(), s.lab, c)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		out.Error = message.KeepError(err)
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		s.lab.Logf("control: %v", err)
	}
}
