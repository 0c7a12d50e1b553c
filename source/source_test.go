package source_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/tftp"
	"ctlclient/source"
)

func TestReadPathAndStandardInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "CTLFile.tlv")
	want := []byte("a list")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	for arg, o := range map[string]source.Options{
		path: {},
		"-":  {Stdin: bytes.NewReader(want)},
	} {
		if data, err := source.Read(t.Context(), arg, o); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s: %q, %v", arg, data, err)
		}
	}
	_, err := source.Read(t.Context(), path+"x", source.Options{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "cannot open "+path) {
		t.Errorf("%v", err)
	}
	if _, err := source.Read(t.Context(), filepath.Dir(path), source.Options{}); err == nil {
		t.Error("a folder was read")
	}
}

func TestTooLong(t *testing.T) {
	long := func(n int) io.Reader { return bytes.NewReader(make([]byte, n)) }
	if _, err := source.Read(t.Context(), "-", source.Options{Stdin: long(ctlbuild.MaxFile)}); err != nil {
		t.Errorf("the longest list: %v", err)
	}
	var e *source.TooLongError
	if _, err := source.Read(t.Context(), "-", source.Options{Stdin: long(ctlbuild.MaxFile + 1)}); !errors.As(err, &e) || e.Name != "standard input" {
		t.Errorf("%v", err)
	}
	if _, err := source.Read(t.Context(), "-", source.Options{Stdin: long(11), Limit: 10}); !errors.As(err, &e) || e.Limit != 10 {
		t.Errorf("%v", err)
	}
}

// A password in an address is repeated in no error.
func TestBadAddresses(t *testing.T) {
	for _, address := range []string{
		"ftp://user:secret@host/CTLFile.tlv",
		"tftp://user:secret@host/CTLFile.tlv",
		"http://user:secret@host",
		"http://user:se%zzcret@host/x",
		"http://user:secret/@host/CTLFile.tlv",
		"http://user:s@cret:secret@host/x",
		"tftp://host",
		"tftp:///CTLFile.tlv",
		"https://host/CTLFile.tlv",
		"://",
	} {
		_, err := source.Read(t.Context(), address, source.Options{})
		var e *source.AddressError
		if !errors.As(err, &e) || message.Lines(e.Hints()).String() != source.Forms.String() {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cret:") {
			t.Errorf("the password is told: %v", err)
		}
	}
	for in, want := range map[string]string{
		"tftp://host/CTLFile.tlv":   "tftp://host/CTLFile.tlv",
		"tftp:user:secret@host/x":   "tftp:...@host/x",
		"http://[::1]:6970/x":       "http://[::1]:6970/x",
		"ftp://user:secret@host/xy": "ftp://...@host/xy",
	} {
		if got := source.Redact(in); got != want {
			t.Errorf("%s becomes %s", in, got)
		}
	}
}

func TestFetch(t *testing.T) {
	want := []byte("a list")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/CTLFile.tlv" {
			http.NotFound(w, r)
			return
		}
		w.Write(want)
	}))
	t.Cleanup(web.Close)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := tftp.NewServer(func(name string, _ net.Addr) (io.ReadCloser, int64, error) {
		if name != "CTLFile.tlv" {
			return nil, 0, fs.ErrNotExist
		}
		return io.NopCloser(bytes.NewReader(want)), int64(len(want)), nil
	})
	done := make(chan error, 1)
	go func() { done <- server.Serve(conn) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	for _, place := range []string{web.URL, "tftp://" + conn.LocalAddr().String()} {
		data, err := source.Fetch(t.Context(), place+"/CTLFile.tlv", source.Options{})
		if err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s: %q, %v", place, data, err)
		}
		var missing *source.FetchError
		if _, err := source.Fetch(t.Context(), place+"/CTLSEP.tlv", source.Options{}); !errors.As(err, &missing) || !errors.Is(err, fs.ErrNotExist) || message.Lines(missing.Hints()).String() == "" {
			t.Errorf("%s: %v", place, err)
		}
		var long *source.TooLongError
		if _, err := source.Fetch(t.Context(), place+"/CTLFile.tlv", source.Options{Limit: 3}); !errors.As(err, &long) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// Where nobody answers over TFTP, the file comes over HTTP, and that is said; where an
// address names a port, nothing else is asked.
func TestHTTPWhereTFTPIsSilent(t *testing.T) {
	const node, moment = "127.69.70.1", 20 * time.Millisecond
	l, err := net.Listen("tcp", node+":6970")
	if err != nil {
		t.Skipf("no second loopback address here: %v", err)
	}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })}
	go web.Serve(l)
	t.Cleanup(func() { web.Close() })

	var note string
	data, err := source.Fetch(t.Context(), "tftp://"+node+"/CTLFile.tlv", source.Options{Note: func(s string) { note = s }, Silence: moment})
	if err != nil || string(data) != "/CTLFile.tlv" || !strings.Contains(note, "6970") {
		t.Errorf("%q, %v, %q", data, err, note)
	}
	var e *source.FetchError
	if _, err := source.Fetch(t.Context(), "tftp://"+node+":69/CTLFile.tlv", source.Options{Silence: moment}); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}
