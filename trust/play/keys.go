package play

import (
	"bytes"

	"ctlclient/ctlbuild"
)

// role of a key in the cluster.
type role uint8

const (
	callManager role = iota
	tvs
	capf
	recovery
	token
	other // tomcat, firewalls, TFTP servers of other clusters: never changed by a plan
)

// key is one key of the cluster, by the certificate that it has now.
type key struct {
	role role
	node string // whose; "" for what the cluster has once
	// der is the certificate in use now; nil where a list has nothing but its hash.
	der []byte
	// first is the record that the key was found in, and made says that the key has been
	// made anew since, so that first is no longer its.
	first *ctlbuild.Record
	made  int
	// seen says that the cluster is known to present the certificate: an anchor is a key
	// that exists, not a record of a list.
	seen bool
	// replaced: the CTL still has another certificate for it.
	replaced bool
}

// is reports whether a record of a list stands for the key as it is now.
func (k *key) is(r *ctlbuild.Record) bool {
	if k.der != nil {
		return r.MatchesCertificate(k.der)
	}
	a, x := k.first.CertHash()
	b, y := r.CertHash()
	return a != nil && x == y && bytes.Equal(a, b)
}

// successor is a certificate of the same names with another serial number and another
// key, such as a regeneration makes. Its signature means nothing, nor does anybody ask.
func successor(der []byte, nth int) []byte {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return der
	}
	out := bytes.Clone(c.DER)
	change := func(part []byte, at int) {
		if i := bytes.Index(out, part); i >= 0 && len(part) > 0 {
			out[i+at] ^= byte(nth)%0x7f + 1
		}
	}
	change(c.RawPublicKey, len(c.RawPublicKey)/2)
	change(c.Serial, len(c.Serial)-1)
	return out
}

// record is a record for the key as it is now, in the form of one that stood before.
func (k *key) record(form *ctlbuild.Record, as ctlbuild.Function) (ctlbuild.Record, error) {
	if as == form.Function() && (form.IsStub() || k.is(form)) || k.der == nil {
		return *form, nil
	}
	e := ctlbuild.Entry{Function: as, Certificate: k.der, Host: form.DNSName(), Token: k.role == token}
	if form.Signature() != nil {
		e.Dialect = ctlbuild.DialectTokenless
	}
	if _, d := form.CertHash(); d != 0 && form.Certificate() == nil {
		e.Hash = d
	}
	ip, ok := form.IP()
	if e.NoIP = !ok; ok {
		e.IP = ip
	}
	return ctlbuild.NewRecord(e)
}
