package ctlp

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"ctlclient/protocol/internal/frame/frametest"
)

// wire joins what a message consists of.
var wire = frametest.Wire

// length is a u32 that depends on where the test's folder is.
func length(n int) string { return fmt.Sprintf("%08x", n) }

const (
	sumOld = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"
	sumNew = "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"
)

// exchange is one request and its answer, and what a client makes of both.
type exchange struct {
	name     string
	request  []byte // with request id 1 and, for a client, as the only request
	response []byte
	call     func(c *Client) (any, error)
	want     any
}

func exchanges(t *testing.T, path string, id StageID) []exchange {
	ctx := t.Context()
	old, new := [32]byte(wire(t, sumOld)), [32]byte(wire(t, sumNew))
	type committed struct {
		path string
		sum  [32]byte
	}
	return []exchange{
		{
			name: "LOGIN",
			request: wire(t,
				"56 01 01 00", "00000001", "00000028", // id, version, type, flags; request id; length
				"03 00000005", "=admin", // USERNAME
				"04 0000000c", "=Zw3i W\xc3\xb6rter", // PASSWORD
				"05 00000008", "=test 1.0"), // CLIENT
			response: wire(t,
				"56 01 02 00", "00000001", "00000019",
				"01 00000002 0000",               // STATUS
				"06 0000000d", "=test node 1.0"), // SERVER
			call: func(c *Client) (any, error) {
				return c.Login(ctx, testUser, []byte(testPassword))
			},
			want: "test node 1.0",
		},
		{
			name:    "CLUSTER",
			request: wire(t, "56 01 03 00", "00000001", "00000000"),
			response: wire(t,
				"56 01 04 00", "00000001", "00000073",
				"01 00000002 0000",
				"07 00000001 01",      // SECURITY_MODE mixed
				"08 0000003a",         // NODE
				"09 00000003", "=pub", // NODE_NAME
				"0a 00000009", "=127.0.0.1", // NODE_ADDRESS
				"0b 00000001 00", // NODE_ROLE publisher
				"0c 00000001 01", // SERVICE
				"0c 00000001 02",
				"0c 00000001 03",
				"0c 00000001 04",
				"0c 00000001 05",
				"08 00000022",
				"09 00000003", "=sub",
				"0a 00000009", "=127.0.0.2",
				"0b 00000001 01",
				"0c 00000001 01"),
			call: func(c *Client) (any, error) { return c.Cluster(ctx) },
			want: Cluster{Mixed: true, Nodes: []Node{
				{Name: "pub", Address: "127.0.0.1", Publisher: true, Services: []Service{CallManager, TFTP, CAPF, CTLProvider, TVS}},
				{Name: "sub", Address: "127.0.0.2", Services: []Service{CallManager}},
			}},
		},
		{
			name:    "CREDENTIALS",
			request: wire(t, "56 01 05 00", "00000001", "00000000"),
			response: wire(t,
				"56 01 06 00", "00000001", "00000030",
				"01 00000002 0000",
				"0d 00000024", // CREDENTIAL
				"09 00000003", "=pub",
				"0a 00000009", "=127.0.0.1",
				"0e 00000002 0004",  // FUNCTION CAPF
				"0f 00000002 3000"), // CERTIFICATE
			call: func(c *Client) (any, error) { return c.Credentials(ctx) },
			want: []Credential{{NodeName: "pub", NodeAddress: "127.0.0.1", Function: 4, Certificate: []byte{0x30, 0}}},
		},
		{
			name: "GET",
			request: wire(t,
				"56 01 07 00", "00000001", "00000010",
				"10 0000000b", "=CTLFile.tlv"), // FILE_NAME
			response: wire(t,
				"56 01 08 00", "00000001", length(7+16+8+37+13+5+len(path)),
				"01 00000002 0000",
				"10 0000000b", "=CTLFile.tlv",
				"11 00000003", "=old", // FILE_DATA
				"12 00000020", sumOld, // FILE_SHA256
				"14 00000008 0000000065920080",     // FILE_TIME
				"13", length(len(path)), "="+path), // FILE_PATH
			call: func(c *Client) (any, error) { return c.Get(ctx, ctlFile) },
			want: File{Name: ctlFile, Data: []byte("old"), SHA256: old, Time: time.Unix(0x65920080, 0).UTC(), Path: path},
		},
		{
			name: "STAGE",
			request: wire(t,
				"56 01 09 00", "00000001", "00000062",
				"10 0000000b", "=CTLFile.tlv",
				"11 00000003", "=new",
				"12 00000020", sumNew,
				"17 00000020", sumOld), // EXPECT_SHA256
			response: wire(t,
				"56 01 0a 00", "00000001", "0000001c",
				"01 00000002 0000",
				"15 00000010", id[:]), // STAGE
			call: func(c *Client) (any, error) { return c.Stage(ctx, ctlFile, []byte("new"), &old) },
			want: id,
		},
		{
			name: "COMMIT",
			request: wire(t,
				"56 01 0b 00", "00000001", "00000015",
				"15 00000010", id[:]),
			response: wire(t,
				"56 01 0c 00", "00000001", length(7+5+len(path)+37),
				"01 00000002 0000",
				"13", length(len(path)), "="+path,
				"12 00000020", sumNew),
			call: func(c *Client) (any, error) {
				path, sum, err := c.Commit(ctx, id)
				return committed{path, sum}, err
			},
			want: committed{path, new},
		},
		{
			name: "ABORT",
			request: wire(t,
				"56 01 0d 00", "00000001", "00000015",
				"15 00000010", id[:]),
			response: wire(t, "56 01 0e 00", "00000001", "00000007", "01 00000002 0000"),
			call:     func(c *Client) (any, error) { return nil, c.Abort(ctx, id) },
		},
		{
			name: "DELETE",
			request: wire(t,
				"56 01 0f 00", "00000001", "00000035",
				"10 0000000b", "=CTLFile.tlv",
				"17 00000020", sumOld),
			response: wire(t,
				"56 01 10 00", "00000001", length(7+5+len(path)),
				"01 00000002 0000",
				"13", length(len(path)), "="+path),
			call: func(c *Client) (any, error) { return c.Delete(ctx, ctlFile, &old) },
			want: path,
		},
		{
			name: "SET_MODE",
			request: wire(t,
				"56 01 11 00", "00000001", "00000006",
				"07 00000001 00"),
			response: wire(t,
				"56 01 12 00", "00000001", "0000000d",
				"01 00000002 0000",
				"07 00000001 00"),
			call: func(c *Client) (any, error) { return c.SetMode(ctx, false) },
			want: false,
		},
		{
			name:     "LOGOUT",
			request:  wire(t, "56 01 13 00", "00000001", "00000000"),
			response: wire(t, "56 01 14 00", "00000001", "00000007", "01 00000002 0000"),
			call: func(c *Client) (any, error) {
				c.loggedIn = true
				return nil, c.Close()
			},
		},
	}
}

