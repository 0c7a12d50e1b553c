package tvs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ctlclient/protocol/internal/frame/frametest"
)

// wire joins what a message consists of.
var wire = frametest.Wire

func request(t testing.TB) []byte {
	return wire(t,
		"57 01 01 00", "0a0b0c0d", "0022", // id, version, command, 0; session; length
		"01 0018", "01", "=CP-8861-SEP0011215A1AE3", // DEVICE_NAME
		"02 0004", "30020500") // CERTIFICATE
}

func valid(t testing.TB) []byte {
	return wire(t,
		"57 01 02 00", "0a0b0c0d", "0010",
		"07 0001 00",       // STATUS valid
		"08 0002 02 15",    // ROLES CCM+TFTP, TVS
		"09 0004 00015180") // TTL
}

func invalid(t testing.TB) []byte {
	return wire(t,
		"57 01 02 00", "0a0b0c0d", "0004",
		"07 0001 01")
}

func TestServerBytes(t *testing.T) {
	cert := newCertificate(t)
	for name, c := range map[string]struct {
		answer Answer
		want   []byte
	}{
		"valid":                          {Answer{Valid: true, Roles: []uint8{2, 21}, TTL: 24 * time.Hour}, valid(t)},
		"invalid":                        {Answer{}, invalid(t)},
		"invalid, whatever else it says": {Answer{Roles: []uint8{2}, TTL: time.Hour}, invalid(t)},
	} {
		t.Run(name, func(t *testing.T) {
			addr := startServer(t, ServerOptions{
				Certificate: func() (tls.Certificate, error) { return cert, nil },
				Answer: func(r Request) Answer {
					if r.DeviceName != "CP-8861-SEP0011215A1AE3" || !bytes.Equal(r.Certificate, []byte{0x30, 2, 5, 0}) {
						return Answer{Valid: true}
					}
					return c.answer
				},
			})
			conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(request(t)); err != nil {
				t.Fatal(err)
			}
			// One answer, then the end.
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("answer\n%x, %v; want\n%x", got, err, c.want)
			}
		})
	}
}

// What is no verify request gets no answer.
func TestServerRefuses(t *testing.T) {
	cert := newCertificate(t)
	addr := startServer(t, ServerOptions{
		Certificate: func() (tls.Certificate, error) { return cert, nil },
		Answer:      func(Request) Answer { return Answer{Valid: true} },
	})
	for name, b := range map[string][]byte{
		"protocol id":           wire(t, "56 01 01 00 00000000 0000"),
		"version":               wire(t, "57 02 01 00 00000000 0000"),
		"a query of nothing":    wire(t, "57 01 03 00 00000000 0000"),
		"an answer":             wire(t, "57 01 04 00 00000000 0004 07 0001 00"),
		"a query without names": wire(t, "57 01 03 00 00000000 0022 01 0018 01", "=CP-8861-SEP0011215A1AE3", "02 0004 30020500"),
		"a subject without NUL": wire(t, "57 01 03 00 00000000 0027 01 0018 01", "=CP-8861-SEP0011215A1AE3", "03 0001 61 04 0002 6200 05 0001 01"),
		"an issuer with a NUL":  wire(t, "57 01 03 00 00000000 0029 01 0018 01", "=CP-8861-SEP0011215A1AE3", "03 0002 6100 04 0003 620000 05 0001 01"),
		"no serial number":      wire(t, "57 01 03 00 00000000 0028 01 0018 01", "=CP-8861-SEP0011215A1AE3", "03 0002 6100 04 0002 6200 05 0000"),
		"nothing asked":         wire(t, "57 01 01 00 00000000 0000"),
		"no certificate":        wire(t, "57 01 01 00 00000000 001b 01 0018 01", "=CP-8861-SEP0011215A1AE3"),
		"empty certificate":     wire(t, "57 01 01 00 00000000 001e 01 0018 01", "=CP-8861-SEP0011215A1AE3", "02 0000"),
		"name without its 0x01": wire(t, "57 01 01 00 00000000 0021 01 0017", "=CP-8861-SEP0011215A1AE3", "02 0004 30020500"),
		"name with a NUL":       wire(t, "57 01 01 00 00000000 0023 01 0019 01", "=CP-8861-SEP0011215A1AE3", "00 02 0004 30020500"),
		"element past its end":  wire(t, "57 01 01 00 00000000 0003 01 0001"),
		"half an element":       wire(t, "57 01 01 00 00000000 0002 01 00"),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(b); err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(conn); len(got) != 0 {
				t.Errorf("answered %x", got)
			}
		})
	}
}

