package gui

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/message"
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
	r.totals.Add(widgets.Flush(widgets.Wrapped(t("review.totals", map[string]any{
		"Accept": fmt.Sprint(accept), "Lost": fmt.Sprint(lost), "Unsure": fmt.Sprint(unsure)}))))
	r.classes = classesOf(vs)
	var rows [][]widgets.Cell
	for _, c := range r.classes {
		rows = append(rows, []widgets.Cell{{Text: c.text()}, verdictCell(c.Accept, c.Certain, c.Supposed), {Text: because(c.Why, c.Reason)}})
	}
	const readable = 60 // so many groups are read, more are searched
	r.phones.Wrap = len(rows) <= readable
	r.phones.Selected = -1
	r.phones.SetRows(rows)
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
	name = say(message.Words(name)) // of phones that nobody described, the name is words
	if model == "" || !strings.HasPrefix(name, "SEP") && strings.Contains(name, model) {
		return name
	}
	return name + " (" + model + ")"
}

// verdictCell is a sign and a word.
func verdictCell(accept, certain, supposed bool) widgets.Cell {
	switch {
	case accept && certain:
		return widgets.Cell{Text: t("verdict.accepts"), Sign: widgets.GoodSign}
	case accept:
		return widgets.Cell{Text: t("verdict.likely"), Sign: widgets.GoodSign}
	case certain && supposed:
		return widgets.Cell{Text: t("verdict.supposed"), Sign: widgets.WarnSign}
	case certain:
		return widgets.Cell{Text: t("verdict.rejects"), Sign: widgets.BadSign}
	}
	return widgets.Cell{Text: t("verdict.unknown"), Sign: widgets.UnsureSign}
}

// explain shows the steps that lead to a verdict, and which phones it is about.
func (r *reviewScreen) explain(row int) {
	r.diff.Unselect()
	if row < 0 || row >= len(r.classes) {
		r.Split.Show(nil)
		return
	}
	c := r.classes[row]
	var who []fyne.CanvasObject
	if len(c.Names) > 1 {
		who = append(who, widgets.Facts(t("review.which"), someOf(c.Names)))
	}
	r.Split.Show(r.phones, verdictDetails(c.first, who...))
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
	sign     widgets.Sign
}

// word says what happens to a record.
func (c change) word() string {
	if word := c.sign.Word(); word != "" {
		return word
	}
	return t("mark.stays")
}

// fewRecords that stay as they are stand below those that change; more would hide them.
const fewRecords = 30

// changesOf puts the records of now and then beside each other: what changes first.
func changesOf(p *workflow.Plan) []change { return changesBetween(p.Diff, p.Old) }

func changesBetween(d ctlbuild.Diff, old *ctlbuild.List) []change {
	var list []change
	touched := map[int]bool{}
	for _, c := range d.Changes {
		if c.Old >= 0 {
			touched[c.Old] = true
		}
		s := widgets.ChangeSign
		switch c.Kind {
		case ctlbuild.Added:
			s = widgets.AddSign
		case ctlbuild.Removed:
			s = widgets.RemoveSign
		}
		list = append(list, change{c.OldRec, c.NewRec, s})
	}
	if old != nil {
		for i := range old.Records {
			if rec := &old.Records[i]; !touched[i] {
				list = append(list, change{rec, rec, widgets.NoSign})
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
	} else if l := r.s.model.job.file; l != nil {
		then = t("review.sum", map[string]any{"Records": fmt.Sprint(len(l.Records)), "Signer": signerOf(l)})
	}
	r.sums.Add(widgets.Facts(t("review.now"), now, t("review.then"), then))
	r.changes = changesOf(p)
	if stay := slices.IndexFunc(r.changes, func(c change) bool { return c.sign == widgets.NoSign }); stay >= 0 && len(r.changes)-stay > fewRecords {
		r.sums.Add(widgets.Flush(widgets.QuietText(t("review.stay", map[string]any{"Count": fmt.Sprint(len(r.changes) - stay)}))))
		r.changes = r.changes[:stay]
	}
	r.diff.Selected = -1
	r.diff.SetRows(changeRows(r.changes, change.word))
}

func changeRows(changes []change, word func(change) string) [][]widgets.Cell {
	var rows [][]widgets.Cell
	for _, c := range changes {
		row := []widgets.Cell{{Text: word(c), Sign: c.sign, Told: true}, {}, {}, {}}
		for i, rec := range []*ctlbuild.Record{c.old, c.new} {
			if rec != nil {
				row[1].Text, row[2+i].Text = typeText(rec.Function()), recordText(rec)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// changeDetails is a record in full, as it is beside as it will be.
func changeDetails(c change, now, then string) fyne.CanvasObject {
	if c.old == nil || c.new == nil || c.sign == widgets.NoSign {
		rec := c.new
		if rec == nil {
			rec = c.old
		}
		return detailBox(recordPairs(rec))
	}
	return container.NewGridWithColumns(2, widgets.Section(now, detailBox(recordPairs(c.old))),
		widgets.Section(then, detailBox(recordPairs(c.new))))
}

// showRecord shows a record in full, as it is beside as it will be.
func (r *reviewScreen) showRecord(row int) {
	r.phones.Unselect()
	if row < 0 || row >= len(r.changes) {
		r.Split.Show(nil)
		return
	}
	r.Split.Show(r.diff, changeDetails(r.changes[row], t("review.now"), t("review.then")))
}

func recordText(r *ctlbuild.Record) string {
	name := strings.TrimSpace(r.CN())
	if name == "" {
		name = r.SubjectName()
	}
	host := hostOf(r)
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
