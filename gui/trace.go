//go:build trace

package gui

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
)

// A program built with the tag trace writes a line of JSON to the file that CTLCLIENT_TRACE
// names whenever what a screen reader would say has changed: the screen, what stands on it or
// in the dialog before it, the widget that has the focus and where it is. The journey in
// internal/journey reads it, so that it finds its way as a person does who uses the keyboard.
// The program that people get is built without the tag and has none of this.

// tracing has the toolkit complain about every widget that is touched from a wrong goroutine,
// which the journey fails on. Fyne decides it by the program's metadata as well as by its tag
// migrated_fynedo; by metadata, test and release are built from the same packages.
const tracing = true

// traceInterval is how often the window is looked at.
const traceInterval = 20 * time.Millisecond

type traceLine struct {
	Screen screenID   `json:"screen"`
	Dialog bool       `json:"dialog"` // Texts are a dialog's, not the screen's
	Texts  []string   `json:"texts"`
	Focus  *traceItem `json:"focus"`
	Busy   []string   `json:"busy"`
	Status string     `json:"status"`
	// Rows are those of tables that are in sight; Heads the titles of tables, as wide as their columns.
	Rows  []traceItem `json:"rows"`
	Heads []traceItem `json:"heads"`
	// Menu has the items of the menu that is open.
	Menu []traceItem `json:"menu"`
	// Pointer is where the toolkit takes the mouse to be, in pixels: it looks once a frame, and a
	// button that is pressed before is one pressed where the mouse was.
	Pointer [2]float32 `json:"pointer"`
	// Least is the width and height below which the window cannot be made.
	Least [2]float32 `json:"least"`
}

// traceItem is a widget; its place is in pixels of the window.
type traceItem struct {
	ID                  string // tells one widget from another wherever it moves
	Label               string
	Kind                string
	Text                string // of a field that is no secret; of a table which of its rows is chosen: "2 of 40"
	X, Y, Width, Height float32
}

// observe starts the trace where one is asked for.
func observe(s *shell) {
	name := os.Getenv("CTLCLIENT_TRACE")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, "trace:", err)
		return
	}
	o := &observer{s: s, out: json.NewEncoder(f)}
	s.tasks.wait.Add(1)
	go func() {
		defer s.tasks.wait.Done()
		tick := time.NewTicker(traceInterval)
		defer tick.Stop()
		for {
			select {
			case <-s.tasks.ctx.Done():
				return
			case <-tick.C:
				// On a slow machine a look takes longer than the time between two: they must not
				// queue up before what the program itself has to show.
				if o.asked.CompareAndSwap(false, true) {
					fyne.Do(func() {
						o.look()
						o.asked.Store(false)
					})
				}
			}
		}
	}()
}

type observer struct {
	asked atomic.Bool // to look, and has not yet
	s     *shell
	out   *json.Encoder
	last  traceLine
}

// look runs on the UI goroutine.
func (o *observer) look() {
	c := o.s.window.Canvas()
	line := traceLine{Screen: o.s.current, Status: o.s.status.text.Text, Texts: []string{}, Busy: []string{}}
	for _, t := range o.s.tasks.running() {
		line.Busy = append(line.Busy, t.what)
	}
	front := fyne.CanvasObject(o.s.body)
	if top := c.Overlays().Top(); top != nil {
		front, line.Dialog = top, true
	}
	collect(front, &line.Texts)
	line.Rows, line.Heads = rowsIn(front, c.Scale())
	least := c.Content().MinSize()
	line.Least = [2]float32{least.Width, least.Height}
	line.Pointer = o.pointer(c.Scale())
	if w, ok := c.Focused().(fyne.CanvasObject); ok && w != nil {
		line.Focus = traceOf(c, w)
		line.Menu = menuOf(c, w)
	}
	if reflect.DeepEqual(line, o.last) {
		return
	}
	o.last = line
	_ = o.out.Encode(line)
}

// pointer reads the place of the mouse from the toolkit's window, which keeps it to itself.
func (o *observer) pointer(scale float32) (at [2]float32) {
	f := reflect.Indirect(reflect.ValueOf(o.s.window)).FieldByName("mousePos")
	if f.IsValid() && f.Kind() == reflect.Struct {
		for i, name := range []string{"X", "Y"} {
			at[i] = float32(f.FieldByName(name).Float()) * scale
		}
	}
	return at
}

