package platform_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/platform"
)

// What a node prints when it has no list.
const missingCTL = `Length of CTL file: 0
CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to generate the CTL file.
Error parsing the CTL File.
`

// The head and the first record of a node's output, as a technote prints it, and
// what an administrator's terminal of 80 columns makes of it.
const (
	shownCTL = `The checksum value of the CTL file:
1d97d9089dd558a062cccfcb1dc4c57f(MD5)
3b452f9ec9d6543df80e50f8b850cddc92fcf847(SHA1)

Length of CTL file: 4947
The CTL File was last modified on Fri Mar 06 21:56:07 CET 2015

Parse CTL File
----------------

Version:	1.2
HeaderLength:	336 (BYTES)

BYTEPOS	TAG		LENGTH	VALUE
-------	---		------	-----
3	SIGNERID	2	149
4	SIGNERNAME	62	CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
5	SERIALNUMBER	16	70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB
6	CANAME	62	CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
7	SIGNATUREINFO	2	15
8	DIGESTALGORTITHM	1
9	SIGNATUREALGOINFO	2	8
10	SIGNATUREALGORTITHM	1
11	SIGNATUREMODULUS	1
12	SIGNATURE	128
65  ba  26  b4  ba  de  2b  13
20  ab  12  2  4a  2b  6c  2d
14	FILENAME	12
15	TIMESTAMP	4

	CTL Record #:1
	  	----
BYTEPOS	TAG		LENGTH	VALUE
-------	---		------	-----
1	RECORDLENGTH	2	1156
2	DNSNAME		16	cucm-1051-a-pub
3	SUBJECTNAME	62	CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
4	FUNCTION	2	System Administrator Security Token
5	ISSUERNAME	62	CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
6	SERIALNUMBER	16	70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB
7	PUBLICKEY	140
8	SIGNATURE	128
9	CERTIFICATE	694	E9 D4 33 64 5B C8 8C ED 51 4D 8F E5 EA 5B 6D 21 A5 A3 8C 9C (SHA1 Hash HEX)
10	IPADDRESS	4
This etoken was used to sign the CTL file.

The CTL file was verified successfully.
`

	// Old versions spell ISSUERNAME otherwise, and print no checksums.
	shownITL = `Length of ITL file: 5438
The ITL File was last modified on Wed Jul 27 10:16:24 EDT 2011

      ITL Record #:1
      -----
BYTEPOS TAG          LENGTH  VALUE
----- --
2      DNSNAME       2
3      SUBJECTNAME   76      CN=CUCM8-Publisher.bbbburns.lab;
                             OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US
4      FUNCTION      2       System Administrator Security Token
5      ISSUENAME     15      CN=JASBURNS-AD
9      CERTIFICATE   1442    0E 1E 28 0E 5B 5D CC 7A 20 29 61 F5
                             8A DE 30 40 51 5B C4 89 (SHA1 Hash HEX)
This etoken was not used to sign the ITL file.
      ITL Record #:2
4      FUNCTION      2      TVS
6      SERIALNUMBER  8      2E:3E:1A:7B:DA:A6:4D:84
11     CERTHASH      20     C7 E1 D9 7A CC B0 2B C2 A8 B2 90 FB
                            AA FE 66 5B EC 41 42 5D
12     HASH ALGORITHM 1     SHA-1

Verification of the ITL file failed.
Error parsing the ITL File!!
`
)

const pubName = "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL"

