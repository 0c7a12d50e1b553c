package lab

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/internal/services"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/phoneweb"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/serviceability"
	"ctlclient/protocol/tftp"
	"ctlclient/protocol/tvs"
)

// doors are the clients of one node of a CUCM cluster.
type doors struct {
	axl  *axl.Client
	soap *serviceability.Client
	form *osadmin.Client
	rest *certapi.Client
	cli  func() *platform.Client
}

// secretOf reads one of the lab's passwords.
func secretOf(l *Lab, file string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return os.ReadFile(filepath.Join(l.Dir, file)) }
}

func open(t *testing.T, l *Lab, n *Node) doors {
	t.Helper()
	verify := func(_ *x509.Certificate, raw []byte) error {
		if want, err := n.Certificate(certTomcat); err != nil || !bytes.Equal(raw, want) {
			return errors.New("another certificate")
		}
		return nil
	}
	addr := hostPort(n.Address, n.Ports().HTTPS)
	application := axl.Options{User: "admin", Password: secretOf(l, "password"), VerifyPeer: verify}
	account := osadmin.Options{User: "administrator", Password: secretOf(l, "platform-password"), VerifyPeer: verify}
	var d doors
	var errs [4]error
	d.axl, errs[0] = axl.New(addr, application)
	d.soap, errs[1] = serviceability.New(addr, application)
	d.form, errs[2] = osadmin.New(addr, account)
	d.rest, errs[3] = certapi.New(addr, account)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	d.axl.Sleep = func(context.Context, time.Duration) error { return nil }
	d.soap.Sleep = d.axl.Sleep
	t.Cleanup(func() { d.axl.Close(); d.soap.Close(); d.form.Close(); d.rest.Close() })
	d.cli = func() *platform.Client {
		t.Helper()
		c, err := platform.Dial(t.Context(), hostPort(n.Address, n.Ports().SSH), platform.Options{User: account.User, Password: account.Password,
			HostKey: func(_ string, key ssh.PublicKey) error {
				if !bytes.Equal(key.Marshal(), n.hostKey.PublicKey().Marshal()) {
					return errors.New("another host key")
				}
				return nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	return d
}

// A cluster as Cisco ships it has every door, and its profile says so.
func TestCUCM(t *testing.T) {
	l := up(t, Options{CUCM: true})
	pub, ctx := l.publisher(), t.Context()
	p, err := site.Load(l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	if p.Publisher != site.PublisherCUCM || len(p.Nodes) != 2 || p.Nodes[1].Transport != site.TransportOSAdmin || p.Version != "14.0.1.10000-20" {
		t.Errorf("profile: %+v", p)
	}
	for _, n := range l.Nodes {
		if conn, err := net.Dial("tcp", hostPort(n.Address, 2444)); err == nil {
			conn.Close()
			t.Errorf("%s listens on 2444", n.Name)
		}
	}
	allAccept(t, l)
	d := open(t, l, pub)

	v, err := d.axl.Version(ctx)
	if err != nil || v.Schema != "14.0" {
		t.Errorf("version: %+v, %v", v, err)
	}
	nodes, err := d.axl.Nodes(ctx)
	if err != nil || len(nodes) != 2 || !nodes[0].Publisher || nodes[0].Name != pub.Address || nodes[0].Description != "cucm-pub" {
		t.Errorf("nodes: %+v, %v", nodes, err)
	}
	if mixed, err := d.axl.Mixed(ctx); err != nil || !mixed {
		t.Errorf("mixed: %t, %v", mixed, err)
	}
	certs, err := d.axl.Certificates(ctx, "CallManager", "ITLRecovery")
	if cm, _ := pub.Certificate(certCallManager); err != nil || len(certs) != 3 || !bytes.Equal(certs[0].DER, cm) || certs[0].Server != "cucm-pub" {
		t.Errorf("certificates: %d, %v", len(certs), err)
	}
	var phones []axl.Phone
	if err := d.axl.Phones(ctx, func(page []axl.Phone) error { phones = append(phones, page...); return nil }); err != nil || len(phones) != len(l.Phones) {
		t.Errorf("phones: %+v, %v", phones, err)
	}
	if features, err := d.axl.SecurityByDefault(ctx); err != nil || len(features) != 4 {
		t.Errorf("features: %+v, %v", features, err)
	}
	c := d.cli()
	if all, err := c.NetworkCluster(ctx); err != nil || len(all) != 2 || !all[0].Publisher || all[1].Address != l.Nodes[1].Address {
		t.Errorf("show network cluster: %+v, %v", all, err)
	}
	if table, err := c.SQL(ctx, "select name from processnode"); err != nil || len(table.Rows) != 3 {
		t.Errorf("run sql: %+v, %v", table, err)
	}
	license, err := c.License(ctx)
	if allowed, known := license.MixedModeAllowed(); err != nil || !allowed || !known {
		t.Errorf("licence: %+v, %v", license, err)
	}
	if own, err := c.ShowOwn(ctx, "CallManager"); err != nil || len(own.DER) == 0 {
		t.Errorf("show cert own: %v", err)
	}
}

// registered asks RisPort70 which phones are registered.
func registered(t *testing.T, d doors, l *Lab) map[string]bool {
	t.Helper()
	var names []string
	for _, p := range l.Phones {
		names = append(names, p.Name)
	}
	out := map[string]bool{}
	err := d.soap.Phones(t.Context(), names, func(b serviceability.Batch) error {
		for _, r := range b.Phones {
			out[r.Name] = r.Status == serviceability.Registered
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually asks until something is so. What is waited for has been set going; only a
// phone's boot stands between.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for !is() {
		select {
		case <-t.Context().Done():
			t.Fatal("the test ended before " + what)
		default:
		}
	}
}

// The whole way of a migration, by the doors of Cisco alone.
func TestCUCMMigration(t *testing.T) {
	l := up(t, Options{CUCM: true, Faults: map[string]int{FaultTFTPCache: 1}})
	ctx := t.Context()
	signer := token(t, "SAST-ADN0054f509        ")
	list := l.signedCTL(t, signer)

	// The certificate, to Phone-SAST-trust; TVS on every node vouches.
	pub := open(t, l, l.publisher())
	store, err := pub.rest.PhoneSAST(ctx)
	if err != nil || store != storeSAST {
		t.Fatalf("%q, %v", store, err)
	}
	if err := pub.rest.Trust(ctx, store, "token", signer.der); err != nil {
		t.Fatal(err)
	}
	for _, n := range l.Nodes {
		if !vouches(t, n, signer.der) {
			t.Errorf("TVS on %s does not vouch", n.Name)
		}
	}
	// The file, to each node; it is served when TFTP has been restarted.
	for _, n := range l.Nodes {
		d := open(t, l, n)
		if answer, err := d.form.Upload(ctx, ctlName, list); err != nil || !answer.Good {
			t.Fatalf("%s: %+v, %v", n.Name, answer, err)
		}
		if bytes.Equal(overTFTP(t, n), list) {
			t.Errorf("%s serves the file before the restart", n.Name)
		}
		if info, err := d.cli().ShowCTL(ctx); err != nil || info.Length != len(list) {
			t.Errorf("%s: show ctl: %v", n.Name, err)
		}
		for _, service := range []string{services.TFTP, services.CallManager} {
			if err := d.soap.Restart(ctx, n.entry(), service, nil); err != nil {
				t.Errorf("%s: restart %s: %v", n.Name, service, err)
			}
		}
		if !bytes.Equal(overTFTP(t, n), list) {
			t.Errorf("%s does not serve the file", n.Name)
		}
	}
	// The phones, one after another; those that can ask TVS take it.
	before := registered(t, pub, l)
	for _, p := range l.Phones {
		if !before[p.Name] {
			t.Errorf("%s is not registered before", p.Name)
		}
		if err := pub.axl.ResetPhone(ctx, p.Name, axl.Reset); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all phones are back", func() bool {
		for _, is := range registered(t, pub, l) {
			if !is {
				return false
			}
		}
		return true
	})
	for _, st := range l.Status().Phones {
		if took := st.CTL == md5Of(list); took != (st.Model != "7940") {
			t.Errorf("%s, a %s, holds %s", st.Name, st.Model, st.CTL)
		}
	}
	if err := pub.axl.ResetPhone(ctx, "SEP000000000000", axl.Reset); err == nil {
		t.Error("a phone that is not there was reset")
	}
	// Back, by the CLI: the file is deleted, and the cluster writes its own.
	c := pub.cli()
	if err := c.UpdateCTLFile(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.RestartService(ctx, services.TFTP); err != nil {
		t.Error(err)
	}
	if back, err := ctlbuild.Parse(overTFTP(t, l.publisher())); err != nil || !back.Tokenless() {
		t.Errorf("after utils ctl update: %v", err)
	}
}

// signedCTL is the cluster's own CTL with a token in front, signed by it.
func (l *Lab) signedCTL(t *testing.T, signer *pair) []byte {
	t.Helper()
	d := ctlbuild.Edit(served(t, l, ctlName))
	if _, err := d.AddToken(signer.der); err != nil {
		t.Fatal(err)
	}
	list, err := ctlbuild.Sign(t.Context(), d, signer)
	if err != nil {
		t.Fatal(err)
	}
	return list.Bytes()
}

func md5Of(list []byte) string {
	l, err := ctlbuild.Parse(list)
	if err != nil {
		return err.Error()
	}
	return l.MD5()
}

func overTFTP(t *testing.T, n *Node) []byte {
	t.Helper()
	data, err := tftp.Get(t.Context(), hostPort(n.Address, n.Ports().TFTP), ctlName, tftp.Options{MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	other, err := httpfile.Get(t.Context(), "http://"+hostPort(n.Address, n.Ports().HTTP)+"/"+ctlName, 1<<20)
	if err != nil || !bytes.Equal(data, other) {
		t.Errorf("%s: HTTP serves another file: %v", n.Name, err)
	}
	return data
}

func vouches(t *testing.T, n *Node, der []byte) bool {
	t.Helper()
	answer, err := tvs.Verify(t.Context(), hostPort(n.Address, n.Ports().TVS), der, tvs.Options{DeviceName: "CP-8861-SEP001122334455",
		VerifyPeer: func(*x509.Certificate, []byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Valid
}

// What a version says of the certificate REST API and of the login.
func TestCUCMVersions(t *testing.T) {
	for version, want := range map[string]struct {
		full string
		rest bool
	}{
		"10.5":             {"10.5.2.10000-5", false},
		"11.5(1)SU5":       {"11.5.1.15900-42", false},
		"12.5":             {"12.5.1.10000-22", false},
		"14SU3":            {"14.0.1.13900-42", true},
		"15.0.1.13900-155": {"15.0.1.13900-155", true},
	} {
		t.Run(version, func(t *testing.T) {
			l := up(t, Options{CUCM: true, Nodes: 1, Version: version, Phones: []PhoneSpec{}})
			d := open(t, l, l.publisher())
			v, err := d.axl.Version(t.Context())
			if err != nil || v.Full != want.full {
				t.Errorf("%+v, %v", v, err)
			}
			if got, err := d.cli().Version(t.Context()); err != nil || got != want.full {
				t.Errorf("show version active: %q, %v", got, err)
			}
			if _, err := d.rest.PhoneSAST(t.Context()); (err == nil) != want.rest {
				t.Errorf("REST: %v", err)
			}
			if err := d.form.Login(t.Context()); err != nil {
				t.Errorf("OS Administration: %v", err)
			}
		})
	}
}

// utils ... reset localkey signs with the other key; the next update or restart goes back.
func TestResetLocalKey(t *testing.T) {
	l := up(t, Options{CUCM: true, Nodes: 2})
	c, ctx := open(t, l, l.publisher()).cli(), t.Context()
	for _, kind := range []string{ctlName, itlName} {
		before, reset, back := served(t, l, kind), c.ResetCTL, func() error { return c.UpdateCTLFile(ctx) }
		if kind == itlName {
			reset, back = c.ResetITL, func() error { return c.RestartService(ctx, services.TFTP) }
		}
		r, err := reset(ctx)
		if err != nil || !slices.Equal(r.Sent, []string{"cucm-pub", "cucm-sub1"}) {
			t.Fatalf("%s: %+v, %v", kind, r, err)
		}
		after := served(t, l, kind)
		if v := after.Verify(); !v.OK || bytes.Equal(after.Header.SerialNumber, before.Header.SerialNumber) {
			t.Errorf("%s: signed by the same key, or by none: %+v", kind, v)
		}
		allAccept(t, l)
		if err := back(); err != nil {
			t.Fatal(err)
		}
		if again := served(t, l, kind); !bytes.Equal(again.Header.SerialNumber, before.Header.SerialNumber) {
			t.Errorf("%s: not signed by the usual key again", kind)
		}
	}
}

// Each phone says on its page what became of a list, in the form of its model.
func TestPhonePages(t *testing.T) {
	l := up(t, Options{CUCM: true, Nodes: 1})
	if !l.Phones[0].Page().IsValid() {
		t.Skip("this machine has no addresses for phones")
	}
	ctx := t.Context()
	read := func(p *Phone) ([]phoneweb.Entry, error) {
		at := p.Page()
		page, err := phoneweb.Read(ctx, at.Addr().String(), p.Name, "Cisco "+p.Model, phoneweb.Options{HTTPPort: int(at.Port()), HTTPSPort: -1})
		return page.Entries, err
	}
	last := func(p *Phone) string {
		t.Helper()
		entries, err := read(p)
		if err != nil || len(entries) == 0 {
			t.Fatalf("%s: %v, %v", p.Name, entries, err)
		}
		return entries[len(entries)-1].Text
	}
	for _, p := range l.Phones {
		want := "CTL and ITL installed"
		if p.Model == "7940" {
			want = "CTL Installed"
		}
		if got := last(p); got != want {
			t.Errorf("%s: %q, want %q", p.Model, got, want)
		}
	}
	signer := token(t, "SAST-1")
	if err := l.TrustCertificate(signer.der); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, l, l.publisher()).form.Upload(ctx, ctlName, l.signedCTL(t, signer)); err != nil {
		t.Fatal(err)
	}
	boots(t, l)
	for _, p := range l.Phones {
		want := "Trust List updated"
		if p.Model == "7940" {
			want = "Trust List update failed"
		}
		if got := last(p); got != want {
			t.Errorf("%s: %q, want %q", p.Model, got, want)
		}
		before, err := read(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.RestartPhone(ctx, p.Name); err != nil {
			t.Fatal(err)
		}
		if after, err := read(p); err != nil || p.Model != "7940" && len(after) != len(before) {
			t.Errorf("%s: the same file was noted: %v, %v", p.Model, after, err)
		}
	}
	// RisPort70 says where it is; switched off, nothing answers there.
	p := l.Phones[1]
	err := open(t, l, l.publisher()).soap.Phones(ctx, []string{p.Name}, func(b serviceability.Batch) error {
		if r := b.Phones[0]; r.Address != p.Page().Addr() || !r.Web {
			t.Errorf("RisPort70: %+v", r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at := p.Page().String()
	if err := l.SetFault(FaultNoPhoneWeb, 1); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", at); err == nil {
		conn.Close()
		t.Error("the page is still there")
	}
	if err := l.SetFault(FaultNoPhoneWeb, 0); err != nil || !p.Page().IsValid() {
		t.Errorf("on again: %v", err)
	}
}

// A crowd makes a cluster large: it is listed in pages, asked for by name, reset, and
// some of it stays away when that is wished.
func TestCrowd(t *testing.T) {
	l := up(t, Options{CUCM: true, Nodes: 1, Crowd: 2500, Phones: []PhoneSpec{{Model: "8861"}}})
	d, ctx := open(t, l, l.publisher()), t.Context()
	var names []string
	err := d.axl.Phones(ctx, func(page []axl.Phone) error {
		for _, p := range page {
			names = append(names, p.Name)
		}
		return nil
	})
	if err != nil || len(names) != 2501 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 2501 {
		t.Fatalf("%d phones, %v", len(names), err)
	}
	if err := l.SetFault(FaultStray, 2); err != nil {
		t.Fatal(err)
	}
	for _, name := range names[1:5] {
		if err := d.axl.ResetPhone(ctx, name, axl.Restart); err != nil {
			t.Fatal(err)
		}
	}
	back := map[serviceability.Status]int{}
	err = d.soap.Phones(ctx, names, func(b serviceability.Batch) error {
		for _, r := range b.Phones {
			back[r.Status]++
		}
		return nil
	})
	if err != nil || back[serviceability.Registered] != 2499 || back[serviceability.Unregistered] != 2 {
		t.Errorf("%v, %v", back, err)
	}
	if err := d.axl.ResetPhone(ctx, names[1], axl.Restart); err != nil {
		t.Fatal(err)
	}
	if l.crowdRegistration(0, "").Status != serviceability.Registered {
		t.Error("it does not come back when it is reset again")
	}
	if err := d.axl.ResetPhone(ctx, crowdName(2500), axl.Restart); err == nil {
		t.Error("one that is not there was reset")
	}
}
