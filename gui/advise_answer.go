package gui

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/trust/advise"
	"ctlclient/trust/play"
)

// show draws an answer: first whether it is safe, then what would be lost and how sure that is,
// what to do first, and the steps.
func (a *adviseScreen) show(given advise.Advice) {
	a.given = &given
	a.answer.RemoveAll()
	a.answer.Add(widgets.NewNotice(answerKind(given), say(given.Summary)))
	a.section("advise.lost", losses(given.Lost, widgets.BadSign))
	a.section("advise.unsure", losses(given.Unsure, widgets.UnsureSign))
	a.section("advise.why", findings(slices.DeleteFunc(slices.Clone(given.Breaks), advise.Finding.Repeats)))
	a.section("advise.first", numbered(given.First))
	a.section("advise.steps", a.steps(given.Steps))
	a.section("advise.know", findings(given.Cautions))
	if len(given.Records) > 0 {
		a.answer.Add(widgets.Flush(widgets.QuietText(t("advise.rests-on", map[string]any{"Records": say(message.Phrase("%s", given.Records))}))))
	}
	a.answer.Add(widgets.NewCopyButton(t("advise.copy"), func() string { return answerText(given) }))
	a.answer.Refresh()
	a.Body.Reveal(a.answer, 0, 200)
}

// answerKind is how the answer stands out.
func answerKind(given advise.Advice) widgets.NoticeKind {
	waits := slices.ContainsFunc(given.Steps, func(st advise.Step) bool { return !st.Stop.IsZero() })
	switch {
	case given.Safe && waits:
		return widgets.WarningNotice
	case given.Safe:
		return widgets.GoodNotice
	case len(given.Breaks) > 0 || given.Certain:
		return widgets.DangerNotice
	}
	return widgets.WarningNotice
}

func (a *adviseScreen) section(key string, objects []fyne.CanvasObject) {
	if len(objects) > 0 {
		a.answer.Add(widgets.Section(t(key), objects...))
	}
}

func losses(list []advise.Loss, sign widgets.Sign) (out []fyne.CanvasObject) {
	for _, l := range list {
		out = append(out, widgets.Signed(sign, say(l.Message())))
	}
	return out
}

// findings are notices, each with what to do where it has happened and where the rule stands.
func findings(list []advise.Finding) (out []fyne.CanvasObject) {
	for _, f := range list {
		text, who := say(f.Message), say(f.Who)
		if who != "" && !strings.Contains(text, who) {
			text = who + ": " + text
		}
		var below []fyne.CanvasObject
		if !f.Recover.IsZero() {
			below = append(below, widgets.Flush(widgets.Wrapped(t("advise.happened", map[string]any{"Do": say(f.Recover)}))))
		}
		below = append(below, widgets.Flush(widgets.QuietText(t("review.source", map[string]any{"Source": f.Source}))))
		out = append(out, widgets.NewNotice(noticeOf(f.Severity), text, below...))
	}
	return out
}

func numbered(list []message.Message) (out []fyne.CanvasObject) {
	for i, m := range list {
		out = append(out, widgets.Flush(widgets.Wrapped(fmt.Sprintf("%d. %s", i+1, say(m)))))
	}
	return out
}

// steps are numbered; where one must not stop, that stands below in words and with its sign. What
// this program does itself has its button.
func (a *adviseScreen) steps(list []advise.Step) (out []fyne.CanvasObject) {
	for i, st := range list {
		out = append(out, widgets.Flush(widgets.Wrapped(fmt.Sprintf("%d. %s", i+1, say(st.Text)))))
		if !st.Stop.IsZero() {
			out = append(out, widgets.Signed(widgets.WarnSign, say(st.Stop)))
		}
		if action, ok := stepAction(st); ok {
			if do := a.s.deed(action); do != nil {
				out = append(out, widgets.ButtonRow(widgets.NewButton(actionText(action), theme.NavigateNextIcon(), do)))
			}
		}
	}
	return out
}

// stepAction is what this program does for a step, where it does it.
func stepAction(st advise.Step) (message.Action, bool) {
	for _, p := range st.Plays {
		for _, act := range p.Acts {
			switch act.Kind {
			case play.UpdateCTL:
				return message.Action{Do: message.Update}, true
			case play.ResetCTLKey:
				return message.Action{Do: message.RecoverCTL}, true
			case play.ResetITLKey:
				return message.Action{Do: message.RecoverITL}, true
			}
		}
		if len(p.Acts) > 0 {
			break
		}
	}
	return message.Action{}, false
}

// answerText is the answer to hand on.
func answerText(given advise.Advice) string {
	var b strings.Builder
	b.WriteString(say(given.Summary) + "\n")
	part := func(key string, lines []string) {
		for i, l := range lines {
			if i == 0 {
				b.WriteString("\n" + t(key) + "\n")
			}
			b.WriteString(l + "\n")
		}
	}
	var lost, unsure, first, steps, know []string
	for _, l := range given.Lost {
		lost = append(lost, "- "+say(l.Message()))
	}
	for _, l := range given.Unsure {
		unsure = append(unsure, "- "+say(l.Message()))
	}
	for i, m := range given.First {
		first = append(first, fmt.Sprintf("%d. %s", i+1, say(m)))
	}
	for i, st := range given.Steps {
		steps = append(steps, strings.TrimSpace(fmt.Sprintf("%d. %s %s", i+1, say(st.Text), say(st.Stop))))
	}
	for _, f := range append(slices.Clone(given.Breaks), given.Cautions...) {
		know = append(know, "- "+say(f.Message)+" ("+f.Source+")")
	}
	part("advise.lost", lost)
	part("advise.unsure", unsure)
	part("advise.first", first)
	part("advise.steps", steps)
	part("advise.know", know)
	return b.String()
}
