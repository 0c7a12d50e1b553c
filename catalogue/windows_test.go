package catalogue

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ctlclient/message"
)

// unix is what a person at a Windows machine can do nothing with.
var unix = regexp.MustCompile(`\b(?:apt|apt-get|dnf|brew|sudo|ldd|chmod|chown|chgrp|setgid|systemctl|systemd|SIGHUP|tmpfs)\b|\bexport [A-Z_0-9]+=|\\\n|` +
	"(?:^|[\\s:=`\"'(])/(?:var|usr|etc|run|proc|dev|lib|opt|home|tmp)/")

// ofUnix are sentences that name such things, each with why nobody reads them on Windows, or why
// they are right there.
var ofUnix = map[string]string{
	"The unit of systemd.": "of provider unit",
	"see that pkcsslotd runs (systemctl status pkcsslotd), and that the user belongs to the group pkcs11":                                                                      "token.TestHintsOnWindows",
	"see that the TPM can be reached: /dev/tpmrm0 is there, and the user belongs to the group tss":                                                                             "token.TestHintsOnWindows",
	"see that the reader is plugged in and its service runs: systemctl status pcscd":                                                                                           "token.TestHintsOnWindows",
	"install what has %s; `ldd %s` lists all that is missing":                                                                                                                  "the error is that of a loader of Unix",
	"a running service reads the change after: systemctl reload ctlclient-provider (or SIGHUP)":                                                                                "cmd_provider.go asks for the system",
	"%s written; next: systemctl daemon-reload, systemctl enable --now ctlclient-provider":                                                                                     "of provider unit, hidden on Windows (cmd.TestHelpOnWindows)",
	"%q cannot stand in a systemd unit: an absolute path of plain characters is needed":                                                                                        "of provider unit",
	"Write a hardened systemd unit for the service":                                                                                                                            "of provider unit",
	"Write a systemd unit that runs the service as a user of its own, without privileges, which can write to its own folders alone. Its first lines say how to make the user.": "of provider unit",
	"It runs until interrupted. SIGHUP rereads users, certificate and configuration without dropping a connection.":                                                            "cmd.TestProviderOnWindows",
	// What is to be done on an SFTP server, whose files have owners and modes as Unix has them.
	"log in as user %d (its sftp-user in the profile), or let everybody read the live file on that machine (chmod o+r): it holds no secret; then repeat":                                                                        "the server",
	"on that machine, add the login's user to group %d, or give the folder that group and the setgid bit (chgrp %d FOLDER; chmod g+s FOLDER); or let everybody read the live file (chmod o+r): it holds no secret; then repeat": "the server",
	"on that machine, give the file to the login's user (chown), or take the bit from the folder (chmod -t), then repeat":                                                                                                       "the server",
}

// No sentence that can be read on Windows names a program, a place or a shell of Unix. Every sentence
// has its Portuguese, so that the catalogues have them all.
func TestSentencesOnWindows(t *testing.T) {
	seen := map[string]bool{}
	look := func(where, text string) {
		if found := unix.FindString(text); found == "" {
			return
		} else if ofUnix[text] == "" {
			t.Errorf("%s: %q in %q: word it for the system at hand, or say in ofUnix why nobody reads it on Windows", where, found, text)
		}
		seen[text] = true
	}
	all := 0
	for _, name := range []string{"pt-BR.errors.json", "pt-BR.commands.json", "pt-BR.help.json", filepath.Join("..", "gui", "translations", "en.json")} {
		var texts map[string]string
		data, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &texts)
		}
		if err != nil {
			t.Fatal(err)
		}
		for english, text := range texts {
			if all++; strings.HasSuffix(name, "en.json") {
				english = text
			}
			look(name, english)
		}
	}
	for _, key := range message.Keys() {
		all++
		look(key, message.Message{Key: key}.String())
	}
	if all < 2000 {
		t.Errorf("only %d sentences were looked at", all)
	}
	for text := range maps.Keys(ofUnix) {
		if !seen[text] {
			t.Errorf("nothing says %q any more", text)
		}
	}
}
