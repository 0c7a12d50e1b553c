package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"ctlclient/catalogue"
	"ctlclient/gui/widgets"
	"ctlclient/message"
)

// say words what the rooms below have to say, in the window's language and with its buttons'
// names for what can be done.
func say(m message.Message) string { return windowVoice().Say(m) }

// windowVoice is how the window speaks.
func windowVoice() message.Voice {
	l, err := catalogue.Of(t("app.language"))
	if err != nil {
		l = nil // a test holds that the catalogue can be read; English is better than nothing
	}
	return message.Voice{Language: l, Word: actionText}
}

// because is the reason of a verdict; in English where it has no key yet.
func because(why message.Message, english string) string {
	if why.IsZero() {
		return english
	}
	return say(why)
}

// actionText is an action as the window names it.
func actionText(a message.Action) string {
	return t("do."+string(a.Do), map[string]any{"Name": a.Name, "Node": a.Node, "File": a.File, "ID": a.ID})
}

// jobOf is the job that an action begins.
func jobOf(a message.Action) (jobKind, bool) {
	switch a.Do {
	case message.Update, message.AddToken, message.RemoveRecord, message.ListAnchors:
		return jobUpdate, true
	case message.PublisherSign: // the publisher signs a tokenless list itself
		return jobUpdate, true
	case message.ToTokens:
		return jobToTokens, true
	case message.ToTokenless:
		return jobToTokenless, true
	case message.RecoverCTL:
		return jobRecoverCTL, true
	case message.RecoverITL:
		return jobRecoverITL, true
	case message.SetMixed:
		return jobMixed, true
	case message.SetNonSecure:
		return jobNonSecure, true
	case message.PublisherMode:
		if a.Name == "mixed" {
			return jobMixed, true
		}
		return jobNonSecure, true
	}
	return "", false
}

// deed is what the window does for an action, nil where it is done elsewhere: on the publisher, at
// a phone, or by the person.
func (s *shell) deed(a message.Action) func() {
	if kind, ok := jobOf(a); ok {
		if s.model.session == nil {
			return nil
		}
		return func() { s.begin(kind) }
	}
	open := func(id screenID) func() { return func() { s.open(id) } }
	switch a.Do {
	case message.SeeStatus:
		return func() { s.open(screenOverview); s.refresh() }
	case message.SeeHistory, message.CloseJob:
		return open(screenHistory)
	case message.Resume, message.TakeBack:
		if a.ID == "" || s.model.session == nil {
			return open(screenHistory)
		}
		kind := jobResume
		if a.Do == message.TakeBack {
			kind = jobTakeBack
		}
		return func() { s.reviewEarlier(a.ID, kind) }
	case message.Distribute:
		return open(screenAction)
	case message.UploadTrust:
		if s.model.canTrust {
			return s.listTrust
		}
		return open(screenTokens)
	case message.AddCluster, message.NameProfile:
		return open(screenClusters)
	case message.ListTokens, message.ExportTokens, message.ChangePIN, message.InitToken, message.EraseToken, message.NameModule:
		return open(screenTokens)
	case message.VerifyFile:
		return open(screenInspect)
	case message.AddMissing:
		if s.model.session != nil {
			return s.completeProfile
		}
	case message.EditProfile, message.MeetServers, message.DescribePhone:
		if s.model.profile != nil {
			return func() { s.editProfile(s.model.profile) }
		}
		return open(screenClusters)
	case message.SayCleared:
		if len(s.model.older) > 0 {
			return s.showOlder
		}
	case message.RestartTFTP:
		if s.model.session != nil {
			return func() { s.askRestart(func(bool) {}) }
		}
	case message.Rehearse:
		return func() { s.practise(PracticeAgent, false) }
	}
	return nil
}

// deeds are buttons for what a message says can be done, as far as the window does it.
func (s *shell) deeds(m message.Message) []fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	for _, a := range m.Actions() {
		if do := s.deed(a); do != nil {
			buttons = append(buttons, widgets.NewButton(actionText(a), theme.NavigateNextIcon(), do))
		}
	}
	if len(buttons) == 0 {
		return nil
	}
	return []fyne.CanvasObject{widgets.ButtonRow(buttons...)}
}
