package main

import (
	"bufio"
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ctlclient/message"
	"ctlclient/trust/phoneword"
	"ctlclient/workflow"
)

type phoneListOptions struct{ live bool }

func newPhoneListCommand(a *app) *cobra.Command {
	var o phoneListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the phones that the cluster knows",
		Long: `List the phones of the cluster as AXL knows them: name, model, and the TVS servers that
each asks. With --live also the state of each, as RisPort70 knows it: registered or not,
firmware and address. The cluster answers about 15 queries of 1000 phones a minute.`,
		Example: "  ctlclient --profile hq phone list --live",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPhoneList(cmd.Context(), a, o) },
	}
	c.Flags().BoolVar(&o.live, "live", false, "ask what each phone does now")
	return withExits(c, exitDone, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

type livePhoneJSON struct {
	Name       string     `json:"name"`
	Model      string     `json:"model"`
	Protocol   string     `json:"protocol,omitempty"`
	TVS        []string   `json:"tvs,omitempty"`
	Registered string     `json:"registered,omitempty"`
	Server     string     `json:"server,omitempty"`
	Firmware   string     `json:"firmware,omitempty"`
	Address    string     `json:"address,omitempty"`
	Web        *bool      `json:"web,omitempty"`
	Seen       *time.Time `json:"seen,omitempty"`
}

func livePhoneOf(p workflow.LivePhone, live bool) livePhoneJSON {
	j := livePhoneJSON{Name: p.Name, Model: p.Model, Protocol: p.Protocol, TVS: p.TVS}
	if !live {
		return j
	}
	j.Registered, j.Server, j.Firmware, j.Web = p.Registered.String(), p.Server, p.Firmware, &p.Web
	if p.Address.IsValid() {
		j.Address = p.Address.String()
	}
	if !p.Seen.IsZero() {
		j.Seen = &p.Seen
	}
	return j
}

func runPhoneList(ctx context.Context, a *app, o phoneListOptions) error {
	return a.look(ctx, func(s *workflow.Session) error {
		n := 0
		w := bufio.NewWriter(a.out)
		err := s.Phones(ctx, o.live, func(p workflow.LivePhone) error {
			n++
			if a.json {
				return a.object("phone", livePhoneOf(p, o.live))
			}
			// A line each as it comes: a cluster has up to a hundred thousand.
			fields := []string{pad(p.Name, 16), pad(p.Model, 24)}
			if o.live {
				fields = append(fields, pad(a.word(p.Registered.String()), 20), pad(livePhoneOf(p, true).Address, 16), pad(p.Firmware, 24))
			}
			fields = append(fields, strings.Join(p.TVS, ", "))
			_, err := w.WriteString(printable(strings.TrimRight(strings.Join(fields, " "), " ")) + "\n")
			return err
		})
		if ferr := w.Flush(); err == nil {
			err = ferr
		}
		if err != nil {
			return err
		}
		if a.json {
			return a.result(map[string]any{"phones": n})
		}
		a.note("%s", a.numbered(n, "1 phone", "%d phones"))
		return nil
	})
}

type phoneResetOptions struct {
	batch int
	wait  time.Duration
	file  string
	quiet bool
}

func newPhoneResetCommand(a *app) *cobra.Command {
	var o phoneResetOptions
	c := &cobra.Command{
		Use:   "reset [NAME...]",
		Short: "Restart phones in batches and wait until they are registered again",
		Long: `Restart phones, so that they fetch the new CTL. Without names: all that are registered
now. They restart in batches. The next batch waits until the phones of the one before are
registered again, so that a CTL that phones refuse stops few of them. The result names
every phone that is not registered again.`,
		Example: "  ctlclient --profile hq phone reset --batch 20\n  ctlclient --profile hq phone reset SEP0011215A1AE3",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return runPhoneReset(cmd.Context(), a, o, args) },
	}
	f := c.Flags()
	f.IntVar(&o.batch, "batch", workflow.DefaultBatch, "how many phones restart at a time")
	f.DurationVar(&o.wait, "wait", workflow.DefaultWait, "how long to wait for a batch to register again")
	f.StringVar(&o.file, "names", "", "`file` with the names of phones, one a line")
	f.BoolVar(&o.quiet, "no-pages", false, "do not read the phones' web pages before and after")
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runPhoneReset(ctx context.Context, a *app, o phoneResetOptions, names []string) error {
	if o.batch < 1 {
		return usagef("--batch 20", "--batch must be 1 or more")
	}
	if o.file != "" {
		data, err := os.ReadFile(o.file)
		if err != nil {
			return plainPath(err)
		}
		names = append(names, strings.Fields(string(data))...)
	}
	return a.with(ctx, func(s *workflow.Session) error {
		r, err := s.ResetPhones(ctx, workflow.ResetRequest{Names: names, Batch: o.batch, Wait: o.wait, Quiet: o.quiet})
		if r == nil {
			return err
		}
		if e := a.resetResult(r); err == nil {
			err = e
		}
		bad := len(r.Missing) > 0 || len(r.Failed) > 0 || slices.ContainsFunc(r.Words, func(w workflow.PhoneWord) bool {
			return w.Differs() || w.Word.Verdict == phoneword.Kept
		})
		if err == nil && bad {
			err = errBad
		}
		return err
	})
}

// resetResult says first what matters: "198 of 200 are registered again; not yet: ...".
func (a *app) resetResult(r *workflow.ResetResult) error {
	if a.json {
		v := map[string]any{"asked": r.Asked, "registered": r.Back}
		var missing []livePhoneJSON
		for _, p := range r.Missing {
			missing = append(missing, livePhoneOf(p, true))
		}
		failed := map[string]string{}
		for _, f := range r.Failed {
			failed[f.Name] = oneLine(f.Err.Error())
		}
		v["missing"], v["failed"] = missing, failed
		for _, w := range r.Words {
			if err := a.object("phone", w.Said()); err != nil {
				return err
			}
		}
		return a.result(v)
	}
	a.printf("registered again: %d of %d", r.Back, r.Asked)
	if len(r.Missing) > 0 {
		var not []string
		for _, p := range r.Missing {
			not = append(not, p.Name)
		}
		a.printf("; not yet: %s", a.names(not))
	}
	a.printf(".\n")
	if err := a.printWords(r.Words); err != nil {
		return err
	}
	for _, f := range r.Failed {
		a.printf("%s could not be reset: %s\n", f.Name, printable(oneLine(a.voice().Tell(f.Err))))
	}
	return nil
}

// names lists the first of many.
func (a *app) names(all []string) string {
	const most = 12
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return a.say("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

func newPhoneVerifyCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Read on each phone's web page what it says about its trust list",
		Long: `Read the web page of each phone that has Web Access on, and say what its status messages
mean: it has the new list, it kept the old one, no message since the last reading, or
unknown. A phone that differs from the prediction comes first. Nothing is changed on a
phone. Without names: all phones whose address the cluster knows.`,
		Example: "  ctlclient --profile hq phone verify",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return runPhoneVerify(cmd.Context(), a, args) },
	}
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitRefused, exitInterrupted)
}

