package widgets

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// bench is a table of many rows in a window that shows a few of them.
type tableBench struct {
	*testing.T
	w     fyne.Window
	tb    *Table
	in    *Scroller
	split *Split
	told  []int
}

func newTableBench(t *testing.T, rows int) *tableBench {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewTheme())
	b := &tableBench{T: t, w: test.NewTempWindow(t, canvas.NewRectangle(nil))}
	b.tb = NewChooser(func(row int) { b.told = append(b.told, row) }, Column{"Name", 1}, Column{"Number", 1})
	var cells [][]Cell
	for i := range rows {
		cells = append(cells, Cells(fmt.Sprintf("node-%d", i), fmt.Sprint(1000-i)))
	}
	b.tb.SetRows(cells)
	b.split = NewSplit(b.tb)
	b.in = b.split.List
	content, drop := WithTips(b.split.Object)
	t.Cleanup(drop)
	b.w.SetContent(content)
	b.w.SetPadded(false)
	b.w.Resize(fyne.NewSize(500, 400))
	return b
}

// rowAt is the name of the row that is drawn at a height of the window.
func (b *tableBench) rowAt(y float32) string {
	for _, o := range test.LaidOutObjects(b.w.Content()) {
		if r, ok := o.(*tableRow); ok && r.Visible() {
			top := r.Position().Y - b.in.Scroll.Offset.Y
			if y >= top && y < top+r.Size().Height {
				return r.cells()[0].Text
			}
		}
	}
	return ""
}

func (b *tableBench) selected() string {
	if b.tb.Selected < 0 {
		return ""
	}
	return b.tb.Rows[b.tb.Selected][0].Text
}

// A click selects the row below the pointer and moves nothing, wherever the table stands, also
// when another row was chosen before and the table has had the focus or not.
func TestClickMovesNothing(t *testing.T) {
	b := newTableBench(t, 200)
	for _, offset := range []float32{0, 700, 3000, 50} {
		for _, y := range []float32{60, 200, 390} {
			b.w.Canvas().Unfocus()
			b.in.To(offset)
			before, want := b.in.Scroll.Offset.Y, b.rowAt(y)
			test.TapCanvas(b.w.Canvas(), fyne.NewPos(50, y))
			if got := b.selected(); got != want || want == "" {
				t.Errorf("offset %v, height %v: %q was below the pointer, %q is selected", offset, y, want, got)
			}
			if b.in.Scroll.Offset.Y != before || b.rowAt(y) != want {
				t.Errorf("offset %v, height %v: the table moved from %v to %v", offset, y, before, b.in.Scroll.Offset.Y)
			}
		}
	}
}

// The details that a click shows never cover the row that it chose.
func TestDetailsDoNotCoverTheSelection(t *testing.T) {
	b := newTableBench(t, 200)
	b.tb.OnSelect = func(int) {
		b.split.Show(b.tb, container.NewVBox(NewNotice(InfoNotice, strings.Repeat("a long text ", 200))))
	}
	for _, y := range []float32{60, 200, 385} {
		b.split.Show(nil)
		b.in.To(1000)
		want := b.rowAt(y)
		test.TapCanvas(b.w.Canvas(), fyne.NewPos(50, y))
		if b.selected() != want {
			t.Fatalf("%q is selected, not %q", b.selected(), want)
		}
		seen := ""
		for at := lineHeight() + 2; at < b.in.Scroll.Size().Height; at += 5 {
			if b.rowAt(at) == want {
				seen = want
			}
		}
		if seen != want {
			t.Errorf("%q was clicked at %v and cannot be seen", want, y)
		}
	}
}

