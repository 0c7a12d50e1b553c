package handout

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// rule is what WinGet asks of one field. A list is judged item by item; items can be fields again.
type rule struct {
	must     bool
	min, max int            // length in characters; max 0: any
	like     *regexp.Regexp // the whole value
	among    []string       // the only values; those of a list each once
	items    map[string]rule
}

var (
	identifier = regexp.MustCompile(`^[^.\s\\/:*?"<>|\x01-\x1f]{1,32}(\.[^.\s\\/:*?"<>|\x01-\x1f]{1,32}){1,7}$`)
	plainName  = regexp.MustCompile(`^[^\\/:*?"<>|\x01-\x1f]+$`)
	language   = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z]{1,8})*$`)
	numbers    = regexp.MustCompile(`^\d{1,5}(\.\d{1,5}){0,3}$`)
	address    = regexp.MustCompile(`^https://\S+$`) // WinGet takes http as well; we do not
	sha256hex  = regexp.MustCompile(`^[0-9A-F]{64}$`)
	day        = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	// code is an identifier as Windows Installer compares it: in capitals.
	code = regexp.MustCompile(`^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$`)
)

// head is what each of the package's files begins and ends with.
func head(kind string, more map[string]rule) map[string]rule {
	all := map[string]rule{
		"PackageIdentifier": {must: true, max: 128, like: identifier},
		"PackageVersion":    {must: true, max: 128, like: plainName},
		"ManifestType":      {must: true, among: []string{kind}},
		"ManifestVersion":   {must: true, among: []string{"1.10.0"}},
	}
	maps.Copy(all, more)
	return all
}

// words are those of one language; must: it is the language in which they are complete.
func words(must bool) map[string]rule {
	return map[string]rule{
		"PackageLocale":    {must: true, max: 20, like: language},
		"Publisher":        {must: must, min: 2, max: 256},
		"PackageName":      {must: must, min: 2, max: 256},
		"PackageUrl":       {max: 2048, like: address},
		"License":          {must: must, min: 3, max: 512},
		"LicenseUrl":       {max: 2048, like: address},
		"ShortDescription": {must: must, min: 3, max: 256},
		"Description":      {min: 3, max: 10000},
		"Tags":             {min: 1, max: 40},
	}
}

var installer = head("installer", map[string]rule{
	"Platform":         {among: []string{"Windows.Desktop", "Windows.Universal"}},
	"MinimumOSVersion": {like: numbers},
	"InstallerType":    {must: true, among: []string{"msi"}},
	"Scope":            {among: []string{"machine"}},
	"InstallModes":     {among: []string{"interactive", "silent", "silentWithProgress"}},
	"UpgradeBehavior":  {among: []string{"install", "uninstallPrevious", "deny"}},
	"Commands":         {min: 1, max: 40},
	"FileExtensions":   {max: 64, like: regexp.MustCompile(`^[a-z]+$`)},
	"ReleaseDate":      {like: day},
	"Installers": {must: true, items: map[string]rule{
		"Architecture":    {must: true, among: []string{"x64"}},
		"InstallerUrl":    {must: true, max: 2048, like: address},
		"InstallerSha256": {must: true, like: sha256hex},
		"ProductCode":     {max: 255, like: code},
		"AppsAndFeaturesEntries": {items: map[string]rule{
			"DisplayName":    {min: 1, max: 256},
			"Publisher":      {min: 1, max: 256},
			"DisplayVersion": {min: 1, max: 128},
			"ProductCode":    {max: 255, like: code},
			"UpgradeCode":    {max: 255, like: code},
		}},
	}},
})

func defaultLocale() map[string]rule {
	all := head("defaultLocale", words(true))
	all["Moniker"] = rule{min: 1, max: 40}
	return all
}

// winget names each file of a package, and its rules.
var winget = map[string]map[string]rule{
	"ctlclient.ctlclient.yaml":              head("version", map[string]rule{"DefaultLocale": {must: true, max: 20, like: language}}),
	"ctlclient.ctlclient.installer.yaml":    installer,
	"ctlclient.ctlclient.locale.en-US.yaml": defaultLocale(),
	"ctlclient.ctlclient.locale.pt-BR.yaml": head("locale", words(false)),
}

