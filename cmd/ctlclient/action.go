package main

import (
	"cmp"
	"runtime"
	"slices"
	"strings"

	"ctlclient/message"
)

// aToken stands in a command for a choice that only the person can make.
const aToken = "<a token of the list>"

// command words an action as what is typed for it.
func (app *app) command(a message.Action) string {
	signer := app.word(aToken)
	file := typed(a.File, runtime.GOOS)
	lab := "lab up"
	if a.File != "" {
		lab += " --dir " + file
	}
	line, known := map[message.Verb]string{
		message.SeeStatus:     "cluster status",
		message.SeeHistory:    "history",
		message.Resume:        "resume " + a.ID,
		message.TakeBack:      "rollback " + a.ID,
		message.CloseJob:      "resume --close " + a.ID,
		message.Distribute:    "distribute " + cmp.Or(file, "FILE"),
		message.Update:        "update --sign-with " + signer,
		message.AddToken:      "update --sign-with " + signer + " --add-token " + cmp.Or(a.Name, "pkcs11:token=SECOND"),
		message.RemoveRecord:  "update --sign-with " + signer + " --remove " + cmp.Or(a.Name, "SELECTOR"),
		message.ListAnchors:   "update --server-sast keep --sign-with " + signer,
		message.ToTokens:      "migrate to-tokens --token pkcs11:token=FIRST --token pkcs11:token=SECOND --sign-with pkcs11:token=FIRST",
		message.ToTokenless:   "migrate to-tokenless",
		message.SetMixed:      "mode mixed --sign-with pkcs11:token=FIRST --add-token pkcs11:token=SECOND",
		message.SetNonSecure:  "mode non-secure --sign-with " + signer,
		message.PublisherSign: "migrate to-tokenless",
		message.RecoverCTL:    "recover ctl",
		message.RecoverITL:    "recover itl",
		message.PublisherMode: "mode " + cmp.Or(a.Name, "mixed") + " --tokenless",
		message.AddMissing:    "cluster add --missing",
		message.MeetServers:   "cluster pin",
		message.ListTokens:    "token list",
		message.ExportTokens:  "token export --all --dir .",
		message.UploadTrust:   "trust add CERT",
		message.VerifyFile:    "file verify " + cmp.Or(file, "FILE"),
		message.SayCleared:    "phone cleared NAME",
		message.Rehearse:      lab,
		message.AddCluster:    "cluster add",
		message.MakePractice:  "lab tokens",
		message.ResetPractice: "lab tokens --reset",
		message.ChangePIN:     "token pin",
		message.InitToken:     "token init",
		message.EraseToken:    "token init --erase",
	}[a.Do]
	switch {
	case known && slices.Contains(withoutProfile, a.Do):
		return "ctlclient " + strings.TrimSpace(line)
	case known:
		if a.Do == message.AddMissing && a.Name != "" { // of a profile that was not named by --profile
			return "ctlclient --profile " + typed(a.Name, runtime.GOOS) + " " + line
		}
		return app.ofCluster(line)
	}
	return app.flag(a)
}

// withoutProfile are the commands that are about no cluster, or make one.
var withoutProfile = []message.Verb{
	message.ListTokens, message.ExportTokens, message.VerifyFile, message.Rehearse, message.AddCluster, message.MakePractice,
	message.ResetPractice, message.ChangePIN, message.InitToken, message.EraseToken,
}

// ofCluster is what is typed for a command about the cluster of --profile.
func (app *app) ofCluster(line string) string {
	with := ""
	if app.profile != "" {
		with = "--profile " + typed(app.profile, runtime.GOOS) + " "
	}
	return "ctlclient " + with + strings.TrimSpace(line)
}

// flag words an action that is a flag of the command, or done elsewhere.
func (app *app) flag(a message.Action) string {
	switch a.Do {
	case message.EditProfile:
		return cmp.Or(a.Name, app.word("the profile"))
	case message.DescribePhone:
		return `fleet = "phones.csv"`
	case message.AcceptLoss:
		return "--accept-loss"
	case message.Overwrite, message.LeaveOut:
		return "--force"
	case message.NameProfile:
		return "--profile FILE"
	case message.GivePIN:
		return "--pin-source prompt|env:NAME|file:PATH|fd:N"
	case message.LastTry:
		return "--final-try"
	case message.NameModule:
		return "--module " + cmp.Or(typed(a.File, runtime.GOOS), "PATH")
	case message.ChooseDigest:
		return "--digest"
	case message.SecondSAST:
		return "--record sast=CERT"
	case message.ListHTTPS:
		return "--record https=CERT"
	case message.SignerVersion:
		return "--signer-version 1.1"
	case message.RestartTFTP:
		return "utils service restart Cisco Tftp"
	}
	return string(a.Do)
}
