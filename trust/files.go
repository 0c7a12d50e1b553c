package trust

import (
	"encoding/hex"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// Names are the files that a phone asks for, in order, each with what it falls back
// to when the server does not have it.
type Names struct {
	CTL, ITL []string
	Config   []string // signed: a phone that holds a CTL or ITL asks for nothing else
	Secret   []string // encrypted and signed, where the phone's security profile says so
	Plain    []string // unsigned: what a phone without any list asks for
}

var macShape = lazyregexp.New(`^[0-9A-F]{12}$`)

// FileNames are the names of the files for the phone of a MAC address, which may be
// written with or without separators and with or without SEP before it: the phone's
// own file first, then the one for all
// (Security By Default, "Centralised TFTP"; trust-list, section 6, item 1).
func FileNames(mac string) (Names, error) {
	m := strings.ToUpper(strings.TrimSpace(mac))
	m = strings.TrimPrefix(m, "SEP")
	m = strings.NewReplacer(":", "", "-", "", ".", "").Replace(m)
	if !macShape.MatchString(m) {
		return Names{}, message.Errorf("%q is no MAC address: want 12 hexadecimal digits, like 0011215A1AE3", mac)
	}
	name := "SEP" + m
	return Names{
		CTL:    []string{"CTL" + name + ".tlv", ctlbuild.CTLFileName},
		ITL:    []string{"ITL" + name + ".tlv", ctlbuild.ITLFileName},
		Config: []string{name + ".cnf.xml.sgn"},
		Secret: []string{name + ".cnf.xml.enc.sgn"},
		Plain:  []string{name + ".cnf.xml"},
	}, nil
}

// Checksum is an MD5 or SHA-1 in lower-case hexadecimal: phones show one or the
// other, by model (CUCM facts, rule 6).
type Checksum string

// separators are what people put between the digits of a checksum.
var separators = strings.NewReplacer(":", "", " ", "", "-", "")

// ParseChecksum reads a checksum as a person copies it off a phone: any case, with
// or without colons or blanks, with or without (MD5) or (SHA1) after it.
func ParseChecksum(s string) (Checksum, error) {
	t := strings.ToLower(strings.TrimSpace(s))
	want := 0
	for word, length := range map[string]int{"(md5)": 32, "(sha1)": 40, "(sha-1)": 40} {
		if rest, ok := strings.CutSuffix(t, word); ok {
			t, want = strings.TrimSpace(rest), length
		}
	}
	t = separators.Replace(t)
	if _, err := hex.DecodeString(t); err != nil || (len(t) != 32 && len(t) != 40) {
		return "", message.Errorf("%q is no checksum: want an MD5 (32 hexadecimal digits) or a SHA-1 (40)", s)
	}
	if want != 0 && want != len(t) {
		return "", message.Errorf("%q has %d digits, which is not what it says it is", s, len(t))
	}
	return Checksum(t), nil
}

// Matches reports whether a list has this checksum.
func (c Checksum) Matches(l *ctlbuild.List) bool {
	return l != nil && (string(c) == l.MD5() || string(c) == l.SHA1())
}

// Kind is "MD5" or "SHA-1".
func (c Checksum) Kind() string {
	if len(c) == 32 {
		return "MD5"
	}
	return "SHA-1"
}

// NodeList is the list that one node serves.
type NodeList struct {
	Node string
	List *ctlbuild.List // nil: none
	Err  error          // why it is not known what the node serves
}

// Agreement of a phone's checksum with what nodes serve.
type Agreement struct {
	Same, Differ, None, Unknown []string // nodes, in the order given
}

// All reports that every node is known to serve what the phone holds.
func (a Agreement) All() bool {
	return len(a.Same) > 0 && len(a.Differ)+len(a.None)+len(a.Unknown) == 0
}

// Sentence says it for a person.
func (a Agreement) Sentence() message.Message {
	var parts message.Parts
	add := func(nodes []string, text message.Message) {
		if len(nodes) > 0 {
			parts = append(parts, message.Phrase("%s %s", text, nodes))
		}
	}
	add(a.Same, message.Phrase("the phone holds what is served by"))
	add(a.Differ, message.Phrase("another file is served by"))
	add(a.None, message.Phrase("no file is served by"))
	add(a.Unknown, message.Phrase("it is not known what is served by"))
	if len(parts) == 0 {
		return message.Phrase("no node was compared")
	}
	return message.Phrase("%s", parts)
}

// CompareChecksum holds a phone's checksum against what each node serves
// (Security By Default, "Manually verify that the phone ITL matches the CUCM ITL").
func CompareChecksum(c Checksum, nodes []NodeList) Agreement {
	var a Agreement
	for _, n := range nodes {
		switch {
		case n.Err != nil:
			a.Unknown = append(a.Unknown, n.Node)
		case n.List == nil:
			a.None = append(a.None, n.Node)
		case c.Matches(n.List):
			a.Same = append(a.Same, n.Node)
		default:
			a.Differ = append(a.Differ, n.Node)
		}
	}
	return a
}

// Known are lists that can be told by their checksum.
type Known map[Checksum]*ctlbuild.List

// KnownLists makes lists findable by MD5 and by SHA-1. Nil lists are left out.
func KnownLists(lists ...*ctlbuild.List) Known {
	k := Known{}
	for _, l := range slices.DeleteFunc(slices.Clone(lists), func(l *ctlbuild.List) bool { return l == nil }) {
		k[Checksum(l.MD5())] = l
		k[Checksum(l.SHA1())] = l
	}
	return k
}