func runPhoneVerify(ctx context.Context, a *app, names []string) error {
	return a.look(ctx, func(s *workflow.Session) error {
		words, err := s.VerifyPhones(ctx, names)
		if err != nil {
			return err
		}
		bad := 0
		for _, w := range words {
			if w.Differs() || w.Word.Verdict == phoneword.Kept {
				bad++
			}
			if a.json {
				if err := a.object("phone", w.Said()); err != nil {
					return err
				}
			}
		}
		if a.json {
			err = a.result(map[string]any{"phones": len(words), "bad": bad})
		} else {
			err = a.printWords(words)
		}
		if err == nil && bad > 0 {
			err = errBad
		}
		return err
	})
}

// printWords is what phones say; those that differ from what was predicted are first.
func (a *app) printWords(words []workflow.PhoneWord) error {
	if len(words) == 0 {
		return nil
	}
	st := a.outSt
	t := table{indent: "  ", head: []string{"Phone", "Says", "Predicted", "Message"}}
	for _, w := range words {
		j := w.Said()
		paint := st.dim
		switch {
		case w.Differs(), w.Word.Verdict == phoneword.Kept:
			paint = st.red
		case w.Word.Verdict == phoneword.Took:
			paint = st.green
		}
		text := j.Message
		if w.Differs() {
			text = a.say("not as predicted: %s", text)
		} else if text == "" {
			text = j.Error
		}
		t.row(plain(printable(strings.TrimSpace(w.Name+" "+w.Model))), painted(a.word(j.Says), paint), plain(a.word(j.Predicted)), painted(printable(text), st.dim))
	}
	return t.write(a.out, st)
}

// printHeard is what phones say at a job's end: how many what, and each that kept the old list
// or says another thing than was predicted.
func (a *app) printHeard(heard []message.Message, words []workflow.PhoneWord) error {
	if len(heard) == 0 {
		return nil
	}
	a.printf("\n")
	for _, m := range heard {
		a.printf("%s\n", printable(a.voice().Say(m)))
	}
	return a.printWords(slices.DeleteFunc(slices.Clone(words), func(w workflow.PhoneWord) bool {
		return !w.Differs() && w.Word.Verdict != phoneword.Kept
	}))
}
