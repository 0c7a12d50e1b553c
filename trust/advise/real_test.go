package advise_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// real is a cluster with keys that exist: what a plan plays on paper is done to it, every
// list is signed, and phones verify it. It is written apart from package play, so that
// the two can be held against each other.
type real struct {
	t                  *testing.T
	version            string
	recovery, signsRec bool // has ITLRecovery; it signs
	clientSAST         bool // the CTL Client lists ITLRecovery and CallManager as well
	mixed, itl         bool
	hosts              []string

	call, tvs []*ctltest.Cert // by host
	rec, capf *ctltest.Cert
	tokens    []*ctltest.Cert // of the CTL; nil: tokenless
	lost      map[*ctltest.Cert]bool
	empty     bool
	renewed   bool // a rename makes ITLRecovery anew
	vouches   bool // TVS vouches for an ITLRecovery that was made anew
	firstRec  *ctltest.Cert
	made      int
	trusted   [][]byte // Phone-SAST-trust
	far       *real    // the cluster that phones may be moved to
	moved     bool

	CTL, ITL *ctlbuild.List
}

// scenario is what a cluster is generated from.
type scenario struct {
	version  string
	mode     string // tokens, tokenless, none
	itl      bool
	nodes    int
	replaced bool // ITLRecovery was made anew after the CTL
}

func (s scenario) String() string {
	return fmt.Sprintf("%s %s itl=%v nodes=%d replaced=%v", s.version, s.mode, s.itl, s.nodes, s.replaced)
}

func (c *real) cert(cn string) *ctltest.Cert {
	c.made++
	spec := ctltest.Server(cn)
	spec.Serial = []byte{0x5a, byte(c.made >> 8), byte(c.made), 0x11, 0x22, 0x33}
	spec.KeyName = fmt.Sprintf("%s %d", cn, c.made)
	return made(spec.KeyName, func() *ctltest.Cert { return ctltest.New(c.t, spec) })
}

// made makes a thing once for all clusters: keys and signatures take their time.
func made[T any](name string, make func() T) T {
	if have, ok := things[name]; ok {
		return have.(T)
	}
	things[name] = make()
	return things[name].(T)
}

var things = map[string]any{}

func newReal(t *testing.T, s scenario) *real { return newRealOf(t, s, "node", "SAST-A", "SAST-B") }

// newRealOf makes a cluster with names of its own, and tokens.
func newRealOf(t *testing.T, s scenario, names string, tokens ...string) *real {
	v, err := release.Parse(s.version)
	if err != nil {
		t.Fatal(err)
	}
	at := func(major, minor int) bool { yes, _ := v.AtLeast(release.Of(major, minor)); return yes }
	c := &real{t: t, version: s.version, recovery: at(10, 5), signsRec: at(12, 0), clientSAST: at(11, 5), mixed: s.mode != "none", itl: s.itl, lost: map[*ctltest.Cert]bool{}}
	for i := range s.nodes {
		host := fmt.Sprintf("%s-%d", names, i)
		c.hosts = append(c.hosts, host)
		c.call = append(c.call, c.cert(host))
		c.tvs = append(c.tvs, c.cert(host))
	}
	c.capf = c.cert("CAPF-1")
	if c.recovery {
		c.rec = c.cert("ITLRECOVERY_" + c.hosts[0])
	}
	if s.mode == "tokens" {
		for _, cn := range tokens {
			serial := "0" + cn[len(cn)-1:] + "01"
			c.tokens = append(c.tokens, made(cn, func() *ctltest.Cert { return ctltest.New(t, ctltest.Token(cn, ctltest.Hex(serial))) }))
		}
	}
	c.update(c.signer(false))
	if s.replaced && c.rec != nil {
		c.rec = c.cert("ITLRECOVERY_" + c.hosts[0])
	}
	c.firstRec = c.rec
	c.makeITL(false)
	return c
}

// signer is who signs the CTL: a token that is left, or a server key.
func (c *real) signer(swap bool) *ctltest.Cert {
	for _, t := range c.tokens {
		if !c.lost[t] && !swap {
			return t
		}
	}
	if c.rec != nil && c.signsRec != swap {
		return c.rec
	}
	return c.call[0]
}

