//go:build linux

package wine

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ctlclient/internal/xvfb"
)

// The installer, silent: programs, Start menu, PATH, associations and firewall rules are there,
// and after the removal nothing of ours is.
func TestInstaller(t *testing.T) {
	if *msi == "" {
		t.Skip("scripts/test-dist builds the installer for this test, and names it by -msi")
	}
	xvfb.Need(t, "wine")
	before := files(t)
	silently(t, "/i")
	after := files(t)
	for _, name := range []string{"ctlclient.exe", "ctlclient-desktop.exe", "LICENSE.txt", "ctlclient.lnk"} {
		if !slices.ContainsFunc(after, func(f string) bool { return filepath.Base(f) == name }) {
			t.Errorf("%s is not installed", name)
		}
	}
	registry := registryNow(t)
	for what, want := range map[string]string{
		"PATH":                    `;C:\\Program Files\\ctlclient\\"`,
		".tlv":                    `[Software\\Classes\\.tlv\\OpenWithProgids]`,
		".sgn":                    `[Software\\Classes\\.sgn\\OpenWithProgids]`,
		"Open with":               `@="\"C:\\Program Files\\ctlclient\\ctlclient-desktop.exe\" \"%1\""`,
		"the list of programs":    `"DisplayName"="ctlclient"`,
		"the firewall":            `App=C:\\Program Files\\ctlclient\\ctlclient.exe|`,
		"the desktop's firewall":  `App=C:\\Program Files\\ctlclient\\ctlclient-desktop.exe|`,
		"the icon in that list":   `ctlclient.ico"`,
		"the maker in that list":  `"Publisher"="The ctlclient project"`,
		"the component in 64 bit": `[Software\\ctlclient]`,
	} {
		if !strings.Contains(registry, want) {
			t.Errorf("%s: the registry has no %s", what, want)
		}
	}
	if out, complaints, code := run(t, "", `C:\Program Files\ctlclient\ctlclient.exe`, "version"); code != 0 {
		t.Errorf("what is installed does not run: %s%s", out, complaints)
	}

	silently(t, "/x")
	// The folder of all installers is Windows' own.
	left := slices.DeleteFunc(files(t), func(f string) bool {
		return slices.Contains(before, f) || f == filepath.Join("windows", "Installer")
	})
	if len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	for line := range strings.Lines(wineOwn(registryNow(t))) {
		if strings.Contains(strings.ToLower(line), "ctlclient") {
			t.Errorf("left in the registry: %s", line)
		}
	}
}

func silently(t *testing.T, what string) {
	t.Helper()
	if out, complaints, code := run(t, "", "msiexec", what, windows(absolute(t, *msi)), "/qn"); code != 0 {
		t.Fatalf("msiexec %s: exit code %d\n%s%s", what, code, out, complaints)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// files names all on drive C:.
func files(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(c()), ".", func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// registryNow is the registry as Wine keeps it, once nothing runs any more.
func registryNow(t *testing.T) string {
	t.Helper()
	if out, err := tool("wineserver", "-w").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all strings.Builder
	for _, name := range []string{"system.reg", "user.reg"} {
		data, err := os.ReadFile(filepath.Join(machine.dir, "prefix", name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// wineOwn leaves out what Wine notes of menus for the Unix desktop, which Windows knows not of.
func wineOwn(registry string) string {
	_, menu, found := strings.Cut(registry, `[Software\\Wine\\MenuFiles]`)
	if !found {
		return registry
	}
	section, _, _ := strings.Cut(menu, "\n[")
	return strings.Replace(registry, section, "", 1)
}
