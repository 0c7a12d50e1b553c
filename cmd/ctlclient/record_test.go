package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// recordVariable names the folder in which every run of the program in this suite
// leaves what it wrote, and the secrets that it was given.
const recordVariable = "CTLCLIENT_TEST_RECORD"

// suite runs the tests of the package and then looks for secrets in all that the
// program wrote to its streams meanwhile.
type suite struct{ m *testing.M }

func (s suite) Run() (code int) {
	dir, err := os.MkdirTemp("", "ctlclient-record-")
	if err == nil {
		err = os.Setenv(recordVariable, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer os.RemoveAll(dir)
	if signal.Ignored(syscall.SIGHUP) { // under nohup, the programs would inherit it: tests hang them up
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code = s.m.Run()
	n, err := searchRecords(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "SECRETS:", err)
		return 1
	}
	if err := checkRecords(dir); err != nil {
		fmt.Fprintln(os.Stderr, "SCHEMAS:", err)
		return 1
	}
	if testing.Verbose() {
		fmt.Printf("no secret in what %d runs of the program wrote\n", n)
	}
	return code
}

// recordedMain is main, with what it writes kept aside. What goes to a terminal does
// so unchanged; scripts look at that themselves.
func recordedMain() {
	dir := os.Getenv(recordVariable)
	keep := func(f *os.File, kind string) io.Writer {
		if dir == "" || isTerminal(f) {
			return f
		}
		// Not closed: the process ends, possibly by force.
		record, err := os.CreateTemp(dir, kind+"-"+recordedCommand(os.Args[1:])+"-")
		if err != nil {
			panic(err)
		}
		return io.MultiWriter(f, record)
	}
	for _, name := range secretVariables {
		if v := os.Getenv(name); dir != "" && v != "" {
			addSecret(dir, v)
		}
	}
	os.Exit(start(keep(os.Stdout, "stdout"), keep(os.Stderr, "stderr")))
}

// recordedCommand is the command of a run, its words joined by dots.
func recordedCommand(args []string) string {
	c, _, err := rootFor(newApp(strings.NewReader(""), io.Discard, io.Discard), args).Find(args)
	if err != nil || c == nil {
		return "none"
	}
	_, words, _ := strings.Cut(c.CommandPath(), " ")
	return strings.ReplaceAll(words, " ", ".")
}
