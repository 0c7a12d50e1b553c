package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What can be known to be wrong is said before a cluster or a token is asked, with a hint
// that this command can follow.
func TestRefusedBeforehand(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there.tlv")
	if err := os.WriteFile(there, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := []string{"--sign-with", "pkcs11:token=SAST-1"}
	for _, c := range []struct {
		args        []string
		says, hints string
	}{
		{append([]string{"update", "--out", there}, token...), "there.tlv exists already", "move the file away"},
		{append([]string{"update", "--out", filepath.Join(there, "no", "x.tlv")}, token...), "cannot ", ""},
		{append([]string{"mode", "mixed", "--out", there}, token...), "exists already", "move the file away"},
		{[]string{"--timeout", "5", "version"}, `invalid argument "5"`, "such as 30s"},
		{[]string{"phone", "reset", "--wait", "x"}, `invalid argument "x"`, "such as 30s"},
		{[]string{"--accept-loss", "rollback"}, "unknown flag: --accept-loss", "after its name"},
	} {
		var out bytes.Buffer
		code := run(append([]string{"--profile", filepath.Join(t.TempDir(), "none.toml")}, c.args...), nil, &out, &out)
		if code != exitUsage || !strings.Contains(out.String(), c.says) || !strings.Contains(out.String(), c.hints) || strings.Contains(out.String(), "--force") {
			t.Errorf("%q: exit %d:\n%s\nwant %q and the hint %q", c.args, code, out.String(), c.says, c.hints)
		}
	}
	if data, err := os.ReadFile(there); err != nil || string(data) != "kept" {
		t.Errorf("the file that was there: %q, %v", data, err)
	}
}

// A PIN that is not where it should be is wrong usage, not a fault of the token.
func TestPINThatIsNotThere(t *testing.T) {
	for _, source := range []string{"env:CTLCLIENT_NO_SUCH_PIN", "file:" + filepath.Join(t.TempDir(), "none"), "file:" + t.TempDir(), "fd:987"} {
		s, err := newSecretSource(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.get(t.Context(), ""); exitCode(t.Context(), err) != exitUsage || !is[*usageError](err) {
			t.Errorf("%s: %v", source, err)
		}
	}
}
