package gui

import (
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
	"ctlclient/trust/advise"
)

// picturesEnv names a folder: every screen is drawn into it, full of data, in the smallest window,
// to be looked at. The language is that of LANG, the theme that of FYNE_THEME.
const picturesEnv = "CTLCLIENT_PICTURES"

// inVariant is the program's theme, light or dark whatever the system says.
type inVariant struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (v inVariant) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return v.Theme.Color(name, v.variant)
}

// draw keeps a picture of what is in front.
func (b *bench) draw(dir, name string) {
	b.Helper()
	for _, width := range []float32{1100, 1024} { // text that wraps knows its height at the second layout
		b.s.window.Resize(fyne.NewSize(width, 700))
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		b.Fatal(err)
	}
	if err := png.Encode(f, b.s.window.Canvas().Capture()); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// Every screen, with 28 nodes, 60 records and 5,000 phones.
func TestPictures(t *testing.T) {
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		t.Skip(picturesEnv + " names no folder")
	}
	p := newPractised(t, lab.Options{Nodes: 27, Firewall: true})
	b := p.bench
	if os.Getenv("FYNE_THEME") == "dark" {
		fyne.CurrentApp().Settings().SetTheme(inVariant{widgets.NewTheme(), theme.VariantDark})
	} else {
		fyne.CurrentApp().Settings().SetTheme(inVariant{widgets.NewTheme(), theme.VariantLight})
	}
	b.s.window.Resize(fyne.NewSize(1024, 700))
	var lines strings.Builder
	lines.WriteString("name,model\n")
	for i := range 5000 {
		fmt.Fprintf(&lines, "SEP%012X,%s\n", i, []string{"8861", "7945", "7975", "7940", "Jabber"}[i%5])
	}
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	profile.Fleet = filepath.Join(t.TempDir(), "phones.csv")
	if err := os.WriteFile(profile.Fleet, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := profile.Save(profile.File); err != nil {
		t.Fatal(err)
	}
	p.connect()
	p.trustTokens()
	b.until("the findings", func() bool { return b.s.model.findings != nil })
	b.draw(dir, "02-overview")
	b.s.open(screenClusters)
	b.on(screenClusters)
	b.draw(dir, "01-clusters")
	b.s.screen(screenClusters).(*clustersScreen).add()
	b.draw(dir, "01a-add")
	b.tap("button.cancel")
	b.s.editProfile(profile)
	b.draw(dir, "01b-edit")
	b.tap("button.cancel")
	b.s.showIdentities(profile, nil)
	b.until("the identities", b.dialogOpen)
	b.draw(dir, "01c-identities")
	b.tap("button.close")
	b.s.open(screenTokens)
	b.on(screenTokens)
	b.draw(dir, "03-tokens")
	b.s.open(screenAction)
	b.on(screenAction)
	b.draw(dir, "04-action")
	b.s.screen(screenAction).(*actionScreen).Body.To(10000)
	b.draw(dir, "04b-recover")
	p.asked(advise.RegenerateITLRecovery, "")
	b.draw(dir, "14-advise")
	b.s.screen(screenAdvise).(*adviseScreen).Body.To(500)
	b.draw(dir, "14a-advise")
	p.asked(advise.MovePhones, "")
	b.draw(dir, "14b-advise")
	b.s.open(screenAction)
	b.on(screenAction)
	b.s.showPreflight()
	b.untilSays("PIN")
	b.draw(dir, "04a-preflight")
	b.tap("button.close")
	p.picturesOfAJob(dir)
	b.s.open(screenHistory)
	b.on(screenHistory)
	b.draw(dir, "11-history")
	b.s.open(screenInspect)
	b.on(screenInspect)
	b.s.inspect().load("CTLFile.tlv", b.s.live().Bytes())
	b.draw(dir, "12-inspect")
	b.s.showHelp()
	b.draw(dir, "13-help")
}

// picturesOfAJob goes through a migration.
func (p *practised) picturesOfAJob(dir string) {
	b := p.bench
	b.s.begin(jobToTokens)
	b.on(screenEntries)
	p.chooseTokens()
	focusTable(b).GoTo(1)
	b.draw(dir, "05-entries")
	b.s.plan()
	b.on(screenReview)
	b.draw(dir, "06-review")
	b.s.showLost(b.s.model.job.plan.Lost(), b.s.model.snapshot.Time)
	focusTable(b).GoTo(3)
	b.draw(dir, "06a-lost")
	b.tap("button.close")
	b.tap("review.sign")
	b.until("the question", b.dialogOpen)
	b.draw(dir, "07-confirm")
	b.tap("confirm.accept-loss")
	b.untilSays(tr("pin.title"))
	b.draw(dir, "08-pin")
	b.typeSecret("pin.label", "Cisco123")
	b.on(screenResult)
	b.draw(dir, "10-result")
	b.s.askRestart(func(bool) {})
	b.until("the list", b.dialogOpen)
	b.draw(dir, "10a-restart")
	b.tap("button.cancel")
	b.s.open(screenDistribute)
	b.draw(dir, "09-distribute")
	b.s.open(screenOverview)
	b.on(screenOverview)
	b.until("the findings", func() bool { return b.s.model.findings != nil })
	b.draw(dir, "10b-overview")
}
