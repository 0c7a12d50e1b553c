package gui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"fyne.io/fyne/v2/container"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// addFields are what a person says of a new cluster. They stay until it has been opened: a wrong
// address or password is mended, not typed again from the start.
type addFields struct {
	name, address, port, user, platformUser, sftpUser, path string
	kind                                                    int // of addKinds
}

// addKinds are the ways to reach a cluster, as a profile spells them; "" finds out.
var addKinds = []string{"", site.PublisherCTLP, site.PublisherCUCM, site.PublisherNone}

func freshFields() addFields { return addFields{port: "2444", user: "admin"} }

// add asks for the publisher's address and the users, as the CTL Client's first screen does.
// Passwords are asked when they are needed, after the fingerprint was confirmed.
func (c *clustersScreen) add() {
	s := c.s
	f := &c.adding
	field := func(hint string, text *string) *widgets.Field {
		w := widgets.NewField(hint)
		w.SetText(*text)
		w.OnChanged = func(now string) { *text = now }
		return w
	}
	name := field("hq", &f.name)
	var kinds []string
	for _, k := range addKinds {
		kinds = append(kinds, t("clusters.kind."+strings.TrimPrefix(k+"-", "-")+"name"))
	}
	about := widgets.QuietText("")
	kind := widgets.NewChoice("", func(chosen string) {
		for i, k := range kinds {
			if k == chosen {
				f.kind = i
				about.SetText(t("clusters.kind." + strings.TrimPrefix(addKinds[i]+"-", "-") + "about"))
			}
		}
	})
	kind.SetOptions(kinds)
	kind.SetSelected(kinds[f.kind])
	note := container.NewVBox()
	content := container.NewVBox(widgets.Flush(widgets.Wrapped(t("clusters.add.text"))),
		widgets.Form(t("clusters.add.name"), name, t("clusters.add.address"), field("192.0.2.1", &f.address),
			t("clusters.add.kind"), kind), widgets.Flush(about),
		widgets.Form(t("clusters.add.port"), field("2444", &f.port), t("clusters.add.user"), field("", &f.user),
			t("clusters.add.platform-user"), field("administrator", &f.platformUser),
			t("clusters.add.sftp-user"), field("ctl", &f.sftpUser), t("clusters.add.path"), field("/var/lib/tftpboot", &f.path)), note)
	q := widgets.NewQuestion(s.dialogs, t("clusters.add.title"), content, t("clusters.open"), t("button.cancel"), false)
	q.First = name
	q.Wide = true
	var r workflow.AddRequest
	q.Check = func() bool {
		note.RemoveAll()
		var err error
		if r, err = f.request(); err == nil {
			err = nameFree(r.Name)
		}
		if err != nil {
			note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
		}
		return err == nil
	}
	q.OnAnswer = func(yes bool) {
		if yes {
			c.addCluster(r)
		}
	}
	q.Show()
}

// request is what the fields ask for.
func (f *addFields) request() (workflow.AddRequest, error) {
	r := workflow.AddRequest{Name: strings.TrimSpace(f.name), Address: strings.TrimSpace(f.address), Publisher: addKinds[f.kind],
		User: strings.TrimSpace(f.user), PasswordSource: "prompt",
		PlatformUser: strings.TrimSpace(f.platformUser), SFTPUser: strings.TrimSpace(f.sftpUser), Path: strings.TrimSpace(f.path)}
	port, err := strconv.ParseUint(strings.TrimSpace(f.port), 10, 16)
	if err != nil || port == 0 || r.Name == "" || r.User == "" || r.Address == "" {
		return r, errors.New(t("clusters.add.incomplete"))
	}
	r.CTLPPort = int(port)
	if r.PlatformUser != "" {
		r.PlatformPasswordSource = "prompt"
	}
	if r.SFTPUser != "" {
		r.SFTPPasswordSource = "prompt"
	}
	return r, nil
}

// nameFree holds that no profile has the name: one that is there stays as it is.
func nameFree(name string) error {
	file, err := workflow.ProfileFile(name)
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), fs.ErrExist)
	}
	return nil
}

// addCluster asks the publisher for its cluster and opens it.
func (c *clustersScreen) addCluster(r workflow.AddRequest) {
	s := c.s
	ui := &askedOnce{asker: s.asker, kept: map[string][]byte{}}
	again := func(err error) {
		ui.forget()
		if stopped(err) {
			s.status.text.SetText(t("status.stopped"))
			return
		}
		s.opening = &site.Profile{} // none that is kept
		s.failAgain(t("clusters.connect.failed", map[string]any{"Name": r.Name}), err, t("clusters.add.again"), c.add)
		s.opening = nil
	}
	options := s.options.Session
	options.Modules = s.ownModules
	start(s.tasks, t("clusters.connecting", map[string]any{"Name": r.Name}),
		func(ctx context.Context) (*site.Profile, error) { return workflow.AddCluster(ctx, r, ui, options) },
		func(p *site.Profile, err error) {
			if err != nil {
				again(err)
				return
			}
			s.connectWith(p, ui, s.options.Session, func(err error) {
				if err != nil {
					again(err)
					return
				}
				ui.forget()
				c.adding = freshFields()
			})
		})
}

// askedOnce asks for a user's password once while a cluster is added: it is asked for what it is
// and then opened, and both log in. What was typed is wiped after that.
type askedOnce struct {
	*asker
	mu   sync.Mutex
	kept map[string][]byte
}

func (u *askedOnce) Password(ctx context.Context, node, user string) ([]byte, error) {
	u.mu.Lock()
	secret, ok := u.kept[user]
	delete(u.kept, user) // a second time it was wrong
	u.mu.Unlock()
	if ok {
		return secret, nil
	}
	secret, err := u.asker.Password(ctx, node, user)
	if err == nil {
		u.mu.Lock()
		clear(u.kept[user])
		u.kept[user] = bytes.Clone(secret)
		u.mu.Unlock()
	}
	return secret, err
}

func (u *askedOnce) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, secret := range u.kept {
		clear(secret)
	}
	clear(u.kept)
}

// kindsNote says what a cluster must answer, a sentence for each way.
func kindsNote() *widgets.Notice {
	return widgets.NewNotice(widgets.InfoNotice, t("clusters.kinds")+"\n• "+t("clusters.kind.ctlp-about")+"\n• "+
		t("clusters.kind.cucm-about")+"\n• "+t("clusters.kind.none-about"))
}
