package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A double click in Explorer opens the window: cobra's guard against it is off.
func TestDoubleClickIsNotHeldUp(t *testing.T) {
	var out bytes.Buffer
	run([]string{"--version"}, nil, &out, &out)
	if cobra.MousetrapHelpText != "" {
		t.Error("cobra still stops a program that Explorer starts")
	}
}

// Windows has one descriptor that a script can name.
func TestDescriptorsOfWindows(t *testing.T) {
	if err := errDescriptor("--pin-source"); !strings.Contains(err.Error(), "Windows has no file descriptors but fd:0") {
		t.Errorf("%v", err)
	}
}

// A file in the place of a command is for the desktop; anything else is still a mistyped command.
func TestFileAsArgument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "CTLFile.tlv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !isFile(file) || isFile(filepath.Dir(file)) || isFile(file+".not") {
		t.Error("a file is not told from what is none")
	}
	var out bytes.Buffer
	if code := run([]string{"fiel"}, nil, &out, &out); code != exitUsage || !strings.Contains(out.String(), "unknown command") {
		t.Errorf("%d: %s", code, out.String())
	}
}

// A report of a fault can say what the program is made of.
func TestVersion(t *testing.T) {
	var out, text bytes.Buffer
	if code := run([]string{"version", "--json"}, nil, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	var b build
	if err := json.Unmarshal(out.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Version == "" || b.Go != runtime.Version() || !slices.ContainsFunc(b.Modules, func(m module) bool { return m.Path == "github.com/miekg/pkcs11" && m.Version != "" }) {
		t.Errorf("%+v", b)
	}
	if code := run([]string{"version"}, nil, &text, &text); code != 0 || !strings.Contains(text.String(), "github.com/miekg/pkcs11") {
		t.Error(text.String())
	}
}