func traceOf(c fyne.Canvas, w fyne.CanvasObject) *traceItem {
	pos, size, scale := fyne.CurrentApp().Driver().AbsolutePositionForObject(w), w.Size(), c.Scale()
	item := &traceItem{ID: fmt.Sprintf("%p", w), Kind: fmt.Sprintf("%T", w),
		X: pos.X * scale, Y: pos.Y * scale, Width: size.Width * scale, Height: size.Height * scale}
	item.Label, item.Text = stringField(w, "PlaceHolder"), stringField(w, "Text")+stringField(w, "Selected")
	if isSecret(w) {
		item.Text = ""
	}
	if tb, ok := w.(*widgets.Table); ok {
		item.Text = fmt.Sprintf("%d of %d", slices.Index(tb.ShownRows(), tb.Selected)+1, tb.Shown())
	}
	if a, ok := w.(fyne.Accessible); ok {
		item.Label = a.AccessibilityLabel()
	}
	return item
}

// stringField is a field of a widget or of what is embedded in it, empty where there is none.
func stringField(w fyne.CanvasObject, name string) string {
	if f := reflect.Indirect(reflect.ValueOf(w)).FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
		return f.String()
	}
	return ""
}

func isSecret(w fyne.CanvasObject) bool {
	f := reflect.Indirect(reflect.ValueOf(w)).FieldByName("Password")
	return f.IsValid() && f.Kind() == reflect.Bool && f.Bool()
}

// collect gathers what a screen reader would say, in order.
func collect(o fyne.CanvasObject, texts *[]string) {
	if o == nil || !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			collect(child, texts)
		}
		return
	case *widgets.Table:
		collectRows(o, texts)
		return
	case *widgets.Panel:
		collect(o.Content, texts)
		return
	case *widgets.Notice:
		*texts = append(*texts, o.AccessibilityLabel())
		for _, below := range o.Below {
			collect(below, texts)
		}
		return
	case fyne.Accessible:
		*texts = append(*texts, o.AccessibilityLabel())
	}
	if text := stringField(o, "Text"); text != "" && !isSecret(o) {
		*texts = append(*texts, text)
	}
	// Scrolls, pop-ups and what the toolkit puts around them hold one object.
	if f := reflect.Indirect(reflect.ValueOf(o)).FieldByName("Content"); f.IsValid() && f.CanInterface() {
		if content, ok := f.Interface().(fyne.CanvasObject); ok {
			collect(content, texts)
		}
	}
}

// rowsIn is where the rows of tables are, and their titles.
func rowsIn(o fyne.CanvasObject, scale float32) (rows, heads []traceItem) {
	widgets.Each(o, func(o fyne.CanvasObject) {
		tb, ok := o.(*widgets.Table)
		if !ok {
			return
		}
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(tb)
		tb.EachInSight(func(label string, y, height float32) {
			rows = append(rows, traceItem{Label: label, Kind: "row", X: at.X * scale, Y: (at.Y + y) * scale,
				Width: tb.Size().Width * scale, Height: height * scale})
		})
		tb.EachTitle(func(title string, x, y, width, height float32) {
			heads = append(heads, traceItem{Label: title, Kind: "head", X: (at.X + x) * scale, Y: (at.Y + y) * scale,
				Width: width * scale, Height: height * scale})
		})
	})
	return rows, heads
}

// menuOf are the items of the menu that has the focus: of a pop-up with their places, of the menu
// bar, whose menus the toolkit shows to nobody, by their labels.
func menuOf(c fyne.Canvas, w fyne.CanvasObject) []traceItem {
	var items []traceItem
	if pop, ok := w.(*widget.PopUpMenu); ok {
		for _, o := range pop.Items {
			if f := reflect.Indirect(reflect.ValueOf(o)).FieldByName("Item"); f.IsValid() && f.CanInterface() {
				item := traceOf(c, o)
				item.Label = f.Interface().(*fyne.MenuItem).Label
				items = append(items, *item)
			}
		}
		return items
	}
	if f := reflect.Indirect(reflect.ValueOf(w)).FieldByName("Menu"); f.IsValid() && f.CanInterface() {
		if menu, ok := f.Interface().(*fyne.Menu); ok {
			for _, one := range menu.Items {
				if !one.IsSeparator {
					items = append(items, traceItem{Label: one.Label, Kind: "menu"})
				}
			}
		}
	}
	return items
}

func collectRows(tb *widgets.Table, texts *[]string) {
	*texts = append(*texts, strings.Split(tb.Text(), "\n")...)
}