// The focus by itself selects nothing; the keyboard brings what it selects into sight, below
// the titles, which stay.
func TestKeyboardInTable(t *testing.T) {
	b := newTableBench(t, 200)
	b.w.Canvas().Focus(b.tb)
	if b.tb.Selected != -1 || len(b.told) != 0 {
		t.Errorf("the focus selected %d", b.tb.Selected)
	}
	for _, k := range []struct {
		key  fyne.KeyName
		want int
	}{{fyne.KeyDown, 0}, {fyne.KeyDown, 1}, {fyne.KeyEnd, 199}, {fyne.KeyUp, 198}, {fyne.KeyHome, 0}, {fyne.KeyUp, 0}} {
		b.tb.TypedKey(&fyne.KeyEvent{Name: k.key})
		if b.tb.Selected != k.want {
			t.Errorf("%s: %d is selected, not %d", k.key, b.tb.Selected, k.want)
		}
		y, _ := b.tb.rowTop(k.want)
		if y < b.in.Scroll.Offset.Y+lineHeight()-1 || y > b.in.Scroll.Offset.Y+400 {
			t.Errorf("%s: row %d at %v is out of sight from %v", k.key, k.want, y, b.in.Scroll.Offset.Y)
		}
	}
	b.in.To(2000)
	head := false
	for _, o := range test.LaidOutObjects(b.w.Content()) {
		if h, ok := o.(*tableHead); ok {
			head = h.Position().Y == b.in.Scroll.Offset.Y
		}
	}
	if !head {
		t.Error("the titles do not stay in sight")
	}
}

// A table is sorted by its columns as a person sorts, searched by words, and the numbers of the
// rows stay those of the caller.
func TestSortAndSearch(t *testing.T) {
	b := newTableBench(t, 30)
	f := NewFinder(b.tb)
	b.tb.SortBy(1, false)
	if got := b.tb.ShownRows()[0]; got != 29 {
		t.Errorf("the smallest number is of row %d", got)
	}
	b.tb.SortBy(0, true)
	if got := b.tb.ShownRows()[0]; got != 29 {
		t.Errorf("node-29 is not the last by name: %v", b.tb.ShownRows())
	}
	b.tb.SortBy(0, false)
	if got := b.tb.ShownRows(); got[2] != 2 || got[10] != 10 {
		t.Errorf("node-2 and node-10: %v", got)
	}
	b.tb.Choose(7)
	f.Field.SetText("NODE-2 98")
	if got := b.tb.ShownRows(); len(got) != 2 || got[0] != 2 {
		t.Errorf("the search leaves %v", got) // node-2 998, node-20 980
	}
	if b.tb.Selected != -1 || b.told[len(b.told)-1] != -1 {
		t.Error("a row that cannot be seen is still chosen")
	}
	f.Clear()
	if b.tb.Shown() != 30 {
		t.Errorf("%d rows without a search", b.tb.Shown())
	}
}

// Every other column of a table in which nothing is chosen can be reached, sorted and copied.
func TestCopy(t *testing.T) {
	b := newTableBench(t, 30)
	clip := fyne.CurrentApp().Clipboard()
	put := func() string {
		b.tb.TypedShortcut(&fyne.ShortcutCopy{Clipboard: clip})
		return clip.Content()
	}
	b.tb.Choose(3)
	if got := put(); got != "node-3\t997" {
		t.Errorf("a row: %q", got)
	}
	b.tb.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	b.tb.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	if got := put(); got != "997" {
		t.Errorf("a cell: %q", got)
	}
	b.tb.TypedShortcut(&fyne.ShortcutSelectAll{})
	if got := put(); strings.Count(got, "\n") != 29 || !strings.HasPrefix(got, "node-0\t1000\n") {
		t.Errorf("all: %q", got)
	}
	if got := b.tb.whole(); !strings.HasPrefix(got, "Name\tNumber\nnode-0\t") {
		t.Errorf("the whole table: %.60q", got)
	}
	for _, item := range b.tb.menu(1).Items {
		if item.Label == Words.CopyCell {
			item.Action()
		}
	}
	if got := clip.Content(); got != "971" { // of the row chosen, the last of all
		t.Errorf("the menu copied %q", got)
	}
}

