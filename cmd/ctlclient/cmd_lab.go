package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/message"
	"ctlclient/trust"
)

func newLabCommand(a *app) *cobra.Command {
	return group("lab", "A practice cluster: publisher, subscribers, TFTP server and phones on this machine",
		"  ctlclient lab demo\n  ctlclient lab up",
		newLabUpCommand(a), newLabDemoCommand(a), newLabStatusCommand(a), newLabTrustCommand(a), newLabPhonesCommand(a), newLabDirectoriesCommand(a),
		newLabRestartCommand(a), newLabRegenerateCommand(a), newLabRenameCommand(a), newLabRestoreCommand(a),
		newLabPrepareRollbackCommand(a), newLabClearCommand(a), newLabPointCommand(a),
		newLabStopCommand(a), newLabStartCommand(a), newLabFaultCommand(a), newLabTokensCommand(a))
}

// defaultLabDir is where a lab lives when nobody says otherwise.
func defaultLabDir() string { return filepath.Join(xdg.DataHome, "ctlclient", "lab") }

func dirFlag(c *cobra.Command, dir *string) {
	c.Flags().StringVar(dir, "dir", "", "`folder` of the lab (default: lab in the user's data folder)")
}

func labDir(dir string) string {
	if dir == "" {
		return defaultLabDir()
	}
	return dir
}

type labUpOptions struct {
	dir           string
	nodes         int
	version       string
	nonSecure     bool
	firewall      bool
	noAltTFTP     bool
	noITL         bool
	exportRefused bool
	keyBits       int
	cucm          bool
	refuseUpload  bool
	crowd         int
	faults        []string
	fresh         bool
	verbose       bool
}

func newLabUpCommand(a *app) *cobra.Command {
	var o labUpOptions
	c := &cobra.Command{
		Use:   "up",
		Short: "Start the practice cluster, until interrupted",
		Long: `Start a practice cluster on loopback addresses, speaking the real protocols: CTLP,
SFTP, TFTP, HTTP, TVS and the administration CLI. It starts in tokenless mixed mode,
writes DIR/lab.toml, a profile that works as it is, and runs until interrupted. A lab that
is in DIR already starts again as it was: flags that ask for another one are an error, and
--fresh deletes it first.

In another terminal: ctlclient --profile DIR/lab.toml cluster status, and the other lab
commands.

With --cucm it is a cluster as Cisco ships it: no node listens on 2444. AXL, RisPort70,
Control Center, OS Administration and, from version 14 on, the certificate REST API
answer on port 8443 of each node, the administration CLI on 2223. It has two accounts:
admin (application user) and administrator (platform user), each with a password file of
its own in DIR. --fault makes something fail; ctlclient lab fault lists the faults.`,
		Example: "  ctlclient lab up\n  ctlclient lab up --dir practice --nodes 3 --version 11.5\n  ctlclient lab up --cucm --version 14SU3 --refuse-upload",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fitsLab(a, o, cmd.Flags().Changed); err != nil {
				return err
			}
			return runLabUp(cmd.Context(), a, o)
		},
	}
	dirFlag(c, &o.dir)
	f := c.Flags()
	f.IntVar(&o.nodes, "nodes", 2, "CUCM nodes, the publisher included")
	f.StringVar(&o.version, "version", "", "behave as this `VERSION` of CUCM, 10.0 or later: 11.5, 12.5(1)SU5, 14SU3 (default: 12.0, with --cucm 14.0)")
	f.BoolVar(&o.nonSecure, "non-secure", false, "start in non-secure mode, without a CTL")
	f.BoolVar(&o.firewall, "firewall", false, "add a firewall")
	f.BoolVar(&o.noAltTFTP, "no-alt-tftp", false, "leave the alternate TFTP server out")
	f.BoolVar(&o.noITL, "no-itl", false, "serve no ITL, as a cluster before 8.0 (with --non-secure)")
	f.BoolVar(&o.exportRefused, "export-refused", false, "refuse mixed mode, as an unregistered cluster does")
	f.IntVar(&o.keyBits, "key-bits", 0, "size of the servers' keys: `1024|2048|4096`")
	f.BoolVar(&o.cucm, "cucm", false, "a cluster as Cisco ships it, with nothing on 2444")
	f.IntVar(&o.crowd, "crowd", 0, "`N` further phones that are only in the database and are registered (with --cucm)")
	f.BoolVar(&o.refuseUpload, "refuse-upload", false, "refuse the name CTLFile.tlv in OS Administration (with --cucm)")
	f.StringArrayVar(&o.faults, "fault", nil, "a fault from the start, `NAME[=N]`; repeatable (with --cucm)")
	f.BoolVar(&o.fresh, "fresh", false, "delete the lab that is in DIR first")
	f.BoolVar(&o.verbose, "log", false, "print what nodes and phones do")
	return withExits(c, exitDone, exitUsage, exitInterrupted)
}

