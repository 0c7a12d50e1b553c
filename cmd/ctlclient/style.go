package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// style colours text, quietly, and only on a terminal where NO_COLOR is not set.
type style struct {
	colour bool
	live   bool // a terminal: lines may be redrawn
	width  int  // of the terminal in columns, 0 when it is none

	word func(string) string // a head of a table in the person's language; nil: as it is
}

func newStyle(w io.Writer) style {
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return style{}
	}
	enableColour(w)
	_, no := os.LookupEnv("NO_COLOR")
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil {
		width = 0 // lines are as long as they are
	}
	return style{colour: !no || os.Getenv("NO_COLOR") == "", live: true, width: width}
}

func (s style) with(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string   { return s.with("1", t) }
func (s style) dim(t string) string    { return s.with("2", t) }
func (s style) red(t string) string    { return s.with("31", t) }
func (s style) green(t string) string  { return s.with("32", t) }
func (s style) yellow(t string) string { return s.with("33", t) }
func (s style) cyan(t string) string   { return s.with("36", t) }

// minWrap is the narrowest column that text is wrapped into.
const minWrap = 24

// wrap breaks text between words so that it ends before the terminal does; lines
// after the first hang at column used.
func (s style) wrap(text string, used int) string {
	room := s.width - used
	if s.width == 0 || room < minWrap || utf8.RuneCountInString(text) <= room {
		return text
	}
	var b strings.Builder
	n := 0
	for _, word := range strings.Fields(text) {
		w := utf8.RuneCountInString(word)
		switch {
		case n == 0:
		case n+1+w > room:
			b.WriteString("\n" + strings.Repeat(" ", used))
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += w
	}
	return b.String()
}

// pad fills a cell on the right; colour comes after padding, so widths stay true.
func pad(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// table writes rows with aligned columns. The last cell of a row is not padded.
type table struct {
	indent string
	gap    string
	head   []string
	rows   [][]cell
}

// cell is text with what colours it.
type cell struct {
	text  string
	paint func(string) string
}

func plain(t string) cell { return cell{text: t} }

func painted(t string, paint func(string) string) cell { return cell{t, paint} }

// row adds a row. Much of what stands in cells was named by somebody else: none of it
// moves the cursor, colours, or begins a line.
func (t *table) row(cells ...cell) {
	for i := range cells {
		cells[i].text = strings.ReplaceAll(printable(cells[i].text), "\n", " ")
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(w io.Writer, st style) error {
	head := make([]string, len(t.head))
	for i, h := range t.head {
		head[i] = h
		if st.word != nil {
			head[i] = st.word(h)
		}
	}
	var widths []int
	measure := func(i int, s string) {
		if i == len(widths) {
			widths = append(widths, 0)
		}
		widths[i] = max(widths[i], utf8.RuneCountInString(s))
	}
	for i, h := range head {
		measure(i, h)
	}
	for _, r := range t.rows {
		for i, c := range r {
			measure(i, c.text)
		}
	}
	gap := t.gap
	if gap == "" {
		gap = "  "
	}
	var b strings.Builder
	if len(head) > 0 {
		var line []string
		for i, h := range head {
			line = append(line, pad(h, widths[i]))
		}
		b.WriteString(t.indent + st.dim(strings.TrimRight(strings.Join(line, gap), " ")) + "\n")
	}
	for _, r := range t.rows {
		var line strings.Builder
		used := utf8.RuneCountInString(t.indent)
		for i, c := range r {
			text := c.text
			if i < len(r)-1 {
				text = pad(text, widths[i])
				used += widths[i] + utf8.RuneCountInString(gap)
			} else {
				text = st.wrap(text, used)
			}
			if c.paint != nil {
				text = c.paint(text)
			}
			if i > 0 {
				line.WriteString(gap)
			}
			line.WriteString(text)
		}
		b.WriteString(t.indent + strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