func TestParseShow(t *testing.T) {
	ctl := platform.ListInfo{
		Kind: "CTL", MD5: "1d97d9089dd558a062cccfcb1dc4c57f", SHA1: "3b452f9ec9d6543df80e50f8b850cddc92fcf847",
		Length: 4947, Modified: "Fri Mar 06 21:56:07 CET 2015",
		Verified: true, Verdict: "The CTL file was verified successfully.",
		Records: []platform.RecordInfo{{
			Function: "System Administrator Security Token", DNSName: "cucm-1051-a-pub",
			SubjectName: pubName, IssuerName: pubName,
			SerialNumber:    "70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB",
			CertificateSHA1: "e9d433645bc88ced514d8fe5ea5b6d21a5a38c9c", UsedToSign: true,
		}},
	}
	itl := platform.ListInfo{
		Kind: "ITL", Length: 5438, Modified: "Wed Jul 27 10:16:24 EDT 2011", Signer: -1,
		Verdict: "Verification of the ITL file failed.",
		Records: []platform.RecordInfo{{
			Function: "System Administrator Security Token", IssuerName: "CN=JASBURNS-AD",
			SubjectName:     "CN=CUCM8-Publisher.bbbburns.lab;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US",
			CertificateSHA1: "0e1e280e5b5dcc7a202961f58ade3040515bc489",
		}, {
			Function: "TVS", SerialNumber: "2E:3E:1A:7B:DA:A6:4D:84",
			CertificateHash: "c7e1d97accb02bc2a8b290fbaafe665bec41425d", HashAlgorithm: "SHA-1",
		}},
	}
	for _, test := range []struct {
		name, out string
		want      platform.ListInfo
	}{
		{"ctl", shownCTL, ctl},
		{"itl", shownITL, itl},
		{"windows line ends", strings.ReplaceAll(shownCTL, "\n", "\r\n"), ctl},
		{"blanks for tabs", strings.ReplaceAll(shownCTL, "\t", "   "), ctl},
		{"80 columns", wrap(shownCTL, 80), ctl},
		{"72 columns", wrap(strings.ReplaceAll(shownCTL, "\t", "    "), 72), ctl},
		{"missing ctl", missingCTL, platform.ListInfo{Kind: "CTL", Missing: true, Signer: -1, Verdict: "Error parsing the CTL File."}},
		{"missing itl", "Length of ITL file: 0\nITL File not found.\nError parsing the ITL File!!\n", platform.ListInfo{Kind: "ITL", Missing: true, Signer: -1, Verdict: "Error parsing the ITL File!!"}},
		{"unreadable", "Length of CTL file: 99\nError parsing the CTL File.\n", platform.ListInfo{Kind: "CTL", Length: 99, Signer: -1, Verdict: "Error parsing the CTL File."}},
	} {
		got, err := platform.ParseShow(test.out)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		test.want.Raw = test.out
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.name, *got, test.want)
		}
	}
	for name, out := range map[string]string{
		"nothing":           "",
		"something else":    "Executed command unsuccessfully\nNo valid command entered\n",
		"cut in the header": shownCTL[:strings.Index(shownCTL, "\tCTL Record")],
		"cut at the start":  shownCTL[strings.Index(shownCTL, "Parse CTL"):],
		"a record missing":  strings.Replace(shownCTL, "Record #:1", "Record #:2", 1),
		"endless":           strings.Repeat(shownCTL, 1000),
	} {
		if info, err := platform.ParseShow(out); err == nil {
			t.Errorf("%s: no error but %+v", name, info)
		}
	}
}

