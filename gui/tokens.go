package gui

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
	"ctlclient/token"
	"ctlclient/workflow"
)

// tokensScreen: what is plugged in, as the CTL Client's fourth screen shows it.
type tokensScreen struct {
	*widgets.Page
	s    *shell
	list *fyne.Container
	// module chooses one for the person's own tokens; practice has its own.
	module *widgets.Button
	// buttons are those of the tokens.
	buttons []*widgets.Button
}

func newTokensScreen(s *shell) *tokensScreen {
	c := &tokensScreen{s: s, list: container.NewVBox()}
	c.module = widgets.NewButton(t("tokens.module"), theme.FolderOpenIcon(), c.chooseModule)
	c.Page = widgets.NewPage(t("tokens.title"), t("tokens.text"), nil, c.list, c.module)
	return c
}

func (c *tokensScreen) shown()         { c.fill() }
func (c *tokensScreen) tokensChanged() { c.fill() }

func (c *tokensScreen) fill() {
	c.list.RemoveAll()
	c.buttons = nil
	widgets.SetEnabled(c.module, c.s.model.rehearsal == nil)
	if err := c.s.model.tokenErr; err != nil {
		message, hints := describe(err)
		c.list.Add(widgets.NewNotice(widgets.WarningNotice, textOf(append([]string{message}, hints...)...)))
	}
	if r := c.s.model.rehearsal; r != nil && r.PIN != "" {
		c.list.Add(widgets.NewNotice(widgets.InfoNotice, t("tokens.practice-pin", map[string]any{"PIN": r.PIN})))
	}
	if len(c.s.model.tokens) == 0 {
		c.list.Add(emptyNote("tokens.insert"))
	}
	for _, info := range c.s.model.tokens {
		c.list.Add(widgets.Spacer(4))
		c.list.Add(c.card(info))
	}
	c.list.Refresh()
}

// card is one token with what can be done with it.
func (c *tokensScreen) card(info token.Info) fyne.CanvasObject {
	export := widgets.NewButton(t("tokens.export"), theme.DocumentSaveIcon(), func() { c.export(info) })
	pin := widgets.NewButton(t("tokens.pin"), theme.AccountIcon(), func() { c.changePIN(info) })
	add := widgets.NewButton(t("tokens.add"), theme.ContentAddIcon(), func() { c.s.addTokenToJob(info) })
	_, _, ok := signingCertificate(info)
	widgets.SetEnabled(export, ok)
	widgets.SetEnabled(add, ok && c.s.model.session != nil)
	c.buttons = append(c.buttons, add, export)
	row := widgets.ButtonRow(add, export)
	if c.s.model.rehearsal != nil {
		put := widgets.NewButton(t("tokens.trust"), theme.UploadIcon(), func() { c.trust(info) })
		widgets.SetEnabled(put, ok)
		row.Add(put)
	}
	row.Add(pin)
	return container.NewVBox(tokenBox(info), row)
}

// tokenBox is what there is to know of a token, on a ground of its own.
func tokenBox(info token.Info) fyne.CanvasObject {
	name := widget.NewLabel(info.Label)
	name.SizeName = theme.SizeNameSubHeadingText
	name.TextStyle.Bold = true
	box := container.NewVBox(container.NewHBox(widget.NewIcon(theme.LoginIcon()), name), tokenFacts(info))
	for _, n := range tokenNotices(info) {
		box.Add(n)
	}
	return widgets.NewPanel(container.New(layout.NewCustomPaddedLayout(4, 8, 12, 12), box))
}

// tokenFacts are the CTL Client's four lines, and what it did not show.
func tokenFacts(info token.Info) fyne.CanvasObject {
	pairs := []string{}
	if raw, cert, ok := signingCertificate(info); ok {
		pairs = append(pairs,
			t("tokens.subject"), cert.TokenSubject,
			t("tokens.issuer"), cert.TokenIssuer,
			t("tokens.from"), day(cert.NotBefore),
			t("tokens.until"), day(cert.NotAfter),
			t("tokens.key"), t("tokens.bits", map[string]any{"Bits": fmt.Sprint(raw.KeyBits)}))
	}
	pairs = append(pairs, t("tokens.serial"), info.Serial, t("tokens.model"), info.Model,
		t("tokens.tries"), triesText(info.Flags), t("tokens.module.short"), info.Module)
	if raw, _, ok := signingCertificate(info); ok {
		if c, err := x509.ParseCertificate(raw.DER); err == nil {
			pairs = append(pairs, t("tokens.cert-serial"), bothOrders(c.SerialNumber.Bytes()))
		}
		pairs = append(pairs, t("tokens.thumbprint"), sha1Text(raw.DER))
	}
	return widgets.Facts(pairs...)
}

