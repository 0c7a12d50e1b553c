package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// quiet is Fyne's theme with calmer colours and a little more room. Colours never carry a
// state alone: a word or a sign stands beside each.
type quiet struct{ fyne.Theme }

func NewTheme() fyne.Theme { return quiet{theme.DefaultTheme()} }

var light = map[fyne.ThemeColorName]color.Color{
	theme.ColorNamePrimary:           color.NRGBA{0x0b, 0x5c, 0x86, 0xff},
	theme.ColorNameBackground:        color.NRGBA{0xf6, 0xf7, 0xf9, 0xff},
	theme.ColorNameForeground:        color.NRGBA{0x1c, 0x23, 0x2b, 0xff},
	theme.ColorNameHeaderBackground:  color.NRGBA{0xec, 0xef, 0xf3, 0xff},
	theme.ColorNameInputBackground:   color.NRGBA{0xff, 0xff, 0xff, 0xff},
	theme.ColorNameInputBorder:       color.NRGBA{0x82, 0x8c, 0x98, 0xff},
	theme.ColorNameOverlayBackground: color.NRGBA{0xff, 0xff, 0xff, 0xff},
	theme.ColorNameMenuBackground:    color.NRGBA{0xff, 0xff, 0xff, 0xff},
	theme.ColorNameSeparator:         color.NRGBA{0xd9, 0xde, 0xe5, 0xff},
	theme.ColorNameSuccess:           color.NRGBA{0x17, 0x69, 0x3b, 0xff},
	theme.ColorNameWarning:           color.NRGBA{0x86, 0x4e, 0x00, 0xff},
	theme.ColorNameError:             color.NRGBA{0xb3, 0x26, 0x1e, 0xff},
	theme.ColorNameSelection:         color.NRGBA{0x0b, 0x5c, 0x86, 0x26},
	theme.ColorNameHover:             color.NRGBA{0x0b, 0x5c, 0x86, 0x14},
	theme.ColorNameFocus:             color.NRGBA{0x0b, 0x5c, 0x86, 0x50},
	theme.ColorNameHyperlink:         color.NRGBA{0x0b, 0x5c, 0x86, 0xff},
	theme.ColorNameDisabled:          color.NRGBA{0x56, 0x60, 0x6c, 0xff},
	theme.ColorNamePlaceHolder:       color.NRGBA{0x56, 0x60, 0x6c, 0xff},
	theme.ColorNameButton:            color.NRGBA{0xe4, 0xe8, 0xee, 0xff},
	theme.ColorNameDisabledButton:    color.NRGBA{0xee, 0xf0, 0xf3, 0xff},
}

var dark = map[fyne.ThemeColorName]color.Color{
	theme.ColorNamePrimary:             color.NRGBA{0x5a, 0xb4, 0xe0, 0xff},
	theme.ColorNameForegroundOnPrimary: color.NRGBA{0x0c, 0x1a, 0x24, 0xff},
	theme.ColorNameBackground:          color.NRGBA{0x17, 0x1b, 0x20, 0xff},
	theme.ColorNameForeground:          color.NRGBA{0xe6, 0xea, 0xee, 0xff},
	theme.ColorNameHeaderBackground:    color.NRGBA{0x20, 0x26, 0x2d, 0xff},
	theme.ColorNameInputBackground:     color.NRGBA{0x23, 0x29, 0x31, 0xff},
	theme.ColorNameInputBorder:         color.NRGBA{0x72, 0x7e, 0x8b, 0xff},
	theme.ColorNameOverlayBackground:   color.NRGBA{0x1a, 0x1f, 0x25, 0xff},
	theme.ColorNameMenuBackground:      color.NRGBA{0x20, 0x26, 0x2d, 0xff},
	theme.ColorNameSeparator:           color.NRGBA{0x33, 0x3b, 0x45, 0xff},
	theme.ColorNameSuccess:             color.NRGBA{0x5f, 0xc9, 0x8d, 0xff},
	theme.ColorNameWarning:             color.NRGBA{0xf0, 0xb4, 0x5a, 0xff},
	theme.ColorNameError:               color.NRGBA{0xff, 0x8a, 0x80, 0xff},
	theme.ColorNameSelection:           color.NRGBA{0x5a, 0xb4, 0xe0, 0x38},
	theme.ColorNameHover:               color.NRGBA{0x5a, 0xb4, 0xe0, 0x1c},
	theme.ColorNameFocus:               color.NRGBA{0x5a, 0xb4, 0xe0, 0x60},
	theme.ColorNameHyperlink:           color.NRGBA{0x5a, 0xb4, 0xe0, 0xff},
	theme.ColorNameDisabled:            color.NRGBA{0xa2, 0xae, 0xba, 0xff},
	theme.ColorNamePlaceHolder:         color.NRGBA{0xa2, 0xae, 0xba, 0xff},
	theme.ColorNameButton:              color.NRGBA{0x2c, 0x34, 0x3d, 0xff},
	theme.ColorNameDisabledButton:      color.NRGBA{0x22, 0x28, 0x2f, 0xff},
}

// colorNone is no colour: what is below shows.
const colorNone fyne.ThemeColorName = "ctlclient.none"

func (q quiet) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	if name == colorNone {
		return color.Transparent
	}
	table := light
	if variant == theme.VariantDark {
		table = dark
	}
	if c, ok := table[name]; ok {
		return c
	}
	return q.Theme.Color(name, variant)
}

func (q quiet) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 6
	case theme.SizeNameHeadingText:
		return 22
	case theme.SizeNameSubHeadingText:
		return 16
	}
	return q.Theme.Size(name)
}
