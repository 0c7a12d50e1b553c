package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// TypedShortcut copies the rows that are marked, and marks all.
func (tb *Table) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutCopy:
		if text := tb.copied(); text != "" {
			fyne.CurrentApp().Clipboard().SetContent(text)
		}
	case *fyne.ShortcutSelectAll:
		if len(tb.order) > 0 {
			tb.Choose(tb.order[len(tb.order)-1])
			tb.anchor = 0
			tb.Refresh()
		}
	default:
		ofWindow(s)
	}
}

// copied is what Ctrl+C takes: the cell that the arrows stand on, else the rows marked, a line
// each with a tab between the cells, as spreadsheets take it.
func (tb *Table) copied() string {
	from, to := tb.marked()
	switch {
	case from < 0:
		return ""
	case from == to && tb.column >= 0:
		return tb.cellText(tb.order[from], tb.column)
	}
	return tb.lines(tb.order[from : to+1])
}

func (tb *Table) cellText(row, column int) string {
	if cells := tb.Rows[row]; column < len(cells) {
		return cells[column].Text
	}
	return ""
}

func (tb *Table) lines(rows []int) string {
	var lines []string
	for _, row := range rows {
		texts := make([]string, len(tb.Rows[row]))
		for i, c := range tb.Rows[row] {
			texts[i] = strings.Join(strings.Fields(c.Text), " ")
		}
		lines = append(lines, strings.Join(texts, "\t"))
	}
	return strings.Join(lines, "\n")
}

// whole is the table with its titles.
func (tb *Table) whole() string {
	titles := make([]string, len(tb.Columns))
	for i, c := range tb.Columns {
		titles[i] = c.Title
	}
	return strings.Join(titles, "\t") + "\n" + tb.lines(tb.order)
}

// menu is what can be done with a cell, and with the table.
func (tb *Table) menu(column int) *fyne.Menu {
	put := func(text func() string) func() {
		return func() { fyne.CurrentApp().Clipboard().SetContent(text()) }
	}
	m := fyne.NewMenu("")
	if from, to := tb.marked(); from >= 0 {
		row := tb.Selected
		if column >= 0 {
			m.Items = append(m.Items, fyne.NewMenuItem(Words.CopyCell, put(func() string { return tb.cellText(row, column) })))
		}
		m.Items = append(m.Items, fyne.NewMenuItem(Words.CopyRows, put(func() string { return tb.lines(tb.order[from : to+1]) })))
	}
	m.Items = append(m.Items, fyne.NewMenuItem(Words.CopyTable, put(tb.whole)))
	if column >= 0 {
		widen := func(by float32) func() {
			return func() { tb.setWidth(column, tb.had[column]+by) }
		}
		m.Items = append(m.Items, fyne.NewMenuItemSeparator(),
			fyne.NewMenuItem(Words.SortUp, func() { tb.SortBy(column, false) }),
			fyne.NewMenuItem(Words.SortDown, func() { tb.SortBy(column, true) }),
			fyne.NewMenuItem(Words.SortOff, func() { tb.SortBy(-1, false) }),
			fyne.NewMenuItemSeparator(),
			fyne.NewMenuItem(Words.Wider, widen(60)), fyne.NewMenuItem(Words.Narrower, widen(-60)))
	}
	m.Items = append(m.Items, fyne.NewMenuItem(Words.Widths, func() {
		clear(tb.set)
		tb.had = nil
		tb.Refresh()
	}))
	return m
}

// showMenu opens the menu at a place of the window.
func (tb *Table) showMenu(column int, at fyne.Position) {
	if c := canvasOf(tb); c != nil {
		HideTip()
		pop := widget.NewPopUpMenu(tb.menu(column), c)
		pop.ShowAtPosition(at)
	}
}

// keyMenu opens the menu below the row chosen.
func (tb *Table) keyMenu() {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(tb)
	y := lineHeight()
	if place := tb.place(tb.Selected); place >= 0 {
		top, h := tb.rowTop(place)
		y = top + h
	}
	x := float32(cellSide)
	for i := 0; i < tb.column && i < len(tb.had); i++ {
		x += tb.had[i]
	}
	tb.showMenu(tb.column, at.AddXY(x, y))
}
