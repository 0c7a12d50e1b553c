//go:build !nogui && linux

package journey

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/internal/xvfb"
)

// Where no window can be opened the program says so, names the command that does the same,
// and ends with 2: at once, and never without a word.
func TestNoWindow(t *testing.T) {
	withoutGLX := xvfb.New(t, "-extension", "GLX")
	for _, test := range []struct {
		name string
		env  []string
		says string // part of the reason
	}{
		{"no display at all", nil, "there is neither an X11 nor a Wayland session"},
		{"a display that is not there", []string{"DISPLAY=:4711"}, ""},
		{"a Wayland session that is gone", []string{"XDG_SESSION_TYPE=wayland", "WAYLAND_DISPLAY=wayland-gone"}, "the display of the session does not answer"},
		{"a display without OpenGL", []string{"DISPLAY=" + withoutGLX.Name}, "OpenGL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			if err := os.MkdirAll(filepath.Join(home, "run"), 0o700); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), *patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, program)
			cmd.Env = environment(home, append(test.env, "LANG=en_US.UTF-8")...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("it ended with %v, not with 2", err)
			}
			for _, part := range []string{"error: no window can be opened", "hint: ", "ctlclient migrate to-tokens", test.says} {
				if !strings.Contains(stderr.String(), part) {
					t.Errorf("standard error lacks %q:\n%s", part, &stderr)
				}
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output: %s", &stdout)
			}
		})
	}
}

// A Wayland session that cannot be reached does no harm where there is an X display as well.
func TestWaylandGoneButX(t *testing.T) {
	d := xvfb.New(t)
	p := open(t, d, t.TempDir(), "en_US", "light", "XDG_SESSION_TYPE=wayland", "WAYLAND_DISPLAY=wayland-gone")
	p.onScreen("clusters")
	p.close()
}
