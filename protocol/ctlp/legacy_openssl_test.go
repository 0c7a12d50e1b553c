package ctlp

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// OpenSSL stands in for a server of 2005: TLS 1.0, RSA key
// exchange, a certificate of 1024 bits signed over SHA-1.
func TestLegacyOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	out, err := exec.CommandContext(t.Context(), openssl, "req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes",
		"-keyout", key, "-out", cert, "-subj", "/CN=cucm", "-days", "3650").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		version, cipher string
		want            uint16
	}{
		{"-tls1", "AES128-SHA", tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		{"-tls1", "AES256-SHA", tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		{"-tls1_1", "AES128-SHA", tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		{"-tls1_2", "AES128-GCM-SHA256", tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
	} {
		t.Run(c.version+" "+c.cipher, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", "127.0.0.1:0",
				"-key", key, "-cert", cert, c.version, "-cipher", c.cipher+":@SECLEVEL=0")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			// It serves until its input ends.
			if _, err := cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			addr := ""
			for lines := bufio.NewScanner(stdout); addr == "" && lines.Scan(); {
				if a, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
					addr = a
				}
			}
			accept := Options{VerifyPeer: func(*x509.Certificate, []byte) error { return nil }}
			if _, err := Dial(t.Context(), addr, accept); err == nil {
				t.Error("met without legacy")
			}
			accept.Legacy = true
			client, err := Dial(t.Context(), addr, accept)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if got := client.ConnectionState().CipherSuite; got != c.want {
				t.Errorf("met with %s", tls.CipherSuiteName(got))
			}
			refusal := errors.New("no")
			accept.VerifyPeer = func(*x509.Certificate, []byte) error { return refusal }
			client.Close()
			if _, err := Dial(t.Context(), addr, accept); !errors.Is(err, refusal) {
				t.Errorf("a refused certificate: %v", err)
			}
		})
	}
}
