package httpfile_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/protocol/httpfile"
)

var content = bytes.Repeat([]byte("\x00\x01list"), 1000)

func start(t *testing.T, handler http.Handler) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func TestGet(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "CTLFile.tlv"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	url := start(t, http.FileServer(http.Dir(folder)))

	got, err := httpfile.Get(t.Context(), url+"/CTLFile.tlv", 0)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := httpfile.Get(t.Context(), url+"/CTLFile.tlv", int64(len(content))); err != nil {
		t.Errorf("file as long as the limit: %v", err)
	}
	if _, err := httpfile.Get(t.Context(), url+"/CTLFile.tlv", int64(len(content))-1); !errors.Is(err, httpfile.ErrTooLarge) {
		t.Errorf("file one byte over the limit: %v, want ErrTooLarge", err)
	}
	if _, err := httpfile.Get(t.Context(), url+"/missing", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v, want fs.ErrNotExist", err)
	}
	for _, bad := range []string{"", "CTLFile.tlv", "ftp://127.0.0.1/x", "http://", "http://%zz/", "file:///etc/passwd"} {
		if _, err := httpfile.Get(t.Context(), bad, 0); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestEndlessBody(t *testing.T) {
	url := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(content); err != nil {
				return
			}
		}
	}))
	if _, err := httpfile.Get(t.Context(), url, 100_000); !errors.Is(err, httpfile.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}

// Half a file is an error, not a file.
func TestCutBody(t *testing.T) {
	url := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6000")
		w.Write(content[:3000])
	}))
	if got, err := httpfile.Get(t.Context(), url, 0); err == nil {
		t.Errorf("%d bytes and no error", len(got))
	}
}

func TestStatus(t *testing.T) {
	for code, want := range map[int]error{
		http.StatusForbidden: fs.ErrPermission, http.StatusUnauthorized: fs.ErrPermission,
		http.StatusGone: fs.ErrNotExist, http.StatusInternalServerError: nil, http.StatusNoContent: nil, http.StatusPartialContent: nil,
	} {
		url := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		_, err := httpfile.Get(t.Context(), url, 0)
		var typed *httpfile.StatusError
		if !errors.As(err, &typed) || typed.Code != code || want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	asked := false
	other := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	mux := http.NewServeMux()
	mux.Handle("/away", http.RedirectHandler(other+"/CTLFile.tlv", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.Handle("/moved", http.RedirectHandler("/here", http.StatusFound))
	mux.HandleFunc("/here", func(w http.ResponseWriter, _ *http.Request) { w.Write(content) })
	url := start(t, mux)
	if got, err := httpfile.Get(t.Context(), url+"/moved", 0); err != nil || !bytes.Equal(got, content) {
		t.Errorf("redirect on the host: %d bytes, %v", len(got), err)
	}
	if _, err := httpfile.Get(t.Context(), url+"/away", 0); err == nil || !strings.Contains(err.Error(), "another host") || asked {
		t.Errorf("redirect to another host: %v, asked %v", err, asked)
	}
	if _, err := httpfile.Get(t.Context(), url+"/round", 0); err == nil {
		t.Error("redirects without end: no error")
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	if _, err := httpfile.Get(ctx, url, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// A password in an address is not repeated in an error.
func TestNoPasswordInError(t *testing.T) {
	url := start(t, http.NotFoundHandler())
	_, err := httpfile.Get(t.Context(), strings.Replace(url, "http://", "http://user:hunter2@", 1)+"/x", 0)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
