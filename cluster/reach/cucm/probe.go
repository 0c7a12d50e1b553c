package cucm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/serviceability"
	"ctlclient/trust/release"
)

// prober puts the questions to which no document has the answer, and those that show which
// doors are shut.
type prober struct {
	*cluster
	each func(reach.Finding)
}

func (p prober) say(node string, d reach.Door, question, answer message.Message, err error) {
	p.each(reach.Finding{Node: node, Door: d, Question: question, Answer: answer, Err: err})
}

// raw is an answer in the cluster's own words.
func raw(text string) message.Message { return message.Plain(withoutPhones(text)) }

// withoutPhones takes the names of phones out of what a page says: the report is sent to
// others.
func withoutPhones(text string) string {
	fields := strings.Fields(text)
	for i, f := range fields {
		if at := strings.Index(f, "SEP"); at >= 0 && len(f) >= at+15 {
			fields[i] = f[:at] + "SEP..."
		}
	}
	return strings.Join(fields, " ")
}

// probe asks every door. What cannot be answered is a finding, no error.
func (c *cluster) probe(ctx context.Context, o reach.ProbeOptions, each func(reach.Finding)) error {
	p := prober{c, each}
	p.axl(ctx)
	p.control(ctx)
	p.rest(ctx)
	p.cli(ctx)
	p.pages(ctx, o.Upload)
	return ctx.Err()
}

func (p prober) axl(ctx context.Context) {
	var version string
	var features message.Message
	var stores []string
	var nodes, phones int
	_, err := p.askAXL(ctx, func(a *axl.Client) (none struct{}, err error) {
		v, err := a.Version(ctx)
		if err != nil {
			return none, err
		}
		version = v.Full
		all, err := a.Nodes(ctx)
		if err != nil {
			return none, err
		}
		nodes = len(all)
		if phones, err = a.CountPhones(ctx); err != nil {
			return none, err
		}
		certificates, err := a.Certificates(ctx)
		if err != nil {
			return none, err
		}
		stores = storesOf(certificates)
		known, err := a.SecurityByDefault(ctx)
		features = featureNames(known)
		return none, err
	})
	pub := p.pub.Name
	p.say(pub, DoorAXL, message.Phrase("does it answer the application user, and which version is it"), raw(version), err)
	if err != nil {
		return
	}
	p.say(pub, DoorAXL, message.Phrase("how many nodes and phones it knows"), probeCounts.With("nodes", nodes, "phones", phones), nil)
	p.say(pub, DoorAXL, message.Phrase("which certificate stores it names"), raw(strings.Join(stores, ", ")), nil)
	p.say(pub, DoorAXL, message.Phrase("how the feature Security By Default is called"), features, nil)
}

func storesOf(certificates []axl.Certificate) []string {
	count := map[string]int{}
	for _, c := range certificates {
		count[c.Store]++
	}
	var out []string
	for store, n := range count {
		out = append(out, fmt.Sprintf("%s (%d)", store, n))
	}
	slices.Sort(out)
	return out
}

func featureNames(features []axl.Feature) message.Message {
	count := map[string]int{}
	for _, f := range features {
		count[f.Name]++
	}
	if len(count) == 0 {
		return message.Phrase("no feature of that name: which models have it is taken from the table in this program")
	}
	var out message.List
	for _, name := range slices.Sorted(maps.Keys(count)) {
		out = append(out, probeFeature.With("name", strconv.Quote(name), "n", count[name]))
	}
	return message.Phrase("%s", out)
}

var (
	probeCounts  = message.Define("probe.counts", "{nodes|# node|# nodes}, {phones|# phone|# phones}")
	probeFeature = message.Define("probe.feature", "{name} for {n|# model|# models}")
)

func (p prober) control(ctx context.Context) {
	for i := range p.profile.Nodes {
		n := &p.profile.Nodes[i]
		if !n.IsCUCM() || n.Port(site.PortHTTPS) == 0 {
			continue
		}
		states, err := askWith(ctx, p.app, n.Name, DoorControl, p.openControl(n), func(c *serviceability.Client) ([]serviceability.ServiceState, error) {
			return c.Services(ctx, reach.TFTP.CiscoName(), reach.CallManager.CiscoName(), reach.TVS.CiscoName(), reach.CTLProvider.CiscoName())
		})
		var words []string
		for _, s := range states {
			words = append(words, s.Name+" "+s.State)
		}
		p.say(n.Name, DoorControl, message.Phrase("which services run"), raw(strings.Join(words, ", ")), err)
	}
}

