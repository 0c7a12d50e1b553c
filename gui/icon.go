package gui

import (
	_ "embed"

	"fyne.io/fyne/v2"
)

// The picture is made from icon.svg by TestIcon with -update; Windows' resources and the
// Linux package take the same file.
//
//go:embed icon.png
var iconPNG []byte

func icon() fyne.Resource { return fyne.NewStaticResource("icon.png", iconPNG) }
