package gui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/trust"
)

// comparison is what lies between two lists, as a table of records, and what phones that hold
// the first make of the second.
type comparison struct {
	root    *fyne.Container
	below   *fyne.Container // what phones do
	head    *fyne.Container
	diff    *widgets.Table
	phones  *widgets.Table
	split   *widgets.Split
	changes []change
	steps   []trust.Verdict
}

func newComparison() *comparison {
	c := &comparison{head: container.NewVBox()}
	c.diff = widgets.NewChooser(c.showRecord, widgets.Column{Title: t("review.change"), Share: 150}, widgets.Column{Title: t("entries.type"), Share: 150},
		widgets.Column{Title: t("inspect.first"), Share: 300}, widgets.Column{Title: t("inspect.second"), Share: 300})
	c.phones = widgets.NewChooser(c.showPhone, widgets.Column{Title: t("review.phone"), Share: 250}, widgets.Column{Title: t("review.verdict"), Share: 150},
		widgets.Column{Title: t("review.reason"), Share: 500})
	c.phones.Wrap = true
	c.below = widgets.Section(t("review.phones"), c.phones)
	c.split = widgets.NewSplit(container.NewVBox(c.head, widgets.NewFinder(c.diff).Object, c.diff, c.below))
	c.root = container.NewStack(c.split.Object)
	return c
}

// clear says what would be shown.
func (c *comparison) clear() {
	c.split.Show(nil)
	c.head.RemoveAll()
	c.head.Add(emptyNote("inspect.compare.none"))
	c.diff.Hide()
	c.phones.SetRows(nil)
	c.below.Hide()
}

// show compares a file with another.
func (c *comparison) show(first, second string, old, new *ctlbuild.List, phones []trust.Verdict) {
	c.split.Show(nil)
	c.head.RemoveAll()
	d := ctlbuild.Compare(old, new)
	kind, text := widgets.InfoNotice, t("inspect.differ", map[string]any{"First": first, "Second": second, "Count": fmt.Sprint(len(d.Changes))})
	switch {
	case d.Identical:
		kind, text = widgets.GoodNotice, t("inspect.identical", map[string]any{"First": first, "Second": second})
	case len(d.Changes) == 0:
		text = t("inspect.same-records", map[string]any{"First": first, "Second": second})
	}
	c.head.Add(widgets.NewNotice(kind, text))
	c.head.Add(widgets.Facts(t("inspect.first"), first+" · "+t("review.sum", map[string]any{"Records": fmt.Sprint(len(old.Records)), "Signer": signerOf(old)}),
		t("inspect.second"), second+" · "+t("review.sum", map[string]any{"Records": fmt.Sprint(len(new.Records)), "Signer": signerOf(new)})))
	c.changes = changesBetween(d, old)
	c.diff.Show()
	c.diff.SetRows(changeRows(c.changes, differenceWord))
	c.steps = phones
	var rows [][]widgets.Cell
	for _, v := range phones {
		rows = append(rows, []widgets.Cell{{Text: phoneText(v.Phone.Name, v.Phone.Model)}, verdictCell(v.Accept, v.Certain, v.Phone.Supposed()), {Text: because(v.Why, v.Reason)}})
	}
	c.below.Show()
	c.phones.SetRows(rows)
}

// differenceWord says of two files, neither of which is to be written, in which a record is.
func differenceWord(c change) string {
	switch c.sign {
	case widgets.AddSign:
		return t("inspect.only-second")
	case widgets.RemoveSign:
		return t("inspect.only-first")
	case widgets.ChangeSign:
		return t("inspect.differs")
	}
	return t("inspect.same")
}

func (c *comparison) showRecord(row int) {
	c.phones.Unselect()
	if row < 0 || row >= len(c.changes) {
		c.split.Show(nil)
		return
	}
	c.split.Show(c.diff, changeDetails(c.changes[row], t("inspect.first"), t("inspect.second")))
}

func (c *comparison) showPhone(row int) {
	c.diff.Unselect()
	if row < 0 || row >= len(c.steps) {
		c.split.Show(nil)
		return
	}
	c.split.Show(c.phones, verdictDetails(c.steps[row]))
}

// verdictDetails are the steps that lead to a verdict.
func verdictDetails(v trust.Verdict, more ...fyne.CanvasObject) fyne.CanvasObject {
	box := container.NewVBox(more...)
	for i, step := range v.Steps {
		s := widgets.GoodSign
		if !step.OK {
			s = widgets.BadSign
		}
		box.Add(widgets.Flush(widgets.Wrapped(number(i) + ". " + say(step.What))))
		box.Add(widgets.Signed(s, say(step.Outcome)))
	}
	if v.Source != "" {
		box.Add(widgets.Flush(widgets.QuietText(t("review.source", map[string]any{"Source": v.Source}))))
	}
	return widgets.NewPanel(container.New(widgets.Inset, box))
}

// compareWith shows the difference from another list, and what phones that hold this one make of it.
func (i *inspectScreen) compareWith(name string, data []byte) {
	other, err := ctlbuild.Parse(data)
	if err != nil {
		i.s.fail(t("inspect.bad", map[string]any{"Name": name}), err)
		return
	}
	held, mine := i.list, i.name
	start(i.s.tasks, t("inspect.comparing"),
		func(ctx context.Context) ([]trust.Verdict, error) { return assess(ctx, held, other), ctx.Err() },
		func(phones []trust.Verdict, err error) {
			if err != nil {
				i.s.failUnlessStopped(t("inspect.compare"), err)
				return
			}
			i.diff.show(mine, name, held, other, phones)
			i.tabs.Show(tabCompare)
		})
}

// assess says what phones that hold one list make of another. TVS is not asked: which cluster
// the files are of is not known here.
func assess(ctx context.Context, held, offered *ctlbuild.List) []trust.Verdict {
	offer := trust.Offer{CTL: offered}
	if offered.Kind() == ctlbuild.KindITL {
		offer = trust.Offer{ITL: offered}
	}
	var verdicts []trust.Verdict
	for _, phone := range trust.DefaultPhones(held, nil, nil) {
		if held.Kind() == ctlbuild.KindITL {
			phone.CTL, phone.ITL = nil, held
		}
		verdicts = append(verdicts, trust.Assess(ctx, phone, offer, nil))
	}
	return verdicts
}
