package lab

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/tvs"
)

// provider answers CTLP on a node (ctlp.Backend). Questions about the cluster
// are the publisher's to answer.
type provider struct{ n *Node }

func (p *provider) Login(_ context.Context, user string, password []byte) (bool, error) {
	return p.n.lab.login(user, adminUser, password), nil
}

func (p *provider) onlyPublisher() error {
	if p.n.Role == rolePublisher {
		return nil
	}
	return &ctlp.StatusError{Status: ctlp.NotSupported, Message: "ask the publisher"}
}

func (p *provider) Cluster(context.Context) (ctlp.Cluster, error) {
	if err := p.onlyPublisher(); err != nil {
		return ctlp.Cluster{}, err
	}
	l := p.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	c := ctlp.Cluster{Mixed: l.st.Mixed}
	for _, n := range l.callManagers() {
		node := ctlp.Node{Name: n.Name, Address: n.Address, Publisher: n.Role == rolePublisher,
			Services: []ctlp.Service{ctlp.CallManager, ctlp.TFTP, ctlp.CTLProvider, ctlp.TVS}}
		if node.Publisher {
			node.Services = append(node.Services, ctlp.CAPF)
		}
		c.Nodes = append(c.Nodes, node)
	}
	return c, nil
}

// Credentials are what a CTL Client collects by itself: from 11.5 on also the
// anchors of a tokenless list and the trust store's server certificates, as
// SAST (cucm-facts, "Which SAST records a CTL has").
func (p *provider) Credentials(context.Context) ([]ctlp.Credential, error) {
	if err := p.onlyPublisher(); err != nil {
		return nil, err
	}
	l, pub := p.n.lab, p.n
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ctlp.Credential
	add := func(n *Node, f ctlbuild.Function, der []byte) {
		out = append(out, ctlp.Credential{NodeName: n.Name, NodeAddress: n.Address, Function: uint16(f), Certificate: der})
	}
	if l.release().tokenSAST {
		for _, name := range []string{certITLRecovery, certCallManager} {
			c, err := pub.pair(name)
			if err != nil {
				return nil, err
			}
			add(pub, ctlbuild.SAST, c.der)
		}
		for _, der := range l.trustedAnchors() {
			add(pub, ctlbuild.SAST, der)
		}
	}
	for _, n := range l.callManagers() {
		c, err := n.pair(certCallManager)
		if err != nil {
			return nil, err
		}
		add(n, ctlbuild.CCMTFTP, c.der)
		if n == pub {
			capf, err := n.pair(certCAPF)
			if err != nil {
				return nil, err
			}
			add(n, ctlbuild.CAPF, capf.der)
		}
	}
	return out, nil
}

func (p *provider) SetMode(ctx context.Context, mixed bool) (bool, error) {
	if err := p.onlyPublisher(); err != nil {
		return false, err
	}
	l := p.n.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if mixed && l.st.ExportRefused {
		return false, &ctlp.StatusError{Status: ctlp.ExportRefused,
			Message: "the cluster is not registered for export-controlled functionality"}
	}
	if l.st.Mixed != mixed {
		l.st.Mixed = mixed
		l.log.printf("%s: cluster security mode is now %d", p.n.Name, modeValue(mixed))
		if err := l.refreshHeld(ctx); err != nil {
			return false, err
		}
	}
	return mixed, nil
}

func modeValue(mixed bool) int {
	if mixed {
		return 1
	}
	return 0
}

// Check refuses what is no trust list, or one whose signature does not verify.
func (p *provider) Check(ctx context.Context, name string, _, data []byte) error {
	if err := p.n.lab.waitWhile(ctx, FaultHoldFile); err != nil {
		return err
	}
	if !strings.HasSuffix(strings.ToLower(name), ".tlv") {
		return &ctlp.StatusError{Status: ctlp.BadList, Message: fmt.Sprintf("%s is not the name of a trust list", name)}
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return &ctlp.StatusError{Status: ctlp.BadList, Message: err.Error()}
	}
	if v := l.Verify(); !v.OK {
		return &ctlp.StatusError{Status: ctlp.BadList, Message: v.Reason}
	}
	return nil
}

func (p *provider) Changed(name string) {
	p.n.lab.log.printf("%s: %s changed through the CTL Provider", p.n.name(), name)
}

