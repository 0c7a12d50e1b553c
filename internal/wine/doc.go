// Package wine runs the Windows programs under Wine: files, a job against the practice cluster,
// the tests of what is Windows' own, the window as Explorer starts it, and the installer.
// scripts/test builds the programs and says where they are:
//
//	go test ./internal/wine -programs DIR [-msi FILE] [-screens DIR]
//
// Debian's Wine lacks bcryptprimitives.dll, which testdata/prng.c makes up for. Its accessibility
// library is switched off, because it ends the program at a function that it does not have; so
// screen readers are not tried. Wine keeps a list of who may open a file as the file's mode.
package wine
