package main

import (
	"cmp"
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// group is one call of go test.
type group struct {
	pkg     string
	pattern string // of benchmarks; of tests when time is ""
	time    string // -benchtime
	count   int
}

func (g group) args() []string {
	args := []string{"test", "-tags", "nogui", "-vet=off", "-count", strconv.Itoa(max(1, g.count))}
	if g.time == "" {
		return append(args, "-v", "-run", g.pattern, g.pkg)
	}
	return append(args, "-run", "^$", "-bench", g.pattern, "-benchmem", "-benchtime", g.time, g.pkg)
}

// figures are what was measured, the least of each, by "benchmark unit".
type figures map[string]float64

func (f figures) least(name, unit string, v float64) {
	key := name + " " + unit
	if old, ok := f[key]; !ok || v < old {
		f[key] = v
	}
}

var (
	tripsLine = regexp.MustCompile(`: (\w+): (\d+) round trips`)
	loadLine  = regexp.MustCompile(`: (\d+) clients in (\S+), (\d+) MiB`)
	processes = regexp.MustCompile(`-\d+$`)
)

// read takes what go test printed.
func (f figures) read(text string) {
	for line := range strings.Lines(text) {
		if m := tripsLine.FindStringSubmatch(line); m != nil {
			n, _ := strconv.ParseFloat(m[2], 64)
			f.least("trips/"+m[1], "trips", n)
			continue
		}
		if m := loadLine.FindStringSubmatch(line); m != nil {
			mib, _ := strconv.ParseFloat(m[3], 64)
			took, _ := time.ParseDuration(m[2])
			f.least("load", "MiB", mib)
			f.least("load", "s", took.Seconds())
			continue
		}
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := processes.ReplaceAllString(strings.TrimPrefix(words[0], "Benchmark"), "")
		for i := 2; i+1 < len(words); i += 2 {
			if v, err := strconv.ParseFloat(words[i], 64); err == nil {
				f.least(name, words[i+1], v)
			}
		}
	}
}

// part is a share of the program.
type part struct {
	name string
	size float64 // bytes
}

// program measures the headless program as it is released, and what it is made of.
func (f figures) program() ([]part, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	small, full := filepath.Join(dir, "small"), filepath.Join(dir, "full")
	for out, flags := range map[string]string{small: "-s -w", full: "-w"} {
		if _, err := command("go", "build", "-trimpath", "-tags", "nogui", "-ldflags", flags, "-o", out, "./cmd/ctlclient"); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(small)
	if err != nil {
		return nil, err
	}
	f["program MB"] = float64(info.Size()) / 1e6
	return contents(small, full)
}

// contents sums what is in the program's file: its code by whose it is, as the symbols of
// the same program with symbols tell, and its other sections as they are.
func contents(stripped, symbols string) ([]part, error) {
	file, err := elf.Open(stripped)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sums, code := map[string]float64{}, 0.0
	for _, s := range file.Sections {
		switch {
		case s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL: // not in the file
		case s.Name == ".text":
			code = float64(s.FileSize)
		case s.Name == ".gopclntab":
			sums["the table of functions and lines, for panics and the collector"] += float64(s.FileSize)
		case s.Name == ".rodata" || s.Name == ".typelink" || s.Name == ".itablink" || s.Name == ".go.module":
			sums["constants, and descriptions of types for reflection and interfaces"] += float64(s.FileSize)
		default:
			sums["variables with a value, relocations and the rest"] += float64(s.FileSize)
		}
	}
	named, err := elf.Open(symbols)
	if err != nil {
		return nil, err
	}
	defer named.Close()
	all, err := named.Symbols()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			sums["code: "+whose(s.Name)] += float64(s.Size)
			code -= float64(s.Size)
		}
	}
	sums["code: in no function of Go"] += max(0, code)
	return largestFirst(sums), nil
}

func largestFirst(sums map[string]float64) []part {
	var parts []part
	for name, size := range sums {
		parts = append(parts, part{name, size})
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(b.size, a.size), strings.Compare(a.name, b.name))
	})
	return parts
}

// owners tells by the beginning of a symbol's name whose it is; the first that fits.
var owners = []struct{ prefix, name string }{
	{"runtime.", "Go's runtime"},
	{"ctlclient/", "this program's own code"},
	{"main.", "this program's own code"},
	{"crypto/", "cryptography and TLS of the standard library"},
	{"vendor/", "cryptography and TLS of the standard library"},
	{"net", "network and HTTP of the standard library"},
	{"golang.org/x/crypto", "SSH and Argon2 (golang.org/x/crypto)"},
	{"github.com/", "other libraries"},
	{"golang.org/", "other libraries"},
	{"gopkg.in/", "other libraries"},
}

func whose(symbol string) string {
	for _, o := range owners {
		if strings.HasPrefix(symbol, o.prefix) {
			return o.name
		}
	}
	return "the rest of the standard library"
}
