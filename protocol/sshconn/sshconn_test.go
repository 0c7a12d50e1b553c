package sshconn_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ctlclient/message"
	"ctlclient/protocol/sshconn"
)

const secret = "hunter2-secret"

func newKey(t *testing.T) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, private
}

// peer is a server that notes what it is sent.
type peer struct {
	addr string
	key  ssh.Signer

	mu   sync.Mutex
	seen []string
}

func (p *peer) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, what)
}

func (p *peer) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// startPeer starts a server with the logins that config allows.
func startPeer(t *testing.T, config func(p *peer, c *ssh.ServerConfig)) *peer {
	t.Helper()
	p := &peer{}
	p.key, _ = newKey(t)
	c := &ssh.ServerConfig{}
	config(p, c)
	c.AddHostKey(p.key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p.addr = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				sshConn, channels, requests, err := ssh.NewServerConn(conn, c)
				if err != nil {
					return
				}
				go ssh.DiscardRequests(requests)
				go func() {
					for channel := range channels {
						channel.Reject(ssh.Prohibited, "")
					}
				}()
				sshConn.Wait()
			}()
		}
	}()
	return p
}

func passwordLogin(p *peer, c *ssh.ServerConfig) {
	c.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		p.note("password " + string(password))
		if string(password) == secret {
			return nil, nil
		}
		return nil, errors.New("wrong")
	}
}

// questions makes a server that asks these, and takes the secret as the answer
// to the first.
func questions(echo bool, asked ...string) func(*peer, *ssh.ServerConfig) {
	return func(p *peer, c *ssh.ServerConfig) {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", asked, slices.Repeat([]bool{echo}, len(asked)))
			if err != nil {
				return nil, err
			}
			p.note("answers " + strings.Join(answers, ","))
			if len(answers) > 0 && answers[0] == secret {
				return nil, nil
			}
			return nil, errors.New("wrong")
		}
	}
}

func pin(want ssh.PublicKey) func(string, ssh.PublicKey) error {
	return func(_ string, got ssh.PublicKey) error {
		if !bytes.Equal(want.Marshal(), got.Marshal()) {
			return errChanged
		}
		return nil
	}
}

var errChanged = errors.New("the host key changed")

// asker gives a password and counts.
type asker struct {
	password string
	asked    int
}

func (a *asker) ask(context.Context) ([]byte, error) {
	a.asked++
	return []byte(a.password), nil
}

func TestLogins(t *testing.T) {
	for name, test := range map[string]struct {
		config   func(*peer, *ssh.ServerConfig)
		password string
		ok       bool
		asked    int
		seen     string
	}{
		"password":                  {passwordLogin, secret, true, 1, "password " + secret},
		"wrong password":            {passwordLogin, "nonsense", false, 1, "password nonsense"},
		"question for the password": {questions(false, "Password: "), secret, true, 1, "answers " + secret},
		"wrong answer":              {questions(false, "Password: "), "nonsense", false, 1, "answers nonsense"},
		"question with echo":        {questions(true, "Favourite colour: "), secret, false, 0, ""},
		"two questions":             {questions(false, "Password: ", "Code: "), secret, false, 0, ""},
		// A wrong password is one attempt, not another one by another way.
		"both ways": {func(p *peer, c *ssh.ServerConfig) {
			passwordLogin(p, c)
			questions(false, "Password: ")(p, c)
		}, "nonsense", false, 1, "password nonsense"},
		"no way": {func(_ *peer, c *ssh.ServerConfig) {
			c.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errors.New("no") }
		}, secret, false, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPeer(t, test.config)
			a := &asker{password: test.password}
			client, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), Password: a.ask})
			if client != nil {
				client.Close()
			}
			if test.ok && err != nil {
				t.Error(err)
			}
			var login *sshconn.LoginError
			if !test.ok && (!errors.Is(err, sshconn.ErrLogin) || !errors.As(err, &login) || message.Lines(login.Hints()).String() == "") {
				t.Errorf("%v, want a *LoginError", err)
			}
			if a.asked != test.asked {
				t.Errorf("asked %d times, want %d", a.asked, test.asked)
			}
			if got := strings.Join(p.log(), "; "); got != test.seen {
				t.Errorf("the server saw %q, want %q", got, test.seen)
			}
			if err != nil && strings.Contains(err.Error(), test.password) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// A machine in the middle gets no password, nor a key's signature, and the
// caller's own error comes back.
func TestChangedHostKey(t *testing.T) {
	p := startPeer(t, func(p *peer, c *ssh.ServerConfig) {
		passwordLogin(p, c)
		c.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			p.note("key")
			return nil, errors.New("no")
		}
	})
	known, private := newKey(t)
	a := &asker{password: secret}
	_, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{
		User: "admin", HostKey: pin(known.PublicKey()), Password: a.ask, KeyFile: keyFile(t, private, ""),
	})
	if !errors.Is(err, errChanged) || a.asked != 0 || len(p.log()) != 0 {
		t.Errorf("%v; asked %d times, the server saw %q", err, a.asked, p.log())
	}
}

func TestNoHostKeyCheck(t *testing.T) {
	if _, err := sshconn.Dial(t.Context(), "127.0.0.1:1", sshconn.Options{User: "admin"}); err == nil {
		t.Error("no error")
	}
}

