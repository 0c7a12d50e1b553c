package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	version "ctlclient/trust/release"
)

// Names of the lists that a node serves.
const (
	ctlName = ctlbuild.CTLFileName
	itlName = ctlbuild.ITLFileName
)

// release says how a CUCM release writes its lists: cucm-facts, "Which SAST
// records a CTL has".
type release struct {
	full     string // as show version active prints it
	recovery bool   // has ITLRecovery
	// recoverySigns: ITLRecovery signs and comes first; else CallManager.
	recoverySigns bool
	// tokenSAST: the CTL Client adds ITLRecovery and CallManager as SAST.
	tokenSAST bool
}

var releases = map[string]release{
	"10.0": {full: "10.0.1.10000-24"},
	"10.5": {full: "10.5.2.10000-5", recovery: true},
	"11.5": {full: "11.5.1.10000-6", recovery: true, tokenSAST: true},
	"12.0": {full: "12.0.1.10000-10", recovery: true, recoverySigns: true, tokenSAST: true},
	"12.5": {full: "12.5.1.10000-22", recovery: true, recoverySigns: true, tokenSAST: true},
	"14.0": {full: "14.0.1.10000-20", recovery: true, recoverySigns: true, tokenSAST: true},
	"15.0": {full: "15.0.1.10000-32", recovery: true, recoverySigns: true, tokenSAST: true},
}

// chooseRelease finds the rules of a version, and how the nodes print it.
func chooseRelease(wanted string, cucm bool) (name, full string, err error) {
	if wanted == "" {
		wanted = "12.0"
		if cucm {
			wanted = "14.0"
		}
	}
	if r, ok := releases[wanted]; ok {
		return wanted, r.full, nil
	}
	v, err := version.Parse(wanted)
	if err != nil {
		return "", "", err
	}
	for _, known := range []string{"15.0", "14.0", "12.5", "12.0", "11.5", "10.5", "10.0"} {
		k, err := version.Parse(known)
		if err != nil {
			return "", "", err
		}
		if !v.Before(k) {
			return known, printed(wanted, v, releases[known].full), nil
		}
	}
	return "", "", message.Errorf("version %q is older than 10.0, the first that a lab knows", wanted)
}

// serviceUpdate is what stands at the end of a version as people write it.
var serviceUpdate = lazyregexp.New(`(?i)su *([1-8])[a-z]?$`)

// printed is a version as a node prints it: as it was given where that is so, else made
// of its release and service update.
func printed(given string, v version.Version, full string) string {
	if strings.Count(given, ".") >= 3 && strings.Contains(given, "-") {
		return given
	}
	if m := serviceUpdate.FindStringSubmatch(given); m != nil {
		minor, _ := v.Minor()
		return fmt.Sprintf("%d.%d.1.1%s900-42", v.Major(), minor, m[1])
	}
	return full
}

func (l *Lab) release() release {
	r := releases[l.st.Release]
	if l.st.Full != "" {
		r.full = l.st.Full
	}
	return r
}

// anchors are the SAST certificates of a list made on node n (the publisher
// for a CTL), the signer first.
func (n *Node) anchors() ([]*pair, error) {
	cm, err := n.signingCallManager()
	if err != nil {
		return nil, err
	}
	r := n.lab.release()
	if !r.recovery {
		return []*pair{cm}, nil
	}
	rec, err := n.lab.publisher().pair(certITLRecovery)
	if err != nil {
		return nil, err
	}
	if r.recoverySigns {
		return []*pair{rec, cm}, nil
	}
	return []*pair{cm, rec}, nil
}

// signedBy puts the anchor first that signs a list.
type signedBy func(anchors []*pair) []*pair

func usualKey(anchors []*pair) []*pair { return anchors }

