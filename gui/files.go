package gui

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// chooseMode is what a fileChooser chooses.
type chooseMode int

const (
	toOpen chooseMode = iota
	toSave
	toFolder
)

// fileChooser is a dialog to choose a file or folder, by the keyboard alone if need be: the
// upper field takes a path, the arrows go through the folder, Enter opens.
type fileChooser struct {
	s        *shell
	mode     chooseMode
	suffixes []string // of the files shown; none: all
	use      func(path string)
	question *question
	place    *field
	name     *field
	list     *chooser
	note     *fyne.Container
	all      *widget.Check
	dir      string
	entries  []fs.DirEntry
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
	c.place, c.name = newField(""), newField("")
	c.place.OnSubmitted = func(path string) { c.goTo(strings.TrimSpace(path)) }
	c.list = newChooser(c.chosen, column{t("files.name"), 420}, column{t("files.size"), 100}, column{t("files.changed"), 160})
	c.list.onOpen = c.opened
	c.all = widget.NewCheck(t("files.all"), func(bool) { c.read() })
	top := container.NewVBox(form(t("files.folder"), c.place), c.places())
	bottom := container.NewVBox(c.note)
	if mode == toSave {
		bottom.Add(form(t("files.name"), c.name))
	}
	if len(suffixes) > 0 {
		bottom.Add(c.all)
	}
	scroll := newScroller(c.list)
	scroll.scroll.SetMinSize(fyne.NewSize(0, 260))
	c.question = newQuestion(s.dialogs, title, container.NewBorder(top, bottom, nil, nil, scroll.object), yes, t("button.cancel"), false)
	c.question.wide = true
	c.question.check = c.ready
	c.question.onAnswer = func(bool) {}
	c.question.onKey = func(k fyne.KeyName) bool {
		if k != fyne.KeyDown && k != fyne.KeyUp {
			return false
		}
		s.window.Canvas().Focus(c.list) // from the field into the list
		c.list.TypedKey(&fyne.KeyEvent{Name: k})
		return true
	}
	c.question.first = c.place
	if mode == toSave {
		c.question.first = c.name
	}
	return c
}

