package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

const (
	// maxPages bounds how often a pager is answered in one command.
	maxPages = 2000

	// settle is how long a line that looks like a question must stand before it
	// is taken for one: it may be a line of which the rest is on its way.
	settle = 500 * time.Millisecond
)

// The end of a question whether to go on, in the two forms that are known; the group
// is what the node wants to read.
const (
	endsYesNo  = `do you want to continue\s*\?*\s*\((y|yes)/no?\)\s*[?:]*\s*$`
	endsEnterY = `enter "(y|yes)" followed by return to continue\s*[?:]*\s*$`
)

var (
	// question is whatever waits for a person.
	question = lazyregexp.New(`(?i)(?:options: q=quit.*|[(\[](?:y|yes)\s*[/|,]\s*no?[)\]]|followed by return|press .*(?:key|enter|return).*|(?:password|passphrase|username|login|continue|sure|proceed)\b[^:?]*)\s*[?:]+\s*$`)

	// The two pagers: one key for a page, and lines of a file.
	pagerKey   = lazyregexp.New(`(?i)press <enter> for 1 line, <space> for one page,? or <q> to quit\W*$`)
	pagerLines = lazyregexp.New(`(?i)options: q=quit, n=next.*\(lines \d+ - (\d+) of (\d+)\)\s*:\s*$`)
)

// exchange is one command and how to deal with what it asks.
type exchange struct {
	command string // empty: wait for the first prompt
	timeout time.Duration

	// asks is the question whether to go on that the command is known to ask, once. It
	// is matched against the line before the unfinished one and the unfinished line,
	// joined by a blank; its first group that matched is what the node wants to read.
	asks *lazyregexp.Regexp

	// wants is the line after which the command reads reply, once. A secret reply is
	// taken out of what is kept and shown, in case a terminal echoes it.
	wants  *lazyregexp.Regexp
	reply  []byte
	secret bool
}

// run sends a command and returns what it printed, without echo and prompt. An
// error means that the shell was given up. Nothing that it does, writing included,
// waits longer than the exchange's time.
func (c *Client) run(ctx context.Context, e exchange) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if c.closed {
		return "", errClosed
	}
	c.screen.reset()
	c.screen.erase()
	if e.secret {
		c.hide = string(bytes.TrimSpace(e.reply))
		defer func() { c.hide = "" }()
	}
	out, err := c.within(ctx, e, func(ctx context.Context) (string, error) {
		if err := c.write(e, e.command+"\r"); err != nil {
			return "", err
		}
		return c.converse(ctx, e)
	})
	if err != nil {
		c.giveUp()
		return "", err
	}
	return out, nil
}

// within bounds f by the exchange's time: the connection is closed when it is over,
// which ends whatever waits for the node.
func (c *Client) within(ctx context.Context, e exchange, f func(context.Context) (string, error)) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	stop := context.AfterFunc(bounded, func() { _ = c.ssh.Close() })
	defer stop()
	out, err := f(bounded)
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case bounded.Err() != nil:
		t := talk{client: c, exchange: e}
		return "", t.unexpected(fmt.Sprintf("the prompt did not come back within %s", e.timeout), context.DeadlineExceeded)
	}
	return "", err
}

// write sends keys; an error names the command, never what was typed.
func (c *Client) write(e exchange, keys string) error {
	if _, err := io.WriteString(c.input, keys); err != nil {
		return message.Errorf("%q: connection lost: %w", e.command, err)
	}
	return nil
}

// converse reads until the prompt is back, answering what may be answered.
func (c *Client) converse(ctx context.Context, e exchange) (string, error) {
	talk := talk{client: c, exchange: e, answered: -1}
	var suspicion <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-suspicion:
			return "", talk.unexpected("a question that this program does not answer", nil)
		case chunk, ok := <-c.chunks:
			if !ok {
				return "", talk.unexpected("the node ended the connection", io.ErrUnexpectedEOF)
			}
			c.screen.feed(chunk)
			if c.screen.size > maxOutput {
				return "", talk.unexpected(fmt.Sprintf("more than %d bytes of output", maxOutput), nil)
			}
			state, err := talk.react()
			if err != nil {
				return "", err
			}
			suspicion = nil
			switch state {
			case atPrompt:
				c.screen.erase()
				return talk.output(), nil
			case atQuestion:
				suspicion = time.After(settle)
			}
		}
	}
}

// talk is the state of one exchange.
type talk struct {
	client    *Client
	exchange  exchange
	confirmed bool
	replied   bool
	answered  int // the line (by its number) whose question was answered; -1: none
	pages     int
}

// state of the shell as the unfinished line shows it.
type state int

