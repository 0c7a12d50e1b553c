package sshconn

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/kayrus/putty"
	"golang.org/x/crypto/ssh"
)

// A key file of PuTTY that is taken signs for the very public key that stands in it; every other one is
// an error, whatever its lines say. The passphrase is asked for once at most.
func FuzzPPK(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ppk")
	if err != nil || len(files) < 5 {
		f.Fatal("where are the keys?", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := parsePPK(data, func() ([]byte, error) { return []byte("practice only"), nil }); err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		f.Add(data)
		f.Add(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxKeyFile {
			t.Skip()
		}
		if key, err := putty.New(data); err == nil && uint64(key.Argon2Memory)*uint64(key.Argon2Passes) > 1<<12 {
			t.Skip("allowed, and too slow for this test")
		}
		asked := 0
		signer, err := parsePPK(data, func() ([]byte, error) {
			asked++
			return []byte("practice only"), nil
		})
		if asked > 1 {
			t.Errorf("asked %d times", asked)
		}
		if err != nil {
			return
		}
		key, err := putty.New(data)
		if err != nil {
			t.Fatal(err)
		}
		public, err := ssh.ParsePublicKey(key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.Sign(rand.Reader, []byte("a session"))
		if err != nil {
			t.Fatal(err)
		}
		if err := public.Verify([]byte("a session"), signature); err != nil {
			t.Error(err)
		}
	})
}