func (p prober) rest(ctx context.Context) {
	var spelt string
	var words []string
	_, err := askWith(ctx, p.platform, p.pub.Name, DoorREST, p.openREST, func(r *certapi.Client) (none struct{}, err error) {
		if choices, err := r.Choices(ctx); err == nil {
			words = choices.Words
		}
		spelt, err = r.PhoneSAST(ctx)
		return none, err
	})
	if errors.Is(err, certapi.ErrTooOld) && p.before14(ctx) {
		spelt, err = "it has none, as every CUCM before 14: certificates go by the CLI", nil
	}
	p.say(p.pub.Name, DoorREST, message.Phrase("how it spells Phone-SAST-trust"), raw(spelt), err)
	if len(words) > 0 {
		p.say(p.pub.Name, DoorREST, message.Phrase("which words it offers"), raw(strings.Join(words[:min(len(words), 60)], ", ")), nil)
	}
}

// before14 reports a release that had no certificate API yet.
func (p prober) before14(ctx context.Context) bool {
	text, err := askWith(ctx, p.app, p.pub.Name, DoorAXL, p.openAXL, func(a *axl.Client) (string, error) {
		v, err := a.Version(ctx)
		return v.Full, err
	})
	v, perr := release.Parse(text)
	return err == nil && perr == nil && v.Before(release.Of(14, 0))
}

func (p prober) cli(ctx context.Context) {
	if why := p.shells.Missing(p.pub.Name); why != nil {
		p.say(p.pub.Name, cli.Door, message.Phrase("does it answer the platform user"), message.Message{}, why)
		return
	}
	var version, units string
	var licence *platform.License
	err := p.onCLI(ctx, p.pub.Name, func(shell *platform.Client) (err error) {
		if version, err = shell.Version(ctx); err != nil {
			return err
		}
		if files, err := shell.TrustedCertificates(ctx); err == nil {
			var names []string
			for _, f := range files {
				if !slices.Contains(names, f.Unit) {
					names = append(names, f.Unit)
				}
			}
			units = strings.Join(names, ", ")
		}
		licence, err = shell.License(ctx)
		return err
	})
	p.say(p.pub.Name, cli.Door, message.Phrase("does it answer the platform user, and which version is it"), raw(version), err)
	if err != nil {
		return
	}
	p.say(p.pub.Name, cli.Door, message.Phrase("how it spells the trust stores"), raw(units), nil)
	p.say(p.pub.Name, cli.Door, message.Phrase("does its licence allow mixed mode"), exportWord(licence), nil)
}

func exportWord(l *platform.License) message.Message {
	if l == nil || l.Export == "" {
		return message.Phrase("it does not say")
	}
	return raw("Export-Controlled Functionality: " + l.Export)
}

// pages logs in to OS Administration of every node, and tries the way of a file where told.
func (p prober) pages(ctx context.Context, upload bool) {
	for i := range p.profile.Nodes {
		n := &p.profile.Nodes[i]
		if n.Transport != site.TransportOSAdmin {
			continue
		}
		a := newNode(p.cluster, n)
		err := a.Prepare(ctx)
		p.say(n.Name, DoorOSAdmin, message.Phrase("does TFTP File Management open for the platform user"), message.Phrase("yes"), err)
		if upload && err == nil {
			p.file(ctx, a)
			upload = false // one node tells what there is to tell
		}
		_ = a.Close() // it was looked at
	}
}

// file sends a file of this program's own, reads it back and deletes it.
func (p prober) file(ctx context.Context, a *node) {
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		p.say(a.n.Name, DoorOSAdmin, message.Phrase("does the page take a file"), message.Message{}, err)
		return
	}
	name := fmt.Sprintf("ctlclient-probe-%x.txt", id)
	var said *osadmin.Answer
	err := a.on(ctx, func(page *osadmin.Client) (err error) {
		said, err = page.Upload(ctx, name, []byte("probe\n"))
		return err
	})
	p.say(a.n.Name, DoorOSAdmin, message.Phrase("what the page says to a file of our own, %s", name), raw(words(said)), err)
	_, _, err = serve.Fetch(ctx, *a.n, name, p.tools.Timeout)
	answer := message.Phrase("it is served at once")
	if errors.Is(err, fs.ErrNotExist) {
		answer, err = message.Phrase("it is not served, or only after the TFTP service is restarted"), nil
	}
	p.say(a.n.Name, serve.DoorTFTP, message.Phrase("is that file served without a restart"), answer, err)
	said = nil
	err = a.on(ctx, func(page *osadmin.Client) (err error) {
		said, err = page.Delete(ctx, name)
		return err
	})
	p.say(a.n.Name, DoorOSAdmin, message.Phrase("does the page delete it again"), raw(words(said)), err)
}

func words(a *osadmin.Answer) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%q", a.Text)
}
