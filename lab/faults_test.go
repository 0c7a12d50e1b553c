package lab

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/internal/services"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/serviceability"
	"ctlclient/protocol/sshconn"
)

// What goes wrong is what the client of that door calls it, and goes right afterwards.
func TestFaults(t *testing.T) {
	l := up(t, Options{CUCM: true, Nodes: 2})
	ctx := t.Context()
	pub, sub := l.publisher(), l.Nodes[1]
	file := l.signedCTL(t, token(t, "SAST-1"))
	upload := func(d doors) error { _, err := d.form.Upload(ctx, ctlName, file); return err }
	unchanged := func() bool { return !bytes.Equal(overTFTP(t, pub), file) }
	for _, test := range []struct {
		fault string
		count int
		try   func(d doors) error
		is    func(error) bool
	}{
		{FaultApplication, 1, func(d doors) error { _, err := d.axl.Nodes(ctx); return err }, func(err error) bool { return errors.Is(err, axl.ErrLogin) }},
		{FaultApplication, 1, func(d doors) error { _, err := d.soap.Services(ctx, services.TFTP); return err }, func(err error) bool { return errors.Is(err, serviceability.ErrLogin) }},
		{FaultRole, 1, func(d doors) error { _, err := d.axl.Mixed(ctx); return err }, func(err error) bool { return errors.Is(err, axl.ErrForbidden) }},
		{FaultAXLBusy, 2, func(d doors) error { _, err := d.axl.Mixed(ctx); return err }, func(err error) bool { return err == nil }},
		{FaultAXLBusy, 100, func(d doors) error { _, err := d.axl.Mixed(ctx); return err }, func(err error) bool { return errors.Is(err, axl.ErrBusy) }},
		{FaultRate, 2, func(d doors) error { registered(t, d, l); return nil }, func(err error) bool { return err == nil }},
		{FaultPlatform, 1, func(d doors) error { return d.form.Login(ctx) }, func(err error) bool { return errors.Is(err, osadmin.ErrLogin) }},
		{FaultPlatform, 1, func(d doors) error { _, err := d.rest.Snapshot(ctx); return err }, func(err error) bool { return errors.Is(err, certapi.ErrLogin) }},
		{FaultPlatform, 1, func(doors) error {
			_, err := platform.Dial(ctx, hostPort(pub.Address, pub.Ports().SSH), platform.Options{User: "administrator", Password: secretOf(l, "platform-password"), HostKey: func(string, ssh.PublicKey) error { return nil }})
			return err
		}, func(err error) bool { return errors.Is(err, sshconn.ErrLogin) }},
		{FaultRefuseUpload, 1, upload, func(err error) bool { return errors.As(err, new(*osadmin.RefusedError)) && unchanged() }},
		{FaultLost, 1, upload, func(err error) bool { return err == nil && unchanged() }},
		{FaultGarbled, 1, func(d doors) error {
			answer, err := d.form.Upload(ctx, "probe.txt", []byte("x"))
			if err == nil && answer.Good {
				return errors.New("an answer that says nothing was taken for a good one")
			}
			return err
		}, func(err error) bool { return err == nil }},
		{FaultNoREST, 1, func(d doors) error { _, err := d.rest.PhoneSAST(ctx); return err }, func(err error) bool { return errors.Is(err, certapi.ErrTooOld) }},
		{FaultNoImport, 1, func(d doors) error { _, err := d.rest.PhoneSAST(ctx); return err }, func(err error) bool { return errors.As(err, new(*certapi.StoreError)) }},
		{FaultNoImport, 1, func(d doors) error { return d.cli().ImportTrust(ctx, storeSAST, token(t, "x").der) }, func(err error) bool { return errors.As(err, new(*platform.UnexpectedError)) }},
		{FaultControl, 1, func(d doors) error { return d.soap.Restart(ctx, "", services.TVS, nil) }, func(err error) bool { return errors.As(err, new(*serviceability.ServiceError)) }},
		{FaultAutoRegister, 1, func(d doors) error { return d.cli().SetClusterMode(ctx, true) }, func(err error) bool { return err == nil }},
		{FaultHoldTrust, 1, func(d doors) error {
			der := token(t, "SAST-held").der
			if err := d.rest.Trust(ctx, storeSAST, "", der); err != nil {
				return err
			}
			if !vouches(t, pub, der) || vouches(t, sub, der) {
				return errors.New("it is not on the publisher alone")
			}
			if err := l.SetFault(FaultHoldTrust, 0); err != nil {
				return err
			}
			if !vouches(t, sub, der) {
				return errors.New("it does not reach the subscriber")
			}
			return nil
		}, func(err error) bool { return err == nil }},
	} {
		t.Run(test.fault, func(t *testing.T) {
			if err := l.SetFault(test.fault, test.count); err != nil {
				t.Fatal(err)
			}
			if err := test.try(open(t, l, pub)); !test.is(err) {
				t.Errorf("%v", err)
			}
			if err := l.SetFault(test.fault, 0); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := upload(open(t, l, pub)); err != nil || unchanged() {
		t.Errorf("without a fault: %v", err)
	}
	if err := l.SetFault("no-such-fault", 1); err == nil || !strings.Contains(err.Error(), FaultRefuseUpload) {
		t.Errorf("%v", err)
	}
	// A certificate that changed is another server.
	d := open(t, l, pub)
	former, err := pub.Certificate(certTomcat)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Regenerate("cucm-pub", "tomcat"); err != nil {
		t.Fatal(err)
	}
	if now, err := pub.Certificate(certTomcat); err != nil || bytes.Equal(now, former) {
		t.Errorf("the certificate is the former one: %v", err)
	}
	if _, err := d.axl.Nodes(ctx); err != nil {
		t.Errorf("judged by what it is now: %v", err)
	}
}

// A plain lab knows no faults of a CUCM cluster, and answers AXL nowhere.
func TestPlainLabHasNoDoors(t *testing.T) {
	l := up(t, Options{Nodes: 1, NoAltTFTP: true, Phones: []PhoneSpec{}})
	if err := l.SetFault(FaultRefuseUpload, 1); err == nil {
		t.Error("the form of a plain lab refuses a name")
	}
	d := open(t, l, l.publisher())
	if _, err := d.axl.Version(t.Context()); err == nil {
		t.Error("AXL answers")
	}
	if err := d.form.Login(t.Context()); err == nil {
		t.Error("OS Administration answers")
	}
}

// A file that is held waits until the fault is off, or until its client has gone.
func TestHoldFile(t *testing.T) {
	l := up(t, Options{Nodes: 1, NoAltTFTP: true})
	if err := l.SetFault(FaultHoldFile, 1); err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := l.waitWhile(gone, FaultHoldFile); err == nil {
		t.Error("it does not wait")
	}
	done := make(chan error)
	go func() { done <- l.waitWhile(t.Context(), FaultHoldFile) }()
	if err := l.SetFault(FaultHoldFile, 0); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
