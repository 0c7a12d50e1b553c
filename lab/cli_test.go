package lab

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/internal/services"
	"ctlclient/protocol/platform"
)

// shell logs in to a node's administration CLI.
func shell(t *testing.T, n *Node) *platform.Client {
	t.Helper()
	c, err := platform.Dial(t.Context(), hostPort(n.Address, n.Ports().SSH), platform.Options{
		User:     adminUser,
		Password: func(context.Context) ([]byte, error) { return bytes.Clone(n.lab.password), nil },
		HostKey: func(_ string, k ssh.PublicKey) error {
			if !bytes.Equal(k.Marshal(), n.hostKey.PublicKey().Marshal()) {
				return errors.New("another key")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The whole way of a cluster through its own commands, over SSH.
func TestCLIOverSSH(t *testing.T) {
	l := up(t, Options{Version: "11.5", NonSecure: true})
	pub, sub := shell(t, l.publisher()), shell(t, l.Nodes[1])
	ctx := t.Context()

	if v, err := sub.Version(ctx); err != nil || v != l.release().full {
		t.Errorf("version %q, %v", v, err)
	}
	if info, err := pub.ShowCTL(ctx); err != nil || !info.Missing {
		t.Errorf("show ctl without a CTL: %+v, %v", info, err)
	}
	if info, err := pub.ShowITL(ctx); err != nil || !info.Verified || info.MD5 != l.publisher().checksum(itlName) {
		t.Errorf("show itl: %+v, %v", info, err)
	}
	if err := pub.SetClusterMode(ctx, true); err != nil {
		t.Fatal(err)
	}
	if mixed, err := sub.ClusterMixed(ctx); err != nil || !mixed {
		t.Errorf("mixed %t, %v", mixed, err)
	}
	for _, c := range []*platform.Client{pub, sub} {
		info, err := c.ShowCTL(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !info.Verified || info.MD5 != served(t, l, ctlName).MD5() || info.Signer != 0 || len(info.Records) != 5 {
			t.Errorf("show ctl: %+v", info)
		}
	}
	if err := l.Regenerate("cucm-sub1", "callmanager"); err != nil {
		t.Fatal(err)
	}
	former := served(t, l, ctlName).MD5()
	if err := pub.UpdateCTLFile(ctx); err != nil || served(t, l, ctlName).MD5() == former {
		t.Errorf("update: %v", err)
	}
	for _, service := range []string{services.TFTP, services.CallManager} {
		if err := sub.RestartService(ctx, service); err != nil {
			t.Error(err)
		}
	}
	for _, s := range l.Nodes[1].Services()[:2] {
		if s.Restarts != 1 {
			t.Errorf("%s was restarted %d times", s.Name, s.Restarts)
		}
	}
	for want := 1; want >= 0; want-- {
		if n, err := sub.DeleteCTLFile(ctx); err != nil || n != want {
			t.Errorf("deleted %d, want %d: %v", n, want, err)
		}
	}
	if err := pub.SetClusterMode(ctx, false); err != nil {
		t.Error(err)
	}
	if l.Status().Mixed {
		t.Error("the cluster is still in mixed mode")
	}
}

func TestCLIRefuses(t *testing.T) {
	l := up(t, Options{NonSecure: true, ExportRefused: true})
	for what, err := range map[string]error{
		"export-controlled": shell(t, l.publisher()).SetClusterMode(t.Context(), true),
		"not in Mixed Mode": shell(t, l.publisher()).UpdateCTLFile(t.Context()),
		"on the publisher":  shell(t, l.Nodes[1]).SetClusterMode(t.Context(), false),
	} {
		var unexpected *platform.UnexpectedError
		if !errors.As(err, &unexpected) || !strings.Contains(unexpected.Output, what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if l.Status().Mixed || l.publisher().checksum(ctlName) != "" {
		t.Error("something was changed all the same")
	}
}

// What cannot be typed through the client of this house.
func TestCLIWords(t *testing.T) {
	l := up(t, Options{})
	for line, part := range map[string]string{
		"file delete tftp ../certs/TVS.key":             "files: found = 0, deleted = 0",
		"file delete activelog cm/tftpdata/CTLFile.tlv": "files: found = 1, deleted = 1",
		"SHOW  VERSION active":                          "Active Master Version: 12.0.1.10000-10",
		"utils service restart Cisco CallManager":       "Cisco CallManager[STARTED]",
	} {
		if out := admin(t, l.publisher(), line); !strings.Contains(out, part) {
			t.Errorf("%s: want %q in\n%s", line, part, out)
		}
	}
	run := (&cli{l.publisher()}).run
	if err := run(t.Context(), "utils system shutdown", &paper{}); !errors.Is(err, platform.ErrUnknownCommand) {
		t.Errorf("a command that is not known: %v", err)
	}
	before := served(t, l, itlName).MD5()
	if err := run(t.Context(), "utils ctl set-cluster non-secure-mode", &paper{no: true}); err != nil || !l.Status().Mixed || served(t, l, itlName).MD5() != before {
		t.Errorf("an answer of no: %v", err)
	}
}
