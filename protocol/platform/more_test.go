package platform_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/message"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/sshconn"
)

const (
	shownCluster = `10.3.74.13 IMPPUB.example.com IMPPUB Subscriber cups DBPub authenticated
10.3.74.12 CUCMSUB.example.com CUCMSUB Subscriber callmanager DBSub authenticated using TCP since Thu Oct 28 11:24:16 2021
10.3.74.11 CUCMPUB.example.com CUCMPUB Publisher callmanager DBPub authenticated using TCP since Thu Oct 28 11:27:36 2021

Server Table (processnode) Entries
----------------------------------
10.3.74.11
CUCMPUB
`
	shownSQL = `name          description       node
============= ================= ====
cucm-pub      the first one     1   
cucm sub 1    málaga            2   
              no name           3   
`
	shownCerts = `CallManager-trust/CAP-RTP-001.pem: Trust Certificate
Phone-SAST-trust/SAST-ADN0054f509.pem: 2nd eToken: Cert
tomcat-trust/cucm-pub.example.com.pem: Trust Certificate
`
	shownLicense = `Smart Licensing Status
=======================
Smart Licensing is ENABLED

Registration:
  Status: REGISTERED
  Smart Account: An Account
  Export-Controlled Functionality: Allowed

License Authorization:
  Status: AUTHORIZED on Jan 26 15:12:59 2018 IST
`
	resetITL = `Generating the reset ITL file.....

The reset ITL file was generated successfully

Locating active Tftp servers in the cluster.....

Following is the list of Active tftp servers in the cluster

====================

cucm-pub

=====================

Number of Active TFTP servers in the cluster : 1

Transferring new reset ITL file to the TFTP server nodes in the cluster.........

Successfully transferred reset ITL to node cucm-pub
`
)

