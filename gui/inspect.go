package gui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/message"
)

// inspectScreen reads any .tlv or .sgn file: header, records, certificates, verdict; compares
// it with another, says what a phone that holds it would make of the other, and saves what is in it.
type inspectScreen struct {
	*widgets.Page
	s    *shell
	name string
	list *ctlbuild.List
	sgn  *ctlbuild.Envelope

	verdict *fyne.Container
	sums    *fyne.Container
	tabs    *widgets.Tabs
	finder  *widgets.Finder
	table   *widgets.Table
	split   *widgets.Split
	show    *widgets.Viewer
	diff    *comparison
	header  *fyne.Container // of a signed configuration, in the place of records
	recent  *widgets.Button
	address *widgets.Field

	compare, export, save, distribute *widgets.Button
}

// Pages of the inspect screen.
const (
	tabRecords = iota
	tabHeader
	tabShow
	tabCompare
)

func newInspectScreen(s *shell) *inspectScreen {
	i := &inspectScreen{s: s, verdict: container.NewVBox(), sums: container.NewVBox(),
		show: widgets.NewViewer(3), diff: newComparison(), header: container.NewVBox(), tabs: widgets.NewTabs()}
	i.table = widgets.NewChooser(i.choose, widgets.Column{Title: t("overview.record"), Share: 80}, widgets.Column{Title: t("entries.type"), Share: 150},
		widgets.Column{Title: t("entries.host"), Share: 180}, widgets.Column{Title: t("entries.issuer"), Share: 270}, widgets.Column{Title: t("entries.subject"), Share: 300})
	i.finder = widgets.NewFinder(i.table)
	open := widgets.MainButton(t("inspect.open"), theme.FolderOpenIcon(), i.openFile)
	i.address = widgets.NewField("tftp://192.0.2.10/CTLFile.tlv")
	i.address.OnSubmitted = func(string) { i.fetch() }
	fetch := widgets.NewButton(t("inspect.fetch"), theme.DownloadIcon(), i.fetch)
	i.recent = widgets.NewButton(t("inspect.recent"), theme.HistoryIcon(), i.showRecent)
	phone := widgets.NewButton(t("inspect.phone"), theme.ComputerIcon(), i.askPhone)
	i.compare = widgets.NewButton(t("inspect.compare"), theme.ViewFullScreenIcon(), func() { i.openWith(i.compareWith) })
	i.export = widgets.NewButton(t("inspect.export"), theme.DocumentSaveIcon(), i.exportAll)
	i.save = widgets.NewButton(t("inspect.save"), theme.DocumentSaveIcon(), i.saveContent)
	i.distribute = widgets.NewButton(t("inspect.distribute"), theme.UploadIcon(), func() { s.beginDistribute(i.list) })
	i.split = widgets.NewSplit(container.NewVBox(i.finder.Object, i.table, i.header))
	i.tabs.Add(t("inspect.records"), i.split.Object)
	i.tabs.Add(t("inspect.header"), widgets.NewScroller(i.sums).Object)
	i.tabs.Add(t("inspect.show"), i.show.Object)
	i.tabs.Add(t("inspect.comparison"), i.diff.root)
	top := container.NewVBox(widgets.ButtonRow(open, i.recent, widgets.Grow(i.address, 220), fetch, phone), i.verdict, widgets.Spacer(2))
	i.tabs.Build()
	i.Page = widgets.NewFixedPage(t("inspect.title"), t("inspect.text"), nil, widgets.Tall(top, i.tabs.Object),
		i.distribute, layout.NewSpacer(), i.save, i.export, i.compare)
	i.fill()
	return i
}

func (i *inspectScreen) shown() {
	if i.sgn != nil {
		i.fill() // whose list verifies it has changed with the cluster
	}
	i.enable()
}

// ToTop scrolls the list to its beginning.
func (i *inspectScreen) ToTop() { i.split.List.To(0) }

func (i *inspectScreen) Key(name fyne.KeyName) bool {
	return i.tabs.Current == tabRecords && i.split.List.Key(name)
}

// load takes a file in; what cannot be read is said, and what was shown before stays.
func (i *inspectScreen) load(name string, data []byte) {
	list, err := ctlbuild.Parse(data)
	var sgn *ctlbuild.Envelope
	if err != nil {
		if e, envErr := ctlbuild.ParseEnvelope(data); envErr == nil && e.Kind() == ctlbuild.KindSigned {
			sgn, err = e, nil
		}
	}
	if err != nil {
		i.s.fail(t("inspect.bad", map[string]any{"Name": name}), err)
		return
	}
	i.name, i.list, i.sgn = name, list, sgn
	i.finder.Clear()
	i.diff.clear()
	i.tabs.Show(tabRecords)
	i.fill()
}

func (i *inspectScreen) enable() {
	widgets.SetEnabled(i.compare, i.list != nil)
	widgets.Visible(i.export, i.sgn == nil)
	widgets.SetEnabled(i.export, i.list != nil)
	widgets.Visible(i.save, i.sgn != nil && !i.sgn.Encrypted())
	ctl := i.list != nil && i.list.Kind() == ctlbuild.KindCTL && i.list.Verify().OK
	widgets.Visible(i.distribute, ctl && i.s.model.session != nil)
}

