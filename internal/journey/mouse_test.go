//go:build !nogui && linux

package journey

import (
	"strconv"
	"strings"
)

// The person's mouse.

// clickRow clicks the n-th row in sight that begins with start: that row is chosen, and no row
// has moved.
func (p *desktop) clickRow(start string, n int) {
	p.t.Helper()
	find := func(s state) *item {
		left := n
		for _, row := range s.Rows {
			if strings.HasPrefix(row.Label, start) {
				if left == 0 {
					return &row
				}
				left--
			}
		}
		return nil
	}
	row := *find(p.until("the row "+start, func(s state) bool { return find(s) != nil }))
	p.clickAt(row)
	p.until("the choice of "+row.Label, func(s state) bool {
		return s.Focus != nil && strings.HasSuffix(s.Focus.Label, ": "+row.Label)
	})
	if now := find(p.now()); now == nil || *now != row {
		p.fail("the click moved the row %v to %v", row, now)
	}
}

// clickAt clicks the middle of an item.
func (p *desktop) clickAt(f item) {
	p.t.Helper()
	p.pointAt(f.X+f.Width/2, f.Y+f.Height/2)
	p.d.Xdo(p.t, "click", "1")
}

// pointAt moves the mouse, and waits until the window knows.
func (p *desktop) pointAt(x, y float32) {
	p.t.Helper()
	p.d.Xdo(p.t, "mousemove", pixels(x), pixels(y))
	p.until("the mouse", func(s state) bool { return near(s.Pointer[0], x) && near(s.Pointer[1], y) })
}

// near allows for the pixel that a scale rounds.
func near(a, b float32) bool { return a-b < 2 && b-a < 2 }

func pixels(v float32) string { return strconv.Itoa(int(v)) }