// tokenNotices say what a person has to know before typing a PIN.
func tokenNotices(info token.Info) []fyne.CanvasObject {
	var list []fyne.CanvasObject
	say := func(kind widgets.NoticeKind, key string) { list = append(list, widgets.NewNotice(kind, t(key))) }
	switch {
	case info.Flags.PINLocked:
		say(widgets.DangerNotice, "tokens.locked")
	case info.Flags.PINFinalTry:
		say(widgets.DangerNotice, "tokens.final")
	case info.Flags.PINCountLow:
		say(widgets.WarningNotice, "tokens.low")
	}
	raw, cert, ok := signingCertificate(info)
	if !ok {
		say(widgets.WarningNotice, "tokens.no-certificate")
		return list
	}
	if odd := oddities(raw); odd != "" {
		list = append(list, widgets.NewNotice(widgets.WarningNotice, odd))
	}
	if time.Now().After(cert.NotAfter) {
		say(widgets.WarningNotice, "tokens.expired")
	}
	return list
}

// oddities says in words what about a certificate is not as on a SAST, "" where everything is:
// any card can be plugged in, and what signs the list becomes the root of what phones trust.
func oddities(c token.Certificate) string {
	var list []string
	for _, o := range c.Oddities() {
		list = append(list, "• "+t("odd."+oddKeys[o]))
	}
	if len(list) == 0 {
		return ""
	}
	return t("odd.text") + "\n" + strings.Join(list, "\n")
}

var oddKeys = map[token.Oddity]string{token.OddNames: "names", token.OddIssuer: "issuer", token.OddCA: "ca",
	token.OddUse: "use", token.OddNoSign: "no-sign", token.OddKey: "key"}

// export saves the certificate as the trust store's upload page takes it: DER, .cer.
func (c *tokensScreen) export(info token.Info) {
	raw, cert, ok := signingCertificate(info)
	if !ok {
		return
	}
	saveAs(c.s, t("tokens.export"), fileName(strings.TrimSpace(cert.CN))+".cer", raw.DER, func(path string) {
		c.s.say(t("tokens.exported", map[string]any{"File": path}))
	})
}

func (c *tokensScreen) changePIN(info token.Info) {
	s := c.s
	wait := func(state, key string) {
		s.asker.Event(workflow.Event{Type: workflow.EventInfo, State: state, Message: t(key, map[string]any{"Token": info.Label})})
	}
	o := token.Options{Modules: s.model.modules, PIN: s.asker.PIN, AllowFinalTry: s.options.Session.AllowFinalTry,
		OnKeypad: func(token.PINRequest) { wait("keypad", "waiting.keypad") },
		OnSlow:   func(string) { wait("waiting", "waiting.slow") }}
	start(s.tasks, t("tokens.pin"),
		func(ctx context.Context) (struct{}, error) {
			return struct{}{}, token.ChangePIN(ctx, info.URI(), o, s.asker.newPIN)
		},
		func(_ struct{}, err error) {
			s.doneWaiting()
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				s.fail(t("tokens.pin"), err)
			default:
				s.say(t("tokens.pin-changed", map[string]any{"Token": info.Label}))
			}
		})
}

// trust puts a token's certificate into the practice cluster's trust store.
func (c *tokensScreen) trust(info token.Info) {
	s := c.s
	raw, _, ok := signingCertificate(info)
	if !ok {
		return
	}
	start(s.tasks, t("tokens.trust"),
		func(context.Context) (struct{}, error) {
			return struct{}{}, s.options.Practice.TrustCertificate(raw.DER)
		},
		func(_ struct{}, err error) {
			if err != nil {
				s.fail(t("tokens.trust"), err)
				return
			}
			s.say(t("tokens.trusted", map[string]any{"Token": info.Label}))
		})
}

// chooseModule adds a PKCS#11 module by its file.
func (c *tokensScreen) chooseModule() {
	chooser := newFileChooser(c.s, t("tokens.module"), t("files.open"), toOpen, []string{".so", ".dll"}, func(path string) {
		if !slices.Contains(c.s.ownModules, path) {
			c.s.ownModules = append(slices.Clone(c.s.ownModules), path)
			c.s.useModules()
		}
	})
	chooser.show(moduleFolder())
}

// moduleFolder is where modules usually are.
func moduleFolder() string {
	for _, dir := range []string{"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/softhsm", "/usr/lib", `C:\Windows\System32`} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
	}
	return ""
}

// first is what can be done with the first token.
func (c *tokensScreen) first() fyne.Focusable { return enabled(append(c.buttons, c.module)...) }
