package token

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"ctlclient/message"
)

// URI is an RFC 7512 PKCS#11 URI. An empty field is not given and fits anything.
type URI struct {
	Token, Manufacturer, Serial, Model  string
	SlotID                              *uint
	SlotManufacturer, SlotDescription   string
	LibraryManufacturer, LibraryVersion string
	LibraryDescription                  string
	Object                              string
	ID                                  []byte
	SHA256                              string // of the certificate, hexadecimal, its first digits; x-sha256, this program's own
	Type                                string // public private cert secret-key data
	ModulePath, ModuleName              string
	PINSource                           string
}

// maxURI bounds what is parsed, in bytes. Token fields have 16 or 32, objects rarely more.
const maxURI = 4096

// URIError is a URI that cannot be used.
type URIError struct {
	URI  string // as given; without its query where that might hold a PIN
	Err  error
	hint message.Message
}

// Error is Said in English.
func (e *URIError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *URIError) Said() error { return message.Errorf("token URI %q: %w", e.URI, e.Err) }

// Hints say how it is written.
func (e *URIError) Hints() []message.Message { return []message.Message{e.hint} }

var uriExample = message.Phrase("a token or key is named like pkcs11:token=SAST-1, pkcs11:serial=0054f509 or pkcs11:token=SAST-1;id=%%01; see which there are: %s", message.Action{Do: message.ListTokens})

type uriField struct {
	name  string
	value func(*URI) *string
}

// pathFields are the text attributes of the path, in the order in which they are written.
var pathFields = []uriField{
	{"library-manufacturer", func(u *URI) *string { return &u.LibraryManufacturer }},
	{"library-description", func(u *URI) *string { return &u.LibraryDescription }},
	{"library-version", func(u *URI) *string { return &u.LibraryVersion }},
	{"slot-manufacturer", func(u *URI) *string { return &u.SlotManufacturer }},
	{"slot-description", func(u *URI) *string { return &u.SlotDescription }},
	{"manufacturer", func(u *URI) *string { return &u.Manufacturer }},
	{"model", func(u *URI) *string { return &u.Model }},
	{"token", func(u *URI) *string { return &u.Token }},
	{"serial", func(u *URI) *string { return &u.Serial }},
	{"object", func(u *URI) *string { return &u.Object }},
	{"x-sha256", func(u *URI) *string { return &u.SHA256 }},
	{"type", func(u *URI) *string { return &u.Type }},
}

var queryFields = []uriField{
	{"module-path", func(u *URI) *string { return &u.ModulePath }},
	{"module-name", func(u *URI) *string { return &u.ModuleName }},
	{"pin-source", func(u *URI) *string { return &u.PINSource }},
}

var uriTypes = []string{"public", "private", "cert", "secret-key", "data"}

// ParseURI reads a PKCS#11 URI. Attributes that are unknown, doubled or empty are
// errors, since a token must not be chosen by half of what was said; pin-value is
// refused with a hint; so is a bare token label or serial number, which is not a
// URI. Every error is a *URIError.
func ParseURI(s string) (URI, error) {
	var u URI
	shown := beforePIN(s)
	fail := func(hint message.Message, why error) (URI, error) {
		return URI{}, &URIError{URI: shown, Err: why, hint: hint}
	}
	if len(s) > maxURI {
		shown = shown[:min(32, len(shown))] + "..."
		return fail(uriExample, message.Errorf("longer than %d bytes", maxURI))
	}
	if len(s) < 7 || !strings.EqualFold(s[:7], "pkcs11:") {
		hint := uriExample
		if isBareName(s) {
			hint = message.Phrase("write pkcs11:token=%s for the token with this label, or pkcs11:serial=%[1]s for this serial number", escape(s, pathChars))
		}
		return fail(hint, message.NewError("does not start with pkcs11:"))
	}
	path, query, hasQuery := strings.Cut(s[7:], "?")
	if path == "" && !hasQuery {
		return fail(uriExample, message.NewError("names nothing"))
	}
	seen := map[string]bool{}
	seenQuery := map[string]bool{}
	if path != "" {
		for attr := range strings.SplitSeq(path, ";") {
			if isPIN(attr) {
				return fail(pinHint, pinRefused)
			}
			if err := u.setPath(attr, seen); err != nil {
				return fail(uriExample, err)
			}
		}
	}
	if hasQuery && query != "" {
		for attr := range strings.SplitSeq(query, "&") {
			if isPIN(attr) {
				return fail(pinHint, pinRefused)
			}
			if err := u.setQuery(attr, seenQuery); err != nil {
				return fail(uriExample, err)
			}
		}
	}
	return u, nil
}

var (
	pinRefused = message.NewError("pin-value is not accepted")
	pinHint    = message.Phrase("a PIN on a command line or in a file is no secret; leave pin-value out and be asked, or use pin-source=file:PATH")
)

// isPIN tells a PIN, in the path too, where RFC 7512 does not have it: an error that
// called it unknown would print it.
func isPIN(attr string) bool {
	name, _, _ := strings.Cut(attr, "=")
	return strings.EqualFold(strings.TrimSpace(name), "pin-value")
}

// beforePIN is what may be shown of a URI: nothing from a PIN on, also where its
// attribute is misspelt.
func beforePIN(s string) string {
	// Byte by byte: folding the whole text could change its length.
	for i := range len(s) {
		rest := s[i:]
		if foldedPrefix(rest, "pin") && !foldedPrefix(rest, "pin-source") {
			return strings.TrimRight(s[:i], ";?&")
		}
	}
	return s
}

func foldedPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isBareName tells something that looks like a label or serial number.
func isBareName(s string) bool {
	return s != "" && len(s) <= 32 && !strings.ContainsAny(s, ":;=?&/\\\x00")
}

