package ctlbuild_test

import (
	"bytes"
	"crypto"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// The lengths that `show ctl` and `show itl` printed of files of real clusters,
// NUL bytes included. A field that a record does not have is -1.
type recordLengths struct {
	function                                                        ctlbuild.Function
	total                                                           int
	dns, subject, issuer, serial, key, signature, certificate, hash int
}

var (
	sastPub1024 = recordLengths{ctlbuild.SAST, 1156, 16, 62, 62, 16, 140, 128, 694, -1}
	token       = recordLengths{ctlbuild.SAST, 1186, 1, 56, 42, 10, 140, -1, 902, -1}
	capf        = recordLengths{ctlbuild.CAPF, 1138, 16, 60, 60, 16, 140, 128, 680, -1}
	capfClient  = recordLengths{ctlbuild.CAPF, 1004, 13, 60, 60, 16, 140, -1, 680, -1}
	sub         = recordLengths{ctlbuild.CCMTFTP, 1161, 17, 63, 63, 16, 140, 128, 696, -1}
	stub        = recordLengths{ctlbuild.CCMTFTP, 33, 13, -1, -1, -1, -1, -1, -1, -1}
	sastITL     = recordLengths{ctlbuild.SAST, 1972, 2, 76, 15, 10, 140, 256, 1442, -1}
)

// as is the same lengths under another function.
func (l recordLengths) as(f ctlbuild.Function) recordLengths {
	l.function = f
	return l
}

func TestVectors(t *testing.T) {
	c1024, c2048 := ctltest.NewCluster(t, 1024), ctltest.NewCluster(t, 2048)
	pub2048 := recordLengths{ctlbuild.SAST, 1675, 16, 62, 62, 16, 270, 256, 955, -1}

	for _, v := range []struct {
		name                                     string
		list                                     *ctlbuild.List
		header, id, signer, serial, ca, sigBytes int
		records                                  []recordLengths
		total, signedBy                          int
	}{
		{
			"tokenless, 1024 bits", c1024.Tokenless(t), 336, 149, 62, 16, 62, 128,
			[]recordLengths{sastPub1024, sastPub1024.as(ctlbuild.CCMTFTP), capf, sub},
			4947, 0,
		},
		{
			"tokenless, 2048 bits", c2048.Tokenless(t), 464, 149, 62, 16, 62, 256,
			[]recordLengths{pub2048, pub2048.as(ctlbuild.CCMTFTP), capf, sub},
			6113, 0,
		},
		{
			"eTokens, mixed mode", c1024.ETokens(t), 304, 117, 56, 10, 42, 128,
			[]recordLengths{
				token,
				{ctlbuild.CCMTFTP, 1022, 13, 62, 62, 16, 140, -1, 694, -1},
				capfClient,
				{ctlbuild.CCMTFTP, 1026, 13, 63, 63, 16, 140, -1, 696, -1},
				token,
			},
			5728, 4,
		},
		{
			"eTokens, non-secure", c1024.NonSecure(t), 304, 117, 56, 10, 42, 128,
			[]recordLengths{token, token, stub, capfClient, stub},
			3746, 1,
		},
		{
			"ITL 8.x", itl8(t), 296, 110, 76, 10, 15, 128,
			[]recordLengths{
				sastITL, sastITL.as(ctlbuild.CCMTFTP),
				{ctlbuild.TVS, 743, 2, 76, 76, 8, 270, 256, -1, 20},
				{ctlbuild.CAPF, 455, 2, 61, 61, 8, 140, 128, -1, 20},
			},
			5438, 0,
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			// The lengths are read off the bytes, not off the package's view.
			h, rest := v.list.Bytes()[:v.header], v.list.Bytes()[v.header:]
			if got := len(v.list.Bytes()); got != v.total {
				t.Errorf("file is %d bytes, want %d", got, v.total)
			}
			checkHeader(t, h, v.header, v.id, v.signer, v.serial, v.ca, v.sigBytes)
			for i, want := range v.records {
				n := int(rest[3])<<8 | int(rest[4])
				checkRecord(t, i, rest[:n], want)
				rest = rest[n:]
			}
			if len(rest) != 0 {
				t.Errorf("%d bytes follow the last record", len(rest))
			}
			if got := v.list.Verify(); !got.OK || got.Signer != v.signedBy {
				t.Errorf("Verify: %+v, want record %d", got, v.signedBy)
			}
		})
	}
}

