package gui

import (
	"fmt"
	"runtime"

	"github.com/go-gl/glfw/v3.4/glfw"
)

func init() {
	// The windowing libraries want the program's first thread.
	runtime.LockOSThread()
}

// probeDisplay opens and closes a hidden window with the OpenGL that Fyne asks for. Fyne
// itself ends the program without a word that a Windows user would see where there is none:
// remote desktops, virtual machines without acceleration, plain SSH.
func probeDisplay() error {
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("%w: %v", ErrNoDisplay, err)
	}
	defer glfw.Terminate()
	glfw.WindowHint(glfw.Visible, glfw.False)
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 0)
	w, err := glfw.CreateWindow(16, 16, "", nil, nil)
	if err != nil {
		return fmt.Errorf("%w: no OpenGL 2.0 here (%v)", ErrNoDisplay, err)
	}
	w.Destroy()
	return nil
}
