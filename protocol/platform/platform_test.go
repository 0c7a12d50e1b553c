package platform_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/internal/services"
	"ctlclient/message"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/sshconn"
)

func newHostKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func login(user string, password []byte) bool { return user == "admin" && string(password) == "secret" }

// serve runs a server until the test ends.
func serve(t *testing.T, s interface {
	Serve(net.Listener) error
	Close() error
}) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, platform.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

func options(key ssh.Signer) platform.Options {
	return platform.Options{
		User:     "admin",
		Password: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
		HostKey: func(_ string, got ssh.PublicKey) error {
			if !bytes.Equal(got.Marshal(), key.PublicKey().Marshal()) {
				return errors.New("another host key")
			}
			return nil
		},
		Timeout: 30 * time.Second,
	}
}

func dial(t *testing.T, addr string, o platform.Options) *platform.Client {
	t.Helper()
	c, err := platform.Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// node is a cluster of one that answers in the documents' words.
type node struct {
	mu    sync.Mutex
	mixed bool
	file  bool // CTLFile.tlv is there
	log   []string
}

func (n *node) handle(_ context.Context, command string, t *platform.Terminal) error {
	out, confirm := t.Print, t.Confirm
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = append(n.log, command)
	const restart = "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that run these services"
	switch command {
	case "show ctl":
		if n.file {
			out(shownCTL)
		} else {
			out(missingCTL)
		}
	case "show itl":
		out(shownITL)
	case "show version active":
		out("Active Master Version: 12.0.1.10000-10\nActive Version Installed Software Options:\nNo Installed Software Options Found.")
	case "utils ctl set-cluster mixed-mode", "utils ctl set-cluster non-secure-mode":
		mode := "Non Secure"
		if strings.HasSuffix(command, "mixed-mode") {
			mode = "Mixed"
		}
		ok, err := confirm("This operation will set the cluster to " + mode + " mode. Do you want to continue? (y/n):")
		if err != nil || !ok {
			return err
		}
		n.mixed, n.file = mode == "Mixed", true
		out("\nMoving Cluster to " + mode + " Mode\nCluster set to " + mode + " Mode\n" + restart)
	case "utils ctl update CTLFile":
		ok, err := confirm("This operation will update the CTLFile. Do you want to continue? (y/n):")
		if err != nil || !ok {
			return err
		}
		out("\nUpdating CTL file\nCTL file Updated\n" + restart)
	case "file delete tftp CTLFile.tlv":
		out("Delete the File CTLFile.tlv?")
		ok, err := confirm(`Enter "y" followed by return to continue: `)
		if err != nil || !ok {
			return err
		}
		found := 0
		if n.file {
			found = 1
		}
		n.file = false
		out(fmt.Sprintf("files: found = %d, deleted = %d", found, found))
	case "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'":
		value := 0
		if n.mixed {
			value = 1
		}
		out(fmt.Sprintf("paramname           paramvalue\n=================== ==========\nClusterSecurityMode %d", value))
	case "utils service restart Cisco Tftp":
		out("Service Manager is running\nCisco Tftp[STOPPING]\nCisco Tftp[STARTING]\nCisco Tftp[STARTED]")
	case "utils service restart Cisco CallManager":
		ok, err := confirm("Do you want to continue (yes/no)? ")
		if err != nil || !ok {
			return err
		}
		out("Cisco CallManager[STOPPING]\nCisco CallManager[STOPPED]")
	default:
		return platform.ErrUnknownCommand
	}
	return nil
}

func TestCommands(t *testing.T) {
	key := newHostKey(t)
	n := &node{}
	addr := serve(t, platform.NewServer(platform.ServerOptions{
		HostKey: key, Login: login, Handler: n.handle,
		Banner: "Command Line Interface is starting up, please wait ...\n\n   Welcome to the Platform Command Line Interface\n",
	}))
	var seen []string
	o := options(key)
	o.Output = func(line string) { seen = append(seen, line) }
	c := dial(t, addr, o)
	ctx := t.Context()

	info, err := c.ShowCTL(ctx)
	if err != nil || !info.Missing {
		t.Fatalf("show ctl: %+v, %v; want a missing file", info, err)
	}
	if deleted, err := c.DeleteCTLFile(ctx); err != nil || deleted != 0 {
		t.Errorf("delete: %d, %v", deleted, err)
	}
	mixed := func(want bool) {
		t.Helper()
		if got, err := c.ClusterMixed(ctx); err != nil || got != want {
			t.Errorf("mixed: %v, %v; want %v", got, err, want)
		}
	}
	mixed(false)
	if err := c.SetClusterMode(ctx, true); err != nil {
		t.Fatal(err)
	}
	mixed(true)
	if err := c.UpdateCTLFile(ctx); err != nil {
		t.Error(err)
	}
	if info, err := c.ShowCTL(ctx); err != nil || info.Length != 4947 || len(info.Records) != 1 || info.Signer != 0 || !info.Verified {
		t.Errorf("show ctl: %+v, %v", info, err)
	}
	if info, err := c.ShowITL(ctx); err != nil || info.Length != 5438 || len(info.Records) != 2 || info.Verified {
		t.Errorf("show itl: %+v, %v", info, err)
	}
	if err := c.SetClusterMode(ctx, false); err != nil {
		t.Error(err)
	}
	mixed(false)
	if deleted, err := c.DeleteCTLFile(ctx); err != nil || deleted != 1 {
		t.Errorf("delete: %d, %v", deleted, err)
	}
	if version, err := c.Version(ctx); err != nil || version != "12.0.1.10000-10" {
		t.Errorf("version: %q, %v", version, err)
	}
	if err := c.RestartService(ctx, services.TFTP); err != nil {
		t.Error(err)
	}
	var unexpected *platform.UnexpectedError
	if err := c.RestartService(ctx, services.CallManager); !errors.As(err, &unexpected) || !strings.Contains(unexpected.Error(), "STOPPED") {
		t.Errorf("a service that does not start: %v", err)
	}
	// The shell is at its prompt all the same.
	if err := c.RestartService(ctx, "Cisco Unknown"); !errors.As(err, &unexpected) || !strings.Contains(message.Lines(unexpected.Hints()).String(), "No valid command entered") {
		t.Errorf("unknown service: %v", err)
	}
	for _, bad := range []string{"", "Cisco Tftp\rfile delete tftp *", "a;b", "Cisco Tftp\n"} {
		if err := c.RestartService(ctx, bad); err == nil || errors.As(err, &unexpected) {
			t.Errorf("service %q was sent: %v", bad, err)
		}
	}
	all := strings.Join(seen, "\n")
	for _, want := range []string{"Welcome to the Platform", "Moving Cluster to Mixed Mode", "Cisco Tftp[STARTED]"} {
		if !strings.Contains(all, want) {
			t.Errorf("Output was not given %q", want)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	key := newHostKey(t)
	tried := 0
	addr := serve(t, platform.NewServer(platform.ServerOptions{
		HostKey: key,
		Login:   func(string, []byte) bool { tried++; return false },
		Handler: (&node{}).handle,
	}))
	_, err := platform.Dial(t.Context(), addr, options(key))
	if !errors.Is(err, sshconn.ErrLogin) || tried != 1 {
		t.Errorf("%v after %d attempts, want ErrLogin after one", err, tried)
	}
}

// play is a node made of raw terminal output: each step is sent when what it
// waits for has been typed. After the first one the pager is turned off, which this node
// does not know.
type step struct{ await, send string }

var noPager = step{"set cli pagination off\r", "set cli pagination off\r\nExecuted command unsuccessfully\r\nNo valid command entered\r\nadmin:"}

func play(t *testing.T, steps ...step) (addr string, key ssh.Signer, rest func() string) {
	t.Helper()
	steps = slices.Insert(steps, 1, noPager)
	key = newHostKey(t)
	var mu sync.Mutex
	var left strings.Builder
	server := sshconn.NewServer(sshconn.ServerOptions{
		HostKey: key, Login: login,
		Session: func(_ context.Context, _ string, channel ssh.Channel, requests <-chan *ssh.Request) {
			for request := range requests {
				if request.WantReply {
					request.Reply(true, nil)
				}
				if request.Type == "shell" {
					break
				}
			}
			go ssh.DiscardRequests(requests)
			typed := ""
			buf := make([]byte, 256)
			for _, s := range steps {
				for !strings.Contains(typed, s.await) {
					n, err := channel.Read(buf)
					if err != nil {
						return
					}
					typed += string(buf[:n])
				}
				typed = typed[strings.Index(typed, s.await)+len(s.await):]
				if s.send == hangUp {
					return
				}
				// Byte by byte, if it is not long: nothing may depend on how
				// output is cut.
				size := 1
				if len(s.send) > 10_000 {
					size = 4096
				}
				for piece := range slices.Chunk([]byte(s.send), size) {
					if _, err := channel.Write(piece); err != nil {
						return
					}
				}
			}
			for {
				n, err := channel.Read(buf)
				mu.Lock()
				left.WriteString(string(buf[:n]))
				mu.Unlock()
				if err != nil {
					return
				}
			}
		},
	})
	return serve(t, server), key, func() string {
		mu.Lock()
		defer mu.Unlock()
		return left.String()
	}
}

const hangUp = "\x00hang up"

// Terminals: with and without echo, with a line editor that redraws, with
// escape sequences, with pagers.
func TestTerminals(t *testing.T) {
	version := "Active Master Version: 12.0.1.10000-10\r\n"
	pager := "Press <enter> for 1 line, <space> for one page, or <q> to quit"
	for name, steps := range map[string][]step{
		"no echo":         {{"", "admin:"}, {"show version active\r", version + "admin:"}},
		"echo":            {{"", "\r\nadmin:"}, {"show version active\r", "show version active\r\n" + version + "admin:"}},
		"trailing blanks": {{"", "\r\nadmin: "}, {"show version active\r", " show version active \r\n" + version + "\r\nadmin: "}},
		"redraw": {{"", "Welcome\r\n\r\nadmin:"}, {"show version active\r",
			"\radmin:\x1b[K\radmin:show\b\b\b\bshow version active\r\n" + version + "admin:"}},
		"colours and titles": {{"", "\x1b]0;admin:\x07\x1b[1;32madmin:\x1b[0m"}, {"show version active\r",
			"\x1b[?2004l\r\n\x1b(B\x1b[mActive \x1b[1mMaster\x1b[0m Version: 12.0.1.10000-10\x1b[K\r\n\x1b[32madmin:\x1b[m"}},
		"page by key": {{"", "admin:"}, {"show version active\r", "one\r\n" + pager}, {" ",
			"\r" + strings.Repeat(" ", len(pager)) + "\r" + version + pager}, {" ", "\x1b[2K\rtwo\r\nadmin:"}},
		"page by line": {{"", "admin:"}, {"show version active\r", "one\r\noptions: q=quit, n=next, p=prev, b=begin, e=end (lines 1 - 20 of 37) :"},
			{"n", "\r\n" + version + "options: q=quit, n=next, p=prev, b=begin, e=end (lines 21 - 37 of 37) :"}, {"q", "\r\nadmin:"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr, key, _ := play(t, steps...)
			c := dial(t, addr, options(key))
			if got, err := c.Version(t.Context()); err != nil || got != "12.0.1.10000-10" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// Nothing unexpected is answered, and all of it is shown.
func TestUnexpected(t *testing.T) {
	const update = "utils ctl update CTLFile\r"
	const sure = "This operation will update the CTLFile. Do you want to continue? (y/n):"
	for name, test := range map[string]struct {
		steps []step
		typed string // what was typed after the last step
		shown string
	}{
		"other question":  {[]step{{"", "admin:"}, {update, "Overwrite the backup of last week [yes/no]? "}}, "", "backup of last week"},
		"second question": {[]step{{"", "admin:"}, {update, sure}, {"y\r", "y\r\nReally? Do you want to continue? (y/n):"}}, "", "Really?"},
		"password":        {[]step{{"", "admin:"}, {update, sure}, {"y\r", "\r\nEnter password: "}}, "", "Enter password"},
		"other result":    {[]step{{"", "admin:"}, {update, sure}, {"y\r", "y\r\nCould not update: CSCxx12345\r\nadmin:"}}, "", "CSCxx12345"},
		"almost success":  {[]step{{"", "admin:"}, {update, sure}, {"y\r", "y\r\nThe CTL file Updated could not be copied\r\nadmin:"}}, "", "could not be copied"},
		"hang up":         {[]step{{"", "admin:"}, {update, sure}, {"y\r", hangUp}}, "", "Do you want to continue"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, key, rest := play(t, test.steps...)
			c := dial(t, addr, options(key))
			err := c.UpdateCTLFile(t.Context())
			var unexpected *platform.UnexpectedError
			if !errors.As(err, &unexpected) || !strings.Contains(message.Lines(unexpected.Hints()).String(), test.shown) {
				t.Errorf("%v, want an *UnexpectedError that shows %q", err, test.shown)
			}
			c.Close()
			if got := rest(); got != "" {
				t.Errorf("typed %q", got)
			}
		})
	}
}

// A question in a command that asks none is not answered either.
func TestUnexpectedQuestion(t *testing.T) {
	addr, key, rest := play(t, step{"", "admin:"}, step{"show ctl\r", "The disk is full. Do you want to continue? (y/n):"})
	c := dial(t, addr, options(key))
	_, err := c.ShowCTL(t.Context())
	var unexpected *platform.UnexpectedError
	if !errors.As(err, &unexpected) || rest() != "" {
		t.Errorf("%v, typed %q", err, rest())
	}
	if _, err := c.ShowCTL(t.Context()); err == nil {
		t.Error("the shell is used after an unanswered question")
	}
}

func TestNotThatCLI(t *testing.T) {
	addr, key, _ := play(t, step{"", "Last login: yesterday\r\n[root@host ~]# "})
	o := options(key)
	o.FirstPrompt = 3 * time.Second
	_, err := platform.Dial(t.Context(), addr, o)
	var unexpected *platform.UnexpectedError
	if !errors.As(err, &unexpected) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(unexpected.Output, "root@host") {
		t.Errorf("%v", err)
	}
}

func TestEndlessOutput(t *testing.T) {
	addr, key, _ := play(t, step{"", "admin:"}, step{"show ctl\r", strings.Repeat(strings.Repeat("x", 8000)+"\n", 140)})
	c := dial(t, addr, options(key))
	_, err := c.ShowCTL(t.Context())
	var unexpected *platform.UnexpectedError
	if !errors.As(err, &unexpected) || len(unexpected.Output) > 4<<10 {
		t.Errorf("%v", err)
	}
}

func TestCancel(t *testing.T) {
	addr, key, _ := play(t, step{"", "admin:"}, step{"show ctl\r", "working...\n"})
	ctx, cancel := context.WithCancel(t.Context())
	o := options(key)
	o.Output = func(line string) {
		if line == "working..." {
			cancel()
		}
	}
	c := dial(t, addr, o)
	if _, err := c.ShowCTL(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// The host key is judged before the password is asked for.
func TestOtherHostKey(t *testing.T) {
	addr := serve(t, platform.NewServer(platform.ServerOptions{
		HostKey: newHostKey(t),
		Login:   func(string, []byte) bool { t.Error("a login reached the wrong server"); return false },
		Handler: (&node{}).handle,
	}))
	o := options(newHostKey(t))
	o.Password = func(context.Context) ([]byte, error) { t.Error("the password was asked for"); return nil, nil }
	if _, err := platform.Dial(t.Context(), addr, o); err == nil || !strings.Contains(err.Error(), "another host key") {
		t.Errorf("%v", err)
	}
}

// A person may look at the practice cluster with their own ssh.
func TestServerWithOpenSSH(t *testing.T) {
	program, err := exec.LookPath("ssh")
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal("OpenSSH's ssh is not installed (openssh-client)")
		}
		t.Skip("OpenSSH's ssh is not installed (openssh-client)")
	}
	n := &node{}
	addr := serve(t, platform.NewServer(platform.ServerOptions{HostKey: newHostKey(t), Login: login, Handler: n.handle}))
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	askpass := filepath.Join(dir, "askpass")
	if err := os.WriteFile(askpass, []byte("#!/bin/sh\necho secret\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-tt", "-F", "none", "-p", port,
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile="+filepath.Join(dir, "known_hosts"),
		"-o", "PreferredAuthentications=password", "-o", "LogLevel=ERROR", "admin@"+host)
	command.Env = append(os.Environ(), "SSH_ASKPASS="+askpass, "SSH_ASKPASS_REQUIRE=force")
	command.Stdin = strings.NewReader("utils ctl set-cluster mixed-mode\ry\rnonsense\rexit\r")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"admin:utils ctl set-cluster mixed-mode",
		"Do you want to continue? (y/n):y",
		"Cluster set to Mixed Mode",
		"Executed command unsuccessfullyNo valid command entered",
	} {
		// Lines are broken where a terminal of 80 columns has its edge.
		if !strings.Contains(strings.ReplaceAll(string(out), "\r\n", ""), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