func (c *real) draft(file string) *ctlbuild.Draft {
	d := ctlbuild.NewDraft()
	d.FileName, d.Time = file, ctltest.Time
	return d
}

func (c *real) add(d *ctlbuild.Draft, e ctlbuild.Entry) {
	c.t.Helper()
	if !e.Token {
		e.Dialect = ctlbuild.DialectTokenless
	}
	if _, err := d.Add(e); err != nil {
		c.t.Fatal(err)
	}
}

// update makes the CTL.
func (c *real) update(by *ctltest.Cert) {
	if !c.mixed {
		return
	}
	d := c.draft(ctlbuild.CTLFileName)
	servers := []*ctltest.Cert{by}
	byToken := slices.Contains(c.tokens, by)
	if byToken {
		servers = nil
		for _, t := range c.tokens {
			if !c.lost[t] {
				c.add(d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: t.DER, Token: true})
			}
		}
	} else {
		c.tokens = nil
	}
	if !byToken || c.clientSAST {
		for _, s := range []*ctltest.Cert{c.rec, c.call[0]} {
			if s != nil && s != by {
				servers = append(servers, s)
			}
		}
	}
	for _, s := range servers {
		c.add(d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: s.DER, Host: c.hosts[0]})
	}
	for i, s := range c.call {
		c.add(d, ctlbuild.Entry{Function: ctlbuild.CCMTFTP, Certificate: s.DER, Host: c.hosts[i]})
	}
	c.add(d, ctlbuild.Entry{Function: ctlbuild.CAPF, Certificate: c.capf.DER, Host: c.hosts[0]})
	c.CTL = ctltest.Sign(c.t, d, by)
}

// makeITL makes the first node's ITL.
func (c *real) makeITL(swap bool) {
	if !c.itl {
		return
	}
	d := c.draft(ctlbuild.ITLFileName)
	anchors := []*ctltest.Cert{c.call[0]}
	if c.rec != nil {
		anchors = []*ctltest.Cert{c.call[0], c.rec}
		if c.signsRec != swap {
			anchors = []*ctltest.Cert{c.rec, c.call[0]}
		}
	}
	if c.empty {
		anchors = anchors[:1]
	}
	itl := func(f ctlbuild.Function, s *ctltest.Cert, hash ctlbuild.Digest) {
		c.add(d, ctlbuild.Entry{Function: f, Certificate: s.DER, Hash: hash, NoIP: true})
	}
	for _, a := range anchors {
		itl(ctlbuild.SAST, a, 0)
	}
	if !c.empty {
		itl(ctlbuild.CCMTFTP, c.call[0], 0)
		for _, s := range c.tvs {
			itl(ctlbuild.TVS, s, ctlbuild.SHA1)
		}
		itl(ctlbuild.CAPF, c.capf, ctlbuild.SHA1)
	}
	c.ITL = ctltest.Sign(c.t, d, anchors[0])
}

// do does what a step does.
func (c *real) do(s play.Step) {
	rebuild := false
	for _, a := range s.Acts {
		rebuild = c.act(a) || rebuild
	}
	if rebuild {
		c.makeITL(false)
	}
}

func (c *real) act(a play.Act) bool {
	each := func(f func(i int)) bool {
		for i, h := range c.hosts {
			if a.All || a.Node == h || a.Node == "" && i == 0 {
				f(i)
			}
		}
		return true
	}
	switch a.Kind {
	case play.NewCallManager:
		return each(func(i int) { c.call[i] = c.cert(c.hosts[i]) })
	case play.NewTVS:
		return each(func(i int) { c.tvs[i] = c.cert(c.hosts[i]) })
	case play.Rename:
		c.capf = c.cert("CAPF-1")
		if c.renewed && c.rec != nil {
			c.rec = c.cert("ITLRECOVERY_" + c.hosts[0])
		}
		return each(func(i int) { c.call[i], c.tvs[i] = c.cert(c.hosts[i]), c.cert(c.hosts[i]) })
	case play.NewCAPF:
		c.capf = c.cert("CAPF-1")
		return true
	case play.NewRecovery:
		if c.rec != nil {
			c.rec = c.cert("ITLRECOVERY_" + c.hosts[0])
		}
		return true
	case play.EmptyITL, play.FillITL:
		c.empty = a.Kind == play.EmptyITL
		return true
	case play.MakeITL:
		return true
	case play.ResetITLKey:
		c.makeITL(true)
	case play.UpdateCTL:
		c.update(c.signer(false))
	case play.ResetCTLKey:
		c.update(c.signer(true))
	case play.Trust:
		c.trusted = append(c.trusted, a.Certificate)
	case play.Move:
		c.moved = true
	case play.LoseToken, play.LoseAllTokens:
		for _, t := range c.tokens {
			if a.Kind == play.LoseAllTokens || slices.Equal(t.DER, a.Certificate) {
				c.lost[t] = true
			}
		}
	default:
		c.t.Fatalf("act %d is not known here", a.Kind)
	}
	return false
}

