package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
)

// up starts a lab for a test. Small keys: none of what is tested depends on
// their size, and the whole table of scenarios stays quick.
func up(t *testing.T, o Options) *Lab {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.KeyBits == 0 {
		o.KeyBits = 1024
	}
	l, err := Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// boots restarts the phones and returns their boots by model.
func boots(t *testing.T, l *Lab) map[string]Boot {
	t.Helper()
	all, err := l.RestartPhones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Boot{}
	for _, b := range all {
		out[b.Phone.Model] = b
	}
	return out
}

// allAccept says that every phone took everything.
func allAccept(t *testing.T, l *Lab) {
	t.Helper()
	for model, b := range boots(t, l) {
		if !b.Accepted() {
			t.Errorf("%s: CTL %t (%s), ITL %t (%s), configuration %t (%s), error %v", model,
				b.CTL.Accept, b.CTL.Reason, b.ITL.Accept, b.ITL.Reason, b.Config.Accept, b.Config.Reason, b.Err)
		}
	}
}

// served is the list that the first node serves.
func served(t *testing.T, l *Lab, name string) *ctlbuild.List {
	t.Helper()
	list, err := l.publisher().list(name)
	if err != nil {
		t.Fatal(err)
	}
	if list == nil {
		t.Fatalf("no %s is served", name)
	}
	return list
}

// token is a key that stands in for an eToken.
func token(t *testing.T, cn string) *pair {
	t.Helper()
	p, err := newPair(certSpec{cn, 1024})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// provide connects to a node's CTL Provider and logs in.
func provide(t *testing.T, n *Node) *ctlp.Client {
	t.Helper()
	c, err := ctlp.Dial(t.Context(), hostPort(n.Address, n.Ports().CTLP), ctlp.Options{VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
		if want, err := n.Certificate(certProvider); err != nil || !bytes.Equal(raw, want) {
			return errors.New("another certificate")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Login(t.Context(), adminUser, bytes.Clone(n.lab.password)); err != nil {
		t.Fatal(err)
	}
	return c
}

// clientCTL does what the CTL Client does: the tokens as SAST, what the
// publisher hands out, signed by the first token, saved on every CUCM node.
func clientCTL(t *testing.T, l *Lab, tokens ...*pair) *ctlbuild.List {
	t.Helper()
	d := ctlbuild.NewDraft()
	for _, p := range tokens {
		if _, err := d.AddToken(p.der); err != nil {
			t.Fatal(err)
		}
	}
	creds, err := provide(t, l.publisher()).Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range creds {
		if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.Function(c.Function), Certificate: c.Certificate, Host: c.NodeAddress, IP: netip.MustParseAddr(c.NodeAddress)}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ctlbuild.Sign(t.Context(), d, tokens[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range l.callManagers() {
		save(t, n, list.Bytes())
	}
	return list
}

func save(t *testing.T, n *Node, data []byte) {
	t.Helper()
	c := provide(t, n)
	var expect *[32]byte
	if f, err := c.Get(t.Context(), ctlName); err == nil {
		expect = &f.SHA256
	}
	id, err := c.Stage(t.Context(), ctlName, data, expect)
	if err != nil {
		t.Fatal(err)
	}
	if _, sum, err := c.Commit(t.Context(), id); err != nil || sum != sha256.Sum256(data) {
		t.Fatal("commit:", err)
	}
}

// admin runs a command of the administration CLI on a node and answers yes.
func admin(t *testing.T, n *Node, line string) string {
	t.Helper()
	p := &paper{}
	if err := (&cli{n}).run(t.Context(), line, p); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, p.String())
	}
	return p.String()
}

// paper is a screen that answers every question alike and keeps what was printed.
type paper struct {
	strings.Builder
	no    bool
	paste string
}

func (p *paper) Print(text string)                 { p.WriteString(text + "\n") }
func (p *paper) Confirm(text string) (bool, error) { p.Print(text); return !p.no, nil }
func (p *paper) Paste() (string, error)            { return p.paste, nil }
func (p *paper) Password(string) (string, error)   { return "secret", nil }

func TestUpIsAWorkingTokenlessCluster(t *testing.T) {
	l := up(t, Options{KeyBits: 2048})
	ctl := served(t, l, ctlName)
	if v := ctl.Verify(); !v.OK || !ctl.Tokenless() {
		t.Errorf("CTL verified %t (%s), tokenless %t", v.OK, v.Reason, ctl.Tokenless())
	}
	for _, n := range l.Nodes {
		if got := n.checksum(ctlName); got != ctl.MD5() {
			t.Errorf("%s serves CTL %q, the publisher %q", n.Name, got, ctl.MD5())
		}
	}
	if len(l.Phones) != 4 {
		t.Fatalf("%d phones", len(l.Phones))
	}
	itl := served(t, l, itlName)
	for _, p := range l.Phones {
		if p.CTL == nil || p.CTL.MD5() != ctl.MD5() {
			t.Errorf("%s does not hold the CTL that is served", p.Name)
		}
		if want := p.Model != "7940"; (p.ITL != nil && p.ITL.MD5() == itl.MD5()) != want {
			t.Errorf("%s holds the ITL: want %t", p.Model, want)
		}
	}
	allAccept(t, l)
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	l := up(t, Options{})
	err := filepath.WalkDir(l.Dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if path != l.Dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Which SAST records a tokenless CTL has, and who signs (cucm-facts).
func TestReleases(t *testing.T) {
	for _, c := range []struct {
		version string
		sast    []string // the first signs
	}{
		{"10.0", []string{"cucm-pub"}},
		{"10.5", []string{"cucm-pub", "ITLRECOVERY_cucm-pub"}},
		{"11.5", []string{"cucm-pub", "ITLRECOVERY_cucm-pub"}},
		{"12.0", []string{"ITLRECOVERY_cucm-pub", "cucm-pub"}},
	} {
		t.Run(c.version, func(t *testing.T) {
			l := up(t, Options{Version: c.version, NoAltTFTP: true})
			for _, name := range []string{ctlName, itlName} {
				list := served(t, l, name)
				var got []string
				for _, r := range list.SAST() {
					got = append(got, r.CN())
				}
				if len(got) != len(c.sast) {
					t.Fatalf("%s: SAST %q, want %q", name, got, c.sast)
				}
				for i := range got {
					if got[i] != c.sast[i] {
						t.Errorf("%s: SAST %d is %q, want %q", name, i, got[i], c.sast[i])
					}
				}
				if r, _ := list.Signer(); r == nil || r.CN() != c.sast[0] {
					t.Errorf("%s: signed by another than %s", name, c.sast[0])
				}
			}
			allAccept(t, l)
		})
	}
}

func TestSecondUpOnAFolderIsTheSameCluster(t *testing.T) {
	dir := t.TempDir()
	first := up(t, Options{Dir: dir, Nodes: 3, Version: "11.5"})
	if _, err := Up(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrRunning) {
		t.Fatalf("a second lab in the folder: %v, want ErrRunning", err)
	}
	if err := first.RestoreBackup("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	want := first.Status()
	second := up(t, Options{Dir: dir})
	got := second.Status()
	if len(got.Nodes) != 4 || got.Version != "11.5" || len(got.Phones) != 4 {
		t.Fatalf("came back as %+v", got)
	}
	for i := range got.Nodes {
		if got.Nodes[i].Ports != want.Nodes[i].Ports || got.Nodes[i].Address != want.Nodes[i].Address ||
			got.Nodes[i].CTL != want.Nodes[i].CTL || got.Nodes[i].ITL != want.Nodes[i].ITL {
			t.Errorf("node came back as %+v, was %+v", got.Nodes[i], want.Nodes[i])
		}
	}
	for i := range got.Phones {
		if got.Phones[i] != want.Phones[i] {
			t.Errorf("phone came back as %+v, was %+v", got.Phones[i], want.Phones[i])
		}
	}
	if second.Nodes[1].pairs[certRestored] == nil {
		t.Error("the restored key is forgotten")
	}
}

func TestFresh(t *testing.T) {
	dir := t.TempDir()
	former := up(t, Options{Dir: dir})
	if err := former.TrustCertificate(token(t, "SAST-1").der); err != nil {
		t.Fatal(err)
	}
	if err := former.Close(); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := up(t, Options{Dir: dir, Fresh: true})
	if len(l.trustStore()) != 0 || served(t, l, ctlName).MD5() == former.Phones[0].CTL.MD5() {
		t.Error("the former cluster is still there")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file that is not the lab's is gone:", err)
	}
}

func TestUpLeavesAFolderThatIsNoLabAlone(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, dirPhones, "list.txt")
	if err := os.MkdirAll(filepath.Dir(mine), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, fresh := range []bool{false, true} {
		var foreign *NotALabError
		if _, err := Up(t.Context(), Options{Dir: dir, Fresh: fresh}); !errors.As(err, &foreign) || foreign.Path != filepath.Dir(mine) {
			t.Errorf("fresh %t: %v, want a NotALabError", fresh, err)
		}
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

func TestAStartThatWasCutShortBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Up(ctx, Options{Dir: dir, KeyBits: 1024}); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
	l := up(t, Options{Dir: dir})
	allAccept(t, l)
}

func TestOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]Options{
		"release":   {Version: "9.1"},
		"nodes":     {Nodes: 29},
		"key bits":  {KeyBits: 1000},
		"MAC":       {Phones: []PhoneSpec{{MAC: "0011"}}},
		"its group": {Phones: []PhoneSpec{{Group: []string{"cucm-sub9"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Dir = t.TempDir()
			if l, err := Up(t.Context(), o); err == nil {
				l.Close()
				t.Error("a lab came up")
			}
		})
	}
}
