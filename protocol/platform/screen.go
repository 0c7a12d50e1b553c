package platform

import (
	"strings"
	"unicode/utf8"
)

// maxLine bounds one line, in characters; what is longer is cut.
const maxLine = 8 << 10

// screen turns what a terminal is sent into lines of plain text: carriage
// returns and backspaces overwrite, escape sequences vanish, control characters
// are dropped. It is fed in pieces cut anywhere.
type screen struct {
	done    []string          // finished lines since reset
	size    int               // bytes in done
	current []rune            // the unfinished line
	column  int               // where the next character goes
	partial []byte            // of a character cut by the end of a piece
	escape  escape            // state of an escape sequence
	number  int               // its argument
	line    func(line string) // told each finished line; may be nil
}

type escape int

const (
	escNone    escape = iota
	escBegun          // after ESC
	escControl        // after ESC [: until a final byte
	escText           // after ESC ], P, X, ^ or _: until BEL or ESC \
	escTextEnd        // after ESC within it
	escCharset        // after ESC ( and the like: one more byte
)

// reset forgets the finished lines.
func (s *screen) reset() { s.done, s.size = nil, 0 }

// erase empties the unfinished line, as a pager does with its question.
func (s *screen) erase() { s.current, s.column = s.current[:0], 0 }

func (s *screen) unfinished() string { return string(s.current) }

func (s *screen) text() string {
	return strings.Join(append(s.done[:len(s.done):len(s.done)], string(s.current)), "\n")
}

func (s *screen) feed(p []byte) {
	p = append(s.partial, p...)
	s.partial = nil
	for len(p) > 0 {
		if !utf8.FullRune(p) {
			s.partial = append([]byte(nil), p...)
			return
		}
		r, n := utf8.DecodeRune(p)
		p = p[n:]
		s.put(r)
	}
}

func (s *screen) put(r rune) {
	if s.escape != escNone {
		s.escaped(r)
		return
	}
	switch {
	case r == 0x1b:
		s.escape = escBegun
	case r == '\n':
		text := strings.TrimRight(string(s.current), " ")
		s.erase()
		s.done = append(s.done, text)
		s.size += len(text) + 1
		if s.line != nil {
			s.line(text)
		}
	case r == '\r':
		s.column = 0
	case r == '\b':
		s.column = max(s.column-1, 0)
	case r == '\t':
		s.write(r)
	case r < ' ', r >= 0x7f && r < 0xa0:
		// bell, NUL and the like
	default:
		s.write(r)
	}
}

func (s *screen) write(r rune) {
	if s.column >= maxLine {
		return
	}
	for len(s.current) < s.column {
		s.current = append(s.current, ' ')
	}
	if s.column < len(s.current) {
		s.current[s.column] = r
	} else {
		s.current = append(s.current, r)
	}
	s.column++
}

// escaped follows an escape sequence (ECMA-48) to its end. The few that move or
// erase within the line have their effect; a line editor redraws with them.
func (s *screen) escaped(r rune) {
	switch s.escape {
	case escBegun:
		s.number = 0
		switch r {
		case '[':
			s.escape = escControl
		case ']', 'P', 'X', '^', '_':
			s.escape = escText
		case '(', ')', '*', '+', '#', '%', ' ':
			s.escape = escCharset
		default:
			s.escape = escNone
		}
	case escControl:
		switch {
		case r >= '0' && r <= '9':
			s.number = min(s.number*10+int(r-'0'), maxLine)
		case r >= 0x40 && r <= 0x7e:
			s.escape = escNone
			s.control(r)
		case r < ' ':
			s.escape = escNone // malformed: the control character counts
			s.put(r)
		}
	case escText:
		switch r {
		case 0x07:
			s.escape = escNone
		case 0x1b:
			s.escape = escTextEnd
		case '\n': // never closed: do not swallow the rest
			s.escape = escNone
			s.put(r)
		}
	case escTextEnd, escCharset:
		s.escape = escNone
	}
}

func (s *screen) control(final rune) {
	n := max(s.number, 1)
	switch final {
	case 'C':
		s.column = min(s.column+n, maxLine)
	case 'D':
		s.column = max(s.column-n, 0)
	case 'G':
		s.column = min(n-1, maxLine)
	case 'K':
		switch s.number {
		case 0:
			if s.column < len(s.current) {
				s.current = s.current[:s.column]
			}
		case 2:
			s.current = s.current[:0]
		}
	}
}