// raw is a TLS connection without a client: bytes as they are.
func (n *node) raw(t testing.TB) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", n.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t testing.TB, c net.Conn, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

// receive reads one frame as bytes.
func receive(t testing.TB, c net.Conn) []byte {
	t.Helper()
	f, err := readMessage(c, limitAfterLogin)
	if err != nil {
		t.Fatal(err)
	}
	return f.bytes()
}

func rawLogin(t testing.TB, c net.Conn) {
	t.Helper()
	send(t, c, wire(t, "56 01 01 00 00000000 0000001b 03 00000005", "=admin", "04 0000000c", "="+testPassword))
	if got := receive(t, c); !bytes.Equal(got[12:19], wire(t, "01 00000002 0000")) {
		t.Fatalf("login answered with %x", got)
	}
}

// The server's side of every message, byte for byte.
func TestServerBytes(t *testing.T) {
	// The stage's number is the server's choice: COMMIT and ABORT follow a STAGE.
	stageOf := func(t *testing.T, c net.Conn, all []exchange) StageID {
		send(t, c, all[4].request)
		got := receive(t, c)
		return StageID(got[len(got)-16:])
	}
	for i := range 10 {
		n := startNode(t, nil)
		n.put(t, ctlFile, "old")
		path := filepath.Join(n.dir, ctlFile)
		if err := os.Chtimes(path, time.Time{}, time.Unix(0x65920080, 0)); err != nil {
			t.Fatal(err)
		}
		c := n.raw(t)
		all := exchanges(t, path, StageID{})
		if all[i].name != "LOGIN" {
			rawLogin(t, c)
		}
		if all[i].name == "COMMIT" || all[i].name == "ABORT" {
			all = exchanges(t, path, stageOf(t, c, all))
		}
		e := all[i]
		t.Run(e.name, func(t *testing.T) {
			send(t, c, e.request)
			got := receive(t, c)
			if e.name == "STAGE" {
				clear(got[len(got)-16:])
			}
			if !bytes.Equal(got, e.response) {
				t.Errorf("answer\n%x, want\n%x", got, e.response)
			}
		})
	}
}

