package widgets

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
)

// sampled is how many rows say how wide a column wants to be.
const sampled = 200

// leastColumn is the narrowest that a person can make a column.
const leastColumn = 40

// measure finds how wide the texts of each column are, and their longest words.
func (tb *Table) measure() {
	tb.natural, tb.least, tb.had = make([]float32, len(tb.Columns)), make([]float32, len(tb.Columns)), nil
	for i, c := range tb.Columns {
		tb.natural[i] = measure(c.Title, bold) + 2*cellSide + arrowRoom
	}
	for _, row := range tb.Rows[:min(len(tb.Rows), sampled)] {
		for i, c := range row {
			room := float32(2 * cellSide)
			if c.Sign != NoSign {
				room += signRoom
			}
			tb.natural[i] = max(tb.natural[i], measure(c.Text, fyne.TextStyle{})+room)
			if tb.Wrap {
				for _, word := range strings.Fields(c.Text) {
					tb.least[i] = max(tb.least[i], measure(word, fyne.TextStyle{})+room)
				}
			}
		}
	}
}

// setWidth is the person's choice for a column.
func (tb *Table) setWidth(column int, width float32) {
	tb.set[column] = max(width, leastColumn)
	tb.had = nil
	tb.Refresh()
	if tb.in != nil {
		tb.in.update()
	}
}

// widths divides the width there is among the columns. What the person chose holds. Where the
// rest is enough for all texts, what is left goes by the columns' shares. Where it is not, the
// widest columns give way first, as far as their longest words let them: a date or an address
// is not cut for the sake of a long name.
func (tb *Table) widths(width float32) []float32 {
	if tb.had != nil && tb.widthsFor == width {
		return tb.had
	}
	got := slices.Clone(tb.natural)
	var free []int
	left := width
	for i := range got {
		if w, ok := tb.set[i]; ok {
			got[i] = min(w, max(leastColumn, width-leastColumn*float32(len(got)-1)))
			left -= got[i]
			continue
		}
		free = append(free, i)
	}
	tb.divide(got, free, max(left, leastColumn*float32(len(free))))
	tb.widthsFor, tb.had, tb.heights = width, got, map[int]float32{}
	return got
}

// divide gives columns a width together.
func (tb *Table) divide(got []float32, columns []int, width float32) {
	var total, shares, least float32
	for _, i := range columns {
		total += got[i]
		shares += tb.Columns[i].Share
		least += tb.least[i]
	}
	if total <= width {
		for _, i := range columns {
			if shares > 0 {
				got[i] += (width - total) * tb.Columns[i].Share / shares
			}
		}
		return
	}
	// The level below which columns stay whole: each that is narrower than its part leaves the
	// rest of it to the others. What the longest words need is taken out before.
	floor := func(i int) float32 {
		if least <= width {
			return tb.least[i]
		}
		return 0
	}
	want := func(i int) float32 { return tb.natural[i] - floor(i) }
	left := width
	for _, i := range columns {
		left -= floor(i)
	}
	order := slices.Clone(columns)
	slices.SortFunc(order, func(a, b int) int {
		if want(a) < want(b) {
			return -1
		}
		return 1
	})
	for n, i := range order {
		part := min(want(i), left/float32(len(order)-n))
		got[i] = floor(i) + part
		left -= part
	}
}

// rowHeight is the height of a row of a table that wraps, measured once for a width.
func (tb *Table) rowHeight(row int, width float32) float32 {
	widths := tb.widths(width)
	if h, ok := tb.heights[row]; ok {
		return h
	}
	h := tb.measureRow(tb.Rows[row], widths)
	tb.heights[row] = h
	return h
}

func (tb *Table) measureRow(cells []Cell, widths []float32) float32 {
	lines := 1
	for i, c := range cells {
		w := widths[i] - cellSide
		if c.Sign != NoSign {
			w -= signRoom
		}
		lines = max(lines, len(breakText(c.Text, w, fyne.TextStyle{})))
	}
	return float32(lines)*textHeight() + 2*cellTop
}
