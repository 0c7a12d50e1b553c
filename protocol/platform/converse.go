package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// maxPages bounds how often a pager is answered in one command.
	maxPages = 2000

	// settle is how long a line that looks like a question must stand before it
	// is taken for one: it may be a line of which the rest is on its way.
	settle = 500 * time.Millisecond
)

var (
	// confirmation asks whether to go on, in the two forms that are known. The
	// group is what it wants to read.
	confirmation = regexp.MustCompile(`(?i)(?:do you want to continue\s*\?*\s*\((y|yes)/no?\)|enter "(y|yes)" followed by return to continue)\s*[?:]*\s*$`)

	// question is whatever else waits for a person.
	question = regexp.MustCompile(`(?i)(?:options: q=quit.*|[(\[](?:y|yes)\s*[/|,]\s*no?[)\]]|followed by return|press .*(?:key|enter|return).*|(?:password|passphrase|username|login|continue|sure|proceed)\b[^:?]*)\s*[?:]+\s*$`)

	// The two pagers: one key for a page, and lines of a file.
	pagerKey   = regexp.MustCompile(`(?i)press <enter> for 1 line, <space> for one page,? or <q> to quit\W*$`)
	pagerLines = regexp.MustCompile(`(?i)options: q=quit, n=next.*\(lines \d+ - (\d+) of (\d+)\)\s*:\s*$`)
)

// exchange is one command and how to deal with what it asks.
type exchange struct {
	command  string // empty: wait for the first prompt
	confirms bool   // the command is known to ask once whether to go on
	timeout  time.Duration
}

// run sends a command and returns what it printed, without echo and prompt. An
// error means that the shell was given up.
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
	if _, err := io.WriteString(c.input, e.command+"\r"); err != nil {
		c.giveUp()
		return "", fmt.Errorf("%q: connection lost: %w", e.command, err)
	}
	out, err := c.converse(ctx, e)
	if err != nil {
		c.giveUp()
		return "", err
	}
	return out, nil
}

// converse reads until the prompt is back, answering what may be answered.
func (c *Client) converse(ctx context.Context, e exchange) (string, error) {
	timer := time.NewTimer(e.timeout)
	defer timer.Stop()
	talk := talk{client: c, exchange: e, answered: -1}
	var suspicion <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-timer.C:
			return "", talk.unexpected(fmt.Sprintf("the prompt did not come back within %s", e.timeout), context.DeadlineExceeded)
		case <-suspicion:
			return "", talk.unexpected("a question that this program does not answer", nil)
		case chunk, ok := <-c.chunks:
			if !ok {
				if ctx.Err() != nil {
					return "", ctx.Err()
				}
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
	if m := confirmation.FindStringSubmatch(tail); m != nil && t.exchange.confirms && !t.confirmed {
		t.confirmed, t.answered = true, number
		return busy, t.send(strings.ToLower(m[1]+m[2]) + "\r")
	}
	if question.MatchString(tail) {
		return atQuestion, nil
	}
	return busy, nil
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

func (t *talk) send(keys string) error {
	if _, err := io.WriteString(t.client.input, keys); err != nil {
		return fmt.Errorf("%q: connection lost: %w", t.exchange.command, err)
	}
	return nil
}

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
	return strings.Join(lines, "\n")
}

func (t *talk) unexpected(reason string, err error) error {
	text := strings.TrimSpace(t.client.screen.text())
	return unexpected(t.exchange.command, text, reason, err)
}

// unexpected keeps the end of the output, where the matter is.
func unexpected(command, output, reason string, err error) error {
	if len(output) > maxShown {
		output = "..." + strings.ToValidUTF8(output[len(output)-maxShown+3:], "")
	}
	e := &UnexpectedError{Command: command, Output: output, Reason: reason, Err: err}
	if errors.Is(err, io.ErrUnexpectedEOF) && command != "" {
		e.Reason += "; whether the command was carried out is not known"
	}
	return e
}