// wrap breaks lines as a terminal does.
func wrap(text string, columns int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for len(line) > columns+1 {
			b.WriteString(line[:columns] + "\n")
			line = line[columns:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// What the program itself prints of a list reads as what is in the list.
func TestParseOwnShow(t *testing.T) {
	cluster := ctltest.NewCluster(t, 1024)
	for name, list := range map[string]*ctlbuild.List{
		"tokenless":  cluster.Tokenless(t),
		"tokens":     cluster.ETokens(t),
		"non-secure": cluster.NonSecure(t),
		"itl":        cluster.ITL(t),
	} {
		var shown bytes.Buffer
		if err := ctlbuild.Show(&shown, list, time.UTC); err != nil {
			t.Fatal(err)
		}
		info, err := platform.ParseShow(shown.String())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		raw := list.Bytes()
		md5sum, sha1sum := md5.Sum(raw), sha1.Sum(raw)
		if info.Length != len(raw) || info.MD5 != hex.EncodeToString(md5sum[:]) || info.SHA1 != hex.EncodeToString(sha1sum[:]) {
			t.Errorf("%s: length %d, MD5 %s, SHA-1 %s", name, info.Length, info.MD5, info.SHA1)
		}
		if _, signer := list.Signer(); info.Signer != signer || !info.Verified || info.Missing {
			t.Errorf("%s: signer %d, verified %v; want signer %d", name, info.Signer, info.Verified, signer)
		}
		if len(info.Records) != len(list.Records) {
			t.Errorf("%s: %d records, want %d", name, len(info.Records), len(list.Records))
			continue
		}
		for i := range list.Records {
			checkRecord(t, fmt.Sprintf("%s, record %d", name, i+1), info.Records[i], &list.Records[i])
		}
	}
}

func checkRecord(t *testing.T, name string, got platform.RecordInfo, want *ctlbuild.Record) {
	t.Helper()
	if got.Function != want.Function().String() || got.DNSName != strings.TrimSpace(want.DNSName()) || // an ITL has a blank there
		got.SubjectName != want.SubjectName() || got.IssuerName != want.IssuerName() {
		t.Errorf("%s: %+v", name, got)
	}
	if serial := strings.ReplaceAll(got.SerialNumber, ":", ""); !strings.EqualFold(serial, hex.EncodeToString(want.SerialNumber())) {
		t.Errorf("%s: serial number %s", name, got.SerialNumber)
	}
	if der := want.Certificate(); der != nil {
		if sum := sha1.Sum(der); got.CertificateSHA1 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: certificate %s", name, got.CertificateSHA1)
		}
	}
	if hash, algorithm := want.CertHash(); hash != nil && (got.CertificateHash != hex.EncodeToString(hash) || got.HashAlgorithm != algorithm.String()) {
		t.Errorf("%s: hash %s %s", name, got.HashAlgorithm, got.CertificateHash)
	}
}

// White space at the ends of lines says nothing, and what was understood can be
// written down and is understood the same again.
func FuzzParseShow(f *testing.F) {
	for _, seed := range []string{shownCTL, shownITL, missingCTL, wrap(shownCTL, 80)} {
		f.Add(seed)
	}
	var shown bytes.Buffer
	if err := ctlbuild.Show(&shown, ctltest.NewCluster(f, 1024).ETokens(f), time.UTC); err != nil {
		f.Fatal(err)
	}
	f.Add(shown.String())
	f.Fuzz(func(t *testing.T, out string) {
		info, err := platform.ParseShow(out)
		if err != nil {
			return
		}
		if info.Raw != out {
			t.Fatal("Raw is not what was given")
		}
		check := func(how, text string) {
			again, err := platform.ParseShow(text)
			if err != nil {
				if len(text) > 1<<20 {
					return
				}
				t.Fatalf("%s: %v\n%s", how, err, text)
			}
			again.Raw = out
			if !reflect.DeepEqual(info, again) {
				t.Fatalf("%s:\n%+v\nbecame\n%+v", how, info, again)
			}
		}
		check("with other line ends", "  "+strings.ReplaceAll(out, "\n", "\t\r\n  "))
		check("written down", write(info))
	})
}

// write prints what was understood in the words of a node.
func write(info *platform.ListInfo) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if info.MD5 != "" {
		line("%s(MD5)", info.MD5)
	}
	if info.SHA1 != "" {
		line("%s(SHA1)", info.SHA1)
	}
	line("Length of %s file: %d", info.Kind, info.Length)
	if info.Missing && info.Length != 0 {
		line("%s File not found", info.Kind)
	}
	if info.Modified != "" {
		line("The %s File was last modified on %s", info.Kind, info.Modified)
	}
	for i, r := range info.Records {
		line("%s Record #:%d", info.Kind, i+1)
		field := func(number int, tag, value string) {
			if value != "" {
				line("%d\t%s\t0\t%s", number, tag, value)
			}
		}
		field(2, "DNSNAME", r.DNSName)
		field(3, "SUBJECTNAME", r.SubjectName)
		field(4, "FUNCTION", r.Function)
		field(5, "ISSUERNAME", r.IssuerName)
		field(6, "SERIALNUMBER", r.SerialNumber)
		if r.CertificateSHA1 != "" {
			field(9, "CERTIFICATE", r.CertificateSHA1+" (SHA1 Hash HEX)")
		}
		field(11, "CERTHASH", r.CertificateHash)
		field(12, "HASH ALGORITHM", r.HashAlgorithm)
		if r.UsedToSign {
			line("This etoken was used to sign the %s file.", info.Kind)
		}
	}
	if info.Verdict != "" {
		line("%s", info.Verdict)
	}
	return b.String()
}
