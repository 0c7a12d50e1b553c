// Package widgets holds what the screens are made of: tables of thousands of rows, viewers of
// long texts, dialogs that answer the keyboard, notices, steps and the frame of a page, with
// the theme that they are drawn in. It knows nothing of trust lists or clusters, so that each
// can be used, and its golden picture taken, on its own:
//
//	tb := widgets.NewChooser(func(row int) { ... },
//		widgets.Column{Title: "Node", Share: 1}, widgets.Column{Title: "File", Share: 2})
//	tb.SetRows([][]widgets.Cell{{{Text: "cucm-pub", Sign: widgets.GoodSign}, {Text: "CTLFile.tlv"}}})
//
// As everywhere in Fyne, all of it belongs to the UI goroutine. What a widget has to say in
// words of its own is in Words. A table, a text or a button that stands in a Scroller is told
// which part of it is in sight, draws that alone, and brings itself into sight when the
// keyboard reaches it.
package widgets
