package ctltest

import (
	"context"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"ctlclient/ctlbuild"
)

// Time is when the lists of this package say that they were made.
var Time = time.Date(2015, 3, 6, 20, 56, 7, 0, time.UTC)

// The two nodes of the cluster.
const (
	PubHost = "cucm-1051-a-pub"
	SubHost = "cucm-1051-a-sub1"
	PubIP   = "10.48.47.155"
	SubIP   = "10.48.47.156"
)

// Cluster is the certificates of a cluster of two nodes and of two tokens,
// with the lengths that the real ones had.
type Cluster struct {
	Pub, Sub       *Cert // CallManager
	CAPF           *Cert
	Recovery       *Cert // ITLRecovery
	TVS            *Cert // of the publisher
	Token1, Token2 *Cert // SAST-ADN0054f509, SAST-ADN008580ef
}

// NewCluster makes the certificates; bits is the size of the CallManager keys,
// 1024 or 2048. All else has 1024, but TVS and ITLRecovery 2048.
func NewCluster(t testing.TB, bits int) *Cluster {
	t.Helper()
	pub, sub := Server(PubHost), Server(SubHost)
	pub.Serial = Hex("70CAF64E090751B9DF22F49F754FC5BB")
	pub.Length = 694
	if pub.Bits = bits; bits == 2048 {
		pub.Serial = Hex("6B1D357B6841740B078FEE4A1813D5D6")
		pub.Length = 955
	}
	sub.Serial = Hex("6BEBFDCDCD8CA277CB2FD1D183A60E72")
	sub.Length = 696
	capf := Server("CAPF-e41e7d87")
	capf.Serial = Hex("744B4999770496E799E91E81D3C8109B")
	capf.Length = 680
	recovery := Server("ITLRECOVERY_" + PubHost)
	recovery.Bits = 2048
	tvs := Server(PubHost)
	tvs.Serial, tvs.Bits, tvs.KeyName = Hex("2E3E1A7BDAA64D84"), 2048, "TVS"
	return &Cluster{
		Pub: New(t, pub), Sub: New(t, sub), CAPF: New(t, capf), Recovery: New(t, recovery), TVS: New(t, tvs),
		Token1: New(t, Token("SAST-ADN0054f509", Hex("45DAA2AF00000027F93C"))),
		Token2: New(t, Token("SAST-ADN008580ef", Hex("31AF455500000008E983"))),
	}
}

// Server describes a self-signed certificate of a server, its name in an order
// that lists do not keep.
func Server(cn string) Spec {
	return Spec{
		Subject: "L=Krakow;ST=Malopolska;CN=" + cn + ";OU=TAC;O=Cisco;C=PL",
		Serial:  Hex("5A0102030405060708090A0B0C0D0E0F"),
	}
}

// Token describes the certificate of an eToken: the common name padded with
// eight blanks, a comma in the organisation, 902 bytes.
func Token(cn string, serial []byte) Spec {
	return Spec{
		Subject: "O=Cisco Systems, Inc.;OU=IPCBU;CN=" + cn + "        ",
		Issuer:  "O=Cisco Systems;CN=Cisco Manufacturing CA",
		Serial:  serial,
		Length:  902,
	}
}

// Hex decodes hex digits that stand in a test.
func Hex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Entries of the servers in a dialect: publisher, CAPF, subscriber.
func (c *Cluster) servers(dialect ctlbuild.Dialect) []ctlbuild.Entry {
	pub, sub := netip.MustParseAddr(PubIP), netip.MustParseAddr(SubIP)
	pubHost, subHost := PubHost, SubHost
	if dialect == ctlbuild.DialectCTLClient {
		pubHost, subHost = PubIP, SubIP
	}
	return []ctlbuild.Entry{
		{Function: ctlbuild.CCMTFTP, Certificate: c.Pub.DER, Host: pubHost, IP: pub, Dialect: dialect},
		{Function: ctlbuild.CAPF, Certificate: c.CAPF.DER, Host: pubHost, IP: pub, Dialect: dialect},
		{Function: ctlbuild.CCMTFTP, Certificate: c.Sub.DER, Host: subHost, IP: sub, Dialect: dialect},
	}
}

