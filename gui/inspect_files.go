package gui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/source"
	"ctlclient/trust"
)

// listSuffixes are how the files end that phones take.
var listSuffixes = []string{".tlv", ".sgn"}

// dropped is told of files that were dropped on the window.
func (i *inspectScreen) dropped(uris []fyne.URI) {
	for _, u := range uris {
		if u.Scheme() == "file" {
			readFile(i.s, u.Path(), i.load)
			return
		}
	}
}

// openFile shows a file that the desktop was opened with.
func (s *shell) openFile(path string) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	s.open(screenInspect)
	s.opened(path)
	readFile(s, path, s.inspect().load)
}

// openFile asks for a file and shows it.
func (i *inspectScreen) openFile() { i.openWith(i.load) }

func (i *inspectScreen) openWith(use func(name string, data []byte)) {
	chooseFile(i.s, t("inspect.open.title"), listSuffixes, func(path string) {
		i.s.opened(path)
		readFile(i.s, path, use)
	})
}

// readFile reads a file beside the window; a huge one that cannot be a trust list is cut off.
func readFile(s *shell, path string, use func(name string, data []byte)) {
	start(s.tasks, t("inspect.reading"),
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
				s.fail(t("inspect.reading"), err)
				return
			}
			use(filepath.Base(path), data)
		})
}

func (i *inspectScreen) fetch() {
	address := strings.TrimSpace(i.address.Text)
	start(i.s.tasks, t("inspect.fetching"),
		func(ctx context.Context) ([]byte, error) { return source.Fetch(ctx, address, source.Options{}) },
		func(data []byte, err error) {
			if err != nil {
				i.s.failUnlessStopped(t("inspect.fetch"), err)
				return
			}
			address = source.Redact(address)
			i.s.opened(address)
			i.load(address, data)
		})
}

// askPhone asks for a phone's MAC address and a TFTP server, and looks for the files that the
// phone would ask for.
func (i *inspectScreen) askPhone() {
	s := i.s
	server, mac := widgets.NewField("192.0.2.10"), widgets.NewField("0011215A1AE3")
	if s.model.profile != nil {
		p := s.model.profile.LeadNode()
		server.SetText(p.Address)
		if p.Port(site.PortTFTP) != 0 {
			server.SetText(p.Addr(site.PortTFTP))
		}
	}
	note := container.NewVBox()
	q := widgets.NewQuestion(s.dialogs, t("inspect.phone"), container.NewVBox(widgets.Flush(widgets.Wrapped(t("inspect.phone.text"))),
		widgets.Form(t("inspect.phone.server"), server, t("inspect.phone.mac"), mac), note), t("inspect.fetch"), t("button.cancel"), false)
	q.First = mac
	var names trust.Names
	q.Check = func() bool {
		note.RemoveAll()
		var err error
		if names, err = trust.FileNames(mac.Text); err != nil {
			note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
		}
		return err == nil && strings.TrimSpace(server.Text) != ""
	}
	q.OnAnswer = func(yes bool) {
		if yes {
			i.fetchPhone(strings.TrimSpace(server.Text), names)
		}
	}
	q.Show()
}

// phoneFile is one file that a phone asks for, and what came of it.
type phoneFile struct {
	name string
	data []byte
	err  error
}

// fetchPhone asks for every name in turn, as the phone does.
func (i *inspectScreen) fetchPhone(server string, names trust.Names) {
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "69")
	}
	var all []string
	for _, group := range [][]string{names.CTL, names.ITL, names.Config, names.Secret, names.Plain} {
		all = append(all, group...)
	}
	start(i.s.tasks, t("inspect.fetching"),
		func(ctx context.Context) ([]phoneFile, error) {
			var files []phoneFile
			for _, name := range all {
				data, err := source.FromPhone(ctx, server, name)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				files = append(files, phoneFile{name, data, err})
			}
			return files, nil
		},
		func(files []phoneFile, err error) {
			if err != nil {
				i.s.failUnlessStopped(t("inspect.phone"), err)
				return
			}
			i.showPhone(server, files)
		})
}

// showPhone lists what the server had; Enter or a double click opens one.
func (i *inspectScreen) showPhone(server string, files []phoneFile) {
	var q *widgets.Question
	open := func(row int) {
		if files[row].err == nil {
			q.Answer(false)
			i.load(files[row].name, files[row].data)
		}
	}
	list := widgets.NewChooser(func(int) {}, widgets.Column{Title: t("files.name"), Share: 320}, widgets.Column{Title: t("result.status"), Share: 360})
	list.OnOpen = open
	var rows [][]widgets.Cell
	for _, f := range files {
		status := widgets.Cell{Text: t("files.bytes", map[string]any{"Count": len(f.data)}), Sign: widgets.GoodSign}
		if f.err != nil {
			status = widgets.Cell{Text: tell(f.err), Sign: widgets.NoSign}
		}
		rows = append(rows, []widgets.Cell{{Text: f.name}, status})
	}
	list.Wrap = true
	list.SetRows(rows)
	q = widgets.NewQuestion(i.s.dialogs, server, list, t("inspect.open.title"), t("button.close"), false)
	q.Wide, q.First = true, list
	q.Check = func() bool {
		if list.Selected >= 0 {
			open(list.Selected)
		}
		return false
	}
	q.Show()
}

// exportAll writes every certificate as PEM into a folder, named as the command names them.
func (i *inspectScreen) exportAll() {
	chooseFolder(i.s, t("inspect.export"), func(dir string) {
		files := ctlbuild.ExportPEM(i.list)
		for _, f := range files {
			if err := writeNew(filepath.Join(dir, f.Name), f.Data); err != nil {
				i.s.fail(t("inspect.export"), err)
				return
			}
		}
		i.s.say(t("inspect.exported", map[string]any{"Count": fmt.Sprint(len(files)), "Dir": dir}))
	})
}

// saveContent writes what a signed file carries, without its signature.
func (i *inspectScreen) saveContent() {
	name := strings.TrimSuffix(filepath.Base(i.name), ".sgn")
	saveAs(i.s, t("inspect.save"), name, i.sgn.Content, func(path string) {
		i.s.say(t("inspect.saved", map[string]any{"File": path}))
	})
}

// envelopeText is a signed file's header and, where it can be read, its content.
func envelopeText(e *ctlbuild.Envelope) (string, error) {
	var b bytes.Buffer
	if err := ctlbuild.ShowEnvelope(&b, e, time.Local); err != nil {
		return "", err
	}
	if !e.Encrypted() {
		b.WriteString("\n")
		b.Write(e.Content)
	}
	return b.String(), nil
}
