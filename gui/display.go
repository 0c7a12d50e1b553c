package gui

import (
	"errors"
	"os"
	"runtime"

	"fyne.io/fyne/v2"
	"github.com/go-gl/glfw/v3.4/glfw"

	"ctlclient/message"
)

func init() {
	// The windowing libraries want the program's first thread.
	runtime.LockOSThread()
}

// probeDisplay opens and closes a hidden window with the OpenGL that Fyne asks for. Fyne
// itself ends the program without a word that a Windows user would see where there is none:
// remote desktops, virtual machines without acceleration, plain SSH.
func probeDisplay() error {
	err := tryDisplay()
	if err == nil || os.Getenv("WAYLAND_DISPLAY") == "" || os.Getenv("DISPLAY") == "" {
		return err
	}
	// The variables of a Wayland session are left over, as under sudo or in a terminal that
	// outlived its session. There is an X display too, which the library would not look for.
	for _, name := range []string{"WAYLAND_DISPLAY", "XDG_SESSION_TYPE"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	return tryDisplay()
}

// noWindow is an error of the library in words of ours, where there are some.
func noWindow(err error) error {
	if e, ok := errors.AsType[*glfw.Error](err); ok {
		switch e.Code.String() { // not all of them have a name that others can use
		case "PlatformUnavailable":
			return message.Errorf("%w: there is neither an X11 nor a Wayland session", ErrNoDisplay)
		case "NotInitialized": // it printed why, and went on
			return message.Errorf("%w: the display of the session does not answer", ErrNoDisplay)
		}
	}
	return message.Errorf("%w: %v", ErrNoDisplay, err)
}

// tryDisplay turns what the library says in three ways into one error: what it returns, what
// it prints and takes for success, and what it panics with afterwards.
func tryDisplay() (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *glfw.Error:
			err = noWindow(e)
		default:
			panic(e)
		}
	}()
	if err := glfw.Init(); err != nil {
		return noWindow(err)
	}
	defer func() {
		if err != nil || toolkitChooses() {
			glfw.Terminate()
			return
		}
		// The toolkit finds the library begun, which saves it that work.
		glfw.DefaultWindowHints()
	}()
	glfw.WindowHint(glfw.Visible, glfw.False)
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 0)
	w, err := glfw.CreateWindow(16, 16, "", nil, nil)
	if err != nil {
		return message.Errorf("%w: this session has no OpenGL 2.0, as some remote desktops and virtual machines have none (%v)", ErrNoDisplay, err)
	}
	if w == nil { // the library gives neither where a driver has no OpenGL at all
		return message.Errorf("%w: this session has no OpenGL 2.0, as some remote desktops and virtual machines have none", ErrNoDisplay)
	}
	w.Destroy()
	if m := glfw.GetPrimaryMonitor(); m != nil && glfw.GetPlatform() != glfw.PlatformWayland {
		_, _, workArea.Width, workArea.Height = m.GetWorkarea()
	}
	return nil
}

// workArea is the room for windows, in pixels, without bars of the system; nothing where it is
// not known.
var workArea struct{ Width, Height int }

// fitDesktop makes a window no larger than the desktop. The size of the first start, and one
// kept from a larger screen, may be: Windows leaves such a window where it is, its buttons below
// the edge.
func fitDesktop(w fyne.Window) {
	if workArea.Width <= 0 || workArea.Height <= 0 {
		return
	}
	scale := w.Canvas().Scale()
	room := fyne.NewSize(float32(workArea.Width)/scale, float32(workArea.Height)/scale)
	if runtime.GOOS == "windows" { // elsewhere the window manager sees to the frame
		room = room.SubtractWidthHeight(windowsFrame, windowsTitle)
	}
	now := w.Canvas().Size()
	if fit := now.Min(room); fit != now {
		w.Resize(fit)
		w.CenterOnScreen()
	}
}

// What Windows draws around a window at 100 %: its frame, and the title above it.
const (
	windowsFrame = 16
	windowsTitle = 40
)

// toolkitChooses reports that the toolkit may tell the library, as it begins, what to draw on.
func toolkitChooses() bool {
	return os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("FYNE_PLATFORM") != ""
}
