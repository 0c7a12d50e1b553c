package gui

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
)

// chooseMode is what a fileChooser chooses.
type chooseMode int

const (
	toOpen chooseMode = iota
	toSave
	toFolder
)

// fileChooser is a dialog to choose a file or folder, by the keyboard alone if need be: the
// upper field takes a path, the arrows go through the folder, Enter opens. Folders are read
// beside the window, since one may lie on a network drive that does not answer.
type fileChooser struct {
	s        *shell
	mode     chooseMode
	suffixes []string // of the files shown; none: all
	use      func(path string)
	question *widgets.Question
	place    *widgets.Field
	name     *widgets.Field
	list     *widgets.Table
	places   *fyne.Container
	note     *fyne.Container
	all      *widgets.Check
	dir      string
	found    []listed // in the folder
	rows     []listed // those that are shown
	asked    int      // counts readings: only the newest counts
}

// chooseFile asks for a file to read whose name ends in one of the suffixes; none: any.
func chooseFile(s *shell, title string, suffixes []string, use func(path string)) {
	newFileChooser(s, title, t("files.open"), toOpen, suffixes, use).show("")
}

// chooseFolder asks for a folder to write into.
func chooseFolder(s *shell, title string, use func(dir string)) {
	newFileChooser(s, title, t("files.choose"), toFolder, nil, use).show("")
}

// chooseSave asks under which name to write. A file that is there is overwritten only after
// the person has said so.
func chooseSave(s *shell, title, name string, use func(path string)) {
	c := newFileChooser(s, title, t("files.save"), toSave, nil, use)
	c.name.SetText(name)
	c.show("")
}

func newFileChooser(s *shell, title, yes string, mode chooseMode, suffixes []string, use func(string)) *fileChooser {
	c := &fileChooser{s: s, mode: mode, suffixes: suffixes, use: use, note: container.NewVBox()}
	c.place, c.name = widgets.NewField(""), widgets.NewField("")
	c.place.OnSubmitted = func(path string) {
		if c.mode == toFolder && filepath.Clean(strings.TrimSpace(path)) == c.dir {
			c.done(c.dir) // it is where it is to be: Enter chooses it
			return
		}
		c.goTo(path)
	}
	c.list = widgets.NewChooser(c.chosen, widgets.Column{Title: t("files.name"), Share: 420}, widgets.Column{Title: t("files.size"), Share: 100}, widgets.Column{Title: t("files.changed"), Share: 160})
	c.list.OnOpen = c.opened
	c.all = widgets.NewCheck(t("files.all"), func(bool) { c.fill() })
	up := widgets.NewButton("", theme.MoveUpIcon(), func() { c.goTo(filepath.Dir(c.dir)) })
	up.Label = t("files.up")
	c.places = widgets.ButtonRow(up)
	if mode != toOpen {
		c.places.Add(widgets.NewButton(t("files.new-folder"), theme.FolderNewIcon(), c.newFolder))
	}
	top := container.NewVBox(widgets.Form(t("files.folder"), c.place), c.places)
	bottom := container.NewVBox(c.note)
	if mode == toSave {
		bottom.Add(widgets.Form(t("files.name"), c.name))
	}
	if len(suffixes) > 0 {
		bottom.Add(c.all)
	}
	scroll := widgets.NewScroller(c.list)
	scroll.Scroll.SetMinSize(fyne.NewSize(0, 260))
	c.question = widgets.NewQuestion(s.dialogs, title, widgets.Border(top, bottom, nil, nil, scroll.Object), yes, t("button.cancel"), false)
	c.question.Wide = true
	c.question.Check = c.ready
	c.question.OnKey = func(k fyne.KeyName) bool {
		if k == fyne.KeyBackspace && s.window.Canvas().Focused() == c.list {
			c.goTo(filepath.Dir(c.dir))
			return true
		}
		if k != fyne.KeyDown && k != fyne.KeyUp {
			return false
		}
		s.window.Canvas().Focus(c.list) // from the field into the list
		c.list.TypedKey(&fyne.KeyEvent{Name: k})
		return true
	}
	c.question.First = c.place
	if mode == toSave {
		c.question.First = c.name
	}
	return c
}

// show opens the dialog in a folder; "": the one used last, or the person's own.
func (c *fileChooser) show(dir string) {
	if dir == "" {
		dir = c.s.app.Preferences().String(prefFolder)
	}
	home, _ := os.UserHomeDir()
	if dir == "" {
		dir = home
	}
	c.question.Show()
	start(c.s.tasks, t("files.reading"),
		func(context.Context) ([]folder, error) { return usualFolders(home), nil },
		func(found []folder, _ error) {
			for _, f := range found {
				b := widgets.NewButton(f.name, f.icon, func() { c.goTo(f.path) })
				b.Importance = widget.LowImportance
				c.places.Add(b)
			}
		})
	c.look(dir, func(err error) {
		if err != nil && dir != home {
			c.look(home, nil)
		}
	})
}