func (i *inspectScreen) fill() {
	i.verdict.RemoveAll()
	i.sums.RemoveAll()
	i.header.RemoveAll()
	i.table.Selected = -1
	i.enable()
	widgets.Visible(i.tabs.Object, i.list != nil || i.sgn != nil)
	switch {
	case i.list != nil:
		i.fillList()
	case i.sgn != nil:
		i.fillEnvelope()
	default:
		i.verdict.Add(emptyNote("inspect.none"))
		i.diff.clear()
	}
	i.fillRecords()
	i.Root.Refresh()
}

func (i *inspectScreen) fillList() {
	v := i.list.Verify()
	kind, text := widgets.GoodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": signerOf(i.list)})
	if !v.OK {
		kind, text = widgets.DangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": because(v.Why, v.Reason)})
	}
	i.verdict.Add(widgets.NewNotice(kind, text+"\nMD5 "+i.list.MD5()+" · SHA-1 "+i.list.SHA1()))
	if found := i.list.Findings(); len(found) > 0 {
		i.verdict.Add(widgets.NewNotice(widgets.WarningNotice, findingsText(found)))
	}
	h := i.list.Header
	i.sums.Add(detailBox([]string{t("files.name"), h.FileName, t("files.size"), t("files.bytes", map[string]any{"Count": len(i.list.Bytes())}),
		t("inspect.records"), fmt.Sprint(len(i.list.Records)), t("overview.signed"), kindOf(i.list),
		t("overview.signer"), signerOf(i.list), t("inspect.signed-at"), timeText(h.Time),
		"MD5", i.list.MD5(), "SHA-1", i.list.SHA1()}))
	i.show.SetText(showText(i.list))
}

// mostFindings are shown above the records; the rest is counted.
const mostFindings = 4

// findingsText is what is odd about a list, a line each.
func findingsText(found []ctlbuild.Finding) string {
	var lines []string
	for n, f := range found {
		if n == mostFindings {
			lines = append(lines, t("review.more", map[string]any{"Count": fmt.Sprint(len(found) - n)}))
			break
		}
		text := message.Sentence(say(f.Message))
		if f.Record > 0 {
			text = t("inspect.finding", map[string]any{"Record": fmt.Sprint(f.Record), "Text": text})
		}
		lines = append(lines, text)
	}
	return textOf(lines...)
}

// fillEnvelope shows a signed configuration; its signer is looked for in the cluster's list.
func (i *inspectScreen) fillEnvelope() {
	live := i.s.live()
	if live == nil {
		i.verdict.Add(emptyNote("inspect.sgn.no-list"))
	} else if v := i.sgn.VerifyFrom(live, ctlbuild.CCMTFTP, ctlbuild.TFTP); v.OK {
		i.verdict.Add(widgets.NewNotice(widgets.GoodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": i.sgn.Header.SignerName})))
	} else {
		i.verdict.Add(widgets.NewNotice(widgets.DangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": because(v.Why, v.Reason)})))
	}
	h := i.sgn.Header
	pairs := []string{t("files.name"), h.FileName, t("inspect.sgn.signer"), h.SignerName, t("entries.issuer"), h.CAName,
		t("details.serial"), bothOrders(h.SerialNumber), t("inspect.sgn.digest"), h.Digest.String(),
		t("files.size"), t("files.bytes", map[string]any{"Count": len(i.sgn.Bytes())})}
	if !h.Time.IsZero() {
		pairs = append(pairs, t("inspect.signed-at"), timeText(h.Time))
	}
	if live != nil {
		if v := i.sgn.VerifyFrom(live, ctlbuild.CCMTFTP, ctlbuild.TFTP); v.Signer >= 0 {
			pairs = append(pairs, t("inspect.sgn.by"), number(v.Signer)+". "+recordText(&live.Records[v.Signer]))
		}
	}
	i.header.Add(detailBox(pairs))
	i.sums.Add(detailBox(pairs))
	if i.sgn.Encrypted() {
		i.verdict.Add(emptyNote("inspect.encrypted"))
	}
	text, err := envelopeText(i.sgn)
	if err != nil {
		i.s.fail(t("inspect.title"), err)
		return
	}
	i.show.SetText(text)
}

// fillRecords shows the records.
func (i *inspectScreen) fillRecords() {
	i.split.Show(nil)
	i.table.Selected = -1
	var rows [][]widgets.Cell
	total := 0
	if i.list != nil {
		total = len(i.list.Records)
		for n := range i.list.Records {
			rows = append(rows, append(widgets.Cells(number(n)), recordCells(&i.list.Records[n])...))
		}
	}
	widgets.Visible(i.table, total > 0)
	i.table.SetRows(rows)
}

func (i *inspectScreen) choose(row int) {
	if i.list == nil || row < 0 || row >= len(i.list.Records) {
		i.split.Show(nil)
		return
	}
	i.split.Show(i.table, detailBox(recordPairs(&i.list.Records[row])))
}

// first is the field for an address, or the table that is in front.
func (i *inspectScreen) first() fyne.Focusable {
	switch {
	case i.list != nil && i.tabs.Current == tabRecords:
		return i.table
	case i.list != nil && i.tabs.Current == tabCompare && i.diff.diff.Visible():
		return i.diff.diff
	}
	return i.address
}