// script reads one question of n bytes and answers with what answer makes of it;
// seen gets all that the client sent.
func script(t testing.TB, config *tls.Config, n int, answer func(q []byte) []byte) (addr string, seen <-chan []byte) {
	t.Helper()
	l := listen(t)
	t.Cleanup(func() { l.Close() })
	c := make(chan []byte, 1)
	go func() {
		raw, err := l.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, config)
		defer conn.Close()
		q := make([]byte, n)
		got, err := io.ReadFull(conn, q)
		if err == nil {
			conn.Write(answer(q))
		}
		c <- q[:got]
	}()
	return l.Addr().String(), c
}

func TestClientBytes(t *testing.T) {
	cert := newCertificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	ok := Answer{Valid: true, Roles: []uint8{2, 21}, TTL: 24 * time.Hour}
	for name, c := range map[string]struct {
		answer []byte
		want   Answer
		err    error
	}{
		"valid":                     {answer: valid(t), want: ok},
		"invalid":                   {answer: invalid(t)},
		"invalid by another number": {answer: wire(t, "57 01 02 00 0a0b0c0d 0004 07 0001 09")},
		"invalid, with roles":       {answer: wire(t, "57 01 02 00 0a0b0c0d 0010 07 0001 01 08 0002 0215 09 0004 00015180")},
		"an unknown element":        {answer: wire(t, "57 01 02 00 0a0b0c0d 0015 63 0002 0000 07 0001 00 08 0002 0215 09 0004 00015180"), want: ok},

		"another session":     {answer: wire(t, "57 01 02 00 0a0b0c0e 0004 07 0001 00"), err: ErrMalformed},
		"another command":     {answer: wire(t, "57 01 04 00 0a0b0c0d 0004 07 0001 00"), err: ErrMalformed},
		"the question itself": {answer: request(t), err: ErrMalformed},
		"another protocol":    {answer: wire(t, "55 01 02 00 0a0b0c0d 0004 07 0001 00"), err: ErrMalformed},
		"another version":     {answer: wire(t, "57 02 02 00 0a0b0c0d 0004 07 0001 00"), err: ErrMalformed},
		"no STATUS":           {answer: wire(t, "57 01 02 00 0a0b0c0d 000c 08 0002 0215 09 0004 00015180"), err: ErrMalformed},
		"STATUS of two bytes": {answer: wire(t, "57 01 02 00 0a0b0c0d 0011 07 0002 0000 08 0002 0215 09 0004 00015180"), err: ErrMalformed},
		"STATUS of no byte":   {answer: wire(t, "57 01 02 00 0a0b0c0d 0003 07 0000"), err: ErrMalformed},
		"valid, no ROLES":     {answer: wire(t, "57 01 02 00 0a0b0c0d 000b 07 0001 00 09 0004 00015180"), err: ErrMalformed},
		"valid, no TTL":       {answer: wire(t, "57 01 02 00 0a0b0c0d 0009 07 0001 00 08 0002 0215"), err: ErrMalformed},
		"TTL of two bytes":    {answer: wire(t, "57 01 02 00 0a0b0c0d 000e 07 0001 00 08 0002 0215 09 0002 0001"), err: ErrMalformed},
		"past its end":        {answer: wire(t, "57 01 02 00 0a0b0c0d 0004 07 0002 00"), err: ErrMalformed},
		"cut":                 {answer: valid(t)[:20], err: io.ErrUnexpectedEOF},
		"cut in the header":   {answer: valid(t)[:9], err: io.ErrUnexpectedEOF},
		"nothing":             {err: ErrNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			q := request(t)
			addr, seen := script(t, config, len(q), func(got []byte) []byte {
				// The session id is the client's choice: the answer takes it, moved
				// as far as the literal one is from 0a0b0c0d.
				a := bytes.Clone(c.answer)
				for i := 4; i < 8 && i < len(a); i++ {
					a[i] ^= q[i] ^ got[i]
				}
				return a
			})
			a, err := Verify(t.Context(), addr, []byte{0x30, 2, 5, 0}, Options{VerifyPeer: pin(cert), DeviceName: "CP-8861-SEP0011215A1AE3"})
			if !errors.Is(err, c.err) || !reflect.DeepEqual(a, c.want) {
				t.Errorf("%+v, %v; want %+v, %v", a, err, c.want, c.err)
			}
			got := <-seen
			copy(got[4:8], q[4:8])
			if !bytes.Equal(got, q) {
				t.Errorf("question\n%x, want\n%x", got, q)
			}
		})
	}
}

