package widgets

// Words are the few texts that the widgets say of themselves. A program in another language
// puts its own here before it makes the first widget.
var Words = Texts{
	Close: "Close", Copy: "Copy", Copied: "Copied",
	Good: "Good", Info: "Note", Warning: "Warning", Danger: "Danger", Stop: "Stopped",
	Added: "will be added", Removed: "will be removed", Changed: "will change",
	CopyCell: "Copy Cell", CopyRows: "Copy Rows", CopyTable: "Copy Whole Table",
	SortUp: "Sort Ascending", SortDown: "Sort Descending", SortOff: "Original Order",
	Wider: "Wider Column", Narrower: "Narrower Column", Widths: "Automatic Widths",
	Search: "Search", Found: "{found} of {all}",
}

// Texts are what Words holds.
type Texts struct {
	Close, Copy, Copied               string
	Good, Info, Warning, Danger, Stop string // how serious a notice is
	Added, Removed, Changed           string // what happens to a row
	CopyCell, CopyRows, CopyTable     string // the menu of a table
	SortUp, SortDown, SortOff         string
	Wider, Narrower, Widths           string
	Search                            string
	Found                             string // with {found} and {all}
}
