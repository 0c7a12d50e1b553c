package gui

import (
	"context"
	"maps"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/workflow"
)

// historyScreen: every job with its outcome; Resume and Take Back.
type historyScreen struct {
	s      *shell
	root   *fyne.Container
	table  *table
	detail *fyne.Container
	jobs   []cluster.Job
	chosen int
	resume *widget.Button
	back   *widget.Button
}

func newHistoryScreen(s *shell) *historyScreen {
	h := &historyScreen{s: s, chosen: -1, detail: container.NewVBox()}
	h.table = newTable(column{t("history.when"), 180}, column{t("history.cluster"), 160},
		column{t("history.job"), 200}, column{t("history.outcome"), 160}, column{t("history.nodes"), 300})
	h.table.onSelect = h.choose
	h.resume = widget.NewButtonWithIcon(t("history.resume"), theme.MediaPlayIcon(), h.resumeJob)
	h.resume.Importance = widget.HighImportance
	h.back = widget.NewButtonWithIcon(t("result.take-back"), theme.ContentUndoIcon(), h.takeBack)
	h.back.Importance = widget.WarningImportance
	h.root = container.NewBorder(
		container.NewVBox(heading(t("history.title"), t("history.text")), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(h.back, h.resume)), nil, nil,
		scrolled(container.NewVBox(h.table, h.detail)))
	return h
}

func (h *historyScreen) object() fyne.CanvasObject { return h.root }

func (h *historyScreen) shown() {
	start(h.s.tasks, t("history.reading"),
		func(context.Context) ([]cluster.Job, error) {
			return cluster.History(h.s.options.Session.StateDir, "")
		},
		func(jobs []cluster.Job, err error) {
			if err != nil {
				h.s.fail(t("history.title"), err)
			}
			h.jobs, h.chosen = jobs, -1
			h.fill()
		})
}

func (h *historyScreen) fill() {
	var rows [][]string
	for _, j := range h.jobs {
		var nodes []string
		for _, n := range j.Nodes {
			nodes = append(nodes, n.Node+": "+n.Status)
		}
		rows = append(rows, []string{j.Started.Local().Format("2006-01-02 15:04:05"), j.Cluster, j.Kind,
			t("outcome." + j.State), strings.Join(nodes, ", ")})
	}
	h.table.selected = h.chosen
	h.table.setRows(rows)
	h.choose(h.chosen)
}

func (h *historyScreen) choose(row int) {
	h.chosen = row
	h.detail.RemoveAll()
	h.resume.Disable()
	h.back.Disable()
	if row < 0 || row >= len(h.jobs) {
		if len(h.jobs) == 0 {
			h.detail.Add(newNotice(infoNotice, t("history.none")))
		}
		return
	}
	j := h.jobs[row]
	mine := h.s.model.session != nil && h.s.model.profile.Name == j.Cluster
	if !mine {
		h.detail.Add(newNotice(infoNotice, t("history.other", map[string]any{"Cluster": j.Cluster})))
	}
	pairs := []string{t("history.id"), j.ID, t("history.old"), j.OldSHA256, t("history.new"), j.NewSHA256}
	for _, n := range j.Nodes {
		text := n.Status + " " + n.Path
		if n.Err != nil {
			text += " (" + n.Err.Error() + ")"
		}
		pairs = append(pairs, n.Node, text)
	}
	for _, k := range slices.Sorted(maps.Keys(j.Note)) {
		pairs = append(pairs, k, j.Note[k])
	}
	h.detail.Add(section(t("entries.details"), facts(pairs...)))
	setEnabled(h.resume, mine && j.State != "done" && j.State != "taken-back")
	setEnabled(h.back, mine && j.State != "taken-back")
}

func (h *historyScreen) resumeJob() {
	s, id, session := h.s, h.jobs[h.chosen].ID, h.s.model.session
	start(s.tasks, t("history.resuming"),
		func(ctx context.Context) (*workflow.Result, error) { return session.Resume(ctx, id) },
		func(_ *workflow.Result, err error) {
			s.model.findings = nil
			if err != nil {
				s.fail(t("history.resume"), err)
			}
			h.shown()
		})
}

func (h *historyScreen) takeBack() {
	h.s.takeBack(h.jobs[h.chosen].ID, func(*workflow.Result) { h.shown() })
}
