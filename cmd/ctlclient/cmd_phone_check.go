package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/workflow"
)

type phoneCheckOptions struct {
	ctl, itl  string // checksums
	heldITL   string // a FILE
	fails     bool
	keyBackup bool
}

func newPhoneCheckCommand(a *app) *cobra.Command {
	var o phoneCheckOptions
	c := &cobra.Command{
		Use:   "check [PHONE]",
		Short: "Compare the files of a phone with those of every node; say whether its ITL must be deleted",
		Long: `Compare the checksums that a phone shows (Settings, Security Configuration, Trust List;
MD5 or SHA-1, by model) with the CTL and ITL that every node serves over TFTP, and the
certificates that TVS and CAPF present with the records of the ITL. With PHONE, its
name or MAC address, its own files (CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv) are asked for
first, as it does itself.

An ITL must be deleted by hand only if four things are true together: the nodes serve
another ITL, the phone's ITL does not know the certificate that TVS presents, the phone
says that verification failed, and the former CallManager key cannot be restored. With
--itl the answer says which of them are true.`,
		Example: `  ctlclient --profile hq phone check --ctl 6bb08798b94eb23c6604dc5968908b75
  ctlclient --profile hq phone check SEP0011215A1AE3 --itl b61910bb01d8d3a1c1b36526cc9f2ddc --fails`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPhoneCheck(cmd.Context(), a, o, strings.Join(args, ""))
		},
	}
	f := c.Flags()
	f.StringVar(&o.ctl, "ctl", "", "`checksum` of the CTL, as the phone shows it")
	f.StringVar(&o.itl, "itl", "", "`checksum` of the ITL, as the phone shows it")
	f.StringVar(&o.heldITL, "held-itl", "", "the ITL that the phone holds, where it is at hand, a `FILE`")
	f.BoolVar(&o.fails, "fails", false, "the phone says that verification failed")
	f.BoolVar(&o.keyBackup, "key-backup", false, "the former CallManager key can be restored from a backup")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runPhoneCheck(ctx context.Context, a *app, o phoneCheckOptions, phone string) error {
	h, err := a.readShown(ctx, o, phone)
	if err != nil {
		return err
	}
	return a.look(ctx, func(s *workflow.Session) error {
		c, err := s.CheckPhone(ctx, h)
		if err != nil {
			return err
		}
		if a.json {
			err = a.phoneCheckJSON(h, c)
		} else {
			err = a.printPhoneCheck(h, c)
		}
		switch {
		case err != nil:
			return err
		case unreachable(s.Snapshot) != nil:
			return unreachable(s.Snapshot)
		case !sound(h, c):
			return errBad
		}
		return nil
	})
}

// readShown reads what the flags say of the phone.
func (a *app) readShown(ctx context.Context, o phoneCheckOptions, phone string) (h workflow.Held, err error) {
	h = workflow.Held{Name: phone, Fails: o.fails, KeyBackup: o.keyBackup}
	for _, sum := range []struct {
		flag, text string
		to         *trust.Checksum
	}{{"--ctl", o.ctl, &h.CTL}, {"--itl", o.itl, &h.ITL}} {
		if sum.text == "" {
			continue
		}
		if *sum.to, err = trust.ParseChecksum(sum.text); err != nil {
			return h, usagef("copy it off the phone: Settings, Security Configuration, Trust List", "%s: %v", sum.flag, err)
		}
	}
	if h.ITLFile, err = a.readHeld(ctx, "--held-itl", o.heldITL, ctlbuild.KindITL); err != nil || h.ITLFile == nil {
		return h, err
	}
	if h.ITL != "" && !h.ITL.Matches(h.ITLFile) {
		return h, usagef("the phone holds one ITL: give its file, or its checksum", "%s does not have the checksum that --itl gives", o.heldITL)
	}
	h.ITL = trust.Checksum(h.ITLFile.MD5())
	return h, nil
}

// sound reports that the phone and its cluster fit: its CTL is that of every node, its
// ITL that of one, and every service is known.
func sound(h workflow.Held, c *workflow.PhoneCheck) bool {
	for _, r := range c.Services {
		if r.Err != nil {
			return false
		}
	}
	return (h.CTL == "" || c.CTLAgreement.All()) && (h.ITL == "" || len(c.ITLAgreement.Same) > 0)
}

