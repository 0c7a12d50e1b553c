package report

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"ctlclient/message"
	"ctlclient/trust/phoneword"
	"ctlclient/workflow"
)

// The headings.
var (
	textTitle    = message.Define("report.title", "CTL job {id}")
	textWhat     = message.Define("report.what", "Job")
	textCluster  = message.Define("report.cluster", "Cluster")
	textState    = message.Define("report.state", "State")
	textStarted  = message.Define("report.started", "Started")
	textEnded    = message.Define("report.ended", "Ended")
	textBy       = message.Define("report.by", "By")
	textSigner   = message.Define("report.signer", "Signed by")
	textMode     = message.Define("report.mode", "Security mode set")
	textFiles    = message.Define("report.files", "CTL file")
	textBefore   = message.Define("report.before", "Before")
	textAfter    = message.Define("report.after", "After")
	textNone     = message.Define("report.none", "no file")
	textBytes    = message.Define("report.bytes", "Bytes")
	textRecords  = message.Define("report.records", "Records")
	textNodes    = message.Define("report.nodes", "Nodes")
	textNode     = message.Define("report.node", "Node")
	textLocation = message.Define("report.location", "File location")
	textStatus   = message.Define("report.status", "Status")
	textPhones   = message.Define("report.phones", "Phones, as predicted")
	textPhone    = message.Define("report.phone", "Phones")
	textOutcome  = message.Define("report.outcome", "Outcome")
	textReason   = message.Define("report.reason", "Reason")
	textSaid     = message.Define("report.said", "Phones, as they say themselves")
	textSays     = message.Define("report.says", "Says")
	textForetold = message.Define("report.foretold", "Predicted")
	textMessage  = message.Define("report.message", "Message")
	textTotals   = message.Define("report.said.totals", "{took} took the new list, {kept} kept the old one, {silent} said nothing, {unknown} could not be read.")
	textDiffers  = message.Define("report.said.differs", "not as predicted")
	textAccepted = message.Define("report.accepted", "Accepted against advice")
	textRemains  = message.Define("report.remains", "What remains to be done")
	textMadeBy   = message.Define("report.made-by", "Made by ctlclient from its journal.")
)

// What a phone says and what was predicted, by the words of the JSON.
var wordText = map[string]*message.Text{
	phoneword.Unknown.String():     message.Define("report.says.unknown", "unknown"),
	phoneword.NothingSaid.String(): message.Define("report.says.nothing", "nothing said"),
	phoneword.Took.String():        message.Define("report.says.took", "took the new list"),
	phoneword.Kept.String():        message.Define("report.says.kept", "kept the old list"),
	"accept":                       message.Define("report.foretold.accept", "accept"),
	"refuse":                       message.Define("report.foretold.refuse", "refuse"),
	"not certain":                  message.Define("report.foretold.unsure", "not certain"),
}

// word is such a word in the page's language.
func (p page) word(s string) string {
	if t := wordText[s]; t != nil {
		return p.voice.Say(t.With())
	}
	return p.voice.Say(message.Words(s)) // a word of the journal, as far as the language knows it
}

// note is a note of the journal in the page's language.
func (p page) note(key, value string) string { return p.voice.Say(workflow.NoteText(key, value)) }

// style keeps the page to one sheet of A4 where the cluster allows, and readable without
// colour.
const style = `body{font:11pt/1.4 sans-serif;margin:2em auto;max-width:52em;color:#111}
h1{font-size:17pt;margin:0 0 .6em}h2{font-size:12pt;margin:1.2em 0 .3em;border-bottom:1px solid #999}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.15em .8em .15em 0}
th{font-weight:600}td.sum{font-family:monospace;font-size:9.5pt;overflow-wrap:anywhere}
tr{break-inside:avoid}footer{margin-top:2em;color:#555;font-size:9pt}
@media print{body{margin:0;max-width:none}@page{size:A4;margin:16mm}}`

// page writes HTML; the first error sticks.
type page struct {
	w     *bufio.Writer
	voice message.Voice
}

// HTML writes the report as one page that needs nothing else.
func (r *Report) HTML(w io.Writer, v message.Voice) error {
	p := page{bufio.NewWriter(w), v}
	title := v.Say(textTitle.With("id", r.ID))
	lang := "en"
	if v.Language != nil {
		lang = v.Language.Tag
	}
	fmt.Fprintf(p.w, "<!doctype html>\n<html lang=%q>\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<h1>%s</h1>\n",
		lang, html.EscapeString(title), style, html.EscapeString(title))
	p.facts(r)
	p.heading(textFiles)
	p.files(r)
	p.heading(textNodes)
	p.table([]*message.Text{textNode, textLocation, textStatus}, func(row func(...string)) {
		for _, n := range r.Nodes {
			status := p.word(n.Status)
			if n.Err != nil {
				status += ": " + p.voice.Tell(n.Err)
			}
			row(n.Name, n.Path, status)
		}
	})
	if len(r.Phones) > 0 {
		p.heading(textPhones)
		p.table([]*message.Text{textPhone, textOutcome, textReason}, func(row func(...string)) {
			for _, c := range r.Phones {
				row(p.voice.Say(c.WhoText), p.voice.Say(c.OutcomeText), p.voice.Say(c.ReasonText))
			}
		})
	}
	p.said(r.Said)
	if len(r.Accepted) > 0 {
		p.heading(textAccepted)
		var accepted []string
		for _, line := range r.Accepted {
			key, value, _ := strings.Cut(line, ": ")
			what := key
			if said := p.word(strings.ReplaceAll(key, " ", "-")); p.voice.Language != nil {
				what = said
			}
			accepted = append(accepted, what+": "+p.note(strings.ReplaceAll(key, " ", "-"), value))
		}
		p.list(accepted)
	}
	p.heading(textRemains)
	var left []string
	for _, m := range r.Remains {
		left = append(left, v.Say(m))
	}
	p.list(left)
	fmt.Fprintf(p.w, "<footer>%s</footer>\n</body>\n</html>\n", html.EscapeString(v.Say(textMadeBy.With())))
	return p.w.Flush()
}

