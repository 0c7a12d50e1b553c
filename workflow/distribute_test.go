package workflow_test

import (
	"errors"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/lab"
	"ctlclient/token"
	"ctlclient/workflow"
)

// signed signs a draft with a token, past all checks.
func (b *bench) signed(d *ctlbuild.Draft, label string) *ctlbuild.List {
	b.t.Helper()
	tokens(b.t) // the store of this token is to be the one in use
	u, err := token.ParseURI(b.uri(label))
	b.do(err)
	s, err := token.Open(b.t.Context(), u, token.Options{Modules: b.o.Modules, PIN: b.who.PIN})
	b.do(err)
	defer s.Close()
	l, err := ctlbuild.Sign(b.t.Context(), d, s)
	b.do(err)
	return l
}

func TestDistribute(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	d := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	_, err := d.AddToken(b.cert("SAST-3"))
	b.do(err)
	file := b.signed(d, "SAST-2")
	b.who.asked = nil
	s := b.connect()
	p, err := s.PlanDistribute(t.Context(), file.Bytes())
	b.do(err)
	if len(p.Diff.Changes) != 1 || p.Diff.Changes[0].Kind != ctlbuild.Added {
		t.Errorf("changes: %+v", p.Diff.Changes)
	}
	r, err := b.run(s, p, workflow.ExecuteOptions{})
	b.do(err)
	b.everywhere(file)
	if len(b.who.asked) > 0 {
		t.Error("a PIN was asked for")
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	if r.Outcome.State != cluster.StateFinished {
		t.Errorf("state %s", r.Outcome.State)
	}
	t.Run("the same again", func(t *testing.T) {
		p, err := b.connect().PlanDistribute(t.Context(), file.Bytes())
		b.do(err)
		if !p.Diff.Identical || len(p.Notes) != 1 || !strings.Contains(p.Notes[0].String(), "already") || p.Dangerous() {
			t.Errorf("identical %t, notes %q", p.Diff.Identical, p.Notes)
		}
	})
}

func TestDistributeRefusesBadFiles(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	good := b.served(b.Nodes[0].Name).Bytes()
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	named := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	named.FileName = "ITLFile.tlv"
	itl := b.signed(named, "SAST-1").Bytes()
	before := b.files()
	s := b.connect()
	_, err := s.PlanDistribute(t.Context(), flipped)
	wantReason(t, err, workflow.FilesBad, "Verification of the CTL file failed", "verify-file")
	_, err = s.PlanDistribute(t.Context(), itl)
	wantReason(t, err, workflow.BadRequest, "ITLFile.tlv", "not CTLFile.tlv")
	var e *workflow.Error
	for _, junk := range [][]byte{nil, good[:100], []byte("hello")} {
		if _, err = s.PlanDistribute(t.Context(), junk); err == nil || errors.As(err, &e) {
			t.Errorf("%d bytes: %v", len(junk), err)
		}
	}
	b.untouched(before)
}

// Rule 8, for a file that somebody else signed: phones ask the TVS of any node, so each
// must vouch for a signer that the current CTL does not have.
func TestDistributeAsksEveryTVSAboutAnUnknownSigner(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	d := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	for _, label := range []string{"SAST-1", "SAST-2"} {
		_, err := d.AddToken(b.cert(label))
		b.do(err)
	}
	file := b.signed(d, "SAST-1")
	// TVS of a node vouches for what stands in the CTL that the node serves.
	b.put(b.Nodes[1].Name, file.Bytes())
	before := b.files()
	s := b.connect()
	p, err := s.PlanDistribute(t.Context(), file.Bytes())
	b.do(err)
	h := hazardOf(p, "tvs-vouches-on-every-node")
	if !strings.HasPrefix(h, "danger: ") || !strings.Contains(h, b.Nodes[0].Name) || strings.Contains(h, b.Nodes[1].Name) {
		t.Errorf("tvs-vouches-on-every-node: %q", h)
	}
	wantReason(t, declined(s, p), workflow.PhonesLost, "nothing was written")
	b.untouched(before)

	_, err = s.PlanMigrateToTokens(t.Context(), by("", b.uri("SAST-1"), b.uri("SAST-2")))
	e := wantReason(t, err, workflow.PhonesLost, b.cn("SAST-1")+" on "+b.Nodes[0].Name)
	if strings.Contains(e.Text.String(), b.Nodes[1].Name) {
		t.Errorf("a node that vouches is named: %v", e)
	}

	b.trusted("SAST-1")
	p, err = b.connect().PlanDistribute(t.Context(), file.Bytes())
	b.do(err)
	if p.Dangerous() {
		t.Errorf("dangerous although every node vouches: %+v", p.Hazards)
	}
}

// What the cluster's services use and the file lacks is said.
func TestDistributeNamesMissingServers(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	b.do(b.Regenerate(b.Nodes[1].Name, "callmanager"))
	p, err := b.connect().PlanDistribute(t.Context(), b.served(b.Nodes[0].Name).Bytes())
	b.do(err)
	if h := hazardOf(p, "servers-missing"); !strings.Contains(h, b.Nodes[1].Name) {
		t.Errorf("servers-missing: %q", h)
	}
	// An update brings the certificate in by itself, and has nothing to say.
	u, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.do(err)
	if h := hazardOf(u, "servers-missing"); h != "" {
		t.Errorf("servers-missing in an update: %q", h)
	}
}

// Rule 14: SHA-512 lists are refused by phones without support for it.
func TestSHA512IsWarnedOf(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	sha512 := by(b.uri("SAST-1"))
	sha512.Digest = ctlbuild.SHA512
	p, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: sha512})
	b.do(err)
	if h := hazardOf(p, "sha-512"); !strings.HasPrefix(h, "warning: ") {
		t.Errorf("sha-512: %q", h)
	}
	for _, v := range p.Verdicts {
		if v.Certain {
			t.Errorf("%s is certain to %t", v.Phone.Name, v.Accept)
		}
	}
}

// Rule 15: an ITLRecovery left at 1024 bits while the rest moved to 2048.
func TestSmallITLRecoveryIsWarnedOf(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true})
	spec := ctltest.Server("tftp-9")
	spec.Bits = 2048
	big := ctltest.New(t, spec)
	p, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{
		Signing: by(b.uri("SAST-1")), AddTFTP: []workflow.Server{{Certificate: big.DER, Host: "tftp-9"}}})
	b.do(err)
	if h := hazardOf(p, "itlrecovery-1024"); h == "" {
		t.Error("no word of an ITLRecovery of 1024 bits beside a server of 2048")
	}
}
