// Command bench runs the project's benchmarks, puts each figure beside the least that it
// could be, measured in the same run, and writes docs/performance.md. What it runs are
// ordinary benchmarks and tests that stand beside the code; `make bench` starts it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	out := flag.String("o", "docs/performance.md", "`file` to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	m := about()
	m.loadBefore = load()
	got := figures{}
	for _, g := range groups {
		fmt.Fprintln(os.Stderr, "bench:", g.pkg, g.pattern)
		text, err := command("go", g.args()...)
		if err != nil {
			return fmt.Errorf("%s: %w", g.pkg, err)
		}
		got.read(text)
	}
	fmt.Fprintln(os.Stderr, "bench: size of the headless program")
	parts, err := got.program()
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "bench: the desktop's first window")
	if err := got.desktop(); err != nil {
		return err
	}
	m.loadAfter = load()
	text, err := document(m, got, parts)
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(text), 0o644)
}

// command is what a program prints; its error carries the end of it.
func command(name string, args ...string) (string, error) {
	text, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		lines := strings.Split(string(bytes.TrimSpace(text)), "\n")
		return "", fmt.Errorf("%s: %w\n%s", name, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return string(text), nil
}

// machine is where the figures come from.
type machine struct {
	cpu, system, kernel, goVersion, token string
	cpus                                  string
	loadBefore, loadAfter                 string
}

func about() machine {
	first := func(text string) string { line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); return line }
	ask := func(name string, args ...string) string {
		text, err := command(name, args...)
		if err != nil {
			return "not known"
		}
		return first(text)
	}
	kernel, _, _ := strings.Cut(ask("uname", "-sr"), "-")
	m := machine{kernel: kernel, goVersion: ask("go", "version"), token: ask("softhsm2-util", "--version"), cpus: ask("nproc")}
	m.cpu = field("/proc/cpuinfo", "model name")
	m.system = strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`)
	return m
}

// field is the value of a key in a file of lines.
func field(file, key string) string {
	text, err := os.ReadFile(file)
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if v, ok := strings.CutPrefix(line, key); ok {
				return strings.TrimSpace(strings.TrimLeft(v, "\t :="))
			}
		}
	}
	return "not known"
}

// load is how many processes were running or waiting to, in the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
