package certapi

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"ctlclient/message"
)

const (
	// What is read of an answer at most.
	maxWords        = 5000
	maxCertificates = 10_000
	maxWord         = 200 // bytes; longer values are no names
)

// ParseSnapshot reads the answer of /config/snapshot/server.
func ParseSnapshot(body []byte) (*Snapshot, error) {
	var raw struct {
		Server     string `json:"server"`
		Identities []struct {
			Service     string `json:"service"`
			Certificate string `json:"certificate"`
		} `json:"identities"`
		Trusts []struct {
			Service string `json:"service"`
			Data    []struct {
				File        string `json:"filename"`
				Certificate string `json:"certificate"`
			} `json:"certificate_data"`
		} `json:"trusts"`
	}
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	if raw.Identities == nil && raw.Trusts == nil {
		return nil, message.Errorf("%w: neither identities nor trusts in it", ErrMalformed)
	}
	s := &Snapshot{Server: clean(raw.Server)}
	for _, own := range raw.Identities {
		if der := derOf(own.Certificate); der != nil {
			s.Own = append(s.Own, Certificate{Service: own.Service, DER: der})
		}
	}
	for _, store := range raw.Trusts {
		if isWord(store.Service) {
			s.Stores = append(s.Stores, store.Service)
		}
		for _, c := range store.Data {
			if der := derOf(c.Certificate); der != nil {
				s.Trusted = append(s.Trusted, Certificate{Service: store.Service, File: clean(c.File), DER: der})
			}
		}
	}
	if len(s.Own)+len(s.Trusted) > maxCertificates {
		return nil, message.Errorf("%w: more than %d certificates", ErrMalformed, maxCertificates)
	}
	s.Stores = unique(s.Stores)
	return s, nil
}

// ParseChoices reads the answer of /config/options, of which nothing is published: its
// words are taken wherever they stand, those below a key with "trust" in it as stores.
func ParseChoices(body []byte) (*Choices, error) {
	var raw any
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	c := &Choices{}
	var walk func(v any, trust bool)
	walk = func(v any, trust bool) {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for key := range v {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range keys {
				walk(v[key], trust || strings.Contains(fold(key), "trust"))
			}
		case []any:
			for _, one := range v {
				walk(one, trust)
			}
		case string:
			if !isWord(v) || len(c.Words) >= maxWords {
				return
			}
			c.Words = append(c.Words, v)
			if trust {
				c.Stores = append(c.Stores, v)
			}
		}
	}
	walk(raw, false)
	c.Words, c.Stores = unique(c.Words), unique(c.Stores)
	if len(c.Words) == 0 {
		return nil, message.Errorf("%w: no word in it", ErrMalformed)
	}
	return c, nil
}

// ParseTrusted reads the answer of /config/trust/certificate, a list of objects with PEM
// as their certificate: DER each, an empty list for an empty store.
func ParseTrusted(body []byte) ([][]byte, error) {
	var raw []struct {
		Certificate string `json:"certificate"`
	}
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	if len(raw) > maxCertificates {
		return nil, message.Errorf("%w: more than %d certificates", ErrMalformed, maxCertificates)
	}
	var out [][]byte
	for i, c := range raw {
		der := derOf(c.Certificate)
		if der == nil {
			return nil, message.Errorf("%w: entry %d holds no certificate in PEM", ErrMalformed, i+1)
		}
		out = append(out, der)
	}
	return out, nil
}

func decode(body []byte, v any) error {
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// derOf takes a certificate out of PEM; nil: it is none.
func derOf(text string) []byte {
	block, _ := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil || block.Type != "CERTIFICATE" || len(block.Bytes) == 0 {
		return nil
	}
	return block.Bytes
}

// isWord: a name, not a text or a certificate.
func isWord(s string) bool {
	return s != "" && len(s) <= maxWord && !strings.ContainsFunc(s, unicode.IsControl)
}

func unique(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// words are what a node says of a refusal: the messages in its JSON, else nothing.
func words(body []byte) string {
	var raw any
	if decode(body, &raw) != nil {
		return ""
	}
	var found []string
	var walk func(v any, said bool)
	walk = func(v any, said bool) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range []string{"message", "messages", "error", "errors", "reason"} {
				walk(v[key], true)
			}
		case []any:
			for _, one := range v {
				walk(one, said)
			}
		case string:
			if said && v != "" {
				found = append(found, clean(v))
			}
		}
	}
	walk(raw, false)
	text := strings.Join(unique(found), "; ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "..."
	}
	return text
}

// clean takes control characters out of a text and bounds it.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }), " ")
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "")
	}
	return s
}