func runLabUp(ctx context.Context, a *app, o labUpOptions) (err error) {
	opts := lab.Options{Dir: labDir(o.dir), Nodes: o.nodes, Version: o.version, NonSecure: o.nonSecure, Firewall: o.firewall,
		NoAltTFTP: o.noAltTFTP, NoITL: o.noITL, ExportRefused: o.exportRefused, KeyBits: o.keyBits, Fresh: o.fresh, CUCM: o.cucm, Crowd: o.crowd}
	if opts.Faults, err = faultsOf(o); err != nil {
		return err
	}
	if o.verbose {
		opts.Log = a.note
	}
	l, err := control.Up(ctx, opts)
	if errors.Is(err, lab.ErrRunning) {
		return usagef("use it, or choose another --dir", "%v", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	st := l.Status()
	if a.json {
		if err := a.labJSON("lab", l.Profile, st); err != nil {
			return err
		}
	} else {
		a.printf("%s  %s\n\n", a.outSt.bold(a.say("A practice cluster runs, CUCM %s", st.Full)), a.modeOf(modeIf(st.Mixed)))
		if err := a.printLab(st); err != nil {
			return err
		}
		if st.CUCM {
			a.printf("\nAs Cisco ships it: nothing on 2444. Accounts: admin (application user), administrator (platform user);\ntheir passwords are in %s and %s\n",
				filepath.Join(l.Dir, "password"), filepath.Join(l.Dir, "platform-password"))
		}
		a.printf("\nProfile: %s\n", l.Profile)
		a.printf("%s\n", a.outSt.dim(a.say("In another terminal: ctlclient --profile %s cluster status", typed(l.Profile, runtime.GOOS))))
		a.printf("%s\n", a.outSt.dim(a.say("Ctrl+C ends it; its files stay.")))
	}
	<-ctx.Done()
	return nil // being interrupted is how it is meant to end
}

func (a *app) labJSON(kind, profile string, st lab.Status) error {
	nodes, phones := []map[string]any{}, []map[string]any{}
	for _, n := range st.Nodes {
		p := n.Ports
		nodes = append(nodes, map[string]any{"name": n.Name, "address": n.Address, "role": n.Role, "running": n.Running,
			"folder": n.Folder, "ctl_md5": n.CTL, "itl_md5": n.ITL, "restart_due": n.RestartDue,
			"ports": map[string]int{"ctlp": p.CTLP, "tvs": p.TVS, "http": p.HTTP, "tftp": p.TFTP, "sftp": p.SFTP, "ssh": p.SSH, "https": p.HTTPS}})
	}
	for _, p := range st.Phones {
		phones = append(phones, map[string]any{"name": p.Name, "model": p.Model, "ctl_md5": p.CTL, "itl_md5": p.ITL, "registered": p.Registered})
	}
	return a.object(kind, map[string]any{"profile": profile, "version": st.Version, "full_version": st.Full, "cucm": st.CUCM, "faults": faultsJSON(st.Faults),
		"mixed": st.Mixed, "rollback": st.Rollback, "nodes": nodes, "phones": phones})
}

func (a *app) printLab(st lab.Status) error {
	s := a.outSt
	t := table{indent: "  ", head: []string{"Node", "Role", "Address", "CTL", "ITL"}}
	for _, n := range st.Nodes {
		state := painted(a.shortSum(n.CTL), nil)
		if !n.Running {
			state = painted(a.say("stopped"), s.red)
		}
		t.row(plain(n.Name), plain(a.word(n.Role)), plain(n.Address), state, plain(a.shortSum(n.ITL)))
	}
	if err := t.write(a.out, s); err != nil {
		return err
	}
	a.printf("\n")
	t = table{indent: "  ", head: []string{"Phone", "Model", "CTL", "ITL"}}
	for _, p := range st.Phones {
		t.row(plain(p.Name), plain(p.Model), plain(a.shortSum(p.CTL)), plain(a.shortSum(p.ITL)))
	}
	return t.write(a.out, s)
}

// shortSum is enough of a checksum to compare by eye.
func (a *app) shortSum(sum string) string {
	if sum == "" {
		return a.say("none")
	}
	return sum[:min(8, len(sum))]
}

// onLab runs f on the lab that runs in dir.
func onLab(dir string, f func(*control.Remote) error) (err error) {
	r, err := control.Dial(labDir(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return f(r)
}

// remoteCommand makes a command that tells a running lab something.
func remoteCommand(a *app, use, short, long, example string, args cobra.PositionalArgs, run func(ctx context.Context, r *control.Remote, args []string) error) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return onLab(dir, func(r *control.Remote) error { return run(cmd.Context(), r, args) })
		},
	}
	dirFlag(c, &dir)
	return withExits(c, exitDone, exitUsage, exitUnreachable)
}

// said ends a command that has nothing to show but that it was done.
func (a *app) said(format string, args ...any) error {
	msg := message.Phrase(format, args...)
	if a.json {
		return a.result(map[string]any{"message": msg.String()})
	}
	a.printf("%s %s\n", a.outSt.green("✓"), msg)
	return nil
}

func newLabStatusCommand(a *app) *cobra.Command {
	return remoteCommand(a, "status", "Show the nodes and phones of the lab",
		"Show the nodes of a running lab, its phones, and which CTL and ITL each serves or holds.",
		"  ctlclient lab status", exactly(),
		func(_ context.Context, r *control.Remote, _ []string) error {
			st, err := r.Status()
			if err != nil {
				return err
			}
			if a.json {
				return a.labJSON("result", r.Profile, st)
			}
			return a.printLab(st)
		})
}

func newLabTrustCommand(a *app) *cobra.Command {
	return remoteCommand(a, "trust CERT...", "Put certificates into the lab's Phone-SAST-trust",
		"Put certificates into the lab's Phone-SAST-trust, as OS Administration > Security > Certificate Management > Upload Certificate does.",
		"  ctlclient lab trust SAST-1.cer SAST-2.cer",
		func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageOf(cmd, "%s is missing", "CERT")
			}
			return nil
		},
		func(ctx context.Context, r *control.Remote, args []string) error {
			for _, arg := range args {
				der, err := a.readCertificate(ctx, arg)
				if err != nil {
					return err
				}
				if err := r.TrustCertificate(der); err != nil {
					return err
				}
			}
			return a.said("%s in Phone-SAST-trust", strings.Join(args, ", "))
		})
}

