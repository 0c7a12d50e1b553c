//go:build !windows

package catalogue

// systemLocale: the variables are all that there is.
func systemLocale() string { return "" }