// A value that does not fit its column is whole in a tip while the pointer is on it.
func TestCutValueIsWholeInATip(t *testing.T) {
	b := newTableBench(t, 1)
	long := strings.Repeat("0123456789abcdef", 20)
	b.tb.SetRows([][]Cell{Cells("short", long)})
	var row *tableRow
	for _, o := range test.LaidOutObjects(b.w.Content()) {
		if r, ok := o.(*tableRow); ok {
			row = r
		}
	}
	at := func(x float32) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 5), AbsolutePosition: fyne.NewPos(x, 40)}}
	}
	row.MouseIn(at(400))
	if shownTip() != long {
		t.Errorf("the tip is %q", shownTip())
	}
	row.MouseMoved(at(5))
	if shownTip() != "" {
		t.Errorf("a value that is whole has the tip %q", shownTip())
	}
	row.MouseMoved(at(400))
	row.MouseOut()
	if shownTip() != "" {
		t.Error("the tip stays")
	}
	// The pointer rests while the rows go on.
	finder := NewFinder(b.tb)
	for name, moves := range map[string]func(){
		"a key":    func() { b.tb.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown}) },
		"a search": func() { finder.Field.OnChanged("short") },
		"a scroll": func() { b.in.To(0) },
		"a wheel":  func() { b.in.Scroll.OnScrolled(fyne.Position{}) },
		"new rows": func() { b.tb.SetRows([][]Cell{Cells("short", long)}) },
	} {
		row.MouseMoved(at(400))
		if shownTip() != long {
			t.Fatalf("before %s the tip is %q", name, shownTip())
		}
		if moves(); shownTip() != "" {
			t.Errorf("the tip stays after %s", name)
		}
	}
}

// The edge between two columns is dragged; the table keeps its width.
func TestResizeColumns(t *testing.T) {
	b := newTableBench(t, 3)
	var head *tableHead
	for _, o := range test.LaidOutObjects(b.w.Content()) {
		if h, ok := o.(*tableHead); ok {
			head = h
		}
	}
	before := b.tb.widths(head.Size().Width)[0]
	head.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(before+30, 5)}, Dragged: fyne.NewDelta(30, 0)})
	head.DragEnd()
	after := b.tb.widths(head.Size().Width)
	if after[0] != before+30 {
		t.Errorf("the column is %v wide, was %v", after[0], before)
	}
	if sum := after[0] + after[1]; sum > head.Size().Width+1 {
		t.Errorf("the columns are %v wide in %v", sum, head.Size().Width)
	}
}

// Names do not break within a word.
func TestNamesDoNotBreakWithinAWord(t *testing.T) {
	test.NewTempApp(t)
	style := fyne.TextStyle{}
	for _, text := range []string{"ITLRECOVERY_cucm-publisher.voice.example.org", "Administrator", "SEP0011215A1AE3 (7940)"} {
		for width := float32(40); width < 300; width += 20 {
			joined := ""
			for _, line := range breakText(text, width, style) {
				if cut := strings.TrimSuffix(line, "…"); cut != line {
					joined = ""
					break // it is cut, and whole in a tip
				}
				if joined != "" && !strings.ContainsAny(joined[len(joined)-1:], "-._ ") && !strings.HasPrefix(text[len(joined):], " ") {
					t.Errorf("%q breaks before %q at %v", text, line, width)
				}
				if strings.HasPrefix(text[len(joined):], " ") {
					joined += " "
				}
				joined += line
			}
		}
	}
}

// The ring around a text is drawn over what is in sight of it, when it has the focus and only then.
func TestViewerRing(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewTheme())
	v := NewViewer(3)
	v.SetText(strings.Repeat("a line\n", 100))
	w := test.NewTempWindow(t, v.Object)
	w.Resize(fyne.NewSize(400, 200))
	drawn := func() bool {
		for _, o := range test.LaidOutObjects(v.Object) {
			if r, ok := o.(*canvas.Rectangle); ok && r.StrokeWidth == ringWidth && r.Visible() && r.Size().Height == v.Scroll.Size().Height {
				return true
			}
		}
		return false
	}
	if drawn() {
		t.Error("a ring without the focus")
	}
	w.Canvas().Focus(v.Text)
	if !drawn() {
		t.Error("no ring")
	}
	w.Canvas().Unfocus()
	if drawn() {
		t.Error("the ring stays")
	}
}
