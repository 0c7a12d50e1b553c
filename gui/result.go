package gui

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/workflow"
)

// resultScreen is the CTL Client's last screen: Server, File Location, Status; then what to
// restart, what show ctl prints, the checksum to compare on a phone, and the way back.
type resultScreen struct {
	s       *shell
	root    *fyne.Container
	title   *fyne.Container
	top     *fyne.Container
	servers *table
	phones  *table
	reports fyne.CanvasObject
	show    *textView
	restart *widget.Button
	back    *widget.Button
}

func newResultScreen(s *shell) *resultScreen {
	r := &resultScreen{s: s, title: container.NewVBox(), top: container.NewVBox()}
	r.servers = newTable(column{t("result.server"), 240}, column{t("result.location"), 420}, column{t("result.status"), 240})
	r.phones = newTable(column{t("review.phone"), 220}, column{t("review.verdict"), 130}, column{t("review.reason"), 550})
	r.reports = section(t("result.phones"), r.phones)
	r.show = newTextView(t("result.show"))
	r.show.SetMinRowsVisible(16)
	r.restart = widget.NewButtonWithIcon(t("result.restart"), theme.ViewRefreshIcon(), r.restartServices)
	r.back = widget.NewButtonWithIcon(t("result.take-back"), theme.ContentUndoIcon(), r.takeBack)
	r.back.Importance = widget.WarningImportance
	done := widget.NewButtonWithIcon(t("result.done"), theme.ConfirmIcon(), func() {
		s.model.job = nil
		s.open(screenOverview)
	})
	done.Importance = widget.HighImportance
	r.root = container.NewBorder(
		container.NewVBox(r.title, newSteps(3), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(r.back, r.restart, done)), nil, nil,
		scrolled(container.NewVBox(r.top, r.servers, r.reports,
			section(t("result.show"), r.show))))
	return r
}

func (r *resultScreen) object() fyne.CanvasObject { return r.root }

func (r *resultScreen) shown() {
	r.title.RemoveAll()
	r.top.RemoveAll()
	r.reports.Hide()
	j := r.s.model.job
	if j == nil || j.result == nil {
		r.title.Add(heading(t("result.title"), ""))
		return
	}
	res := j.result
	r.title.Add(heading(t("action."+string(j.kind)), t("result.text")))
	if res.Outcome.State == "done" || res.Outcome.State == "" {
		r.top.Add(newNotice(goodNotice, t("result.good")))
	} else {
		r.top.Add(newNotice(dangerNotice, t("result.bad", map[string]any{"State": res.Outcome.State})))
	}
	var rows [][]string
	for _, n := range res.Outcome.Nodes {
		status := n.Status
		if n.Err != nil {
			status += ": " + n.Err.Error()
		}
		rows = append(rows, []string{n.Node, n.Path, status})
	}
	r.servers.setRows(rows)
	if len(res.Restart) > 0 {
		r.top.Add(newNotice(warningNotice, strings.Join(res.Restart, "\n")))
	}
	if res.List != nil {
		r.top.Add(section(t("result.checksum"), facts("MD5", res.List.MD5(), "SHA-1", res.List.SHA1())))
		r.show.SetText(showText(res.List))
	}
	setEnabled(r.back, res.Outcome.ID != "")
}

// showText is what show ctl prints.
func showText(l *ctlbuild.List) string {
	var b strings.Builder
	if err := ctlbuild.Show(&b, l, time.Local); err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(b.String(), "\t", "    ")
}

// restartServices restarts TFTP, then CallManager. In the practice cluster the phones follow.
func (r *resultScreen) restartServices() {
	s := r.s
	if s.model.rehearsal != nil {
		start(s.tasks, t("result.restarting"), s.options.Practice.Restart,
			func(reports []PhoneReport, err error) {
				if err != nil {
					s.fail(t("result.restart"), err)
					return
				}
				r.showReports(reports)
			})
		return
	}
	session := s.model.session
	start(s.tasks, t("result.restarting"),
		func(ctx context.Context) (struct{}, error) { return struct{}{}, session.RestartServices(ctx) },
		func(_ struct{}, err error) {
			if err != nil {
				s.fail(t("result.restart"), err)
				return
			}
			s.say(t("result.restarted"))
		})
}

func (r *resultScreen) showReports(reports []PhoneReport) {
	var rows [][]string
	for _, p := range reports {
		word := "✗ " + t("verdict.rejects")
		if p.Accepted {
			word = "✓ " + t("verdict.accepts")
		}
		rows = append(rows, []string{p.Name + " (" + p.Model + ")", word, p.Reason})
	}
	r.phones.setRows(rows)
	r.reports.Show()
	r.root.Refresh()
}

// takeBack puts the former file back everywhere.
func (r *resultScreen) takeBack() {
	j := r.s.model.job
	r.s.takeBack(j.result.Outcome.ID, func(res *workflow.Result) {
		j.result = res
		r.shown()
	})
}

// takeBack asks, then runs rollback for a job.
func (s *shell) takeBack(id string, done func(*workflow.Result)) {
	session := s.model.session
	q := newQuestion(s.window, t("result.take-back"), wrapped(t("result.take-back.text")),
		t("result.take-back"), t("button.cancel"), true)
	q.onAnswer = func(yes bool) {
		if !yes {
			return
		}
		start(s.tasks, t("result.taking-back"),
			func(ctx context.Context) (*workflow.Result, error) { return session.Rollback(ctx, id) },
			func(res *workflow.Result, err error) {
				s.model.findings = nil
				if err != nil {
					s.fail(t("result.take-back"), err)
				}
				if res != nil {
					done(res)
				}
			})
	}
	q.show()
}
