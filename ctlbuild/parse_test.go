package ctlbuild_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// header is a header laid out field by field, the way that the open-source
// builders do: SIGNERVERSION, CANAME before SERIALNUMBER; with fields that
// nobody knows, at the top and inside each container.
var header = cat(
	"\x01\x00\x02\x01\x02",         // VERSION 1.2
	"\x02\x00\x02\x00\x68",         // HEADERLENGTH 104
	"\x1c\x00\x02\x01\x01",         // SIGNERVERSION 1.1
	"\x03\x00\x1a",                 // SIGNERID
	"\x04\x00\x05CN=a\x00",         //   SIGNERNAME
	"\x06\x00\x05CN=b\x00",         //   CANAME
	"\x05\x00\x02\x3c\xf9",         //   SERIALNUMBER
	"\x63\x00\x02xy",               //   unknown 99
	"\x07\x00\x15",                 // SIGNATUREINFO
	"\x09\x00\x0b",                 //   SIGNATUREALGOINFO
	"\x0b\x00\x01\x01",             //     SIGNATUREMODULUS 1024
	"\x60\x00\x00",                 //     unknown 96
	"\x0a\x00\x01\x00",             //     SIGNATUREALGORTITHM RSA
	"\x08\x00\x01\x03",             //   DIGESTALGORTITHM SHA-512
	"\x61\x00\x00",                 //   unknown 97
	"\x0c\x00\x04\xde\xad\xbe\xef", // SIGNATURE
	"\x0e\x00\x0cCTLFile.tlv\x00",  // FILENAME
	"\x0f\x00\x04\x54\xfa\x14\x67", // TIMESTAMP
	"\x62\x00\x01z",                // unknown 98
	"\x0d\x0d\x0d",                 // padding
)

// record has a function, a field and an order that nobody knows.
var record = cat(
	"\x01\x00\x02\x00\x1f",         // RECORDLENGTH 31
	"\x04\x00\x02\x00\x2a",         // FUNCTION 42
	"\x02\x00\x05host\x00",         // DNSNAME
	"\x0a\x00\x04\x0a\x01\x02\x03", // IPADDRESS
	"\x63\x00\x03\x01\x02\x03",     // unknown 99
)

func cat(parts ...string) []byte { return []byte(strings.Join(parts, "")) }

func TestParse(t *testing.T) {
	data := slices.Concat(header, record, record)
	l, err := ctlbuild.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(l.Bytes(), data) {
		t.Error("what was read is not written back")
	}
	h := l.Header
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"Version", h.Version, [2]byte{1, 2}},
		{"Length", h.Length, len(header)},
		{"SignerVersion", h.SignerVersion, [2]byte{1, 1}},
		{"SignerName", h.SignerName, "CN=a"},
		{"CAName", h.CAName, "CN=b"},
		{"SerialNumber", string(h.SerialNumber), "\x3c\xf9"},
		{"Digest", h.Digest, ctlbuild.SHA512},
		{"SignatureAlg", h.SignatureAlg, uint8(0)},
		{"Modulus", h.Modulus, uint8(1)},
		{"Signature", string(h.Signature), "\xde\xad\xbe\xef"},
		{"FileName", h.FileName, "CTLFile.tlv"},
		{"Time", h.Time, time.Date(2015, 3, 6, 20, 56, 7, 0, time.UTC)},
		{"Unknown", len(h.Unknown), 1},
		{"UnknownInside", len(h.UnknownInside), 3},
		{"records", len(l.Records), 2},
		{"Kind", l.Kind(), ctlbuild.KindCTL},
		{"Function", l.Records[1].Function(), ctlbuild.Function(42)},
		{"Function's name", l.Records[1].Function().String(), "42"},
		{"DNSName", l.Records[1].DNSName(), "host"},
		{"Len", l.Records[1].Len(), len(record)},
		{"record's bytes", string(l.Records[1].Bytes()), string(record)},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	if ip, ok := l.Records[0].IP(); !ok || ip.String() != "10.1.2.3" {
		t.Errorf("IP is %v, %v", ip, ok)
	}
}

