package gui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/lab"
)

// The report of a job is a page that prints, or JSON where its name says so.
func TestReport(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.migrate()
	jobs, err := cluster.History(p.s.options.Session.StateDir, "")
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	for ending, begins := range map[string]string{".html": "<!", ".json": "{"} {
		path := filepath.Join(t.TempDir(), "report"+ending)
		p.s.saveReport(jobs[0])
		p.saveAs(path)
		p.untilSays(tr("report.saved", map[string]any{"File": path}))
		p.tap("button.close")
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(strings.ToLower(string(data)), begins) || !strings.Contains(string(data), jobs[0].ID) {
			t.Errorf("%s: %v: %.200s", ending, err, data)
		}
	}
}
