package gui

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// terms are the words of the glossary, as keys of their texts.
var terms = []string{"ctl", "itl", "sast", "tvs", "capf", "itlrecovery", "mixed", "token", "tokenless", "publisher", "trust", "sbd", "takeback", "verdict"}

// showHelp says what the screen in front is for and how to go on.
func (s *shell) showHelp() {
	q := widgets.NewStatement(s.dialogs, t(string(navOf(s.current))+".nav"), widgets.Flush(widgets.Wrapped(t("help."+string(s.current)))))
	q.Wide = true
	q.Add(t("menu.glossary"), theme.InfoIcon(), s.showGlossary)
	q.Show()
}

// showGlossary explains the words that the window uses.
func (s *shell) showGlossary() {
	tb := widgets.NewTable(widgets.Column{Title: t("glossary.term"), Share: 160}, widgets.Column{Title: t("glossary.means"), Share: 640})
	tb.Wrap = true
	var rows [][]widgets.Cell
	for _, term := range terms {
		rows = append(rows, widgets.Cells(t("glossary."+term), t("glossary."+term+".text")))
	}
	tb.SetRows(rows)
	q := widgets.NewStatement(s.dialogs, t("menu.glossary"), tb)
	q.Wide = true
	q.Show()
}

// about says which program this is, under which licence, and where its folders are.
func (s *shell) about() {
	q := widgets.NewStatement(s.dialogs, t("app.title"), container.NewVBox(
		widgets.Flush(widgets.Wrapped(t("about.text"))),
		widgets.Facts(t("about.version"), cmp.Or(s.options.Version, "?"), t("about.licence"), t("about.licence.text"),
			t("about.folder"), s.options.CrashDir)))
	q.Add(t("clusters.folder"), theme.FolderOpenIcon(), func() { s.openFolder(s.options.CrashDir) })
	q.Show()
}

// diary keeps what jobs reported and what went wrong since the start, for who has to tell others.
type diary struct{ lines []string }

// mostLines of the diary are kept.
const mostLines = 5000

func (d *diary) add(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	d.lines = append(d.lines, time.Now().Format("2006-01-02 15:04:05")+"  "+text)
	if over := len(d.lines) - mostLines; over > 0 {
		d.lines = d.lines[over:]
	}
}

func (d *diary) event(e workflow.Event) {
	switch e.Type {
	case workflow.EventNode:
		d.add(fmt.Sprintf("%s: %s: %s", e.Node, say(cluster.StepText(e.Step)), stepCell(e).Text))
	case workflow.EventProgress, workflow.EventOutput:
	default:
		d.add(e.Said(windowVoice()))
	}
}

// showLog shows the diary.
func (s *shell) showLog() {
	v := widgets.NewViewer(18)
	v.SetText(cmp.Or(strings.Join(s.diary.lines, "\n"), t("log.empty")))
	q := widgets.NewStatement(s.dialogs, t("menu.log"), v.Object)
	q.Wide = true
	q.Add(t("clusters.folder"), theme.FolderOpenIcon(), func() { s.openFolder(s.options.CrashDir) })
	q.Show()
}
