package ctlbuild_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

var update = flag.Bool("update", false, "write the golden texts of testdata, and the files that are missing there")

// The files in testdata were signed once, as keys and so signatures differ from
// run to run.
func sampleFiles(t *testing.T) map[string]func() []byte {
	c, renewed := ctltest.NewCluster(t, 1024), ctltest.NewCluster(t, 2048)
	return map[string]func() []byte{
		"tokenless.tlv": func() []byte { return c.Tokenless(t).Bytes() },
		// CallManager of the publisher is another, the subscriber has moved.
		"renewed.tlv": func() []byte {
			d := renewed.TokenlessDraft(t)
			d.Digest, d.Time = ctlbuild.SHA512, ctltest.Time.Add(time.Hour)
			for i, f := range d.Records[3].Fields {
				if f.Tag == 10 {
					d.Records[3].Fields[i].Value = []byte{10, 48, 47, 200}
				}
			}
			return ctltest.Sign(t, d, renewed.Pub).Bytes()
		},
		"tokens.tlv":     func() []byte { return c.ETokens(t).Bytes() },
		"non-secure.tlv": func() []byte { return c.NonSecure(t).Bytes() },
		"itl.tlv":        func() []byte { return itl8(t).Bytes() },
		"odd.tlv":        func() []byte { return oddList(t, c).Bytes() },
		"failing-itl.tlv": func() []byte {
			b := bytes.Clone(c.ITL(t).Bytes())
			b[len(b)-30] ^= 1
			return b
		},
		"config.cnf.xml.sgn": func() []byte { return c.Config(t, "SEP0011215A1AE3.cnf.xml.sgn", []byte("<device/>\n")).Bytes() },
	}
}

// oddList has all that a reader does not expect: fields and functions that
// nobody knows, text that would play with a terminal, a certificate that is
// none, an empty record.
func oddList(t *testing.T, c *ctltest.Cluster) *ctlbuild.List {
	t.Helper()
	d := c.ETokensDraft(t)
	d.NameFirst, d.SignerVersion, d.Digest = true, [2]byte{1, 1}, ctlbuild.SHA512
	d.Unknown = []ctlbuild.Field{{Tag: 42, Value: []byte{1, 2, 0xab}}}
	d.UnknownInside = []ctlbuild.ContainedField{{Container: 3, Field: ctlbuild.Field{Tag: 43}}}
	d.Records = append(d.Records,
		ctlbuild.Record{Fields: []ctlbuild.Field{
			{Tag: 4, Value: []byte{0, 42}},
			{Tag: 2, Value: []byte("host\x1b[2J\x07\r\n\u202eevil\u200b\xff\x00")},
			{Tag: 3, Value: []byte("CN=Kraków\x00")},
			{Tag: 9, Value: []byte("no certificate")},
			{Tag: 10, Value: []byte{10, 1}},
			{Tag: 11, Value: []byte{1, 2}},
			{Tag: 12, Value: []byte{9}},
			{Tag: 99, Value: []byte{0xca, 0xfe}},
		}},
		ctlbuild.Record{},
		ctlbuild.Record{Fields: []ctlbuild.Field{{Tag: 4, Value: []byte{}}}},
	)
	return ctltest.Sign(t, d, c.Token1)
}

// sample reads a file of testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with a text of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", name, got)
	}
}

