package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
)

// The way back to trust: the publisher signs a list with the other one of its two keys. The
// jobs go through Review, Sign and distribute, Result like any that the publisher does.

// recovers reports a job in which the publisher signs with its other key.
func (k jobKind) recovers() bool { return k == jobRecoverCTL || k == jobRecoverITL }

// afterRecovery says what was done, and what is left to do until the usual key signs again.
func (r *resultScreen) afterRecovery(kind jobKind) {
	s, top := r.s, r.top
	top.Add(widgets.NewNotice(widgets.GoodNotice, t("result."+string(kind))))
	var next []fyne.CanvasObject
	switch {
	case kind == jobRecoverCTL:
		next = append(next, widgets.NewButton(t("overview.mend.publisher"), theme.NavigateNextIcon(), func() { s.begin(jobUpdate) }))
	default:
		if s.model.canPhones {
			next = append(next, widgets.NewButton(t("phones.button"), theme.ListIcon(), s.listPhones))
		}
		next = append(next, widgets.NewButton(t("do.restart-tftp"), theme.ViewRefreshIcon(), r.askRestart))
	}
	top.Add(widgets.NewNotice(widgets.WarningNotice, t("result."+string(kind)+".next"), widgets.ButtonRow(next...)))
}
