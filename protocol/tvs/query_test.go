package tvs

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The names of a real query, of the lengths that Cisco's technote 213407 prints.
var technoteNames = Names{
	Subject: "CN=ucm11pub" + strings.Repeat("x", 65-11-29) + ";OU=IST;O=Example;L=B;ST=QLD;C=AU"[:29],
	Issuer:  "CN=stormin-WIN2012-CA",
	Serial:  bytes.Repeat([]byte{0x61}, 19),
}

// technote is a query and its answer with the byte counts of the technote: 153 and 1480.
func technote() (query, answer []byte) {
	query = append([]byte{87, 1, 3, 0, 0, 0, 3, 0xe9, 0, 0x8f, 1, 0, 24, 1}, "CP-8861-SEPB000B4BA0AEE"...)
	query = append(append(query, 3, 0, 66), technoteNames.Subject+"\x00"...)
	query = append(append(query, 4, 0, 22), technoteNames.Issuer+"\x00"...)
	query = append(append(query, 5, 0, 19), technoteNames.Serial...)
	// Byte 3 of the answer is 0xf7 there: it is not cleared, and means nothing.
	answer = []byte{87, 1, 4, 0xf7, 0, 0, 3, 0xe9, 5, 0xbe, 7, 0, 1, 0, 2, 5, 0xab}
	answer = append(answer, make([]byte, 1451)...)
	answer = append(answer, 8, 0, 2, 2, 3, 9, 0, 4, 0, 1, 0x51, 0x80)
	return query, answer
}

func TestTechnoteCounts(t *testing.T) {
	query, answer := technote()
	if len(query) != 153 || len(answer) != 1480 {
		t.Fatalf("%d and %d bytes", len(query), len(answer))
	}
	f, err := readFrame(bytes.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	r, err := decodeRequest(f.command, f.body)
	if err != nil || !reflect.DeepEqual(r, Request{DeviceName: "CP-8861-SEPB000B4BA0AEE", Names: technoteNames}) {
		t.Errorf("the query is read as %+v, %v", r, err)
	}
	c, body, err := r.encode()
	if err != nil || !bytes.Equal((frame{command: c, session: 0x3e9, body: body}).bytes(), query) {
		t.Errorf("the query is written as %x, %v", body, err)
	}
	f, err = readFrame(bytes.NewReader(answer))
	if err != nil {
		t.Fatal(err)
	}
	a, err := decodeAnswer(f.body, true)
	want := Answer{Valid: true, Certificate: make([]byte, 1451), Roles: []uint8{2, 3}, TTL: 24 * time.Hour}
	if err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("the answer is read as valid %v, %d bytes, roles %v, %v, %v", a.Valid, len(a.Certificate), a.Roles, a.TTL, err)
	}
	if !bytes.Equal(a.encode(), answer[10:]) {
		t.Errorf("the answer is written as %x", a.encode())
	}
}

