package workflow

import (
	"path/filepath"
	"slices"
	"strings"

	"ctlclient/cluster"
	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// PhoneSaid is a PhoneWord for a record: what a phone said after a job.
type PhoneSaid struct {
	Phone     string `json:"phone"`
	Model     string `json:"model,omitempty"`
	Says      string `json:"says"` // took the new list, kept the old list, nothing said, unknown
	Message   string `json:"message,omitempty"`
	Predicted string `json:"predicted,omitempty"` // accept, refuse, not certain
	Differs   bool   `json:"differs"`
	Error     string `json:"error,omitempty"`

	ErrorText message.Message `json:"-"` // Error, in the languages that it was kept in
}

// keptSaid is a PhoneSaid on disk.
type keptSaid struct {
	PhoneSaid
	ErrorIn message.Kept `json:"error_in,omitempty"`
}

func keepPhoneSaid(w PhoneWord) keptSaid {
	k := keptSaid{PhoneSaid: w.Said()}
	if w.Err != nil {
		k.ErrorIn = message.KeepError(w.Err).Others()
	}
	return k
}

// Said is the word for a record.
func (w PhoneWord) Said() PhoneSaid {
	j := PhoneSaid{Phone: w.Name, Model: w.Model, Says: w.Word.Verdict.String(), Message: w.Word.Deciding.Text, Differs: w.Differs()}
	if w.Err != nil {
		j.Error = strings.Join(strings.Fields(w.Err.Error()), " ")
	}
	if p := w.Predicted; p != nil {
		j.Predicted = "not certain"
		switch {
		case p.Certain && p.Accept:
			j.Predicted = "accept"
		case p.Certain:
			j.Predicted = "refuse"
		}
	}
	return j
}

// saidFile keeps what phones said after the newest job that is done, beside the journal.
const saidFile = "phones-said.json"

// maxSaid bounds it, in bytes: a hundred thousand phones with a message each.
const maxSaid = 64 << 20

type saidRecord struct {
	Job    string     `json:"job"`
	Phones []keptSaid `json:"phones"`
}

// keepSaid adds to what phones said after the newest job; what was said after an older one
// makes way.
func (s *Session) keepSaid(words []PhoneWord) error {
	job, _ := s.newestDone()
	if job == nil || len(words) == 0 {
		return nil
	}
	r, err := readSaid(s.Cluster.Dir())
	if err != nil {
		return err
	}
	if r.Job != job.ID {
		r = saidRecord{Job: job.ID}
	}
	anew := map[string]bool{}
	for _, w := range words {
		anew[w.Name] = true
	}
	r.Phones = slices.DeleteFunc(r.Phones, func(p keptSaid) bool { return anew[p.Phone] })
	for _, w := range words {
		r.Phones = append(r.Phones, keepPhoneSaid(w))
	}
	return atomicfile.WriteJSON(filepath.Join(s.Cluster.Dir(), saidFile), r)
}

// newestDone is the newest job that is done, nil: there is none.
func (s *Session) newestDone() (*cluster.Job, error) {
	jobs, err := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	if i := slices.IndexFunc(jobs, func(j cluster.Job) bool { return j.State == cluster.StateFinished }); i >= 0 {
		return &jobs[i], nil
	}
	return nil, err
}

// SaidAfter is what phones said of themselves after a job; none where they were not asked,
// or a newer job was done since.
func SaidAfter(stateDir string, j cluster.Job) ([]PhoneSaid, error) {
	r, err := readSaid(cluster.DirOf(stateDir, j.Cluster))
	if err != nil || r.Job != j.ID {
		return nil, err
	}
	said := make([]PhoneSaid, len(r.Phones))
	for i, k := range r.Phones {
		said[i] = k.PhoneSaid
		said[i].ErrorText = message.KeptAs(k.Error, k.ErrorIn).Message()
	}
	return said, nil
}

func readSaid(dir string) (r saidRecord, err error) {
	err = atomicfile.ReadJSON(filepath.Join(dir, saidFile), maxSaid, &r)
	return r, err
}
