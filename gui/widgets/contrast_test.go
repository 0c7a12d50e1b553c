package widgets

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// luminance and contrast are WCAG 2's.
func luminance(c color.Color) float64 {
	part := func(v uint32) float64 {
		f := float64(v) / 0xffff
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	r, g, b, _ := c.RGBA()
	return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
}

func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// over lays a colour that lets through on another.
func over(top, ground color.Color) color.Color {
	tr, tg, tb, ta := top.RGBA()
	gr, gg, gb, _ := ground.RGBA()
	mix := func(t, g uint32) uint16 { return uint16(t + g*(0xffff-ta)/0xffff) }
	return color.RGBA64{mix(tr, gr), mix(tg, gg), mix(tb, gb), 0xffff}
}

// Every text stands out by 4.5:1 from whatever it is on, also on a row that is chosen or below
// the pointer, and the sign of the focus by 3:1 from what is beside it, in both themes.
func TestContrast(t *testing.T) {
	grounds := []fyne.ThemeColorName{theme.ColorNameBackground, theme.ColorNameHeaderBackground, theme.ColorNameInputBackground,
		theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground}
	texts := []fyne.ThemeColorName{theme.ColorNameForeground, theme.ColorNamePlaceHolder, theme.ColorNameDisabled, theme.ColorNamePrimary,
		theme.ColorNameSuccess, theme.ColorNameWarning, theme.ColorNameError, theme.ColorNameHyperlink}
	for form, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		of := func(name fyne.ThemeColorName) color.Color { return NewTheme().Color(name, variant) }
		check := func(what string, text, ground color.Color, least float64) {
			if got := contrast(text, ground); got < least {
				t.Errorf("%s: %s: %.2f:1", form, what, got)
			}
		}
		for _, ground := range grounds {
			for _, text := range texts {
				check(string(text)+" on "+string(ground), of(text), of(ground), 4.5)
			}
		}
		for _, on := range []fyne.ThemeColorName{theme.ColorNameSelection, theme.ColorNameHover} {
			for _, text := range texts {
				if text != theme.ColorNameDisabled {
					check(string(text)+" on "+string(on), of(text), over(of(on), of(theme.ColorNameBackground)), 4.5)
				}
			}
		}
		for name, filled := range map[fyne.ThemeColorName]fyne.ThemeColorName{
			theme.ColorNameForegroundOnPrimary: theme.ColorNamePrimary, theme.ColorNameForegroundOnWarning: theme.ColorNameWarning,
			theme.ColorNameForegroundOnError: theme.ColorNameError, theme.ColorNameForegroundOnSuccess: theme.ColorNameSuccess} {
			check(string(name), of(name), of(filled), 4.5)
		}
		check("the border of a field", of(theme.ColorNameInputBorder), of(theme.ColorNameBackground), 3)
		check("text on a button", of(theme.ColorNameForeground), of(theme.ColorNameButton), 4.5)
		check("the ring's two lines", of(theme.ColorNameForeground), of(theme.ColorNameBackground), 3)
		for _, beside := range append(grounds, theme.ColorNameButton, theme.ColorNamePrimary, theme.ColorNameWarning) {
			best := max(contrast(of(theme.ColorNameForeground), of(beside)), contrast(of(theme.ColorNameBackground), of(beside)))
			if best < 3 {
				t.Errorf("%s: the ring beside %s: %.2f:1", form, beside, best)
			}
		}
		check("the ring around a row", of(theme.ColorNamePrimary), of(theme.ColorNameBackground), 3)
		check("the ring around a row that is chosen", of(theme.ColorNamePrimary), over(of(theme.ColorNameSelection), of(theme.ColorNameBackground)), 3)
	}
}

// What has the focus, of each kind; the first of two does, the second does not.
func TestFocusPictures(t *testing.T) {
	bothThemes(t, "focus", fyne.NewSize(520, 260), func() fyne.CanvasObject {
		box := container.NewGridWithColumns(2)
		for _, focused := range []bool{true, false} {
			col := container.NewVBox()
			field := NewField("")
			field.SetText("192.0.2.10")
			choice := NewChoice("", func(string) {})
			choice.SetOptions([]string{"SAST-1"})
			choice.SetSelected("SAST-1")
			for _, o := range []fyne.CanvasObject{NewButton("Cancel", theme.CancelIcon(), nil), MainButton("Review", nil, nil),
				NewCheck("Show all files", nil), choice, field} {
				col.Add(o)
				if f := o.(fyne.Focusable); focused && o != fyne.CanvasObject(field) {
					f.FocusGained()
				}
			}
			box.Add(col)
		}
		return box
	})
}
