package gui

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
	"ctlclient/workflow/report"
)

// historyScreen: every job with its outcome; Resume and Take Back.
type historyScreen struct {
	*widgets.Page
	s      *shell
	table  *widgets.Table
	none   fyne.CanvasObject
	split  *widgets.Split
	jobs   []cluster.Job
	resume *widgets.Button
	back   *widgets.Button
	shut   *widgets.Button      // closes a job that was not finished
	sums   map[string][2]string // by job: the checksums of the file before, and of the one after
}

func newHistoryScreen(s *shell) *historyScreen {
	h := &historyScreen{s: s, none: emptyNote("history.none"), sums: map[string][2]string{}}
	h.table = widgets.NewChooser(h.choose, widgets.Column{Title: t("history.when"), Share: 170}, widgets.Column{Title: t("history.cluster"), Share: 150},
		widgets.Column{Title: t("history.job"), Share: 200}, widgets.Column{Title: t("history.outcome"), Share: 190}, widgets.Column{Title: t("history.nodes"), Share: 260})
	h.resume = widgets.MainButton(t("history.resume"), theme.MediaPlayIcon(), h.resumeJob)
	h.back = widgets.NewButton(t("result.take-back"), theme.ContentUndoIcon(), h.takeBack)
	h.shut = widgets.NewButton(t("history.close"), theme.CancelIcon(), h.closeJob)
	again := widgets.NewButton(t("button.refresh"), theme.ViewRefreshIcon(), h.read)
	h.split = widgets.NewSplit(container.NewVBox(h.none, h.table))
	h.Page = widgets.NewFixedPage(t("history.title"), t("history.text"), nil, h.split.Object, again, layout.NewSpacer(), h.shut, h.back, h.resume)
	h.choose(-1)
	return h
}

func (h *historyScreen) shown() { h.read() }

// read reads the journals.
func (h *historyScreen) read() {
	start(h.s.tasks, t("history.reading"),
		func(context.Context) ([]cluster.Job, error) {
			return cluster.History(h.s.options.Session.StateDir, "")
		},
		func(jobs []cluster.Job, err error) {
			if err != nil {
				h.s.fail(t("history.title"), err)
			}
			h.jobs = jobs
			clear(h.sums) // a job that was unfinished may have its files now
			h.fill()
		})
}

func (h *historyScreen) fill() {
	var rows [][]widgets.Cell
	for _, j := range h.jobs {
		var nodes []string
		for _, n := range j.Nodes {
			nodes = append(nodes, n.Node+": "+statusText(n.Status))
		}
		rows = append(rows, []widgets.Cell{{Text: timeText(j.Started)}, {Text: j.Cluster}, {Text: jobText(j.Kind)},
			outcomeCell(j.State), {Text: strings.Join(nodes, ", ")}})
	}
	widgets.Visible(h.none, len(rows) == 0)
	widgets.Visible(h.table, len(rows) > 0)
	// What was left unfinished is what people come for.
	h.table.Selected = slices.IndexFunc(h.jobs, func(j cluster.Job) bool { return j.State == cluster.StateIncomplete && h.mine(j) })
	if h.table.Selected < 0 && len(rows) > 0 {
		h.table.Selected = 0
	}
	h.table.SetRows(rows)
	h.choose(h.table.Selected)
	if len(rows) > 0 && h.s.current == screenHistory && h.s.dialogs.Front() == nil {
		h.s.window.Canvas().Focus(h.table)
	}
}

// jobText names a job of the journal as the Action screen does.
func jobText(kind string) string {
	if k, ok := jobNames[kind]; ok {
		return t("action." + string(k))
	}
	return kind
}

