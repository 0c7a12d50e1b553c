package gui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"ctlclient/gui/widgets"
)

// menu has what the keyboard reaches from everywhere, each with its keys beside it.
func (s *shell) menu() *fyne.MainMenu {
	ctrl := func(key fyne.KeyName) *desktop.CustomShortcut {
		return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
	}
	s.shortcuts = map[string]func(){}
	// The toolkit draws the keys of a menu in a shade that hardly anybody can read; here they are
	// part of the text, and the window listens for them itself.
	item := func(key string, shortcut *desktop.CustomShortcut, do func()) *fyne.MenuItem {
		guarded := func() {
			if s.dialogs.Front() == nil { // a dialog is to be answered first
				do()
			}
		}
		label := t(key)
		if shortcut != nil {
			label += "    Ctrl+" + string(shortcut.KeyName)
			s.shortcuts[shortcut.ShortcutName()] = guarded
			s.window.Canvas().AddShortcut(shortcut, func(fyne.Shortcut) { guarded() })
		}
		return fyne.NewMenuItem(label, guarded)
	}
	widgets.WindowShortcut = func(sc fyne.Shortcut) bool {
		do, ok := s.shortcuts[sc.ShortcutName()]
		if ok {
			do()
		}
		return ok
	}
	clusters := func() *clustersScreen { return s.screen(screenClusters).(*clustersScreen) }
	quit := item("menu.quit", ctrl(fyne.KeyQ), s.closeWindow)
	quit.IsQuit = true
	file := fyne.NewMenu(t("menu.file"),
		item("menu.open", ctrl(fyne.KeyO), func() {
			s.open(screenInspect)
			s.inspect().openFile()
		}),
		item("menu.add", ctrl(fyne.KeyN), func() {
			s.open(screenClusters)
			clusters().add()
		}),
		fyne.NewMenuItemSeparator(), quit)
	view := fyne.NewMenu(t("menu.view"))
	for i, entry := range navItems {
		m := item(string(entry.id)+".nav", ctrl(fyne.KeyName(fmt.Sprint(i+1))), func() {
			if !entry.ofCluster || s.model.session != nil {
				s.open(entry.id)
			}
		})
		view.Items = append(view.Items, m)
	}
	again := item("menu.refresh", nil, s.refresh)
	again.Label += "    F5"
	view.Items = append(view.Items, fyne.NewMenuItemSeparator(), item("menu.find", ctrl(fyne.KeyF), s.find))
	view.Items = append(view.Items, fyne.NewMenuItemSeparator(), again)
	help := fyne.NewMenu(t("menu.help"),
		s.helpItem(),
		item("menu.glossary", nil, s.showGlossary),
		item("menu.keys", nil, s.showKeys),
		fyne.NewMenuItemSeparator(),
		item("menu.log", nil, s.showLog),
		item("menu.folder", nil, func() { s.openFolder(s.options.CrashDir) }),
		item("menu.about", nil, s.about))
	return fyne.NewMainMenu(file, view, help)
}

// helpItem explains the screen in front.
func (s *shell) helpItem() *fyne.MenuItem {
	return fyne.NewMenuItem(t("menu.help.screen")+"    F1", func() {
		if s.dialogs.Front() == nil {
			s.showHelp()
		}
	})
}

// find goes to the search of what is in front.
func (s *shell) find() {
	var found *widgets.Field
	widgets.Each(s.body, func(o fyne.CanvasObject) {
		if f, ok := o.(*widgets.Field); ok && found == nil && f.Searches() {
			found = f
		}
	})
	if found != nil {
		s.window.Canvas().Focus(found)
	}
}

// showKeys lists the keys.
func (s *shell) showKeys() {
	rows := [][]widgets.Cell{
		widgets.Cells("Ctrl+1 … Ctrl+7", t("keys.screens")),
		widgets.Cells("Ctrl+O", t("menu.open")),
		widgets.Cells("Ctrl+N", t("menu.add")),
		widgets.Cells("Ctrl+F", t("menu.find")),
		widgets.Cells("Ctrl+C, Ctrl+A", t("keys.copy")),
		widgets.Cells(t("keys.menu.keys"), t("keys.menu")),
		widgets.Cells("F1", t("menu.help.screen")),
		widgets.Cells("F5", t("menu.refresh")),
		widgets.Cells("Tab, Shift+Tab", t("keys.tab")),
		widgets.Cells(t("keys.arrows.keys"), t("keys.arrows")),
		widgets.Cells(t("keys.enter.keys"), t("keys.enter")),
		widgets.Cells("Esc", t("keys.escape")),
		widgets.Cells("Alt", t("keys.alt")),
	}
	tb := widgets.NewTable(widgets.Column{Title: t("keys.key"), Share: 200}, widgets.Column{Title: t("keys.does"), Share: 380})
	tb.Wrap = true
	tb.SetRows(rows)
	widgets.NewStatement(s.dialogs, t("menu.keys"), tb).Show()
}
