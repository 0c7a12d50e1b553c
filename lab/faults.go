package lab

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"ctlclient/message"
)

// What can go wrong with a cluster, to be rehearsed. A node that is down is [Lab.Stop],
// a certificate that changed [Lab.Regenerate]. All but the first are of a CUCM cluster.
const (
	FaultHoldTrust    = "hold-trust"          // a certificate that is uploaded stays on the node that took it, until this is off
	FaultHoldFile     = "hold-file"           // a file that is uploaded over 2444 waits, until this is off
	FaultApplication  = "application-account" // the application user is refused
	FaultPlatform     = "platform-account"    // the platform user is refused
	FaultRole         = "axl-role"            // the application user lacks the role for AXL
	FaultAXLBusy      = "axl-busy"            // AXL answers 503, so many times
	FaultRate         = "rate"                // RisPort70 says that its rate is exceeded, so many times
	FaultRefuseUpload = "refuse-upload"       // the form of OS Administration refuses the name CTLFile.tlv
	FaultGarbled      = "garbled-upload"      // the form answers with a page that says nothing
	FaultLost         = "lost-upload"         // the form says success, and keeps nothing
	FaultNoREST       = "no-rest"             // the certificate REST API answers 404
	FaultNoImport     = "no-import"           // neither REST nor CLI takes a certificate for Phone-SAST-trust
	FaultTFTPCache    = "tftp-cache"          // TFTP serves the former file until its service is restarted
	FaultControl      = "refuse-control"      // Control Center refuses to restart services
	FaultAutoRegister = "auto-registration"   // auto-registration is on: setting mixed mode asks another question
	FaultNoPhoneWeb   = "no-phone-web"        // the web pages of the phones are off
	FaultStray        = "stray-phones"        // so many phones that are reset do not register again
)

// Faults are their names.
var Faults = []string{FaultHoldTrust, FaultHoldFile, FaultApplication, FaultPlatform, FaultRole, FaultAXLBusy, FaultRate, FaultRefuseUpload,
	FaultGarbled, FaultLost, FaultNoREST, FaultNoImport, FaultTFTPCache, FaultControl, FaultAutoRegister, FaultNoPhoneWeb, FaultStray}

// maxFault bounds what is counted.
const maxFault = 1_000_000

// setFault notes a fault; callers hold the lab's lock or are alone.
func (s *state) setFault(name string, n int) error {
	if !slices.Contains(Faults, name) {
		return message.Errorf("%q is not one of %s", name, strings.Join(Faults, ", "))
	}
	if n < 0 || n > maxFault {
		return message.Errorf("%s: %d is not from 0 to %d", name, n, maxFault)
	}
	if !s.CUCM && name != FaultHoldTrust && name != FaultHoldFile && n > 0 {
		return message.Errorf("%s is a fault of a cluster as Cisco ships it alone (lab up --cucm)", name)
	}
	if s.Faults == nil {
		s.Faults = map[string]int{}
	}
	if s.Faults[name] = n; n == 0 {
		delete(s.Faults, name)
	}
	return nil
}

// SetFault lets something go wrong from now on, or with 0 no longer. Those that happen a
// number of times are over after n; for the others n is 1.
func (l *Lab) SetFault(name string, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.st.setFault(name, n); err != nil {
		return err
	}
	if name == FaultHoldTrust && n == 0 {
		l.st.Held = nil
	}
	l.loadFaults()
	l.log.printf("fault: %s %d", name, n)
	var err error
	if name == FaultNoPhoneWeb {
		err = l.stopPages()
		l.startPages()
	}
	return errors.Join(err, l.st.save(l.Dir))
}

// loadFaults takes the faults of the database over.
func (l *Lab) loadFaults() {
	l.faultMu.Lock()
	defer l.faultMu.Unlock()
	l.faults, l.held = maps.Clone(l.st.Faults), maps.Clone(l.st.Held)
	if l.faults == nil {
		l.faults = map[string]int{}
	}
	if l.faultsChanged != nil {
		close(l.faultsChanged)
	}
	l.faultsChanged = make(chan struct{})
}

// waitWhile waits until a fault is off.
func (l *Lab) waitWhile(ctx context.Context, name string) error {
	for {
		l.faultMu.Lock()
		on, changed := l.faults[name] > 0, l.faultsChanged
		l.faultMu.Unlock()
		if !on {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heldBack are the files of the trust store that one node alone has, and that node.
func (l *Lab) heldBack() map[string]string {
	l.faultMu.Lock()
	defer l.faultMu.Unlock()
	return l.held // replaced, never changed
}

// faultsNow are the faults as they stand.
func (l *Lab) faultsNow() map[string]int {
	l.faultMu.Lock()
	defer l.faultMu.Unlock()
	return maps.Clone(l.faults)
}

// fault is a fault as it stands.
func (l *Lab) fault(name string) int {
	l.faultMu.Lock()
	defer l.faultMu.Unlock()
	return l.faults[name]
}

// takeFault counts one occurrence; false: it does not happen any more.
func (l *Lab) takeFault(name string) bool {
	l.faultMu.Lock()
	defer l.faultMu.Unlock()
	if l.faults[name] == 0 {
		return false
	}
	l.faults[name]--
	return true
}
