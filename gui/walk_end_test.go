package gui

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

func (w *walker) makeTokens() {
	for _, label := range []string{"SAST-1", "SAST-2"} {
		tok, err := w.store.Create(softhsm.Spec{Label: label, Practice: true})
		if err != nil {
			w.Fatal(err)
		}
		w.tokens = append(w.tokens, tok)
	}
}

// result signs, distributes and goes through what is to be done afterwards.
func (w *walker) result() {
	w.distributing()
	w.s.open(screenReview)
	w.tap("review.sign")
	w.until("the question", w.dialogOpen)
	w.tap("confirm.accept-loss")
	w.typeSecret("pin.label", softhsm.DefaultPIN)
	w.on(screenResult)
	w.at("10-result")
	w.s.screen(screenResult).(*resultScreen).Body.To(1e6)
	w.at("10-result-below")
	w.s.askRestart(func(bool) {})
	w.until("the list", w.dialogOpen)
	focusTable(w.bench).GoTo(0)
	w.dialog("10-result-restart", "button.cancel")
	w.s.showPhones()
	w.dialog("10-result-phones", "button.close")
	w.on(screenResult)
	w.tap("result.take-back")
	w.on(screenReview)
	w.at("06-review-take-back")
	w.tap("review.take-back")
	w.until("the question", w.dialogOpen)
	w.dialog("06-review-take-back-ask", "button.cancel")
	w.on(screenReview)
}

func (w *walker) history() {
	w.visit(screenOverview, "02-overview-lost")
	w.until("the findings", func() bool { return w.s.model.findings != nil })
	w.visit(screenHistory, "11-history")
	h := w.s.screen(screenHistory).(*historyScreen)
	h.jobs[0].State = cluster.StateIncomplete
	h.fill()
	w.at("11-history-unfinished")
	h.closeJob()
	w.dialog("11-history-close", "button.cancel")
	w.s.saveReport(h.jobs[0])
	w.until("the dialog", w.dialogOpen)
	w.idle()
	w.at("11-history-report")
	w.saveAs(filepath.Join(w.TempDir(), "report.html"))
	w.untilSays(tr("report.open"))
	w.dialog("11-history-saved", "button.close")
}

// update goes through an update of the entries that are there now.
func (w *walker) update() {
	w.s.model.job = nil
	w.s.begin(jobUpdate)
	w.on(screenEntries)
	w.s.screen(screenEntries).(*entriesScreen).table.GoTo(2)
	w.at("05-entries-update")
	w.tap("entries.delete")
	w.dialog("05-entries-delete", "button.cancel")
	w.tap("entries.add-tftp")
	w.tap("tokens.add") // nothing is filled in
	w.dialog("05-entries-server", "button.cancel")
	w.s.model.job = nil
}

func (w *walker) inspectFiles() {
	w.visit(screenInspect, "12-inspect-empty")
	i := w.s.inspect()
	w.s.opened("tftp://192.0.2.10/CTLFile.tlv")
	w.tap("inspect.recent")
	w.at("12-inspect-recent")
	w.s.window.Canvas().Overlays().Top().Hide()
	live := w.s.live().Bytes()
	i.load("CTLFile.tlv", live)
	w.at("12-inspect")
	i.table.GoTo(1)
	w.at("12-inspect-record")
	for tab, name := range map[int]string{tabHeader: "header", tabShow: "show", tabCompare: "no-comparison"} {
		i.tabs.Show(tab)
		w.at("12-inspect-" + name)
	}
	node, err := w.lab.Node("cucm-pub")
	if err != nil {
		w.Fatal(err)
	}
	itl, err := os.ReadFile(filepath.Join(node.Folder, "ITLFile.tlv"))
	if err != nil {
		w.Fatal(err)
	}
	i.compareWith("ITLFile.tlv", itl)
	w.idle()
	w.at("12-inspect-comparison")
	i.diff.diff.GoTo(0)
	w.at("12-inspect-difference")
	w.drop(find(w.T, node.Folder, ".cnf.xml.sgn"))
	w.at("12-inspect-sgn")
	w.tap("inspect.phone")
	w.dialog("12-inspect-phone", "button.cancel")
	i.showPhone("192.0.2.10:69", []phoneFile{{"CTLSEP0011215A1AE3.tlv", live, nil}, {"ITLSEP0011215A1AE3.tlv", nil, errors.New("file not found")}})
	w.dialog("12-inspect-phone-files", "button.close")
	w.s.inspect().openFile()
	w.idle()
	w.at("12-inspect-choose")
	w.tap("button.cancel")
	w.drop(write(w.T, "garbage.tlv", []byte("neither")))
	w.dialog("12-inspect-garbage", "button.close")
	chooseSave(w.s, tr("review.save"), "CTLFile.tlv", func(string) {})
	w.idle()
	w.tap("files.new-folder")
	w.tap("files.new-folder.yes")
	w.dialog("12-inspect-new-folder", "button.cancel")
	w.tap("button.cancel")
}