// asker is TVS as the phones of one CallManager group reach it.
func (c *real) asker(servers []int) trust.Asker {
	return trust.AskerFunc(func(_ context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
		for _, i := range servers {
			if i >= len(c.tvs) {
				continue
			}
			_, inITL := trust.CheckTVSCertificate(p.ITL, c.tvs[i].DER)
			if inITL != nil {
				continue
			}
			known := append(slices.Clone(c.call), c.tvs...)
			if c.rec != nil && (c.vouches || c.rec == c.firstRec) {
				known = append(known, c.rec)
			}
			store := map[*ctltest.Cert][]uint8{}
			for _, k := range known {
				store[k] = []uint8{0, 2}
			}
			for _, der := range c.trusted {
				store[&ctltest.Cert{DER: der}] = []uint8{0}
			}
			for k, roles := range store {
				r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: k.DER})
				if err == nil && r.IssuerName() == q.Issuer && slices.Equal(r.SerialNumber(), q.Serial) {
					return trust.Answer{Valid: true, Certificate: k.DER, Roles: roles}, nil
				}
			}
			return trust.Answer{}, nil
		}
		return trust.Answer{}, &trust.TVSCertificateError{Function: ctlbuild.TVS}
	})
}

// set is a phone that exists: what it holds, and whom it asks.
type set struct {
	noSBD    bool
	servers  []int
	ctl, itl *ctlbuild.List
}

// boot fetches what the cluster serves; refused is the first file that the phone refuses.
func (c *real) boot(p *set) (refused string) {
	ctx, asker := c.t.Context(), c.asker(p.servers) // those of the cluster that they come from
	if c.moved {
		c = c.far
	}
	blank := p.ctl == nil && (p.itl == nil || p.itl.IsEmptyRollback())
	phone := func() trust.Phone {
		if blank {
			return trust.Phone{NoSBD: p.noSBD}
		}
		return trust.Phone{NoSBD: p.noSBD, CTL: p.ctl, ITL: p.itl}
	}
	ctl, itl := p.ctl, p.itl
	if c.CTL != nil {
		if trust.Assess(ctx, phone(), trust.Offer{CTL: c.CTL}, asker).Accept {
			ctl = c.CTL
		} else {
			refused = "CTL"
		}
	}
	if !blank {
		p.ctl = ctl
	}
	if c.ITL != nil && !p.noSBD {
		if trust.Assess(ctx, phone(), trust.Offer{ITL: c.ITL}, asker).Accept {
			itl = c.ITL
		} else if refused == "" {
			refused = "ITL"
		}
	}
	p.ctl, p.itl, blank = ctl, itl, false
	if p.ctl == nil && (p.noSBD || p.itl == nil || p.itl.IsEmptyRollback()) {
		return refused
	}
	config := made(fmt.Sprintf("configuration %p", c.call[0]), func() *ctlbuild.Envelope {
		e, err := ctlbuild.SignEnvelope(ctx, "SEP001122334455.cnf.xml.sgn", []byte("<device/>"), ctlbuild.SHA1, ctltest.Time, c.call[0])
		if err != nil {
			c.t.Fatal(err)
		}
		return e
	})
	if !trust.Assess(ctx, phone(), trust.Offer{Config: config}, asker).Accept && refused == "" {
		refused = "configuration"
	}
	return refused
}
