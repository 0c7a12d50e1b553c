package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/workflow"
)

// globals are the flags that every command has.
type globals struct {
	profile    string
	modules    []string
	pinSource  string
	json       bool
	yes        bool
	finalTry   bool
	lookOnly   bool // a dry run
	acceptLoss bool
	stateDir   string
	lang       string
	timeout    time.Duration
}

// app is what a command works with: streams, global flags and the front end that
// they choose.
type app struct {
	globals
	in     io.Reader
	out    io.Writer
	err    io.Writer
	ui     frontEnd
	outSt  style
	errSt  style
	pins   *secretSource
	encode sync.Mutex

	language func() *message.Language // nil: English

	hangupIsTheirs atomic.Bool // a service rereads its configuration on SIGHUP
}

// frontEnd is a workflow.UI that prints.
type frontEnd interface {
	workflow.UI
	// flush ends a line that is being drawn.
	flush()
}

func newApp(in io.Reader, out, err io.Writer) *app {
	a := &app{in: in, out: out, err: err, outSt: newStyle(out), errSt: newStyle(err)}
	a.language = speaking(a)
	a.outSt.word, a.errSt.word = a.word, a.word
	a.ui = newTextUI(a)
	return a
}

// start is called when the flags are known.
func (a *app) start() error {
	if a.json {
		a.ui = &jsonUI{app: a}
		a.errSt, a.outSt = style{word: a.word}, style{word: a.word}
	}
	var err error
	a.pins, err = newSecretSource(a.pinSource)
	return err
}

// options of a workflow session.
func (a *app) options() workflow.Options {
	return workflow.Options{
		Modules: a.modules, StateDir: a.stateDir, AllowFinalTry: a.finalTry,
		AcceptLoss: a.acceptLoss, Timeout: a.timeout, LookOnly: a.lookOnly,
	}
}

// object writes one JSON line of the given type. The fields of v stand beside type.
func (a *app) object(kind string, v any) error { return a.line(a.out, kind, v) }

// result writes the last JSON line.
func (a *app) result(v any) error { return a.object("result", v) }

func (a *app) line(w io.Writer, kind string, v any) error {
	fields, err := json.Marshal(v)
	if err != nil {
		return err
	}
	head, err := json.Marshal(kind)
	if err != nil {
		return err
	}
	a.encode.Lock()
	defer a.encode.Unlock()
	body := strings.TrimPrefix(escaped(fields), "{")
	if body != "}" {
		body = "," + body
	}
	_, err = fmt.Fprintf(w, "{\"type\":%s%s\n", head, body)
	return err
}

// report tells the person about the error that ended the program.
func (a *app) report(err error, code int) {
	if is[examined](err) {
		return // the result said it
	}
	msg := oneLine(a.voice().Tell(err))
	if code == exitInterrupted && !is[*workflow.Error](err) {
		msg = a.say("interrupted")
	}
	hs := a.hints(err)
	if a.json {
		v := map[string]any{"code": code, "message": msg, "hint": strings.Join(hs, "\n")}
		if e := a.line(a.err, "error", v); e != nil {
			fmt.Fprintln(os.Stderr, msg)
		}
		return
	}
	a.showConflict(err)
	fmt.Fprintf(a.err, "%s %s\n", a.errSt.red(a.say("error:")), msg)
	for _, h := range hs {
		fmt.Fprintf(a.err, "%s %s\n", a.errSt.yellow(a.say("hint:")), printable(h))
	}
}

// showConflict prints what somebody else changed meanwhile, where both contents are
// trust lists.
func (a *app) showConflict(err error) {
	var c *cluster.ConflictError
	if !errors.As(err, &c) || c.Expected == nil || c.Found == nil {
		return
	}
	expected, err1 := ctlbuild.Parse(c.Expected)
	found, err2 := ctlbuild.Parse(c.Found)
	if err1 != nil || err2 != nil {
		return
	}
	a.tellf("%s changed since it was read:\n", c.Node)
	_ = ctlbuild.Compare(expected, found).WriteText(a.err, a.voice()) // the error itself follows
}

// oneLine keeps an error on one line and free of what a terminal would obey.
func oneLine(s string) string {
	s = goWords.Replace(s)
	return printable(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}

// goWords puts the words of Go's contexts, which end up at the end of a chain of errors,
// into a person's.
var goWords = strings.NewReplacer("context canceled", "interrupted", "operation was canceled", "interrupted", "context deadline exceeded", "no answer in time")

// printable replaces control characters other than line ends and tabs, in text of several
// lines. A name out of a file, a token or the network goes through ctlbuild.Printable,
// which leaves it no line end to forge a line of ours with.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// escaped writes what JSON lets stand, but a terminal would obey, as \uXXXX: DEL, C1
// controls, signs that turn the direction of writing. Beyond ASCII there is nothing in
// JSON but the contents of strings.
func escaped(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		if r < unicode.MaxASCII || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, u := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
