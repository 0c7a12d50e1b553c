package gui

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2/theme"

	"ctlclient/catalogue"
	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/workflow/report"
)

// saveReport writes the report of a job: a page that prints, or JSON where the name ends so.
func (s *shell) saveReport(j cluster.Job) {
	r, err := report.Of(s.options.Session.StateDir, j)
	if err != nil {
		s.fail(t("report.save"), err)
		return
	}
	chooseSave(s, t("report.save"), fileName("ctl-"+j.Cluster+"-"+j.ID)+".html", func(path string) {
		data, err := reportData(r, path)
		if err == nil {
			err = writeOver(path, data)
		}
		if err != nil {
			s.fail(t("report.save"), err)
			return
		}
		q := widgets.NewStatement(s.dialogs, t("report.save"), widgets.NewNotice(widgets.GoodNotice, t("report.saved", map[string]any{"File": path})))
		q.Add(t("report.open"), theme.DocumentIcon(), func() {
			if err := s.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}); err != nil {
				s.fail(path, err)
			}
		})
		q.Show()
	})
}

func reportData(r *report.Report, path string) ([]byte, error) {
	var b bytes.Buffer
	l, err := catalogue.Of(t("app.language"))
	if err != nil {
		return nil, err
	}
	v := message.Voice{Language: l, Word: actionText}
	if strings.EqualFold(filepath.Ext(path), ".json") {
		var left []string
		for _, m := range r.Remains {
			left = append(left, v.Say(m))
		}
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		err = e.Encode(struct {
			*report.Report
			Remains []string `json:"remains"`
		}{r, left})
		return b.Bytes(), err
	}
	err = r.HTML(&b, v)
	return b.Bytes(), err
}
