package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"ctlclient/token"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// narrator tells the demo: numbered steps with what happens in them. With --json
// every step and every line is an object.
//
// It is also the demo's front end: it answers the PIN question with the practice
// token's PIN, and passes on what the jobs report about nodes and TVS.
type narrator struct {
	app    *app
	number int
	pin    []byte
	quiet  bool // warnings are not told: the practice nodes have their limits

	mu    sync.Mutex
	nodes map[string][]doneThere // node -> what was done there, in order
	order []string
}

// doneThere is a step that is done at a node.
type doneThere struct{ step, text string }

const demoIndent = "     "

func (n *narrator) step(title string) {
	n.number++
	title = n.say(title)
	if n.app.json {
		_ = n.app.object("step", map[string]any{"number": n.number, "message": title}) // the result line reports a broken output
		return
	}
	st := n.app.outSt
	n.app.printf("\n%s  %s\n", st.cyan(fmt.Sprintf("%3d", n.number)), st.bold(title))
}

// say is a sentence in the person's language.
func (n *narrator) say(format string, args ...any) string { return n.app.say(format, args...) }

// why is the reason of a verdict.
func (n *narrator) why(v trust.Verdict) string { return n.app.because(v) }

// line writes one line under the step.
func (n *narrator) line(mark, text string) {
	if n.app.json {
		_ = n.app.object("info", map[string]any{"step": n.number, "message": text}) // as above
		return
	}
	n.app.printf("%s%s %s\n", demoIndent, mark, printable(text))
}

func (n *narrator) good(format string, args ...any) {
	n.line(n.app.outSt.green("✓"), n.say(format, args...))
}

func (n *narrator) bad(format string, args ...any) {
	n.line(n.app.outSt.red("✗"), n.say(format, args...))
}

func (n *narrator) remark(format string, args ...any) {
	n.line(n.app.outSt.dim("·"), n.say(format, args...))
}

// rows writes a table under the step; with --json each row is a line.
func (n *narrator) rows(t table) error {
	if n.app.json {
		for _, r := range t.rows {
			var words []string
			for _, c := range r {
				words = append(words, c.text)
			}
			n.line("", strings.Join(words, "  "))
		}
		return nil
	}
	t.indent = demoIndent
	return t.write(n.app.out, n.app.outSt)
}

// block writes text as it is, indented.
func (n *narrator) block(text []byte) {
	if n.app.json {
		_ = n.app.object("show", map[string]any{"step": n.number, "text": string(text)}) // as above
		return
	}
	for line := range bytes.Lines(text) {
		n.app.printf("%s%s", demoIndent, n.app.outSt.dim("│ ")+string(line))
	}
}

// Event collects what happens at nodes and says what TVS answers.
func (n *narrator) Event(e workflow.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.app.json:
		(&jsonUI{app: n.app}).Event(e)
	case e.Type == workflow.EventTVS:
		switch e.State {
		case "valid":
			n.good("TVS on %s vouches for %s", e.Node, e.TVS.Token)
		case "invalid":
			n.bad("TVS on %s does not vouch for %s", e.Node, e.TVS.Token)
		default:
			n.bad("TVS on %s could not be asked about %s: %s", e.Node, e.TVS.Token, oneLine(e.Said(n.app.voice())))
		}
	case e.Type == workflow.EventNode && e.State == "done":
		if _, seen := n.nodes[e.Node]; !seen {
			n.order = append(n.order, e.Node)
		}
		word := n.app.word(doneWord(e.Step))
		switch e.Step {
		case workflow.StepRestart:
			word = e.Said(n.app.voice())
		case workflow.StepTFTP:
			word = n.say("served over TFTP")
		}
		n.nodes[e.Node] = append(n.nodes[e.Node], doneThere{e.Step, word})
	case e.Type == workflow.EventWarning && !n.quiet:
		n.line(n.app.outSt.yellow("!"), e.Said(n.app.voice()))
	}
}

// flushNodes says what was done at each node since it was asked last. Only the named
// steps are told; without names all are.
func (n *narrator) flushNodes(only ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := table{}
	for _, node := range n.order {
		var words []string
		for _, w := range n.nodes[node] {
			if len(only) == 0 || slices.Contains(only, w.step) {
				words = append(words, w.text)
			}
		}
		if len(words) > 0 {
			t.row(painted("✓", n.app.outSt.green), plain(node), plain(strings.Join(words, ", ")))
		}
	}
	n.nodes, n.order = map[string][]doneThere{}, nil
	if n.app.json {
		return nil // each was an event of its own
	}
	return n.rows(t)
}

func (n *narrator) flush() {}

// PIN of the practice token.
func (n *narrator) PIN(context.Context, token.PINRequest) ([]byte, error) {
	return bytes.Clone(n.pin), nil
}

// Password is in the lab's profile; nobody is asked.
func (n *narrator) Password(context.Context, string, string) ([]byte, error) {
	return nil, usagef("", "the demo does not ask for passwords")
}

// Identity is in the lab's profile; an unknown server is none of the lab's.
func (n *narrator) Identity(context.Context, string, string, string) (bool, error) {
	return false, nil
}

// Confirm goes on; what would be lost was told under the step before.
func (n *narrator) Confirm(context.Context, workflow.Confirmation) (bool, error) { return true, nil }
