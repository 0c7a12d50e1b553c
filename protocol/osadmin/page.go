package osadmin

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"ctlclient/internal/lazyregexp"
)

const (
	maxText   = 400 // bytes of a page's words that are kept
	maxNodes  = 200_000
	maxInputs = 5000
)

// page is what matters of a page.
type page struct {
	login     bool   // it asks for a password
	loginPath string // where its form goes
	takesFile bool   // it has a field for a file
	token     string // of its form
	text      string // its words, after "Status" where that stands on it
	forms     []htmlForm
	tftpPages []string // paths of other pages about TFTP files that it names
}

// htmlForm is one form of a page.
type htmlForm struct {
	path   string // where it goes
	inputs []input
}

// input is a field or a button of a form.
type input struct {
	kind, name, value string
	row               string // the words of the table row that it stands in
}

// tftpPage finds links that menus make by script, too.
var tftpPage = lazyregexp.New(`(?i)\b(tftp[A-Za-z]{1,40}\.do)\b`)

// parsePage reads a page that came from an address.
func parsePage(body []byte, from *url.URL) (*page, error) {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, &PageError{What: err.Error()}
	}
	r := reader{page: &page{}, from: from}
	r.walk(root, nil, "")
	if r.nodes > maxNodes || r.fields > maxInputs {
		return nil, &PageError{What: fmt.Sprintf("more than %d elements or %d fields", maxNodes, maxInputs)}
	}
	p := r.page
	for _, f := range p.forms {
		for _, in := range f.inputs {
			switch {
			case in.name == fieldPassword:
				p.login = true
				if path, _, _ := strings.Cut(f.path, "?"); strings.HasSuffix(path, "/j_security_check") {
					p.loginPath = path
				}
			case in.name == fieldToken && in.kind == "hidden":
				p.token = in.value
			case in.kind == "file":
				p.takesFile = true
			}
		}
	}
	p.text = status(r.words.String())
	for _, m := range tftpPage.FindAllSubmatch(body, 50) {
		name := string(m[1])
		if path := "/cmplatform/" + name; !strings.EqualFold(path, pathUpload) && !contains(p.tftpPages, path) {
			p.tftpPages = append(p.tftpPages, path)
		}
	}
	return p, nil
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// reader walks a document.
type reader struct {
	page   *page
	from   *url.URL
	words  strings.Builder
	nodes  int
	fields int
}

func (r *reader) walk(n *html.Node, in *htmlForm, row string) {
	if r.nodes++; r.nodes > maxNodes || r.fields > maxInputs {
		return
	}
	switch {
	case n.Type == html.TextNode:
		r.words.WriteString(n.Data + " ")
	case n.DataAtom == atom.Script, n.DataAtom == atom.Style, n.DataAtom == atom.Option:
		return
	case n.DataAtom == atom.Tr:
		row = textOf(n)
	case n.DataAtom == atom.Form:
		r.page.forms = append(r.page.forms, htmlForm{path: r.target(attribute(n, "action"))})
		at := len(r.page.forms) - 1
		f := r.page.forms[at]
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			r.walk(c, &f, row)
		}
		r.page.forms[at] = f
		return
	case n.DataAtom == atom.Input && in != nil, n.DataAtom == atom.Button && in != nil:
		r.fields++
		in.inputs = append(in.inputs, input{kind: strings.ToLower(attribute(n, "type")), name: attribute(n, "name"), value: attribute(n, "value"), row: row})
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		r.walk(c, in, row)
	}
}

// target is a form's address as a path on the same node; empty: it goes elsewhere.
func (r *reader) target(action string) string {
	u, err := r.from.Parse(action)
	if err != nil || u.Scheme != r.from.Scheme || u.Host != r.from.Host || !strings.HasPrefix(u.Path, pathHome) {
		return ""
	}
	return u.RequestURI()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is all text below a node.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if b.Len() > maxPage {
			break
		}
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return oneLine(b.String())
}

// oneLine takes control characters and runs of blanks out of a text.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

var statusWord = lazyregexp.New(`\bStatus\b:?`)

// status is the part of a page's words that a person looks at after a click: what
// follows "Status".
func status(words string) string {
	text := oneLine(words)
	if at := statusWord.FindAllStringIndex(text, -1); at != nil {
		text = strings.TrimSpace(text[at[len(at)-1][1]:])
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

var (
	saysGood = lazyregexp.New(`(?i)\bsuccess(?:ful(?:ly)?)?\b`)
	saysBad  = lazyregexp.New(`(?i)\b(?:errors?|fail(?:ed|ure|s)?|invalid|illegal|denied|refused|rejected|unable|cannot|could not|not (?:allowed|permitted|supported|valid|authorized)|unsuccessful(?:ly)?)\b`)
)

// answer is what the page says of a file.
func (p *page) answer(name string) (*Answer, error) {
	if saysBad.MatchString(p.text) {
		return nil, &RefusedError{Name: name, Text: p.text}
	}
	return &Answer{Text: p.text, Good: saysGood.MatchString(p.text)}, nil
}
