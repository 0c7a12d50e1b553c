package gui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/gui/widgets"
)

// restartPractice restarts the practice cluster's services and phones, and hands on what the
// phones made of what they were served.
func (s *shell) restartPractice(done func([]PhoneReport)) {
	start(s.tasks, t("practice.restarting"), s.options.Practice.Restart,
		func(reports []PhoneReport, err error) {
			if err != nil {
				s.failUnlessStopped(t("practice.restart"), err)
				return
			}
			done(reports)
		})
}

// showPhones restarts the practice cluster's phones and shows what they say.
func (s *shell) showPhones() {
	s.restartPractice(func(reports []PhoneReport) {
		tb := newPhonesTable()
		tb.SetRows(reportRows(reports))
		q := widgets.NewStatement(s.dialogs, t("result.phones"), container.NewVBox(reportNotice(reports), tb))
		q.Wide = true
		q.Show()
	})
}

func newPhonesTable() *widgets.Table {
	tb := widgets.NewTable(widgets.Column{Title: t("review.phone"), Share: 220}, widgets.Column{Title: t("review.verdict"), Share: 130}, widgets.Column{Title: t("review.reason"), Share: 550})
	tb.Wrap = true
	return tb
}

func reportRows(reports []PhoneReport) [][]widgets.Cell {
	var rows [][]widgets.Cell
	for _, p := range reports {
		rows = append(rows, []widgets.Cell{{Text: p.Name + " (" + p.Model + ")"}, verdictCell(p.Accepted, true, false), {Text: because(p.Why, "")}})
	}
	return rows
}

// reportNotice says in a sentence what the phones made of the file.
func reportNotice(reports []PhoneReport) fyne.CanvasObject {
	if slices.ContainsFunc(reports, func(p PhoneReport) bool { return !p.Accepted }) {
		return widgets.NewNotice(widgets.DangerNotice, t("result.phones.bad"))
	}
	return widgets.NewNotice(widgets.GoodNotice, t("result.phones.good"))
}
