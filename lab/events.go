package lab

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// What can befall a cluster, as the technotes describe it. Each event leaves
// the CTL as it is: an administrator updates it, or forgets to.

// certificate names as commands spell them.
var regenerable = map[string]string{
	"callmanager": certCallManager,
	"tvs":         certTVS,
	"capf":        certCAPF,
	"itlrecovery": certITLRecovery,
	"tomcat":      certTomcat,
}

// TrustCertificate puts a certificate (DER or PEM) into Phone-SAST-trust, as
// the upload page of the publisher does: TVS on every node vouches for it from then on.
func (l *Lab) TrustCertificate(der []byte) error { return l.publisher().trustCertificate(der) }

// trustCertificate is an upload on this node, which the others have at once, unless a
// fault keeps it here.
func (n *Node) trustCertificate(der []byte) error {
	l := n.lab
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return message.Errorf("upload to Phone-SAST-trust: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// The digest keeps two certificates of one name apart.
	sum := sha256.Sum256(c.DER)
	name := fmt.Sprintf("%s-%x.cer", fileSafe(c.CN), sum[:4])
	path := filepath.Join(l.Dir, dirTrust, name)
	if _, err := os.Lstat(path); err != nil && l.fault(FaultHoldTrust) > 0 {
		held := maps.Clone(l.st.Held)
		if held == nil {
			held = map[string]string{}
		}
		held[name] = n.st.Dir
		l.st.Held = held
		l.loadFaults()
	}
	if err := writeFile(path, c.DER); err != nil {
		return err
	}
	l.log.printf("%s: Phone-SAST-trust: %s uploaded", n.Name, name)
	return l.st.save(l.Dir)
}

// Distrust takes a certificate out of Phone-SAST-trust again.
func (l *Lab) Distrust(der []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	dir := filepath.Join(l.Dir, dirTrust)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var found bool
	for _, e := range entries {
		data, err := readSmall(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		c, err := ctlbuild.ParseCertificate(data)
		if err != nil || !slices.Equal(c.DER, der) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
		l.log.printf("Phone-SAST-trust: %s deleted", e.Name())
		found = true
	}
	if !found {
		return message.NewError("the certificate is not in Phone-SAST-trust")
	}
	return nil
}

var unsafe = lazyregexp.New(`[^A-Za-z0-9._-]+`)

// fileSafe makes a file name of a common name, blanks at its end left out.
func fileSafe(s string) string {
	s = strings.Trim(unsafe.ReplaceAllString(strings.TrimSpace(s), "_"), "._")
	if s == "" {
		return "certificate"
	}
	return s[:min(len(s), 64)]
}

// runningCallManager finds a CUCM node whose plug is in. Callers hold the lock.
func (l *Lab) runningCallManager(name string) (*Node, error) {
	n := l.publisher()
	if name != "" {
		var err error
		if n, err = l.node(name); err != nil {
			return nil, err
		}
	}
	if !n.callManager() {
		return nil, message.Errorf("%s is no CUCM node", n.Name)
	}
	if !n.Running() {
		return nil, message.Errorf("%s is stopped", n.Name)
	}
	return n, nil
}

// Regenerate makes a certificate of a node anew: callmanager, tvs, tomcat, capf or
// itlrecovery (the last two are the publisher's; an empty node name is the
// publisher). ITLs and phone configurations are signed again at once; the CTL
// stays as it is until it is updated.
func (l *Lab) Regenerate(node, what string) error {
	name, ok := regenerable[strings.ToLower(what)]
	if !ok {
		return message.Errorf("%q is not one of callmanager, tvs, capf, itlrecovery, tomcat", what)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.runningCallManager(node)
	if err != nil {
		return err
	}
	if err := l.regenerate(n, name); err != nil {
		return err
	}
	return l.refreshHeld(l.ctx)
}

// regenerate makes one certificate; lists are the caller's to make again.
func (l *Lab) regenerate(n *Node, name string) error {
	spec, ok := n.wanted()[name]
	if !ok {
		return message.Errorf("%s has no %s certificate", n.Name, name)
	}
	p, err := newPair(spec)
	if err != nil {
		return err
	}
	if err := n.setPair(name, p); err != nil {
		return err
	}
	l.log.printf("%s: %s regenerated", n.Name, name)
	if name == certCallManager {
		// A new CallManager is what heals an incomplete restore.
		return n.setRestored(nil)
	}
	return nil
}

// RenameHost gives a node another host name: all its certificates are
// regenerated at once, as the technote warns. The profile is written again.
func (l *Lab) RenameHost(node, name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$`).MatchString(name) {
		return message.Errorf("%q is not a host name", name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.runningCallManager(node)
	if err != nil {
		return err
	}
	if _, err := l.node(name); err == nil {
		return message.Errorf("the lab has a node %q already", name)
	}
	former := n.Name
	n.mu.Lock()
	n.Name, n.st.Name = name, name
	n.mu.Unlock()
	l.log.printf("%s: renamed to %s", former, name)
	for _, c := range []string{certCallManager, certTVS, certCAPF, certITLRecovery, certTomcat} {
		if _, ok := n.wanted()[c]; !ok {
			continue
		}
		if err := l.regenerate(n, c); err != nil {
			return err
		}
	}
	if err := l.refreshHeld(l.ctx); err != nil {
		return err
	}
	return l.writeProfile()
}

// RestoreBackup restores a node from a backup in which CallManager.pem was
// missing (CSCtn50405): the node signs with a new key while the database keeps
// the former certificate. The lists that it makes from then on say "was not
// used to sign" and do not verify, until CallManager is regenerated.
func (l *Lab) RestoreBackup(node string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.runningCallManager(node)
	if err != nil {
		return err
	}
	p, err := newPair(n.wanted()[certCallManager])
	if err != nil {
		return err
	}
	if err := n.setRestored(p); err != nil {
		return err
	}
	l.log.printf("%s: restored from a backup without CallManager.pem", n.Name)
	return l.refreshHeld(l.ctx)
}

// setRestored keeps or, with nil, drops the key that an incomplete restore left.
func (n *Node) setRestored(p *pair) error {
	var err error
	if p != nil {
		err = n.setPair(certRestored, p)
	} else {
		err = removePair(n.certs, certRestored)
		n.mu.Lock()
		delete(n.pairs, certRestored)
		n.mu.Unlock()
	}
	if err == nil {
		n.st.Restored = p != nil
	}
	return err
}

// PrepareRollback sets or clears the enterprise parameter "Prepare Cluster for
// Rollback to Pre 8.0": while it is set, nodes serve an ITL that is signed and
// names nobody but its signer.
func (l *Lab) PrepareRollback(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.st.Rollback = on
	l.log.printf("Prepare Cluster for Rollback to Pre 8.0: %t", on)
	return l.refreshHeld(l.ctx)
}

// RefuseExport makes the cluster refuse mixed mode, or stop refusing it, as one
// does that is not registered for export-controlled functionality.
func (l *Lab) RefuseExport(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.st.ExportRefused = on
	return l.st.save(l.Dir)
}

// Stop pulls a node's plug: listeners and connections end at once, files stay.
func (l *Lab) Stop(name string) error {
	n, err := l.Node(name)
	if err != nil {
		return err
	}
	l.log.printf("%s: stopped", n.name())
	// Without the lab's lock: the node's handlers may be waiting for it.
	return n.stop()
}

// Start plugs a node in again. It serves what it served before; ITL and phone
// configurations are brought up to date, a CTL that it missed is not.
func (l *Lab) Start(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return message.NewError("the lab is closed")
	}
	n, err := l.node(name)
	if err != nil {
		return err
	}
	if err := n.start(false); err != nil {
		return err
	}
	l.log.printf("%s: started", n.Name)
	return l.refreshHeld(l.ctx)
}
