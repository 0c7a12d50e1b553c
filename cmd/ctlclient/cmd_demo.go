package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
	"ctlclient/trust"
	"ctlclient/workflow"
)

type demoOptions struct {
	dir  string
	cucm bool
}

func newLabDemoCommand(a *app) *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "See the whole migration, from tokenless to tokens, on a practice cluster",
		Long: `Show the whole migration on a fresh practice cluster and two practice tokens, step by
step: the same jobs that migrate to-tokens runs on a cluster of your own. Nothing
outside one new folder is touched. The tokens are in SoftHSM2 where that is installed, else
in a file of ctlclient's own.

With --cucm the cluster is one as Cisco ships it, with nothing on 2444: the certificates
go to Phone-SAST-trust over the certificate REST API, the file to each node by OS
Administration, and Control Center restarts the services.`,
		Example: "  ctlclient lab demo\n  ctlclient lab demo --cucm",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), a, o) },
	}
	c.Flags().StringVar(&o.dir, "dir", "", "new `folder` for the cluster, the tokens and the certificates")
	c.Flags().BoolVar(&o.cucm, "cucm", false, "on a cluster as Cisco ships it, with nothing on 2444")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitToken, exitPartial, exitInterrupted)
}

// demo is one run.
type demo struct {
	*narrator
	cucm    bool
	dir     string
	began   time.Time
	lab     *lab.Lab
	store   *softhsm.Practice
	tokens  []*softhsm.Token
	certs   []string // exported certificate files
	session *workflow.Session
	plan    *workflow.Plan
	agreed  *workflow.Agreement
	result  *workflow.Result
	boots   []lab.Boot
}

func runDemo(ctx context.Context, a *app, o demoOptions) (err error) {
	dir, err := demoDir(o.dir)
	if err != nil {
		return err
	}
	n := &narrator{app: a, quiet: true, nodes: map[string][]doneThere{}}
	d := &demo{narrator: n, cucm: o.cucm, dir: dir, began: time.Now()}
	defer func() { err = errors.Join(err, d.close()) }()
	if !a.json {
		a.printf("%s\n", a.outSt.bold(a.say("From a tokenless CTL to one that hardware tokens sign")))
		a.printf("%s\n", a.outSt.dim(a.say("On a practice cluster of this machine. Everything stays in %s", dir)))
	}
	for _, step := range []func(context.Context) error{
		d.startLab, d.makeTokens, d.look, d.trustTokens, d.planIt, d.tellPhones, d.distribute, d.restart, d.bootPhones, d.show, d.compare,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.end()
}

// demoDir makes a fresh folder.
func demoDir(dir string) (string, error) {
	if dir != "" {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", usagef("choose a name that is not there yet", "the demo wants a new folder: %v", plainPath(err))
		}
		return filepath.Abs(dir)
	}
	parent := filepath.Join(xdg.DataHome, "ctlclient")
	if err := atomicfile.MakeFolder(parent); err != nil {
		return "", plainPath(err)
	}
	return os.MkdirTemp(parent, "demo-")
}

func (d *demo) close() error {
	var errs []error
	if d.session != nil {
		errs = append(errs, d.session.Close())
	}
	if d.lab != nil {
		errs = append(errs, d.lab.Close())
	}
	return errors.Join(errs...)
}

func (d *demo) labDir() string   { return filepath.Join(d.dir, "lab") }
func (d *demo) tokenDir() string { return filepath.Join(d.dir, "tokens") }

func (d *demo) startLab(ctx context.Context) (err error) {
	d.step("A practice cluster starts")
	if d.lab, err = control.Up(ctx, lab.Options{Dir: d.labDir(), CUCM: d.cucm}); err != nil {
		return err
	}
	st := d.lab.Status()
	t := table{}
	for _, n := range st.Nodes {
		var names []string
		for _, s := range n.Services {
			names = append(names, s.Name)
		}
		t.row(plain(n.Name), plain(d.app.word(n.Role)), plain(n.Address), painted(strings.Join(names, ", "), d.app.outSt.dim))
	}
	if err := d.rows(t); err != nil {
		return err
	}
	t = table{}
	for _, p := range st.Phones {
		note := ""
		if can, _, _ := trust.CanAskTVS(p.Model); !can {
			note = d.say("cannot ask TVS")
		}
		t.row(plain(p.Name), plain("Cisco "+p.Model), painted(note, d.app.outSt.dim))
	}
	if err := d.rows(t); err != nil {
		return err
	}
	d.good("CUCM %s in %s, with a CTL that no token signed", st.Version, d.app.modeOf(modeIf(st.Mixed)))
	return nil
}

