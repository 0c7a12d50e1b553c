package certificate

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Attribute is one part of a distinguished name.
type Attribute struct {
	OID   string // in dots
	Value string // in UTF-8, unless the certificate breaks the rules of its type
}

// Name is a distinguished name in the certificate's order. The parts of a multi-valued
// one follow each other.
type Name []Attribute

// nameKeys are the attributes that a list writes, in the order in which it
// writes them whatever the certificate's.
var nameKeys = []struct{ oid, key string }{
	{"2.5.4.3", "CN"},
	{"2.5.4.11", "OU"},
	{"2.5.4.10", "O"},
	{"2.5.4.7", "L"},
	{"2.5.4.8", "ST"},
	{"2.5.4.6", "C"},
}

// otherKeys are the keys of attributes outside of that order.
var otherKeys = map[string]string{
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "E",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "SERIALNUMBER",
	"2.5.4.9":                    "STREET",
	"2.5.4.12":                   "T",
	"2.5.4.42":                   "G",
}

// parseName reads the content of an RDNSequence. What cannot be read is left
// out: a name is there to be written, and the bytes of the certificate remain.
func parseName(content []byte) Name {
	var n Name
	for len(content) > 0 {
		set, rest, err := readElement(content)
		if err != nil {
			return n
		}
		content = rest
		for inner := set.content; len(inner) > 0; {
			seq, next, err := readElement(inner)
			if err != nil {
				break
			}
			inner = next
			r := derReader{b: seq.content}
			oid := r.next(derOID, "the attribute")
			if r.err != nil {
				continue
			}
			value, _, err := readElement(r.b)
			if err != nil {
				continue
			}
			n = append(n, Attribute{dotted(oid.content), decodeString(value)})
		}
	}
	return n
}

// decodeString turns an attribute's value into UTF-8. Bytes that break the
// rules of their type stay as they are.
func decodeString(e element) string {
	switch e.tag {
	case derBMPString:
		units := make([]uint16, len(e.content)/2)
		for i := range units {
			units[i] = uint16(e.content[2*i])<<8 | uint16(e.content[2*i+1])
		}
		return string(utf16.Decode(units))
	case derUniversalString:
		runes := make([]rune, len(e.content)/4)
		for i := range runes {
			b := e.content[4*i:]
			runes[i] = rune(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]))
		}
		return string(runes)
	case derT61String:
		if utf8.Valid(e.content) {
			return string(e.content)
		}
		runes := make([]rune, len(e.content)) // in practice T61 is Latin-1
		for i, c := range e.content {
			runes[i] = rune(c)
		}
		return string(runes)
	}
	return string(e.content)
}

// dotted writes an object identifier's content in dots; of one with an arc
// beyond 32 bits it gives as much as can be read.
func dotted(content []byte) string {
	var b strings.Builder
	var arc uint64
	first := true
	for _, c := range content {
		if arc = arc<<7 | uint64(c&0x7F); arc > 1<<32 {
			break
		}
		if c&0x80 != 0 {
			continue
		}
		if first {
			top := min(arc/40, 2)
			b.WriteString(strconv.FormatUint(top, 10))
			arc -= top * 40
			first = false
		}
		b.WriteByte('.')
		b.WriteString(strconv.FormatUint(arc, 10))
		arc = 0
	}
	return b.String()
}

// ordered is the name in the order in which lists write it: the six keys that
// they know, and, where all is asked for, then the rest as it comes.
func (n Name) ordered(all bool) []Attribute {
	var out []Attribute
	known := map[string]bool{}
	for _, k := range nameKeys {
		known[k.oid] = true
		for _, a := range n {
			if a.OID == k.oid {
				out = append(out, Attribute{k.key, a.Value})
			}
		}
	}
	if !all && len(out) > 0 {
		return out
	}
	for _, a := range n {
		if known[a.OID] {
			continue
		}
		key, ok := otherKeys[a.OID]
		if !ok {
			key = a.OID
		}
		out = append(out, Attribute{key, a.Value})
	}
	return out
}

// Server writes the name as in records of servers: CN=..;OU=..;O=..;L=..;ST=..;C=..
// and nothing else, unless there is nothing of these.
func (n Name) Server() string {
	parts := n.ordered(false)
	texts := make([]string, len(parts))
	for i, a := range parts {
		texts[i] = a.OID + "=" + a.Value
	}
	return untilNUL(strings.Join(texts, ";"))
}

// Token writes the name as in records of tokens: keys in lower case, odd
// values quoted, and the text cut off, mid-quote, at the first comma or NUL
// inside a value.
func (n Name) Token() string {
	var b strings.Builder
	for i, a := range n.ordered(true) {
		text := written(i, a)
		value := len(text) - len(a.quoted())
		if cut := strings.IndexAny(text[value:], ",\x00"); cut >= 0 {
			b.WriteString(text[:value+cut])
			return b.String()
		}
		b.WriteString(text)
	}
	return b.String()
}

