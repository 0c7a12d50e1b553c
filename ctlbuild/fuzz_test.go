package ctlbuild_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// seed adds the files of testdata and the header laid out by hand.
func seed(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.[ts][lg][vn]") // .tlv, .sgn
	if err != nil || len(files) < 5 {
		f.Fatalf("the seeds are missing: %v, %v", files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(slices.Concat(header, record, record))
}

// What parses is written back byte for byte, as a whole and record by record,
// and can be verified, shown and compared.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ctlbuild.Parse(data)
		if err != nil {
			if _, ok := err.(*ctlbuild.FormatError); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if !bytes.Equal(l.Bytes(), data) {
			t.Fatal("the list is not written back as it was")
		}
		content := data[l.Header.Length:]
		for i := range l.Records {
			b := l.Records[i].Bytes()
			if !bytes.HasPrefix(content, b) || len(b) != l.Records[i].Len() {
				t.Fatalf("record %d is not written back as it was", i+1)
			}
			content = content[len(b):]
		}
		if len(content) != 0 {
			t.Fatalf("%d bytes are in no record", len(content))
		}
		e, err := ctlbuild.ParseEnvelope(data)
		if err != nil {
			t.Fatalf("a list that is no signed file: %v", err)
		}
		if again, err := e.List(); err != nil || len(again.Records) != len(l.Records) {
			t.Fatalf("the signed file's list is another: %v", err)
		}
		if len(l.Records) > 0 && e.Kind() != l.Kind() {
			t.Fatalf("a list of kind %v, as a signed file %v", l.Kind(), e.Kind())
		}
		for _, found := range l.Findings() {
			if found.Record > len(l.Records) || strings.ContainsFunc(found.String(), unicode.IsControl) {
				t.Fatalf("%+v: %s", found, found)
			}
		}
		for i := range l.Records {
			if found, err := ctlbuild.Select(l.Records, strconv.Itoa(i+1)); err != nil || len(found) != 1 || found[0] != i {
				t.Fatalf("record %d names %v, %v", i+1, found, err)
			}
		}
		if v := l.Verify(); v.OK == (v.Reason != "") {
			t.Fatalf("%+v", v)
		}
		var text bytes.Buffer
		if err := ctlbuild.Show(&text, l, time.UTC); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(text.String(), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }); i >= 0 {
			t.Fatalf("a control character is shown: %q", text.String()[i:])
		}
		if _, err := json.Marshal(l.View()); err != nil {
			t.Fatal(err)
		}
		d := ctlbuild.CompareDraft(l, ctlbuild.Edit(l))
		if !ctlbuild.Compare(l, l).Identical || len(d.Changes) != 0 || d.Reordered {
			t.Fatal("the list differs from itself")
		}
	})
}

// What parses can be edited and signed; the result verifies, and what was not
// touched is byte for byte as it was.
func FuzzEdit(f *testing.F) {
	seed(f)
	token := ctltest.NewCluster(f, 1024).Token1
	f.Fuzz(func(t *testing.T, data []byte) {
		old, err := ctlbuild.Parse(data)
		if err != nil || len(data) > 0xf000 || len(old.Records) >= ctlbuild.MaxRecords {
			return // near the limits, signing may rightly refuse
		}
		d := ctlbuild.Edit(old)
		if _, err := d.AddToken(token.DER); err != nil {
			t.Fatal(err)
		}
		l, err := ctlbuild.Sign(context.Background(), d, token)
		if err != nil {
			t.Fatal(err)
		}
		if v := l.Verify(); !v.OK {
			t.Fatal(v.Reason)
		}
		for i := range old.Records {
			if !bytes.Equal(old.Records[i].Bytes(), l.Records[i].Bytes()) {
				t.Fatalf("record %d was changed", i+1)
			}
		}
		h, o := l.Header, old.Header
		if len(h.Unknown) != len(o.Unknown) || len(h.UnknownInside) != len(o.UnknownInside) || h.SignerVersion != o.SignerVersion {
			t.Fatal("the header lost fields")
		}
	})
}

// A signed file is written back byte for byte, and its parts are the whole.
func FuzzEnvelope(f *testing.F) {
	seed(f)
	cert := ctltest.NewCluster(f, 1024).Pub
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ctlbuild.ParseEnvelope(data)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Bytes(), data) || !bytes.Equal(data[e.Header.Length:], e.Content) {
			t.Fatal("the file is not written back as it was")
		}
		if v := e.VerifyWith(cert.DER); v.OK {
			t.Fatal("a key that nobody has signed it")
		}
		if err := ctlbuild.ShowEnvelope(io.Discard, e, time.UTC); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(e.View()); err != nil {
			t.Fatal(err)
		}
	})
}