// script is a server that checks the requests that it gets against literal
// bytes and answers with literal bytes.
func script(t testing.TB, steps ...[2][]byte) (addr string, cert []byte) {
	t.Helper()
	pair := newCertificate(t, "script")
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for _, s := range steps {
			got := make([]byte, len(s[0]))
			if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, s[0]) {
				t.Errorf("request\n%x, want\n%x (%v)", got[:n], s[0], err)
				return
			}
			if _, err := c.Write(s[1]); err != nil {
				return
			}
		}
		// Until the client leaves: what it does not expect is no request either.
		if rest, _ := io.ReadAll(c); len(rest) != 0 {
			t.Errorf("%x came after the last request", rest)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String(), pair.Certificate[0]
}

func dialScript(t testing.TB, steps ...[2][]byte) *Client {
	t.Helper()
	addr, cert := script(t, steps...)
	n := &node{addr: addr, cert: cert}
	c := n.dial(t)
	return c
}

// The client's side of every message, byte for byte.
func TestClientBytes(t *testing.T) {
	for _, e := range exchanges(t, "/var/lib/tftp/CTLFile.tlv", StageID{1, 2, 3}) {
		t.Run(e.name, func(t *testing.T) {
			c := dialScript(t, [2][]byte{e.request, e.response})
			got, err := e.call(c)
			if err != nil || !reflect.DeepEqual(got, e.want) {
				t.Errorf("%+v, %v; want %+v", got, err, e.want)
			}
			c.loggedIn = false // no LOGOUT behind the script
		})
	}
}

func TestClientExpectNothing(t *testing.T) {
	c := dialScript(t, [2][]byte{
		wire(t, "56 01 0f 00 00000001 00000035",
			"10 0000000b", "=CTLFile.tlv",
			"17 00000020", make([]byte, 32)), // all zero: expect no such file
		wire(t, "56 01 10 00 00000001 00000007 01 00000002 0006"),
	})
	_, err := c.Delete(t.Context(), ctlFile, nil)
	wantStatus(t, err, Conflict)
}

// What breaks the format ends the connection without an answer.
func TestServerEndsConnection(t *testing.T) {
	n := startNode(t, nil)
	for name, c := range map[string]struct {
		loggedIn bool
		bytes    []byte
	}{
		"protocol id":                {false, wire(t, "57 01 13 00 00000001 00000000")},
		"version":                    {false, wire(t, "56 02 13 00 00000001 00000000")},
		"4 KiB and one before LOGIN": {false, wire(t, "56 01 07 00 00000001 00001001")},
		"1 MiB and one after LOGIN":  {true, wire(t, "56 01 09 00 00000001 00100001")},
		"4 GiB":                      {true, wire(t, "56 01 09 00 00000001 ffffffff")},
		"element past its container": {true, wire(t, "56 01 07 00 00000001 00000010 10 0000000c", "=CTLFile.tlv")},
		"element of 4 GiB":           {true, wire(t, "56 01 07 00 00000001 00000005 10 ffffffff")},
		"head of an element cut":     {true, wire(t, "56 01 07 00 00000001 00000003 10 0000")},
		"element past, before LOGIN": {false, wire(t, "56 01 01 00 00000001 00000005 03 00000001")},
		"element past, unknown type": {true, wire(t, "56 01 63 00 00000001 00000005 03 00000001")},
	} {
		t.Run(name, func(t *testing.T) {
			conn := n.raw(t)
			if c.loggedIn {
				rawLogin(t, conn)
			}
			send(t, conn, c.bytes)
			if got, _ := io.ReadAll(conn); len(got) != 0 {
				t.Errorf("answered %x", got)
			}
		})
	}
}

