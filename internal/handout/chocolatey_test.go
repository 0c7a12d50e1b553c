package handout

import (
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// nuspec reads the metadata, and says what is no field of theirs or there twice.
func nuspec(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var doc struct {
		XMLName  xml.Name `xml:"http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd package"`
		Metadata struct {
			Fields []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"metadata"`
		Files []struct {
			Src    string `xml:"src,attr"`
			Target string `xml:"target,attr"`
		} `xml:"files>file"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Files) != 1 || doc.Files[0].Src != `tools\**` || doc.Files[0].Target != "tools" {
		t.Errorf("what is packed: %+v", doc.Files)
	}
	// Those of the schema that are used here; Chocolatey's own is packageSourceUrl.
	known := []string{"id", "version", "packageSourceUrl", "title", "authors", "projectUrl", "licenseUrl", "requireLicenseAcceptance", "summary", "description", "tags"}
	fields := map[string]string{}
	for _, f := range doc.Metadata.Fields {
		name := f.XMLName.Local
		if _, twice := fields[name]; twice || !slices.Contains(known, name) {
			t.Errorf("%s is no field of a .nuspec, or is there twice", name)
		}
		fields[name] = f.Text
	}
	return fields
}

// The .nuspec has what its schema demands, and what Chocolatey's validator refuses a package for.
func TestNuspec(t *testing.T) {
	fields := nuspec(t, manifests(t, "chocolatey")["ctlclient.nuspec"])
	for name, like := range map[string]string{
		"id":                       `^[a-z][a-z0-9-]*$`, // small, no underscore, not .config
		"version":                  `^\d+\.\d+\.\d+$`,
		"title":                    `^.{1,256}$`,
		"authors":                  `^[^@]{4,}$`, // no address of mail
		"projectUrl":               address.String(),
		"packageSourceUrl":         address.String(),
		"licenseUrl":               address.String(),
		"requireLicenseAcceptance": `^false$`, // nothing in the licence is to be accepted
		"summary":                  `^.{10,}$`,
		"description":              `^.{30,1000}$`,             // the validator allows 4000
		"tags":                     `^[a-z0-9]+( [a-z0-9]+)*$`, // no commas
	} {
		if !regexp.MustCompile(like).MatchString(fields[name]) {
			t.Errorf("%s cannot be %q", name, fields[name])
		}
	}
	if strings.Contains(fields["tags"], "chocolatey") {
		t.Errorf("the tags are about the program: %s", fields["tags"])
	}
}

var (
	// script is a script of ours: remarks, strictness, one table of arguments, one helper with them.
	script = regexp.MustCompile(`^(?:# .*\n)*\$ErrorActionPreference = 'Stop'\n\$arguments = @\{\n((?:  .*\n)+)\}\n(\w+-Chocolatey\w+) @arguments\n$`)
	// argument is one of them: a text without quotes in it, or a list of numbers.
	argument = regexp.MustCompile(`^  (\w+) *= ('[^']*'|@\(\d+(?:, \d+)*\))$`)
)

// arguments of the helper that a script calls; under "" is the helper.
func arguments(t *testing.T, text []byte) map[string]string {
	t.Helper()
	m := script.FindSubmatch(text)
	if m == nil {
		t.Fatalf("this script is not of the form that the test can read:\n%s", text)
	}
	all := map[string]string{"": string(m[2])}
	for line := range strings.Lines(string(m[1])) {
		a := argument.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if a == nil {
			t.Fatalf("no argument: %q", line)
		}
		if _, twice := all[a[1]]; twice {
			t.Errorf("%s is there twice", a[1])
		}
		all[a[1]] = a[2]
	}
	return all
}

func unquoted(value string) string { return strings.Trim(value, "'") }

// The scripts call the helpers as these are documented, and ask nobody anything.
func TestChocolateyScripts(t *testing.T) {
	const quiet = `^'(\{[0-9A-F-]{36}\} )?/qn /norestart'$`
	for name, want := range map[string]map[string]string{
		"tools/chocolateyinstall.ps1": {"": "^Install-ChocolateyPackage$", "PackageName": "^'ctlclient'$", "SoftwareName": "^'ctlclient'$", "FileType": "^'msi'$",
			"SilentArgs": quiet, "Url64bit": `^'https://[^' ]+\.msi'$`, "Checksum64": "^'[0-9A-F]{64}'$", "ChecksumType64": "^'sha256'$",
			// Done, or done and Windows wants to restart.
			"ValidExitCodes": `^@\(0, 3010, 1641\)$`},
		// /x comes before the arguments, so that they begin with the product; File is for other kinds.
		"tools/chocolateyuninstall.ps1": {"": "^Uninstall-ChocolateyPackage$", "PackageName": "^'ctlclient'$", "FileType": "^'msi'$",
			"SilentArgs": quiet, "File": "^''$",
			// The same, or somebody removed it already.
			"ValidExitCodes": `^@\(0, 3010, 1641, 1605\)$`},
	} {
		got := arguments(t, manifests(t, "chocolatey")[name])
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s has %q, not %q", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
		for argument, like := range want {
			if !regexp.MustCompile(like).MatchString(got[argument]) {
				t.Errorf("%s: %s cannot be %s", name, argument, got[argument])
			}
		}
	}
}
