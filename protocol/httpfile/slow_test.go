package httpfile

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A server that sends a byte now and then does not hold a caller for ever.
func TestDribble(t *testing.T) {
	former := whole
	whole = 300 * time.Millisecond
	t.Cleanup(func() { whole = former })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		}
	}))
	t.Cleanup(s.Close)
	_, err := Get(t.Context(), s.URL+"/CTLFile.tlv", 0)
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not done within 300ms") {
		t.Errorf("%v, want ErrUnreachable", err)
	}
}

// What may pass by itself is one class; a status is an answer.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	l.Close()
	if _, err := Get(t.Context(), "http://"+gone+"/x", 0); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody listens: %v", err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/hangup" {
			panic(http.ErrAbortHandler)
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	for path, want := range map[string]bool{"/cut": true, "/hangup": true, "/missing": false} {
		if _, err := Get(t.Context(), s.URL+path, 0); err == nil || errors.Is(err, ErrUnreachable) != want {
			t.Errorf("%s: %v, ErrUnreachable: want %v", path, err, want)
		}
	}
}
