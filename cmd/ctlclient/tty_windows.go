package main

import "os"

// openTerminal opens the console, wherever the streams lead.
func openTerminal() (in, out *os.File, err error) {
	in, err = os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		_ = in.Close() // the first error is the one to tell
		return nil, nil, err
	}
	return in, out, nil
}