// What is not understood survives an update unchanged, and so does the order
// inside SIGNERID.
func TestUnknownIsCarried(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	old, err := ctlbuild.Parse(slices.Concat(header, record))
	if err != nil {
		t.Fatal(err)
	}
	d := ctlbuild.Edit(old)
	if !d.NameFirst || d.Digest != ctlbuild.SHA512 {
		t.Errorf("draft has NameFirst %v and digest %v", d.NameFirst, d.Digest)
	}
	if _, err := d.AddToken(c.Token1.DER); err != nil {
		t.Fatal(err)
	}
	l := ctltest.Sign(t, d, c.Token1)
	if !bytes.Equal(l.Records[0].Bytes(), record) {
		t.Errorf("record is % x, was % x", l.Records[0].Bytes(), record)
	}
	h := l.Header
	if h.SignerVersion != [2]byte{1, 1} || len(h.Unknown) != 1 || len(h.UnknownInside) != 3 || h.Length%4 != 0 {
		t.Errorf("header lost fields: %+v", h)
	}
	ca, serial := bytes.Index(l.Bytes(), []byte("cn=Cisco Manufacturing CA")), bytes.Index(l.Bytes(), h.SerialNumber)
	if ca < 0 || serial < ca {
		t.Errorf("SERIALNUMBER at %d, CANAME at %d; want the order 4 6 5", serial, ca)
	}
	for i, f := range h.UnknownInside {
		if want := old.Header.UnknownInside[i]; f.Container == 0 || !bytes.Equal(f.Value, want.Value) {
			t.Errorf("unknown field %d is %v, want %v", i, f, want)
		}
	}
}

func TestMalformed(t *testing.T) {
	patch := func(b []byte, at int, with ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], with)
		return b
	}
	list := slices.Concat(header, record)
	end := len(header)
	for _, c := range []struct {
		name   string
		data   []byte
		offset int
		msg    string
	}{
		{"empty", nil, 0, "empty"},
		{"a web page", []byte("<html>"), 0, "VERSION"},
		{"VERSION of 3 bytes", patch(list, 2, 3), 0, "VERSION is 3 bytes"},
		{"header ends in a field", list[:60], 8, "HEADERLENGTH"},
		{"no HEADERLENGTH", list[:5], 5, "without a HEADERLENGTH"},
		{"HEADERLENGTH past the end", patch(list, 8, 0xff, 0xff), 8, "HEADERLENGTH says 65535"},
		{"HEADERLENGTH too small", patch(list, 8, 0, 9), 8, "HEADERLENGTH says 9"},
		{"HEADERLENGTH inside a field", patch(list, 8, 0, 16), 15, "too few"},
		{"container longer than the header", patch(list, 16, 1), 15, "field 3 is"},
		{"field longer than its container", patch(list, 19, 1), 18, "field 4 is"},
		{"field twice", patch(list, 10, 1), 10, "VERSION stands twice"},
		{"field outside its container", patch(list, 10, 4), 10, "SIGNERNAME stands in the wrong place"},
		{"digest of 2 bytes", patch(list, 63, 2), 61, "DIGESTALGORTITHM is 2 bytes"},
		{"container longer than its fields", patch(list, 46, 0x16), 68, "1 byte left"},
		{"container shorter than its fields", patch(list, 46, 0x14), 65, "2 bytes left"},
		{"record without RECORDLENGTH", patch(list, end, 2), end, "begins with a RECORDLENGTH"},
		{"RECORDLENGTH past the end", patch(list, end+3, 0xff), end + 3, "RECORDLENGTH says"},
		{"RECORDLENGTH too small", patch(list, end+4, 4), end + 3, "RECORDLENGTH says 4"},
		{"RECORDLENGTH inside a field", patch(list, end+4, 12), end + 10, "too few"},
		{"record's field too long", patch(list, end+12, 0xff), end + 10, "field 2 is"},
		{"FUNCTION of 1 byte", patch(list, end+7, 1), end + 5, "FUNCTION is 1"},
		{"field twice in a record", patch(list, end+10, 4), end + 10, "FUNCTION"},
		{"record cut off", list[:len(list)-1], end + 3, "RECORDLENGTH says 31"},
		{"bytes after the last record", append(bytes.Clone(list), 0), len(list), "too few"},
		{"too many records", slices.Concat(header, bytes.Repeat([]byte("\x01\x00\x02\x00\x05"), ctlbuild.MaxRecords+1)), end + 5*ctlbuild.MaxRecords, "more than 1024"},
		{"too large", make([]byte, ctlbuild.MaxFile+1), ctlbuild.MaxFile, "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ctlbuild.Parse(c.data)
			var f *ctlbuild.FormatError
			if !errors.As(err, &f) {
				t.Fatalf("Parse: %v, want a FormatError", err)
			}
			if f.Offset != c.offset || !strings.Contains(f.Why.Error(), c.msg) {
				t.Errorf("Parse: %v, want %q at %d", err, c.msg, c.offset)
			}
		})
	}
}

