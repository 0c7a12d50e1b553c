//go:build unix

package interop

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

var (
	digests = []ctlbuild.Digest{ctlbuild.SHA1, ctlbuild.SHA256, ctlbuild.SHA512}
	words   = map[ctlbuild.Digest]string{ctlbuild.SHA1: "sha1", ctlbuild.SHA256: "sha256", ctlbuild.SHA512: "sha512"}
	keys    = []int{1024, 2048, 4096}
)

// need finds a program of the machine; without it the test is skipped, or fails where
// the parts must be there.
func need(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, err)
	}
	return path
}

func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// second runs tlv.py and gives what it prints and its exit code.
func second(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return run(t, need(t, "python3"), append([]string{"tlv.py"}, args...)...)
}

func run(t *testing.T, program string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", program, err)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

// succeed runs a program that must end well.
func succeed(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, code := run(t, program, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s", filepath.Base(program), strings.Join(args, " "), code, out)
	}
	return out
}

// secondVerifies demands that tlv.py finds every file good.
func secondVerifies(t *testing.T, args ...string) {
	t.Helper()
	if out, code := second(t, append([]string{"verify"}, args...)...); code != 0 {
		t.Errorf("tlv.py verify: exit code %d\n%s", code, out)
	}
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pemFiles writes certificate and key of a signer as both sides read them.
func pemFiles(t *testing.T, dir, name string, c *ctltest.Cert) (cert, key string) {
	t.Helper()
	cert = write(t, dir, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}))
	key = write(t, dir, name+".key", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.Key)}))
	return cert, key
}

// signer is a server's certificate with a key of a size.
func signer(t *testing.T, bits int) *ctltest.Cert {
	t.Helper()
	s := ctltest.Server(fmt.Sprintf("signer-%d", bits))
	s.Bits = bits
	return ctltest.New(t, s)
}

