package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// frame is the shortest time between two drawings of a live line: ten a second.
const frame = 100 * time.Millisecond

// textUI tells a person what happens, on standard error: a line a step, drawn live
// on a terminal, written once when redirected.
//
// Its voice: present tense while something goes on, no exclamation marks, nothing
// about the program itself, names of nodes and tokens as the person gave them.
type textUI struct {
	*questions
	app *app

	mu    sync.Mutex
	live  string            // the step being drawn, "" when none
	what  map[string]string // steps begun, by name: a question takes the live line away
	began time.Time
	drawn time.Time
	tail  string // what the live line says about nodes
}

func newTextUI(a *app) *textUI {
	return &textUI{questions: &questions{app: a}, app: a, what: map[string]string{}}
}

// Event prints what a person wants to see of it.
func (u *textUI) Event(e workflow.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	st := u.app.errSt
	switch e.Type {
	case workflow.EventStep:
		u.step(e)
	case workflow.EventNode:
		u.node(e)
	case workflow.EventProgress:
		u.tail = fmt.Sprint(e.Done)
		if e.Total > 0 {
			u.tail = u.app.say("%d of %d", e.Done, e.Total)
		}
		u.redraw(false)
	case workflow.EventWarning:
		u.print(st.yellow("!") + " " + printable(goWords.Replace(e.Said(u.app.voice()))))
	case workflow.EventTVS:
		u.tvs(e)
	case workflow.EventErrand:
		u.errand(e)
	case workflow.EventOutput:
		// What a node prints moves by beside the step; what is not understood comes
		// back whole, in the error.
		if line := strings.TrimSpace(e.Message); line != "" {
			u.tail = clip(printable(e.Node+": "+line), 60)
			u.redraw(false)
		}
	default:
		if e.Message != "" {
			u.print("  " + printable(e.Said(u.app.voice())))
		}
	}
}

func (u *textUI) step(e workflow.Event) {
	st := u.app.errSt
	switch e.State {
	case "start":
		u.clear()
		u.live, u.tail, u.began = printable(e.Said(u.app.voice())), "", time.Now()
		u.what[e.Step] = u.live
		u.redraw(true)
	case "done":
		took := ""
		if d := time.Since(u.began); u.live != "" && d > time.Second {
			took = st.dim(fmt.Sprintf("  %.1f s", d.Seconds()))
		}
		u.end(st.green("✓") + " " + printable(e.Said(u.app.voice())) + took)
	case "failed":
		what := u.what[e.Step]
		if what == "" {
			what = e.Step
		}
		u.end(st.red("✗") + " " + what)
	}
}

// node writes what failed or was retried, and what a node has to say for itself;
// the rest only moves the live line.
func (u *textUI) node(e workflow.Event) {
	st := u.app.errSt
	label := printable(e.Node)
	switch e.State {
	case "failed":
		u.print(u.app.say("%s %s: %s failed: %s", st.red("✗"), label, u.app.word(stepWord(e.Step)), oneLine(e.Said(u.app.voice()))))
	case "retry":
		u.print(st.yellow("↻") + " " + label + ": " + u.app.word(stepWord(e.Step)) + " " + oneLine(e.Said(u.app.voice())))
	case "stale":
		u.print(st.yellow("!") + " " + label + " " + printable(e.Said(u.app.voice())))
	default:
		if e.State == "done" {
			switch e.Step {
			case workflow.StepRestart, workflow.StepTFTP:
				u.print("  " + st.dim(label+": "+printable(e.Said(u.app.voice()))))
				return
			case cluster.StepReadBack:
				u.print("  " + st.dim(u.app.say("%s: committed, read back and compared", label)))
				return
			}
		}
		u.tail = label + ": " + u.app.word(stepWord(e.Step))
		u.redraw(false)
	}
}

// stepWord is what goes on at a node.
func stepWord(s string) string {
	switch s {
	case "read-back":
		return "reading back"
	case "":
		return "working"
	}
	return strings.ReplaceAll(s, "-", " ")
}

// doneWord is what was done at a node.
func doneWord(s string) string {
	if w, ok := doneWords[s]; ok {
		return w
	}
	return stepWord(s)
}

var doneWords = map[string]string{
	"connect": "connected", "login": "logged in", "fetch": "fetched", "stage": "staged", "commit": "committed",
	"read-back": "read back", "abort": "staging removed", "restore": "former file put back", "mode": "mode set",
}

