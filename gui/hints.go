package gui

import (
	"regexp"
	"slices"
	"strings"

	"ctlclient/message"
)

// A hint that names a command is for the command line; in the window it names the button that
// does the same, and has that button beside it.

// commands are what hints name, the longer before the shorter.
var commands = []struct {
	begins string
	do     message.Action
}{
	{"cluster add --missing", message.Action{Do: message.AddMissing}},
	{"cluster status", message.Action{Do: message.SeeStatus}},
	{"cluster pin", message.Action{Do: message.MeetServers}},
	{"resume", message.Action{Do: message.SeeHistory}},
	{"rollback", message.Action{Do: message.SeeHistory}},
	{"history", message.Action{Do: message.SeeHistory}},
	{"token", message.Action{Do: message.ListTokens}},
	{"mode mixed", message.Action{Do: message.SetMixed}},
	{"mode non-secure", message.Action{Do: message.SetNonSecure}},
	{"recover ctl", message.Action{Do: message.RecoverCTL}},
	{"recover itl", message.Action{Do: message.RecoverITL}},
	{"migrate to-tokenless", message.Action{Do: message.ToTokenless}},
	{"migrate to-tokens", message.Action{Do: message.ToTokens}},
	{"update", message.Action{Do: message.Update}},
	{"distribute", message.Action{Do: message.Distribute}},
	{"file", message.Action{Do: message.VerifyFile}},
	{"lab", message.Action{Do: message.Rehearse}},
}

var commandInHint = regexp.MustCompile("`?ctlclient ((?:--profile \\S+ )?[a-z][^`;)\\n]*)`?")

// hint words a hint for the window, with what can be done about it.
func hint(text string) (string, []message.Action) {
	var actions []message.Action
	quoted := func(words string) string { return "“" + strings.TrimSuffix(words, "…") + "”" }
	text = commandInHint.ReplaceAllStringFunc(text, func(command string) string {
		rest := commandInHint.FindStringSubmatch(command)[1]
		if after, ok := strings.CutPrefix(rest, "--profile "); ok {
			_, rest, _ = strings.Cut(after, " ")
		}
		for _, c := range commands {
			if strings.HasPrefix(rest, c.begins) {
				if !slices.Contains(actions, c.do) {
					actions = append(actions, c.do)
				}
				return quoted(actionText(c.do))
			}
		}
		return command
	})
	if strings.Contains(text, "fleet =") {
		actions = append(actions, message.Action{Do: message.DescribePhone})
	}
	for flag, key := range map[string]string{"--accept-loss": "confirm.accept-loss", "--token (or --add-token)": "entries.add-tokens",
		"--token SAST-2.cer": "entries.add-certificate"} {
		text = strings.ReplaceAll(text, flag, quoted(t(key)))
	}
	return text, actions
}