// draft lists a signer in two roles, a subscriber and a token.
func draft(t *testing.T, c *ctltest.Cluster, s *ctltest.Cert) *ctlbuild.Draft {
	t.Helper()
	d := ctlbuild.NewDraft()
	for _, e := range []ctlbuild.Entry{
		{Function: ctlbuild.SAST, Certificate: s.DER, Host: ctltest.PubHost, IP: netip.MustParseAddr(ctltest.PubIP), Dialect: ctlbuild.DialectTokenless},
		{Function: ctlbuild.CCMTFTP, Certificate: s.DER, Host: ctltest.PubHost, IP: netip.MustParseAddr(ctltest.PubIP), Dialect: ctlbuild.DialectTokenless},
		{Function: ctlbuild.CCMTFTP, Certificate: c.Sub.DER, Host: ctltest.SubHost, IP: netip.MustParseAddr(ctltest.SubIP)},
		{Function: ctlbuild.SAST, Certificate: c.Token1.DER, Token: true},
	} {
		if _, err := d.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// TestFilesOfTheSecondReading: what tlv.py builds is read, verified and written back
// byte for byte, in every digest, both orders inside SIGNERID and every size of key.
func TestFilesOfTheSecondReading(t *testing.T) {
	program := build(t)
	dir := t.TempDir()
	c := ctltest.NewCluster(t, 1024)
	sub, _ := pemFiles(t, dir, "sub", c.Sub)
	token, _ := pemFiles(t, dir, "token", c.Token1)
	var edited []string
	for _, bits := range keys {
		s := signer(t, bits)
		cert, key := pemFiles(t, dir, fmt.Sprint(bits), s)
		for _, digest := range digests {
			for _, order := range []string{"cisco", "builders"} {
				t.Run(fmt.Sprintf("%d/%s/%s", bits, words[digest], order), func(t *testing.T) {
					path := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-"))
					if out, code := second(t, "build", path, "--digest", words[digest], "--order", order, "--signer", cert, "--key", key,
						"--record", "0="+cert+",host=pub,ip=10.0.0.1", "--record", "2="+cert+",host=pub,ip=10.0.0.1",
						"--record", "2="+sub+",host=sub", "--record", "0="+token, "--record", "21="+cert); code != 0 {
						t.Fatal(out)
					}
					data := read(t, path)
					l, err := ctlbuild.Parse(data)
					if err != nil {
						t.Fatal(err)
					}
					if v := l.Verify(); !v.OK || v.Signer != 0 {
						t.Errorf("verified %v by record %d: %s", v.OK, v.Signer, v.Reason)
					}
					if l.Header.Digest != digest || len(l.Records) != 5 || l.Header.SignerVersion != map[string][2]byte{"builders": {1, 1}}[order] {
						t.Errorf("digest %v, %d records, SIGNERVERSION %v", l.Header.Digest, len(l.Records), l.Header.SignerVersion)
					}
					if !bytes.Equal(l.Bytes(), data) {
						t.Error("not written back byte for byte")
					}
					succeed(t, program, "file", "verify", path)

					// Edited and signed anew here, it still verifies there, in the
					// same order and with the same SIGNERVERSION.
					d := ctlbuild.Edit(l)
					if d.NameFirst != (order == "builders") || d.SignerVersion != l.Header.SignerVersion {
						t.Errorf("edited: name first %v, SIGNERVERSION %v", d.NameFirst, d.SignerVersion)
					}
					if _, err := d.AddTFTP(c.CAPF.DER, "alt", netip.MustParseAddr("10.0.0.3")); err != nil {
						t.Fatal(err)
					}
					edited = append(edited, write(t, dir, filepath.Base(path)+".edited", ctltest.Sign(t, d, s).Bytes()))
				})
			}
		}
	}
	secondVerifies(t, edited...)
}

// TestFilesOfOurs: what ctlbuild signs verifies there, the same variety.
func TestFilesOfOurs(t *testing.T) {
	dir := t.TempDir()
	c := ctltest.NewCluster(t, 1024)
	var files []string
	for _, bits := range keys {
		s := signer(t, bits)
		for _, digest := range digests {
			for _, nameFirst := range []bool{false, true} {
				d := draft(t, c, s)
				d.Digest, d.NameFirst = digest, nameFirst
				if nameFirst {
					d.SignerVersion = [2]byte{1, 1}
				}
				files = append(files, write(t, dir, fmt.Sprintf("%d-%s-%v", bits, words[digest], nameFirst), ctltest.Sign(t, d, s).Bytes()))
			}
		}
	}
	for name, l := range map[string]*ctlbuild.List{
		"tokenless": c.Tokenless(t), "etokens": c.ETokens(t), "non-secure": c.NonSecure(t), "itl": c.ITL(t),
	} {
		files = append(files, write(t, dir, name, l.Bytes()))
	}
	secondVerifies(t, files...)
}

// TestFlippedByte: no byte of a file can change unnoticed, on either side.
func TestFlippedByte(t *testing.T) {
	dir := t.TempDir()
	data := ctltest.NewCluster(t, 1024).ETokens(t).Bytes()
	var files []string
	for i := 0; i < len(data); {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		if l, err := ctlbuild.Parse(bad); err == nil && l.Verify().OK {
			t.Errorf("verifies here with byte %d changed", i)
		}
		files = append(files, write(t, dir, fmt.Sprintf("byte-%d", i), bad))
		if i < 320 { // the header
			i += 2
		} else {
			i += 41
		}
	}
	out, code := second(t, append([]string{"verify"}, files...)...)
	if code == 0 || strings.Count(out, "\n") != len(files) {
		t.Fatalf("%d files, exit code %d:\n%s", len(files), code, out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, ": good") {
			t.Errorf("verifies there: %s", line)
		}
	}
}

// TestEnvelopes: .sgn files, both ways, with the signer's certificate given.
func TestEnvelopes(t *testing.T) {
	program := build(t)
	dir := t.TempDir()
	content := write(t, dir, "SEP0011215A1AE3.cnf.xml", []byte("<device>\n<name>SEP0011215A1AE3</name>\n</device>\n"))
	other, _ := pemFiles(t, dir, "other", ctltest.New(t, ctltest.Server("other")))
	for _, bits := range keys[:2] {
		s := signer(t, bits)
		cert, key := pemFiles(t, dir, fmt.Sprint(bits), s)
		for _, digest := range digests {
			t.Run(fmt.Sprintf("%d/%s", bits, words[digest]), func(t *testing.T) {
				theirs := filepath.Join(dir, fmt.Sprintf("%d-%s.sgn", bits, words[digest]))
				if out, code := second(t, "build", theirs, "--name", filepath.Base(content), "--content", content,
					"--digest", words[digest], "--signer", cert, "--key", key); code != 0 {
					t.Fatal(out)
				}
				e, err := ctlbuild.ParseEnvelope(read(t, theirs))
				if err != nil {
					t.Fatal(err)
				}
				if v := e.VerifyWith(s.DER); !v.OK {
					t.Error(v.Reason)
				}
				if !bytes.Equal(e.Content, read(t, content)) {
					t.Errorf("content: %q", e.Content)
				}
				succeed(t, program, "file", "verify", theirs, "--signer", cert)
				if out, code := run(t, program, "file", "verify", theirs, "--signer", other); code != 1 {
					t.Errorf("with another signer: exit code %d\n%s", code, out)
				}

				ours, err := ctlbuild.SignEnvelope(t.Context(), filepath.Base(content), read(t, content), digest, time.Time{}, s)
				if err != nil {
					t.Fatal(err)
				}
				path := write(t, dir, "ours.sgn", ours.Bytes())
				secondVerifies(t, "--signer", cert, path)
				if out, code := second(t, "verify", "--signer", other, path); code != 1 {
					t.Errorf("tlv.py with another signer: exit code %d\n%s", code, out)
				}
			})
		}
	}
}

// TestOpenSSL: the signature over the file without its SIGNATURE field is what any
// RSA implementation verifies.
func TestOpenSSL(t *testing.T) {
	openssl := need(t, "openssl")
	dir := t.TempDir()
	c := ctltest.NewCluster(t, 2048)
	s := signer(t, 2048)
	cert, _ := pemFiles(t, dir, "signer", s)
	public := write(t, dir, "public.pem", []byte(succeed(t, openssl, "x509", "-in", cert, "-noout", "-pubkey")))
	for _, digest := range digests {
		d := draft(t, c, s)
		d.Digest = digest
		l := ctltest.Sign(t, d, s)
		at := bytes.Index(l.Bytes(), l.Header.Signature) - 3
		if at < 0 || l.Bytes()[at] != 12 {
			t.Fatalf("no SIGNATURE field at %d", at)
		}
		signed := append(bytes.Clone(l.Bytes()[:at]), l.Bytes()[at+3+len(l.Header.Signature):]...)
		args := []string{"dgst", "-" + words[digest], "-verify", public, "-signature", write(t, dir, "signature", l.Header.Signature)}
		succeed(t, openssl, append(args, write(t, dir, "signed", signed))...)
		if out, code := run(t, openssl, append(args, write(t, dir, "whole", l.Bytes()))...); code == 0 {
			t.Errorf("%v: the whole file verifies too: %s", digest, out)
		}
	}
}

// TestListOfAnotherName: builders for open-source call servers write lists under any name;
// by its content it is a list all the same.
func TestListOfAnotherName(t *testing.T) {
	program := build(t)
	dir := t.TempDir()
	cert, key := pemFiles(t, dir, "signer", signer(t, 2048))
	path := filepath.Join(dir, "trust.bin")
	if out, code := second(t, "build", path, "--name", "phones.bin", "--digest", "sha512", "--order", "builders",
		"--signer", cert, "--key", key, "--record", "0="+cert, "--record", "3="+cert+",host=tftp,ip=10.1.2.3"); code != 0 {
		t.Fatal(out)
	}
	succeed(t, program, "file", "verify", path)
	if out := succeed(t, program, "file", "show", path); !strings.Contains(out, "phones.bin; nodes serve it as CTLFile.tlv") {
		t.Errorf("the name is no finding:\n%s", out)
	}
	if out := succeed(t, program, "file", "show", path, "--find", "10.1.2.3"); !strings.Contains(out, "Record #:2") {
		t.Errorf("the server is not found:\n%s", out)
	}
	e, err := ctlbuild.ParseEnvelope(read(t, path))
	if err != nil || e.Kind() != ctlbuild.KindCTL {
		t.Errorf("taken for %s, %v", e.Kind(), err)
	}
}

// TestForgedLine: a name in a file that holds a line end, or what a terminal obeys,
// makes no line of the program's output.
func TestForgedLine(t *testing.T) {
	program := build(t)
	dir := t.TempDir()
	s := ctltest.Server("pub\n✓ CTLFile.tlv verified")
	s.Text = 12 // UTF8String
	cert, key := pemFiles(t, dir, "forger", ctltest.New(t, s))
	other, _ := pemFiles(t, dir, "other", ctltest.New(t, ctltest.Server("other")))
	path := filepath.Join(dir, "forged.sgn")
	if out, code := second(t, "build", path, "--name", "a\n✓ CTLFile.tlv verified: signed by me (SHA-1)\n\x1b[2J.xml",
		"--content", cert, "--signer", cert, "--key", key); code != 0 {
		t.Fatal(out)
	}
	twice := filepath.Join(dir, "forged\n✓ CTLFile.tlv verified.sgn")
	write(t, dir, filepath.Base(twice), read(t, path))
	for with, want := range map[string]int{cert: 0, other: 1} {
		for lines, files := range [][]string{1: {path}, 3: {path, twice}} {
			if files == nil {
				continue
			}
			out, code := run(t, program, append([]string{"file", "verify", "--signer", with}, files...)...)
			if code != want || strings.Count(out, "\n") != lines || strings.Contains(out, "\x1b") {
				t.Errorf("exit code %d, want %d:\n%q", code, want, out)
			}
		}
	}
}