func keyFile(t *testing.T, private ed25519.PrivateKey, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func keyLogin(allowed ssh.PublicKey) func(*peer, *ssh.ServerConfig) {
	return func(_ *peer, c *ssh.ServerConfig) {
		c.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(key.Marshal(), allowed.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		}
	}
}

func TestKeyFile(t *testing.T) {
	signer, private := newKey(t)
	p := startPeer(t, keyLogin(signer.PublicKey()))
	try := func(o sshconn.Options) error {
		t.Helper()
		o.User, o.HostKey = "admin", pin(p.key.PublicKey())
		client, err := sshconn.Dial(t.Context(), p.addr, o)
		if client != nil {
			client.Close()
		}
		return err
	}
	if err := try(sshconn.Options{KeyFile: keyFile(t, private, "")}); err != nil {
		t.Errorf("plain key: %v", err)
	}
	a := &asker{password: secret}
	if err := try(sshconn.Options{KeyFile: keyFile(t, private, secret), KeyPass: a.ask}); err != nil || a.asked != 1 {
		t.Errorf("key with a passphrase: %v, asked %d times", err, a.asked)
	}
	a = &asker{password: "nonsense"}
	if err := try(sshconn.Options{KeyFile: keyFile(t, private, secret), KeyPass: a.ask}); err == nil || a.asked != 1 || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("wrong passphrase: %v, asked %d times", err, a.asked)
	}
	var missing *ssh.PassphraseMissingError
	if err := try(sshconn.Options{KeyFile: keyFile(t, private, secret)}); !errors.As(err, &missing) {
		t.Errorf("no way to ask for the passphrase: %v", err)
	}
	_, other := newKey(t)
	if err := try(sshconn.Options{KeyFile: keyFile(t, other, "")}); !errors.Is(err, sshconn.ErrLogin) {
		t.Errorf("unknown key: %v, want ErrLogin", err)
	}
	if err := try(sshconn.Options{KeyFile: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := try(sshconn.Options{KeyFile: t.TempDir()}); err == nil {
		t.Error("a folder for a key: no error")
	}
}

func TestAgent(t *testing.T) {
	signer, private := newKey(t)
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keyring, conn)
		}
	}()
	p := startPeer(t, keyLogin(signer.PublicKey()))
	o := sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), Agent: true}

	t.Setenv("SSH_AUTH_SOCK", socket)
	client, err := sshconn.Dial(t.Context(), p.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()

	t.Setenv("SSH_AUTH_SOCK", "")
	if _, err := sshconn.Dial(t.Context(), p.addr, o); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("no agent: %v", err)
	}
}

// Algorithms of old servers are spoken only where that is asked for.
func TestLegacy(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	sha1Only, err := ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	for name, old := range map[string]func(*ssh.ServerConfig){
		"host key SHA-1":              func(c *ssh.ServerConfig) { c.AddHostKey(sha1Only) },
		"diffie-hellman-group14-sha1": func(c *ssh.ServerConfig) { c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1} },
		"diffie-hellman-group1-sha1":  func(c *ssh.ServerConfig) { c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH1SHA1} },
		"aes128-cbc":                  func(c *ssh.ServerConfig) { c.Ciphers = []string{ssh.InsecureCipherAES128CBC} },
		"3des-cbc":                    func(c *ssh.ServerConfig) { c.Ciphers = []string{ssh.InsecureCipherTripleDESCBC} },
	} {
		t.Run(name, func(t *testing.T) {
			p := startPeer(t, func(p *peer, c *ssh.ServerConfig) {
				passwordLogin(p, c)
				old(c)
			})
			o := sshconn.Options{User: "admin", Password: (&asker{password: secret}).ask,
				HostKey: func(string, ssh.PublicKey) error { return nil }}
			if name == "host key SHA-1" {
				o.HostKeyAlgorithms = nil
				p = startOnlyKey(t, sha1Only)
			}
			_, err := sshconn.Dial(t.Context(), p.addr, o)
			var algorithms *sshconn.AlgorithmError
			if !errors.As(err, &algorithms) || !strings.Contains(message.Lines(algorithms.Hints()).String(), "legacy = true") {
				t.Errorf("without Legacy: %v, want an *AlgorithmError", err)
			}
			o.Legacy = true
			client, err := sshconn.Dial(t.Context(), p.addr, o)
			if err != nil {
				t.Fatalf("with Legacy: %v", err)
			}
			client.Close()
		})
	}
}

// startOnlyKey starts a server with no other host key than this.
func startOnlyKey(t *testing.T, key ssh.Signer) *peer {
	t.Helper()
	server := sshconn.NewServer(sshconn.ServerOptions{HostKey: key, Login: func(string, []byte) bool { return true }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return &peer{addr: l.Addr().String(), key: key}
}

// With several host keys the server shows the kind that is already known.
func TestHostKeyAlgorithms(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p := startPeer(t, func(p *peer, c *ssh.ServerConfig) {
		passwordLogin(p, c)
		c.AddHostKey(rsaKey)
	})
	for want, algorithms := range map[string][]string{
		ssh.KeyAlgoED25519: {ssh.KeyAlgoED25519},
		ssh.KeyAlgoRSA:     {ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	} {
		var got string
		client, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{
			User: "admin", Password: (&asker{password: secret}).ask, HostKeyAlgorithms: algorithms,
			HostKey: func(_ string, key ssh.PublicKey) error { got = key.Type(); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
		if got != want {
			t.Errorf("%v: shown %s", algorithms, got)
		}
	}
}

// mute accepts connections and says nothing.
func mute(t *testing.T) (addr string, accepted chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = make(chan struct{}, 8)
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			conn.Close()
		}
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			accepted <- struct{}{}
		}
	}()
	return l.Addr().String(), accepted
}
