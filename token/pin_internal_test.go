package token

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What stands behind pin-source, and what does not.
func TestPINFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(file, []byte("Cisco123\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{file, "file:" + file, "file://" + file, "file://localhost" + file} {
		pin, err := PINFile(source)(t.Context(), PINRequest{})
		if string(pin) != "Cisco123" || err != nil {
			t.Errorf("%s: %q, %v", source, pin, err)
		}
	}
	for source, want := range map[string]string{
		"pin":                       "is not file:PATH",
		"https://example.com/pin":   "is not file:PATH",
		"file://example.com" + file: "is not a file here",
		"file://%zz" + file:         "is not a file here",
	} {
		if pin, err := PINFile(source)(t.Context(), PINRequest{}); len(pin) > 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", source, pin, err)
		}
	}
	if pin, err := PINFile(file+".none")(t.Context(), PINRequest{}); len(pin) > 0 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q, %v", pin, err)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("1", maxPIN+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if pin, err := PINFile(file)(t.Context(), PINRequest{}); len(pin) > 0 || err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "1111") {
		t.Errorf("%q, %v", pin, err)
	}
}

// Whoever is asked gives a PIN, or there is none and nothing of it is left.
func TestAskPIN(t *testing.T) {
	i := Info{Label: "SAST-1", Serial: "45da", Module: "/m.so", Flags: Flags{PINCountLow: true}}
	given := []byte("Cisco123")
	ask := func(pin []byte, err error) PINFunc {
		return func(_ context.Context, r PINRequest) ([]byte, error) {
			if r.Token != "SAST-1" || r.Serial != "45da" || !r.CountLow || r.FinalTry || !r.New {
				t.Errorf("request %+v", r)
			}
			return pin, err
		}
	}
	request := PINRequest{New: true}
	if pin, err := askPIN(t.Context(), i, Options{}, request, ask(given, nil)); string(pin) != "Cisco123" || err != nil {
		t.Errorf("%q, %v", pin, err)
	}
	broken := errors.New("the terminal is gone")
	for name, c := range map[string]struct {
		ask  PINFunc
		want error
	}{
		"nobody":   {nil, errNoAsker},
		"nothing":  {ask(nil, nil), errNoPIN},
		"an error": {ask(given, broken), broken},
	} {
		pin, err := askPIN(t.Context(), i, Options{}, request, c.ask)
		var e *Error
		if pin != nil || !errors.Is(err, PINRequired) || !errors.Is(err, c.want) || !errors.As(err, &e) || e.Token != "SAST-1" || e.Module != "/m.so" {
			t.Errorf("%s: %q, %v", name, pin, err)
		}
	}
	if strings.Trim(string(given), "\x00") != "" {
		t.Errorf("a PIN that came with an error was left: %q", given)
	}
	if _, err := askPIN(t.Context(), i, Options{}, request, ask(nil, context.Canceled)); !errors.Is(err, context.Canceled) || errors.Is(err, PINRequired) {
		t.Errorf("no answer: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := askPIN(ended, i, Options{}, request, ask(nil, broken)); !errors.Is(err, context.Canceled) {
		t.Errorf("the job was ended: %v", err)
	}
}

// A PIN of a keypad is asked for by nobody, and whoever is there is told.
func TestAskKeypad(t *testing.T) {
	var told []string
	tell := func(who string) func(PINRequest) { return func(PINRequest) { told = append(told, who) } }
	i := Info{Label: "SAST-1", Flags: Flags{ProtectedAuthPath: true}}
	ctx := WithSettings(t.Context(), Settings{OnKeypad: tell("settings")})
	for _, o := range []Options{{}, {OnKeypad: tell("options")}} {
		pin, err := askPIN(ctx, i, o, PINRequest{}, func(context.Context, PINRequest) ([]byte, error) {
			t.Error("the person was asked")
			return nil, nil
		})
		if pin != nil || err != nil {
			t.Errorf("%q, %v", pin, err)
		}
	}
	if strings.Join(told, " ") != "settings options" {
		t.Errorf("told %q", told)
	}
	if _, err := askPIN(t.Context(), i, Options{}, PINRequest{}, nil); err != nil {
		t.Errorf("nobody to tell: %v", err)
	}
}

// A token that is locked, or is by a wrong PIN, is left alone before anybody is asked.
func TestCheckTries(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		final bool
		want  error
	}{
		{Flags{}, false, nil},
		{Flags{PINCountLow: true}, false, nil},
		{Flags{PINFinalTry: true}, false, PINFinalTry},
		{Flags{PINFinalTry: true}, true, nil},
		{Flags{PINLocked: true}, true, PINLocked},
		{Flags{PINLocked: true, PINFinalTry: true}, false, PINLocked},
	} {
		if err := checkTries(Info{Flags: c.flags}, c.final); !errors.Is(err, c.want) {
			t.Errorf("%+v, %v: %v", c.flags, c.final, err)
		}
	}
}
