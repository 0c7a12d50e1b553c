package main

import (
	"fmt"
	"strings"

	"ctlclient/lab"
	"ctlclient/message"
)

// fitsLab demands that the lab that is in the folder already, if one is, is what the flags that the
// person gave ask for: it starts again as it was, and nothing that was asked for is left out unsaid.
func fitsLab(a *app, o labUpOptions, given func(flag string) bool) error {
	dir := labDir(o.dir)
	has, err := lab.Find(dir)
	if err != nil || has == nil || o.fresh {
		return err
	}
	bits := o.keyBits
	if bits == 0 {
		bits = has.KeyBits
	}
	var differ []string
	for _, f := range []struct {
		flag string
		fits bool
		has  any
	}{
		{"nodes", has.Nodes == o.nodes, has.Nodes},
		{"version", has.Is(o.version), has.Version},
		{"cucm", has.CUCM == o.cucm, has.CUCM},
		{"firewall", has.Firewall == o.firewall, has.Firewall},
		{"no-alt-tftp", has.AltTFTP != o.noAltTFTP || has.CUCM, !has.AltTFTP},
		{"no-itl", has.NoITL == o.noITL, has.NoITL},
		{"export-refused", has.ExportRefused == o.exportRefused, has.ExportRefused},
		{"key-bits", has.KeyBits == bits, has.KeyBits},
		{"crowd", has.Crowd == o.crowd, has.Crowd},
	} {
		if given(f.flag) && !f.fits {
			differ = append(differ, fmt.Sprintf("--%s=%v", f.flag, f.has))
		}
	}
	if differ != nil {
		return &usageError{msg: message.Phrase("the lab in %s was made with %s, and was not started", dir, strings.Join(differ, " ")), hints: []message.Message{
			message.Words("leave these flags out, and it starts as it was"),
			message.Words("or choose another folder for a new lab: --dir"),
			message.Words("or delete it and make a new one: --fresh")}}
	}
	if given("non-secure") && o.nonSecure == has.Mixed {
		a.warn("the lab in %s is in %s by now and stays so; --non-secure is for a new one, as --fresh makes it", dir, a.modeOf(modeIf(has.Mixed)))
	}
	return nil
}