func TestQuery(t *testing.T) {
	cert, client := newCertificate(t), newCertificate(t)
	known := []byte("a certificate")
	addr := startServer(t, ServerOptions{
		Certificate: func() (tls.Certificate, error) { return cert, nil },
		Answer: func(r Request) Answer {
			switch {
			case !r.ByName():
				return Answer{Valid: true, Certificate: known}
			case reflect.DeepEqual(r.Names, technoteNames):
				return Answer{Valid: true, Certificate: known, Roles: []uint8{2, 3}, TTL: time.Hour}
			case r.Names.Subject == "no certificate":
				return Answer{Valid: true}
			}
			return Answer{}
		},
	})
	o := Options{VerifyPeer: pin(cert), Certificate: &client}
	a, err := Query(t.Context(), addr, technoteNames, o)
	if want := (Answer{true, known, []uint8{2, 3}, time.Hour}); err != nil || !reflect.DeepEqual(a, want) {
		t.Errorf("answer %+v, %v; want %+v", a, err, want)
	}
	for _, subject := range []string{"another", "no certificate"} {
		n := technoteNames
		n.Subject = subject
		if a, err := Query(t.Context(), addr, n, o); err != nil || a.Valid {
			t.Errorf("%s: answer %+v, %v; want invalid", subject, a, err)
		}
	}
	if a, err := Verify(t.Context(), addr, known, o); err != nil || !a.Valid || a.Certificate != nil {
		t.Errorf("about a certificate: %+v, %v; want valid, and none in the answer", a, err)
	}
	for what, n := range map[string]Names{
		"nothing":           {},
		"no subject":        {Issuer: "i", Serial: []byte{1}},
		"no issuer":         {Subject: "s", Serial: []byte{1}},
		"no serial number":  {Subject: "s", Issuer: "i"},
		"a NUL":             {Subject: "s\x00", Issuer: "i", Serial: []byte{1}},
		"too long for both": {Subject: strings.Repeat("s", 40_000), Issuer: strings.Repeat("i", 40_000), Serial: []byte{1}},
	} {
		if _, err := Query(t.Context(), addr, n, o); !errors.Is(err, ErrNames) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A server that asks for a certificate is shown the client's.
func TestClientCertificate(t *testing.T) {
	cert, client := newCertificate(t), newCertificate(t)
	shown := make(chan []byte, 1)
	config := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, VerifyConnection: func(s tls.ConnectionState) error {
		var der []byte
		if len(s.PeerCertificates) > 0 {
			der = s.PeerCertificates[0].Raw
		}
		shown <- der
		return nil
	}}
	for _, own := range []*tls.Certificate{&client, nil} {
		addr, _ := script(t, config, 0, func([]byte) []byte { return nil })
		if _, err := Query(t.Context(), addr, technoteNames, Options{VerifyPeer: pin(cert), Certificate: own}); err == nil {
			t.Error("an answer from a server that gives none")
		}
		var want []byte
		if own != nil {
			want = own.Certificate[0]
		}
		if got := <-shown; !bytes.Equal(got, want) {
			t.Errorf("the server was shown %d bytes, want %d", len(got), len(want))
		}
	}
}

// Valid without the certificate is no answer to a query.
func TestQueryAnswers(t *testing.T) {
	cert := newCertificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	for name, c := range map[string]struct {
		answer []byte
		err    error
	}{
		"valid":               {wire(t, "57 01 04 f7 0a0b0c0d 0015 07 0001 00 02 0002 3000 08 0002 0203 09 0004 00015180"), nil},
		"invalid":             {wire(t, "57 01 04 00 0a0b0c0d 0004 07 0001 01"), nil},
		"without certificate": {wire(t, "57 01 04 00 0a0b0c0d 0010 07 0001 00 08 0002 0203 09 0004 00015180"), ErrMalformed},
		"with an empty one":   {wire(t, "57 01 04 00 0a0b0c0d 0013 07 0001 00 02 0000 08 0002 0203 09 0004 00015180"), ErrMalformed},
		"to another question": {wire(t, "57 01 02 00 0a0b0c0d 0015 07 0001 00 02 0002 3000 08 0002 0203 09 0004 00015180"), ErrMalformed},
		"in another session":  {wire(t, "57 01 04 00 0a0b0c0e 0004 07 0001 01"), ErrMalformed},
		"cut before its end":  {wire(t, "57 01 04 00 0a0b0c0d 0015 07 0001 00"), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			query, _ := technote()
			addr, _ := script(t, config, len(query), func(got []byte) []byte {
				a := bytes.Clone(c.answer)
				for i, b := range []byte{0x0a, 0x0b, 0x0c, 0x0d} {
					a[4+i] ^= b ^ got[4+i]
				}
				return a
			})
			a, err := Query(t.Context(), addr, technoteNames, Options{VerifyPeer: pin(cert)})
			if !errors.Is(err, c.err) || a.Valid != (name == "valid") {
				t.Errorf("%+v, %v; want %v", a, err, c.err)
			}
		})
	}
}
