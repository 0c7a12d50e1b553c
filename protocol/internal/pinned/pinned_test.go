package pinned

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/tlsconn"
)

const password = "s3cret-of-the-test"

// newServer answers over TLS on loopback; change may be nil.
func newServer(t *testing.T, handler http.HandlerFunc, change func(*tls.Config)) (*httptest.Server, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{}
	if change != nil {
		change(s.TLS)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, s.Listener.Addr().String()
}

// accept pins the certificate of s.
func accept(s *httptest.Server) Options {
	return Options{VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
		if string(raw) != string(s.Certificate().Raw) {
			return errors.New("another certificate")
		}
		return nil
	}}
}

func withUser(o Options, asked *atomic.Int32) Options {
	o.User = "axl"
	o.Password = func(context.Context) ([]byte, error) {
		if asked != nil {
			asked.Add(1)
		}
		return []byte(password), nil
	}
	return o
}

func client(t *testing.T, addr string, o Options) *Client {
	t.Helper()
	c, err := New("AXL", addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "other"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

type changedError struct{}

func (changedError) Error() string { return "changed" }

// A server with another certificate sees no request, and the password is not even
// asked for.
func TestChangedCertificate(t *testing.T) {
	var requests, asked atomic.Int32
	s, addr := newServer(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) }, nil)
	o := withUser(Options{VerifyPeer: func(cert *x509.Certificate, raw []byte) error {
		if cert == nil || string(raw) != string(s.Certificate().Raw) {
			t.Error("judged something else")
		}
		return changedError{}
	}}, &asked)
	c := client(t, addr, o)
	for range 2 {
		_, err := c.Do(t.Context(), Request{Path: "/axl/"})
		if _, ok := errors.AsType[changedError](err); !ok {
			t.Errorf("%v", err)
		}
	}
	if requests.Load() != 0 || asked.Load() != 0 {
		t.Errorf("%d requests, password asked %d times", requests.Load(), asked.Load())
	}
}

// The certificate is judged on each connection: one that changes in the middle of a
// session ends it before the password is sent again.
func TestCertificateChangesLater(t *testing.T) {
	var requests atomic.Int32
	var other atomic.Bool
	pair := newCertificate(t)
	s, addr := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Connection", "close")
	}, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if other.Load() {
				return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
			}
			return nil, nil
		}
	})
	c := client(t, addr, withUser(accept(s), nil))
	if _, err := c.Do(t.Context(), Request{Path: "/"}); err != nil {
		t.Fatal(err)
	}
	other.Store(true)
	if _, err := c.Do(t.Context(), Request{Path: "/"}); err == nil || !strings.Contains(err.Error(), "another certificate") {
		t.Error(err)
	}
	if requests.Load() != 1 {
		t.Errorf("%d requests", requests.Load())
	}
}

func TestNew(t *testing.T) {
	ok := func(*x509.Certificate, []byte) error { return nil }
	if _, err := New("AXL", "127.0.0.1:8443", Options{}); !errors.Is(err, tlsconn.ErrNoVerify) {
		t.Errorf("%v, want ErrNoVerify", err)
	}
	for _, addr := range []string{"", "host", "host:", "https://host:8443"} {
		if _, err := New("AXL", addr, Options{VerifyPeer: ok}); err == nil {
			t.Errorf("%q was taken", addr)
		}
	}
	for _, user := range []string{"axl", "a:b"} {
		if _, err := New("AXL", "h:1", Options{VerifyPeer: ok, User: user}); err == nil {
			t.Errorf("user %q without a password was taken", user)
		}
	}
	c := client(t, "h:1", Options{VerifyPeer: ok})
	for _, path := range []string{"", "axl", "@other/", ".other/", "\x00"} {
		if _, err := c.Do(t.Context(), Request{Path: path}); err == nil || !strings.Contains(err.Error(), "is not a path") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// A refused password is one attempt, however many ask at the same time and later.
func TestRefusedOnce(t *testing.T) {
	var requests, asked atomic.Int32
	s, addr := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if user, pass, ok := r.BasicAuth(); ok != (r.URL.Path != "/free") || ok && user+pass != "axl"+password {
			t.Errorf("%q %q %v", user, pass, ok)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}, nil)
	c := client(t, addr, withUser(accept(s), &asked))
	c.Hints = map[int]message.Message{401: message.Plain("the role is missing")}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			_, err := c.Do(t.Context(), Request{Path: "/axl/"})
			e, ok := errors.AsType[*StatusError](err)
			if !ok || !errors.Is(err, ErrLogin) || e.User != "axl" || message.Lines(e.Hints()).String() != "the role is missing" {
				t.Errorf("%v", err)
			} else if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, e), password) {
				t.Error("the password is in the error")
			}
		})
	}
	wg.Wait()
	if requests.Load() != 1 || asked.Load() != 1 {
		t.Errorf("%d requests, asked %d times", requests.Load(), asked.Load())
	}
	// What needs no account still goes.
	if _, err := c.Do(t.Context(), Request{Path: "/free", NoAuth: true}); !errors.Is(err, ErrLogin) || requests.Load() != 2 {
		t.Errorf("%v, %d requests", err, requests.Load())
	}
}

