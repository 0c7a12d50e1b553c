package workflow_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

// needPart ends a test for want of a part: CI sets CTLCLIENT_REQUIRE_PARTS, so that
// a test is never left out there unseen.
func needPart(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// drawer is the tokens that all tests share: made once, since SoftHSM is one for the
// process. Tests that harm tokens make a store of their own.
var drawer struct {
	once   sync.Once
	dir    string
	err    error
	store  *softhsm.Store
	tokens map[string]*softhsm.Token
}

func TestMain(m *testing.M) {
	code := m.Run()
	if drawer.dir != "" {
		os.RemoveAll(drawer.dir)
	}
	os.Exit(code)
}

// tokens gives SAST-1, SAST-2 and SAST-3.
func tokens(t testing.TB) map[string]*softhsm.Token {
	t.Helper()
	drawer.once.Do(func() {
		if drawer.dir, drawer.err = os.MkdirTemp("", "ctlclient-tokens"); drawer.err != nil {
			return
		}
		if drawer.store, drawer.err = softhsm.New(drawer.dir); drawer.err != nil {
			return
		}
		drawer.tokens = map[string]*softhsm.Token{}
		for _, label := range []string{"SAST-1", "SAST-2", "SAST-3"} {
			var tok *softhsm.Token
			if tok, drawer.err = drawer.store.Create(softhsm.Spec{Label: label}); drawer.err != nil {
				return
			}
			drawer.tokens[label] = tok
		}
	})
	if errors.Is(drawer.err, softhsm.ErrMissing) {
		needPart(t, drawer.err)
	}
	if drawer.err != nil {
		t.Fatal(drawer.err)
	}
	if err := drawer.store.Use(); err != nil {
		t.Fatal(err)
	}
	return drawer.tokens
}

// person answers what a job asks, and keeps what was told and asked.
type person struct {
	t        testing.TB
	tok      map[string]*softhsm.Token
	pins     map[string]string // entered in place of the tokens' own, by label
	answer   func(workflow.Confirmation) bool
	whilePIN func() // runs while the person types

	mu     sync.Mutex
	events []workflow.Event
	asked  []token.PINRequest
	given  [][]byte
	put    []workflow.Confirmation
}

func (p *person) Event(e workflow.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *person) PIN(_ context.Context, r token.PINRequest) ([]byte, error) {
	p.asked = append(p.asked, r)
	if p.whilePIN != nil {
		p.whilePIN()
	}
	pin, ok := p.pins[r.Token]
	if tok := p.tok[r.Token]; !ok && tok != nil {
		pin = tok.PIN
	}
	b := []byte(pin)
	p.given = append(p.given, b)
	return b, nil
}

func (p *person) Confirm(_ context.Context, c workflow.Confirmation) (bool, error) {
	p.put = append(p.put, c)
	if p.answer != nil {
		return p.answer(c), nil
	}
	return !c.Danger && !c.Undescribed, nil
}

func (p *person) Password(context.Context, string, string) ([]byte, error) {
	p.t.Error("a password was asked for although the profile has it")
	return nil, errors.New("no password")
}

func (p *person) Identity(_ context.Context, node, kind, _ string) (bool, error) {
	p.t.Errorf("the %s of %s was asked about although the profile pins it", kind, node)
	return false, nil
}

// told reports whether an event of the type was seen with the words in its message.
func (p *person) told(kind workflow.EventType, words string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.events, func(e workflow.Event) bool {
		return e.Type == kind && strings.Contains(e.Message, words)
	})
}

// bench is a lab, its tokens and the person at the keyboard.
type bench struct {
	*lab.Lab
	t      testing.TB
	tok    map[string]*softhsm.Token
	who    *person
	state  string // folder of journals
	o      workflow.Options
	change func(*site.Profile) // before each connection
}

func newBench(t testing.TB, o lab.Options) *bench {
	t.Helper()
	tok := tokens(t)
	return newBenchOf(t, o, drawer.store.Module, tok)
}