// outcomeCell is how a job ended.
func outcomeCell(state string) widgets.Cell {
	switch state {
	case cluster.StateFinished:
		return widgets.Cell{Text: t("outcome.done"), Sign: widgets.GoodSign}
	case cluster.StateTakenBack:
		return widgets.Cell{Text: t("outcome.taken-back"), Sign: widgets.BackSign}
	case cluster.StateUntouched:
		return widgets.Cell{Text: t("outcome.unchanged"), Sign: widgets.NoSign}
	case cluster.StateOvertaken:
		return widgets.Cell{Text: t("outcome.overtaken"), Sign: widgets.NoSign}
	case cluster.StateClosed:
		return widgets.Cell{Text: t("outcome.closed"), Sign: widgets.NoSign}
	}
	return widgets.Cell{Text: t("outcome.incomplete"), Sign: widgets.BadSign}
}

// ToTop scrolls the list to its beginning.
func (h *historyScreen) ToTop() { h.split.List.To(0) }

// key scrolls.
func (h *historyScreen) Key(name fyne.KeyName) bool { return h.split.List.Key(name) }

// mine reports that a job is of the cluster that is open.
func (h *historyScreen) mine(j cluster.Job) bool {
	return h.s.model.session != nil && h.s.model.profile.Name == j.Cluster
}

func (h *historyScreen) choose(row int) {
	h.split.Show(nil)
	h.resume.Disable()
	h.back.Disable()
	h.shut.Disable()
	if row < 0 || row >= len(h.jobs) {
		return
	}
	j := h.jobs[row]
	var note []fyne.CanvasObject
	if !h.mine(j) {
		note = append(note, widgets.NewNotice(widgets.InfoNotice, t("history.other", map[string]any{"Cluster": j.Cluster})))
	}
	sums, known := h.sums[j.ID]
	if !known {
		h.sum(j)
	}
	pairs := []string{t("history.id"), j.ID, t("history.outcome"), outcomeCell(j.State).Text,
		t("history.old"), sums[0], t("history.new"), sums[1]}
	if !j.Ended.IsZero() {
		pairs = append(pairs, t("history.ended"), timeText(j.Ended))
	}
	for _, n := range j.Nodes {
		text := strings.TrimSpace(statusText(n.Status) + " " + n.Path)
		if n.Err != nil {
			text += " (" + tell(n.Err) + ")"
		}
		pairs = append(pairs, n.Node, text)
	}
	notes := make([]string, 0, len(j.Note))
	for k := range j.Note {
		if k != workflow.NotePhones { // the report has them, class by class
			notes = append(notes, k)
		}
	}
	slices.Sort(notes)
	for _, k := range notes {
		pairs = append(pairs, noteName(k), noteText(k, j.Note[k]))
	}
	var files []fyne.CanvasObject
	for _, f := range []struct {
		key, sum string
		back     bool
	}{{"history.open.former", j.OldSHA256, true}, {"history.open.new", j.NewSHA256, false}} {
		b := widgets.NewButton(t(f.key), theme.SearchIcon(), func() { h.openFile(j, f.back) })
		widgets.SetEnabled(b, h.mine(j) && f.sum != "")
		files = append(files, b)
	}
	files = append(files, widgets.NewButton(t("report.save"), theme.DocumentIcon(), func() { h.s.saveReport(j) }))
	h.split.Show(h.table, append(note, widgets.ButtonRow(files...), detailBox(pairs))...)
	widgets.SetEnabled(h.resume, h.mine(j) && j.State == cluster.StateIncomplete)
	widgets.SetEnabled(h.shut, h.mine(j) && j.State == cluster.StateIncomplete)
	widgets.SetEnabled(h.back, h.mine(j) && (j.State == cluster.StateIncomplete || j.State == cluster.StateFinished))
}

