package gui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
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
		tb.setRows(reportRows(reports))
		q := newStatement(s.dialogs, t("result.phones"), container.NewVBox(reportNotice(reports), tb))
		q.wide = true
		q.show()
	})
}

func newPhonesTable() *table {
	tb := newTable(column{t("review.phone"), 220}, column{t("review.verdict"), 130}, column{t("review.reason"), 550})
	tb.wrap = true
	return tb
}

func reportRows(reports []PhoneReport) [][]cell {
	var rows [][]cell
	for _, p := range reports {
		rows = append(rows, []cell{{text: p.Name + " (" + p.Model + ")"}, verdictCell(p.Accepted, true, false), {text: p.Reason}})
	}
	return rows
}

// reportNotice says in a sentence what the phones made of the file.
func reportNotice(reports []PhoneReport) fyne.CanvasObject {
	if slices.ContainsFunc(reports, func(p PhoneReport) bool { return !p.Accepted }) {
		return newNotice(dangerNotice, t("result.phones.bad"))
	}
	return newNotice(goodNotice, t("result.phones.good"))
}