// What is merely wrong is answered, and the connection goes on.
func TestServerAnswersStatus(t *testing.T) {
	n := startNode(t, nil)
	for name, c := range map[string]struct {
		loggedIn bool
		request  []byte
		want     Status
		answer   uint8
	}{
		"login first":          {false, wire(t, "56 01 03 00 00000007 00000000"), LoginFirst, 4},
		"login first, LOGOUT":  {false, wire(t, "56 01 13 00 00000007 00000000"), LoginFirst, 20},
		"4 KiB before LOGIN":   {false, append(wire(t, "56 01 07 00 00000007 00001000 10 00000ffb"), bytes.Repeat([]byte{'a'}, 0xffb)...), LoginFirst, 8},
		"unknown type":         {true, wire(t, "56 01 63 00 00000007 00000000"), NotSupported, 0x64},
		"unknown type, before": {false, wire(t, "56 01 63 00 00000007 00000000"), NotSupported, 0x64},
		"a response's type":    {true, wire(t, "56 01 08 00 00000007 00000000"), NotSupported, 9},
		"last type":            {true, wire(t, "56 01 ff 00 00000007 00000000"), NotSupported, 0},
		"LOGIN without names":  {false, wire(t, "56 01 01 00 00000007 00000000"), Malformed, 2},
		"LOGIN with a NUL":     {false, wire(t, "56 01 01 00 00000007 0000000c 03 00000001 00 04 00000001 41"), Malformed, 2},
		"GET without name":     {true, wire(t, "56 01 07 00 00000007 00000000"), Malformed, 8},
		"GET of a path":        {true, wire(t, "56 01 07 00 00000007 00000010 10 0000000b", "=../hostname"), Malformed, 8},
		"GET not UTF-8":        {true, wire(t, "56 01 07 00 00000007 00000006 10 00000001 ff"), Malformed, 8},
		"GET of nothing":       {true, wire(t, "56 01 07 00 00000007 00000006 10 00000001 41"), NotFound, 8},
		"COMMIT, 15 bytes":     {true, wire(t, "56 01 0b 00 00000007 00000014 15 0000000f", make([]byte, 15)), Malformed, 12},
		"COMMIT of nothing":    {true, wire(t, "56 01 0b 00 00000007 00000015 15 00000010", make([]byte, 16)), NotFound, 12},
		"SET_MODE 2":           {true, wire(t, "56 01 11 00 00000007 00000006 07 00000001 02"), Malformed, 18},
		"STAGE, other digest": {true, wire(t, "56 01 09 00 00000007 00000062", "10 0000000b", "=CTLFile.tlv",
			"11 00000003", "=new", "12 00000020", sumOld, "17 00000020", make([]byte, 32)), Malformed, 10},
	} {
		t.Run(name, func(t *testing.T) {
			conn := n.raw(t)
			if c.loggedIn {
				rawLogin(t, conn)
			}
			// Twice: the connection outlives the first answer.
			for range 2 {
				send(t, conn, c.request)
				got := receive(t, conn)
				want := wire(t, "56 01", []byte{c.answer}, "00 00000007")
				if !bytes.Equal(got[:8], want) || !bytes.Equal(got[12:19], wire(t, "01 00000002", []byte{0, byte(c.want)})) {
					t.Errorf("answer %x, want type %d, request 7, status %d", got, c.answer, c.want)
				}
			}
		})
	}
	wantFiles(t, n.dir, nil)
}

func TestFingerprint(t *testing.T) {
	der := []byte("certificate")
	// printf certificate | openssl dgst -sha256 -binary | base64, the = taken off
	if got, want := Fingerprint(der), "SHA256:"+fingerprintOfCertificate; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if sum := sha256.Sum256([]byte("old")); hex.EncodeToString(sum[:]) != sumOld {
		t.Errorf("the test's own digest is wrong: %x", sum)
	}
}

const fingerprintOfCertificate = "A9Zt0Ig1wco/EozOrNHzGslBYwlrIPRFroQoW8CDLXI"
