package ctlp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"
	"unicode/utf8"
)

// seeds are real messages: what clients and servers of the tests say.
func seeds(tb testing.TB) [][]byte {
	be := &backend{}
	var cluster, credentials, file builder
	c, _ := be.Cluster(tb.Context())
	c.encode(&cluster)
	cs, _ := be.Credentials(tb.Context())
	encodeCredentials(&credentials, cs)
	sum := sha256.Sum256([]byte("new"))
	file.text(tagFileName, ctlFile)
	file.bytes(tagFileData, []byte("new"))
	file.bytes(tagFileSHA256, sum[:])
	file.expect(nil)
	var login builder
	login.text(tagUserName, testUser)
	login.text(tagPassword, testPassword)
	login.text(tagClient, "test 1.0")
	var stage builder
	stage.bytes(tagStage, make([]byte, 16))
	return [][]byte{nil, login, cluster, credentials, file, stage,
		encodeStatus(&StatusError{Status: LockedOut, Message: "wait", RetryAfter: 1})}
}

// What is read as a frame is written back byte for byte.
func FuzzFrame(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add(wireMessage{typ: messageType(2*i + 1), id: uint32(i), body: s}.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		fr, err := readMessage(r, limitBeforeLogin)
		if err != nil {
			if !errors.Is(err, ErrProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v", err)
			}
			return
		}
		if got := fr.bytes(); !bytes.Equal(got, b[:len(b)-r.Len()]) {
			t.Errorf("%x is written back as %x", b, got)
		}
		if len(fr.body) > limitBeforeLogin {
			t.Errorf("a body of %d bytes", len(fr.body))
		}
	})
}

// What is split into elements is written back byte for byte; what the values
// are read as is written in a form that is read as the same.
func FuzzElements(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		es, err := parse(b)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("error %v", err)
			}
			return
		}
		var out builder
		for _, e := range es.list {
			out.bytes(tag(e.Tag), e.Value)
		}
		if !bytes.Equal(out, b) {
			t.Errorf("%x is written back as %x", b, []byte(out))
		}
		if c, err := decodeCluster(es); err == nil {
			var out builder
			c.encode(&out)
			again, err := parse(out)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decodeCluster(again); err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("%+v is read again as %+v, %v", c, got, err)
			}
		}
		if cs, err := decodeCredentials(es); err == nil {
			var out builder
			encodeCredentials(&out, cs)
			again, err := parse(out)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decodeCredentials(again); err != nil || len(got) != len(cs) ||
				len(cs) > 0 && !reflect.DeepEqual(got, cs) {
				t.Errorf("%+v is read again as %+v, %v", cs, got, err)
			}
		}
	})
}

// Whatever a client asks, the answer is well-formed, begins with STATUS and has
// the request's number; what is no format ends the connection.
func FuzzServer(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add(uint8(2*i+1), s, true)
		f.Add(uint8(1), s, false)
	}
	store, err := OpenStore(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { store.Close() })
	f.Fuzz(func(t *testing.T, typ uint8, body []byte, loggedIn bool) {
		s := &Server{o: ServerOptions{Log: func(string, ...any) {}}, store: store}
		s.ctx = t.Context()
		s.SetBackend(&backend{})
		ss := &session{Server: s, source: "fuzz", loggedIn: loggedIn, stages: map[StageID]string{}}
		defer ss.dropStages()
		out, err := ss.answer(wireMessage{typ: messageType(typ), id: 7, body: body})
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("error %v", err)
			}
			return
		}
		es, err := parse(out.body)
		if err != nil || out.typ != messageType(typ+1) || out.id != 7 {
			t.Fatalf("answer %+v, %v", out, err)
		}
		if len(es.list) == 0 || tag(es.list[0].Tag) != tagStatus || len(es.list[0].Value) != 2 {
			t.Fatalf("the answer %x does not begin with STATUS", out.body)
		}
		status := Status(binary.BigEndian.Uint16(es.list[0].Value))
		if !loggedIn && status == OK && messageType(typ) != typeLogin {
			t.Errorf("%v is done without a login", messageType(typ))
		}
	})
}

// What is shown to a person has one line and moves no cursor.
func FuzzPrintable(f *testing.F) {
	f.Add([]byte("the disk is full"))
	f.Add([]byte("\x1b[2J\u202e\r\n\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := printable(b)
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxMessage+1 {
			t.Errorf("%q", s)
		}
		for _, r := range s {
			if r < ' ' || r == 0x7f || r >= 0x202a && r <= 0x202e {
				t.Errorf("%q has %U", s, r)
			}
		}
	})
}