func newLabPhonesCommand(a *app) *cobra.Command {
	return remoteCommand(a, "phones", "Restart the lab's phones; each says what it accepts",
		"Restart the lab's phones: each fetches CTL, ITL and configuration over TFTP, asks TVS, and says whether it accepted, and why.",
		"  ctlclient lab phones", exactly(),
		func(ctx context.Context, r *control.Remote, _ []string) error {
			boots, err := r.RestartPhones(ctx)
			if err != nil {
				return err
			}
			return a.showBoots(boots)
		})
}

func newLabRestartCommand(a *app) *cobra.Command {
	return remoteCommand(a, "restart", "Restart the lab's TFTP and CallManager services",
		"Restart TFTP, then CallManager, on all nodes of the lab.",
		"  ctlclient lab restart", exactly(),
		func(ctx context.Context, r *control.Remote, _ []string) error {
			if err := r.RestartServices(ctx); err != nil {
				return err
			}
			return a.said("TFTP and CallManager restarted on all nodes")
		})
}

func newLabRegenerateCommand(a *app) *cobra.Command {
	return remoteCommand(a, "regenerate NODE callmanager|tvs|capf|itlrecovery|tomcat", "Make a certificate of a node anew",
		"Make a certificate of a node anew. The CTL stays as it is until it is updated, as on a real cluster.",
		"  ctlclient lab regenerate cucm-pub callmanager", exactly("NODE", "CERTIFICATE"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.Regenerate(args[0], args[1]); err != nil {
				return err
			}
			return a.said("%s of %s regenerated", args[1], args[0])
		})
}

func newLabStopCommand(a *app) *cobra.Command {
	return remoteCommand(a, "stop NODE", "Pull a node's plug",
		"Pull a node's plug: its listeners and connections end at once, its files stay.",
		"  ctlclient lab stop cucm-sub1", exactly("NODE"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.Stop(args[0]); err != nil {
				return err
			}
			return a.said("%s is off", args[0])
		})
}

func newLabStartCommand(a *app) *cobra.Command {
	return remoteCommand(a, "start NODE", "Plug a node in again",
		"Plug a node in again. It serves what it served before; a CTL that it missed it does not have.",
		"  ctlclient lab start cucm-sub1", exactly("NODE"),
		func(_ context.Context, r *control.Remote, args []string) error {
			if err := r.Start(args[0]); err != nil {
				return err
			}
			return a.said("%s is on", args[0])
		})
}

// showBoots prints what each phone made of what it was offered.
func (a *app) showBoots(boots []lab.Boot) error {
	st := a.outSt
	refused := 0
	t := table{indent: "  "}
	for _, b := range boots {
		mark, word, paint, why := "✓", a.say("accepted"), st.green, a.voice().Tell(b.Err)
		if file, v := b.Telling(); b.Err == nil {
			why = a.word(file) + ": " + a.because(v)
		}
		if !b.Accepted() {
			mark, word, paint = "✗", a.say("refused"), st.red
			refused++
		}
		if a.json {
			err := a.object("boot", map[string]any{"phone": b.Phone.Name, "model": b.Phone.Model, "ctl": verdictOf(b.CTL),
				"itl": verdictOf(b.ITL), "config": verdictOf(b.Config),
				"itl_accept": b.ITL.Accept, "config_accept": b.Config.Accept, "md5": heldSum(b.Phone)})
			if err != nil {
				return err
			}
			continue
		}
		t.row(painted(mark, paint), plain(b.Phone.Name), plain(b.Phone.Model), painted(word, paint), painted(oneLine(why), st.dim))
	}
	if a.json {
		return a.result(map[string]any{"phones": len(boots), "refused": refused})
	}
	return t.write(a.out, st)
}

// because is why a phone did what it did.
func (a *app) because(v trust.Verdict) string {
	if v.Why.IsZero() {
		return v.Reason
	}
	return a.voice().Say(v.Why)
}

func heldSum(p *lab.Phone) string {
	if p == nil || p.CTL == nil {
		return ""
	}
	return p.CTL.MD5()
}
