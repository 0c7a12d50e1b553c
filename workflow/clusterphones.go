package workflow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/trust/fleet"
)

// clusterPhones are the phones as the cluster itself knows them, each taken to hold what
// the nodes serve now. They are listed once for a session; a Refresh does not ask again.
// nil, nil: the cluster cannot be asked.
func (s *Session) clusterPhones(ctx context.Context) (_ []fleet.Entry, err error) {
	if s.phones != nil || s.Cluster.Site.Phones == nil {
		return s.phones, nil
	}
	var entries []fleet.Entry
	var told time.Time
	defer s.step(StepPhones, sayListPhones.With())(&err)
	_, err = s.Cluster.Site.Phones.List(ctx, func(p reach.Phone) error {
		entries = append(entries, fleet.Entry{Name: p.Name, Model: p.Model, Count: 1, TVS: p.TVS, NoSBD: s.noSBD(p.Model)})
		if now := time.Now(); now.Sub(told) > time.Second/10 {
			told = now
			s.emit(Event{Type: EventProgress, Step: StepPhones, Done: len(entries)})
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	s.phones = entries
	return entries, nil
}

// noSBD reports a model that the cluster's own feature table does not have. Where that
// says nothing the table in the code decides, which is asked later.
func (s *sight) noSBD(model string) bool {
	known := s.Snapshot.SecurityByDefault
	return len(known) > 0 && !slices.ContainsFunc(known, func(m string) bool { return strings.EqualFold(m, model) })
}

// LivePhone is a phone with what it does now.
type LivePhone = reach.Phone

// Phones lists the phones of the cluster; with live, what each does now as well. each is
// called for one after the other and may end it by an error.
func (s *Session) Phones(ctx context.Context, live bool, each func(LivePhone) error) error {
	if err := s.Cluster.Site.Need(reach.AbilityPhones); err != nil {
		return fail(BadRequest, textOf.With("what", err), hintPhoneList.With())
	}
	if !live {
		_, err := s.Cluster.Site.Phones.List(ctx, each)
		return err
	}
	// What a phone is comes from one interface, what it does from another: a batch of names
	// at a time, so that memory does not grow with the cluster.
	var batch []LivePhone
	flush := func() error {
		done, err := s.live(ctx, batch, each)
		s.emit(Event{Type: EventProgress, Step: StepPhones, Done: done})
		batch = batch[:0]
		return err
	}
	_, err := s.Cluster.Site.Phones.List(ctx, func(p reach.Phone) error {
		batch = append(batch, p)
		if len(batch) < liveBatch {
			return nil
		}
		return flush()
	})
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	return err
}

// liveBatch is how many phones RisPort70 tells of in one answer.
const liveBatch = 1000

// live asks what a batch of phones does now.
func (s *Session) live(ctx context.Context, batch []LivePhone, each func(LivePhone) error) (int, error) {
	at := map[string]int{}
	var names []string
	for i, p := range batch {
		at[p.Name] = i
		names = append(names, p.Name)
	}
	_, err := s.Cluster.Site.Phones.Live(ctx, names, func(now reach.Phone) error {
		if i, ok := at[now.Name]; ok {
			p := &batch[i]
			p.Registered, p.Server, p.Firmware, p.Address, p.Web, p.Seen = now.Registered, now.Server, now.Firmware, now.Address, now.Web, now.Seen
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, p := range batch {
		if err := each(p); err != nil {
			return len(batch), err
		}
	}
	return len(batch), nil
}

// ResetRequest restarts phones, so that they fetch the new CTL.
type ResetRequest struct {
	Names []string      // none: every phone that is registered now
	Batch int           // that many at a time; 0: DefaultBatch
	Wait  time.Duration // for a batch to register again; 0: DefaultWait
	Quiet bool          // do not read the phones' web pages before and after
}

// Defaults of a ResetRequest.
const (
	DefaultBatch = 100
	DefaultWait  = 10 * time.Minute
)

// pollPhones is the pause before the first look at phones that are starting; each further one
// is twice as long, up to pollMost: RisPort70 answers 15 questions a minute, of everybody.
const (
	pollPhones = 3 * time.Second
	pollMost   = 12 * time.Second
)

// ResetResult says what became of the phones.
type ResetResult struct {
	Asked   int         // phones that were told to restart
	Back    int         // that are registered again
	Missing []LivePhone // that are not, with what is known of them
	Failed  []PhoneFailure
	Words   []PhoneWord // what the phones themselves say, those that differ from what was predicted first
}

// PhoneFailure is a phone that could not be told to restart.
type PhoneFailure struct {
	Name string
	Err  error
}

// ResetPhones restarts phones in batches and waits for each batch to register again
// before the next: a CTL that phones refuse shows in the first batch. It asks the person
// first. An error ends it between two batches.
func (s *Session) ResetPhones(ctx context.Context, r ResetRequest) (*ResetResult, error) {
	s.job = JobReset
	if err := s.Cluster.Site.Need(reach.AbilityPhones); err != nil {
		return nil, fail(BadRequest, textOf.With("what", err), hintResetByHand.With())
	}
	phones, err := s.toReset(ctx, r.Names)
	if err != nil {
		return nil, err
	}
	if r.Batch <= 0 {
		r.Batch = DefaultBatch
	}
	if r.Wait <= 0 {
		r.Wait = DefaultWait
	}
	ok, err := s.ui.Confirm(ctx, Confirmation{
		Title: askReset.With("n", len(phones)),
		Text:  askResetText.With("n", len(phones), "batch", r.Batch),
	})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fail(Declined, textNoReset.With())
	}
	out := &ResetResult{}
	for batch := range slices.Chunk(phones, r.Batch) {
		if err := s.resetAndAsk(ctx, batch, r, out, len(phones)); err != nil {
			return out, err
		}
	}
	slices.SortStableFunc(out.Words, byDifference)
	return out, nil
}

// resetAndAsk resets a batch, and reads what its phones say before and after.
func (s *Session) resetAndAsk(ctx context.Context, phones []LivePhone, r ResetRequest, out *ResetResult, total int) error {
	var batch []string
	for _, p := range phones {
		batch = append(batch, p.Name)
	}
	if r.Quiet {
		return s.resetBatch(ctx, batch, r.Wait, out, total)
	}
	before, _, err := s.readPages(ctx, phones)
	if err != nil {
		return err
	}
	if err := s.resetBatch(ctx, batch, r.Wait, out, total); err != nil {
		return err
	}
	now, errs, err := s.readPages(ctx, phones)
	if err != nil {
		return err
	}
	words := wordsOfPhones(phones, before, now, errs, s.predictions(ctx, phones))
	out.Words = append(out.Words, words...)
	return s.keepHeard(words, now)
}

// toReset are the phones to reset: those named, else all that are registered.
func (s *Session) toReset(ctx context.Context, named []string) (phones []LivePhone, err error) {
	defer s.step(StepPhones, sayRegistered.With())(&err)
	wanted := map[string]bool{}
	for _, name := range named {
		wanted[name] = true
	}
	err = s.Phones(ctx, true, func(p LivePhone) error {
		registered := p.Registered == reach.Registered || p.Registered == reach.PartiallyRegistered
		if wanted[p.Name] || len(named) == 0 && registered {
			phones = append(phones, p)
			delete(wanted, p.Name)
		}
		return nil
	})
	switch {
	case err != nil:
	case len(wanted) > 0:
		err = fail(BadRequest, textNoSuchPhone.With("names", slices.Sorted(maps.Keys(wanted))))
	case len(phones) == 0:
		err = fail(BadRequest, textNoneRegistered.With())
	}
	return phones, err
}

func (s *Session) resetBatch(ctx context.Context, batch []string, wait time.Duration, out *ResetResult, total int) (err error) {
	defer s.step(StepReset, sayReset.With("n", len(batch)))(&err)
	waiting := map[string]LivePhone{}
	_, err = s.Cluster.Site.Phones.Reset(ctx, batch, func(name string, err error) {
		if err != nil {
			out.Failed = append(out.Failed, PhoneFailure{name, err})
			return
		}
		out.Asked++
		waiting[name] = LivePhone{Name: name}
	})
	if err != nil {
		return err
	}
	err = s.waitRegistered(ctx, waiting, wait, out, total)
	for _, name := range batch {
		if p, missing := waiting[name]; missing {
			out.Missing = append(out.Missing, p)
		}
	}
	return err
}

// waitRegistered looks until no phone is waited for, or the time is up. A cluster that is asked
// too often, by whomever, is asked again later: the phones restart all the same.
func (s *Session) waitRegistered(ctx context.Context, waiting map[string]LivePhone, wait time.Duration, out *ResetResult, total int) error {
	pause := pollPhones
	for until := s.now().Add(wait); len(waiting) > 0; pause = min(2*pause, pollMost) {
		if err := s.pause(ctx, pause); err != nil {
			return err
		}
		_, err := s.Cluster.Site.Phones.Live(ctx, slices.Sorted(maps.Keys(waiting)), func(p reach.Phone) error {
			waiting[p.Name] = p
			if p.Registered == reach.Registered {
				delete(waiting, p.Name)
				out.Back++
			}
			return nil
		})
		over := s.now().After(until)
		if err != nil && (over || reach.ClassOf(err) != reach.Refused) {
			return err
		}
		s.emit(Event{Type: EventProgress, Step: StepReset, Done: out.Back, Total: total})
		if over {
			return nil
		}
	}
	return nil
}