// judge names what is wrong with a mapping.
func judge(where string, fields map[string]any, rules map[string]rule) (bad []string) {
	for name, r := range rules {
		if _, there := fields[name]; r.must && !there {
			bad = append(bad, where+name+" is missing")
		}
	}
	for name, value := range fields {
		r, known := rules[name]
		if !known {
			bad = append(bad, where+name+" is no field of this file")
			continue
		}
		bad = append(bad, r.judge(where+name, value)...)
	}
	return bad
}

func (r rule) judge(where string, value any) (bad []string) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			bad = append(bad, r.judge(fmt.Sprintf("%s[%d]", where, i), item)...)
			if i > 0 && fmt.Sprint(v[i-1]) >= fmt.Sprint(item) {
				bad = append(bad, where+" is not sorted, or names something twice")
			}
		}
		if len(v) == 0 || len(v) > 16 {
			bad = append(bad, fmt.Sprintf("%s has %d items", where, len(v)))
		}
	case map[string]any:
		if r.items == nil {
			return []string{where + " is no mapping"}
		}
		return judge(where+".", v, r.items)
	case string:
		n := utf8.RuneCountInString(v)
		if n < r.min || r.max > 0 && n > r.max || n == 0 {
			bad = append(bad, fmt.Sprintf("%s has %d characters", where, n))
		}
		if r.items != nil || r.like != nil && !r.like.MatchString(v) || r.among != nil && !slices.Contains(r.among, v) {
			bad = append(bad, fmt.Sprintf("%s cannot be %q", where, v))
		}
	default:
		bad = append(bad, fmt.Sprintf("%s is %T, not text", where, value))
	}
	return bad
}

// Every file of the package is as WinGet's schema and its community's repository want it, and the
// files name the same package and version.
func TestWinGet(t *testing.T) {
	got := manifests(t, "winget")
	if want := slices.Sorted(maps.Keys(winget)); !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Fatalf("the files are %q, not %q", slices.Sorted(maps.Keys(got)), want)
	}
	var versions []string
	for name, text := range got {
		fields := read(t, name, text)
		for _, bad := range judge("", fields, winget[name]) {
			t.Errorf("%s: %s", name, bad)
		}
		versions = append(versions, fmt.Sprint(fields["PackageIdentifier"], " ", fields["PackageVersion"]))
		if lang, found := strings.CutPrefix(strings.TrimSuffix(name, ".yaml"), "ctlclient.ctlclient.locale."); found && fields["PackageLocale"] != lang {
			t.Errorf("%s holds the words of %v", name, fields["PackageLocale"])
		}
	}
	if slices.Sort(versions); versions[0] != versions[len(versions)-1] {
		t.Errorf("the files are of different packages: %q", versions)
	}
}

func read(t *testing.T, name string, text []byte) map[string]any {
	t.Helper()
	var fields map[string]any
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&fields); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return fields
}

// The rules find what they are there for.
func TestWinGetRules(t *testing.T) {
	for bad, field := range map[string]string{
		`PackageIdentifier: ctlclient`:                        "PackageIdentifier",
		`PackageVersion: "1/2"`:                               "PackageVersion",
		`PackageVersion: 1.0`:                                 "PackageVersion is float64",
		`ManifestType: singleton`:                             "ManifestType",
		`Scope: everybody`:                                    "Scope",
		`Tag: a`:                                              "Tag is no field",
		`Commands: []`:                                        "Commands has 0",
		`Installers: [{InstallerUrl: "ftp://a"}]`:             "Installers[0].InstallerUrl",
		`Installers: [{InstallerSha256: "00"}]`:               "Installers[0].InstallerSha256",
		`Installers: [{Architecture: x64}]`:                   "Installers[0].InstallerUrl is missing",
		`Installers: [{ProductCode: "{6f1d8d8e-3c0b-4d5c}"}]`: "Installers[0].ProductCode",
		`Installers: x`:                                       "Installers cannot be",
	} {
		found := judge("", read(t, bad, []byte(bad)), installer)
		if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, field) }) {
			t.Errorf("%s: nothing is found in %q but %q", field, bad, found)
		}
	}
}