func (u *textUI) tvs(e workflow.Event) {
	st := u.app.errSt
	name := e.TVS.Token
	switch e.State {
	case "valid":
		u.print(u.app.say("  %s TVS on %s vouches for %s", st.green("✓"), printable(e.Node), printable(name)))
	case "invalid":
		u.print(u.app.say("  %s TVS on %s does not vouch for %s", st.red("✗"), printable(e.Node), printable(name)))
	default:
		u.print(u.app.say("  %s TVS on %s could not be asked about %s: %s", st.red("✗"), printable(e.Node), printable(name), oneLine(e.Said(u.app.voice()))))
	}
}

// errand is work that only a person can do, with its steps; or that it is seen to be done.
func (u *textUI) errand(e workflow.Event) {
	st := u.app.errSt
	if e.Errand.Done {
		u.print(u.app.say("  %s %s: done", st.green("✓"), printable(e.Node)))
		return
	}
	for _, why := range []string{e.Said(u.app.voice()), u.app.voice().Tell(e.Errand.Why)} {
		if why != "" {
			u.print(st.yellow("!") + " " + st.wrap(printable(why), 2))
		}
	}
	if len(e.Errand.Steps) == 0 {
		return // they follow
	}
	u.print(st.bold(u.app.say("%s: this needs you", printable(e.Node))))
	if e.Errand.Page != "" {
		u.print("    " + printable(e.Errand.Page))
	}
	for i, step := range e.Errand.Steps {
		u.print(fmt.Sprintf("  %d. %s", i+1, st.wrap(printable(u.app.voice().Say(step)), 5)))
	}
	u.print(st.dim(u.app.say("    waiting until it is done; Ctrl+C stops, and a later run goes on")))
}

// clip shortens a line that is only passing by.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// print writes a line above the live one.
func (u *textUI) print(line string) {
	u.clear()
	fmt.Fprintln(u.app.err, line)
	u.redraw(true)
}

// end replaces the live line by its outcome.
func (u *textUI) end(line string) {
	u.clear()
	u.live, u.tail = "", ""
	fmt.Fprintln(u.app.err, line)
}

// passing draws what goes on outside a job, on a terminal alone and until it is over.
func (u *textUI) passing(what string) (over func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.live != "" { // a step of a job is drawn
		return func() {}
	}
	u.live, u.tail = printable(what), ""
	u.redraw(true)
	return u.flush
}

func (u *textUI) clear() {
	if u.app.errSt.live && u.live != "" {
		fmt.Fprint(u.app.err, "\r\x1b[K")
	}
}

func (u *textUI) redraw(now bool) {
	if !u.app.errSt.live || u.live == "" || !now && time.Since(u.drawn) < frame {
		return
	}
	u.drawn = time.Now()
	line := u.app.errSt.cyan("…") + " " + u.live
	// A line longer than the terminal could not be drawn over.
	if room := u.app.errSt.width - utf8.RuneCountInString(u.live) - 5; u.tail != "" && room > 8 {
		line += u.app.errSt.dim("  " + clip(u.tail, room))
	}
	fmt.Fprint(u.app.err, "\r\x1b[K"+line)
}

func (u *textUI) flush() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.clear()
	u.live = ""
}

// aside takes the live line out of the way of a question; what it returns draws it again, where
// the step still goes on.
func (u *textUI) aside() (back func()) {
	u.mu.Lock()
	live := u.live
	u.mu.Unlock()
	u.flush()
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.live == "" {
			u.live, u.began = live, time.Now()
			u.redraw(true)
		}
	}
}

// PIN, Password, Identity and Confirm are asked with the live line out of the way.
func (u *textUI) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	defer u.aside()()
	return u.questions.PIN(ctx, r)
}

// Password is described with PIN.
func (u *textUI) Password(ctx context.Context, node, user string) ([]byte, error) {
	defer u.aside()()
	return u.questions.Password(ctx, node, user)
}

// Identity is described with PIN.
func (u *textUI) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	defer u.aside()()
	return u.questions.Identity(ctx, node, kind, fingerprint)
}

// IdentityChanged is described with PIN.
func (u *textUI) IdentityChanged(ctx context.Context, node, kind, known, fingerprint string) (bool, error) {
	defer u.aside()()
	return u.questions.IdentityChanged(ctx, node, kind, known, fingerprint)
}

