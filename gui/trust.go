package gui

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// listTrust shows Phone-SAST-trust, and whether TVS vouches for each certificate.
func (s *shell) listTrust() {
	onCluster(s, t("trust.reading"),
		func(ctx context.Context, session *workflow.Session) ([]workflow.Trusted, error) {
			return session.TrustList(ctx)
		},
		func(list []workflow.Trusted, err error) {
			if err != nil {
				s.failUnlessStopped(t("trust.title"), err)
				return
			}
			s.trustTable(list)
		})
}

func (s *shell) trustTable(list []workflow.Trusted) {
	tb := widgets.NewTable(widgets.Column{Title: t("entries.certificate"), Share: 420}, widgets.Column{Title: "TVS", Share: 360})
	tb.Wrap = true
	var rows [][]widgets.Cell
	for _, c := range list {
		rows = append(rows, []widgets.Cell{{Text: c.Name}, vouchingCell(c.TVS)})
	}
	tb.SetRows(rows)
	content := container.NewVBox(widgets.Flush(widgets.Wrapped(t("trust.text"))), tb)
	if len(list) == 0 {
		content.Add(emptyNote("trust.empty"))
	}
	q := widgets.NewStatement(s.dialogs, t("trust.title"), content)
	q.Wide = true
	if len(s.model.tokens) > 0 {
		q.Add(t("trust.upload"), theme.UploadIcon(), s.uploadTrust)
	}
	q.Show()
}

// vouchingCell is what the TVS of all nodes say of one certificate.
func vouchingCell(answers map[string]cluster.TVSResult) widgets.Cell {
	if len(answers) == 0 {
		return widgets.Cell{Text: t("trust.not-asked"), Sign: widgets.UnsureSign}
	}
	var no []string
	for _, node := range slices.Sorted(maps.Keys(answers)) {
		if !answers[node].Vouches() {
			no = append(no, node)
		}
	}
	if len(no) > 0 {
		return widgets.Cell{Text: t("trust.refuses", map[string]any{"Nodes": strings.Join(no, ", ")}), Sign: widgets.BadSign}
	}
	return widgets.Cell{Text: t("trust.vouches", map[string]any{"Count": fmt.Sprint(len(answers))}), Sign: widgets.GoodSign}
}

// uploadTrust puts the certificates of the tokens that are plugged in into the store, and waits
// until TVS vouches for them. It asks first.
func (s *shell) uploadTrust() {
	var ders [][]byte
	var names []string
	for _, info := range s.model.tokens {
		if raw, cert, ok := signingCertificate(info); ok {
			ders, names = append(ders, raw.DER), append(names, strings.TrimSpace(cert.CN))
		}
	}
	s.asks = func() (string, string) {
		return t("trust.ask.title"), t("trust.ask", map[string]any{"Names": strings.Join(names, ", ")})
	}
	runJob(s, t("trust.uploading"),
		func(ctx context.Context, session *workflow.Session) (struct{}, error) {
			return struct{}{}, session.TrustAdd(ctx, ders, workflow.TrustOptions{})
		},
		func(_ struct{}, err error) {
			s.asks = nil
			s.errands.end()
			if err != nil {
				s.failUnlessStopped(t("trust.title"), err)
				return
			}
			s.listTrust()
		})
}
