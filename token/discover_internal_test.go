package token

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func write(t *testing.T, text string, path ...string) string {
	t.Helper()
	p := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestP11kitConfiguration(t *testing.T) {
	dir := t.TempDir()
	system, user, libs := filepath.Join(dir, "system"), filepath.Join(dir, "user"), filepath.Join(dir, "libs")
	opensc := write(t, "", libs, "opensc-pkcs11.so")
	write(t, "# a comment\nmodule: opensc-pkcs11.so\n", system, "opensc.module")
	write(t, "module:/opt/safenet/libeToken.so\npriority: 2\ndisable-in: firefox, p11-kit-proxy\n", system, "safenet.module")
	write(t, "module: p11-kit-trust.so\ntrust-policy: yes\n", system, "trust.module")
	write(t, "module: /opt/other.so\nenable-in: firefox\n", system, "other.module")
	write(t, "module: /opt/not-here.so\ndisable-in: firefox, ctlclient\n", system, "not-here.module")
	write(t, "module: /opt/ours.so\nenable-in: ctlclient\n", system, "ours.module")
	write(t, "module: /opt/old.so\n", system, "twice.module")
	write(t, "remote: |ssh elsewhere\n", system, "remote.module")
	write(t, "module: /opt/new.so\n", user, "twice.module")
	write(t, "module: /opt/not-a-module-file.so\n", user, "readme.txt")
	write(t, "module: missing.so\n", user, "missing.module")

	var got []string
	for _, c := range p11kitModules([]string{system, filepath.Join(dir, "absent"), user}, []string{libs}) {
		got = append(got, c.path)
	}
	want := []string{opensc, "/opt/ours.so", "/opt/safenet/libeToken.so", "/opt/new.so", "missing.so"}
	if !slices.Equal(got, want) {
		t.Errorf("modules %q\nwant %q", got, want)
	}
}

func TestModulesCountOnce(t *testing.T) {
	dir := t.TempDir()
	real := write(t, "", dir, "libreal.so")
	link := filepath.Join(dir, "libalias.so")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	if got, _ := candidates([]string{link, real, filepath.Join(dir, ".", "libreal.so")}); !slices.Equal(got, []string{link}) {
		t.Errorf("%q", got)
	}
	t.Setenv("PKCS11_MODULE", real)
	if got, _ := candidates(nil); !slices.Contains(got, real) {
		t.Errorf("PKCS11_MODULE is not among %q", got)
	}
	if got, _ := candidates([]string{link}); len(got) != 1 {
		t.Errorf("beside a named module: %q", got)
	}
}

func TestProxyIsNoModule(t *testing.T) {
	dir := t.TempDir()
	lib := write(t, "", dir, "libp11-kit.so.0.3.0")
	proxy := filepath.Join(dir, "p11-kit-proxy.so")
	if err := os.Symlink(lib, proxy); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]bool{proxy: true, lib: true, "/usr/lib/pkcs11/p11-kit-trust.so": true, "/usr/lib/libeToken.so": false} {
		if isProxy(path) != want {
			t.Errorf("isProxy(%s) is %v", path, !want)
		}
	}
}
