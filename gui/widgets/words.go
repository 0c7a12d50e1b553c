package widgets

// Words are the few texts that the widgets say of themselves. A program in another language
// puts its own here before it makes the first widget.
var Words = Texts{
	Close: "Close", Copy: "Copy", Copied: "Copied",
	Good: "Good", Info: "Note", Warning: "Warning", Danger: "Danger", Stop: "Stopped",
	Added: "will be added", Removed: "will be removed", Changed: "will change",
}

// Texts are what Words holds.
type Texts struct {
	Close, Copy, Copied               string
	Good, Info, Warning, Danger, Stop string // how serious a notice is
	Added, Removed, Changed           string // what happens to a row
}