func certificate(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x54f509), Subject: pkix.Name{CommonName: "SAST-ADN0054f509"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// cisco is a node that knows the other commands.
type cisco struct {
	stored []byte // the certificate that was imported
	typed  string // what was typed for a password
	say    string // what the last command says instead of success
}

func (n *cisco) handle(_ context.Context, command string, t *platform.Terminal) error {
	switch command {
	case "show network cluster":
		t.Print(shownCluster)
	case "run sql select name,description,node from processnode":
		t.Print(shownSQL)
	case "run sql select name from nothing":
		t.Print("name\n====")
	case "run sql select name from wrong":
		t.Print("Error occurred in prepare: the specified table (wrong) is not in the database.")
	case "show cert list trust", "show cert list own":
		t.Print(shownCerts)
	case "show cert own tomcat":
		t.Print("[\n  Version: V3\n  Serial Number: 54F509\n]\n" + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.stored})))
	case "show cert trust CallManager-trust/CAP-RTP-001.pem":
		t.Print("[\n  Version: V3\n  Serial Number: 54F509\n]")
	case "show license all":
		t.Print(shownLicense)
	case "utils itl reset localkey":
		t.Print(or(n.say, resetITL))
	case "utils ctl reset localkey":
		ok, err := t.Confirm("This operation will reset the CTL file. Do you want to continue? (y/n):")
		if err != nil || !ok {
			return err
		}
		t.Print(or(n.say, strings.ReplaceAll(resetITL, "ITL", "CTL")))
	case "utils itl reset remotekey 10.1.1.1 backup ITLRecovery.p12":
		var err error
		if n.typed, err = t.Ask("Enter password for backup: "); err != nil { // echoed, which must not show
			return err
		}
		t.Print(or(n.say, resetITL))
	case "set cert import trust Phone-SAST-trust":
		t.Print("Paste the Certificate and Hit Enter")
		text, err := t.Paste()
		if err != nil {
			return err
		}
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return errors.New("not a certificate")
		}
		n.stored = block.Bytes
		t.Print(or(n.say, "Successfully imported certificate for Phone-SAST-trust.\nPlease restart services related to Phone-SAST-trust for the new certificate to\nbecome active."))
	default:
		return platform.ErrUnknownCommand
	}
	return nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestMoreCommands(t *testing.T) {
	for _, way := range []struct {
		name        string
		interactive bool
		page        int
	}{{"password", false, 0}, {"keyboard-interactive, a pager", true, 5}} {
		t.Run(way.name, func(t *testing.T) {
			key, n := newHostKey(t), &cisco{}
			addr := serve(t, platform.NewServer(platform.ServerOptions{HostKey: key, Login: login, Handler: n.handle, Interactive: way.interactive, PageLines: way.page}))
			var seen strings.Builder
			o := options(key)
			o.Output = func(line string) { seen.WriteString(line + "\n") }
			c, ctx := dial(t, addr, o), t.Context()

			nodes, err := c.NetworkCluster(ctx)
			if err != nil || len(nodes) != 3 || nodes[2].Host != "CUCMPUB" || !nodes[2].Publisher || nodes[2].FQDN != "CUCMPUB.example.com" || nodes[0].Product != "cups" || nodes[0].State != "authenticated" {
				t.Errorf("cluster: %+v, %v", nodes, err)
			}
			table, err := c.SQL(ctx, "select  name,description,node\nfrom processnode")
			want := [][]string{{"cucm-pub", "the first one", "1"}, {"cucm sub 1", "málaga", "2"}, {"", "no name", "3"}}
			if err != nil || !reflect.DeepEqual(table.Rows, want) || table.Column("Description") != 1 {
				t.Errorf("sql: %+v, %v", table, err)
			}
			if table, err := c.SQL(ctx, "select name from nothing"); err != nil || len(table.Rows) != 0 {
				t.Errorf("no rows: %+v, %v", table, err)
			}
			var unexpected *platform.UnexpectedError
			if _, err := c.SQL(ctx, "select name from wrong"); !errors.As(err, &unexpected) || !unexpected.Ended || !strings.Contains(message.Lines(unexpected.Hints()).String(), "not in the database") {
				t.Errorf("a database error: %v", err)
			}
			for _, bad := range []string{"delete from device", "update a set b=1", "select 1; delete from device", "select 1\x1b"} {
				if _, err := c.SQL(ctx, bad); err == nil || errors.As(err, new(*platform.UnexpectedError)) {
					t.Errorf("%q was sent: %v", bad, err)
				}
			}
			der := certificate(t)
			if err := c.ImportTrust(ctx, "Phone-SAST-trust", der); err != nil || !bytes.Equal(n.stored, der) {
				t.Errorf("import: %v", err)
			}
			files, err := c.TrustedCertificates(ctx)
			if err != nil || len(files) != 3 || files[1] != (platform.CertFile{Unit: "Phone-SAST-trust", File: "SAST-ADN0054f509.pem", Text: "2nd eToken: Cert"}) {
				t.Errorf("list: %+v, %v", files, err)
			}
			if own, err := c.ShowOwn(ctx, "tomcat"); err != nil || !bytes.Equal(own.DER, der) {
				t.Errorf("own: %+v, %v", own, err)
			}
			if text, err := c.ShowTrusted(ctx, "CallManager-trust/CAP-RTP-001.pem"); err != nil || text.DER != nil {
				t.Errorf("trusted: %+v, %v", text, err)
			}
			license, err := c.License(ctx)
			if allowed, known := license.MixedModeAllowed(); err != nil || !allowed || !known || license.Status != "REGISTERED" {
				t.Errorf("license: %+v, %v", license, err)
			}
			resets(t, c, n)
			if strings.Contains(seen.String(), "secret of the backup") || strings.Contains(seen.String(), "Press <enter>") {
				t.Errorf("what is not for a person was shown:\n%s", &seen)
			}
		})
	}
}