func (d *demo) makeTokens(ctx context.Context) (err error) {
	if d.store, err = softhsm.OpenPractice(d.tokenDir()); err != nil {
		return err
	}
	if d.store.Conf() == "" {
		d.step("Two practice tokens are made in software, shaped like SAST eTokens")
	} else {
		d.step("Two tokens are made with SoftHSM2, shaped like SAST eTokens")
	}
	d.app.modules = []string{d.store.Module()}
	if d.tokens, err = d.store.Make(ctx, softhsm.PracticeLabels()...); err != nil {
		return err
	}
	t := table{}
	for _, tok := range d.tokens {
		c, err := ctlbuild.ParseCertificate(tok.Certificate)
		if err != nil {
			return err
		}
		t.row(plain(tok.Label), plain(strings.TrimSpace(c.CN)), painted(c.TokenIssuer, d.app.outSt.dim), painted(d.say("%d bits", c.KeyBits), d.app.outSt.dim))
	}
	d.pin = []byte(d.tokens[0].PIN)
	return d.rows(t)
}

func (d *demo) look(ctx context.Context) error {
	d.step("What the cluster trusts now")
	p, err := site.Load(d.lab.Profile)
	if err != nil {
		return err
	}
	o := d.app.options()
	o.StateDir = filepath.Join(d.dir, "state")
	if d.session, err = workflow.Connect(ctx, p, d.narrator, o); err != nil {
		return err
	}
	if err := d.flushNodes(workflow.StepSnapshot); err != nil {
		return err
	}
	snap := d.session.Snapshot
	t := table{}
	for _, n := range snap.Nodes {
		size, sum, signer := d.app.nodeFile(n)
		t.row(plain(n.Node.Name), plain(d.say("%s bytes", size)), plain(sum), painted(d.say("signed by %s", signer), d.app.outSt.dim))
	}
	if err := d.rows(t); err != nil {
		return err
	}
	if !snap.Agree {
		d.bad("the nodes serve different files")
		return errBad
	}
	d.good("all nodes serve the same CTL; it lists no token")
	return nil
}

func (d *demo) trustTokens(ctx context.Context) error {
	d.step("The tokens' certificates are exported and put into Phone-SAST-trust")
	dir := filepath.Join(d.dir, "certificates")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return plainPath(err)
	}
	for _, tok := range d.tokens {
		u, err := parseTokenURI(tok.URI)
		if err != nil {
			return err
		}
		path, err := d.app.exportTo(ctx, u, dir)
		if err != nil {
			return err
		}
		d.certs = append(d.certs, path)
	}
	if err := d.upload(ctx); err != nil {
		return err
	}
	if d.cucm {
		d.remark("over the certificate REST API; on releases before 14 by the CLI, else by hand")
	} else {
		d.remark("on your own: OS Administration > Security > Certificate Management > Upload Certificate")
	}
	return nil
}

// upload puts the tokens' certificates into Phone-SAST-trust: by the cluster's own door
// where it has one, else as a person does by hand.
func (d *demo) upload(ctx context.Context) error {
	var ders [][]byte
	for _, tok := range d.tokens {
		ders = append(ders, tok.Certificate)
		if d.cucm {
			continue
		}
		if err := d.lab.TrustCertificate(tok.Certificate); err != nil {
			return err
		}
	}
	if d.cucm {
		if err := d.session.TrustAdd(ctx, ders, workflow.TrustOptions{}); err != nil {
			return err
		}
	}
	for _, path := range d.certs {
		d.good("%s uploaded", filepath.Base(path))
	}
	return nil
}

