package gui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/tftp"
)

// inspectScreen reads any .tlv or .sgn file: header, records, certificates, verdict; compares
// it with another, and exports its certificates.
type inspectScreen struct {
	s       *shell
	root    *fyne.Container
	name    string
	list    *ctlbuild.List
	sgn     *ctlbuild.Envelope
	verdict *fyne.Container
	table   *table
	details *fyne.Container
	show    *textView
	diff    *textView
	tabs    *container.AppTabs
	compare *widget.Button
	export  *widget.Button
	address *widget.Entry
}

func newInspectScreen(s *shell) *inspectScreen {
	i := &inspectScreen{s: s, verdict: container.NewVBox(), details: container.NewVBox()}
	i.table = newTable(column{t("overview.record"), 70}, column{t("entries.type"), 150},
		column{t("entries.host"), 190}, column{t("entries.issuer"), 280}, column{t("entries.subject"), 300})
	i.table.onSelect = i.choose
	i.show, i.diff = newTextView(t("inspect.show")), newTextView(t("inspect.comparison"))
	i.diff.SetPlaceHolder(t("inspect.compare.none"))
	open := widget.NewButtonWithIcon(t("inspect.open"), theme.FolderOpenIcon(), func() { i.open(i.load) })
	open.Importance = widget.HighImportance
	i.address = widget.NewEntry()
	i.address.SetPlaceHolder("tftp://192.0.2.10/CTLFile.tlv")
	i.address.OnSubmitted = func(string) { i.fetch() }
	fetch := widget.NewButtonWithIcon(t("inspect.fetch"), theme.DownloadIcon(), i.fetch)
	i.compare = widget.NewButtonWithIcon(t("inspect.compare"), theme.ViewFullScreenIcon(), func() { i.open(i.compareWith) })
	i.export = widget.NewButtonWithIcon(t("inspect.export"), theme.DocumentSaveIcon(), i.exportAll)
	i.tabs = container.NewAppTabs(
		container.NewTabItem(t("inspect.records"), scrolled(container.NewVBox(i.table, i.details))),
		container.NewTabItem(t("inspect.show"), i.show),
		container.NewTabItem(t("inspect.comparison"), i.diff))
	i.root = container.NewBorder(
		container.NewVBox(heading(t("inspect.title"), t("inspect.text")), widget.NewSeparator(),
			container.NewBorder(nil, nil, open, fetch, i.address), i.verdict),
		container.NewVBox(widget.NewSeparator(), buttons(i.export, i.compare)), nil, nil, i.tabs)
	i.fill()
	return i
}

func (i *inspectScreen) object() fyne.CanvasObject { return i.root }
func (i *inspectScreen) shown()                    {}

// dropped is told of files that were dropped on the window.
func (i *inspectScreen) dropped(uris []fyne.URI) {
	for _, u := range uris {
		if u.Scheme() == "file" {
			i.readFile(u.Path(), i.load)
			return
		}
	}
}

func (i *inspectScreen) open(use func(name string, data []byte)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil {
			i.s.fail(t("inspect.open"), err)
			return
		}
		if r == nil {
			return
		}
		path := r.URI().Path()
		_ = r.Close()
		i.readFile(path, use)
	}, i.s.window)
	d.Show()
}

func (i *inspectScreen) readFile(path string, use func(string, []byte)) {
	start(i.s.tasks, t("inspect.reading"),
		func(context.Context) ([]byte, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			return io.ReadAll(io.LimitReader(f, ctlbuild.MaxFile+1))
		},
		func(data []byte, err error) {
			if err != nil {
				i.s.fail(t("inspect.open"), err)
				return
			}
			use(filepath.Base(path), data)
		})
}

func (i *inspectScreen) fetch() {
	address := strings.TrimSpace(i.address.Text)
	start(i.s.tasks, t("inspect.fetching"),
		func(ctx context.Context) ([]byte, error) { return fetchURL(ctx, address) },
		func(data []byte, err error) {
			if err != nil {
				i.s.fail(t("inspect.fetch"), err)
				return
			}
			i.load(address, data)
		})
}

// fetchURL reads tftp://host[:port]/NAME or http://host[:port]/NAME.
func fetchURL(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("%q is not tftp://host/NAME or http://host:6970/NAME", address)
	}
	host := u.Host
	switch u.Scheme {
	case "tftp":
		if u.Port() == "" {
			host += ":69"
		}
		return tftp.Get(ctx, host, strings.TrimPrefix(u.Path, "/"), tftp.Options{})
	case "http":
		if u.Port() == "" {
			u.Host += ":6970"
		}
		return httpfile.Get(ctx, u.String(), ctlbuild.MaxFile)
	}
	return nil, fmt.Errorf("%q: only tftp and http are spoken here", address)
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
	i.fill()
}

