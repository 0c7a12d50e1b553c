package gui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/trust/fleet"
)

// profileEditor changes a cluster's profile: who logs in, its nodes, its phones, what is left
// out. The file is written when all of it is right, and only then.
type profileEditor struct {
	s     *shell
	p     *site.Profile // a copy
	nodes *widgets.Table
	note  *fyne.Container
	edit  *widgets.Button
	drop  *widgets.Button

	user, platform, version, leaveOut, phones *widgets.Field
}

// editProfile opens the editor on what the file says now.
func (s *shell) editProfile(p *site.Profile) {
	fresh, err := site.Load(p.File)
	if err != nil {
		s.fail(t("edit.title", map[string]any{"Name": p.Name}), err)
		return
	}
	e := &profileEditor{s: s, p: fresh, note: container.NewVBox()}
	field := func(hint, text string) *widgets.Field {
		f := widgets.NewField(hint)
		f.SetText(text)
		return f
	}
	e.user, e.platform, e.version = field("admin", fresh.User), field("administrator", fresh.PlatformUser), field("12.5.1", fresh.Version)
	e.leaveOut = field("voicemail, 192.0.2.77", strings.Join(fresh.LeaveOut, ", "))
	e.phones = field("200 x 8861, 12 x 7940", fresh.Fleet)
	browse := widgets.NewButton(t("edit.phones.file"), theme.FolderOpenIcon(), func() {
		chooseFile(s, t("edit.phones.file"), []string{".csv", ".json"}, func(path string) { e.phones.SetText(path) })
	})
	e.nodes = widgets.NewChooser(func(int) { e.enable() }, widgets.Column{Title: t("overview.node"), Share: 150}, widgets.Column{Title: t("overview.address"), Share: 140},
		widgets.Column{Title: t("clusters.role"), Share: 120}, widgets.Column{Title: t("clusters.transport"), Share: 90}, widgets.Column{Title: t("edit.ports"), Share: 200})
	e.nodes.OnOpen = func(int) { e.editNode(false) }
	e.edit = widgets.NewButton(t("edit.node"), theme.DocumentCreateIcon(), func() { e.editNode(false) })
	e.drop = widgets.NewButton(t("edit.node.remove"), theme.DeleteIcon(), e.removeNode)
	more := widgets.NewButton(t("edit.node.add"), theme.ContentAddIcon(), func() { e.editNode(true) })
	content := container.NewVBox(e.note,
		widgets.Form(t("clusters.add.user"), e.user, t("clusters.add.platform-user"), e.platform, t("clusters.version"), e.version,
			t("clusters.fleet"), widgets.ButtonRow(widgets.Grow(e.phones, 160), browse), t("edit.leave-out"), e.leaveOut),
		widgets.Flush(widgets.QuietText(t("edit.phones.text"))),
		widgets.Section(t("overview.nodes"), e.nodes, widgets.ButtonRow(more, e.edit, e.drop)))
	e.fill()
	q := widgets.NewQuestion(s.dialogs, t("edit.title", map[string]any{"Name": fresh.Name}), content, t("files.save"), t("button.cancel"), false)
	q.Wide = true
	q.First = e.user
	q.Check = e.save
	q.OnAnswer = func(yes bool) {
		if !yes {
			return
		}
		if s.model.profile != nil && s.model.profile.File == fresh.File {
			s.connect(e.p) // as it is now
			return
		}
		s.screen(screenClusters).(*clustersScreen).read()
	}
	q.Extra = append(q.Extra, widgets.NewButton(t("edit.identities"), theme.AccountIcon(), e.identities))
	q.Show()
}

// identities shows who the servers are, over the editor. It works on the file as it is: what is
// being edited stays, and learns what was accepted.
func (e *profileEditor) identities() {
	kept, err := site.Load(e.p.File)
	if err != nil {
		e.s.fail(t("edit.identities"), err)
		return
	}
	e.s.showIdentities(kept, func(id cluster.Identity) {
		if n := e.p.Node(id.Node); n != nil {
			setFingerprint(n, id)
		}
	})
}

func (e *profileEditor) enable() {
	on := e.nodes.Selected >= 0
	widgets.SetEnabled(e.edit, on)
	widgets.SetEnabled(e.drop, on && len(e.p.Nodes) > 1)
}

func (e *profileEditor) fill() {
	var rows [][]widgets.Cell
	for i := range e.p.Nodes {
		n := &e.p.Nodes[i]
		var ports []string
		for _, f := range portFields(n) {
			if *f.port != nil {
				ports = append(ports, fmt.Sprintf("%s %d", f.name, **f.port))
			}
		}
		rows = append(rows, widgets.Cells(n.Name, n.Address, t("role."+n.Role), strings.ToUpper(n.Transport), strings.Join(ports, ", ")))
	}
	e.nodes.SetRows(rows)
	e.enable()
}

// portField is a port of a node; nil is the usual one.
type portField struct {
	name string
	port **int
}

func portFields(n *site.Node) []portField {
	return []portField{{"CTL", &n.CTLPPort}, {"HTTPS", &n.HTTPSPort}, {"SFTP", &n.SFTPPort}, {"SSH", &n.SSHPort},
		{"TFTP", &n.TFTPPort}, {"HTTP", &n.HTTPPort}, {"TVS", &n.TVSPort}}
}

