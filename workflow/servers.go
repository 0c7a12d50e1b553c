package workflow

import (
	"net/netip"
	"slices"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// serverCredentials are the certificates that belong into a CTL by themselves
// (CallManager of every node, CAPF), the publisher's first, since a multi-server
// certificate is listed once, as the publisher's.
func (s *sight) serverCredentials() []reach.Credential {
	var publisher reach.Server
	for _, n := range s.Snapshot.Servers {
		if n.Publisher {
			publisher = n
		}
	}
	var cs []reach.Credential
	for _, c := range s.Snapshot.Credentials {
		if f := ctlbuild.Function(c.Function); f.IsServer() || f == ctlbuild.CAPF {
			cs = append(cs, c)
		}
	}
	slices.SortStableFunc(cs, func(a, b reach.Credential) int {
		pa, pb := ctlbuild.SameServer(a.NodeName, publisher.Name), ctlbuild.SameServer(b.NodeName, publisher.Name)
		switch {
		case pa == pb:
			return 0
		case pa:
			return -1
		}
		return 1
	})
	return cs
}

// sastCredentials are the certificates that the cluster names as SAST itself
// (ITLRecovery, CallManager, what lies in Phone-SAST-trust).
func (s *sight) sastCredentials() []reach.Credential {
	var cs []reach.Credential
	for _, c := range s.Snapshot.Credentials {
		if ctlbuild.Function(c.Function) == ctlbuild.SAST {
			cs = append(cs, c)
		}
	}
	return cs
}

// collectServers brings the server records of a draft up to what the cluster
// presents: missing certificates are added, stubs filled in, records whose
// certificate the server no longer has replaced in place. Everything else stays
// byte for byte. It returns what it did, in sentences.
func collectServers(d *ctlbuild.Draft, creds []reach.Credential) ([]message.Message, error) {
	c := collector{draft: d, creds: creds, names: usesNames(d, creds)}
	for _, cred := range creds {
		if err := c.one(cred); err != nil {
			return c.notes, err
		}
	}
	c.dropStale()
	return c.notes, nil
}

type collector struct {
	draft *ctlbuild.Draft
	creds []reach.Credential
	names bool // records name servers by host name rather than address
	notes []message.Message
}

// usesNames tells how the draft's server records name their hosts. A new list
// takes addresses, as Cisco's client does.
func usesNames(d *ctlbuild.Draft, creds []reach.Credential) bool {
	for i := range d.Records {
		r := &d.Records[i]
		if !r.Function().IsServer() {
			continue
		}
		for _, c := range creds {
			if ctlbuild.SameServer(r.DNSName(), c.NodeName) {
				return true
			}
			if ctlbuild.SameHost(r.DNSName(), c.NodeAddress) {
				return false
			}
		}
	}
	return false
}

// sameRole: CallManager and TFTP roles of one server replace each other; CAPF stands alone.
func sameRole(a, b ctlbuild.Function) bool {
	return a == b || a.IsServer() && b.IsServer()
}

// sameHost reports whether a record is of the server that a credential names.
func sameHost(r *ctlbuild.Record, c reach.Credential) bool {
	dns := r.DNSName()
	if ctlbuild.SameServer(dns, c.NodeName) || ctlbuild.SameHost(dns, c.NodeAddress) {
		return true
	}
	ip, ok := r.IP()
	return ok && !ip.IsUnspecified() && ctlbuild.SameHost(ip.String(), c.NodeAddress)
}

func (c *collector) one(cred reach.Credential) error {
	f := ctlbuild.Function(cred.Function)
	for i := range c.draft.Records {
		r := &c.draft.Records[i]
		if r.Function() == f && r.MatchesCertificate(cred.Certificate) {
			return nil
		}
	}
	for i := range c.draft.Records {
		r := &c.draft.Records[i]
		if !sameRole(r.Function(), f) || !sameHost(r, cred) || c.presented(r) {
			continue
		}
		rec, err := newServerRecord(f, cred, r.DNSName())
		if err != nil {
			return message.Errorf("certificate of %s: %w", cred.NodeName, err)
		}
		if r.IsStub() {
			c.notes = append(c.notes, noteAgain.With("function", f.String(), "host", cred.NodeName))
		} else {
			c.notes = append(c.notes, noteNewCert.With("function", f.String(), "host", cred.NodeName, "certificate", tokenCN(cred.Certificate)))
		}
		c.draft.Records[i] = rec
		return nil
	}
	host := cred.NodeAddress
	if c.names || host == "" {
		host = cred.NodeName
	}
	rec, err := newServerRecord(f, cred, host)
	if err != nil {
		return message.Errorf("certificate of %s: %w", cred.NodeName, err)
	}
	c.draft.Records = append(c.draft.Records, rec)
	c.notes = append(c.notes, noteAdded.With("function", f.String(), "host", cred.NodeName))
	return nil
}

// presented reports whether some server still presents a record's certificate in that role.
func (c *collector) presented(r *ctlbuild.Record) bool {
	for _, cred := range c.creds {
		if ctlbuild.Function(cred.Function) == r.Function() && r.MatchesCertificate(cred.Certificate) {
			return true
		}
	}
	return false
}

// dropStale takes out records of the cluster's servers whose certificate no server
// presents any more and that no record replaced (a multi-server certificate took
// over). Records of other hosts (alternate TFTP, firewalls) are never touched.
func (c *collector) dropStale() {
	c.draft.Records = slices.DeleteFunc(c.draft.Records, func(r ctlbuild.Record) bool {
		f := r.Function()
		if !f.IsServer() && f != ctlbuild.CAPF {
			return false
		}
		for _, cred := range c.creds {
			if sameRole(f, ctlbuild.Function(cred.Function)) && sameHost(&r, cred) && !c.presented(&r) {
				c.notes = append(c.notes, noteGone.With("function", f.String(), "host", cred.NodeName))
				return true
			}
		}
		return false
	})
}

func newServerRecord(f ctlbuild.Function, cred reach.Credential, host string) (ctlbuild.Record, error) {
	ip, err := netip.ParseAddr(cred.NodeAddress)
	if err != nil {
		ip = netip.Addr{} // a node known by name alone has no address to list
	}
	return ctlbuild.NewRecord(ctlbuild.Entry{
		Function: f, Certificate: cred.Certificate, Host: host, IP: ip, Dialect: ctlbuild.DialectCTLClient,
	})
}
