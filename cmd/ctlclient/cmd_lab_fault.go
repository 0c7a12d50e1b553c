package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/message"
)

// faultsOf reads --fault and its short forms.
func faultsOf(o labUpOptions) (map[string]int, error) {
	out := map[string]int{}
	for _, arg := range o.faults {
		name, count, found := strings.Cut(arg, "=")
		n := 1
		if found {
			var err error
			if n, err = faultCount(count); err != nil {
				return nil, err
			}
		}
		out[name] = n
	}
	if o.refuseUpload {
		out[lab.FaultRefuseUpload] = 1
	}
	for name := range out {
		if !slices.Contains(lab.Faults, name) {
			return nil, usageWith(message.Phrase("faults: %s", strings.Join(lab.Faults, ", ")), "%q is no fault of a practice cluster", name)
		}
	}
	if len(out) > 0 && !o.cucm {
		return nil, usagef("add --cucm", "only a cluster as Cisco ships it starts with a fault")
	}
	return out, nil
}

// faultCount reads on, off or a number of times.
func faultCount(word string) (int, error) {
	switch word {
	case "on":
		return 1, nil
	case "off":
		return 0, nil
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 {
		return 0, usagef("say on, off, or how many times", "%q is neither on nor off nor a number", word)
	}
	return n, nil
}

// faultsJSON is never null.
func faultsJSON(faults map[string]int) map[string]int {
	if faults == nil {
		return map[string]int{}
	}
	return faults
}

func newLabFaultCommand(a *app) *cobra.Command {
	return remoteCommand(a, "fault [NAME on|off|N]", "Let something go wrong on the practice cluster",
		`Let something go wrong on a practice cluster that was started with --cucm, or let it go
right again. A fault that is counted happens N times. Without arguments the command lists
the faults, and those that are on.

`+faultHelp(),
		"  ctlclient lab fault refuse-upload on\n  ctlclient lab fault rate 3\n  ctlclient lab fault",
		func(cmd *cobra.Command, args []string) error {
			if len(args) != 0 && len(args) != 2 {
				return usageOf(cmd, "NAME and on, off or a number are wanted")
			}
			return nil
		},
		func(_ context.Context, r *control.Remote, args []string) error {
			if len(args) == 0 {
				return a.showFaults(r)
			}
			n, err := faultCount(args[1])
			if err != nil {
				return err
			}
			if err := r.SetFault(args[0], n); err != nil {
				return err
			}
			return a.said("%s is %s", args[0], faultWord(n))
		})
}

func faultWord(n int) message.Message {
	switch n {
	case 0:
		return message.Phrase("off")
	case 1:
		return message.Phrase("on")
	}
	return message.Phrase("on, %d times", n)
}

func (a *app) showFaults(r *control.Remote) error {
	st, err := r.Status()
	if err != nil {
		return err
	}
	if a.json {
		return a.result(map[string]any{"faults": faultsJSON(st.Faults), "known": lab.Faults})
	}
	t := table{indent: "  ", head: []string{"Fault", "Now", "What happens"}}
	for _, name := range lab.Faults {
		t.row(plain(name), plain(a.voice().Say(faultWord(st.Faults[name]))), painted(a.word(faultTexts[name]), a.outSt.dim))
	}
	return t.write(a.out, a.outSt)
}

// faultTexts say what each fault does.
var faultTexts = map[string]string{
	lab.FaultHoldFile:     "a file that is uploaded over port 2444 waits until this is off (also without --cucm)",
	lab.FaultHoldTrust:    "a certificate that is uploaded stays on that node; TVS on the others does not vouch until this is off",
	lab.FaultApplication:  "the application user is refused: AXL, RisPort70, Control Center",
	lab.FaultPlatform:     "the platform user is refused: OS Administration, REST, CLI",
	lab.FaultRole:         "the application user lacks the role for AXL",
	lab.FaultAXLBusy:      "AXL answers 503, N times",
	lab.FaultRate:         "RisPort70 says that its rate is exceeded, N times",
	lab.FaultRefuseUpload: "OS Administration refuses the name CTLFile.tlv",
	lab.FaultGarbled:      "OS Administration answers an upload with a page that says nothing",
	lab.FaultLost:         "OS Administration says that an upload succeeded, and keeps nothing",
	lab.FaultNoREST:       "the certificate REST API answers 404",
	lab.FaultNoImport:     "neither REST nor CLI takes a certificate for Phone-SAST-trust",
	lab.FaultTFTPCache:    "TFTP serves the former file until its service restarts",
	lab.FaultControl:      "Control Center refuses to restart services",
	lab.FaultAutoRegister: "auto-registration is on: setting mixed mode asks another question",
	lab.FaultNoPhoneWeb:   "the web pages of the phones are off",
	lab.FaultStray:        "phones of the crowd (lab up --crowd) do not register again after a reset, N of them",
}

func faultHelp() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(faultTexts)) {
		fmt.Fprintf(&b, "  %-20s %s\n", name, faultTexts[name])
	}
	return strings.TrimRight(b.String(), "\n")
}