// sum reads the files of a job and shows their checksums, as phones do. Where the journal no longer
// has them, it shows by which they are known there.
func (h *historyScreen) sum(j cluster.Job) {
	start(h.s.tasks, t("history.reading"),
		func(context.Context) (*report.Report, error) { return report.Of(h.s.options.Session.StateDir, j) },
		func(r *report.Report, err error) {
			sums := [2]string{"SHA-256 " + j.OldSHA256, "SHA-256 " + j.NewSHA256}
			if err == nil {
				for i, f := range []*report.File{r.Former, r.New} {
					sums[i] = t("history.no-file")
					if f != nil {
						sums[i] = "MD5 " + f.MD5 + "\nSHA-1 " + f.SHA1
					}
				}
			}
			h.sums[j.ID] = sums
			if at := h.table.Selected; at >= 0 && at < len(h.jobs) && h.jobs[at].ID == j.ID {
				h.choose(at)
			}
		})
}

// noteName says in words what a job's journal keeps beside its files.
func noteName(key string) string {
	switch key {
	case "by", "signer", "mode", "accepted-loss", "overridden", "undescribed-phones", "closed":
		return t("note." + key)
	}
	return key
}

func noteText(key, value string) string { return say(workflow.NoteText(key, value)) }

// openFile shows a file of a job in Inspect: the one of before, or the one that it brought.
func (h *historyScreen) openFile(j cluster.Job, former bool) {
	s := h.s
	name := j.Name + " – " + t("history.new.short")
	if former {
		name = j.Name + " – " + t("history.former.short")
	}
	onCluster(s, t("inspect.reading"),
		func(_ context.Context, session *workflow.Session) ([]byte, error) {
			f, err := session.Cluster.FileOf(j.ID, former)
			return f.Data, err
		},
		func(data []byte, err error) {
			if err != nil {
				s.failUnlessStopped(t("history.title"), err)
				return
			}
			s.open(screenInspect)
			s.inspect().load(name, data)
		})
}

func (h *historyScreen) chosen() cluster.Job { return h.jobs[h.table.Selected] }

func (h *historyScreen) resumeJob() { h.s.reviewEarlier(h.chosen().ID, jobResume) }
func (h *historyScreen) takeBack()  { h.s.reviewEarlier(h.chosen().ID, jobTakeBack) }

// closeJob closes a job that another one has overtaken: the nodes stay as they are. It asks first.
func (h *historyScreen) closeJob() {
	s, j := h.s, h.chosen()
	q := widgets.NewQuestion(s.dialogs, t("history.close"), widgets.Flush(widgets.Wrapped(t("history.close.text",
		map[string]any{"Job": jobText(j.Kind), "When": timeText(j.Started)}))), t("history.close.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if !yes {
			return
		}
		runJob(s, t("history.close"),
			func(ctx context.Context, session *workflow.Session) (cluster.Outcome, error) {
				return session.Cluster.CloseJob(ctx, j.ID, workflow.NoteClosed())
			},
			func(_ cluster.Outcome, err error) {
				s.model.findings = nil
				if err != nil {
					s.failUnlessStopped(t("history.title"), err)
				}
				h.read()
			})
	}
	q.Show()
}

// reviewEarlier shows what finishing a job, or taking it back, would put on every node, and what
// phones that hold the newer file will make of it. Nothing is written before the person agrees.
func (s *shell) reviewEarlier(id string, kind jobKind) {
	session := s.model.session
	if session == nil {
		return
	}
	j := &job{kind: kind}
	onCluster(s, t("review.planning"),
		func(ctx context.Context, session *workflow.Session) (*workflow.Plan, error) {
			p, err := session.PlanFinish(ctx, workflow.FinishRequest{ID: id, Back: kind == jobTakeBack})
			if err != nil {
				return nil, err
			}
			f, err := session.Cluster.FileOf(id, kind == jobTakeBack)
			if err != nil {
				return nil, err
			}
			if j.file, err = ctlbuild.Parse(f.Data); f.Data != nil && err == nil && p.Old != nil {
				p.Diff = ctlbuild.Compare(p.Old, j.file)
			}
			return p, nil
		},
		func(p *workflow.Plan, err error) {
			if err != nil {
				s.failUnlessStopped(j.title(), err)
				return
			}
			if s.model.session == session {
				j.plan = p
				s.model.job = j
				s.open(screenReview)
			}
		})
}