// newBenchOf is newBench with tokens of its own.
func newBenchOf(t testing.TB, o lab.Options, module string, tok map[string]*softhsm.Token) *bench {
	t.Helper()
	o.Dir = t.TempDir()
	if o.KeyBits == 0 {
		o.KeyBits = 1024 // nothing tested here depends on the size
	}
	l, err := lab.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{Lab: l, t: t, tok: tok, who: &person{t: t, tok: tok}, state: t.TempDir()}
	b.o = workflow.Options{Modules: []string{module}, StateDir: b.state}
	return b
}

func (b *bench) do(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// cert is the certificate of a token.
func (b *bench) cert(label string) []byte { return b.tok[label].Certificate }

func (b *bench) uri(label string) string { return b.tok[label].URI }

// trusted puts tokens into Phone-SAST-trust.
func (b *bench) trusted(labels ...string) {
	b.t.Helper()
	for _, l := range labels {
		b.do(b.TrustCertificate(b.cert(l)))
	}
}

// load reads the lab's profile.
func (b *bench) load() *site.Profile {
	b.t.Helper()
	p, err := site.Load(b.Profile)
	b.do(err)
	if b.change != nil {
		b.change(p)
	}
	return p
}

// noFleet is a profile that describes no phones.
func noFleet(p *site.Profile) { p.Fleet = "" }

func (b *bench) connect() *workflow.Session {
	b.t.Helper()
	s, err := workflow.Connect(b.t.Context(), b.load(), b.who, b.o)
	b.do(err)
	b.t.Cleanup(func() { s.Close() })
	return s
}

// by signs with one token and adds others, all named by URI; "" names none to sign.
func by(with string, tokens ...string) workflow.Signing {
	var sg workflow.Signing
	parse := func(uri string) token.URI {
		u, err := token.ParseURI(uri)
		if err != nil {
			panic(err) // a test's own mistake
		}
		return u
	}
	if with != "" {
		u := parse(with)
		sg.With = &u
	}
	for _, uri := range tokens {
		sg.Tokens = append(sg.Tokens, parse(uri))
	}
	return sg
}

// run agrees to a plan and executes it.
func (b *bench) run(s *workflow.Session, p *workflow.Plan, o workflow.ExecuteOptions) (*workflow.Result, error) {
	b.t.Helper()
	a, err := s.Agree(b.t.Context(), p, workflow.ToWrite)
	b.do(err)
	return s.Execute(b.t.Context(), a, o)
}

// declined is the error of a plan that nobody agrees to.
func declined(s *workflow.Session, p *workflow.Plan) error {
	_, err := s.Agree(context.Background(), p, workflow.ToWrite)
	return err
}

// through agrees to a plan and executes it, and nothing goes wrong.
func (b *bench) through(s *workflow.Session, p *workflow.Plan, err error) *workflow.Result {
	b.t.Helper()
	b.do(err)
	r, err := b.run(s, p, workflow.ExecuteOptions{})
	b.do(err)
	return r
}

// finish finishes a job, or takes it back.
func (b *bench) finish(r workflow.FinishRequest) (*workflow.Result, error) {
	b.t.Helper()
	s := b.connect()
	p, err := s.PlanFinish(b.t.Context(), r)
	if err != nil {
		return nil, err
	}
	return b.run(s, p, workflow.ExecuteOptions{})
}

// migrated is a bench whose CTL SAST-1 and SAST-2 sign and whose phones hold it.
func migrated(t testing.TB, o lab.Options) *bench {
	t.Helper()
	return newBench(t, o).migrate()
}

// migrate makes SAST-1 and SAST-2 the signers, and phones hold what they signed.
func (b *bench) migrate() *bench {
	b.t.Helper()
	b.trusted("SAST-1", "SAST-2")
	accept := b.o
	b.o.AcceptLoss = true // the default lab has a 7940
	b.toTokens(workflow.Signing{})
	b.o = accept
	for _, p := range b.Phones {
		if p.Model == "7940" {
			b.do(b.ClearPhone(p.Name))
		}
	}
	b.boot()
	b.who = &person{t: b.t, tok: b.tok}
	return b
}

// toTokens migrates to SAST-1 and SAST-2.
func (b *bench) toTokens(r workflow.Signing) *workflow.Result {
	b.t.Helper()
	s := b.connect()
	defer s.Close()
	r.Tokens = by("", b.uri("SAST-1"), b.uri("SAST-2")).Tokens
	p, err := s.PlanMigrateToTokens(b.t.Context(), r)
	return b.through(s, p, err)
}

// boot restarts services and phones and returns the models that refused the CTL.
func (b *bench) boot() (refused []string) {
	b.t.Helper()
	b.do(b.RestartServices(b.t.Context()))
	boots, err := b.RestartPhones(b.t.Context())
	b.do(err)
	for _, boot := range boots {
		if !boot.CTL.Accept {
			refused = append(refused, boot.Phone.Model)
		}
	}
	slices.Sort(refused)
	return refused
}

// served is the list of one node's folder, nil when there is none.
func (b *bench) served(node string) *ctlbuild.List {
	b.t.Helper()
	n, err := b.Node(node)
	b.do(err)
	data, err := os.ReadFile(filepath.Join(n.Folder, workflow.CTLFileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	b.do(err)
	l, err := ctlbuild.Parse(data)
	b.do(err)
	return l
}

// everywhere fails the test unless all nodes serve the list.
func (b *bench) everywhere(want *ctlbuild.List) {
	b.t.Helper()
	for _, n := range b.Nodes {
		got := b.served(n.Name)
		if got == nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			b.t.Errorf("%s does not serve the list", n.Name)
		}
	}
}

// files is every file below the nodes' folders, journals and phones, by name.
func (b *bench) files() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	var dirs []string
	for _, n := range b.Nodes {
		dirs = append(dirs, n.Folder)
	}
	for _, dir := range append(dirs, b.state, filepath.Join(b.Dir, "phones")) {
		b.do(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			all[path] = string(data)
			return err
		}))
	}
	return all
}

