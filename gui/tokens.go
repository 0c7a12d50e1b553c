package gui

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/token"
)

// watchTokens keeps the model's list of tokens in step with what is plugged in.
func (s *shell) watchTokens() {
	if s.stopWatch != nil {
		s.stopWatch()
	}
	ctx, cancel := context.WithCancel(s.tasks.ctx)
	s.stopWatch = cancel
	s.model.tokens = nil
	modules := s.model.modules
	s.tasks.wait.Add(1)
	go func() {
		defer s.tasks.wait.Done()
		err := token.Watch(ctx, modules, func(e token.Event) {
			fyne.Do(func() {
				if ctx.Err() == nil {
					s.tokenEvent(e)
				}
			})
		})
		if ctx.Err() == nil {
			fyne.Do(func() { s.model.tokenErr = err; s.tokensChanged() })
		}
	}()
}

func (s *shell) tokenEvent(e token.Event) {
	kept := make([]token.Info, 0, len(s.model.tokens)+1)
	for _, info := range s.model.tokens {
		if info.Module != e.Token.Module || info.Slot != e.Token.Slot {
			kept = append(kept, info)
		}
	}
	if e.Inserted {
		kept = append(kept, e.Token)
	}
	// Which token is found first is chance; a person looks for it where it was before.
	slices.SortStableFunc(kept, func(a, b token.Info) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Serial, b.Serial))
	})
	s.model.tokens = kept
	s.tokensChanged()
}

// tokensChanged tells every screen that shows tokens.
func (s *shell) tokensChanged() {
	for _, sc := range s.screens {
		if watcher, ok := sc.(interface{ tokensChanged() }); ok {
			watcher.tokensChanged()
		}
	}
}

// signingCertificate is the certificate of a token that a job would use: the first that can be read.
func signingCertificate(info token.Info) (token.Certificate, *ctlbuild.Certificate, bool) {
	for _, c := range info.Certificates {
		if parsed, err := ctlbuild.ParseCertificate(c.DER); err == nil {
			return c, parsed, true
		}
	}
	return token.Certificate{}, nil, false
}

// uriOf names a token so that another with the same label is not mistaken for it.
func uriOf(info token.Info) string {
	u := info.URI()
	return u.String()
}

// tokensScreen: what is plugged in, as the CTL Client's fourth screen shows it.
type tokensScreen struct {
	s    *shell
	root *fyne.Container
	list *fyne.Container
}

func newTokensScreen(s *shell) *tokensScreen {
	c := &tokensScreen{s: s, list: container.NewVBox()}
	module := widget.NewButtonWithIcon(t("tokens.module"), theme.FolderOpenIcon(), c.chooseModule)
	c.root = container.NewBorder(
		container.NewVBox(heading(t("tokens.title"), t("tokens.text")), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(module)), nil, nil,
		scrolled(c.list))
	return c
}

func (c *tokensScreen) object() fyne.CanvasObject { return c.root }
func (c *tokensScreen) shown()                    { c.fill() }
func (c *tokensScreen) tokensChanged()            { c.fill() }

func (c *tokensScreen) fill() {
	c.list.RemoveAll()
	if err := c.s.model.tokenErr; err != nil {
		message, hints := describe(err)
		c.list.Add(newNotice(warningNotice, strings.Join(append([]string{message}, hints...), "\n")))
	}
	if r := c.s.model.rehearsal; r != nil && r.PIN != "" {
		c.list.Add(newNotice(infoNotice, t("tokens.practice-pin", map[string]any{"PIN": r.PIN})))
	}
	if len(c.s.model.tokens) == 0 {
		c.list.Add(newNotice(infoNotice, t("tokens.insert")))
	}
	for _, info := range c.s.model.tokens {
		c.list.Add(c.card(info))
	}
	c.list.Refresh()
}