func (i *inspectScreen) fill() {
	i.verdict.RemoveAll()
	i.details.RemoveAll()
	i.table.selected = -1
	setEnabled(i.compare, i.list != nil)
	setEnabled(i.export, i.list != nil)
	switch {
	case i.list != nil:
		i.fillList()
	case i.sgn != nil:
		i.fillEnvelope()
	default:
		i.verdict.Add(newNotice(infoNotice, t("inspect.none")))
		i.table.setRows(nil)
	}
	i.root.Refresh()
}

func (i *inspectScreen) fillList() {
	v := i.list.Verify()
	if v.OK {
		i.verdict.Add(newNotice(goodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": signerOf(i.list)})))
	} else {
		i.verdict.Add(newNotice(dangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": v.Reason})))
	}
	i.verdict.Add(facts("MD5", i.list.MD5(), "SHA-1", i.list.SHA1(),
		t("inspect.signed-at"), i.list.Header.Time.Local().Format("2006-01-02 15:04:05")))
	var rows [][]string
	for n := range i.list.Records {
		rows = append(rows, append([]string{number(n)}, recordCells(&i.list.Records[n])...))
	}
	i.table.setRows(rows)
	i.show.SetText(showText(i.list))
}

// fillEnvelope shows a signed configuration; its signer is looked for in the cluster's list.
func (i *inspectScreen) fillEnvelope() {
	i.table.setRows(nil)
	live := i.s.live()
	if live == nil {
		i.verdict.Add(newNotice(infoNotice, t("inspect.sgn.no-list")))
	} else if v := i.sgn.VerifyFrom(live, ctlbuild.CCMTFTP, ctlbuild.TFTP); v.OK {
		i.verdict.Add(newNotice(goodNotice, t("inspect.verified", map[string]any{"Name": i.name, "Signer": i.sgn.Header.SignerName})))
	} else {
		i.verdict.Add(newNotice(dangerNotice, t("inspect.failed", map[string]any{"Name": i.name, "Reason": v.Reason})))
	}
	var b bytes.Buffer
	if err := ctlbuild.ShowEnvelope(&b, i.sgn, time.Local); err != nil {
		i.s.fail(t("inspect.title"), err)
		return
	}
	if i.sgn.Encrypted() {
		i.verdict.Add(newNotice(infoNotice, t("inspect.encrypted")))
	} else {
		b.WriteString("\n")
		b.Write(i.sgn.Content[:min(len(i.sgn.Content), 64<<10)])
	}
	i.show.SetText(strings.ReplaceAll(b.String(), "\t", "    "))
}

func (i *inspectScreen) choose(row int) {
	i.details.RemoveAll()
	if i.list == nil || row < 0 || row >= len(i.list.Records) {
		return
	}
	i.details.Add(section(t("entries.details"), recordDetails(&i.list.Records[row])))
	i.details.Refresh()
}

func (i *inspectScreen) compareWith(name string, data []byte) {
	other, err := ctlbuild.Parse(data)
	if err != nil {
		i.s.fail(t("inspect.bad", map[string]any{"Name": name}), err)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s\n\n", i.name, name)
	if err := ctlbuild.Compare(i.list, other).WriteText(&b); err != nil {
		i.s.fail(t("inspect.compare"), err)
		return
	}
	i.diff.SetText(b.String())
	i.tabs.SelectIndex(2)
}

// exportAll writes every certificate as PEM into a folder, named as the command names them.
func (i *inspectScreen) exportAll() {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err != nil {
			i.s.fail(t("inspect.export"), err)
			return
		}
		if dir == nil {
			return
		}
		files := ctlbuild.ExportPEM(i.list)
		for _, f := range files {
			if err = writeNew(filepath.Join(dir.Path(), f.Name), f.Data); err != nil {
				i.s.fail(t("inspect.export"), err)
				return
			}
		}
		i.s.say(t("inspect.exported", map[string]any{"Count": fmt.Sprint(len(files)), "Dir": dir.Path()}))
	}, i.s.window)
	d.Show()
}

// writeNew writes a file that must not exist yet: nothing of the person's is overwritten.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
