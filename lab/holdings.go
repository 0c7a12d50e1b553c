package lab

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ctlclient/certificate"
)

// storeSAST is the store of the certificates that may sign trust lists for phones.
const storeSAST = "Phone-SAST-trust"

// holding is one entry of a certificate store.
type holding struct {
	store, server, file     string
	subject, issuer, serial string
	der                     []byte
}

// holdings are the certificates of the cluster as its database on this node has them.
func (n *Node) holdings() []holding {
	var out []holding
	add := func(store, server, file string, der []byte) {
		h := holding{store: store, server: server, file: file, der: der}
		if c, err := certificate.Parse(der); err == nil {
			h.subject, h.issuer, h.serial = c.Subject, c.Issuer, hex.EncodeToString(c.Serial)
		}
		out = append(out, h)
	}
	for _, m := range n.lab.callManagers() {
		for _, name := range []string{certCallManager, certTVS, certCAPF, certITLRecovery, certTomcat} {
			if p, err := m.pair(name); err == nil {
				add(name, m.name(), name+".pem", p.der)
			}
		}
	}
	for _, t := range n.trusted() {
		add(storeSAST, "", strings.TrimSuffix(t.file, filepath.Ext(t.file))+".pem", t.certificate.DER)
	}
	return out
}

// trusted are the entries of Phone-SAST-trust that have reached this node.
func (n *Node) trusted() []trustFile {
	held := n.lab.heldBack()
	var out []trustFile
	for _, t := range n.lab.trustStore() {
		if at, ok := held[t.file]; !ok || at == n.st.Dir {
			out = append(out, t)
		}
	}
	return out
}

// files in the folder of TFTP, by name.
func (n *Node) files() []string {
	entries, err := os.ReadDir(n.Folder)
	if err != nil {
		n.lab.log.printf("%s: %v", n.name(), err)
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name()[0] != '.' {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out
}

// put writes a file into the folder of TFTP. Where the service keeps what it has read,
// the former file is served until it is restarted. Callers hold the lab's lock.
func (n *Node) put(name string, data []byte) error {
	if err := n.keepServed(name); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(n.Folder, name), data); err != nil {
		return err
	}
	n.lab.log.printf("%s: OS Administration: %s uploaded, %d bytes", n.Name, name, len(data))
	return nil
}

// remove deletes a file from the folder of TFTP, likewise.
func (n *Node) remove(name string) error {
	if err := n.keepServed(name); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(n.Folder, name)); err != nil {
		return err
	}
	n.lab.log.printf("%s: %s deleted", n.Name, name)
	return nil
}

// keepServed keeps what TFTP serves of a file now, where the fault says so.
func (n *Node) keepServed(name string) error {
	if n.lab.fault(FaultTFTPCache) == 0 {
		return nil
	}
	n.mu.Lock()
	_, kept := n.kept[name]
	n.mu.Unlock()
	if kept {
		return nil
	}
	data, err := n.read(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kept == nil {
		n.kept = map[string][]byte{}
	}
	n.kept[name] = data // nil: it was not there
	return nil
}

// fromService is read, of what the TFTP service has in memory first.
func (n *Node) fromService(name string) ([]byte, error) {
	n.mu.Lock()
	data, kept := n.kept[name]
	n.mu.Unlock()
	switch {
	case !kept:
		return n.read(name)
	case data == nil:
		return nil, fs.ErrNotExist
	}
	return data, nil
}

// forgetServed is what a restart of the TFTP service does.
func (n *Node) forgetServed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept = nil
}
