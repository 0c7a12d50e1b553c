package workflow

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/pages"
	"ctlclient/ctlbuild"
	"ctlclient/internal/atomicfile"
	"ctlclient/trust"
	"ctlclient/trust/phoneword"
)

// PhoneWord is what a phone itself says of its trust list, beside what was predicted.
type PhoneWord struct {
	Name, Model string
	Word        phoneword.Word
	Err         error // why its page could not be read
	// Predicted is the verdict of the newest job; nil: there was none for this phone.
	Predicted *trust.Verdict
}

// Differs reports a phone that says another thing than was predicted.
func (w PhoneWord) Differs() bool {
	if w.Predicted == nil || !w.Predicted.Certain {
		return false
	}
	return w.Word.Verdict == phoneword.Took && !w.Predicted.Accept || w.Word.Verdict == phoneword.Kept && w.Predicted.Accept
}

// readings are what phones said the last time, kept beside the cluster's journal: a phone
// may come back long after a job.
type readings map[string]phoneword.Reading

func (s *Session) readingsFile() string {
	return filepath.Join(s.Cluster.Dir(), "phones.json")
}

// maxReadings bounds the file, in bytes: ten messages of a hundred thousand phones.
const maxReadings = 256 << 20

func (s *Session) keptReadings() (readings, error) {
	r := readings{}
	err := atomicfile.ReadJSON(s.readingsFile(), maxReadings, &r)
	return r, err
}

func (s *Session) keepReadings(r readings) error {
	return atomicfile.WriteJSON(s.readingsFile(), r)
}

// keepHeard keeps what was read of phones, the newest last, and the words for the record of the
// newest job; without words there is none to keep.
func (s *Session) keepHeard(words []PhoneWord, read ...readings) error {
	kept, err := s.keptReadings()
	if err != nil {
		return err
	}
	for _, r := range read {
		kept = merge(kept, r)
	}
	return errors.Join(s.keepReadings(kept), s.keepSaid(words))
}

// readPages asks phones for their pages now.
func (s *Session) readPages(ctx context.Context, phones []LivePhone) (now readings, errs map[string]error, err error) {
	now, errs = readings{}, map[string]error{}
	defer s.step(StepPages, sayPages.With("n", len(phones)))(&err)
	done := 0
	err = pages.Read(ctx, phones, s.Cluster.Profile.Practice, func(name string, r phoneword.Reading, err error) {
		done++
		now[name] = r
		if err != nil {
			errs[name] = err
		}
		s.emit(Event{Type: EventProgress, Step: StepPages, Done: done, Total: len(phones)})
	})
	return now, errs, err
}

// VerifyPhones reads what phones say of themselves, and compares it with what they said the
// last time: took the new list, kept the old one, nothing said, unknown. names: none is
// every phone that is registered. The first reading has nothing to be compared with but the
// phone's last restart; it is kept for the next. Phones whose word differs from what was
// predicted come first.
func (s *Session) VerifyPhones(ctx context.Context, names []string) ([]PhoneWord, error) {
	if err := s.Cluster.Site.Need(reach.AbilityPhones); err != nil {
		return nil, fail(BadRequest, textOf.With("what", err), hintLookAtPhone.With())
	}
	phones, err := s.addressed(ctx, names)
	if err != nil {
		return nil, err
	}
	before, err := s.keptReadings()
	if err != nil {
		return nil, err
	}
	now, errs, err := s.readPages(ctx, phones)
	if err != nil {
		return nil, err
	}
	words := wordsOfPhones(phones, before, now, errs, s.predictions(ctx, phones))
	return words, errors.Join(s.keepReadings(merge(before, now)), s.keepSaid(words))
}

// predictions are what the newest job that is done was to make of phones: each is taken to
// have held the file of before.
func (s *Session) predictions(ctx context.Context, phones []LivePhone) map[string]*trust.Verdict {
	job, _ := s.newestDone()
	if job == nil {
		return nil
	}
	files, err := cluster.FilesOf(s.opt.StateDir, s.Cluster.Profile.Name, job.ID)
	if err != nil {
		return nil
	}
	fresh, err := ctlbuild.Parse(files.New)
	if err != nil {
		return nil
	}
	held, err := ctlbuild.Parse(files.FormerOf(job.Nodes))
	if err != nil {
		held = nil // there was none
	}
	return s.foresee(ctx, phones, held, fresh)
}

// foresee is what phones that hold one list make of another; nothing where there is none. A
// phone that an earlier job lost holds an older one.
func (s *Session) foresee(ctx context.Context, phones []LivePhone, held, fresh *ctlbuild.List) map[string]*trust.Verdict {
	if fresh == nil {
		return nil
	}
	older := map[string]*ctlbuild.List{}
	for _, o := range s.Older() {
		older[o.Phone.Name] = o.Phone.CTL
	}
	var described []trust.Phone
	for _, p := range phones {
		holds := held
		if l := older[p.Name]; l != nil {
			holds = l
		}
		described = append(described, trust.Phone{Name: p.Name, Model: p.Model, NoSBD: s.noSBD(p.Model), CTL: holds, ITL: s.Snapshot.ITL, TVS: p.TVS})
	}
	out := map[string]*trust.Verdict{}
	verdicts := trust.AssessAll(ctx, described, trust.Offer{CTL: fresh}, s.Cluster.TVS())
	for i := range verdicts {
		out[verdicts[i].Phone.Name] = &verdicts[i]
	}
	return out
}

// merge keeps what a phone said before where it could not be read now.
func merge(before, now readings) readings {
	for name, r := range now {
		if r.Read {
			before[name] = r
		}
	}
	return before
}

// addressed are the phones to read, with their addresses.
func (s *Session) addressed(ctx context.Context, names []string) (phones []LivePhone, err error) {
	defer s.step(StepPhones, sayWherePhones.With())(&err)
	err = s.Phones(ctx, true, func(p LivePhone) error {
		wanted := len(names) == 0 && p.Address.IsValid() || slices.Contains(names, p.Name)
		if wanted {
			phones = append(phones, p)
		}
		return nil
	})
	if err == nil && len(phones) == 0 {
		err = fail(BadRequest, textNoAddress.With())
	}
	return phones, err
}

// wordsOfPhones judges each phone.
func wordsOfPhones(phones []LivePhone, before, now readings, errs map[string]error, predicted map[string]*trust.Verdict) []PhoneWord {
	var out []PhoneWord
	for _, p := range phones {
		w := PhoneWord{Name: p.Name, Model: p.Model, Err: errs[p.Name], Predicted: predicted[p.Name]}
		w.Word = phoneword.Judge(before[p.Name], now[p.Name])
		out = append(out, w)
	}
	slices.SortStableFunc(out, byDifference)
	return out
}

func byDifference(a, b PhoneWord) int {
	switch {
	case a.Differs() == b.Differs():
		return strings.Compare(a.Name, b.Name)
	case a.Differs():
		return -1
	}
	return 1
}
