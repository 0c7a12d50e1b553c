package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// desktopRuns is how often each window is opened; the least counts.
const desktopRuns = 5

// desktop measures the window of the program beside one with a single label, of the same
// toolkit, on a display of its own.
func (f figures) desktop() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs := map[string]string{"desktop": "./cmd/ctlclient", "label": "./gui/onelabel"}
	for name, pkg := range programs {
		if _, err := command("go", "build", "-trimpath", "-tags", "accessibility", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), pkg); err != nil {
			return err
		}
	}
	screen := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset")
	number, err := screen.StdoutPipe()
	if err != nil {
		return err
	}
	if err := screen.Start(); err != nil {
		return fmt.Errorf("a display is needed (packages xvfb and xdotool): %w", err)
	}
	defer func() {
		_ = screen.Process.Kill()
		_ = screen.Wait() // it was killed
	}()
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		return fmt.Errorf("no display came: %w", err)
	}
	display := ":" + strings.TrimSpace(line)
	for range desktopRuns {
		for name := range programs {
			if err := f.window(name, filepath.Join(dir, name), display); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// window opens one, and looks at it when it is there and when it has come to rest.
func (f figures) window(name, program, display string) error {
	home, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, program)
	c.Env = append(os.Environ(), "DISPLAY="+display, "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "XDG_DATA_HOME="+home, "LANG=C.UTF-8", "WAYLAND_DISPLAY=")
	begun := time.Now()
	if err := c.Start(); err != nil {
		return err
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}()
	pid := strconv.Itoa(c.Process.Pid)
	for {
		look := exec.CommandContext(ctx, "xdotool", "search", "--onlyvisible", "--pid", pid)
		look.Env = c.Env
		if seen, err := look.Output(); err == nil && len(bytes.TrimSpace(seen)) > 0 {
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("no window came: %w", ctx.Err())
		}
	}
	f.least(name, "window-ms", float64(time.Since(begun))/1e6)
	f.least(name, "window-cpu-ms", spentBy(pid))
	time.Sleep(3 * time.Second) // until it is at rest
	memory, err := counted(filepath.Join("/proc", pid, "smaps_rollup"), "Rss")
	if err != nil {
		return err
	}
	f.least(name, "MB", memory/1e3)
	before, cpu := wakeUps(pid), spentBy(pid)
	time.Sleep(2 * time.Second)
	f.least(name, "wake-ups", (wakeUps(pid)-before)/2)
	f.least(name, "rest-cpu-ms", (spentBy(pid)-cpu)/2)
	return nil
}

// spentBy is the time of processors of a process, in milliseconds.
func spentBy(pid string) float64 {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	words := strings.Fields(rest)
	if len(words) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(words[11], 64)
	system, _ := strconv.ParseFloat(words[12], 64)
	return (user + system) * 10 // of hundredths of a second
}

// wakeUps is how often the threads of a process waited for something, so far.
func wakeUps(pid string) float64 {
	var sum float64
	threads, _ := filepath.Glob(filepath.Join("/proc", pid, "task", "*", "status"))
	for _, file := range threads {
		n, err := counted(file, "voluntary_ctxt_switches")
		if err == nil {
			sum += n
		}
	}
	return sum
}

// counted is a number of a file of the kernel's.
func counted(file, name string) (float64, error) {
	number, _, _ := strings.Cut(field(file, name+":"), " ")
	return strconv.ParseFloat(number, 64)
}
