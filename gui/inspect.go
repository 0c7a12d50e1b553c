package gui

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/ctlbuild"
)

// inspectScreen reads any .tlv or .sgn file: header, records, certificates, verdict; compares
// it with another, says what a phone that holds it would make of the other, and saves what is in it.
type inspectScreen struct {
	*page
	s    *shell
	name string
	list *ctlbuild.List
	sgn  *ctlbuild.Envelope

	verdict *fyne.Container
	sums    *fyne.Container
	tabs    *tabs
	search  *field
	count   *fyne.Container
	table   *chooser
	matches []int // records that the search leaves, from 0
	split   *split
	show    *viewer
	diff    *viewer
	address *field

	compare, export, save, distribute *button
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
		count: container.NewVBox(), show: newViewer(8), diff: newViewer(8), tabs: newTabs()}
	i.table = newChooser(i.choose, column{t("overview.record"), 80}, column{t("entries.type"), 150},
		column{t("entries.host"), 180}, column{t("entries.issuer"), 270}, column{t("entries.subject"), 300})
	i.search = newField(t("inspect.search"))
	i.search.OnChanged = func(string) { i.fillRecords() }
	open := mainButton(t("inspect.open"), theme.FolderOpenIcon(), i.openFile)
	i.address = newField("tftp://192.0.2.10/CTLFile.tlv")
	i.address.OnSubmitted = func(string) { i.fetch() }
	fetch := newButton(t("inspect.fetch"), theme.DownloadIcon(), i.fetch)
	phone := newButton(t("inspect.phone"), theme.ComputerIcon(), i.askPhone)
	i.compare = newButton(t("inspect.compare"), theme.ViewFullScreenIcon(), func() { i.openWith(i.compareWith) })
	i.export = newButton(t("inspect.export"), theme.DocumentSaveIcon(), i.exportAll)
	i.save = newButton(t("inspect.save"), theme.DocumentSaveIcon(), i.saveContent)
	i.distribute = newButton(t("inspect.distribute"), theme.UploadIcon(), func() { s.beginDistribute(i.list) })
	i.split = newSplit(container.NewVBox(i.search, i.count, i.table))
	i.tabs.add(t("inspect.records"), i.split.object)
	i.tabs.add(t("inspect.header"), newScroller(i.sums).object)
	i.tabs.add(t("inspect.show"), i.show.object)
	i.tabs.add(t("inspect.comparison"), i.diff.object)
	top := container.NewVBox(container.NewBorder(nil, nil, open, container.NewHBox(fetch, phone), i.address), i.verdict)
	i.page = newFixedPage(t("inspect.title"), t("inspect.text"), top, i.tabs.build(),
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

func (i *inspectScreen) key(name fyne.KeyName) bool {
	return i.tabs.current == tabRecords && i.split.list.key(name)
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
	i.search.SetText("")
	i.diff.setText(t("inspect.compare.none"))
	i.tabs.show(tabRecords)
	i.fill()
}

func (i *inspectScreen) enable() {
	setEnabled(i.compare, i.list != nil)
	visible(i.export, i.sgn == nil)
	setEnabled(i.export, i.list != nil)
	visible(i.save, i.sgn != nil && !i.sgn.Encrypted())
	ctl := i.list != nil && i.list.Kind() == ctlbuild.KindCTL && i.list.Verify().OK
	visible(i.distribute, ctl && i.s.model.session != nil)
}

func (i *inspectScreen) fill() {
	i.verdict.RemoveAll()
	i.sums.RemoveAll()
	i.table.selected = -1
	i.enable()
	visible(i.tabs.object, i.list != nil || i.sgn != nil)
	switch {
	case i.list != nil:
		i.fillList()
	case i.sgn != nil:
		i.fillEnvelope()
	default:
		i.verdict.Add(emptyNote("inspect.none"))
		i.diff.setText(t("inspect.compare.none"))
	}
	i.fillRecords()
	i.root.Refresh()
}

func (i *inspectScreen) fillList() {
	v := i.list.Verify()
	kind, text := goodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": signerOf(i.list)})
	if !v.OK {
		kind, text = dangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": v.Reason})
	}
	i.verdict.Add(newNotice(kind, text+"\nMD5 "+i.list.MD5()+" · SHA-1 "+i.list.SHA1()))
	h := i.list.Header
	i.sums.Add(detailBox([]string{t("files.name"), h.FileName, t("files.size"), t("files.bytes", map[string]any{"Count": len(i.list.Bytes())}),
		t("inspect.records"), fmt.Sprint(len(i.list.Records)), t("overview.signed"), kindOf(i.list),
		t("overview.signer"), signerOf(i.list), t("inspect.signed-at"), timeText(h.Time),
		"MD5", i.list.MD5(), "SHA-1", i.list.SHA1()}))
	i.show.setText(showText(i.list))
}

// fillEnvelope shows a signed configuration; its signer is looked for in the cluster's list.
func (i *inspectScreen) fillEnvelope() {
	live := i.s.live()
	if live == nil {
		i.verdict.Add(emptyNote("inspect.sgn.no-list"))
	} else if v := i.sgn.VerifyFrom(live, ctlbuild.CCMTFTP, ctlbuild.TFTP); v.OK {
		i.verdict.Add(newNotice(goodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": i.sgn.Header.SignerName})))
	} else {
		i.verdict.Add(newNotice(dangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": v.Reason})))
	}
	if i.sgn.Encrypted() {
		i.verdict.Add(emptyNote("inspect.encrypted"))
	}
	text, err := envelopeText(i.sgn)
	if err != nil {
		i.s.fail(t("inspect.title"), err)
		return
	}
	i.show.setText(text)
	i.tabs.show(tabShow)
}

// manyRecords is from how many on a search is offered.
const manyRecords = 20

// fillRecords shows the records that the search leaves.
func (i *inspectScreen) fillRecords() {
	i.matches = nil
	i.split.show()
	i.count.RemoveAll()
	i.table.selected = -1
	var rows [][]cell
	total := 0
	if i.list != nil {
		total = len(i.list.Records)
		want := strings.ToLower(strings.TrimSpace(i.search.Text))
		for n := range i.list.Records {
			row := append(words(number(n)), recordCells(&i.list.Records[n])...)
			if want == "" || strings.Contains(strings.ToLower(rowLabel(row)), want) {
				rows, i.matches = append(rows, row), append(i.matches, n)
			}
		}
	}
	visible(i.search, total > manyRecords)
	visible(i.table, total > 0)
	if len(rows) < total {
		i.count.Add(flush(quietText(t("inspect.found", map[string]any{"Found": fmt.Sprint(len(rows)), "Total": fmt.Sprint(total)}))))
	}
	i.table.setRows(rows)
}

func (i *inspectScreen) choose(row int) {
	i.split.show()
	if row < 0 || row >= len(i.matches) {
		return
	}
	i.split.show(detailBox(recordPairs(&i.list.Records[i.matches[row]])))
}
