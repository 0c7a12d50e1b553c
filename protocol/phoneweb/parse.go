package phoneweb

import (
	"bytes"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"

	"ctlclient/internal/lazyregexp"
)

// A page as blocks of text: what stands in one cell or paragraph, with its lines, and the
// row of a table that it is in.
type block struct {
	row  int
	text string // lines separated by \n, trimmed
}

// breaks are the elements that end a block; br and these alone separate words.
var breaks = map[string]bool{
	"td": true, "th": true, "tr": true, "table": true, "p": true, "div": true, "li": true, "body": true,
	"html": true, "head": true, "title": true, "pre": true, "h1": true, "h2": true, "h3": true, "h4": true,
}

// scriptText finds the texts that pages of the 6900 series keep in a script: messages
// separated by &.
var scriptText = lazyregexp.New(`var\s+s[0-9]*\s*=\s*"([^"]*)"`)

// maxBlocks bounds what is kept of a page.
const maxBlocks = 5000

// blocks takes a page apart. It never fails: a page that is no HTML has few blocks.
func blocks(page []byte) []block {
	if !utf8.Valid(page) {
		page = latin1(page)
	}
	var (
		list []block
		text strings.Builder
		row  int
		raw  string // the script or style that we are in
	)
	flush := func() {
		if t := lines(text.String()); t != "" && len(list) < maxBlocks {
			list = append(list, block{row, t})
		}
		text.Reset()
	}
	z := xhtml.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxPage)
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			flush()
			return list
		case xhtml.TextToken:
			switch raw {
			case "script":
				flush()
				for _, m := range scriptText.FindAllStringSubmatch(string(z.Raw()), -1) {
					for part := range strings.SplitSeq(m[1], "&") {
						row++
						text.WriteString(html.UnescapeString(part))
						flush()
					}
				}
			case "":
				text.Write(z.Text())
			}
		case xhtml.StartTagToken, xhtml.EndTagToken, xhtml.SelfClosingTagToken:
			tag, _ := z.TagName()
			name := string(tag)
			switch {
			case name == raw:
				raw = ""
			case name == "script" || name == "style":
				raw = name
			case name == "br":
				text.WriteByte('\n')
			case breaks[name]:
				flush()
				if name == "tr" {
					row++
				}
			}
		}
	}
}

// lines trims each line, and leaves out the empty ones and what moves a cursor.
func lines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		line = strings.Join(strings.FieldsFunc(line, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
		}), " ")
		if line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// latin1 reads the bytes that old phones send.
func latin1(b []byte) []byte {
	var out []byte
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

const (
	clockPattern = `[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[aApP]\.?[mM]?\.?)?`
	datePattern  = `[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}`
	timePattern  = `((?:` + datePattern + ` )?` + clockPattern + `(?: ` + datePattern + `)?)`
)

// entryTime is what a status message begins with: a clock, with a date before or after it
// or without one, in brackets or not.
var entryTime = lazyregexp.New(`^(?:\[ ?` + timePattern + ` ?\]|` + timePattern + `(?: |$)) ?`)

// parseEntries finds the status messages of a page.
func parseEntries(page []byte) []Entry {
	var entries []Entry
	waiting := false // a time came whose text is in the next block
	for _, b := range blocks(page) {
		for line := range strings.SplitSeq(b.text, "\n") {
			m := entryTime.FindStringSubmatch(line)
			switch {
			case m != nil && len(entries) < maxEntries:
				text := line[len(m[0]):]
				entries = append(entries, Entry{Time: m[1] + m[2], Text: shorten(text)}) // one of the two is empty
				waiting = text == ""
			case waiting:
				entries[len(entries)-1].Text = shorten(line)
				waiting = false
			}
		}
	}
	return entries
}

func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}

var (
	phoneName = lazyregexp.New(`\b((?:SEP|ATA|DPH)[0-9A-Fa-f]{12})\b`)
	macDigits = lazyregexp.New(`^[0-9A-Fa-f]{12}$`)
)

// parseDevice reads the table of a phone's first page: a label and its value in each row.
// The name is found in any language: it stands in the heading too.
func parseDevice(page []byte) Device {
	var d Device
	list := blocks(page)
	for i, b := range list[:max(len(list)-1, 0)] {
		if next := list[i+1]; next.row == b.row {
			d.set(strings.ToLower(strings.TrimRight(b.text, ": ")), next.text)
		}
	}
	if !phoneName.MatchString(d.Name) {
		d.Name = ""
		for _, b := range list {
			if entryTime.MatchString(b.text) {
				break // from here on it is messages, which name files
			}
			if d.Name = phoneName.FindString(b.text); d.Name != "" {
				break
			}
		}
	}
	d.Name = strings.ToUpper(d.Name)
	return d
}

func (d *Device) set(label, value string) {
	value = shorten(value)
	var field *string
	switch label {
	case "host name", "hostname":
		field = &d.Name
	case "mac address":
		mac := strings.NewReplacer(":", "", "-", "", ".", "").Replace(value)
		if field = &d.Name; macDigits.MatchString(mac) {
			value = "SEP" + mac
		}
	case "model number", "model":
		field = &d.Model
	case "version", "app load id", "active load id":
		field = &d.Load
	case "serial number":
		field = &d.Serial
	default:
		return
	}
	// The first word counts, but a firmware's version is a better word than its parts,
	// and a host name than a MAC address.
	if *field == "" || label == "version" || strings.HasPrefix(label, "host") {
		*field = value
	}
}
