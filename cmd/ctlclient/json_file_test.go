package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"ctlclient/ctlbuild/ctltest"
)

// Every field of a list is in the JSON, those that nobody has a name for included.
func TestShowJSONHasEveryField(t *testing.T) {
	l := ctltest.NewCluster(t, 1024).ETokens(t)
	var out bytes.Buffer
	a := newApp(nil, &out, &out)
	a.json = true
	if err := a.showJSON(l, l.Verify()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(l.Records)+2 {
		t.Fatalf("%d lines for %d records", len(lines), len(l.Records))
	}
	var header struct {
		Type         string
		HeaderLength int `json:"header_length"`
		Fields       []struct{ Tag int }
	}
	if err := json.Unmarshal([]byte(lines[0]), &header); err != nil || header.Type != "header" ||
		header.HeaderLength != l.Header.Length || len(header.Fields) == 0 {
		t.Errorf("header %+v, %v", header, err)
	}
	signers := 0
	for i := range l.Records {
		var r struct {
			Number, Length int
			Function       string
			UsedToSign     bool `json:"used_to_sign"`
			Fields         []struct {
				Tag   int
				Value string
			}
			Certificate *struct {
				SHA256  string
				KeyType string `json:"key_type"`
				Serial  string
				PEM     string
			}
		}
		if err := json.Unmarshal([]byte(lines[i+1]), &r); err != nil {
			t.Fatal(err)
		}
		rec := &l.Records[i]
		if r.Number != i+1 || r.Length != rec.Len() || r.Function != rec.Function().String() || len(r.Fields) != len(rec.Fields) {
			t.Errorf("record %d: %s", i+1, lines[i+1])
		}
		if c := r.Certificate; c == nil || len(c.SHA256) != 64 || c.KeyType != "RSA" || strings.Contains(c.Serial, ":") || c.Serial == "" || !strings.Contains(c.PEM, "BEGIN CERTIFICATE") {
			t.Errorf("certificate of record %d: %+v", i+1, c)
		}
		if r.UsedToSign {
			signers++
		}
	}
	if signers != 1 {
		t.Errorf("%d records signed it", signers)
	}
}
