package gui

import "regexp"

// English words that no Portuguese sentence has, and what stays as Cisco or a system writes it:
// what is quoted, pages of OS Administration, commands, the lines of show ctl, fields of a list.
var (
	englishWord = regexp.MustCompile(`(?i)(?:^|[\s("])(the|and|is|are|was|were|will|with|of|phones?|this|that|has|have|had|not|cannot|from|which|records?|nodes?|it|its|by|to|accepts?|rejects?|refuses?|holds?|yes|known|unknown|found|served|signed|on|must|when|until|files?|keys?|lists?|failed|passed)(?:[\s,.;:)"]|$)`)
	englishKept = regexp.MustCompile(`(?s)"[^"\n]*"|\b[A-Za-z0-9-]+\.(csv|toml|html|tlv|sgn|cer)\b|The checksum value of the .*|Updating CTL file|Certificate Trust List|Identity Trust List|utils [a-z ]+[A-Za-z]*|OS Administration( > [A-Za-z ]+)*|Prepare Cluster for Rollback to Pre 8\.0|Security By Default[^\n]*|Tokenless CTL[^\n]*|CUCM facts[^\n]*|trust-list, section \d+[^\n]*|(CTL|ITL) Provider|(https?|tftp)://\S+|pkcs11:\S+|ctlclient [a-z][^\n]*|the phone model, played step by step[^\n]*`)
)

// englishIn is the first English word of a text of the Portuguese window, "": there is none.
func englishIn(text string) string {
	return englishWord.FindString(englishKept.ReplaceAllString(text, " "))
}