// tvsTTL is how long a phone may remember an answer.
const tvsTTL = 86400 * time.Second

// answerTVS says whether the node vouches for a certificate: it does for the cluster's
// own, for those in the trust store and for those in the CTL that the node serves, all
// looked up as they are now. A question by names is answered with the certificate.
func (n *Node) answerTVS(r tvs.Request) tvs.Answer {
	if r.ByName() {
		der := n.named(r.Names)
		if der == nil {
			n.lab.log.printf("%s: tvs: %s asks about %X of %s: cannot find the certificate", n.name(), r.DeviceName, r.Names.Serial, r.Names.Issuer)
			return tvs.Answer{}
		}
		r.Certificate = der
	}
	roles := n.rolesOf(r.Certificate)
	a := tvs.Answer{Valid: len(roles) > 0, Roles: roles}
	if a.Valid {
		a.TTL, a.Certificate = tvsTTL, r.Certificate
	}
	n.lab.log.printf("%s: tvs: %s asks about %s: valid %t, roles %v", n.name(), r.DeviceName, certName(r.Certificate), a.Valid, roles)
	return a
}

// named finds a certificate by serial number and issuer, as text and bytes: among the
// cluster's own and those of the trust store, an eToken's in the form that lists write
// it, then among the records of the CTL that the node serves.
func (n *Node) named(names tvs.Names) []byte {
	matches := func(r *ctlbuild.Record) bool {
		return r.IssuerName() == names.Issuer && bytes.Equal(r.SerialNumber(), names.Serial)
	}
	for _, der := range n.database() {
		c, err := ctlbuild.ParseCertificate(der)
		if err != nil {
			continue
		}
		r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: der, Token: isToken(c)})
		if err == nil && matches(&r) {
			return der
		}
	}
	if ctl, err := n.list(ctlName); err == nil && ctl != nil {
		for i := range ctl.Records {
			if r := &ctl.Records[i]; len(r.Certificate()) > 0 && matches(r) {
				return r.Certificate()
			}
		}
	}
	return nil
}

// database is the certificates that every node knows: those in use, and the trust store's.
func (n *Node) database() [][]byte {
	var out [][]byte
	for _, m := range n.lab.callManagers() {
		for _, o := range certRoles {
			if p, err := m.pair(o.name); err == nil {
				out = append(out, p.der)
			}
		}
	}
	for _, t := range n.trusted() {
		out = append(out, t.certificate.DER)
	}
	return out
}

// certRoles are the certificates in use on a node and what each is for.
var certRoles = []struct {
	name  string
	roles []ctlbuild.Function
}{
	{certCallManager, []ctlbuild.Function{ctlbuild.SAST, ctlbuild.CCMTFTP}},
	{certITLRecovery, []ctlbuild.Function{ctlbuild.SAST}},
	{certTVS, []ctlbuild.Function{ctlbuild.TVS}},
	{certCAPF, []ctlbuild.Function{ctlbuild.CAPF}},
	{certTomcat, []ctlbuild.Function{ctlbuild.AppServer}},
}

func (n *Node) rolesOf(der []byte) []uint8 {
	var roles []uint8
	add := func(f ctlbuild.Function) {
		if f <= 0xff && !slices.Contains(roles, uint8(f)) {
			roles = append(roles, uint8(f))
		}
	}
	if ctl, err := n.list(ctlName); err == nil && ctl != nil {
		for i := range ctl.Records {
			if r := &ctl.Records[i]; bytes.Equal(r.Certificate(), der) {
				add(r.Function())
			}
		}
	}
	for _, t := range n.trusted() {
		if bytes.Equal(t.certificate.DER, der) {
			add(ctlbuild.SAST)
		}
	}
	for _, m := range n.lab.callManagers() {
		for _, o := range certRoles {
			p, err := m.pair(o.name)
			if err != nil || !bytes.Equal(p.der, der) {
				continue
			}
			for _, f := range o.roles {
				add(f)
			}
		}
	}
	return roles
}

// certName names a certificate in a log line.
func certName(der []byte) string {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return "what is no certificate"
	}
	return fmt.Sprintf("%s, serial number %X", c.Subject, c.Serial)
}
