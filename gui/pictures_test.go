package gui

import (
	"image"
	"image/color"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// inTheme is the program's theme in one of its two forms, whatever the system says.
type inTheme struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (f inTheme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}

// golden compares a picture with testdata/NAME; a difference leaves testdata/failed/NAME.
func golden(t *testing.T, name string, img image.Image) {
	t.Helper()
	if *update {
		writeImage(t, filepath.Join("testdata", name), img)
		return
	}
	test.AssertImageMatches(t, name, img)
}

// bothThemes draws what make returns in light and dark.
func bothThemes(t *testing.T, name string, size fyne.Size, make func() fyne.CanvasObject) {
	t.Helper()
	if err := translated(); err != nil {
		t.Fatal(err)
	}
	for form, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		app := test.NewTempApp(t)
		app.Settings().SetTheme(inTheme{newTheme(), variant})
		w := test.NewTempWindow(t, canvas.NewRectangle(color.Transparent))
		w.SetContent(make())
		// Text that wraps knows its height only once it has a width.
		w.Resize(size.SubtractWidthHeight(0, 1))
		w.Resize(size)
		golden(t, name+"-"+form+".png", w.Canvas().Capture())
	}
}

// A notice of every kind: sign, word and sentence, also over several lines.
func TestNoticePictures(t *testing.T) {
	bothThemes(t, "notice", fyne.NewSize(560, 224), func() fyne.CanvasObject {
		box := container.NewVBox()
		for _, kind := range []noticeKind{goodNotice, infoNotice, warningNotice, dangerNotice, stopNotice} {
			text := "All nodes serve the same file."
			if kind == dangerNotice {
				text = "Phones that would refuse this file and have to be cleared by hand: 1. They are named below, with why."
			}
			box.Add(newNotice(kind, text))
		}
		return box
	})
}

// Where a job stands, at its second step.
func TestStepsPictures(t *testing.T) {
	bothThemes(t, "steps", fyne.NewSize(620, 44), func() fyne.CanvasObject {
		st := newSteps(screenReview)
		st.of(&job{kind: jobUpdate})
		return st.object()
	})
}

// A table with every mark, a row that is too long for its column, one that is chosen, and the
// focus.
func TestTablePictures(t *testing.T) {
	bothThemes(t, "table", fyne.NewSize(640, 190), func() fyne.CanvasObject {
		c := newChooser(func(int) {}, column{"Type", 160}, column{"Host", 140}, column{"Subject Name", 300})
		row := func(s sign, host, subject string) []cell {
			return []cell{{text: "Security Token", sign: s}, {text: host}, {text: subject}}
		}
		c.setRows([][]cell{
			row(noSign, "cucm-pub", "CN=cucm-pub;OU=TAC;O=Example"),
			row(addSign, "No Hostname", "cn=SAST-ADN0054f509;ou=IPCBU;o=Example Systems, Incorporated"),
			row(removeSign, "cucm-sub1", "CN=cucm-sub1;OU=TAC;O=Example"),
			row(changeSign, "cucm-sub2", "CN=cucm-sub2;OU=TAC;O=Example"),
			row(noSign, "tftp-1", "CN=tftp-1;OU=TAC;O=Example"),
		})
		c.choose(1)
		c.FocusGained()
		return c
	})
}

// The same without the focus, and with rows that are as high as they need.
func TestPlainTablePictures(t *testing.T) {
	bothThemes(t, "table-plain", fyne.NewSize(640, 150), func() fyne.CanvasObject {
		tb := newTable(column{"Phone", 140}, column{"Verdict", 120}, column{"Why", 340})
		tb.wrap = true
		tb.setRows([][]cell{
			{{text: "SEP0011215A1AE3"}, {text: "accepts", sign: goodSign}, {text: "The phone knows the signer."}},
			{{text: "SEP000E38C07940"}, {text: "refuses", sign: badSign},
				{text: "The signer is no SAST that the phone knows, and the phone cannot ask TVS, having no Security By Default."}},
		})
		return tb
	})
}
