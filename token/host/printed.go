package host

import (
	"bufio"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	maxLine  = 300 // bytes of a line that a module prints
	maxLines = 64  // different lines of one process that are passed on
)

// printed is what a module prints: lines are passed on, and the last one is kept for
// the error that may follow.
type printed struct {
	said func(string)
	done chan struct{}

	mu    sync.Mutex
	line  string
	known map[string]bool // what was passed on
}

func newPrinted(said func(string)) *printed {
	return &printed{said: said, done: make(chan struct{}), known: map[string]bool{}}
}

// read reads to the end of the stream, whatever it holds.
func (p *printed) read(f *os.File) {
	defer close(p.done)
	defer f.Close()
	r := bufio.NewReaderSize(f, maxLine)
	for {
		line, more, err := r.ReadLine()
		p.add(printable(string(line)))
		for more && err == nil { // the rest of a long line
			_, more, err = r.ReadLine()
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, r) // so that nobody waits to print
			return
		}
	}
}

func (p *printed) add(line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	p.mu.Lock()
	p.line = line
	fresh := !p.known[line] && len(p.known) < maxLines
	if fresh {
		p.known[line] = true
	}
	p.mu.Unlock()
	if fresh && p.said != nil {
		p.said(line)
	}
}

// last is the last line, of a process that has ended. A program that the module has
// started may hold the stream open; that one is not waited for.
func (p *printed) last() string {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line
}

// printable replaces what could steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
