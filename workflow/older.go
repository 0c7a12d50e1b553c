package workflow

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
	"ctlclient/trust/hazard"
)

// OlderPhone is a phone that was lost to an earlier job, as somebody accepted: it holds the
// CTL of before that job until it is cleared.
type OlderPhone struct {
	Phone trust.Phone
	Job   cluster.Job // that it refused
}

// Verdict is what is known of it: it refused.
func (o OlderPhone) Verdict() trust.Verdict {
	why := textOlder.With("job", JobText(o.Job.Kind), "when", o.Job.Started.Local().Format(time.DateTime))
	return trust.Verdict{Phone: o.Phone, Certain: true, Why: why, Reason: why.String()}
}

// JobClear is the job of a finding about phones that hold an older CTL: the list of them.
const JobClear = "clear"

// clearedFile is kept in a cluster's folder of the state directory.
const clearedFile = "cleared.json"

// maxCleared bounds it, in bytes: a hundred thousand phones.
const maxCleared = 32 << 20

// Cleared are the phones that somebody said were cleared, by name, and when. dir is
// [cluster.Cluster.Dir].
func Cleared(dir string) (map[string]time.Time, error) {
	at := map[string]time.Time{}
	err := atomicfile.ReadJSON(filepath.Join(dir, clearedFile), maxCleared, &at)
	return at, err
}

// KeepCleared replaces what Cleared gives.
func KeepCleared(dir string, at map[string]time.Time) error {
	return atomicfile.WriteJSON(filepath.Join(dir, clearedFile), at)
}

// Older are the phones that hold an older CTL since a loss was accepted. The verdicts of
// every plan know it.
func (s *sight) Older() []OlderPhone { return s.older }

// resolve makes phones of what a fleet says. One that says nothing of a phone's CTL means
// that it holds what is served; a phone that was lost to an earlier job does not.
func (s *Session) resolve(ctx context.Context, entries []fleet.Entry, known trust.Known, now fleet.Current) ([]trust.Phone, error) {
	phones := fleet.Resolve(entries, known, now)
	s.older = nil
	losses, err := s.losses()
	if err != nil || len(losses) == 0 {
		return phones, err
	}
	seen := map[string]bool{}
	for i, e := range entries {
		p := &phones[i]
		held, job := losses.heldBy(ctx, *p, seen)
		if held == nil || now.CTL != nil && held.SHA1() == now.CTL.SHA1() {
			continue
		}
		switch {
		case e.CTL.Kind == fleet.HeldCurrent && e.Unseen == "":
			p.CTL = held
		case p.CTL == nil || p.CTL.SHA1() != held.SHA1():
			continue // it was said that it holds another
		}
		s.older = append(s.older, OlderPhone{*p, job})
	}
	return phones, ctx.Err()
}

// loss is a job that is done, with what it brought; and whom it lost.
type loss struct {
	job         cluster.Job
	former, new *ctlbuild.List
	names       map[string]bool
	note        string
	cleared     map[string]time.Time
}

type losses []loss

// losses are the jobs since the first accepted loss, oldest first; none where no loss was accepted.
func (s *Session) losses() (losses, error) {
	// A journal that cannot be read is a finding; what the others say still counts.
	jobs, _ := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	jobs = slices.DeleteFunc(jobs, func(j cluster.Job) bool { return j.State != cluster.StateFinished || j.NoFile })
	slices.Reverse(jobs)
	first := slices.IndexFunc(jobs, func(j cluster.Job) bool { return j.Note[noteLoss] != "" })
	if first < 0 {
		return nil, nil
	}
	cleared, err := Cleared(s.Cluster.Dir())
	if err != nil {
		return nil, err
	}
	var all losses
	for _, j := range jobs[first:] {
		files, err := cluster.FilesOf(s.opt.StateDir, s.Cluster.Profile.Name, j.ID)
		if err != nil {
			return nil, err
		}
		l := loss{job: j, note: ", " + j.Note[noteLoss] + ", ", names: map[string]bool{}, cleared: cleared}
		l.former, _ = ctlbuild.Parse(files.FormerOf(j.Nodes)) // nil: there was none
		l.new, _ = ctlbuild.Parse(files.New)
		for _, name := range strings.Split(j.Note[noteLoss], ", ") {
			l.names[name] = true
		}
		all = append(all, l)
	}
	return all, nil
}

// took reports that a job lost a phone, and that it was not cleared since.
func (l *loss) took(p trust.Phone) bool {
	name := phoneName(p)
	if !l.names[name] && !(strings.Contains(name, ", ") && strings.Contains(l.note, ", "+name+", ")) {
		return false
	}
	return l.former != nil && !l.cleared[p.Name].After(l.job.Started)
}

// heldBy is the older list that a phone holds, nil: none. A later job that brought a list which
// the phone takes for certain ends it. seen keeps what kinds of phones make of lists.
func (ls losses) heldBy(ctx context.Context, p trust.Phone, seen map[string]bool) (held *ctlbuild.List, by cluster.Job) {
	for i := range ls {
		l := &ls[i]
		switch {
		case held == nil && l.took(p):
			held, by = l.former, l.job
		case held != nil && l.new != nil && !l.names[phoneName(p)]:
			key := fmt.Sprint(p.Model, p.NoSBD, held.SHA1(), l.job.ID)
			takes, known := seen[key]
			if !known {
				p.CTL = held
				v := trust.AssessAll(ctx, []trust.Phone{p}, trust.Offer{CTL: l.new}, nil)[0]
				takes = v.Accept && v.Certain
				seen[key] = takes
			}
			if takes {
				held = nil
			}
		}
	}
	return held, by
}

// findOlder says who holds an older CTL.
func (s *sight) findOlder(add addFinding) {
	n := 0
	var names []string
	for _, o := range s.older {
		n += o.Phone.N()
		names = append(names, phoneName(o.Phone))
	}
	if n > 0 {
		const shown = 5
		more := max(0, len(names)-shown)
		who := strings.Join(names[:len(names)-more], ", ")
		if more > 0 {
			who += ", ..."
		}
		add(hazard.Warning, JobClear, mendOlder.With("do", message.Action{Do: message.SayCleared}), findOlderCTL.With("n", n, "who", who))
	}
}
