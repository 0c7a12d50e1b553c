package gui

import (
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
	buttons map[screenID]*widgets.Button
	cluster *fyne.Container
}

// navWidth is that of the list of screens; a long name of a cluster breaks into lines.
const navWidth = 176

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
	n := &navigation{buttons: map[screenID]*widgets.Button{}, cluster: container.NewVBox()}
	items := container.NewVBox()
	for _, item := range navItems {
		b := widgets.NewButton(t(string(item.id)+".nav"), item.icon(), func() { open(item.id) })
		b.Alignment = widget.ButtonAlignLeading
		b.Importance = widget.LowImportance
		n.buttons[item.id] = b
		items.Add(b)
	}
	width := canvas.NewRectangle(nil)
	width.SetMinSize(fyne.NewSize(navWidth, 0))
	n.object = widgets.NewPanel(widgets.Border(nil, nil, nil, widget.NewSeparator(),
		container.New(layout.NewCustomPaddedLayout(10, 10, 10, 10),
			widgets.Border(width, n.cluster, nil, nil, items))))
	return n
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