func (d *demo) planIt(ctx context.Context) (err error) {
	d.step("TVS on every node is asked about both, as phones will do")
	sg := workflow.Signing{}
	for _, tok := range d.tokens {
		u, err := parseTokenURI(tok.URI)
		if err != nil {
			return err
		}
		sg.Tokens = append(sg.Tokens, u)
	}
	d.plan, err = d.session.PlanMigrateToTokens(ctx, sg)
	if err != nil {
		return err
	}
	d.step("The CTL is rebuilt; nothing is written yet")
	t := table{}
	for _, c := range d.plan.Diff.Changes {
		t.row(d.app.changeRow(d.app.outSt, c)...)
	}
	if d.app.json {
		return d.app.planJSON(d.plan)
	}
	if err := d.rows(t); err != nil {
		return err
	}
	d.remark("the list has %d records; the others are as they were, byte for byte", len(d.plan.Draft.Records))
	return nil
}

func (d *demo) tellPhones(ctx context.Context) (err error) {
	d.step("What each phone will do with it, before anything is written")
	t := table{}
	for _, v := range d.plan.Verdicts {
		mark, word, paint := "✓", d.say("will accept"), d.app.outSt.green
		if !v.Accept {
			mark, word, paint = "✗", d.say("will refuse"), d.app.outSt.red
		}
		t.row(painted(mark, paint), plain(v.Phone.Name), plain(v.Phone.Model), painted(word, paint), painted(printable(d.why(v)), d.app.outSt.dim))
	}
	if err := d.rows(t); err != nil {
		return err
	}
	if d.plan.Dangerous() {
		d.remark("a job stops here unless told --accept-loss; the demo goes on, and the journal records it")
	}
	d.agreed, err = d.session.Agree(ctx, d.plan, workflow.ToWrite)
	return err
}

func (d *demo) distribute(ctx context.Context) (err error) {
	if d.cucm {
		d.step("SAST-1 signs the new CTL; OS Administration takes it on each node, and it is read back")
	} else {
		d.step("SAST-1 signs the new CTL; it is staged on all nodes, then committed on all, over 2444 and SFTP")
	}
	d.result, err = d.session.Execute(ctx, d.agreed, workflow.ExecuteOptions{})
	if d.result != nil {
		d.good("%d bytes, verified again from the bytes; the PIN was asked once", len(d.result.List.Bytes()))
	}
	if d.result != nil && !d.app.json {
		if e := d.flushNodes(cluster.StepStage, cluster.StepCommit, cluster.StepReadBack, workflow.StepTFTP); e != nil {
			return e
		}
	}
	if err != nil {
		return err
	}
	d.good("every node was read back over its transport and over TFTP: the same bytes")
	return nil
}

func (d *demo) restart(ctx context.Context) error {
	if d.cucm {
		d.step("TFTP and CallManager restart on all nodes, by Control Center")
	} else {
		d.step("TFTP and CallManager restart on all nodes, over the administration CLI")
	}
	if err := d.session.RestartServices(ctx); err != nil {
		return err
	}
	return d.flushNodes()
}

func (d *demo) bootPhones(ctx context.Context) (err error) {
	d.step("The phones restart; each says what it does with the new file")
	if d.boots, err = d.lab.RestartPhones(ctx); err != nil {
		return err
	}
	t := table{}
	for _, b := range d.boots {
		mark, word, paint := "✓", d.say("accepted"), d.app.outSt.green
		if !b.CTL.Accept {
			mark, word, paint = "✗", d.say("refused"), d.app.outSt.red
		}
		t.row(painted(mark, paint), plain(b.Phone.Name), plain(b.Phone.Model), painted(word, paint), painted(printable(d.why(b.CTL)), d.app.outSt.dim))
	}
	if err := d.rows(t); err != nil {
		return err
	}
	return d.predictionHeld()
}

// predictionHeld compares what was said beforehand with what the phones did.
func (d *demo) predictionHeld() error {
	said := map[string]bool{}
	for _, v := range d.plan.Verdicts {
		said[v.Phone.Name] = v.Accept
	}
	for _, b := range d.boots {
		if accept, ok := said[b.Phone.Name]; !ok || accept != b.CTL.Accept {
			d.bad("%s did not do what was said beforehand", b.Phone.Name)
			return errBad
		}
	}
	d.good("every phone did what was said beforehand")
	return nil
}