const (
	busy       state = iota
	atPrompt         // the command is over
	atQuestion       // one that is not answered
)

// react looks at the unfinished line, which is where prompts and questions
// stand, and answers what may be answered.
func (t *talk) react() (state, error) {
	screen := &t.client.screen
	number := len(screen.done)
	tail := strings.TrimSpace(screen.unfinished())
	if t.wanted(tail) {
		t.replied, t.answered = true, number
		return busy, t.send(string(t.exchange.reply))
	}
	if tail == "" {
		return busy, nil
	}
	// A shell that redraws its line shows the prompt before the command has run;
	// the one that counts comes after the end of the command's own line.
	if tail == prompt && (t.exchange.command == "" || number > 0) {
		return atPrompt, nil
	}
	if number == t.answered {
		return busy, nil // the rest of a question, or the echo of its answer
	}
	if keys := pagerKeys(tail); keys != "" {
		if t.pages++; t.pages > maxPages {
			return busy, t.unexpected("pages without end", nil)
		}
		screen.erase()
		return busy, t.send(keys)
	}
	if t.isEcho(tail) {
		return busy, nil
	}
	if yes := t.asked(tail); yes != "" {
		t.confirmed, t.answered = true, number
		return busy, t.send(yes + "\r")
	}
	if question.MatchString(tail) {
		return atQuestion, nil
	}
	return busy, nil
}

// asked is what the node wants to read if the line is the command's own question, not
// answered yet.
func (t *talk) asked(tail string) string {
	if t.exchange.asks == nil || t.confirmed {
		return ""
	}
	text := tail
	if done := t.client.screen.done; len(done) > 0 && !t.isEcho(done[len(done)-1]) {
		text = done[len(done)-1] + " " + tail
	}
	m := t.exchange.asks.FindStringSubmatch(strings.Join(strings.Fields(text), " "))
	if m == nil {
		return ""
	}
	return strings.ToLower(strings.Join(m[1:], ""))
}

// wanted: the command now reads the reply. The line may be finished or not.
func (t *talk) wanted(tail string) bool {
	if t.exchange.wants == nil || t.replied {
		return false
	}
	done := t.client.screen.done
	if tail == "" && len(done) > 0 {
		tail = strings.TrimSpace(done[len(done)-1])
	}
	return t.exchange.wants.MatchString(tail)
}

// pagerKeys is what turns the page; empty: this is no pager. The second kind may
// or may not want a return after the key; one too many does no harm there. Only a
// whole question counts, or its rest would be taken for output.
func pagerKeys(tail string) string {
	if pagerKey.MatchString(tail) {
		return " "
	}
	m := pagerLines.FindStringSubmatch(tail)
	if m == nil {
		return ""
	}
	last, err1 := strconv.Atoi(m[1])
	total, err2 := strconv.Atoi(m[2])
	if err1 == nil && err2 == nil && last >= total {
		return "q\r"
	}
	return "n\r"
}

func (t *talk) send(keys string) error { return t.client.write(t.exchange, keys) }

// isEcho: the line is the command itself, on a terminal that echoes.
func (t *talk) isEcho(line string) bool {
	line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), prompt))
	return t.exchange.command != "" && line == t.exchange.command
}

// output of the command: the finished lines without the echo.
func (t *talk) output() string {
	lines := t.client.screen.done
	for len(lines) > 0 && (lines[0] == "" || t.isEcho(lines[0])) {
		lines = lines[1:]
	}
	return t.clean(strings.Join(lines, "\n"))
}

// clean takes a secret out of a text.
func (t *talk) clean(text string) string {
	if secret := string(bytes.TrimSpace(t.exchange.reply)); t.exchange.secret && secret != "" {
		return strings.ReplaceAll(text, secret, "***")
	}
	return text
}

func (t *talk) unexpected(reason string, err error) error {
	text := t.clean(strings.TrimSpace(t.client.screen.text()))
	return unexpected(t.exchange.command, text, reason, err)
}

// unexpected keeps the end of the output, where the matter is.
func unexpected(command, output, reason string, err error) *UnexpectedError {
	if len(output) > maxShown {
		output = "..." + strings.ToValidUTF8(output[len(output)-maxShown+3:], "")
	}
	e := &UnexpectedError{Command: command, Output: output, Reason: reason, Err: err}
	if (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)) && command != "" {
		e.Reason += "; whether the command was carried out is not known"
	}
	return e
}

// notUnderstood is for a command that ended, with the prompt back, and did not say
// what it says when all is well.
func notUnderstood(command, output, reason string) error {
	e := unexpected(command, output, reason, nil)
	e.Ended = true
	return e
}
