package gui

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// lostPhones are the phones that refuse a file, each by itself: a list to go through the house
// with, tick off, and hand on as a CSV file.
type lostPhones struct {
	s      *shell
	phones []trust.Verdict
	since  time.Time            // what was cleared before that does not count
	at     map[string]time.Time // when phones were cleared, by name
	again  bool                 // what was said changes the verdicts on the cluster
	table  *widgets.Table
	note   *fyne.Container
	how    *fyne.Container
	tick   *widgets.Button
	delete *widgets.Button // in the practice cluster
}

// showOlder lists the phones that hold an older CTL.
func (s *shell) showOlder() {
	var phones []trust.Verdict
	for _, o := range s.model.older {
		phones = append(phones, o.Verdict())
	}
	if len(phones) > 0 {
		s.showLost(phones, time.Now())
	}
}

// showLost opens the list of phones that refuse, or refused, a file. Those that were cleared
// before a time are not ticked off.
func (s *shell) showLost(phones []trust.Verdict, since time.Time) {
	at, err := workflow.Cleared(s.model.folder)
	if err != nil {
		s.fail(t("lost.title"), err)
		return
	}
	l := &lostPhones{s: s, phones: phones, since: since, at: at, note: container.NewVBox(), how: container.NewVBox()}
	l.table = widgets.NewChooser(l.choose, widgets.Column{Title: t("lost.cleared"), Share: 90}, widgets.Column{Title: t("review.phone"), Share: 200},
		widgets.Column{Title: t("lost.model"), Share: 90}, widgets.Column{Title: t("lost.count"), Share: 60}, widgets.Column{Title: t("review.reason"), Share: 400})
	l.table.OnOpen = func(int) { l.toggle() }
	finder := widgets.NewFinder(l.table)
	scroll := widgets.NewScroller(l.table)
	scroll.Scroll.SetMinSize(fyne.NewSize(0, 240))
	l.tick = widgets.NewButton(t("lost.tick"), theme.ConfirmIcon(), l.toggle)
	save := widgets.NewButton(t("lost.csv"), theme.DocumentSaveIcon(), l.export)
	l.delete = widgets.NewButton(t("lost.practice"), theme.DeleteIcon(), l.deletePractice)
	widgets.Visible(l.delete, s.model.rehearsal != nil && s.options.Practice != nil)
	q := widgets.NewStatement(s.dialogs, t("lost.title"),
		widgets.Border(container.NewVBox(l.note, finder.Object), container.NewVBox(widgets.ButtonRow(l.tick, l.delete, save), l.how), nil, nil, scroll.Object))
	q.Wide = true
	q.First = l.table
	q.OnAnswer = func(bool) {
		if l.again && s.model.session != nil {
			s.screen(screenOverview).(*overviewScreen).read()
		}
	}
	l.fill()
	q.Show()
}

// countPhones counts phones, not classes of them.
func countPhones(vs []trust.Verdict) int {
	n := 0
	for _, v := range vs {
		n += v.Phone.N()
	}
	return n
}

// cleared reports a phone that is ticked off.
func (l *lostPhones) cleared(name string) bool {
	at, ok := l.at[name]
	return ok && at.After(l.since)
}

func (l *lostPhones) fill() {
	all, left := countPhones(l.phones), 0
	var rows [][]widgets.Cell
	for _, v := range l.phones {
		row := append([]widgets.Cell{{Text: t("lost.no")}}, widgets.Cells(say(v.Phone.NameText()), v.Phone.Model, fmt.Sprint(v.Phone.N()), because(v.Why, v.Reason))...)
		if l.cleared(v.Phone.Name) {
			row[0] = widgets.Cell{Text: t("lost.yes"), Sign: widgets.GoodSign}
		} else {
			left += v.Phone.N()
		}
		rows = append(rows, row)
	}
	l.note.RemoveAll()
	kind := widgets.WarningNotice
	if left == 0 {
		kind = widgets.GoodNotice
	}
	l.note.Add(widgets.NewNotice(kind, t("lost.text", map[string]any{"Count": fmt.Sprint(all), "Left": fmt.Sprint(left)})))
	l.table.SetRows(rows)
	l.choose(l.table.Selected)
}

func (l *lostPhones) chosen() (trust.Phone, bool) {
	if i := l.table.Selected; i >= 0 && i < len(l.phones) {
		return l.phones[i].Phone, true
	}
	return trust.Phone{}, false
}

// choose says how the CTL is deleted on that model.
func (l *lostPhones) choose(int) {
	p, ok := l.chosen()
	widgets.SetEnabled(l.tick, ok)
	widgets.SetEnabled(l.delete, ok && l.s.model.rehearsal != nil)
	l.how.RemoveAll()
	text := t("lost.choose")
	if ok {
		text = t("lost.how", map[string]any{"Phone": phoneText(p.Name, p.Model)}) + " " + t("lost.how."+howToDelete(p.Model))
	}
	l.how.Add(widgets.Flush(widgets.Wrapped(text)))
}

// howToDelete is the way that a model's menus go to its CTL file, as far as Cisco's document
// "Security By Default" names it: for the 79xx alone.
func howToDelete(model string) string {
	digits := strings.TrimLeft(model, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz -")
	if len(digits) == 4 && strings.HasPrefix(digits, "79") {
		return "79xx"
	}
	return "other"
}

// toggle ticks a phone off, or takes the tick away.
func (l *lostPhones) toggle() {
	p, ok := l.chosen()
	if !ok {
		return
	}
	if l.cleared(p.Name) {
		delete(l.at, p.Name)
	} else {
		l.at[p.Name] = time.Now()
	}
	l.again = true
	if err := workflow.KeepCleared(l.s.model.folder, l.at); err != nil {
		l.s.fail(t("lost.title"), err)
	}
	l.fill()
}

// deletePractice deletes the CTL on a phone of the practice cluster, which takes the file that
// is served at its next start.
func (l *lostPhones) deletePractice() {
	p, ok := l.chosen()
	if !ok {
		return
	}
	start(l.s.tasks, t("lost.practice"),
		func(context.Context) (struct{}, error) { return struct{}{}, l.s.options.Practice.ClearPhone(p.Name) },
		func(_ struct{}, err error) {
			if err != nil {
				l.s.fail(t("lost.practice"), err)
				return
			}
			if !l.cleared(p.Name) {
				l.toggle()
			}
		})
}

// export writes the list as a CSV file.
func (l *lostPhones) export() {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{{t("review.phone"), t("lost.model"), t("lost.count"), t("review.reason"), t("lost.cleared")}}
	for _, v := range l.phones {
		yes := t("lost.no")
		if l.cleared(v.Phone.Name) {
			yes = t("lost.yes")
		}
		lines = append(lines, []string{safeCSV(v.Phone.Name), safeCSV(v.Phone.Model), fmt.Sprint(v.Phone.N()), safeCSV(because(v.Why, v.Reason)), yes})
	}
	if err := w.WriteAll(lines); err != nil {
		l.s.fail(t("lost.csv"), err)
		return
	}
	saveAs(l.s, t("lost.csv"), "phones.csv", b.Bytes(), func(path string) {
		l.s.say(t("lost.saved", map[string]any{"File": path}))
	})
}

// safeCSV keeps a spreadsheet from taking a text for a formula.
func safeCSV(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
