package workflow_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/workflow"
)

// update plans and executes an update that SAST-1 signs.
func (b *bench) update(r workflow.UpdateRequest) *workflow.Result {
	b.t.Helper()
	s := b.connect()
	defer s.Close()
	if r.With == nil {
		r.With = by(b.uri("SAST-1")).With
	}
	p, err := s.PlanUpdate(b.t.Context(), r)
	return b.through(s, p, err)
}

// find is the record of a function and host, nil when there is none.
func find(l *ctlbuild.List, f ctlbuild.Function, host string) *ctlbuild.Record {
	for i := range l.Records {
		if r := &l.Records[i]; r.Function() == f && (r.DNSName() == host || r.CN() == host) {
			return r
		}
	}
	return nil
}

func TestUpdateAdds(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk, Firewall: true})
	old := b.served(b.Nodes[0].Name)
	tftp, wall := ctltest.New(t, ctltest.Server("tftp-9")), ctltest.New(t, ctltest.Server("asa-1"))
	r := b.update(workflow.UpdateRequest{
		Signing:     by("", b.uri("SAST-3")),
		AddTFTP:     []workflow.Server{{Certificate: tftp.DER, Host: "tftp-9.example.com", IP: "192.0.2.9"}},
		AddFirewall: []workflow.Server{{Certificate: wall.DER, Host: "192.0.2.10"}},
	})
	b.everywhere(r.List)
	for i := range old.Records {
		if !slices.ContainsFunc(r.List.Records, func(n ctlbuild.Record) bool { return bytes.Equal(n.Bytes(), old.Records[i].Bytes()) }) {
			t.Errorf("record %d of the former list is not in the new one byte for byte", i+1)
		}
	}
	if rec := find(r.List, ctlbuild.SAST, b.cn("SAST-3")); rec == nil || !rec.MatchesCertificate(b.cert("SAST-3")) {
		t.Error("SAST-3 is not in the list")
	}
	rec := find(r.List, ctlbuild.TFTP, "tftp-9.example.com")
	if rec == nil || !rec.MatchesCertificate(tftp.DER) {
		t.Fatal("the TFTP server is not in the list")
	}
	if ip, _ := rec.IP(); ip != netip.MustParseAddr("192.0.2.9") {
		t.Errorf("its address: %v", ip)
	}
	// "An ASA's certificate is listed as CCM."
	rec = find(r.List, ctlbuild.CCM, "192.0.2.10")
	if rec == nil || !rec.MatchesCertificate(wall.DER) {
		t.Fatal("the firewall is not listed as CCM")
	}
	if ip, _ := rec.IP(); ip != netip.MustParseAddr("192.0.2.10") {
		t.Errorf("its address: %v", ip)
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	for name, as := range r.TFTP {
		if !as {
			t.Errorf("TFTP on %s does not serve the new file", name)
		}
	}
}

func TestUpdateRemoves(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true})
	tftp, wall := ctltest.New(t, ctltest.Server("tftp-9")), ctltest.New(t, ctltest.Server("asa-1"))
	full := b.update(workflow.UpdateRequest{
		Signing:     by("", b.uri("SAST-3")),
		AddTFTP:     []workflow.Server{{Certificate: tftp.DER, Host: "tftp-9"}},
		AddFirewall: []workflow.Server{{Certificate: wall.DER, Host: "asa-1", IP: "192.0.2.10"}},
	}).List
	number := func(r *ctlbuild.Record) string {
		return strconv.Itoa(1 + slices.IndexFunc(full.Records, func(o ctlbuild.Record) bool { return bytes.Equal(o.Bytes(), r.Bytes()) }))
	}
	server, firewall, third := find(full, ctlbuild.TFTP, "tftp-9"), find(full, ctlbuild.CCM, "asa-1"), find(full, ctlbuild.SAST, b.cn("SAST-3"))
	s := b.connect()
	for name, selectors := range map[string][]string{
		"numbers as shown": {number(third), number(server), number(firewall)},
		"host":             {b.cn("SAST-3"), "tftp-9", "asa-1"},
		"address and CN":   {"192.0.2.10", b.cn("SAST-3"), number(server)},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1")), Remove: selectors})
			b.do(err)
			if len(p.Draft.Records) != len(full.Records)-3 {
				t.Errorf("%d records left of %d", len(p.Draft.Records), len(full.Records))
			}
			for _, gone := range []*ctlbuild.Record{third, server, firewall} {
				if slices.ContainsFunc(p.Draft.Records, func(r ctlbuild.Record) bool { return bytes.Equal(r.Bytes(), gone.Bytes()) }) {
					t.Errorf("%s is still there", gone.DNSName())
				}
			}
		})
	}
	for _, c := range []struct {
		selector string
		hint     string
	}{{"99", "1 to " + strconv.Itoa(len(full.Records))}, {"nobody", "common name"}} {
		_, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1")), Remove: []string{c.selector}})
		var se *ctlbuild.SelectorError
		if !errors.As(err, &se) || !strings.Contains(hintsOf(err), c.hint) {
			t.Errorf("--remove %s: %v", c.selector, err)
		}
	}
	_, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1")), Remove: []string{b.cn("SAST-1")}})
	wantReason(t, err, workflow.BadRequest, b.cn("SAST-1"), "sign with another token")
}