// A record without FUNCTION must not be taken for one of function 0, SAST.
func TestRecordWithoutFunction(t *testing.T) {
	for _, body := range []string{"", "\x04\x00\x00", "\x02\x00\x01\x00"} {
		l, err := ctlbuild.Parse(slices.Concat(header, []byte{1, 0, 2, 0, byte(5 + len(body))}, []byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		r := l.Records[0]
		if r.Function() != ctlbuild.NoFunction || r.IsToken() || len(l.SAST()) != 0 {
			t.Errorf("record % x has function %v", body, r.Function())
		}
	}
}

func TestKind(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	rename := func(d *ctlbuild.Draft, name string) *ctlbuild.List {
		d.FileName = name
		return ctltest.Sign(t, d, c.Pub)
	}
	for _, k := range []struct {
		name string
		list *ctlbuild.List
		want ctlbuild.Kind
	}{
		{"CTLFile.tlv", c.Tokenless(t), ctlbuild.KindCTL},
		{"CTLSEP0011215A1AE3.tlv", rename(c.TokenlessDraft(t), "CTLSEP0011215A1AE3.tlv"), ctlbuild.KindCTL},
		{"ITLFile.tlv", c.ITL(t), ctlbuild.KindITL},
		{"a CTL of another name", rename(c.TokenlessDraft(t), "trust"), ctlbuild.KindCTL},
		{"an ITL of another name", rename(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), "trust"), ctlbuild.KindITL},
	} {
		if got := k.list.Kind(); got != k.want {
			t.Errorf("%s: %v, want %v", k.name, got, k.want)
		}
	}
}

func TestEmptyRollback(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	d := ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF)
	for i := range d.Records {
		if r := &d.Records[i]; r.Function() != ctlbuild.SAST {
			r.Fields = slices.DeleteFunc(r.Fields, func(f ctlbuild.Field) bool { return f.Tag != 2 && f.Tag != 4 })
		}
	}
	for _, k := range []struct {
		name string
		list *ctlbuild.List
		want bool
	}{
		{"entries blank", ctltest.Sign(t, d, c.Pub), true},
		{"an ITL", c.ITL(t), false},
		{"a CTL", c.NonSecure(t), false},
	} {
		if got := k.list.IsEmptyRollback(); got != k.want {
			t.Errorf("%s: %v, want %v", k.name, got, k.want)
		}
	}
}