// A service that is not the ITL's is asked nothing.
func TestOtherService(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}, MinVersion: version, MaxVersion: version}
		addr, seen := script(t, config, 1, func([]byte) []byte { return nil })
		o := Options{VerifyPeer: pin(newCertificate(t)), Legacy: true}
		if a, err := Verify(t.Context(), addr, []byte{0x30, 0}, o); !errors.Is(err, errPin) || a.Valid {
			t.Errorf("%s: %+v, %v; want the pin's error", tls.VersionName(version), a, err)
		}
		if got := <-seen; len(got) != 0 {
			t.Errorf("%s: the service saw %x", tls.VersionName(version), got)
		}
	}
	if _, err := Verify(t.Context(), "127.0.0.1:1", []byte{0x30, 0}, Options{}); err == nil {
		t.Error("asked without a way to judge the service")
	}
}

// Old phones speak TLS 1.0; a server meets them, and a client such a server, only
// where told to.
func TestLegacy(t *testing.T) {
	cert := newCertificate(t)
	for _, legacyServer := range []bool{false, true} {
		addr := startServer(t, ServerOptions{
			Certificate: func() (tls.Certificate, error) { return cert, nil },
			Legacy:      legacyServer,
		})
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10})
		if (err == nil) != legacyServer {
			t.Errorf("server legacy %v: an old phone gets %v", legacyServer, err)
		}
		if err == nil {
			conn.Close()
		}
	}
	for _, legacyClient := range []bool{false, true} {
		config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
		q := request(t)
		addr, _ := script(t, config, len(q), func(got []byte) []byte {
			return append(append(wire(t, "57 01 02 00"), got[4:8]...), wire(t, "0004 07 0001 01")...)
		})
		_, err := Verify(t.Context(), addr, []byte{0x30, 2, 5, 0}, Options{VerifyPeer: pin(cert), Legacy: legacyClient})
		if (err == nil) != legacyClient {
			t.Errorf("client legacy %v: %v", legacyClient, err)
		}
	}
}