func TestPasswordNotGiven(t *testing.T) {
	var requests atomic.Int32
	s, addr := newServer(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) }, nil)
	o := accept(s)
	o.User = "axl"
	none, asked := errors.New("no password"), 0
	o.Password = func(context.Context) ([]byte, error) { asked++; return nil, none }
	c := client(t, addr, o)
	for range 2 {
		if _, err := c.Do(t.Context(), Request{Path: "/"}); !errors.Is(err, none) {
			t.Error(err)
		}
	}
	if asked != 1 || requests.Load() != 0 {
		t.Errorf("asked %d times, %d requests", asked, requests.Load())
	}
}

// Close wipes our copy of the password; the caller's stays the caller's.
func TestClose(t *testing.T) {
	s, addr := newServer(t, func(http.ResponseWriter, *http.Request) {}, nil)
	mine := []byte(password)
	o := withUser(accept(s), nil)
	o.Password = func(context.Context) ([]byte, error) { return mine, nil }
	c := client(t, addr, o)
	if _, err := c.Do(t.Context(), Request{Path: "/"}); err != nil {
		t.Fatal(err)
	}
	kept := c.password
	if string(kept) != password {
		t.Fatalf("%q", kept)
	}
	c.Close()
	if strings.Trim(string(kept), "\x00") != "" || string(mine) != password {
		t.Errorf("ours %q, the caller's %q", kept, mine)
	}
	if _, err := c.Do(t.Context(), Request{Path: "/"}); err == nil {
		t.Error("asked after Close")
	}
}

func TestStatus(t *testing.T) {
	code, header := 0, ""
	s, addr := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "words")
	}, nil)
	for _, k := range []struct {
		code  int
		after string
		is    error
		wait  time.Duration
	}{
		{403, "", ErrForbidden, 0}, {403, "", fs.ErrPermission, 0}, {404, "", fs.ErrNotExist, 0}, {410, "", fs.ErrNotExist, 0},
		{503, "", ErrBusy, 0}, {503, "30", ErrBusy, 30 * time.Second}, {429, "999999", ErrBusy, 10 * time.Minute},
		{503, "-1", ErrBusy, 0}, {503, "Sat, 01 Jan 2000 00:00:00 GMT", ErrBusy, 0}, {500, "", nil, 0}, {302, "", nil, 0}, {599, "", nil, 0},
	} {
		code, header = k.code, k.after
		r, err := client(t, addr, accept(s)).Do(t.Context(), Request{Path: "/x?y=z"})
		e, ok := errors.AsType[*StatusError](err)
		if !ok || r == nil || string(r.Body) != "words" || e.Code != k.code || e.RetryAfter != k.wait || k.is != nil && !errors.Is(err, k.is) {
			t.Errorf("%+v: %+v, %v", k, r, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	var elsewhere atomic.Int32
	away, _ := newServer(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }, nil)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer plain.Close()
	mux := http.NewServeMux()
	mux.Handle("/away", http.RedirectHandler(away.URL+"/", http.StatusFound))
	mux.Handle("/kept", http.RedirectHandler(away.URL+"/", http.StatusTemporaryRedirect))
	mux.Handle("/plain", http.RedirectHandler(plain.URL+"/", http.StatusFound))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.Handle("/moved", http.RedirectHandler("/here", http.StatusFound))
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method) })
	s, addr := newServer(t, mux.ServeHTTP, nil)
	c := client(t, addr, withUser(accept(s), nil))
	for path, words := range map[string]string{"/away": "another server", "/kept": "another server", "/plain": "another server", "/round": "more than"} {
		if _, err := c.Do(t.Context(), Request{Method: "POST", Path: path, Body: []byte("x")}); err == nil || !strings.Contains(err.Error(), words) || words == "another server" && len(message.Advice(err)) == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("another server was asked")
	}
	r, err := c.Do(t.Context(), Request{Method: "POST", Path: "/moved", Body: []byte("x")})
	if err != nil || string(r.Body) != "GET" || r.URL.Path != "/here" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err = c.Do(t.Context(), Request{Path: "/moved", NoRedirect: true}); err != nil || r.Code != 302 || r.Header.Get("Location") != "/here" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCookies(t *testing.T) {
	s, addr := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("JSESSIONIDSSO"); err == nil {
			fmt.Fprint(w, "known")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONIDSSO", Value: "1", Path: "/", Secure: true, HttpOnly: true})
	}, nil)
	c, stranger := client(t, addr, accept(s)), client(t, addr, accept(s))
	ask := func(c *Client) string {
		t.Helper()
		r, err := c.Do(t.Context(), Request{Path: "/axl/"})
		if err != nil {
			t.Fatal(err)
		}
		return string(r.Body)
	}
	if ask(c) != "" || ask(c) != "known" || !c.HasCookies("/axl/") || stranger.HasCookies("/axl/") || ask(stranger) != "" {
		t.Error("the session was not kept, or not to its client")
	}
	if c.ForgetCookies(); c.HasCookies("/axl/") || ask(c) != "" {
		t.Error("the session was not forgotten")
	}
}

