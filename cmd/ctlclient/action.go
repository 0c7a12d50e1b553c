package main

import (
	"strings"

	"ctlclient/message"
)

// aToken stands in a command for a choice that only the person can make.
const aToken = "<a token of the list>"

// command words an action as what is typed for it.
func (app *app) command(a message.Action) string {
	signer := app.word(aToken)
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	line, known := map[message.Verb]string{
		message.SeeStatus:     "cluster status",
		message.SeeHistory:    "history",
		message.Resume:        "resume " + a.ID,
		message.TakeBack:      "rollback " + a.ID,
		message.CloseJob:      "resume --close " + a.ID,
		message.Distribute:    "distribute " + or(a.File, "FILE"),
		message.Update:        "update --sign-with " + signer,
		message.AddToken:      "update --sign-with " + signer + " --add-token " + or(a.Name, "pkcs11:token=SECOND"),
		message.RemoveRecord:  "update --sign-with " + signer + " --remove " + or(a.Name, "SELECTOR"),
		message.ListAnchors:   "update --server-sast keep --sign-with " + signer,
		message.ToTokens:      "migrate to-tokens --token pkcs11:token=FIRST --token pkcs11:token=SECOND --sign-with pkcs11:token=FIRST",
		message.ToTokenless:   "migrate to-tokenless",
		message.SetMixed:      "mode mixed --sign-with pkcs11:token=FIRST --add-token pkcs11:token=SECOND",
		message.SetNonSecure:  "mode non-secure --sign-with " + signer,
		message.PublisherSign: "migrate to-tokenless",
		message.RecoverCTL:    "recover ctl",
		message.RecoverITL:    "recover itl",
		message.PublisherMode: "mode " + or(a.Name, "mixed") + " --tokenless",
		message.AddMissing:    "cluster add --missing",
		message.MeetServers:   "cluster pin",
		message.ListTokens:    "token list",
		message.ExportTokens:  "token export --all --dir .",
		message.UploadTrust:   "trust add CERT",
		message.VerifyFile:    "file verify " + or(a.File, "FILE"),
		message.SayCleared:    "phone cleared NAME",
		message.Rehearse:      "lab up",
	}[a.Do]
	if known {
		return "ctlclient " + strings.TrimSpace(line)
	}
	switch a.Do {
	case message.EditProfile:
		return or(a.Name, app.word("the profile"))
	case message.DescribePhone:
		return `fleet = "phones.csv"`
	case message.AcceptLoss:
		return "--accept-loss"
	case message.Overwrite:
		return "--force"
	case message.RestartTFTP:
		return "utils service restart Cisco Tftp"
	}
	return string(a.Do)
}
