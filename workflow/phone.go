package workflow

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
)

// Held is what a phone shows of itself (Settings, Security Configuration, Trust List),
// and what is known besides. Zero values mean not known.
type Held struct {
	Name      string         // SEP<MAC>: its own files are looked for first
	CTL, ITL  trust.Checksum // MD5 or SHA-1, by model
	ITLFile   *ctlbuild.List // the ITL itself, where it is at hand
	Fails     bool           // it says that verification failed
	KeyBackup bool           // the former CallManager key can be restored
}

// Served is what one node gives a phone that asks for a list.
type Served struct {
	Node string
	File string // the name under which it was found; "" when there is none
	List *ctlbuild.List
	Err  error
}

// ServiceRecord is a service, and the record of the ITL that knows its certificate.
type ServiceRecord struct {
	Node, Service string // "TVS", "CAPF"
	Record        string // as shown; "" when none knows it
	Err           error  // why none does, or why the service could not be looked at
}

// PhoneCheck compares a phone with its cluster (Security By Default, "Manually verify
// that the phone ITL matches the CUCM ITL").
type PhoneCheck struct {
	CTL, ITL                   []Served        // by node
	CTLAgreement, ITLAgreement trust.Agreement // empty where the checksum is not known
	Services                   []ServiceRecord
	MustClear                  bool // the ITL must be deleted at the phone
	Steps                      []trust.Step
}

// CheckPhone fetches what every node serves to a phone, per-phone files first, and holds
// the phone's checksums against it, and the certificates that TVS and CAPF present
// against the ITL. Each node signs an ITL of its own, so that a phone's needs to be that
// of one node alone.
func (s *Session) CheckPhone(ctx context.Context, h Held) (_ *PhoneCheck, err error) {
	names := trust.Names{CTL: []string{cluster.CTLFile}, ITL: []string{cluster.ITLFile}}
	if h.Name != "" {
		if names, err = trust.FileNames(h.Name); err != nil {
			return nil, fail(BadRequest, textOf.With("what", err))
		}
	}
	end := s.step(StepFetch, sayFetchPhone.With())
	c := &PhoneCheck{CTL: s.fetchServed(ctx, names.CTL), ITL: s.fetchServed(ctx, names.ITL)}
	presented := s.Cluster.TVSCertificates(ctx)
	err = ctx.Err()
	end(&err)
	if err != nil {
		return nil, err
	}
	if h.CTL != "" {
		c.CTLAgreement = trust.CompareChecksum(h.CTL, nodeLists(c.CTL))
	}
	if h.ITL != "" {
		c.ITLAgreement = trust.CompareChecksum(h.ITL, nodeLists(c.ITL))
	}
	served, held := itlOf(c.ITL, h)
	c.Services = s.serviceRecords(held, served, presented)
	stuck := trust.Stuck{HeldChecksum: h.ITL, Held: held, Served: served, Fails: h.Fails, KeyBackup: h.KeyBackup}
	for _, p := range presented { // one that the phone knows is enough for it
		_, err := trust.CheckTVSCertificate(held, p.Certificate)
		if stuck.TVS == nil || err == nil && p.Certificate != nil {
			stuck.TVS = p.Certificate
		}
	}
	c.MustClear, c.Steps = stuck.MustClear()
	return c, nil
}

// fetchServed asks every node that serves TFTP for the first of the names that it has.
func (s *Session) fetchServed(ctx context.Context, names []string) []Served {
	var out []Served
	for _, n := range s.Snapshot.Nodes {
		out = append(out, Served{Node: n.Node.Name})
	}
	var wg sync.WaitGroup
	for i, n := range s.Snapshot.Nodes {
		wg.Go(func() { out[i].fetch(ctx, s.Cluster, n.Node, names) })
	}
	wg.Wait()
	return slices.DeleteFunc(out, func(v Served) bool { return errors.Is(v.Err, errors.ErrUnsupported) })
}

func (v *Served) fetch(ctx context.Context, c *cluster.Cluster, n site.Node, names []string) {
	for _, name := range names {
		data, err := c.FetchTFTP(ctx, n, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			v.List, err = ctlbuild.Parse(data)
		}
		v.File, v.Err = name, err
		return
	}
}

func nodeLists(served []Served) []trust.NodeList {
	var out []trust.NodeList
	for _, v := range served {
		out = append(out, trust.NodeList{Node: v.Node, List: v.List, Err: v.Err})
	}
	return out
}

// itlOf finds the ITL that a phone would be given, and the one it holds: that of the node
// whose checksum it shows, else the first that is served. held is nil where it is not at
// hand.
func itlOf(all []Served, h Held) (served, held *ctlbuild.List) {
	held = h.ITLFile
	for _, v := range all {
		if v.List == nil {
			continue
		}
		if served == nil {
			served = v.List
		}
		if h.ITL.Matches(v.List) {
			served = v.List
			if held == nil {
				held = v.List
			}
			break
		}
	}
	return served, held
}

// serviceRecords matches what services present with the records of the ITL that the
// phone holds, or, where that is not at hand, of the one that is served.
func (s *sight) serviceRecords(held, served *ctlbuild.List, presented []cluster.Presented) []ServiceRecord {
	l := held
	if l == nil {
		l = served
	}
	if l == nil {
		return nil
	}
	match := func(node string, f ctlbuild.Function, der []byte) ServiceRecord {
		r := ServiceRecord{Node: node, Service: f.String()}
		i, err := trust.MatchService(l, f, der)
		if err != nil {
			r.Err = err
		} else {
			r.Record = trust.RecordName(i, &l.Records[i])
		}
		return r
	}
	var out []ServiceRecord
	for _, p := range presented {
		if p.Err != nil {
			out = append(out, ServiceRecord{Node: p.Node, Service: ctlbuild.TVS.String(), Err: p.Err})
			continue
		}
		out = append(out, match(p.Node, ctlbuild.TVS, p.Certificate))
	}
	for _, c := range s.serverCredentials() {
		if ctlbuild.Function(c.Function) == ctlbuild.CAPF {
			out = append(out, match(c.NodeName, ctlbuild.CAPF, c.Certificate))
		}
	}
	return out
}