// An answer is bounded, whether it says its length or not, and half of one is none.
func TestBodies(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/announced", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1001")
		fmt.Fprint(w, strings.Repeat("x", 1001))
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 100)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/full", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1000)) })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "x")
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 1<<20))
	})
	s, addr := newServer(t, mux.ServeHTTP, nil)
	c := client(t, addr, accept(s))
	for path, large := range map[string]bool{"/announced": true, "/endless": true, "/half": false, "/headers": false} {
		r, err := c.Do(t.Context(), Request{Path: path, MaxBody: 1000})
		if r != nil || err == nil || errors.Is(err, ErrTooLarge) != large || large && len(message.Advice(err)) == 0 {
			t.Errorf("%s: %+v, %v", path, r, err)
		}
	}
	if r, err := c.Do(t.Context(), Request{Path: "/full", MaxBody: 1000}); err != nil || len(r.Body) != 1000 {
		t.Errorf("as long as the limit: %v", err)
	}
}

// What changes nothing is asked again, once, where the connection breaks; anything else
// is not, and neither is a password that the server has not taken yet.
func TestBrokenConnection(t *testing.T) {
	var requests, breaks atomic.Int32
	s, addr := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		if breaks.Add(-1) < 0 {
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	}, nil)
	c := client(t, addr, withUser(accept(s), nil))
	for _, k := range []struct {
		again  bool
		breaks int32
		asked  int32
		ok     bool
	}{{true, 1, 1, false}, {false, 0, 1, true}, {true, 1, 2, true}, {true, 2, 2, false}, {false, 1, 1, false}} {
		requests.Store(0)
		breaks.Store(k.breaks)
		_, err := c.Do(t.Context(), Request{Method: "POST", Path: "/", Body: []byte("x"), Again: k.again})
		if (err == nil) != k.ok || requests.Load() != k.asked {
			t.Errorf("%+v: asked %d times, %v", k, requests.Load(), err)
		}
	}
}

// A server that never ends its answer is left at the deadline; a caller that has
// enough is told of its own end.
func TestDeadline(t *testing.T) {
	s, addr := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "x")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, nil)
	o := accept(s)
	o.Timeout = 300 * time.Millisecond
	_, err := client(t, addr, o).Do(t.Context(), Request{Path: "/"})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 300ms") || len(message.Advice(err)) == 0 {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, addr, o).Do(ctx, Request{Path: "/"}); err != context.Canceled {
		t.Error(err)
	}
}

// Old TLS and RSA key exchange are met where the caller says so, and only there.
func TestLegacy(t *testing.T) {
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.0": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"RSA key exchange": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, addr := newServer(t, func(http.ResponseWriter, *http.Request) {}, change)
			o := accept(s)
			_, err := client(t, addr, o).Do(t.Context(), Request{Path: "/"})
			if old, ok := errors.AsType[*tlsconn.OldPeerError](err); !ok || old.Legacy {
				t.Errorf("without Legacy: %v", err)
			}
			o.Legacy = true
			if _, err := client(t, addr, o).Do(t.Context(), Request{Path: "/"}); err != nil {
				t.Errorf("with Legacy: %v", err)
			}
		})
	}
}
