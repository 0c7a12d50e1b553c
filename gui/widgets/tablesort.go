package widgets

import (
	"cmp"
	"strings"
)

// sortBy sorts by a column: up, then down, then as the rows were given.
func (tb *Table) sortBy(column int) {
	switch {
	case tb.sorted != column:
		tb.sorted, tb.down = column, false
	case !tb.down:
		tb.down = true
	default:
		tb.sorted, tb.down = -1, false
	}
	tb.anchor = -1
	tb.arrange()
}

// SortBy sorts by a column, from the smallest or the largest on; -1: as the rows were given.
func (tb *Table) SortBy(column int, down bool) {
	tb.sorted, tb.down, tb.anchor = column, down, -1
	tb.arrange()
}

func matches(row []Cell, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := strings.ToLower(rowLabel(row))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func compareCells(a, b []Cell, column int) int {
	key := func(row []Cell) string {
		if column >= len(row) {
			return ""
		}
		return cmp.Or(row[column].Order, row[column].Text)
	}
	return natural(strings.ToLower(key(a)), strings.ToLower(key(b)))
}

// natural compares as a person does: node-2 stands before node-10.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			na, nb := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if c := cmp.Or(cmp.Compare(len(na), len(nb)), strings.Compare(na, nb)); c != 0 {
				return c
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many of them a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
