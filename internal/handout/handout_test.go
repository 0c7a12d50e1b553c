package handout

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var dist = flag.String("dist", "", "the folder that scripts/dist filled")

// sample is what scripts/dist would write, where it did not.
var sample = strings.NewReplacer("@VERSION@", "1.2.3", "@DATE@", "2026-11-27", "@SHA256@", strings.Repeat("0A", 32),
	"@PRODUCT@", "{40F85699-6F92-5CDA-A2DD-FAB0084065A6}", "@UPGRADE@", "{6F1D8D8E-3C0B-4D5C-9B0E-0A6C2C5F7D31}",
	"@ADDRESS@", "https://example.org/ctlclient/ctlclient-1.2.3-windows-amd64.msi", "@HOME@", "https://example.org/ctlclient",
	"@LICENSE@", "https://example.org/ctlclient/LICENSE")

var placeholder = regexp.MustCompile(`@[A-Z0-9_]+@`)

// manifests are the files of one kind by their names: as scripts/dist wrote them, or the templates with samples.
func manifests(t *testing.T, kind string) map[string][]byte {
	t.Helper()
	top := filepath.Join("..", "..", "packaging", kind)
	if *dist != "" {
		top = filepath.Join(*dist, "manifests", kind)
	}
	all := map[string][]byte{}
	err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if *dist == "" {
			text = []byte(sample.Replace(string(text)))
		}
		name, relErr := filepath.Rel(top, path)
		if relErr != nil {
			return relErr
		}
		if left := placeholder.Find(text); left != nil {
			t.Errorf("%s: %s is not filled in", path, left)
		}
		all[filepath.ToSlash(name)] = text
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s has %d manifests: %v", top, len(all), err)
	}
	return all
}

// What the manifests say of the installer is true of the very file that was built.
func TestManifestsFitTheInstaller(t *testing.T) {
	if *dist == "" {
		t.Skip("scripts/test-dist builds the installer for this test, and names its folder by -dist")
	}
	found, err := filepath.Glob(filepath.Join(*dist, "*.msi"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the installers: %q, %v", found, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(data)
	sum := strings.ToUpper(hex.EncodeToString(hash[:]))
	has := properties(t, found[0])

	fields := read(t, "installer", manifests(t, "winget")["ctlclient.ctlclient.installer.yaml"])
	one := fields["Installers"].([]any)[0].(map[string]any)
	entry := one["AppsAndFeaturesEntries"].([]any)[0].(map[string]any)
	choco := manifests(t, "chocolatey")
	install, uninstall := arguments(t, choco["tools/chocolateyinstall.ps1"]), arguments(t, choco["tools/chocolateyuninstall.ps1"])
	locale := read(t, "locale", manifests(t, "winget")["ctlclient.ctlclient.locale.en-US.yaml"])
	spec := nuspec(t, choco["ctlclient.nuspec"])
	remove, _, _ := strings.Cut(unquoted(uninstall["SilentArgs"]), " ")
	for what, is := range map[string][2]any{
		"WinGet's checksum":          {one["InstallerSha256"], sum},
		"Chocolatey's checksum":      {unquoted(install["Checksum64"]), sum},
		"WinGet's product":           {one["ProductCode"], has["ProductCode"]},
		"the product in the list":    {entry["ProductCode"], has["ProductCode"]},
		"what Chocolatey removes":    {remove, has["ProductCode"]},
		"the family of the product":  {entry["UpgradeCode"], has["UpgradeCode"]},
		"the name in the list":       {entry["DisplayName"], has["ProductName"]},
		"the name that WinGet shows": {locale["PackageName"], has["ProductName"]},
		"the maker in the list":      {entry["Publisher"], has["Manufacturer"]},
		"the maker that WinGet has":  {locale["Publisher"], has["Manufacturer"]},
		"the version in the list":    {entry["DisplayVersion"], has["ProductVersion"]},
		"WinGet's version":           {fields["PackageVersion"], has["ProductVersion"]},
		"Chocolatey's version":       {spec["version"], has["ProductVersion"]},
		"WinGet's file":              {filepath.Base(one["InstallerUrl"].(string)), filepath.Base(found[0])},
		"Chocolatey's file":          {filepath.Base(unquoted(install["Url64bit"])), filepath.Base(found[0])},
		"for all users":              {has["ALLUSERS"], map[any]string{"machine": "1"}[fields["Scope"]]},
	} {
		if is[0] != is[1] {
			t.Errorf("%s is %v, of the installer %v", what, is[0], is[1])
		}
	}
	for _, name := range []string{"ProductCode", "UpgradeCode"} {
		if !code.MatchString(has[name]) {
			t.Errorf("the installer's %s is %s; Windows Installer compares capitals", name, has[name])
		}
	}
}

// properties are those of an installer.
func properties(t *testing.T, msi string) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "msiinfo", "export", msi, "Property").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		all[name] = value
	}
	return all
}

// Every file that is handed out has its checksum, and every checksum its file.
func TestChecksums(t *testing.T) {
	if *dist == "" {
		t.Skip("scripts/test-dist builds what is handed out, and names its folder by -dist")
	}
	list, err := os.ReadFile(filepath.Join(*dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(list)); s.Scan(); {
		sum, name, _ := strings.Cut(s.Text(), "  ")
		listed[name] = sum
	}
	entries, err := os.ReadDir(*dist)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range entries {
		if e.IsDir() || e.Name() == "SHA256SUMS" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(*dist, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); listed[e.Name()] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the list has the checksum %q", e.Name(), listed[e.Name()])
		}
		delete(listed, e.Name())
		kinds[filepath.Ext(e.Name())]++
	}
	if len(listed) != 0 {
		t.Errorf("checksums of files that are not there: %v", listed)
	}
	for kind, count := range map[string]int{".msi": 1, ".zip": 2, ".deb": 2, ".rpm": 2, ".gz": 2, ".json": 1} {
		if kinds[kind] != count {
			t.Errorf("%d files end in %s, not %d", kinds[kind], kind, count)
		}
	}
}
