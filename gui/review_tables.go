package gui

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2/container"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// phoneClass is phones of one model for which the same will happen for the same reason.
type phoneClass struct {
	trust.Class
	first trust.Verdict // one of them, for its steps
}

// classesOf groups verdicts; phones that would be lost stand first, then those of which it is
// not certain.
func classesOf(vs []trust.Verdict) []phoneClass {
	var classes []phoneClass
	for _, c := range trust.Summarise(vs) {
		classes = append(classes, phoneClass{Class: c})
	}
	// Each group is there in the order in which its first phone is.
	next := 0
	for _, v := range vs {
		if next < len(classes) && classes[next].holds(v) {
			classes[next].first = v
			next++
		}
	}
	rank := func(c phoneClass) int {
		switch {
		case c.Lost():
			return 0
		case !c.Certain:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(classes, func(a, b phoneClass) int { return rank(a) - rank(b) })
	return classes
}

// holds reports that a verdict is of the kind that made the class.
func (c phoneClass) holds(v trust.Verdict) bool {
	return c.Model == v.Phone.Model && c.Accept == v.Accept && c.Certain == v.Certain && c.Reason == v.Reason &&
		c.ByTVS == v.ByTVS && c.Supposed == v.Phone.Supposed() &&
		(c.Model != "" || len(c.Names) == 0 || c.Names[0] == v.Phone.Name)
}

func (r *reviewScreen) fillPhones(vs []trust.Verdict) {
	accept, lost, unsure := trust.Totals(vs)
	r.totals.Add(flush(wrapped(t("review.totals", map[string]any{
		"Accept": fmt.Sprint(accept), "Lost": fmt.Sprint(lost), "Unsure": fmt.Sprint(unsure)}))))
	r.classes = classesOf(vs)
	var rows [][]cell
	for _, c := range r.classes {
		rows = append(rows, []cell{{text: c.text()}, verdictCell(c.Accept, c.Certain, c.Supposed), {text: c.Reason}})
	}
	const readable = 60 // so many groups are read, more are searched
	r.phones.wrap = len(rows) <= readable
	r.phones.selected = -1
	r.phones.setRows(rows)
}

// text names the phones of a class.
func (c phoneClass) text() string {
	switch {
	case c.Phones == 1 && len(c.Names) == 1:
		return phoneText(c.Names[0], c.Model)
	case c.Model == "":
		return t("review.class.any", map[string]any{"Count": fmt.Sprint(c.Phones)})
	}
	return t("review.class", map[string]any{"Count": fmt.Sprint(c.Phones), "Model": c.Model})
}

// phoneText is a phone's name with its model, where that does not stand in the name.
func phoneText(name, model string) string {
	if model == "" || !strings.HasPrefix(name, "SEP") && strings.Contains(name, model) {
		return name
	}
	return name + " (" + model + ")"
}

// verdictCell is a sign and a word.
func verdictCell(accept, certain, supposed bool) cell {
	switch {
	case accept && certain:
		return cell{t("verdict.accepts"), goodSign}
	case accept:
		return cell{t("verdict.likely"), goodSign}
	case certain && supposed:
		return cell{t("verdict.supposed"), warnSign}
	case certain:
		return cell{t("verdict.rejects"), badSign}
	}
	return cell{t("verdict.unknown"), unsureSign}
}

// explain shows the steps that lead to a verdict, and which phones it is about.
func (r *reviewScreen) explain(row int) {
	r.why.RemoveAll()
	if row < 0 || row >= len(r.classes) {
		return
	}
	c := r.classes[row]
	box := container.NewVBox()
	if len(c.Names) > 1 {
		box.Add(facts(t("review.which"), someOf(c.Names)))
	}
	for i, step := range c.first.Steps {
		s := goodSign
		if !step.OK {
			s = badSign
		}
		box.Add(flush(wrapped(number(i) + ". " + step.What)))
		box.Add(signed(s, step.Outcome))
	}
	if c.Source != "" {
		box.Add(flush(quietText(t("review.source", map[string]any{"Source": c.Source}))))
	}
	r.why.Add(newPanel(container.New(inset, box)))
	r.why.Refresh()
	r.body.reveal(r.why, 0, peek)
}

// someOf names phones, as many as a person reads.
func someOf(names []string) string {
	const most = 40
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " " + t("review.more", map[string]any{"Count": fmt.Sprint(len(names) - most)})
}

// change is one record, as it is and as it will be; nil: not there.
type change struct {
	old, new *ctlbuild.Record
	sign     sign
}

// word says what happens to a record.
func (c change) word() string {
	if word := c.sign.word(); word != "" {
		return word
	}
	return t("mark.stays")
}

// fewRecords that stay as they are stand below those that change; more would hide them.
const fewRecords = 30

// changesOf puts the records of now and then beside each other: what changes first.
func changesOf(p *workflow.Plan) []change {
	var list []change
	touched := map[int]bool{}
	for _, c := range p.Diff.Changes {
		if c.Old >= 0 {
			touched[c.Old] = true
		}
		s := changeSign
		switch c.Kind {
		case ctlbuild.Added:
			s = addSign
		case ctlbuild.Removed:
			s = removeSign
		}
		list = append(list, change{c.OldRec, c.NewRec, s})
	}
	if p.Old != nil {
		for i := range p.Old.Records {
			if rec := &p.Old.Records[i]; !touched[i] {
				list = append(list, change{rec, rec, noSign})
			}
		}
	}
	return list
}

func (r *reviewScreen) fillDiff(p *workflow.Plan) {
	now, then := t("overview.no-ctl"), ""
	if p.Old != nil {
		now = t("review.sum", map[string]any{"Records": fmt.Sprint(len(p.Old.Records)), "Signer": signerOf(p.Old)})
	}
	if p.Draft != nil {
		then = t("review.sum", map[string]any{"Records": fmt.Sprint(len(p.Draft.Records)), "Signer": p.SignerName()})
	} else if l := r.s.model.job.signed; l != nil {
		then = t("review.sum", map[string]any{"Records": fmt.Sprint(len(l.Records)), "Signer": signerOf(l)})
	}
	r.sums.Add(facts(t("review.now"), now, t("review.then"), then))
	r.changes = changesOf(p)
	if stay := slices.IndexFunc(r.changes, func(c change) bool { return c.sign == noSign }); stay >= 0 && len(r.changes)-stay > fewRecords {
		r.sums.Add(flush(quietText(t("review.stay", map[string]any{"Count": fmt.Sprint(len(r.changes) - stay)}))))
		r.changes = r.changes[:stay]
	}
	var rows [][]cell
	for _, c := range r.changes {
		row := []cell{{c.word(), c.sign}, {}, {}, {}}
		for i, rec := range []*ctlbuild.Record{c.old, c.new} {
			if rec != nil {
				row[1].text, row[2+i].text = typeText(rec.Function()), recordText(rec)
			}
		}
		rows = append(rows, row)
	}
	r.diff.selected = -1
	r.diff.setRows(rows)
}

// showRecord shows a record in full, as it is beside as it will be.
func (r *reviewScreen) showRecord(row int) {
	r.record.RemoveAll()
	if row < 0 || row >= len(r.changes) {
		return
	}
	c := r.changes[row]
	if c.old == nil || c.new == nil || c.sign == noSign {
		rec := c.new
		if rec == nil {
			rec = c.old
		}
		r.record.Add(detailBox(recordPairs(rec)))
	} else {
		r.record.Add(container.NewGridWithColumns(2,
			section(t("review.now"), detailBox(recordPairs(c.old))),
			section(t("review.then"), detailBox(recordPairs(c.new)))))
	}
	r.record.Refresh()
	r.body.reveal(r.record, 0, peek)
}

func recordText(r *ctlbuild.Record) string {
	name := strings.TrimSpace(r.CN())
	if name == "" {
		name = r.SubjectName()
	}
	host := r.DNSName()
	switch {
	case r.IsStub():
		return stubText(host)
	case host == "" || host == name:
		return name
	case name == "":
		return host
	}
	return name + " · " + host
}

// stubText names a record that has no certificate.
func stubText(host string) string {
	return strings.TrimSpace(host + " (" + t("details.stub") + ")")
}