func (d *demo) show(ctx context.Context) error {
	d.step("show ctl, of the file as phones fetch it from the publisher")
	data, err := d.session.Cluster.FetchTFTP(ctx, d.session.Snapshot.Nodes[0].Node, workflow.CTLFileName)
	if err != nil {
		return err
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := ctlbuild.Show(&b, l, time.Local); err != nil {
		return err
	}
	d.block(b.Bytes())
	return nil
}

func (d *demo) compare(ctx context.Context) error {
	d.step("Checksums on nodes and phones")
	if err := d.session.Refresh(ctx); err != nil {
		return err
	}
	if err := d.flushNodes(workflow.StepSnapshot); err != nil {
		return err
	}
	want := d.result.List.MD5()
	t := table{}
	good, bad := d.app.outSt.green, d.app.outSt.red
	agree := true
	for _, n := range d.session.Snapshot.Nodes {
		_, sum, _ := d.app.nodeFile(n)
		if sum == want {
			t.row(painted("✓", good), plain(n.Node.Name), plain(sum))
		} else {
			agree = false
			t.row(painted("✗", bad), plain(n.Node.Name), plain(sum))
		}
	}
	for _, b := range d.boots {
		sum := heldSum(b.Phone)
		switch {
		case sum == want:
			t.row(painted("✓", good), plain(b.Phone.Name), plain(sum))
		case b.CTL.Accept:
			agree = false
			t.row(painted("✗", bad), plain(b.Phone.Name), plain(sum))
		default:
			t.row(painted("✗", bad), plain(b.Phone.Name), plain(sum), painted(d.say("the former CTL: delete it on the phone, as was said beforehand"), d.app.outSt.dim))
		}
	}
	if err := d.rows(t); err != nil {
		return err
	}
	if !agree {
		d.bad("the checksums do not agree")
		return errBad
	}
	d.good("the checksums agree")
	return nil
}

// demoOnOwn is the demo's job on a cluster of one's own.
const demoOnOwn = `ctlclient token export --all --dir .                # then upload to Phone-SAST-trust
ctlclient --profile hq cluster status               # hq.toml: see README, a first cluster
ctlclient --profile hq migrate to-tokens --dry-run \
    --token pkcs11:token=SAST-1 --token pkcs11:token=SAST-2 --sign-with pkcs11:token=SAST-1
ctlclient --profile hq migrate to-tokens ...        # without --dry-run`

// end says how to do the same on one's own cluster, and where the files are.
func (d *demo) end() error {
	a := d.app
	took := time.Since(d.began)
	if a.json {
		v := resultOf(d.result)
		v["dir"], v["seconds"], v["profile"] = d.dir, took.Seconds(), d.lab.Profile
		return a.result(v)
	}
	st := a.outSt
	a.printf("\n%s\n\n", st.green("✓ ")+st.bold(a.say("Done in %.1f seconds.", took.Seconds()))+" "+a.say("The cluster's CTL is signed by SAST-1; SAST-2 can take over."))
	a.printf("%s\n", st.bold(a.say("The same on a cluster of your own")))
	for l := range strings.Lines(onLines(demoOnOwn, runtime.GOOS)) {
		cmd, note, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "#")
		if note != "" {
			note = st.dim("# " + a.word(strings.TrimSpace(note)))
		}
		a.printf("  %s%s\n", cmd, note)
	}
	a.printf("\n%s\n", st.bold(a.say("Go on with this one")))
	a.printf("  %s          %s\n", environment("PKCS11_MODULE", d.store.Module(), runtime.GOOS), st.dim("# PIN "+d.tokens[0].PIN))
	a.printf("  ctlclient lab up --dir %s\n", typed(d.labDir(), runtime.GOOS))
	a.printf("\n%s\n", st.bold(a.say("Where the files are")))
	t := table{indent: "  "}
	t.row(plain(d.labDir()), painted(a.say("nodes and phones; lab.toml is the profile"), st.dim))
	t.row(plain(d.tokenDir()), painted(a.say("the tokens"), st.dim))
	t.row(plain(filepath.Join(d.dir, "certificates")), painted(a.say("their exported certificates"), st.dim))
	t.row(plain(filepath.Join(d.dir, "state")), painted(a.say("the journal, the former CTL in it"), st.dim))
	return t.write(a.out, st)
}
