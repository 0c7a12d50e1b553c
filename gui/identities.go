package gui

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/certificate"
	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
)

// showIdentities shows who the servers of a cluster say they are, beside who they were. A change
// is accepted here, after both were seen, and nowhere else.
//
// accepted is told of each that the profile's file has anew; it may be nil.
func (s *shell) showIdentities(p *site.Profile, accepted func(cluster.Identity)) {
	o := cluster.Options{Prompter: s.asker, StateDir: s.options.Session.StateDir, Timeout: s.options.Session.Timeout}
	start(s.tasks, t("identities.reading"),
		func(ctx context.Context) ([]cluster.Identity, error) { return cluster.Identities(ctx, p, o, false) },
		func(ids []cluster.Identity, err error) {
			if err != nil {
				s.failAgain(t("edit.identities"), err, t("error.again"), func() { s.showIdentities(p, accepted) })
				return
			}
			s.identityTable(p, o, ids, accepted)
		})
}

func (s *shell) identityTable(p *site.Profile, o cluster.Options, ids []cluster.Identity, accepted func(cluster.Identity)) {
	details := container.NewVBox()
	var q *widgets.Question
	tb := widgets.NewChooser(func(row int) {
		details.RemoveAll()
		if row >= 0 {
			id := ids[row]
			details.Add(widgets.Facts(append([]string{t("overview.node"), id.Node, t("restart.service"), id.Service, t("overview.address"), id.Address},
				identityPairs(id)...)...))
		}
		q.Refit()
	}, widgets.Column{Title: t("overview.node"), Share: 150}, widgets.Column{Title: t("restart.service"), Share: 90},
		widgets.Column{Title: t("result.status"), Share: 200}, widgets.Column{Title: t("identities.now"), Share: 320})
	var rows [][]widgets.Cell
	changed := false
	for _, id := range ids {
		state := widgets.Cell{Text: t("identities.same"), Sign: widgets.GoodSign}
		switch {
		case id.Err != nil:
			state = widgets.Cell{Text: t("identities.silent") + ": " + tell(id.Err), Sign: widgets.BadSign}
		case id.Changed():
			state = widgets.Cell{Text: t("identities.changed"), Sign: widgets.WarnSign}
			changed = true
		case id.Known == "":
			state = widgets.Cell{Text: t("identities.new"), Sign: widgets.UnsureSign}
			changed = true
		}
		rows = append(rows, append(widgets.Cells(id.Node, id.Service), state, widgets.Cell{Text: id.Fingerprint}))
	}
	tb.SetRows(rows)
	scroll := widgets.NewScroller(tb)
	scroll.Scroll.SetMinSize(fyne.NewSize(0, min(240, tb.MinSize().Height)))
	q = widgets.NewStatement(s.dialogs, t("edit.identities"), widgets.Border(nil, details, nil, nil, scroll.Object))
	q.Wide = true
	q.First = tb
	goesOn := false
	if changed {
		q.Extra = append(q.Extra, widgets.NewButton(t("identities.accept"), theme.ConfirmIcon(), func() {
			goesOn = true
			q.Answer(false)
			s.acceptIdentities(p, o, ids, accepted)
		}))
	}
	q.OnAnswer = func(bool) {
		// The cluster that is open knows the former identity still. The editor opens it anew itself.
		if s.renewed == p.File && !goesOn && accepted == nil {
			s.renewed = ""
			s.connect(p)
		}
	}
	q.Show()
}

// acceptIdentities asks about each server that is new or another, and keeps what is confirmed.
func (s *shell) acceptIdentities(p *site.Profile, o cluster.Options, ids []cluster.Identity, accepted func(cluster.Identity)) {
	for _, id := range ids {
		if !id.Changed() {
			continue
		}
		content := container.NewVBox(widgets.NewNotice(widgets.DangerNotice, t("identities.changed.text", map[string]any{"Node": id.Node, "Service": id.Service})),
			widgets.Facts(identityPairs(id)...))
		q := widgets.NewQuestion(s.dialogs, t("identities.changed"), content, t("identities.accept.yes"), t("button.cancel"), true)
		q.Wide = true
		q.OnAnswer = func(yes bool) {
			if !yes {
				return
			}
			if n := p.Node(id.Node); n != nil && setFingerprint(n, id) {
				if err := p.Save(p.File); err != nil {
					s.fail(t("edit.identities"), err)
					return
				}
				if accepted != nil {
					accepted(id)
				} else if s.model.profile != nil && s.model.profile.File == p.File {
					s.renewed = p.File
				}
			}
			s.keepIdentities(p, o, accepted)
		}
		q.Show()
		return // one after the other
	}
	s.keepIdentities(p, o, accepted)
}

// identityPairs are what a person compares: both fingerprints, whose certificate it is now and
// for how long, and where the same is read on the server.
func identityPairs(id cluster.Identity) []string {
	pairs := []string{t("identities.known"), bothForms(id.Known), t("identities.now"), bothForms(id.Fingerprint)}
	if c, err := certificate.Parse(id.Certificate); err == nil && len(id.Certificate) > 0 {
		pairs = append(pairs, t("tokens.subject"), c.SubjectName.String(),
			t("tokens.from"), day(c.NotBefore), t("tokens.until"), day(c.NotAfter))
	}
	return append(pairs, t("identities.where"), whereToRead(id))
}

// setFingerprint writes the new identity where the profile has the old one, and reports whether
// it had.
func setFingerprint(n *site.Node, id cluster.Identity) bool {
	for _, kept := range []*string{&n.Fingerprint, &n.SFTPHostKey, &n.SSHHostKey} {
		if *kept != "" && *kept == id.Known {
			*kept = id.Fingerprint
			return true
		}
	}
	return false
}

// keepIdentities keeps those that the profile does not name; each is asked about.
func (s *shell) keepIdentities(p *site.Profile, o cluster.Options, accepted func(cluster.Identity)) {
	start(s.tasks, t("identities.reading"),
		func(ctx context.Context) ([]cluster.Identity, error) { return cluster.Pin(ctx, p, o, false) },
		func(ids []cluster.Identity, err error) {
			if err != nil {
				s.failUnlessStopped(t("edit.identities"), err)
				return
			}
			s.identityTable(p, o, ids, accepted)
		})
}

// bothForms is a fingerprint as it is kept, in base64, and in hexadecimal, as browsers show it.
func bothForms(fingerprint string) string {
	if fingerprint == "" {
		return t("identities.none")
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(fingerprint, "SHA256:"))
	if err != nil {
		return fingerprint
	}
	inHex := strings.ReplaceAll(fmt.Sprintf("% X", raw), " ", ":")
	if half := len(inHex) / 2; half > 40 { // two lines alike, rather than a last letter below the first
		inHex = inHex[:half+1] + "\n" + inHex[half+1:]
	}
	return fingerprint + "\n" + inHex
}

// whereToRead says where the same is read on the server itself.
func whereToRead(id cluster.Identity) string {
	switch id.Service {
	case "ctlp":
		return t("identities.where.ctlp")
	case "https":
		return t("identities.where.https")
	}
	return t("identities.where.ssh")
}