// itl8 is the list of a cluster whose CallManager certificate comes from a
// certificate authority.
func itl8(t *testing.T) *ctlbuild.List {
	t.Helper()
	const place = ";OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US"
	callManager := ctltest.New(t, ctltest.Spec{
		Subject: "CN=CUCM8-Publisher.bbbburns.lab" + place, Issuer: "CN=JASBURNS-AD",
		Serial: ctltest.Hex("21002D17000000000005"), Length: 1442,
	})
	tvs := ctltest.New(t, ctltest.Spec{
		Subject: "CN=CUCM8-Publisher.bbbburns.lab" + place, KeyName: "TVS",
		Serial: ctltest.Hex("2E3E1A7BDAA64D84"), Bits: 2048,
	})
	capf := ctltest.New(t, ctltest.Spec{Subject: "CN=CAPF-9c4cba7d" + place, Serial: ctltest.Hex("0ADC6E7742914A53")})
	return ctltest.Sign(t, ctltest.ITLDraft(t, callManager, tvs, capf), callManager)
}

func checkHeader(t *testing.T, h []byte, length, id, signer, serial, ca, signature int) {
	t.Helper()
	pos := 0
	field := func(tag byte, n int, isContainer bool) []byte {
		t.Helper()
		if h[pos] != tag || int(h[pos+1])<<8|int(h[pos+2]) != n {
			t.Fatalf("at %d: % x, want tag %d of length %d", pos, h[pos:pos+3], tag, n)
		}
		v := h[pos+3:]
		if pos += 3; !isContainer {
			pos += n
		}
		return v[:n]
	}
	want := func(what string, got []byte, want ...byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s is % x, want % x", what, got, want)
		}
	}
	want("VERSION", field(1, 2, false), 1, 2)
	want("HEADERLENGTH", field(2, 2, false), byte(length>>8), byte(length))
	field(3, id, true)
	field(4, signer, false)
	field(5, serial, false)
	field(6, ca, false)
	field(7, 15, true)
	want("DIGESTALGORTITHM", field(8, 1, false), 1)
	field(9, 8, true)
	want("SIGNATUREALGORTITHM", field(10, 1, false), 0)
	want("SIGNATUREMODULUS", field(11, 1, false), map[int]byte{128: 1, 256: 2}[signature])
	field(12, signature, false)
	field(14, 12, false)
	want("TIMESTAMP", field(15, 4, false), 0x54, 0xfa, 0x14, 0x67)
	for ; pos < len(h); pos++ {
		if h[pos] != 13 {
			t.Errorf("byte %d of the padding is %d", pos, h[pos])
		}
	}
}

func checkRecord(t *testing.T, i int, raw []byte, want recordLengths) {
	t.Helper()
	if len(raw) != want.total {
		t.Errorf("record %d is %d bytes, want %d", i+1, len(raw), want.total)
	}
	got := map[byte]int{}
	var order []byte
	var function byte
	for pos := 5; pos < len(raw); {
		n := int(raw[pos+1])<<8 | int(raw[pos+2])
		got[raw[pos]] = n
		order = append(order, raw[pos])
		if raw[pos] == 4 {
			function = raw[pos+4]
		}
		pos += 3 + n
	}
	if function != byte(want.function) {
		t.Errorf("record %d has function %d, want %d", i+1, function, want.function)
	}
	for tag, n := range map[byte]int{
		2: want.dns, 3: want.subject, 5: want.issuer, 6: want.serial,
		7: want.key, 8: want.signature, 9: want.certificate, 11: want.hash,
	} {
		if have, ok := got[tag]; ok != (n >= 0) || ok && have != n {
			t.Errorf("record %d: field %d is %d bytes (present %v), want %d", i+1, tag, have, ok, n)
		}
	}
	if !bytes.Equal(order, sorted(order)) {
		t.Errorf("record %d has its fields in the order %v", i+1, order)
	}
}

func sorted(b []byte) []byte {
	s := bytes.Clone(b)
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s
}

// The names and serial number of an eToken, as a list was seen to hold them.
func TestTokenNames(t *testing.T) {
	l := ctltest.NewCluster(t, 1024).ETokens(t)
	r := l.Records[0]
	for what, pair := range map[string][2]string{
		"subject": {r.SubjectName(), `cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems`},
		"issuer":  {r.IssuerName(), "cn=Cisco Manufacturing CA;o=Cisco Systems"},
		"CN":      {r.CN(), "SAST-ADN0054f509"},
		"DNSNAME": {r.DNSName(), ""},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if want := ctltest.Hex("3CF927000000AFA2DA45"); !bytes.Equal(r.SerialNumber(), want) {
		t.Errorf("serial number is % x, want % x", r.SerialNumber(), want)
	}
	if !r.IsToken() || l.Tokenless() {
		t.Error("a token's record is not taken for one")
	}
}

var _ crypto.Signer = (*ctltest.Cert)(nil)