func (c *tokensScreen) card(info token.Info) fyne.CanvasObject {
	box := container.NewVBox(tokenHead(info), tokenFacts(info))
	for _, n := range tokenNotices(info) {
		box.Add(n)
	}
	export := widget.NewButtonWithIcon(t("tokens.export"), theme.DocumentSaveIcon(), func() { c.export(info) })
	pin := widget.NewButtonWithIcon(t("tokens.pin"), theme.AccountIcon(), func() { c.changePIN(info) })
	add := widget.NewButtonWithIcon(t("tokens.add"), theme.ContentAddIcon(), func() { c.s.addTokenToJob(info) })
	if _, _, ok := signingCertificate(info); !ok {
		export.Disable()
		add.Disable()
	}
	if c.s.model.session == nil {
		add.Disable()
	}
	if c.s.model.rehearsal != nil {
		trust := widget.NewButtonWithIcon(t("tokens.trust"), theme.UploadIcon(), func() { c.trust(info) })
		box.Add(buttons(pin, export, trust, add))
	} else {
		box.Add(buttons(pin, export, add))
	}
	return container.NewVBox(box, widget.NewSeparator())
}

func tokenHead(info token.Info) fyne.CanvasObject {
	name := widget.NewLabel(info.Label)
	name.SizeName = theme.SizeNameSubHeadingText
	name.TextStyle.Bold = true
	return container.NewHBox(widget.NewIcon(theme.LoginIcon()), name)
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
	return facts(append(pairs, t("tokens.serial"), info.Serial, t("tokens.model"), info.Model)...)
}

// day is a date without doubt about the order of day and month.
func day(d time.Time) string { return d.Local().Format("2006-01-02") }

// tokenNotices say what a person has to know before typing a PIN.
func tokenNotices(info token.Info) []fyne.CanvasObject {
	var list []fyne.CanvasObject
	say := func(kind noticeKind, key string) { list = append(list, newNotice(kind, t(key))) }
	switch {
	case info.Flags.PINLocked:
		say(dangerNotice, "tokens.locked")
	case info.Flags.PINFinalTry:
		say(dangerNotice, "tokens.final")
	case info.Flags.PINCountLow:
		say(warningNotice, "tokens.low")
	}
	_, cert, ok := signingCertificate(info)
	if !ok {
		say(warningNotice, "tokens.no-certificate")
		return list
	}
	if now := time.Now(); now.After(cert.NotAfter) {
		say(warningNotice, "tokens.expired")
	}
	return list
}

// export saves the certificate as the trust store's upload page takes it: DER, .cer.
func (c *tokensScreen) export(info token.Info) {
	raw, cert, _ := signingCertificate(info)
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			if err != nil {
				c.s.fail(t("tokens.export"), err)
			}
			return
		}
		_, err = w.Write(raw.DER)
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			c.s.fail(t("tokens.export"), err)
			return
		}
		c.s.say(t("tokens.exported", map[string]any{"File": w.URI().Path()}))
	}, c.s.window)
	d.SetFileName(fileName(cert.CN) + ".cer")
	d.SetTitleText(t("tokens.export"))
	d.Show()
}

// fileName keeps what every file system takes.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, strings.TrimSpace(name))
	if name == "" {
		return "certificate"
	}
	return name
}

func (c *tokensScreen) changePIN(info token.Info) {
	s := c.s
	start(s.tasks, t("tokens.pin"),
		func(ctx context.Context) (struct{}, error) {
			o := token.Options{Modules: s.model.modules, PIN: s.asker.PIN, AllowFinalTry: s.options.Session.AllowFinalTry}
			return struct{}{}, token.ChangePIN(ctx, info.URI(), o, s.asker.newPIN)
		},
		func(_ struct{}, err error) {
			if err != nil {
				s.fail(t("tokens.pin"), err)
				return
			}
			s.say(t("tokens.pin-changed", map[string]any{"Token": info.Label}))
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
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil || r == nil {
			return
		}
		path := r.URI().Path()
		_ = r.Close()
		c.s.model.modules = append(c.s.model.modules, path)
		c.s.watchTokens()
	}, c.s.window)
	if lib, err := storage.ListerForURI(storage.NewFileURI(moduleFolder())); err == nil {
		d.SetLocation(lib)
	}
	d.SetTitleText(t("tokens.module"))
	d.Show()
}

// moduleFolder is where modules usually are.
func moduleFolder() string {
	for _, dir := range []string{"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/softhsm", "/usr/lib", `C:\Windows\System32`} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
	}
	return os.TempDir()
}