func (w *walker) helpAndAll() {
	for _, id := range screenIDs {
		w.s.open(id)
		w.idle()
		w.s.showHelp()
		w.dialog("13-help-"+string(id), "button.close")
	}
	w.s.showGlossary()
	w.dialog("13-glossary", "button.close")
	w.s.showKeys()
	w.dialog("13-keys", "button.close")
	w.s.about()
	w.dialog("13-about", "button.close")
	w.s.showLog()
	w.dialog("13-log", "button.close")
	w.s.tellCrash([]string{"/home/admin/.local/state/ctlclient/told-crash-20260101-020304-4711.txt"})
	w.dialog("13-crash", "button.close")
}

// failures are what a job or a server may answer.
func (w *walker) failures() {
	w.s.open(screenOverview)
	w.idle()
	w.s.fail(tr("distribute.title"), &cluster.NodeError{Node: "cucm-sub1.voice.example.org", Step: cluster.StepCommit, Err: context.DeadlineExceeded})
	w.dialog("14-failure", "button.close")
	w.s.failAgain(tr("tokens.pin"), &token.Error{Kind: token.PINLocked, Token: "SAST-1", Err: errors.New("CKR_PIN_LOCKED")}, tr("error.again"), func() {})
	w.dialog("14-failure-locked", "button.close")
	w.s.tell(widgets.WarningNotice, tr("restart.failed", map[string]any{"Count": "2"}))
	w.dialog("14-warning", "button.close")
	go func() {
		_, _ = w.s.asker.Password(w.Context(), "cucm-sub1.voice.example.org", "administrator")
		_, _ = w.s.asker.Identity(w.Context(), "cucm-sub1.voice.example.org", "TLS", "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0")
	}()
	w.untilSays(tr("password.title"))
	w.dialog("14-password", "button.cancel")
	w.untilSays(tr("identity.title"))
	w.dialog("14-identity", "button.cancel")
	w.outcomes()
}

// outcomes are the ends of jobs that went wrong.
func (w *walker) outcomes() {
	w.s.model.job = &job{kind: jobUpdate, result: &workflow.Result{Outcome: cluster.Outcome{ID: "20260101-020304", State: cluster.StateIncomplete,
		Nodes: []cluster.NodeOutcome{{Node: "cucm-pub", Path: "/usr/local/cm/tftp/CTLFile.tlv", Status: cluster.StatusPassed},
			{Node: "cucm-sub1", Path: "/usr/local/cm/tftp/CTLFile.tlv", Status: cluster.StatusFailed, Err: errors.New("dial tcp 192.0.2.11:2444: connect: connection refused")}}}}}
	w.visit(screenResult, "10-result-incomplete")
	w.s.model.job.result.Outcome.State = cluster.StateTakenBack
	w.visit(screenResult, "10-result-taken-back")
	w.s.model.job = nil
}
