package gui

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/source"
	"ctlclient/workflow"
)

// prefFiles are the files and addresses that were opened in Inspect, the newest first.
const prefFiles = "files.recent"

// mostRecent is how many of them are offered.
const mostRecent = 8

// opened keeps a path, or an address without what it might say of a user.
func (s *shell) opened(path string) {
	list := []string{source.Redact(path)}
	for _, other := range s.app.Preferences().StringList(prefFiles) {
		if other != list[0] && len(list) < mostRecent {
			list = append(list, other)
		}
	}
	s.app.Preferences().SetStringList(prefFiles, list)
}

// showRecent offers this cluster's own files and what was opened lately.
func (i *inspectScreen) showRecent() {
	s := i.s
	var items []*fyne.MenuItem
	if s.model.session != nil {
		items = append(items, fyne.NewMenuItem(t("inspect.own-ctl"), func() { i.fetchOwn(workflow.CTLFileName) }),
			fyne.NewMenuItem(t("inspect.own-itl"), func() { i.fetchOwn(ctlbuild.KindITL.FileName()) }), fyne.NewMenuItemSeparator())
	}
	recent := s.app.Preferences().StringList(prefFiles)
	for _, path := range recent {
		items = append(items, fyne.NewMenuItem(path, func() {
			if filepath.IsAbs(path) {
				readFile(s, path, i.load)
				return
			}
			i.address.SetText(path)
			i.fetch()
		}))
	}
	if len(recent) == 0 {
		none := fyne.NewMenuItem(t("inspect.recent.none"), nil)
		none.Disabled = true
		items = append(items, none)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(i.recent)
	widget.NewPopUpMenu(fyne.NewMenu("", items...), s.window.Canvas()).ShowAtPosition(at.AddXY(0, i.recent.Size().Height))
}

// fetchOwn opens what the publisher's TFTP serves.
func (i *inspectScreen) fetchOwn(name string) {
	p := i.s.model.profile
	if p == nil {
		return
	}
	lead := p.LeadNode()
	address := "tftp://" + lead.Address + "/" + name
	if lead.Port(site.PortTFTP) != 0 {
		address = "tftp://" + lead.Addr(site.PortTFTP) + "/" + name
	}
	start(i.s.tasks, t("inspect.fetching"),
		func(ctx context.Context) ([]byte, error) { return source.Fetch(ctx, address, source.Options{}) },
		func(data []byte, err error) {
			if err != nil {
				i.s.failAgain(t("inspect.fetch"), err, t("error.again"), func() { i.fetchOwn(name) })
				return
			}
			i.load(name+" · "+p.Name, data)
		})
}