// places are buttons for where files usually are.
func (c *fileChooser) places() fyne.CanvasObject {
	row := container.NewHBox(newButton("", theme.MoveUpIcon(), func() { c.goTo(filepath.Dir(c.dir)) }))
	add := func(text, dir string, icon fyne.Resource) {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			b := newButton(text, icon, func() { c.goTo(dir) })
			b.Importance = widget.LowImportance
			row.Add(b)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		add(t("files.home"), home, theme.HomeIcon())
		add(t("files.desktop"), filepath.Join(home, "Desktop"), theme.DesktopIcon())
		add(t("files.downloads"), filepath.Join(home, "Downloads"), theme.DownloadIcon())
	}
	if runtime.GOOS == "windows" {
		for d := 'C'; d <= 'Z'; d++ {
			add(string(d)+":", string(d)+`:\`, theme.StorageIcon())
		}
	}
	return row
}

// show opens the dialog in a folder; "": the one used last.
func (c *fileChooser) show(dir string) {
	if dir == "" {
		dir = c.s.app.Preferences().String(prefFolder)
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		dir, _ = os.UserHomeDir()
	}
	c.goTo(dir)
	c.question.show()
}

// goTo opens a folder, or takes a file that was typed with its path.
func (c *fileChooser) goTo(path string) {
	if path == "" {
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	st, err := os.Stat(path)
	if err != nil {
		c.note.Objects = []fyne.CanvasObject{newNotice(warningNotice, err.Error())}
		c.question.refit()
		return // what was there before still is
	}
	c.dir = filepath.Clean(path)
	if !st.IsDir() {
		c.dir = filepath.Dir(path)
	}
	c.read()
	if !st.IsDir() && c.mode == toOpen {
		c.done(path)
	}
}

// maxListed bounds a folder's listing; what lies beyond can be typed.
const maxListed = 20000

func (c *fileChooser) read() {
	c.place.SetText(c.dir)
	c.note.RemoveAll()
	c.entries = nil
	f, err := os.Open(c.dir)
	if err == nil {
		c.entries, err = f.ReadDir(maxListed)
		_ = f.Close()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.note.Add(newNotice(warningNotice, err.Error()))
	}
	c.entries = slices.DeleteFunc(c.entries, func(e fs.DirEntry) bool { return !c.wanted(e) })
	slices.SortFunc(c.entries, func(a, b fs.DirEntry) int {
		if a.IsDir() != b.IsDir() {
			if a.IsDir() {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name()))
	})
	var rows [][]cell
	for _, e := range c.entries {
		row := words(e.Name(), "", "")
		if e.IsDir() {
			row[0].text += string(filepath.Separator)
		}
		if info, err := e.Info(); err == nil {
			if !e.IsDir() {
				row[1].text = sizeText(info.Size())
			}
			row[2].text = info.ModTime().Format("2006-01-02 15:04")
		}
		rows = append(rows, row)
	}
	c.list.selected = -1
	c.list.setRows(rows)
	c.question.refit()
}

func (c *fileChooser) wanted(e fs.DirEntry) bool {
	switch {
	case strings.HasPrefix(e.Name(), "."):
		return c.all.Checked
	case e.IsDir():
		return true
	case c.mode == toFolder:
		return false
	}
	return c.all.Checked || len(c.suffixes) == 0 || slices.ContainsFunc(c.suffixes, func(s string) bool {
		return strings.HasSuffix(strings.ToLower(e.Name()), s)
	})
}

// chosen is told of the row chosen.
func (c *fileChooser) chosen(row int) {
	if e := c.entries[row]; c.mode == toSave && !e.IsDir() {
		c.name.SetText(e.Name())
	}
}

// opened is told of Enter on a row.
func (c *fileChooser) opened(row int) {
	e := c.entries[row]
	if e.IsDir() {
		c.goTo(filepath.Join(c.dir, e.Name()))
		if len(c.entries) > 0 {
			c.list.goTo(0)
		}
		return
	}
	c.question.answer(true)
}

// ready takes what is chosen, and reports whether the dialog can close.
func (c *fileChooser) ready() bool {
	path := ""
	switch {
	case c.mode == toSave:
		name := strings.TrimSpace(c.name.Text)
		if name == "" {
			return false
		}
		if path = name; !filepath.IsAbs(path) {
			path = filepath.Join(c.dir, name)
		}
	case c.list.selected >= 0:
		path = filepath.Join(c.dir, c.entries[c.list.selected].Name())
		if c.mode == toOpen && c.entries[c.list.selected].IsDir() {
			c.goTo(path)
			return false
		}
	case c.mode == toFolder:
		path = c.dir
	default:
		if typed := strings.TrimSpace(c.place.Text); typed != c.dir {
			c.goTo(typed)
		}
		return false
	}
	if st, err := os.Stat(path); c.mode == toSave && err == nil {
		if st.IsDir() {
			c.goTo(path)
			return false
		}
		c.confirmOverwrite(path)
		return false
	}
	c.done(path)
	return false
}

func (c *fileChooser) confirmOverwrite(path string) {
	q := newQuestion(c.s.dialogs, t("files.overwrite"), flush(wrapped(path)), t("files.overwrite.yes"), t("button.cancel"), true)
	q.onAnswer = func(yes bool) {
		if yes {
			c.done(path)
		}
	}
	q.show()
}

// done closes the dialog and goes on with the path.
func (c *fileChooser) done(path string) {
	c.s.app.Preferences().SetString(prefFolder, c.dir)
	c.question.answer(false)
	c.use(path)
}

// sizeText is a size in bytes, or in thousands of them.
func sizeText(n int64) string {
	switch {
	case n < 10_000:
		return t("files.bytes", map[string]any{"Count": n})
	case n < 10_000_000:
		return t("files.kilobytes", map[string]any{"Count": (n + 500) / 1000})
	}
	return t("files.megabytes", map[string]any{"Count": (n + 500_000) / 1_000_000})
}

// joinName makes a path of a folder, a name that may hold anything, and an ending.
func joinName(dir, name, ending string) string { return filepath.Join(dir, fileName(name)+ending) }

// fileName keeps what every file system takes.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, strings.TrimSpace(name))
	if name == "" || name == "." || name == ".." {
		return "certificate"
	}
	return name
}

// writeNew writes a file that must not exist yet: nothing of the person's is overwritten.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return writeAll(f, data)
}

// writeOver writes a file; chooseSave has asked where there is one.
func writeOver(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return writeAll(f, data)
}

func writeAll(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Close())
}

// saveAs asks for a name and writes a file; done is told where it is.
func saveAs(s *shell, title, name string, data []byte, done func(path string)) {
	chooseSave(s, title, name, func(path string) {
		if err := writeOver(path, data); err != nil {
			s.fail(title, err)
			return
		}
		done(path)
	})
}