// Confirm is described with PIN.
func (u *textUI) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	defer u.aside()()
	return u.questions.Confirm(ctx, c)
}

// questions are asked on the terminal, whatever the output looks like.
type questions struct{ app *app }

// PIN takes one PIN for one attempt from --pin-source.
func (q *questions) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	st := q.app.errSt
	name := ctlbuild.Printable(r.Token)
	if r.Serial != "" {
		name += " (" + ctlbuild.Printable(r.Serial) + ")"
	}
	var b strings.Builder
	switch {
	case r.FinalTry:
		b.WriteString(st.red(q.app.say("This is the last try: a wrong PIN locks %s for good.", name)) + "\n")
	case r.CountLow:
		b.WriteString(st.yellow(q.app.say("A wrong PIN was entered before; few tries are left.")) + "\n")
	case r.Context:
		b.WriteString(q.app.say("The token wants the PIN once more for this signature.") + "\n")
	}
	b.WriteString(q.app.say("PIN of %s: ", name))
	return q.app.pins.get(ctx, b.String())
}

// Password asks for a login's password.
func (q *questions) Password(ctx context.Context, node, user string) ([]byte, error) {
	pw, err := askSecret(ctx, q.app.say("Password of %s at %s: ", printable(user), printable(node)))
	if errors.Is(err, errNoTerminal) {
		return nil, usagef(`set password-source = "env:NAME" or "file:PATH" in the profile`,
			"the password of %s at %s must be asked for, and %v", user, node, err)
	}
	return pw, err
}

// Identity asks about a server that was never met; --yes does not answer it.
func (q *questions) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	a, err := askLine(ctx, q.app.say(
		"%s is met for the first time. Its %s:\n  %s\nCompare it with what the server itself shows. Type yes to keep it: ",
		printable(node), q.app.word(kind), printable(fingerprint)))
	if errors.Is(err, errNoTerminal) {
		return false, usagef("compare it, then write it into the profile, or run ctlclient cluster pin on a terminal",
			"%s shows an unknown %s %s, and %v", node, message.Words(kind), fingerprint, err)
	}
	return agrees(a), err
}

// IdentityChanged asks about a server that is no longer who it was; --yes does not
// answer it.
func (q *questions) IdentityChanged(ctx context.Context, node, kind, known, fingerprint string) (bool, error) {
	a, err := askLine(ctx, q.app.say(
		"%s shows another %s than before.\n  before  %s\n  now     %s\n"+
			"If nobody regenerated it, somebody may stand between you and the server.\n"+
			"Compare it with what the server itself shows. Type yes to keep the new one: ",
		printable(node), q.app.word(kind), printable(known), printable(fingerprint)))
	if errors.Is(err, errNoTerminal) {
		return false, usagef("compare the new one on the server's console, then run ctlclient cluster pin on a terminal",
			"%s shows another %s than before, and %v", node, message.Words(kind), err)
	}
	return agrees(a), err
}

// Confirm asks whether to go on. What would lose phones is never answered here:
// that takes --accept-loss.
func (q *questions) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	if c.Danger {
		return false, nil
	}
	if c.Purpose == workflow.ToSave || q.app.yes && !c.Undescribed {
		// --out has said already that the file is to be saved.
		return true, nil
	}
	title := q.app.voice().Say(c.Title)
	text := printable(title)
	if !c.Text.IsZero() {
		text = printable(q.app.voice().Say(c.Text)) + "\n" + text
	}
	a, err := askLine(ctx, text+q.app.say(" [y/N] "))
	if errors.Is(err, errNoTerminal) {
		hint := "--yes answers it"
		if c.Undescribed {
			hint = `describe the phones in a file and name it in the profile: fleet = "phones.csv"; one line such as "200 x 8861" is enough` +
				"\n--yes does not answer it; --accept-loss does"
		}
		return false, usagef(hint, "%s must be answered, and %v", title, err)
	}
	return agreesShortly(a), err
}

// severityMark is a hazard's mark and colour; the word says the same without colour.
func (a *app) severityMark(st style, s hazard.Severity) string {
	switch s {
	case hazard.Danger:
		return st.red("✗ " + pad(a.say("danger"), 7))
	case hazard.Warning:
		return st.yellow("! " + pad(a.say("warning"), 7))
	}
	return st.dim("· " + pad(a.say("note"), 7))
}
