package gui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"ctlclient/gui/widgets"
)

// menu has what the keyboard reaches from everywhere, each with its keys beside it.
func (s *shell) menu() *fyne.MainMenu {
	ctrl := func(key fyne.KeyName) fyne.Shortcut {
		return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
	}
	item := func(key string, shortcut fyne.Shortcut, do func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(t(key), func() {
			if s.dialogs.Front() == nil { // a dialog is to be answered first
				do()
			}
		})
		m.Shortcut = shortcut
		return m
	}
	clusters := func() *clustersScreen { return s.screens[screenClusters].(*clustersScreen) }
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
	again.Shortcut = &desktop.CustomShortcut{KeyName: fyne.KeyF5}
	view.Items = append(view.Items, fyne.NewMenuItemSeparator(), again)
	help := fyne.NewMenu(t("menu.help"),
		item("menu.keys", nil, s.showKeys),
		item("menu.about", nil, s.about))
	return fyne.NewMainMenu(file, view, help)
}

// showKeys lists the keys.
func (s *shell) showKeys() {
	rows := [][]widgets.Cell{
		widgets.Cells("Ctrl+1 … Ctrl+6", t("keys.screens")),
		widgets.Cells("Ctrl+O", t("menu.open")),
		widgets.Cells("Ctrl+N", t("menu.add")),
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

func (s *shell) about() {
	widgets.NewStatement(s.dialogs, t("app.title"), container.NewVBox(
		widgets.Flush(widgets.Wrapped(t("about.text"))),
		widgets.Facts(t("about.version"), s.options.Version, t("about.crashes"), s.options.CrashDir))).Show()
}
