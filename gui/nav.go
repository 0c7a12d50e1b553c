package gui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
)

// navigation is the list of screens at the left, and below it the cluster that is open.
type navigation struct {
	object  fyne.CanvasObject
	items   *fyne.Container
	buttons map[screenID]*widgets.Button
	cluster *fyne.Container
	width   *canvas.Rectangle
	signs   bool // the list is one of signs alone
}

// The width of the list of screens; a long name of a cluster breaks into lines. Where the window
// is narrow or low, as it is on a screen that makes everything twice as large, the list is one of
// signs alone, and its names are tooltips.
const (
	navWidth  = 176
	signWidth = 36
	narrow    = 760 // of the window
	low       = 470
)

// navRoom is left around the list.
const navRoom = 10

// navItem is an entry of the list; the digit that brings it to the front with Ctrl is its
// place in the list.
type navItem struct {
	id        screenID
	icon      func() fyne.Resource
	ofCluster bool // needs a cluster
}

var navItems = []navItem{
	{screenClusters, theme.HomeIcon, false},
	{screenOverview, theme.VisibilityIcon, true},
	{screenAction, theme.SettingsIcon, true},
	{screenTokens, theme.LoginIcon, false},
	{screenInspect, theme.SearchIcon, false},
	{screenHistory, theme.HistoryIcon, false},
	{screenAdvise, theme.QuestionIcon, true},
}

// navOf says under which entry a screen of a job stands.
func navOf(id screenID) screenID {
	switch id {
	case screenEntries, screenReview, screenDistribute, screenResult:
		return screenAction
	}
	return id
}

func newNavigation(open func(screenID)) *navigation {
	n := &navigation{buttons: map[screenID]*widgets.Button{}, cluster: container.NewVBox(), items: container.NewVBox(), width: canvas.NewRectangle(color.Transparent)}
	for _, item := range navItems {
		b := widgets.NewButton(t(string(item.id)+".nav"), item.icon(), func() { open(item.id) })
		b.Alignment = widget.ButtonAlignLeading
		b.Importance = widget.LowImportance
		n.buttons[item.id] = b
		n.items.Add(b)
	}
	n.width.SetMinSize(fyne.NewSize(navWidth, 0))
	n.object = widgets.NewPanel(widgets.Border(nil, nil, nil, widget.NewSeparator(),
		container.New(layout.NewCustomPaddedLayout(navRoom, navRoom, navRoom, navRoom),
			widgets.Border(n.width, n.cluster, nil, nil, n.items))))
	return n
}

// fit is told the size of the window.
func (n *navigation) fit(size fyne.Size) {
	signs := size.Width < narrow || size.Height < low
	if signs == n.signs {
		return
	}
	n.signs = signs
	for _, item := range navItems {
		b, name := n.buttons[item.id], t(string(item.id)+".nav")
		b.Text, b.Label, b.Alignment = name, "", widget.ButtonAlignLeading
		if signs {
			b.Text, b.Label, b.Alignment = "", name, widget.ButtonAlignCenter
		}
		b.Refresh()
	}
	width := float32(navWidth)
	if signs {
		width = signWidth
	}
	n.width.SetMinSize(fyne.NewSize(width, 0))
	widgets.Visible(n.cluster, !signs)
	n.object.Refresh()
}

// least is the room that a list of signs takes.
func (n *navigation) least() fyne.Size {
	return fyne.NewSize(signWidth+2*navRoom+theme.SeparatorThicknessSize(), n.items.MinSize().Height+2*navRoom)
}

// show marks the screen in front and names the cluster; name is "" where none is open.
func (n *navigation) show(id screenID, name string, practice bool) {
	id = navOf(id)
	for _, item := range navItems {
		b := n.buttons[item.id]
		importance := widget.LowImportance
		if item.id == id {
			importance = widget.HighImportance
		}
		if b.Importance != importance {
			b.Importance = importance
			b.Refresh()
		}
		widgets.SetEnabled(b, name != "" || !item.ofCluster)
	}
	n.cluster.RemoveAll()
	n.cluster.Add(widget.NewSeparator())
	caption := widget.NewLabel(t("nav.cluster"))
	caption.SizeName, caption.Importance = theme.SizeNameCaptionText, widget.LowImportance
	who := widgets.Wrapped(name)
	who.TextStyle.Bold = true
	if name == "" {
		who.SetText(t("nav.no-cluster"))
		who.TextStyle.Bold, who.Importance = false, widget.LowImportance
	}
	n.cluster.Add(container.NewVBox(widgets.Dense(caption), widgets.Dense(who)))
	if practice {
		n.cluster.Add(widgets.Badge(t("clusters.practice")))
	}
	n.cluster.Refresh()
}