func (u *URI) setPath(attr string, seen map[string]bool) error {
	name, value, err := splitAttribute(attr, seen, pathChars)
	if err != nil {
		return err
	}
	switch name {
	case "id":
		u.ID = []byte(value)
		return nil
	case "slot-id":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return message.Errorf("slot-id %q is not a number", value)
		}
		id := uint(n)
		u.SlotID = &id
		return nil
	case "type":
		for _, t := range uriTypes {
			if value == t {
				u.Type = value
				return nil
			}
		}
		return message.Errorf("type %q is none of %s", value, strings.Join(uriTypes, " "))
	}
	return u.setText(pathFields, name, value)
}

func (u *URI) setQuery(attr string, seen map[string]bool) error {
	name, value, err := splitAttribute(attr, seen, queryChars)
	if err != nil {
		return err
	}
	return u.setText(queryFields, name, value)
}

func (u *URI) setText(fields []uriField, name, value string) error {
	for _, f := range fields {
		if f.name == name {
			*f.value(u) = value
			return nil
		}
	}
	return message.Errorf("unknown attribute %q", name)
}

// splitAttribute takes name=value apart and undoes the percent-encoding.
func splitAttribute(attr string, seen map[string]bool, allowed string) (name, value string, err error) {
	name, raw, ok := strings.Cut(attr, "=")
	if !ok {
		return "", "", message.Errorf("%q is not name=value", attr)
	}
	if seen[name] {
		return "", "", message.Errorf("attribute %q stands twice", name)
	}
	seen[name] = true
	value, err = unescape(raw, allowed)
	if err != nil {
		return "", "", message.Errorf("attribute %q: %w", name, err)
	}
	if value == "" {
		return "", "", message.Errorf("attribute %q is empty", name)
	}
	if strings.ContainsRune(value, 0) && name != "id" {
		return "", "", message.Errorf("attribute %q holds a NUL", name)
	}
	return name, value, nil
}

// Characters that need no percent-encoding, RFC 7512 section 2.3: unreserved,
// then those of the path, then those of the query.
const (
	unreserved = "-._~"
	pathChars  = unreserved + ":[]@!$'()*+,=&"
	queryChars = unreserved + ":[]@!$'()*+,=/?|"
)

// none is allowed for bytes that are no text: each is encoded.
const none = ""

func plain(c byte, allowed string) bool {
	return allowed != none && ('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte(allowed, c) >= 0)
}

// unescape is generous with what people type: a blank or a letter with an accent
// may stand unencoded, the separators may not.
func unescape(s, allowed string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '%' {
			if c < ' ' || c == 0x7f || c == '#' || c < 0x80 && c != ' ' && c != '\\' && c != '/' && !plain(c, allowed) {
				return "", message.Errorf("character %q must be written %%%02X", c, c)
			}
			b.WriteByte(c)
			continue
		}
		if i+2 >= len(s) {
			return "", message.NewError("a percent sign needs two hex digits after it")
		}
		d, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return "", message.Errorf("%q is not a percent-encoded byte", s[i:i+3])
		}
		b.WriteByte(d[0])
		i += 2
	}
	return b.String(), nil
}

func escape(s, allowed string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if plain(s[i], allowed) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// String writes the URI, each id byte percent-encoded as RFC 7512 recommends.
// ParseURI gives the same URI back.
func (u URI) String() string {
	var path, query []string
	for _, f := range pathFields {
		if v := *f.value(&u); v != "" {
			path = append(path, f.name+"="+escape(v, pathChars))
		}
	}
	if u.SlotID != nil {
		path = append(path, fmt.Sprintf("slot-id=%d", *u.SlotID))
	}
	if len(u.ID) > 0 {
		path = append(path, "id="+escape(string(u.ID), none))
	}
	for _, f := range queryFields {
		if v := *f.value(&u); v != "" {
			query = append(query, f.name+"="+escape(v, queryChars))
		}
	}
	s := "pkcs11:" + strings.Join(path, ";")
	if len(query) > 0 {
		s += "?" + strings.Join(query, "&")
	}
	return s
}

// fitsToken tells whether the token attributes fit.
func (u URI) fitsToken(i Info) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	return fits(u.Token, i.Label) && fits(u.Serial, i.Serial) && fits(u.Model, i.Model) &&
		fits(u.Manufacturer, i.Manufacturer) && (u.SlotID == nil || *u.SlotID == i.Slot) &&
		fits(u.SlotDescription, i.SlotDescription) && fits(u.SlotManufacturer, i.SlotManufacturer) &&
		fits(u.LibraryDescription, i.Library.Description) && fits(u.LibraryManufacturer, i.Library.Manufacturer) &&
		fits(u.LibraryVersion, i.Library.Version)
}

// fitsCertificate tells whether the object attributes fit a certificate, or the key of one.
func (u URI) fitsCertificate(c Certificate) bool {
	if u.Type != "" && u.Type != "cert" && u.Type != "private" {
		return false
	}
	return (u.Object == "" || u.Object == c.Label) && (len(u.ID) == 0 || string(u.ID) == string(c.ID)) &&
		(u.SHA256 == "" || strings.HasPrefix(c.sha256(), strings.ToLower(u.SHA256)))
}

// fitsModule tells whether module-name fits: the file's name without lib in front
// and without what follows the first dot.
func (u URI) fitsModule(path string) bool {
	if _, p := splitName(u.ModulePath); p != "" && realPath(absolute(p)) != realPath(absolute(path)) {
		return false
	}
	if u.ModuleName == "" {
		return true
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return strings.EqualFold(u.ModuleName, name) || strings.EqualFold(u.ModuleName, strings.TrimPrefix(name, "lib"))
}
