package widgets

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var update = flag.Bool("update", false, "write the pictures anew that tests compare with")

// inTheme is the program's theme in one of its two forms, whatever the system says.
type inTheme struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (f inTheme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return f.Theme.Color(name, f.variant)
}

func writeImage(t *testing.T, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
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
	for form, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		app := test.NewTempApp(t)
		app.Settings().SetTheme(inTheme{NewTheme(), variant})
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
		for _, kind := range []NoticeKind{GoodNotice, InfoNotice, WarningNotice, DangerNotice, StopNotice} {
			text := "All nodes serve the same file."
			if kind == DangerNotice {
				text = "Phones that would refuse this file and have to be cleared by hand: 1. They are named below, with why."
			}
			box.Add(NewNotice(kind, text))
		}
		return box
	})
}

// Where a job stands, at its second step.
func TestStepsPictures(t *testing.T) {
	bothThemes(t, "steps", fyne.NewSize(620, 44), func() fyne.CanvasObject {
		st := NewSteps()
		st.ShowStep([]string{"CTL entries", "Review", "Sign and distribute", "Result"}, 1)
		return st.Object()
	})
}

// A table with every mark, a row that is too long for its column, one that is chosen, and the
// focus.
func TestTablePictures(t *testing.T) {
	bothThemes(t, "table", fyne.NewSize(640, 190), func() fyne.CanvasObject {
		c := NewChooser(func(int) {}, Column{"Type", 160}, Column{"Host", 140}, Column{"Subject Name", 300})
		row := func(s Sign, host, subject string) []Cell {
			return []Cell{{Text: "Security Token", Sign: s}, {Text: host}, {Text: subject}}
		}
		c.SetRows([][]Cell{
			row(NoSign, "cucm-pub", "CN=cucm-pub;OU=TAC;O=Example"),
			row(AddSign, "No Hostname", "cn=SAST-ADN0054f509;ou=IPCBU;o=Example Systems, Incorporated"),
			row(RemoveSign, "cucm-sub1", "CN=cucm-sub1;OU=TAC;O=Example"),
			row(ChangeSign, "cucm-sub2", "CN=cucm-sub2;OU=TAC;O=Example"),
			row(NoSign, "tftp-1", "CN=tftp-1;OU=TAC;O=Example"),
		})
		c.Choose(1)
		c.FocusGained()
		return c
	})
}

// The same without the focus, and with rows that are as high as they need.
func TestPlainTablePictures(t *testing.T) {
	bothThemes(t, "table-plain", fyne.NewSize(640, 150), func() fyne.CanvasObject {
		tb := NewTable(Column{"Phone", 140}, Column{"Verdict", 120}, Column{"Why", 340})
		tb.Wrap = true
		tb.SetRows([][]Cell{
			{{Text: "SEP0011215A1AE3"}, {Text: "accepts", Sign: GoodSign}, {Text: "The phone knows the signer."}},
			{{Text: "SEP000E38C07940"}, {Text: "refuses", Sign: BadSign},
				{Text: "The signer is no SAST that the phone knows, and the phone cannot ask TVS, having no Security By Default."}},
		})
		return tb
	})
}