// TokenlessDraft is the list of a tokenless cluster, before it is signed:
// CallManager as SAST, CCM+TFTP, CAPF, the subscriber's CCM+TFTP.
func (c *Cluster) TokenlessDraft(t testing.TB) *ctlbuild.Draft {
	t.Helper()
	d := ctlbuild.NewDraft()
	d.Time, d.Dialect = Time, ctlbuild.DialectTokenless
	servers := c.servers(ctlbuild.DialectTokenless)
	sast := servers[0]
	sast.Function = ctlbuild.SAST
	add(t, d, append([]ctlbuild.Entry{sast}, servers...)...)
	return d
}

// Tokenless is that list signed by CallManager of the publisher.
func (c *Cluster) Tokenless(t testing.TB) *ctlbuild.List {
	t.Helper()
	return Sign(t, c.TokenlessDraft(t), c.Pub)
}

// ETokensDraft is the list of a mixed mode cluster with two tokens.
func (c *Cluster) ETokensDraft(t testing.TB) *ctlbuild.Draft {
	t.Helper()
	d := ctlbuild.NewDraft()
	d.Time = Time
	add(t, d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Token1.DER, Token: true})
	add(t, d, c.servers(ctlbuild.DialectCTLClient)...)
	add(t, d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Token2.DER, Token: true})
	return d
}

// ETokens is that list signed by Token2.
func (c *Cluster) ETokens(t testing.TB) *ctlbuild.List {
	t.Helper()
	return Sign(t, c.ETokensDraft(t), c.Token2)
}

// NonSecure is the list of a non-secure cluster, tokens first, signed by
// Token2.
func (c *Cluster) NonSecure(t testing.TB) *ctlbuild.List {
	t.Helper()
	d := ctlbuild.NewDraft()
	d.Time = Time
	for _, token := range []*Cert{c.Token1, c.Token2} {
		add(t, d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: token.DER, Token: true})
	}
	add(t, d, c.servers(ctlbuild.DialectCTLClient)...)
	d.NonSecure()
	return Sign(t, d, c.Token2)
}

// ITL is the identity trust list of the publisher, signed by its CallManager:
// SAST, CCM+TFTP, and TVS and CAPF as hashes.
func (c *Cluster) ITL(t testing.TB) *ctlbuild.List {
	t.Helper()
	return Sign(t, ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Pub)
}

// ITLDraft is an identity trust list of CallManager (SAST and CCM+TFTP), TVS
// and CAPF certificates, before it is signed.
func ITLDraft(t testing.TB, callManager, tvs, capf *Cert) *ctlbuild.Draft {
	t.Helper()
	d := ctlbuild.NewDraft()
	d.FileName, d.Time = ctlbuild.ITLFileName, Time
	entry := ctlbuild.Entry{Dialect: ctlbuild.DialectTokenless, NoIP: true}
	for _, e := range []struct {
		f    ctlbuild.Function
		cert *Cert
		hash ctlbuild.Digest
	}{
		{ctlbuild.SAST, callManager, 0},
		{ctlbuild.CCMTFTP, callManager, 0},
		{ctlbuild.TVS, tvs, ctlbuild.SHA1},
		{ctlbuild.CAPF, capf, ctlbuild.SHA1},
	} {
		entry.Function, entry.Certificate, entry.Hash = e.f, e.cert.DER, e.hash
		add(t, d, entry)
	}
	return d
}

// Config signs a file for a phone as the publisher's TFTP service does.
func (c *Cluster) Config(t testing.TB, fileName string, content []byte) *ctlbuild.Envelope {
	t.Helper()
	e, err := ctlbuild.SignEnvelope(context.Background(), fileName, content, ctlbuild.SHA1, Time, c.Pub)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Sign signs a draft.
func Sign(t testing.TB, d *ctlbuild.Draft, s ctlbuild.Signer) *ctlbuild.List {
	t.Helper()
	l, err := ctlbuild.Sign(context.Background(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func add(t testing.TB, d *ctlbuild.Draft, entries ...ctlbuild.Entry) {
	t.Helper()
	for _, e := range entries {
		if added, err := d.Add(e); err != nil || !added {
			t.Fatalf("add a %s record: added %v, %v", e.Function, added, err)
		}
	}
}
