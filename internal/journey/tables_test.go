//go:build !nogui && linux

package journey

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/cluster/site"
)

// What hands do with a table: search it, go away and come back, drag the edge of a column, sort,
// mark rows, and carry them elsewhere.

// sites is how many clusters are in the list: more than fit the window.
const sites = 40

// keepSites writes a profile of each.
func keepSites(t *testing.T, home string) {
	t.Helper()
	for n := range sites {
		name := fmt.Sprintf("site-%02d", n+1)
		p := site.Profile{Name: name, User: "admin", PasswordSource: "prompt", Nodes: []site.Node{
			{Name: "pub-" + name, Role: site.RolePublisher, Address: fmt.Sprintf("192.0.2.%d", n+1), Transport: site.TransportCTLP}}}
		if err := p.Save(filepath.Join(home, "config", "ctlclient", name+".toml")); err != nil {
			t.Fatal(err)
		}
	}
}

// top is the first row in sight.
func (s state) top() string {
	if len(s.Rows) == 0 {
		return ""
	}
	return s.Rows[0].Label
}

// shows reports that a table has a row, also one that is out of sight.
func (s state) shows(start string) bool {
	for _, text := range s.Texts {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// at reports that the table with the focus stands on a row that begins with start.
func (s state) at(start string) bool {
	return s.Focus != nil && s.Focus.Kind == tableKind && strings.Contains(s.Focus.Label, ": "+start)
}

// searching finds one of many rows, goes to it, and shows all again.
func (r *rehearsal) searching() {
	r.until("the list", func(s state) bool { return s.Screen == "clusters" && s.shows("site-01") && len(s.Busy) == 0 })
	all := func(s state) bool { return s.shows("site-01") && s.shows(fmt.Sprintf("site-%02d", sites)) }
	found := func(s state) bool { return s.shows("site-29") && !s.shows("site-01") && !s.shows("site-30") }
	for _, back := range []string{"from the table", "from the field"} {
		r.key("ctrl+f")
		r.until("the search", func(s state) bool { return s.Focus != nil && s.Focus.Label == r.text("table.search") })
		r.write("SITE 29")
		r.until("what was found", found)
		if back == "from the table" {
			r.key("Return")
			r.until("the table", func(s state) bool { return s.Focus != nil && s.Focus.Kind == tableKind })
			r.key("Down")
			r.until("the row found", func(s state) bool { return s.at("site-29") })
		}
		r.key("Escape")
		s := r.until("all rows "+back, all)
		if s.Dialog || s.Screen != "clusters" {
			r.fail("Escape did more than end the search")
		}
	}
}

// reopening leaves a list that was scrolled: it is at its top when one comes back.
func (r *rehearsal) reopening() {
	r.row("site-03", 0)
	row := r.now().Rows[0]
	r.pointAt(row.X+row.Width/2, row.Y+row.Height/2)
	r.d.Xdo(r.t, "click", "--repeat", "40", "5")
	r.until("the end of the list", func(s state) bool { return s.top() > "site-10" })
	r.key("ctrl+4")
	r.onScreen("tokens")
	r.key("ctrl+1")
	r.onScreen("clusters")
	r.until("the list at its top, with the same row chosen", func(s state) bool {
		return strings.HasPrefix(s.top(), "site-01") && s.at("site-03")
	})
}

// resizing drags the edge of a column, and gives it back to the program.
func (r *rehearsal) resizing() {
	const by = 70
	before := r.until("the titles", func(s state) bool { return len(s.Heads) > 1 }).Heads
	edge, y := before[1].X, before[0].Y+before[0].Height/2
	r.pointAt(edge, y)
	r.d.Xdo(r.t, "mousedown", "1")
	r.pointAt(edge+by/2, y)
	r.pointAt(edge+by, y)
	r.until("a wider column", func(s state) bool { return near(s.Heads[0].Width, before[0].Width+by) && near(s.Heads[1].X, edge+by) })
	r.d.Xdo(r.t, "mouseup", "1")
	r.context(r.now().Heads[1], "table.widths")
	s := r.until("the columns as they were", func(s state) bool { return near(s.Heads[0].Width, before[0].Width) })
	if !strings.HasPrefix(s.top(), "cucm-pub") {
		r.fail("the drag sorted the table")
	}
}

// context opens the menu of what is below the pointer, and takes an item of it.
func (p *desktop) context(at item, key string) {
	p.t.Helper()
	p.pointAt(at.X+at.Width/2, at.Y+at.Height/2)
	p.d.Xdo(p.t, "click", "3")
	p.choose(key)
}

// choose takes an item of the menu that opens, by mouse.
func (p *desktop) choose(key string) { p.t.Helper(); p.chooseText(p.text(key)) }

func (p *desktop) chooseText(label string) {
	p.t.Helper()
	find := func(s state) *item {
		for _, it := range s.Menu {
			if it.Label == label {
				return &it
			}
		}
		return nil
	}
	p.clickAt(*find(p.until("the menu with "+label, func(s state) bool { return find(s) != nil })))
	p.until("no menu", func(s state) bool { return len(s.Menu) == 0 })
}

// sorting clicks a title twice.
func (r *rehearsal) sorting() {
	s := r.until("the nodes", func(s state) bool { return strings.HasPrefix(s.top(), "cucm-pub") && len(s.Heads) > 0 })
	title := s.Heads[0]
	r.clickAt(title)
	r.clickAt(title)
	r.until("the nodes the other way round", func(s state) bool { return strings.HasPrefix(s.top(), "tftp-1") })
	r.clickAt(title)
	r.until("the nodes as they were", func(s state) bool { return strings.HasPrefix(s.top(), "cucm-pub") })
}

// copied waits until the display's clipboard has lines that begin so, and no others.
func (r *rehearsal) copied(what string, starts ...string) {
	r.t.Helper()
	r.until(what+" in the clipboard", func(state) bool {
		lines := strings.Split(r.d.Clipboard(r.t), "\n")
		if len(lines) != len(starts) {
			return false
		}
		for n, line := range lines {
			if !strings.HasPrefix(line, starts[n]) {
				return false
			}
		}
		return true
	})
}

// marking takes several rows along, by keyboard, by mouse, and by the menu of the table.
func (r *rehearsal) marking() {
	r.row("cucm-pub", 0)
	r.key("shift+Down")
	r.until("the second row", func(s state) bool { return s.at("cucm-sub1") })
	r.key("ctrl+c")
	r.copied("two rows", "cucm-pub\t", "cucm-sub1\t")

	r.clickRow("cucm-sub1", 0)
	r.d.Xdo(r.t, "keydown", "shift")
	r.clickRow("tftp-1", 0)
	r.d.Xdo(r.t, "keyup", "shift")
	r.key("ctrl+c")
	r.copied("the two below", "cucm-sub1\t", "tftp-1\t")
	r.key("ctrl+a")
	r.key("ctrl+c")
	r.copied("all rows", "cucm-pub\t", "cucm-sub1\t", "tftp-1\t")

	rows := r.now().Rows
	r.clickAt(rows[1])
	cell := rows[0]
	cell.Width = 60 // of the first column
	r.context(cell, "table.copy-cell")
	r.copied("the cell below the pointer", "cucm-pub")
	r.context(cell, "table.copy-all")
	r.copied("the table with its titles", r.text("overview.node")+"\t", "cucm-pub\t", "cucm-sub1\t", "tftp-1\t")
}

// copying takes a row along to another screen.
func (r *rehearsal) copying() {
	r.row("cucm-sub1", 0)
	r.key("ctrl+c")
	r.press("inspect.nav")
	r.onScreen("inspect")
	r.focus("tftp://192.0.2.10/CTLFile.tlv")
	r.key("ctrl+v")
	r.until("what was copied", func(s state) bool { return s.Focus != nil && strings.Contains(s.Focus.Text, "cucm-sub1") })
}