func TestFunctionAndDigestWords(t *testing.T) {
	for _, f := range []ctlbuild.Function{0, 1, 2, 3, 4, 7, 21, 42} {
		if got, err := ctlbuild.ParseFunction(f.Slug()); err != nil || got != f {
			t.Errorf("ParseFunction(%q) is %v, %v", f.Slug(), got, err)
		}
	}
	for _, s := range []string{"", "token", "65535", "-1"} {
		if f, err := ctlbuild.ParseFunction(s); err == nil {
			t.Errorf("ParseFunction(%q) is %v", s, f)
		}
	}
	for s, want := range map[string]ctlbuild.Digest{"sha1": 1, "SHA-256": 2, "sha512": 3} {
		if got, err := ctlbuild.ParseDigest(s); err != nil || got != want {
			t.Errorf("ParseDigest(%q) is %v, %v", s, got, err)
		}
	}
	if _, err := ctlbuild.ParseDigest("md5"); err == nil {
		t.Error("ParseDigest takes md5")
	}
}

// What a file is, its content tells; the FILENAME only tells a CTL from an ITL.
func TestKindIsToldByContent(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	named := func(d *ctlbuild.Draft, name string) []byte {
		d.FileName = name
		return ctltest.Sign(t, d, c.Token1).Bytes()
	}
	tvs := c.ETokensDraft(t)
	if _, err := tvs.Add(ctlbuild.Entry{Function: ctlbuild.TVS, Certificate: c.TVS.DER}); err != nil {
		t.Fatal(err)
	}
	signed := func(name, content string) []byte {
		e, err := ctlbuild.SignEnvelope(t.Context(), name, []byte(content), 0, ctltest.Time, c.Token1)
		if err != nil {
			t.Fatal(err)
		}
		return e.Bytes()
	}
	for _, test := range []struct {
		what string
		data []byte
		want ctlbuild.Kind
	}{
		{"a CTL", named(c.ETokensDraft(t), "CTLFile.tlv"), ctlbuild.KindCTL},
		{"a phone's CTL", named(c.ETokensDraft(t), "CTLSEP0011215A1AE3.tlv"), ctlbuild.KindCTL},
		{"a CTL of another name", named(c.ETokensDraft(t), "phones.dat"), ctlbuild.KindCTL},
		{"a list with TVS under another name", named(tvs, "phones.dat"), ctlbuild.KindITL},
		{"a list with TVS that says CTL", named(tvs, "CTLFile.tlv"), ctlbuild.KindCTL},
		{"a configuration", signed("SEP0011215A1AE3.cnf.xml.sgn", "<device/>"), ctlbuild.KindSigned},
		{"a configuration that calls itself a CTL", signed("CTLFile.tlv", "<device/>"), ctlbuild.KindSigned},
		{"binary content that begins as a record does", signed("load.sgn", "\x01\x00\x02\x00\x05\xff"), ctlbuild.KindSigned},
		{"a CTL that breaks off", signed("CTLFile.tlv", "\x01\x00\x02\x00\x99\x04"), ctlbuild.KindCTL},
		{"an ITL without records", signed("ITLFile.tlv", ""), ctlbuild.KindITL},
	} {
		e, err := ctlbuild.ParseEnvelope(test.data)
		if err != nil {
			t.Fatalf("%s: %v", test.what, err)
		}
		if e.Kind() != test.want {
			t.Errorf("%s is taken for %s", test.what, e.Kind())
		}
		if l, err := ctlbuild.Parse(test.data); err == nil && l.Kind() != test.want {
			t.Errorf("%s is taken for %s when it is read as a list", test.what, l.Kind())
		}
	}
}

// What reading and verifying takes in allocations does not grow with the records.
func TestAllocationsDoNotGrow(t *testing.T) {
	allocations := func(records int) float64 {
		data := full(t, records).Bytes()
		return testing.AllocsPerRun(20, func() {
			l, err := ctlbuild.Parse(data)
			if err != nil || !l.Verify().OK {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(5), allocations(57); many > few {
		t.Errorf("%v allocations for 57 records, %v for 5", many, few)
	}
}