func TestShow(t *testing.T) {
	cet := time.FixedZone("CET", 3600)
	for name, build := range sampleFiles(t) {
		if _, err := os.Stat(filepath.Join("testdata", name)); err != nil && *update {
			if err := os.WriteFile(filepath.Join("testdata", name), build(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(name, func(t *testing.T) {
			data := sample(t, name)
			var text bytes.Buffer
			var view any
			if strings.HasSuffix(name, ".sgn") {
				e, err := ctlbuild.ParseEnvelope(data)
				if err != nil {
					t.Fatal(err)
				}
				if err := ctlbuild.ShowEnvelope(&text, e, cet); err != nil {
					t.Fatal(err)
				}
				view = e.View()
			} else {
				l := parse(t, data)
				if err := ctlbuild.Show(&text, l, cet); err != nil {
					t.Fatal(err)
				}
				view = l.View()
			}
			golden(t, name+".show", text.Bytes())
			if name == "odd.tlv" {
				shown := text.Len()
				if err := ctlbuild.ShowWith(&text, parse(t, data), ctlbuild.ShowOptions{Verbose: true, Only: []int{0, 1, 5, 6}}); err != nil {
					t.Fatal(err)
				}
				golden(t, name+".verbose", text.Bytes()[shown:])
			}
			if strings.ContainsAny(text.String(), "\x1b\x07\r\u202e\u200b") || !utf8.Valid(text.Bytes()) {
				t.Error("text of the file reaches the terminal raw")
			}
			j, err := json.MarshalIndent(view, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", append(j, '\n'))
		})
	}
}

// The lines that people know from the documentation of real clusters.
func TestShowWords(t *testing.T) {
	cet := time.FixedZone("CET", 3600)
	for _, k := range []struct {
		file  string
		lines []string
	}{
		{"tokenless.tlv", []string{
			"Length of CTL file: 4947",
			"The CTL File was last modified on Fri Mar 06 21:56:07 CET 2015",
			"HeaderLength:\t336 (BYTES)",
			"3\tSIGNERID\t2\t149",
			"4\tSIGNERNAME\t62\tCN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
			"5\tSERIALNUMBER\t16\t70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB",
			"6\tCANAME\t\t62\tCN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
			"1\tRECORDLENGTH\t2\t1156",
			"2\tDNSNAME\t\t16\tcucm-1051-a-pub",
			"4\tFUNCTION\t2\tSystem Administrator Security Token",
			"This etoken was used to sign the CTL file.",
			"The CTL file was verified successfully.",
		}},
		{"tokens.tlv", []string{
			"2\tDNSNAME\t\t1",
			"3\tSUBJECTNAME\t56\tcn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems",
			"5\tISSUERNAME\t42\tcn=Cisco Manufacturing CA;o=Cisco Systems",
			"6\tSERIALNUMBER\t10\t3C:F9:27:00:00:00:AF:A2:DA:45",
			"This etoken was not used to sign the CTL file.",
			"This etoken was used to sign the CTL file.",
		}},
		{"itl.tlv", []string{
			"The checksum value of the ITL file:",
			"Length of ITL file: 5438",
			"Parse ITL File",
			"\tITL Record #:4",
			"2\tDNSNAME\t\t2\t ",
			"12\tHASH ALGORITHM\t1\tSHA-1",
			"This etoken was used to sign the ITL file.",
			"The ITL file was verified successfully.",
		}},
		{"failing-itl.tlv", []string{
			"Verification of the ITL file failed.",
			"Error parsing the ITL File!!",
		}},
	} {
		var text bytes.Buffer
		if err := ctlbuild.Show(&text, parse(t, sample(t, k.file)), cet); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(text.String(), "\n")
		for _, want := range k.lines {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: no line %q", k.file, want)
			}
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"CN=pub;O=Cisco Systems, Inc.": "CN=pub;O=Cisco Systems, Inc.",
		"Kraków":                       "Kraków",
		`back\slash`:                   `back\slash`,
		"\x1b[31m":                     `\x1b[31m`,
		"a\tb\nc\x7f":                  `a\x09b\x0ac\x7f`,
		"a\xffb":                       `a\xffb`,
		"a\u202eb\u0085\u200b":         `a\u202eb\u0085\u200b`,
		"\ufffd":                       `\ufffd`,
	} {
		if got := ctlbuild.Printable(in); got != want {
			t.Errorf("Printable(%q) is %q, want %q", in, got, want)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestShowReportsWriteErrors(t *testing.T) {
	l := parse(t, sample(t, "tokens.tlv"))
	if err := ctlbuild.Show(failingWriter{}, l, nil); err == nil {
		t.Error("Show swallows the error")
	}
	if err := ctlbuild.Compare(l, l).WriteText(failingWriter{}, message.Voice{}); err == nil {
		t.Error("WriteText swallows the error")
	}
}
