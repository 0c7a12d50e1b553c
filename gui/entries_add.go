package gui

import (
	"errors"
	"net/netip"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/token"
	"ctlclient/workflow"
)

// certificateSuffixes are how files with a certificate end.
var certificateSuffixes = []string{".pem", ".cer", ".crt", ".der"}

// addTokens is the CTL Client's third and fourth screen: insert a token, see it, add it; then
// the next one, in the same socket if there is only one. A token that is elsewhere is added by
// its exported certificate.
func (e *entriesScreen) addTokens() {
	s := e.s
	list := container.NewVBox()
	q := widgets.NewStatement(s.dialogs, t("entries.add-tokens.title"), list)
	q.OnAnswer = func(bool) { e.watching = nil; e.fill() }
	q.Extra = append(q.Extra, widgets.NewButton(t("entries.add-certificate"), theme.FolderOpenIcon(), e.addTokenCertificate))
	var next fyne.Focusable // the first token that can be added
	offered := map[fyne.Focusable]bool{}
	e.watching = func() {
		// A token that comes or goes makes the buttons anew: the focus stays among them.
		lost := offered[s.window.Canvas().Focused()]
		defer func() {
			if lost {
				q.Focus(next)
			}
		}()
		list.RemoveAll()
		next = nil
		clear(offered)
		list.Add(widgets.NewNotice(widgets.InfoNotice, t("entries.insert")))
		for _, c := range s.model.job.certs {
			list.Add(widgets.Signed(widgets.GoodSign, t("entries.added", map[string]any{"Name": c.cn})))
			if c.odd != "" {
				list.Add(widgets.NewNotice(widgets.WarningNotice, c.odd))
			}
		}
		for _, info := range s.model.job.tokens {
			list.Add(widgets.Signed(widgets.GoodSign, t("entries.added", map[string]any{"Name": tokenName(info.Label, info.Serial)})))
		}
		for _, info := range s.model.tokens {
			raw, _, ok := signingCertificate(info)
			if s.model.job.hasToken(info) {
				continue
			}
			list.Add(tokenBox(info))
			switch {
			case ok && inList(s.live(), raw.DER):
				list.Add(widgets.Flush(widgets.QuietText(t("entries.known"))))
			case ok:
				b := widgets.MainButton(t("tokens.add"), theme.ContentAddIcon(), func() {
					s.addToken(info)
					e.watching()
					q.Focus(next)
				})
				offered[b] = true
				if next == nil {
					next = b
				}
				list.Add(widgets.ButtonRow(b))
			}
		}
		q.First = next
		list.Refresh()
		q.Refit()
	}
	e.watching()
	q.Show()
}

// addTokenCertificate adds a token that is not plugged in.
func (e *entriesScreen) addTokenCertificate() {
	s := e.s
	chooseFile(s, t("entries.add-certificate"), certificateSuffixes, func(path string) {
		readFile(s, path, func(_ string, data []byte) {
			added, err := readTokenCert(data)
			if err != nil {
				s.fail(t("entries.add-certificate"), err)
				return
			}
			s.model.job.certs = append(s.model.job.certs, added)
			if e.watching != nil {
				e.watching()
			}
		})
	})
}

// readTokenCert reads the certificate (PEM or DER) of a token that is not plugged in.
func readTokenCert(data []byte) (tokenCert, error) {
	cert, err := ctlbuild.ParseCertificate(data)
	if err != nil {
		return tokenCert{}, err
	}
	shape, err := token.ReadCertificate(cert.DER)
	return tokenCert{der: cert.DER, cn: strings.TrimSpace(cert.CN), odd: oddities(shape)}, err
}

// addServer asks for the certificate and the address of a TFTP server or firewall.
func (e *entriesScreen) addServer(firewall bool) {
	s := e.s
	title := t("entries.add-tftp.title")
	if firewall {
		title = t("entries.add-firewall.title")
	}
	var der []byte
	host, ip := widgets.NewField("tftp-1.example.org"), widgets.NewField("192.0.2.10")
	file := widget.NewLabel(t("entries.no-file"))
	file.Wrapping = fyne.TextWrapWord
	browse := widgets.NewButton(t("entries.choose-file"), theme.FolderOpenIcon(), func() {
		chooseFile(s, t("entries.certificate"), certificateSuffixes, func(path string) {
			readFile(s, path, func(name string, data []byte) {
				cert, err := ctlbuild.ParseCertificate(data)
				if err != nil {
					s.fail(name, err)
					return
				}
				der = cert.DER
				file.SetText(name + ": " + cert.Subject)
			})
		})
	})
	note := container.NewVBox()
	q := widgets.NewQuestion(s.dialogs, title, container.NewVBox(widgets.Flush(widgets.Wrapped(t("entries.server.text"))),
		widgets.Form(t("entries.certificate"), widgets.ButtonRow(widgets.Grow(file, 120), browse),
			t("entries.hostname"), host, t("entries.ip"), ip), note),
		t("tokens.add"), t("button.cancel"), false)
	q.First = browse
	q.Check = func() bool {
		note.RemoveAll()
		if err := checkServer(der, host.Text, ip.Text); err != nil {
			note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
			return false
		}
		return true
	}
	q.OnAnswer = func(yes bool) {
		if !yes {
			return
		}
		srv := workflow.Server{Certificate: der, Host: strings.TrimSpace(host.Text), IP: strings.TrimSpace(ip.Text)}
		if firewall {
			s.model.job.firewall = append(s.model.job.firewall, srv)
		} else {
			s.model.job.tftp = append(s.model.job.tftp, srv)
		}
		e.fill()
	}
	q.Show()
}

// checkServer says what is missing before the dialog closes.
func checkServer(der []byte, host, ip string) error {
	host, ip = strings.TrimSpace(host), strings.TrimSpace(ip)
	if der == nil || host == "" && ip == "" {
		return errors.New(t("entries.incomplete"))
	}
	if a, err := netip.ParseAddr(ip); ip != "" && (err != nil || !a.Is4()) {
		return errors.New(t("entries.bad-ip", map[string]any{"Address": ip}))
	}
	return nil
}