// goTo opens a folder, or takes a file that was typed with its path.
func (c *fileChooser) goTo(path string) {
	path = strings.TrimSpace(path)
	if path == "" {
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	c.look(path, nil)
}

// look reads a folder, or the one that a file is in. A folder that cannot be read is said, and
// what was shown before still is.
func (c *fileChooser) look(path string, then func(error)) {
	c.asked++
	number, before := c.asked, c.place.Text
	start(c.s.tasks, t("files.reading"),
		func(context.Context) (listing, error) { return list(path) },
		func(l listing, err error) {
			if number != c.asked || c.question.Done {
				return
			}
			c.note.RemoveAll()
			switch {
			case err != nil:
				c.note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
				c.question.Refit()
			case l.file != "" && c.mode == toOpen:
				c.dir = l.dir
				c.done(l.file)
			default:
				c.dir, c.found = l.dir, l.entries
				if c.place.Text == before { // else the person is typing where to go next
					c.place.SetText(c.dir)
				}
				c.fill()
			}
			if then != nil {
				then(err)
			}
		})
}

// newFolder asks for a name, makes the folder and goes into it.
func (c *fileChooser) newFolder() {
	name, note := widgets.NewField(""), container.NewVBox()
	q := widgets.NewQuestion(c.s.dialogs, t("files.new-folder"),
		container.NewVBox(widgets.Form(t("files.name"), name), note), t("files.new-folder.yes"), t("button.cancel"), false)
	q.First = name
	q.Check = func() bool {
		note.RemoveAll()
		plain := strings.TrimSpace(name.Text)
		if plain == "" || plain != fileName(plain) {
			note.Add(widgets.NewNotice(widgets.WarningNotice, t("files.bad-name")))
			return false
		}
		if err := os.Mkdir(filepath.Join(c.dir, plain), 0o755); err != nil {
			note.Add(widgets.NewNotice(widgets.WarningNotice, tell(err)))
			return false
		}
		return true
	}
	q.OnAnswer = func(yes bool) {
		if yes {
			c.goTo(strings.TrimSpace(name.Text))
		}
	}
	q.Show()
}

// fill shows what is wanted of the folder.
func (c *fileChooser) fill() {
	c.rows = slices.DeleteFunc(slices.Clone(c.found), func(e listed) bool { return !c.wanted(e) })
	var rows [][]widgets.Cell
	for _, e := range c.rows {
		row := widgets.Cells(e.name, "", e.changed.Format("2006-01-02 15:04"))
		if e.isDir {
			row[0].Text += string(filepath.Separator)
		} else {
			row[1].Text = sizeText(e.size)
		}
		rows = append(rows, row)
	}
	c.list.Selected = -1
	c.list.SetRows(rows)
	c.question.Refit()
}

func (c *fileChooser) wanted(e listed) bool {
	switch {
	case strings.HasPrefix(e.name, "."):
		return c.all.Checked
	case e.isDir:
		return true
	case c.mode == toFolder:
		return false
	}
	return c.all.Checked || len(c.suffixes) == 0 || slices.ContainsFunc(c.suffixes, func(s string) bool {
		return strings.HasSuffix(strings.ToLower(e.name), s)
	})
}

// chosen is told of the row chosen.
func (c *fileChooser) chosen(row int) {
	if row >= 0 && c.mode == toSave && !c.rows[row].isDir {
		c.name.SetText(c.rows[row].name)
	}
}

// opened is told of Enter on a row.
func (c *fileChooser) opened(row int) {
	if e := c.rows[row]; e.isDir {
		c.look(filepath.Join(c.dir, e.name), func(error) {
			if len(c.rows) > 0 {
				c.list.GoTo(0)
			}
		})
		return
	}
	c.question.Answer(true)
}

// ready is asked when the person is done. What was chosen is looked at beside the window, which
// closes the dialog if all is well.
func (c *fileChooser) ready() bool {
	chosen := c.list.Selected
	switch {
	case c.mode == toSave:
		if name := strings.TrimSpace(c.name.Text); name != "" {
			c.save(name)
		}
	case chosen >= 0 && c.mode == toOpen && c.rows[chosen].isDir:
		c.goTo(c.rows[chosen].name)
	case chosen >= 0:
		c.done(filepath.Join(c.dir, c.rows[chosen].name))
	case c.mode == toFolder:
		c.done(c.dir)
	default:
		c.goTo(c.place.Text)
	}
	return false
}

// save goes on with a name that is free, and asks about one that is not.
func (c *fileChooser) save(path string) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	start(c.s.tasks, t("files.reading"),
		func(context.Context) (fs.FileInfo, error) { return os.Stat(path) },
		func(info fs.FileInfo, err error) {
			switch {
			case c.question.Done:
			case errors.Is(err, fs.ErrNotExist):
				c.done(path)
			case err != nil:
				c.note.Objects = []fyne.CanvasObject{widgets.NewNotice(widgets.WarningNotice, tell(err))}
				c.question.Refit()
			case info.IsDir():
				c.goTo(path)
			default:
				c.confirmOverwrite(path)
			}
		})
}

func (c *fileChooser) confirmOverwrite(path string) {
	q := widgets.NewQuestion(c.s.dialogs, t("files.overwrite"), widgets.Flush(widgets.Wrapped(path)), t("files.overwrite.yes"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if yes {
			c.done(path)
		}
	}
	q.Show()
}

// done closes the dialog and goes on with the path.
func (c *fileChooser) done(path string) {
	c.s.app.Preferences().SetString(prefFolder, c.dir)
	c.question.Answer(false)
	c.use(path)
}
