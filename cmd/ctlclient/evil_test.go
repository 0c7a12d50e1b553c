//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/ctlp"
)

// evilText is what somebody might put into a name so that a terminal obeys it, or that
// a person takes it for the program's own words.
const evilText = "cucm\x1b]0;x\x07\x1b[2J\u202e\r\nerror: none\nhint: run this\x9b31m"

// harmless demands that nothing in an output moves the cursor, colours or lies about
// its direction, and that no line of it begins with somebody else's words.
func harmless(t *testing.T, out string) {
	t.Helper()
	for i, r := range out {
		if r == '\n' || r == '\t' || r == utf8.RuneError || unicode.IsPrint(r) {
			continue
		}
		t.Fatalf("%U at byte %d of %q", r, i, out)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "hint: run this") || strings.HasPrefix(line, "error: none") {
			t.Errorf("a line that is somebody else's: %q in %s", line, out)
		}
	}
}

// element and ctlpFrame are CTLP's.
func element(tag byte, value []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{tag}, uint32(len(value)))
	return append(b, value...)
}

func ctlpFrame(typ byte, id, length uint32, body []byte) []byte {
	b := []byte{86, 1, typ, 0}
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint32(b, length)
	return append(b, body...)
}

var (
	statusDone = element(1, []byte{0, 0})
	evilNode   = append(append(element(9, []byte(evilText)), element(10, []byte("127.0.0.1"))...), append(element(11, []byte{0}), element(12, []byte{1})...)...)
)

// evilServer speaks TLS and answers each request with what answer makes of its type
// and id; nil ends the connection.
func evilServer(t *testing.T, answer func(w io.Writer, typ byte, id uint32) bool) *impostor {
	t.Helper()
	pair := newKeyPair(t)
	i := &impostor{fingerprint: ctlp.Fingerprint(pair.Certificate[0])}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	i.serve(t, "127.0.0.1:0", func(c net.Conn) {
		conn := tls.Server(c, config)
		h := make([]byte, 12)
		for {
			if _, err := io.ReadFull(conn, h); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(h[8:]))); err != nil {
				return
			}
			if !answer(conn, h[2], binary.BigEndian.Uint32(h[4:])) {
				return
			}
		}
	})
	return i
}

// A node that answers with what is meant to harm: the program ends with an error and
// in time, says nothing that a terminal obeys, and takes no memory that it is told to.
func TestEvilNode(t *testing.T) {
	reply := func(w io.Writer, typ byte, id uint32, body []byte) bool {
		_, err := w.Write(ctlpFrame(typ+1, id, uint32(len(body)), body))
		return err == nil
	}
	login := func(w io.Writer, typ byte, id uint32) bool {
		return typ == 1 && reply(w, typ, id, append(statusDone, element(6, []byte(evilText))...))
	}
	for name, c := range map[string]struct {
		code   int
		answer func(w io.Writer, typ byte, id uint32) bool
	}{
		"message": {6, func(w io.Writer, typ byte, id uint32) bool {
			return reply(w, typ, id, append(element(1, []byte{0, 3}), element(2, []byte(evilText))...))
		}},
		"name": {3, func(w io.Writer, typ byte, id uint32) bool {
			return login(w, typ, id) || reply(w, typ, id, append(append(statusDone, element(7, []byte{1})...), element(8, evilNode)...))
		}},
		"4 GiB announced": {3, func(w io.Writer, typ byte, id uint32) bool {
			_, err := w.Write(ctlpFrame(typ+1, id, 1<<32-1, nil))
			return err == nil
		}},
		"element beyond its container": {3, func(w io.Writer, typ byte, id uint32) bool {
			return reply(w, typ, id, []byte{1, 0xff, 0xff, 0xff, 0xff, 0, 0})
		}},
		"endless": {3, func(w io.Writer, typ byte, id uint32) bool {
			junk := bytes.Repeat([]byte{86}, 1<<16)
			for {
				if _, err := w.Write(junk); err != nil {
					return false
				}
			}
		}},
		"says nothing": {3, func(io.Writer, byte, uint32) bool { return true }},
		"a byte at a time": {3, func(w io.Writer, typ byte, id uint32) bool {
			for range 12 {
				if _, err := w.Write([]byte{86}); err != nil {
					return false
				}
			}
			return true
		}},
		"another answer": {3, func(w io.Writer, typ byte, id uint32) bool { return reply(w, typ+4, id+1, statusDone) }},
		"file":           {3, evilFile(login, reply)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := evilServer(t, c.answer)
			dir := t.TempDir()
			profile := filepath.Join(dir, "evil.toml")
			text := fmt.Sprintf("name = \"evil\"\nuser = \"admin\"\npassword-source = \"env:PW\"\n[[node]]\nname = \"n\"\nrole = \"publisher\"\n"+
				"address = \"127.0.0.1\"\ntransport = \"ctlp\"\nctlp-port = %d\nfingerprint = %q\ntftp-port = 0\nhttp-port = 0\ntvs-port = 0\nssh-port = 0\n", i.port, i.fingerprint)
			if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out := limited(t, c.code, dir, "--profile", profile, "--timeout", "2s", "cluster", "status")
			harmless(t, out)
		})
	}
}

