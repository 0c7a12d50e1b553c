package gui

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
)

// A cluster's users, nodes, ports and phones are changed in the window; what is wrong is said and
// nothing is written.
func TestEditCluster(t *testing.T) {
	p := newPractised(t, lab.Options{NoAltTFTP: true})
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	before := len(profile.Nodes)
	p.s.open(screenClusters)
	p.on(screenClusters)
	p.s.editProfile(profile)
	f := p.fields()
	f[3].SetText("nothing that could be phones")
	p.tap("files.save")
	p.mustSay(tr("notice.warning"))
	f[3].SetText("200 x 8861, 12 x 7940")
	f[4].SetText("voicemail")

	focusTable(p.bench).Choose(before - 1)
	p.tap("edit.node")
	node := p.fields()
	node[len(node)-1].SetText("no port")
	p.tap("button.ok")
	p.mustSay(tr("edit.port.bad", map[string]any{"Service": "TVS", "Value": "no port"}))
	node[len(node)-1].SetText("24455")
	p.tap("button.ok")
	p.mustSay("TVS 24455")
	p.tap("files.save")
	p.on(screenOverview) // the cluster that is open is opened as it is now
	kept, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Nodes[before-1].Port(site.PortTVS) != 24455 || len(kept.LeaveOut) != 1 || len(kept.Nodes) != before {
		t.Errorf("kept: %+v", kept)
	}
	phones, err := os.ReadFile(kept.Resolve(kept.Fleet))
	if err != nil || string(phones) != "200 x 8861\n12 x 7940\n" {
		t.Errorf("%s: %q, %v", filepath.Base(kept.Fleet), phones, err)
	}
}

// changedIdentity is a practice cluster whose profile knows another identity of its node than
// the right one.
func changedIdentity(t *testing.T) (p *practised, profile *site.Profile, right string) {
	t.Helper()
	p = &practised{}
	p.startLab(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.bench = newBench(t, Options{})
	p.on(screenClusters)
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	right = profile.Nodes[0].Fingerprint
	profile.Nodes[0].Fingerprint = "SHA256:" + strings.Repeat("A", 43)
	if err := profile.Save(profile.File); err != nil {
		t.Fatal(err)
	}
	return p, profile, right
}

// A server that presents another identity is shown as it was and as it is, in both forms, and is
// taken only when the person says so.
func TestChangedIdentityIsAccepted(t *testing.T) {
	p, profile, right := changedIdentity(t)
	p.s.showIdentities(profile, nil)
	p.untilSays(tr("identities.changed"))
	p.tap("identities.accept")
	raw := strings.Repeat("00:", 16) + "\n" + strings.TrimSuffix(strings.Repeat("00:", 16), ":")
	p.mustSay(raw, profile.Nodes[0].Fingerprint, right, tr("identities.where.ctlp"), tr("tokens.subject"), tr("tokens.until"))
	p.tap("identities.accept.yes")
	p.untilSays(tr("identities.same"))
	kept, err := site.Load(profile.File)
	if err != nil || kept.Nodes[0].Fingerprint != right {
		t.Errorf("%v: kept %q, not %q", err, kept.Nodes[0].Fingerprint, right)
	}
	if _, err := hex.DecodeString(strings.NewReplacer(":", "", "\n", "").Replace(raw)); err != nil {
		t.Error(err)
	}
}

// Who the servers are is seen over the editor: what was being edited is still there afterwards,
// and what was accepted is in what it writes.
func TestIdentitiesOverTheEditor(t *testing.T) {
	p, profile, right := changedIdentity(t)
	p.s.editProfile(profile)
	p.fields()[4].SetText("voicemail")
	p.tap("edit.identities")
	p.untilSays(tr("identities.changed"))
	p.tap("identities.accept")
	p.tap("identities.accept.yes")
	p.untilSays(tr("identities.same"))
	p.tap("button.close")
	if now := p.fields()[4]; now.(*widgets.Field).Text != "voicemail" {
		t.Fatal("what was edited is gone")
	}
	p.tap("files.save")
	kept, err := site.Load(profile.File)
	if err != nil || kept.Nodes[0].Fingerprint != right || len(kept.LeaveOut) != 1 {
		t.Errorf("%v: kept %+v", err, kept)
	}
}