// untouched fails the test when a file changed, came or went.
func (b *bench) untouched(before map[string]string) {
	b.t.Helper()
	after := b.files()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if got, ok := after[name]; !ok {
			b.t.Errorf("%s is gone", name)
		} else if got != before[name] {
			b.t.Errorf("%s was changed", name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			b.t.Errorf("%s was written", name)
		}
	}
}

// wantReason checks why a job stopped, and the words of its message and hints.
func wantReason(t testing.TB, err error, r workflow.Reason, words ...string) *workflow.Error {
	t.Helper()
	var e *workflow.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *workflow.Error", err)
	}
	if e.Reason != r {
		t.Errorf("reason %d, want %d: %v", e.Reason, r, err)
	}
	text := e.Error() + "\n" + hintsOf(e)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in:\n%s", w, text)
		}
	}
	return e
}

// hintsOf are the hints of an error, a line each, with what its actions are about.
func hintsOf(err error) string {
	v := message.Voice{Word: func(a message.Action) string { return strings.TrimSpace(string(a.Do) + " " + a.ID + a.Name + a.File) }}
	var lines []string
	for _, m := range message.Advice(err) {
		lines = append(lines, v.Say(m))
	}
	return strings.Join(lines, "\n")
}

// sast names the SAST records of a list or draft, in order.
func sast(rs []ctlbuild.Record) []string {
	var names []string
	for i := range rs {
		if rs[i].Function() == ctlbuild.SAST {
			cn := rs[i].CN()
			if strings.HasPrefix(cn, "ITLRECOVERY") {
				cn = "ITLRecovery"
			} else if !rs[i].IsToken() {
				cn = "CallManager"
			}
			names = append(names, strings.TrimSpace(cn))
		}
	}
	return names
}

// cn of a token's certificate.
func (b *bench) cn(label string) string {
	b.t.Helper()
	c, err := ctlbuild.ParseCertificate(b.cert(label))
	b.do(err)
	return strings.TrimSpace(c.CN)
}

// hazard finds a rule among a plan's hazards.
func hazardOf(p *workflow.Plan, rule string) string {
	for _, h := range p.Hazards {
		if h.Rule == rule {
			return h.Severity.String() + ": " + h.Message.String()
		}
	}
	return ""
}

// put makes a node serve a CTL, as somebody else might.
func (b *bench) put(node string, data []byte) { b.putFile(node, workflow.CTLFileName, data) }

func (b *bench) putFile(node, name string, data []byte) {
	b.t.Helper()
	n, err := b.Node(node)
	b.do(err)
	b.do(os.WriteFile(filepath.Join(n.Folder, name), data, 0o600))
}
