package gui

import "golang.org/x/sys/windows"

// drives are the letters in use. None of them is touched: one may be a network drive that
// does not answer.
func drives() []string {
	mask, err := windows.GetLogicalDrives()
	if err != nil {
		return nil
	}
	var list []string
	for i := range 26 {
		if mask&(1<<i) != 0 {
			list = append(list, string(rune('A'+i))+`:\`)
		}
	}
	return list
}