// What the publisher presents would be listed again at once.
func TestServerOfTheClusterCannotBeRemoved(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	der, err := b.Nodes[1].Certificate("CallManager")
	b.do(err)
	for _, sel := range []string{b.Nodes[1].Name, b.Nodes[1].Address} {
		_, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1")), Remove: []string{sel}})
		wantReason(t, err, workflow.BadRequest, "still part of the cluster")
	}
	if i := slices.IndexFunc(b.served(b.Nodes[0].Name).Records, func(r ctlbuild.Record) bool { return r.MatchesCertificate(der) }); i < 0 {
		t.Error("the subscriber was not in the list")
	}
}

// Rule 7: one token lost: sign with the other, add a new one, remove the lost one.
func TestOneTokenLost(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	r := b.update(workflow.UpdateRequest{
		Signing: by(b.uri("SAST-2"), b.uri("SAST-3")), Remove: []string{b.cn("SAST-1")},
	})
	if names := sast(r.List.Records); slices.Contains(names, b.cn("SAST-1")) || !slices.Contains(names, b.cn("SAST-3")) {
		t.Errorf("SAST records: %q", names)
	}
	if rec, _ := r.List.Signer(); !rec.MatchesCertificate(b.cert("SAST-2")) {
		t.Error("SAST-2 did not sign")
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	t.Run("removing the second leaves a warning", func(t *testing.T) {
		s := b.connect()
		p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-2")), Remove: []string{b.cn("SAST-3")}})
		b.do(err)
		if h := hazardOf(p, "last-token"); !strings.HasPrefix(h, "warning: ") || !strings.Contains(h, b.cn("SAST-2")) {
			t.Errorf("last-token: %q", h)
		}
	})
}

// "An update needs a token that is already in the CTL": the wizard's message.
func TestTokenThatIsNotInTheCTL(t *testing.T) {
	t.Run("token CTL", func(t *testing.T) {
		b := migrated(t, lab.Options{Phones: phonesThatAsk})
		before := b.files()
		_, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-3"))})
		wantReason(t, err, workflow.WrongToken, workflow.MsgTokenNotInCTL, b.cn("SAST-3"),
			"tokens in the current CTL: "+b.cn("SAST-1")+" and "+b.cn("SAST-2"), "add-token")
		b.untouched(before)
	})
	t.Run("tokenless CTL", func(t *testing.T) {
		b := newBench(t, lab.Options{Phones: phonesThatAsk})
		_, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
		wantReason(t, err, workflow.WrongToken, workflow.MsgTokenNotInCTL, "tokenless", "to-tokens")
	})
}

// The wizard's message for a cluster in mixed mode whose CTL was deleted.
func TestNoCTLInSecureMode(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	for _, n := range b.Nodes {
		b.do(os.Remove(filepath.Join(n.Folder, workflow.CTLFileName)))
	}
	s := b.connect()
	_, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	wantReason(t, err, workflow.BadRequest, workflow.MsgNoCTLInSecure, "set-mixed")
	fs := s.Findings(t.Context())
	if !slices.ContainsFunc(fs, func(f workflow.Finding) bool { return f.Text.String() == workflow.MsgNoCTLInSecure && f.Job == "mode" }) {
		t.Errorf("findings: %+v", fs)
	}
}

// Rule 4: an update is due when CallManager is regenerated; the certificate is
// collected by itself, in place of the former one, and the plan says so.
func TestRegeneratedCallManagerIsCollected(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	sub := b.Nodes[1]
	former, err := sub.Certificate("CallManager")
	b.do(err)
	b.do(b.Regenerate(sub.Name, "callmanager"))
	now, err := sub.Certificate("CallManager")
	b.do(err)
	s := b.connect()
	if fs := s.Findings(t.Context()); !slices.ContainsFunc(fs, func(f workflow.Finding) bool {
		return f.Job == "update" && strings.Contains(f.Text.String(), "an update is due") && strings.Contains(f.Text.String(), sub.Name)
	}) {
		t.Errorf("findings: %+v", fs)
	}
	old := s.Snapshot.Current
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.do(err)
	if !slices.ContainsFunc(p.Notes, func(n message.Message) bool {
		return strings.Contains(n.String(), sub.Name) && strings.Contains(n.String(), "replaced")
	}) {
		t.Errorf("notes: %q", p.Notes)
	}
	has := func(rs []ctlbuild.Record, der []byte) int {
		return slices.IndexFunc(rs, func(r ctlbuild.Record) bool {
			return r.Function() != ctlbuild.SAST && r.MatchesCertificate(der)
		})
	}
	if i := has(p.Draft.Records, now); i < 0 || i != has(old.Records, former) || p.Draft.Records[i].DNSName() != old.Records[i].DNSName() {
		t.Errorf("the new certificate stands at %d, the former stood at %d", i, has(old.Records, former))
	}
	if has(p.Draft.Records, former) >= 0 {
		t.Error("the former certificate is still listed")
	}
	b.through(s, p, nil)
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// A dry run, a "no" and a refused plan leave every file as it was.
func TestNothingIsWrittenBeforeExecute(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	before := b.files()
	s := b.connect()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"), b.uri("SAST-3"))})
	b.do(err)
	b.untouched(before)
	if len(b.who.asked) > 0 {
		t.Error("a PIN was asked for by a plan")
	}
	b.who.answer = func(workflow.Confirmation) bool { return false }
	wantReason(t, declined(s, p), workflow.Declined, "nothing was written")
	b.who.answer = nil
	a, err := s.Agree(t.Context(), p, workflow.ToSave)
	b.do(err)
	_, err = s.Sign(t.Context(), a)
	b.do(err)
	b.untouched(before)
	if len(b.who.asked) != 1 {
		t.Errorf("PIN asked for %d times", len(b.who.asked))
	}
	for _, given := range b.who.given {
		if strings.Trim(string(given), "\x00") != "" {
			t.Error("the PIN was not wiped")
		}
	}
}

// Rule 3: after every write TFTP, then CallManager, are restarted on all nodes that run them.
func TestServicesAreRestartedInOrder(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	s := b.connect()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"), b.uri("SAST-3"))})
	b.do(err)
	r, err := b.run(s, p, workflow.ExecuteOptions{Restart: true})
	b.do(err)
	if len(r.Restart) > 0 {
		t.Errorf("asked to restart after a restart: %q", r.Restart)
	}
	var order []string
	for _, e := range b.who.events {
		if e.Type == workflow.EventNode && e.Step == "restart" && e.State == "done" {
			order = append(order, e.Node+" "+e.Message)
		}
	}
	pub, sub := b.Nodes[0].Name, b.Nodes[1].Name
	want := []string{pub + " Cisco Tftp restarted", sub + " Cisco Tftp restarted",
		pub + " Cisco CallManager restarted", sub + " Cisco CallManager restarted"}
	if !slices.Equal(order, want) {
		t.Errorf("restarted %q", order)
	}
	for _, n := range b.Nodes[:2] {
		if n.RestartDue() {
			t.Errorf("a restart is still due on %s", n.Name)
		}
	}
}