func resets(t *testing.T, c *platform.Client, n *cisco) {
	t.Helper()
	ctx := t.Context()
	if r, err := c.ResetITL(ctx); err != nil || !reflect.DeepEqual(r.Sent, []string{"cucm-pub"}) {
		t.Errorf("reset itl: %+v, %v", r, err)
	}
	if r, err := c.ResetCTL(ctx); err != nil || !reflect.DeepEqual(r.Sent, []string{"cucm-pub"}) {
		t.Errorf("reset ctl: %+v, %v", r, err)
	}
	if _, err := c.ResetITLRemote(ctx, "10.1.1.1", "backup", "ITLRecovery.p12", []byte("secret of the backup")); err != nil || n.typed != "secret of the backup" {
		t.Errorf("reset with a saved key: %v, typed %q", err, n.typed)
	}
	// Other words are shown, and the shell goes on; the secret is not among them.
	n.say = "The key secret of the backup was not found"
	var unexpected *platform.UnexpectedError
	_, err := c.ResetITLRemote(ctx, "10.1.1.1", "backup", "ITLRecovery.p12", []byte("secret of the backup"))
	if !errors.As(err, &unexpected) || !unexpected.Ended || !strings.Contains(message.Lines(unexpected.Hints()).String(), "was not found") || strings.Contains(message.Lines(unexpected.Hints()).String(), "secret of") {
		t.Errorf("other words: %v", err)
	}
	n.say = "Failed to import the certificate"
	if err := c.ImportTrust(ctx, "Phone-SAST-trust", certificate(t)); !errors.As(err, &unexpected) || !unexpected.Ended {
		t.Errorf("a refused import: %v", err)
	}
	if err := c.ImportTrust(ctx, "no-such-store", certificate(t)); !errors.As(err, &unexpected) || !strings.Contains(message.Lines(unexpected.Hints()).String(), "No valid command") {
		t.Errorf("an unknown store: %v", err)
	}
	if err := c.ImportTrust(ctx, "tomcat\rfile delete", nil); err == nil || errors.As(err, &unexpected) && unexpected.Command == "" {
		t.Errorf("what is no name: %v", err)
	}
}

// Setting mixed mode asks another question where auto-registration is on, and ends with
// other lines; success is one line alone.
func TestMixedModeQuestions(t *testing.T) {
	const begin = "This operation will set the cluster to Mixed mode."
	for name, test := range map[string]struct {
		question, end string
		ok            bool
	}{
		"as ever":            {begin + " Do you want to continue? (y/n):", "Cluster set to Mixed Mode\r\nPlease Restart the TFTP and Cisco CallManager services", true},
		"auto-registration":  {begin + "  Auto-registration is enabled on at least one CM node. Do you want to continue? (y/n): ", "Cluster set to Mixed Mode\r\nYou must reset all phones to ensure they received the updated CTL file. \r\nYou must restart Cisco CTIManager services on all the nodes in the cluster that have the service activated.", true},
		"forbidden":          {begin + " Do you want to continue? (y/n):", "Encryption is not enabled on this cluster", false},
		"moving, not set":    {begin + " Do you want to continue? (y/n):", "Moving Cluster to Mixed Mode", false},
		"a sentence with it": {begin + " Do you want to continue? (y/n):", "Error: Cluster set to Mixed Mode is not possible", false},
	} {
		t.Run(name, func(t *testing.T) {
			addr, key, _ := play(t, step{"", "admin:"}, step{"utils ctl set-cluster mixed-mode\r", test.question}, step{"y\r", "y\r\n\r\nMoving Cluster to Mixed Mode\r\n" + test.end + "\r\nadmin:"})
			err := dial(t, addr, options(key)).SetClusterMode(t.Context(), true)
			var unexpected *platform.UnexpectedError
			if test.ok && err != nil || !test.ok && (!errors.As(err, &unexpected) || !strings.Contains(message.Lines(unexpected.Hints()).String(), test.end)) {
				t.Error(err)
			}
		})
	}
}