func TestQuestionsRefused(t *testing.T) {
	o := Options{VerifyPeer: func(*x509.Certificate, []byte) error { return nil }}
	for _, name := range []string{"x", "CP-7975-SEP00000000000", "CP-79750-SEP000000000000", "CP-7975-SEP00000000000g", "CP-7975-SEP000000000000\n"} {
		o.DeviceName = name
		if _, err := Verify(t.Context(), "", []byte{0x30, 0}, o); !errors.Is(err, ErrDeviceName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	o.DeviceName = ""
	for _, n := range []int{0, MaxCertificate + 1} {
		if _, err := Verify(t.Context(), "", make([]byte, n), o); err == nil || !strings.Contains(err.Error(), "does not fit") {
			t.Errorf("a certificate of %d bytes: %v", n, err)
		}
	}
}

// The longest question and the longest answer pass.
func TestLongest(t *testing.T) {
	cert := newCertificate(t)
	addr := startServer(t, ServerOptions{
		Certificate: func() (tls.Certificate, error) { return cert, nil },
		Answer: func(r Request) Answer {
			return Answer{Valid: len(r.Certificate) == MaxCertificate, Roles: make([]uint8, 1000), TTL: 1 << 62}
		},
	})
	a, err := Verify(t.Context(), addr, make([]byte, MaxCertificate), Options{VerifyPeer: pin(cert)})
	if err != nil || !a.Valid || len(a.Roles) != 255 || a.TTL != (1<<32-1)*time.Second {
		t.Errorf("%v with %d roles for %v, %v", a.Valid, len(a.Roles), a.TTL, err)
	}
}

// A certificate that was regenerated is shown from the next connection on.
func TestCertificateRegenerated(t *testing.T) {
	certs := make(chan tls.Certificate, 2)
	first, second := newCertificate(t), newCertificate(t)
	certs <- first
	certs <- second
	addr := startServer(t, ServerOptions{Certificate: func() (tls.Certificate, error) { return <-certs, nil }})
	for i, c := range []tls.Certificate{first, second} {
		if _, err := Verify(t.Context(), addr, []byte{0x30, 0}, Options{VerifyPeer: pin(c)}); err != nil {
			t.Errorf("certificate %d: %v", i, err)
		}
	}
}

// A service that takes the question and keeps silent: the person reads how long it
// was waited for.
func TestSilenceAfterQuestion(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}}
	mute := func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, tls.Server(server, config))
		return client, nil
	}
	o := Options{VerifyPeer: func(*x509.Certificate, []byte) error { return nil }, Dialer: mute}
	synctest.Test(t, func(t *testing.T) {
		_, err := Verify(t.Context(), "tvs", []byte{0x30, 0}, o)
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "TVS at tvs: no answer within 10s" {
			t.Error(err)
		}
	})
}

// A service that accepts and says nothing does not hold anybody, nor does a
// caller that loses patience earlier.
func TestSilence(t *testing.T) {
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server)
		return client, nil
	}
	o := Options{VerifyPeer: func(*x509.Certificate, []byte) error { return nil }, Dialer: silent}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := Verify(t.Context(), "tvs", []byte{0x30, 0}, o)
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != DefaultTimeout {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start = time.Now()
		_, err = Verify(ctx, "tvs", []byte{0x30, 0}, o)
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// What is read as a frame and as elements is written back byte for byte, and
// values are read again as they were.
func FuzzMessage(f *testing.F) {
	f.Add(request(f))
	f.Add(valid(f))
	f.Add(invalid(f))
	q, a := technote()
	f.Add(q)
	f.Add(a)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		fr, err := readFrame(r)
		if err != nil {
			return
		}
		if got := fr.bytes(); !bytes.Equal(got, b[:len(b)-r.Len()]) {
			t.Errorf("frame %x is written back as %x", b, got)
		}
		es, err := parseElements(fr.body)
		if err != nil {
			return
		}
		var out []byte
		for _, e := range es {
			out = appendElement(out, e.tag, e.value)
		}
		if !bytes.Equal(out, fr.body) {
			t.Errorf("elements %x are written back as %x", fr.body, out)
		}
		if q, err := decodeRequest(fr.command, fr.body); err == nil && len(q.Certificate) <= MaxCertificate {
			c, body, err := q.encode()
			if err != nil || c != fr.command {
				t.Fatalf("%+v: a %v, %v", q, c, err)
			}
			if again, err := decodeRequest(c, body); err != nil || !reflect.DeepEqual(again, q) {
				t.Errorf("%+v is read again as %+v, %v", q, again, err)
			}
		}
		for _, byName := range []bool{false, true} {
			a, err := decodeAnswer(fr.body, byName)
			if err != nil || len(a.Roles) > 255 {
				continue
			}
			if again, err := decodeAnswer(a.encode(), byName); err != nil || again.Valid != a.Valid ||
				!bytes.Equal(again.Roles, a.Roles) || !bytes.Equal(again.Certificate, a.Certificate) || again.TTL != a.TTL {
				t.Errorf("%+v is read again as %+v, %v", a, again, err)
			}
		}
	})
}
