// Package report is the record of one job that an administrator keeps, prints, or hands to
// an auditor: who did what, when, with which token; the checksums of the CTL before and
// after; each node and each class of phones; what was accepted against advice; and what
// remains to be done. It is made from the journal alone, so that it can be made at any
// time, and written as JSON or as HTML of one page that prints.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/workflow"
)

// Report of one job.
type Report struct {
	ID       string    `json:"id"`
	Cluster  string    `json:"cluster"`
	Job      string    `json:"job"`
	State    string    `json:"state"` // done, taken-back, unchanged, incomplete
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended,omitzero"`
	By       string    `json:"by,omitempty"` // account and machine
	Signer   string    `json:"signer,omitempty"`
	Mode     string    `json:"mode,omitempty"` // that the job set
	Former   *File     `json:"former"`         // null: there was none
	New      *File     `json:"new"`            // null: the file was removed
	Nodes    []Node    `json:"nodes"`
	Phones   []Phones  `json:"phones,omitempty"`
	Said     []Said    `json:"phones_said,omitempty"` // what phones said of themselves after the job
	Accepted []string  `json:"accepted_against_advice,omitempty"`

	Remains []message.Message `json:"-"` // what remains to be done
}

// File is one CTL file.
type File struct {
	Bytes   int    `json:"bytes"`
	MD5     string `json:"md5"`
	SHA1    string `json:"sha1"`
	Records int    `json:"records"`
	Signer  string `json:"signer,omitempty"`
}

// Node at the end of the job.
type Node struct {
	Name   string `json:"node"`
	Path   string `json:"path,omitempty"`
	Status string `json:"status"`
	SHA256 string `json:"sha256,omitempty"`
	Error  string `json:"error,omitempty"`

	Err error `json:"-"` // what Error says, in the person's language
}

// Said is what one phone said.
type Said = workflow.PhoneSaid

// Phones is a class of phones and what was predicted for it.
type Phones = workflow.PhoneNote

var (
	finishIt    = message.Define("report.remains.finish", "Finish the job, or take it back: {resume}, or {back}.")
	restartAll  = message.Define("report.remains.restart", "Restart TFTP, then CallManager, on all nodes that run them, then the phones.")
	deleteCTL   = message.Define("report.remains.delete", "Delete the CTL by hand on the phones that refuse the new one: {who}.")
	checkNodes  = message.Define("report.remains.nodes", "See what these nodes serve: {nodes}.")
	nothingLeft = message.Define("report.remains.nothing", "Nothing.")
)

// Of makes the report of a job from the journal in stateDir ("": the default).
func Of(stateDir string, j cluster.Job) (*Report, error) {
	files, err := cluster.FilesOf(stateDir, j.Cluster, j.ID)
	if err != nil {
		return nil, err
	}
	r := &Report{
		ID: j.ID, Cluster: j.Cluster, Job: j.Kind, State: j.State, Started: j.Started, Ended: j.Ended,
		By: j.Note["by"], Signer: j.Note["signer"], Mode: j.Note["mode"],
		Former: fileOf(files.FormerOf(j.Nodes)), New: fileOf(files.New),
	}
	for _, n := range j.Nodes {
		node := Node{Name: n.Node, Path: n.Path, Status: n.Status}
		if n.SHA256 != [32]byte{} {
			node.SHA256 = fmt.Sprintf("%x", n.SHA256)
		}
		if n.Err != nil {
			node.Error, node.Err = n.Err.Error(), n.Err
		}
		r.Nodes = append(r.Nodes, node)
	}
	if text := j.Note[workflow.NotePhones]; text != "" {
		if r.Phones, err = workflow.ReadPhoneNotes(text); err != nil {
			return nil, err
		}
	}
	if r.Said, err = workflow.SaidAfter(stateDir, j); err != nil {
		return nil, err
	}
	for _, key := range []string{"accepted-loss", "overridden", "undescribed-phones"} {
		if v := j.Note[key]; v != "" {
			r.Accepted = append(r.Accepted, strings.ReplaceAll(key, "-", " ")+": "+v)
		}
	}
	r.remains(j)
	return r, nil
}

func fileOf(data []byte) *File {
	if data == nil {
		return nil
	}
	f := &File{Bytes: len(data)}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return f
	}
	f.MD5, f.SHA1, f.Records = l.MD5(), l.SHA1(), len(l.Records)
	if rec, _ := l.Signer(); rec != nil {
		f.Signer = strings.TrimSpace(rec.CN())
	}
	return f
}

// remains says what is left to do.
func (r *Report) remains(j cluster.Job) {
	var bad, names []string
	var lost []message.Message
	for _, n := range r.Nodes {
		if n.Status == cluster.StatusFailed || n.Status == cluster.StatusUnknown {
			bad = append(bad, n.Name)
		}
	}
	for _, p := range r.Phones {
		if p.Lost {
			if !slices.Contains(names, p.Who) {
				names, lost = append(names, p.Who), append(lost, p.WhoText)
			}
		}
	}
	if j.State == cluster.StateIncomplete {
		r.Remains = append(r.Remains, finishIt.With("resume", message.Action{Do: message.Resume, ID: j.ID}, "back", message.Action{Do: message.TakeBack, ID: j.ID}))
	}
	if len(bad) > 0 {
		r.Remains = append(r.Remains, checkNodes.With("nodes", bad))
	}
	if j.State == cluster.StateFinished {
		if !j.NoFile && !j.Restarts {
			r.Remains = append(r.Remains, restartAll.With())
		}
		if len(lost) > 0 {
			r.Remains = append(r.Remains, deleteCTL.With("who", lost))
		}
	}
	if len(r.Remains) == 0 {
		r.Remains = append(r.Remains, nothingLeft.With())
	}
}