func (a *app) printPhoneCheck(h workflow.Held, c *workflow.PhoneCheck) error {
	st := a.outSt
	t := table{head: []string{"Node", "File", "MD5", "The phone's"}}
	for _, part := range []struct {
		sum    trust.Checksum
		served []workflow.Served
	}{{h.CTL, c.CTL}, {h.ITL, c.ITL}} {
		for _, v := range part.served {
			t.row(a.servedRow(part.sum, v)...)
		}
	}
	if err := t.write(a.out, st); err != nil {
		return err
	}
	a.printf("\n")
	if h.CTL != "" {
		a.printf("CTL: %s.\n", printable(a.voice().Say(c.CTLAgreement.Sentence())))
	}
	if h.ITL != "" {
		a.printf("ITL: %s.\n", printable(a.voice().Say(c.ITLAgreement.Sentence())))
	}
	for _, r := range c.Services {
		if r.Err != nil {
			a.printf("%s %s of %s: %s\n", st.red("✗"), r.Service, printable(r.Node), printable(oneLine(a.voice().Tell(r.Err))))
			continue
		}
		a.printf("%s %s of %s presents the certificate of %s\n", st.green("✓"), r.Service, printable(r.Node), printable(r.Record))
	}
	if h.ITL == "" {
		return nil
	}
	answer := st.green(a.say("no"))
	switch {
	case c.MustClear && slices.ContainsFunc(c.Steps, trust.Step.NotKnown):
		answer = st.yellow(a.say("as far as is known, yes: find out first what is not known"))
	case c.MustClear:
		answer = st.red(a.say("yes, it is the only way left"))
	}
	a.printf("\n%s %s\n", st.bold(a.say("Must the ITL be deleted at the phone?")), answer)
	for i, s := range c.Steps {
		a.printf("  %d. %s\n     %s\n", i+1, printable(a.voice().Say(s.What)), st.wrap(printable(a.voice().Say(s.Outcome)), 5))
	}
	return nil
}

func (a *app) servedRow(sum trust.Checksum, v workflow.Served) []cell {
	st := a.outSt
	switch {
	case v.Err != nil:
		return []cell{plain(v.Node), plain(v.File), painted("-", nil), painted(printable(oneLine(a.voice().Tell(v.Err))), st.red)}
	case v.List == nil:
		return []cell{plain(v.Node), plain(a.say("none")), plain("-"), plain("-")}
	case sum == "":
		return []cell{plain(v.Node), plain(v.File), plain(v.List.MD5()), plain(a.say("not given"))}
	case sum.Matches(v.List):
		return []cell{plain(v.Node), plain(v.File), plain(v.List.MD5()), painted(a.say("the same"), st.green)}
	}
	return []cell{plain(v.Node), plain(v.File), plain(v.List.MD5()), painted(a.say("another"), st.yellow)}
}

func (a *app) phoneCheckJSON(h workflow.Held, c *workflow.PhoneCheck) error {
	for _, part := range []struct {
		kind   string
		sum    trust.Checksum
		served []workflow.Served
	}{{"CTL", h.CTL, c.CTL}, {"ITL", h.ITL, c.ITL}} {
		for _, v := range part.served {
			o := map[string]any{"kind": part.kind, "node": v.Node, "file": v.File}
			if v.List != nil {
				o["md5"], o["sha1"] = v.List.MD5(), v.List.SHA1()
				if part.sum != "" {
					o["same"] = part.sum.Matches(v.List)
				}
			}
			if v.Err != nil {
				o["error"] = oneLine(v.Err.Error())
			}
			if err := a.object("served", o); err != nil {
				return err
			}
		}
	}
	for _, r := range c.Services {
		o := map[string]any{"node": r.Node, "service": r.Service, "known": r.Err == nil, "record": r.Record}
		if r.Err != nil {
			o["error"] = oneLine(r.Err.Error())
		}
		if err := a.object("service", o); err != nil {
			return err
		}
	}
	v := map[string]any{"sound": sound(h, c)}
	if h.ITL != "" {
		var steps []string
		for _, s := range c.Steps {
			steps = append(steps, fmt.Sprintf("%s %s", s.What, s.Outcome))
		}
		v["must_clear"], v["steps"] = c.MustClear, steps
	}
	return a.result(v)
}
