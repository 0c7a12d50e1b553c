package gui

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// showPreflight lists what a migration rests on, with how each stands, and the tokens.
func (s *shell) showPreflight() {
	if s.model.session == nil {
		return
	}
	var ders [][]byte
	for _, info := range s.model.tokens {
		if raw, _, ok := signingCertificate(info); ok {
			ders = append(ders, raw.DER)
		}
	}
	onCluster(s, t("preflight.looking"),
		func(ctx context.Context, session *workflow.Session) ([]workflow.Check, error) {
			return session.Preflight(ctx, ders), ctx.Err()
		},
		func(checks []workflow.Check, err error) {
			if err != nil {
				s.failUnlessStopped(t("preflight.title"), err)
				return
			}
			s.preflightTable(checks)
		})
}

func (s *shell) preflightTable(checks []workflow.Check) {
	tb := widgets.NewTable(widgets.Column{Title: t("preflight.what"), Share: 170}, widgets.Column{Title: t("preflight.state"), Share: 110},
		widgets.Column{Title: t("preflight.text"), Share: 520})
	tb.Wrap = true
	var rows [][]widgets.Cell
	worst := workflow.CheckGood
	for _, c := range append(checks, workflow.PreflightTokens(s.model.tokens)...) {
		worst = max(worst, c.State)
		rows = append(rows, []widgets.Cell{{Text: say(c.What)}, checkCell(c.State), {Text: say(c.Text)}})
	}
	tb.SetRows(rows)
	kind, key := widgets.GoodNotice, "preflight.good"
	switch worst {
	case workflow.CheckWarn, workflow.CheckUnknown:
		kind, key = widgets.WarningNotice, "preflight.warn"
	case workflow.CheckBad:
		kind, key = widgets.DangerNotice, "preflight.bad"
	}
	q := widgets.NewStatement(s.dialogs, t("preflight.title"), container.NewVBox(widgets.NewNotice(kind, t(key)), tb))
	q.Wide = true
	q.Add(t("button.refresh"), theme.ViewRefreshIcon(), s.showPreflight)
	q.Show()
}

func checkCell(state workflow.CheckState) widgets.Cell {
	switch state {
	case workflow.CheckGood:
		return widgets.Cell{Text: t("preflight.state.good"), Sign: widgets.GoodSign}
	case workflow.CheckWarn:
		return widgets.Cell{Text: t("preflight.state.warn"), Sign: widgets.WarnSign}
	case workflow.CheckBad:
		return widgets.Cell{Text: t("preflight.state.bad"), Sign: widgets.BadSign}
	}
	return widgets.Cell{Text: t("preflight.state.unknown"), Sign: widgets.UnsureSign}
}
