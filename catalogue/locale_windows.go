package catalogue

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var userLocale = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetUserDefaultLocaleName")

// systemLocale is the locale of the person's settings, which the window follows as well; Windows
// tells it by no variable.
func systemLocale() string {
	var name [85]uint16 // LOCALE_NAME_MAX_LENGTH
	if n, _, _ := userLocale.Call(uintptr(unsafe.Pointer(&name[0])), uintptr(len(name))); n == 0 {
		return "" // English is better than nothing
	}
	return windows.UTF16ToString(name[:])
}