// otherKey is what "reset localkey" signs with: the second anchor.
func otherKey(anchors []*pair) []*pair {
	out := slices.Clone(anchors)
	if len(out) > 1 {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// signingCallManager is the CallManager whose key signs: after a restore from
// an incomplete backup not the one of the database.
func (n *Node) signingCallManager() (*pair, error) {
	n.mu.Lock()
	restored := n.pairs[certRestored]
	n.mu.Unlock()
	if restored != nil {
		return restored, nil
	}
	return n.pair(certCallManager)
}

// buildCTL makes the tokenless CTL of the database, as utils ctl does: nothing
// of the file that stands is taken over, so that token, TFTP and firewall
// records of the CTL Client are gone afterwards.
func (l *Lab) buildCTL(ctx context.Context, sign signedBy) ([]byte, error) {
	pub := l.publisher()
	anchors, err := pub.anchors()
	if err != nil {
		return nil, err
	}
	anchors = sign(anchors)
	d := ctlbuild.NewDraft()
	d.FileName = ctlName
	d.Time = time.Now()
	entry := func(n *Node, f ctlbuild.Function, der []byte) error {
		ip, err := netip.ParseAddr(n.Address)
		if err != nil {
			return err
		}
		_, err = d.Add(ctlbuild.Entry{Function: f, Certificate: der, Host: n.Name, IP: ip, Dialect: ctlbuild.DialectTokenless})
		return err
	}
	for _, a := range anchors {
		if err := entry(pub, ctlbuild.SAST, a.der); err != nil {
			return nil, err
		}
	}
	for _, der := range l.trustedAnchors() {
		if err := entry(pub, ctlbuild.SAST, der); err != nil {
			return nil, err
		}
	}
	for _, n := range l.callManagers() {
		cm, err := n.signingCallManager()
		if err != nil {
			return nil, err
		}
		if err := entry(n, ctlbuild.CCMTFTP, cm.der); err != nil {
			return nil, err
		}
		if n != pub {
			continue
		}
		capf, err := n.pair(certCAPF)
		if err != nil {
			return nil, err
		}
		if err := entry(n, ctlbuild.CAPF, capf.der); err != nil {
			return nil, err
		}
	}
	if !l.st.Mixed {
		d.NonSecure()
	}
	return pub.sign(ctx, d, anchors[0])
}

// buildITL makes the node's own ITL: its CallManager, the TVS of every node and
// the CAPF, the last two by hash.
func (n *Node) buildITL(ctx context.Context, sign signedBy) ([]byte, error) {
	l := n.lab
	anchors, err := n.anchors()
	if err != nil {
		return nil, err
	}
	anchors = sign(anchors)
	d := ctlbuild.NewDraft()
	d.FileName = itlName
	d.Time = time.Now()
	entry := func(f ctlbuild.Function, der []byte, hash ctlbuild.Digest) error {
		// The name in an ITL is a blank: it shows as nothing.
		_, err := d.Add(ctlbuild.Entry{Function: f, Certificate: der, Host: " ", Dialect: ctlbuild.DialectTokenless, Hash: hash, NoIP: true})
		return err
	}
	for _, a := range anchors {
		if err := entry(ctlbuild.SAST, a.der, 0); err != nil {
			return nil, err
		}
	}
	if l.st.Rollback {
		// Prepare Cluster for Rollback to Pre 8.0: signed, no role but the signer's.
		return n.sign(ctx, d, anchors[0])
	}
	cm, err := n.signingCallManager()
	if err != nil {
		return nil, err
	}
	if err := entry(ctlbuild.CCMTFTP, cm.der, 0); err != nil {
		return nil, err
	}
	for _, m := range l.callManagers() {
		p, err := m.pair(certTVS)
		if err != nil {
			return nil, err
		}
		if err := entry(ctlbuild.TVS, p.der, ctlbuild.SHA1); err != nil {
			return nil, err
		}
	}
	capf, err := l.publisher().pair(certCAPF)
	if err != nil {
		return nil, err
	}
	if err := entry(ctlbuild.CAPF, capf.der, ctlbuild.SHA1); err != nil {
		return nil, err
	}
	return n.sign(ctx, d, anchors[0])
}

// sign signs a list. Where CallManager.pem was not in the backup (CSCtn50405)
// the header names the key's certificate while the records, made from the
// database, hold the former one: the list says "was not used to sign" and does
// not verify, as the technote shows.
func (n *Node) sign(ctx context.Context, d *ctlbuild.Draft, signer *pair) ([]byte, error) {
	signed, err := ctlbuild.Sign(ctx, d, signer)
	if err != nil {
		return nil, message.Errorf("sign %s on %s: %w", d.FileName, n.Name, err)
	}
	n.mu.Lock()
	restored, former := n.pairs[certRestored], n.pairs[certCallManager]
	n.mu.Unlock()
	if restored == nil {
		return signed.Bytes(), nil
	}
	out := slices.Clone(signed.Bytes()[:signed.Header.Length])
	for i := range signed.Records {
		r := &signed.Records[i]
		if !r.MatchesCertificate(restored.der) {
			out = append(out, r.Bytes()...)
			continue
		}
		e := ctlbuild.Entry{Function: r.Function(), Certificate: former.der, Host: r.DNSName(), Dialect: ctlbuild.DialectTokenless, NoIP: true}
		if ip, ok := r.IP(); ok {
			e.IP, e.NoIP = ip, false
		}
		old, err := ctlbuild.NewRecord(e)
		if err != nil {
			return nil, err
		}
		out = append(out, old.Bytes()...)
	}
	return out, nil
}

// refreshITL makes the node's ITL again when what it is made from has changed.
func (n *Node) refreshITL(ctx context.Context) error {
	if !n.callManager() || n.lab.st.NoITL {
		return nil
	}
	inputs, err := n.itlInputs()
	if err != nil {
		return err
	}
	path := filepath.Join(n.Folder, itlName)
	if _, err := os.Stat(path); err == nil && inputs == n.st.ITLInputs {
		return nil
	}
	data, err := n.buildITL(ctx, usualKey)
	if err != nil {
		return err
	}
	if err := writeFile(path, data); err != nil {
		return err
	}
	n.st.ITLInputs = inputs
	n.lab.log.printf("%s: %s written", n.Name, itlName)
	return nil
}

// itlInputs is a digest of all that a node's ITL is made from.
func (n *Node) itlInputs() (string, error) {
	h := sha256.New()
	add := func(m *Node, name string) error {
		p, err := m.pair(name)
		if err == nil {
			fmt.Fprintf(h, "%s %x\n", name, p.der)
		}
		return err
	}
	fmt.Fprintln(h, n.lab.st.Release, n.lab.st.Rollback, n.st.Restored)
	errs := []error{add(n, certCallManager), add(n.lab.publisher(), certCAPF)}
	if n.st.Restored {
		errs = append(errs, add(n, certRestored))
	}
	if n.lab.release().recovery {
		errs = append(errs, add(n.lab.publisher(), certITLRecovery))
	}
	for _, m := range n.lab.callManagers() {
		errs = append(errs, add(m, certTVS))
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(errs...)
}

// firstFiles writes what a new cluster serves. The alternate TFTP server and
// the firewall have the CTL from the administrator who set them up.
func (l *Lab) firstFiles(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.st.Mixed {
		data, err := l.buildCTL(ctx, usualKey)
		if err != nil {
			return err
		}
		for _, n := range l.Nodes {
			if err := writeFile(filepath.Join(n.Folder, ctlName), data); err != nil {
				return err
			}
		}
	}
	return l.refreshHeld(ctx)
}

// refresh brings ITLs and phone configurations up to date with the database.
func (l *Lab) refresh(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refreshHeld(ctx)
}

// refreshHeld is refresh for those who hold the lock. A node whose plug is
// pulled is brought up to date when it starts.
func (l *Lab) refreshHeld(ctx context.Context) error {
	for _, n := range l.callManagers() {
		if !n.Running() {
			continue
		}
		if err := errors.Join(n.refreshITL(ctx), n.writeConfigs(ctx)); err != nil {
			return err
		}
	}
	return l.st.save(l.Dir)
}

// publishCTL puts a CTL on every CUCM node, as utils ctl copies it; nodes
// whose plug is pulled keep theirs and are named.
func (l *Lab) publishCTL(ctx context.Context) (missed []string, err error) {
	data, err := l.buildCTL(ctx, usualKey)
	if err != nil {
		return nil, err
	}
	for _, n := range l.callManagers() {
		if !n.Running() {
			missed = append(missed, n.Name)
			continue
		}
		if err := writeFile(filepath.Join(n.Folder, ctlName), data); err != nil {
			return missed, err
		}
		l.log.printf("%s: %s written", n.Name, ctlName)
	}
	return missed, nil
}

// trustStore reads Phone-SAST-trust: every .cer, .crt, .der and .pem in it. A
// file that holds no certificate is passed over and noted.
func (l *Lab) trustStore() []trustFile {
	dir := filepath.Join(l.Dir, dirTrust)
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.log.printf("%s: %v", dirTrust, err)
		return nil
	}
	var out []trustFile
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".cer", ".crt", ".der", ".pem":
		default:
			continue
		}
		data, err := readSmall(filepath.Join(dir, e.Name()))
		if err != nil {
			l.log.printf("%s: %v", dirTrust, err)
			continue
		}
		c, err := ctlbuild.ParseCertificate(data)
		if err != nil {
			l.log.printf("%s: %s: %v", dirTrust, e.Name(), err)
			continue
		}
		out = append(out, trustFile{e.Name(), c})
	}
	return out
}

// trustFile is one entry of Phone-SAST-trust.
type trustFile struct {
	file        string
	certificate *ctlbuild.Certificate
}

// readSmall reads a file of the size that a certificate can have.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > 64<<10 {
		return nil, message.Errorf("%s: not a certificate file", filepath.Base(path))
	}
	return os.ReadFile(path)
}

// trustedAnchors are the certificates of the trust store that a CTL takes in as
// SAST. An eToken's is trusted through TVS but stays out of a tokenless list:
// the technote shows that utils ctl leaves none there.
func (l *Lab) trustedAnchors() [][]byte {
	var out [][]byte
	for _, t := range l.publisher().trusted() {
		if !isToken(t.certificate) {
			out = append(out, t.certificate.DER)
		}
	}
	return out
}

// isToken tells a SAST eToken's certificate by the names that Cisco gives them.
func isToken(c *ctlbuild.Certificate) bool {
	return strings.HasPrefix(c.CN, "SAST-") || strings.HasPrefix(c.IssuerCN, "Cisco Manufacturing CA")
}