// said is what phones said: in numbers, and one by one where it is not that they took the
// list as predicted.
func (p page) said(said []Said) {
	if len(said) == 0 {
		return
	}
	p.heading(textSaid)
	counts := map[string]int{}
	for _, s := range said {
		counts[s.Says]++
	}
	of := func(v phoneword.Verdict) int { return counts[v.String()] }
	p.list([]string{p.voice.Say(textTotals.With("took", of(phoneword.Took), "kept", of(phoneword.Kept),
		"silent", of(phoneword.NothingSaid), "unknown", of(phoneword.Unknown)))})
	if of(phoneword.Took) == len(said) && !slices.ContainsFunc(said, func(s Said) bool { return s.Differs }) {
		return
	}
	p.table([]*message.Text{textPhone, textSays, textForetold, textMessage}, func(row func(...string)) {
		for _, s := range said {
			if !s.Differs && s.Says == phoneword.Took.String() {
				continue
			}
			text := cmp.Or(s.Message, p.voice.Say(s.ErrorText))
			if s.Differs {
				text = p.voice.Say(textDiffers.With()) + ": " + text
			}
			row(strings.TrimSpace(s.Phone+" "+s.Model), p.word(s.Says), p.word(s.Predicted), text)
		}
	})
}

func (p page) heading(t *message.Text) {
	fmt.Fprintf(p.w, "<h2>%s</h2>\n", html.EscapeString(p.voice.Say(t.With())))
}

func (p page) facts(r *Report) {
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format("2006-01-02 15:04:05 -07:00")
	}
	fmt.Fprintln(p.w, "<table>")
	for _, f := range []struct {
		text  *message.Text
		value string
	}{
		{textWhat, p.voice.Say(workflow.JobText(r.Job))}, {textCluster, r.Cluster}, {textState, p.word(r.State)}, {textStarted, when(r.Started)}, {textEnded, when(r.Ended)},
		{textBy, p.note("by", r.By)}, {textSigner, r.Signer}, {textMode, p.note("mode", r.Mode)},
	} {
		if f.value != "" {
			fmt.Fprintf(p.w, "<tr><th>%s</th><td>%s</td></tr>\n", html.EscapeString(p.voice.Say(f.text.With())), html.EscapeString(f.value))
		}
	}
	fmt.Fprintln(p.w, "</table>")
}

func (p page) files(r *Report) {
	of := func(f *File, get func(*File) string) string {
		if f == nil {
			return p.voice.Say(textNone.With())
		}
		return get(f)
	}
	fmt.Fprintf(p.w, "<table>\n<tr><th></th><th>%s</th><th>%s</th></tr>\n",
		html.EscapeString(p.voice.Say(textBefore.With())), html.EscapeString(p.voice.Say(textAfter.With())))
	for _, row := range []struct {
		name string
		get  func(*File) string
	}{
		{"MD5", func(f *File) string { return f.MD5 }},
		{"SHA-1", func(f *File) string { return f.SHA1 }},
		{p.voice.Say(textBytes.With()), func(f *File) string { return fmt.Sprint(f.Bytes) }},
		{p.voice.Say(textRecords.With()), func(f *File) string { return fmt.Sprint(f.Records) }},
		{p.voice.Say(textSigner.With()), func(f *File) string { return f.Signer }},
	} {
		fmt.Fprintf(p.w, "<tr><th>%s</th><td class=\"sum\">%s</td><td class=\"sum\">%s</td></tr>\n", html.EscapeString(row.name),
			html.EscapeString(of(r.Former, row.get)), html.EscapeString(of(r.New, row.get)))
	}
	fmt.Fprintln(p.w, "</table>")
}

func (p page) table(head []*message.Text, rows func(row func(...string))) {
	fmt.Fprint(p.w, "<table>\n<tr>")
	for _, t := range head {
		fmt.Fprintf(p.w, "<th>%s</th>", html.EscapeString(p.voice.Say(t.With())))
	}
	fmt.Fprintln(p.w, "</tr>")
	rows(func(cells ...string) {
		fmt.Fprint(p.w, "<tr>")
		for _, c := range cells {
			fmt.Fprintf(p.w, "<td>%s</td>", html.EscapeString(c))
		}
		fmt.Fprintln(p.w, "</tr>")
	})
	fmt.Fprintln(p.w, "</table>")
}

func (p page) list(lines []string) {
	fmt.Fprintln(p.w, "<ul>")
	for _, l := range lines {
		fmt.Fprintf(p.w, "<li>%s</li>\n", html.EscapeString(strings.TrimSpace(l)))
	}
	fmt.Fprintln(p.w, "</ul>")
}
