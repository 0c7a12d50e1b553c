// Package journey drives the real desktop program in a real window: it starts a display of
// its own (Xvfb), types and clicks with xdotool, and holds what comes of it against the
// practice cluster that the program runs.
//
// The program is built with the tag trace, which makes it say what a screen reader would say
// (gui/trace.go) and has the toolkit complain about every widget touched from a wrong goroutine. The tests find a button by pressing Tab until it has
// the focus: what cannot be reached by keyboard fails here.
//
// Nothing sleeps to wait: every wait is for a condition, with a deadline.
package journey