// String is the name for a person, as Windows' certificate window gives it: the form of
// [Name.Token], whole. Control characters become blanks, so that a name cannot steer a
// terminal, and bytes that are no UTF-8 the replacement character.
func (n Name) String() string {
	var b strings.Builder
	for i, a := range n.ordered(true) {
		b.WriteString(written(i, Attribute{a.OID, plain(a.Value)}))
	}
	return b.String()
}

// written is the i-th part of a name in the form of tokens; OID holds the key.
func written(i int, a Attribute) string {
	text := strings.ToLower(a.OID) + "=" + a.quoted()
	if i > 0 {
		text = ";" + text
	}
	return text
}

// quoted is the value, in quotes by CryptoAPI's rule: when it is empty, has blanks at an
// end, or holds a character that means something in a name.
func (a Attribute) quoted() string {
	v := a.Value
	if v == "" || v != strings.TrimSpace(v) || strings.ContainsAny(v, ",+=\"\n\r<>#;\x00") {
		return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
	}
	return v
}

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// CN is the common name without padding blanks.
func (n Name) CN() string {
	for _, a := range n {
		if a.OID == nameKeys[0].oid {
			return strings.TrimSpace(untilNUL(a.Value))
		}
	}
	return ""
}

// untilNUL is as much of a text as a list can hold of it: there, NUL ends it.
func untilNUL(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// CommonName finds the common name in a name that somebody wrote into a list (SUBJECTNAME,
// SIGNERNAME). Cisco's tools put `;` between the parts, others what OpenSSL or RFC 4514 have:
//
//	CN=pub;OU=TAC;O=Cisco, Inc.      as for servers
//	cn="a  ";ou=b;o="Cisco           as for tokens, cut off
//	C=PL,O=Cisco\, Inc.,CN=pub       in the certificate's order or reversed, escaped
//	C = PL, O = "Cisco, Inc.", CN = pub
//	/C=PL/O=Cisco/CN=pub
//
// Without a common name it is empty.
func CommonName(written string) string {
	for _, a := range splitName(written) {
		if strings.EqualFold(a.OID, "CN") || a.OID == nameKeys[0].oid {
			return strings.TrimSpace(untilNUL(a.Value))
		}
	}
	return ""
}

// splitName reads the parts of a written name; OID holds the key as it stands. The
// separator is `/` where the name begins with it, else `;` where one stands before a key,
// else `,` or `+`: a value may hold the others.
func splitName(s string) []Attribute {
	separators := ",+"
	if strings.HasPrefix(s, "/") {
		separators, s = "/", s[1:]
	} else if parts, _ := cutParts(s, ";"); len(parts) > 1 {
		separators = ";"
	}
	parts, escaped := cutParts(s, separators)
	var n []Attribute
	for _, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		n = append(n, Attribute{strings.TrimSpace(key), unquote(value, escaped)})
	}
	return n
}

// cutParts cuts a name where a separator stands before a key, outside of quotes. Escapes
// belong to the forms that have commas between the parts.
func cutParts(s, separators string) (parts []string, escaped bool) {
	escaped = separators != ";"
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escaped, quoted && strings.HasPrefix(s[i:], `""`):
			i++
		case s[i] == '"':
			quoted = !quoted && opensValue(s[from:i])
		case !quoted && strings.IndexByte(separators, s[i]) >= 0 && beginsKey(s[i+1:]):
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:]), escaped
}

// opensValue reports that a quote after this text is the first of a value: one inside a
// value means nothing.
func opensValue(before string) bool {
	return strings.HasSuffix(strings.TrimRight(before, " "), "=")
}

// beginsKey reports that s begins with the key of an attribute, a word or an identifier in
// dots, and an equals sign.
func beginsKey(s string) bool {
	key, _, ok := strings.Cut(s, "=")
	key = strings.TrimSpace(key)
	return ok && key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return r != '.' && r != '-' && !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
}

// unquote reads a written value. A quoted one may lack its end.
func unquote(s string, escaped bool) string {
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, `"`) {
		if escaped {
			s = unescape(s)
		}
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escaped && i+1 < len(s):
			i++
		case s[i] == '"' && i+1 < len(s) && s[i+1] == '"': // a doubled quote stands for one
			i++
		case s[i] == '"':
			return b.String()
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescape takes the backslashes of RFC 4514 out: before a character, or before two
// hexadecimal digits.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if i+1 < len(s) {
				if c, err := strconv.ParseUint(s[i:i+2], 16, 8); err == nil {
					b.WriteByte(byte(c))
					i++
					continue
				}
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