// evilFile answers GET with a list whose names are evil and which does not verify.
func evilFile(login func(io.Writer, byte, uint32) bool, reply func(io.Writer, byte, uint32, []byte) bool) func(io.Writer, byte, uint32) bool {
	return func(w io.Writer, typ byte, id uint32) bool {
		switch typ {
		case 1:
			return login(w, typ, id)
		case 3:
			node := append(append(element(9, []byte("n")), element(10, []byte("127.0.0.1"))...), element(11, []byte{0})...)
			return reply(w, typ, id, append(append(statusDone, element(7, []byte{1})...), element(8, node)...))
		case 7:
			body := append(statusDone, element(16, []byte("../../etc/passwd"))...)
			body = append(body, element(17, []byte(evilText))...)
			body = append(body, element(18, make([]byte, 32))...)
			return reply(w, typ, id, append(body, element(19, []byte(evilText))...))
		}
		return reply(w, typ, id, statusDone)
	}
}

// limited runs the program with little memory and time.
func limited(t *testing.T, code int, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "ctlclient", args...)
	c.Env = append(os.Environ(), "PW="+nodePassword, "GOMEMLIMIT=64MiB", "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir, "HOME="+dir)
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("it never ended: %s", out)
	}
	if got := exitOf(t, err); got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, out)
	}
	if rss := maxRSS(c.ProcessState); rss > 300<<20 {
		t.Errorf("it took %d MiB", rss>>20)
	}
	return string(out)
}

