package workflow

import (
	"context"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
	"ctlclient/trust/release"
)

// Names of the lists: jobs write the CTL, and TFTP makes the ITL of each node.
const (
	CTLFileName = ctlbuild.CTLFileName
	ITLFileName = ctlbuild.ITLFileName
)

// Options of a session.
type Options struct {
	Modules       []string // PKCS#11 modules; none: every one found
	StateDir      string   // journals, locks, kept identities; empty: the XDG state folder
	AllowFinalTry bool     // a token with one PIN try left may be tried
	AcceptLoss    bool     // go on though phones would be lost; the journal records it
	LookOnly      bool     // offer nothing that changes the cluster: a dry run, a screen
	Tolerant      bool     // look at a cluster although nodes other than the publisher do not answer
	// WithoutPublisher goes on without the publisher too (with Tolerant), to finish a job or
	// take it back on the nodes that answer.
	WithoutPublisher bool
	Timeout          time.Duration // of one request to a node; 0: the default of each protocol
	SlowAfter        time.Duration // of a token: when to say that it is waited for; 0: 3 s
	// Sleep waits between two looks or tries, until ctx ends; nil: by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Session is a connected cluster with what was seen of it. Its exported methods are the
// jobs (Plan..., Agree, Execute) and the questions (Findings, Preflight, CheckPhone); the
// others are steps of them. It is not for use by several goroutines at once.
type Session struct {
	Cluster *cluster.Cluster
	sight   // what was seen: read, and never asked for anew
	speaker // whom the person hears

	tokens jobTokens // that the plan being worked on was made with
	opt    Options
	now    func() time.Time
	pause  func(context.Context, time.Duration) error
}

// newSession has seen nothing yet.
func newSession(p *site.Profile, ui UI, o Options) *Session {
	s := &Session{opt: o, sight: sight{profile: p}, speaker: speaker{ui: ui, job: "connect"}, now: time.Now, pause: o.Sleep}
	if s.pause == nil {
		s.pause = cluster.Pause
	}
	s.tokens = jobTokens{opt: o, sight: &s.sight, speaker: &s.speaker}
	return s
}

// sight is what was seen of a cluster, and what is described of its phones. Its methods
// look at that, ask no server, and change nothing.
type sight struct {
	Snapshot *cluster.Snapshot
	Fleet    []trust.Phone

	profile *site.Profile
	active  release.Version // that the cluster gave when it was asked
	assumed bool            // Fleet is one of each kind, not what a profile describes
	phones  []fleet.Entry   // that the cluster listed
	older   []OlderPhone    // of Fleet: lost to an earlier job
}

// Connect pins the identities of all nodes, logs in, and looks at the cluster.
// Nothing is written but the identities that the person confirmed.
func Connect(ctx context.Context, p *site.Profile, ui UI, o Options) (_ *Session, err error) {
	s := newSession(p, ui, o)
	end := s.step(StepConnect, sayConnect.With("cluster", p.Name))
	s.Cluster, err = cluster.Connect(ctx, p, cluster.Options{
		Prompter: ui,
		StateDir: o.StateDir,
		Progress: s.progress,
		Timeout:  o.Timeout,
		Tolerant: o.Tolerant, WithoutPublisher: o.WithoutPublisher,
		Said: func(node, line string) { s.emit(Event{Type: EventOutput, Node: node, Message: line}) },
		Busy: func(node string, after time.Duration, why error) {
			s.info(sayBusy.With("node", node, "after", after.Round(time.Second).String(), "why", why))
		},
		Sleep:  o.Sleep,
		Errand: func(e reach.Errand) { s.emit(Event{Type: EventErrand, Node: e.Node, Errand: &e}) },
	})
	end(&err)
	if err != nil {
		return nil, err
	}
	if err = s.Refresh(ctx); err != nil {
		_ = s.Cluster.Close() // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

// Refresh looks at the cluster again: mode, servers, certificates, the file of every node.
func (s *Session) Refresh(ctx context.Context) (err error) {
	defer s.step(StepSnapshot, saySnapshot.With())(&err)
	snap, err := s.Cluster.Snapshot(ctx)
	if err != nil {
		return err // what was seen before still stands
	}
	s.Snapshot = snap
	s.Fleet, err = s.fleet(ctx)
	return err
}

// Close ends the connections, and lets go of the tokens.
func (s *Session) Close() error {
	s.tokens.leave()
	return s.Cluster.Close()
}

// needNodes stops a job when a node could not be asked for its file, or is not in the
// profile at all: it would be left with an old one.
func (s *sight) needNodes() error {
	for _, n := range s.Snapshot.Nodes {
		if n.Err != nil && n.File == nil {
			return n.Err
		}
	}
	return s.needListed()
}

// can stops a job, before a PIN is asked, that this way to the cluster has no door for.
func (s *Session) can(a reach.Ability) error {
	if err := s.Cluster.Site.Need(a); err != nil {
		return fail(BadRequest, textOf.With("what", err))
	}
	return nil
}

// heldLists are the different lists that nodes serve now, the current one first:
// a phone may hold any of them.
func (s *sight) heldLists() []*ctlbuild.List {
	var lists []*ctlbuild.List
	seen := map[string]bool{}
	add := func(l *ctlbuild.List) {
		if l == nil || seen[l.SHA1()] {
			return
		}
		seen[l.SHA1()] = true
		lists = append(lists, l)
	}
	add(s.Snapshot.Current)
	for _, n := range s.Snapshot.Nodes {
		add(n.List)
	}
	return lists
}
