package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
)

// sampled is how many rows say how wide a column wants to be.
const sampled = 200

// measure finds how wide the texts of each column are.
func (tb *Table) measure() {
	tb.natural = make([]float32, len(tb.columns))
	for i, c := range tb.columns {
		tb.natural[i] = measure(c.Title, fyne.TextStyle{Bold: true}) + 2*cellSide
	}
	for _, row := range tb.Rows[:min(len(tb.Rows), sampled)] {
		for i, c := range row {
			want := measure(c.Text, fyne.TextStyle{}) + 2*cellSide
			if c.Sign != NoSign {
				want += signRoom
			}
			tb.natural[i] = max(tb.natural[i], want)
		}
	}
}

// widths divides the width there is among the columns. Where it is enough for all texts, what
// is left goes by the columns' shares. Where it is not, the widest columns give way first: a
// date or an address is not cut for the sake of a long name.
func (tb *Table) widths(width float32) []float32 {
	got := slices.Clone(tb.natural)
	var total, shares float32
	for i, w := range got {
		total += w
		shares += tb.columns[i].Share
	}
	if total <= width {
		for i := range got {
			got[i] += (width - total) * tb.columns[i].Share / shares
		}
		return got
	}
	// The level below which columns stay whole: each that is narrower than its part leaves the
	// rest of it to the others.
	order := make([]int, len(got))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if tb.natural[a] < tb.natural[b] {
			return -1
		}
		return 1
	})
	left := width
	for n, i := range order {
		part := left / float32(len(order)-n)
		got[i] = min(tb.natural[i], part)
		left -= got[i]
	}
	return got
}

// rowHeight is the height of a row of a table that wraps.
func (tb *Table) rowHeight(cells []Cell, widths []float32) float32 {
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
