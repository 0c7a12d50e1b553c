package host

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

// The bytes of a login, field by field.
var loginBytes = []byte{
	0, 0, 0, 0, 0, 0, 0, 14, // C_Login
	0, 3, // numbers
	0, 0, 0, 0, 0, 0, 0, 5, // session
	0, 0, 0, 0, 0, 0, 0, 1, // CKU_USER
	0, 0, 0, 0, 0, 0, 0, 1, // a PIN is given
	0, 1, // byte strings
	0, 0, 0, 4, '1', '2', '3', '4',
}

func TestMessageBytes(t *testing.T) {
	m, err := parseMessage(loginBytes)
	want := packet{14, []uint64{5, 1, 1}, [][]byte{[]byte("1234")}}
	if err != nil || !reflect.DeepEqual(m, want) {
		t.Fatalf("%+v, %v", m, err)
	}
	if got := want.append(nil); !bytes.Equal(got, loginBytes) || want.size() != len(loginBytes) {
		t.Errorf("% x", got)
	}
	if calls[opLogin].name != "C_Login" || opLogin != 14 {
		t.Errorf("call %d is %s", opLogin, calls[opLogin].name)
	}
}

// What is written is read back, and every prefix of it is refused.
func TestFrames(t *testing.T) {
	var b bytes.Buffer
	m, err := parseMessage(loginBytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeMessage(&b, m); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	got, frame, err := readMessage(bytes.NewReader(whole))
	if err != nil || !reflect.DeepEqual(got, m) || !bytes.Equal(frame, loginBytes) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range whole {
		if _, _, err := readMessage(bytes.NewReader(whole[:n])); err == nil {
			t.Errorf("%d of %d bytes were taken for a message", n, len(whole))
		} else if n == 0 && !errors.Is(err, io.EOF) {
			t.Errorf("the end of the stream: %v", err)
		}
	}
	if _, _, err := readMessage(bytes.NewReader([]byte{0xff, 0, 0, 0})); !errors.Is(err, errMessage) {
		t.Errorf("a frame of 4 GB: %v", err)
	}
	if err := writeMessage(io.Discard, packet{blobs: [][]byte{make([]byte, maxFrame)}}); err == nil {
		t.Error("a message longer than a frame was written")
	}
	if err := writeMessage(io.Discard, packet{nums: make([]uint64, maxFields+1)}); err == nil {
		t.Error("more numbers than a message may have were written")
	}
}

// What is taken for a message is written back byte for byte.
func FuzzMessage(f *testing.F) {
	f.Add(loginBytes)
	f.Add(packet{code: failed, blobs: [][]byte{nil, []byte("x")}}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		if got := m.append(nil); !bytes.Equal(got, b) {
			t.Errorf("read % x\nwrote % x", b, got)
		}
		if m.size() != len(b) {
			t.Errorf("size %d of %d bytes", m.size(), len(b))
		}
	})
}
