package token

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Module found on this machine.
type Module struct {
	Path         string
	Description  string
	Manufacturer string
	Version      string
	Err          error // found but not loadable
}

// programName is what enable-in and disable-in of p11-kit's configuration mean by us.
const programName = "ctlclient"

// Modules finds modules: the named ones, or when none is named those of p11-kit's
// configuration, the one of PKCS11_MODULE and those in the usual places. Each is
// loaded and asked what it is; one that cannot be loaded comes with Err. A file
// under two names counts once. p11-kit's own proxy, which shows the others again,
// and its list of trusted CAs, which holds no keys, are left out.
func Modules(ctx context.Context, named []string) []Module {
	var mods []Module
	names, _ := candidates(named)
	for _, name := range names {
		m := lease(name)
		l, err := call(ctx, m, func(r *running) (Library, error) { return r.library(), nil }, nil)
		m.release(ctx)
		mods = append(mods, Module{Path: m.spec.Path, Description: l.Description, Manufacturer: l.Manufacturer, Version: l.Version, Err: err})
	}
	return mods
}

// candidates lists names of modules, each file once, in the order of preference, and
// why others that were found are not among them.
func candidates(named []string) (names []string, refused []error) {
	if len(named) > 0 {
		return unique(named), nil
	}
	keep := func(p string) {
		if _, err := os.Stat(p); err != nil || isProxy(p) {
			return
		}
		if err := checkPlace(p); err != nil {
			refused = append(refused, err)
			return
		}
		names = append(names, p)
	}
	for _, c := range p11kitModules(p11kitFolders(), moduleFolders()) {
		keep(c.path)
	}
	if p := os.Getenv("PKCS11_MODULE"); p != "" && !isProxy(p) {
		names = append(names, p) // named
	}
	for _, p := range usualPlaces() {
		keep(p)
	}
	return unique(names), refused
}

// unique leaves out a file that was named before, in the same environment.
func unique(names []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, p := range names {
		env, path := splitName(p)
		if key := ModuleWith(realPath(absolute(path)), env...); !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

// isProxy tells p11-kit's own modules by their file names.
func isProxy(path string) bool {
	for _, p := range []string{path, realPath(path)} {
		name := filepath.Base(p)
		if strings.HasPrefix(name, "p11-kit-proxy") || strings.HasPrefix(name, "libp11-kit") || strings.HasPrefix(name, "p11-kit-trust") {
			return true
		}
	}
	return false
}

// configured is a module of p11-kit's configuration.
type configured struct {
	path     string
	reserved string // x-init-reserved: what C_Initialize is given; NSS cannot do without
}

// reservedFor is what the configuration wants a module to be given by C_Initialize.
func reservedFor(key string) string {
	for _, c := range p11kitModules(p11kitFolders(), moduleFolders()) {
		if c.reserved != "" && realPath(c.path) == key {
			return c.reserved
		}
	}
	return ""
}

// p11kitModules reads the *.module files of the folders (pkcs11.conf(5)). A file in
// a later folder replaces the settings of its namesake in an earlier one. libs are
// the folders in which a module named without a path is looked for.
func p11kitModules(folders, libs []string) []configured {
	configs := map[string]map[string]string{}
	var order []string
	for _, f := range folders {
		files, _ := filepath.Glob(filepath.Join(f, "*.module"))
		for _, file := range files {
			name := filepath.Base(file)
			if configs[name] == nil {
				configs[name] = map[string]string{}
				order = append(order, name)
			}
			readModuleFile(file, configs[name])
		}
	}
	var mods []configured
	for _, name := range order {
		c := configs[name]
		if c["module"] == "" || isYes(c["trust-policy"]) || !enabled(c) {
			continue
		}
		mods = append(mods, configured{resolve(c["module"], libs), c["x-init-reserved"]})
	}
	return mods
}

// readModuleFile adds the `key: value` lines of a file, read as far as it can be.
func readModuleFile(file string, into map[string]string) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := strings.TrimSpace(sc.Text())
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		into[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
}

func isYes(s string) bool { return s == "yes" || s == "true" || s == "1" }

func enabled(c map[string]string) bool {
	lists := func(s string) bool {
		return slices.Contains(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }), programName)
	}
	if in, ok := c["enable-in"]; ok {
		return lists(in)
	}
	return !lists(c["disable-in"])
}

// resolve gives a module named without a folder the one in which it lies.
func resolve(module string, libs []string) string {
	if filepath.IsAbs(module) {
		return module
	}
	for _, l := range libs {
		p := filepath.Join(l, module)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return module
}