// A question of another command is not answered, though it is worded alike.
func TestOtherCommandsQuestion(t *testing.T) {
	for _, question := range []string{
		"The backup of last week will be deleted. Do you want to continue? (y/n):",
		"This operation will set the cluster to Mixed mode and restart all nodes. Do you want to continue? (y/n):",
	} {
		addr, key, rest := play(t, step{"", "admin:"}, step{"utils ctl set-cluster mixed-mode\r", question})
		c := dial(t, addr, options(key))
		var unexpected *platform.UnexpectedError
		if err := c.SetClusterMode(t.Context(), true); !errors.As(err, &unexpected) || unexpected.Ended || !strings.Contains(message.Lines(unexpected.Hints()).String(), question) {
			t.Errorf("%v", err)
		}
		if typed := rest(); typed != "" {
			t.Errorf("typed %q", typed)
		}
	}
}

// A node takes its time for the first prompt, which has a limit of its own.
func TestLongFirstPrompt(t *testing.T) {
	key, n := newHostKey(t), &cisco{}
	ready := make(chan struct{})
	addr := serve(t, platform.NewServer(platform.ServerOptions{HostKey: key, Login: login, Handler: n.handle,
		Start: func(ctx context.Context) {
			select {
			case <-ready:
			case <-ctx.Done():
			}
		}}))
	o := options(key)
	o.FirstPrompt = time.Second
	_, err := platform.Dial(t.Context(), addr, o)
	var unexpected *platform.UnexpectedError
	if !errors.As(err, &unexpected) || !errors.Is(err, context.DeadlineExceeded) || unexpected.Command != "" {
		t.Errorf("no prompt: %v", err)
	}
	close(ready)
	o.FirstPrompt, o.Timeout = 0, 5*time.Second
	dial(t, addr, o)
}

// A node that stops reading and answering, at any point, is waited for as long as the
// command has, and no longer; closing waits for nobody.
func TestFrozen(t *testing.T) {
	for _, where := range []string{"session", "pty-req", "shell", "prompt", "command"} {
		t.Run(where, func(t *testing.T) {
			key := newHostKey(t)
			frozen := make(chan struct{})
			addr := serveSession(t, key, where, frozen)
			t.Cleanup(func() { close(frozen) })
			o := options(key)
			o.Timeout, o.FirstPrompt = 500*time.Millisecond, 500*time.Millisecond
			c, err := platform.Dial(t.Context(), addr, o)
			if where == "command" {
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.ShowCTL(t.Context())
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			var unexpected *platform.UnexpectedError
			if !errors.As(err, &unexpected) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v, want what a deadline says", err)
			}
		})
	}
}

// serveSession is a node that answers nothing from one request on.
func serveSession(t *testing.T, key ssh.Signer, where string, frozen <-chan struct{}) string {
	if where == "session" { // the channel itself is never opened
		return serveRaw(t, key, frozen)
	}
	return serve(t, sshconn.NewServer(sshconn.ServerOptions{HostKey: key, Login: login,
		Session: func(ctx context.Context, _ string, channel ssh.Channel, requests <-chan *ssh.Request) {
			freeze := func() {
				select {
				case <-frozen:
				case <-ctx.Done():
				}
			}
			for request := range requests {
				if request.Type == where {
					freeze()
					return
				}
				request.Reply(true, nil)
				if request.Type == "shell" {
					break
				}
			}
			if where == "command" {
				channel.Write([]byte("admin:"))
				buf := make([]byte, 100)
				channel.Read(buf) // the pager is turned off
				channel.Write([]byte("\r\nadmin:"))
			}
			freeze()
		}}))
}

// serveRaw logs anybody in and leaves it at that.
func serveRaw(t *testing.T, key ssh.Signer, frozen <-chan struct{}) string {
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, _, _, err := ssh.NewServerConn(conn, config); err == nil {
			<-frozen
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}