func (e *profileEditor) removeNode() {
	i := e.nodes.Selected
	if i < 0 {
		return
	}
	n := e.p.Nodes[i]
	q := widgets.NewQuestion(e.s.dialogs, t("edit.node.remove"),
		widgets.Flush(widgets.Wrapped(t("edit.node.remove.text", map[string]any{"Node": hostText(n.Name, n.Address)}))),
		t("entries.delete.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if yes {
			e.p.Nodes = slices.DeleteFunc(e.p.Nodes, func(other site.Node) bool { return other.Name == n.Name && other.Address == n.Address })
			e.nodes.Unselect()
			e.fill()
		}
	}
	q.Show()
}

// Roles and ways that a node can have.
var (
	nodeRoles = []string{site.RolePublisher, site.RoleSubscriber, site.RoleTFTP, site.RoleFirewall}
	nodeWays  = []string{site.TransportCTLP, site.TransportSFTP, site.TransportOSAdmin, site.TransportByHand}
)

// editNode changes one node, or adds one.
func (e *profileEditor) editNode(add bool) {
	var n site.Node
	if add {
		n = site.Node{Role: site.RoleSubscriber, Transport: e.p.LeadNode().Transport}
	} else {
		n = e.p.Nodes[e.nodes.Selected]
	}
	at := e.nodes.Selected
	pairs := []any{}
	text := func(label, hint string, value *string) {
		f := widgets.NewField(hint)
		f.SetText(*value)
		f.OnChanged = func(now string) { *value = strings.TrimSpace(now) }
		pairs = append(pairs, label, f)
	}
	choice := func(label string, options []string, word func(string) string, value *string) {
		var shown []string
		for _, o := range options {
			shown = append(shown, word(o))
		}
		c := widgets.NewChoice("", func(chosen string) { *value = options[slices.Index(shown, chosen)] })
		c.SetOptions(shown)
		if slices.Contains(options, *value) {
			c.SetSelected(word(*value))
		}
		pairs = append(pairs, label, c)
	}
	text(t("clusters.add.name"), "cucm-sub1", &n.Name)
	text(t("overview.address"), "192.0.2.2", &n.Address)
	choice(t("clusters.role"), nodeRoles, func(r string) string { return t("role." + r) }, &n.Role)
	choice(t("clusters.transport"), nodeWays, strings.ToUpper, &n.Transport)
	text(t("clusters.add.sftp-user"), "ctl", &n.SFTPUser)
	text(t("clusters.add.path"), "/var/lib/tftpboot", &n.Path)
	ports := map[string]*string{}
	for _, f := range portFields(&n) {
		value := ""
		if *f.port != nil {
			value = fmt.Sprint(**f.port)
		}
		ports[f.name] = &value
		text(t("edit.port", map[string]any{"Service": f.name}), t("edit.port.usual"), &value)
	}
	note := container.NewVBox()
	q := widgets.NewQuestion(e.s.dialogs, t("edit.node"), container.NewVBox(note, widgets.Form(pairs...)), t("button.ok"), t("button.cancel"), false)
	q.First = pairs[1].(*widgets.Field)
	q.Check = func() bool {
		err := e.takeNode(&n, ports, at, add)
		note.RemoveAll()
		if err != nil {
			note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
		}
		return err == nil
	}
	q.OnAnswer = func(yes bool) {
		if yes {
			e.fill()
		}
	}
	q.Show()
}

// takeNode puts a node into the profile where the profile is right with it.
func (e *profileEditor) takeNode(n *site.Node, ports map[string]*string, at int, add bool) error {
	for _, f := range portFields(n) {
		value := strings.TrimSpace(*ports[f.name])
		if *f.port = nil; value == "" {
			continue
		}
		number, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return errors.New(t("edit.port.bad", map[string]any{"Service": f.name, "Value": value}))
		}
		*f.port = site.At(int(number))
	}
	try := *e.p
	try.Nodes = slices.Clone(e.p.Nodes)
	if add {
		try.Nodes = append(try.Nodes, *n)
	} else {
		try.Nodes[at] = *n
	}
	if err := try.Validate(); err != nil {
		return err
	}
	e.p.Nodes = try.Nodes
	return nil
}

// save takes the fields in and writes the file.
func (e *profileEditor) save() bool {
	e.note.RemoveAll()
	err := e.take()
	if err == nil {
		if err = e.p.Validate(); err == nil {
			err = e.p.Save(e.p.File)
		}
	}
	if err != nil {
		message, hints := e.s.describe(err)
		e.note.Add(widgets.NewNotice(widgets.WarningNotice, textOf(append([]string{message}, hints...)...)))
	}
	return err == nil
}

func (e *profileEditor) take() error {
	e.p.User, e.p.PlatformUser, e.p.Version = strings.TrimSpace(e.user.Text), strings.TrimSpace(e.platform.Text), strings.TrimSpace(e.version.Text)
	e.p.LeaveOut = nil
	for _, name := range strings.Split(e.leaveOut.Text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			e.p.LeaveOut = append(e.p.LeaveOut, name)
		}
	}
	return e.takePhones(strings.TrimSpace(e.phones.Text))
}

// takePhones takes a file's name, or phones in words, which are kept in a file beside the profile.
func (e *profileEditor) takePhones(text string) error {
	if text == "" || text == e.p.Fleet {
		e.p.Fleet = text
		return nil
	}
	if st, err := os.Stat(e.p.Resolve(text)); err == nil && !st.IsDir() {
		e.p.Fleet = text
		return nil
	}
	if _, err := fleet.ParseClasses(text); err != nil {
		return err
	}
	name := fileName(e.p.Name) + "-phones.csv"
	var lines []string
	for _, part := range strings.Split(text, ",") {
		lines = append(lines, strings.TrimSpace(part))
	}
	if err := writeOver(filepath.Join(filepath.Dir(e.p.File), name), []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		return err
	}
	e.p.Fleet = name
	return nil
}