// Servers of files that never come to an end, or do not begin.
func TestEvilFileServer(t *testing.T) {
	i := &impostor{}
	i.serve(t, "127.0.0.1:0", func(c net.Conn) {
		fmt.Fprintf(c, "HTTP/1.1 200 %s\r\nServer: \x1b[2J\r\n\r\n", "\x1b]0;x\x07")
		for {
			if _, err := c.Write(bytes.Repeat([]byte("\x1b[2J"), 1<<12)); err != nil {
				return
			}
		}
	})
	long := &impostor{}
	long.serve(t, "127.0.0.1:0", func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	lost := &impostor{}
	lost.serve(t, "127.0.0.1:0", func(c net.Conn) {
		fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n")
	})
	for name, port := range map[string]int{"endless": i.port, "long": long.port, "elsewhere": lost.port} {
		t.Run(name, func(t *testing.T) {
			out := limited(t, 3, t.TempDir(), "file", "show", fmt.Sprintf("http://127.0.0.1:%d/CTLFile.tlv", port))
			harmless(t, out)
		})
	}
}

// A trust list whose names are evil: shown without harm, exported into the folder.
func TestEvilList(t *testing.T) {
	cluster := ctltest.NewCluster(t, 1024)
	dir := t.TempDir()
	d := cluster.ETokensDraft(t)
	names := []string{evilText, "../../outside", "..", "/etc/passwd", strings.Repeat("x", 200), "a/b\\c:d"}
	for _, name := range names {
		cn := strings.ReplaceAll(name, ";", ",") // which the certificate's maker divides names at
		cert := ctltest.New(t, ctltest.Spec{Subject: "CN=" + cn + ";O=x", Serial: []byte{1}, Text: asn1.UTF8String})
		rec, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.CAPF, Certificate: cert.DER, Host: "the host"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rec.Fields {
			if bytes.HasPrefix(rec.Fields[i].Value, []byte("the host")) {
				rec.Fields[i].Value = append([]byte(name), 0)
			}
		}
		d.Records = append(d.Records, rec)
	}
	l := ctltest.Sign(t, d, cluster.Token1)
	file := filepath.Join(dir, "evil.tlv")
	if err := os.WriteFile(file, l.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"file", "show", file}, {"file", "verify", file}, {"--json", "file", "show", file}, {"--json", "file", "verify", file}, {"file", "diff", file, file}} {
		harmless(t, limited(t, 0, dir, args...))
	}
	out := filepath.Join(dir, "in", "certs")
	harmless(t, limited(t, 0, dir, "file", "export", file, "--dir", out))
	written, err := os.ReadDir(out)
	if err != nil || len(written) < len(names) {
		t.Fatalf("%d files, %v", len(written), err)
	}
	for _, n := range written {
		if !regexp.MustCompile(`^[0-9]{2}-[A-Za-z0-9.+_-]+\.pem$`).MatchString(n.Name()) {
			t.Errorf("a file %q", n.Name())
		}
	}
	for _, above := range []string{filepath.Join(dir, "in"), dir} {
		entries, err := os.ReadDir(above)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "in" && e.Name() != "certs" && e.Name() != "evil.tlv" {
				t.Errorf("%s got %s", above, e.Name())
			}
		}
	}
}

// Input that is no file, has no end, or is a link where a new file is to be: refused,
// in time, and nothing is written through it.
func TestEvilFiles(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"file", "show", "/dev/zero"},
		{"--profile", "/dev/zero", "cluster", "status"},
		{"file", "diff", "/dev/zero", "/dev/zero"},
		{"file", "export", "/dev/zero", "--dir", dir},
		{"phone", "assess", "--held", "/dev/zero", "--offered", "/dev/zero"},
		{"provider", "--config", "/dev/zero"},
		{"tvs", "verify", "/dev/zero", "127.0.0.1:9", "--itl", "/dev/zero"},
		{"--pin-source", "file:/dev/zero", "provider", "user", "list", "--config", "/dev/zero"},
		{"file", "show", dir},
		{"--profile", dir + "/", "cluster", "status"},
	} {
		harmless(t, limited(t, 2, dir, args...))
	}
	// A link in the place of a file to be written is not followed.
	s := newServed(t)
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "signed.tlv")
	if err := os.Symlink(victim, link); err != nil {
		t.Fatal(err)
	}
	s.run(2, "ctlclient", "--module", softhsmModule(t), "--pin-source", "env:PIN", "file", "build", link,
		"--record", "sast="+filepath.Join(s.dir, "certs", "SAST-2.cer"), "--sign-with", "pkcs11:token=SAST-1")
	// Nor is one in the folder that the provider serves.
	s.start()
	if err := os.Symlink(victim, filepath.Join(s.folder, "CTLother.tlv")); err != nil {
		t.Fatal(err)
	}
	c := s.login("admin", nodePassword)
	if f, err := c.Get(t.Context(), "CTLother.tlv"); err == nil {
		t.Errorf("read through a link: %q", f.Data)
	}
	if _, err := c.Stage(t.Context(), "CTLother.tlv", []byte(s.live()), nil); err == nil {
		t.Error("staged in the place of a link")
	}
	if got, err := os.ReadFile(victim); err != nil || string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
}
