package certapi_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/certapi"
)

func certificate(t testing.TB, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// node is a backend.
type node struct {
	mu       sync.Mutex
	snapshot certapi.Snapshot
	begin    func(certapi.Call) error
	calls    []string
	refuse   error
}

func (n *node) Begin(c certapi.Call) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, c.Method+" "+c.Path)
	if n.begin != nil {
		return n.begin(c)
	}
	return nil
}

func (n *node) Snapshot() certapi.Snapshot {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.snapshot
}

func (n *node) Trust(store, _ string, ders [][]byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuse != nil {
		return n.refuse
	}
	for _, der := range ders {
		n.snapshot.Trusted = append(n.snapshot.Trusted, certapi.Certificate{Service: store, File: "new.pem", DER: der})
	}
	return nil
}

// dial serves a handler over TLS and makes a client of it.
func dial(t *testing.T, h http.Handler) *certapi.Client {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	c, err := certapi.New(server.Listener.Addr().String(), certapi.Options{
		User: "administrator", Password: func(context.Context) ([]byte, error) { return []byte("platform"), nil },
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			if !bytes.Equal(raw, server.Certificate().Raw) {
				return errors.New("another certificate")
			}
			return nil
		},
		Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestStore(t *testing.T) {
	tomcat, token := certificate(t, "cucm-pub"), certificate(t, "SAST-1")
	for _, spelling := range []string{"Phone-SAST-trust", "phone-sast-trust", "PhoneSAST", "phone-sast"} {
		n := &node{snapshot: certapi.Snapshot{Server: "cucm-pub", Stores: []string{"tomcat-trust", spelling, "CallManager-trust"},
			Own: []certapi.Certificate{{Service: "tomcat", DER: tomcat}}}}
		c := dial(t, certapi.NewServer(n))
		store, err := c.PhoneSAST(t.Context())
		if err != nil || store != spelling {
			t.Fatalf("%q, %v; want %q", store, err, spelling)
		}
		if found, err := c.Trusted(t.Context(), store); err != nil || len(found) != 0 {
			t.Errorf("before: %v, %v", found, err)
		}
		if err := c.Trust(t.Context(), store, "1st eToken", token); err != nil {
			t.Fatal(err)
		}
		if found, err := c.Trusted(t.Context(), store); err != nil || len(found) != 1 || !bytes.Equal(found[0].DER, token) {
			t.Errorf("after: %v, %v", found, err)
		}
		s, err := c.Snapshot(t.Context())
		if err != nil || s.Server != "cucm-pub" || len(s.Own) != 1 || !bytes.Equal(s.Own[0].DER, tomcat) || !reflect.DeepEqual(s.Trusted, []certapi.Certificate{{Service: spelling, File: "new.pem", DER: token}}) {
			t.Errorf("snapshot: %+v, %v", s, err)
		}
	}
}

// The store is found in the options where the snapshot leaves empty stores out; without
// it, or with two words that could mean it, nothing is guessed.
func TestSpelling(t *testing.T) {
	const empty = `{"server":"pub","identities":[],"trusts":[]}`
	for name, test := range map[string]struct {
		snapshot, options string
		want              string
		named             []string
	}{
		"in the options":    {empty, `{"services":{"identity":["tomcat"],"trust":["tomcat-trust","Phone-SAST-trust"]}}`, "Phone-SAST-trust", nil},
		"among other words": {empty, `[{"name":"phone-sast-trust","description":"Trust for phones"}]`, "phone-sast-trust", nil},
		"nowhere":           {empty, `{"trust":["tomcat-trust"]}`, "", []string{"tomcat-trust"}},
		"two of them":       {empty, `{"trust":["Phone-SAST-trust","phone-sast-trust"]}`, "", []string{"Phone-SAST-trust", "phone-sast-trust"}},
		"no options":        {`{"trusts":[{"service":"tomcat-trust"}]}`, "", "", []string{"tomcat-trust"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := test.snapshot
				if strings.HasSuffix(r.URL.Path, "/options") {
					body = test.options
				}
				if body == "" {
					w.WriteHeader(http.StatusNotFound)
				}
				w.Write([]byte(body))
			}))
			got, err := c.PhoneSAST(t.Context())
			var missing *certapi.StoreError
			if got != test.want || (test.want == "") != errors.As(err, &missing) {
				t.Fatalf("%q, %v", got, err)
			}
			if missing != nil && (!reflect.DeepEqual(missing.Named, test.named) || !strings.Contains(message.Lines(missing.Hints()).String(), "set cert import trust")) {
				t.Errorf("%q: %s", missing.Named, message.Lines(missing.Hints()).String())
			}
		})
	}
}

func TestErrors(t *testing.T) {
	n := &node{snapshot: certapi.Snapshot{Stores: []string{"Phone-SAST-trust"}}}
	c := dial(t, certapi.NewServer(n))
	ctx, der := t.Context(), certificate(t, "SAST-1")

	n.begin = func(certapi.Call) error { return &certapi.Refusal{Code: http.StatusNotFound} }
	if _, err := c.PhoneSAST(ctx); !errors.Is(err, certapi.ErrTooOld) {
		t.Errorf("404: %v", err)
	}
	n.begin = func(certapi.Call) error { return &certapi.Refusal{Code: http.StatusServiceUnavailable} }
	if err := c.Trust(ctx, "Phone-SAST-trust", "", der); !errors.Is(err, certapi.ErrBusy) {
		t.Errorf("503: %v", err)
	}
	n.begin = func(certapi.Call) error { return &certapi.Refusal{Code: http.StatusForbidden} }
	if err := c.Trust(ctx, "Phone-SAST-trust", "", der); !errors.Is(err, certapi.ErrForbidden) {
		t.Errorf("403: %v", err)
	}
	n.begin = nil
	var refused *certapi.RefusedError
	n.refuse = errors.New("Certificate already exists\x1b[2J")
	if err := c.Trust(ctx, "Phone-SAST-trust", "", der); !errors.As(err, &refused) || refused.Code != 400 || refused.Message != "Certificate already exists [2J" {
		t.Errorf("refused: %v", err)
	}
	if err := c.Trust(ctx, "phone-sast", "", der); !errors.As(err, &refused) || !strings.Contains(refused.Message, "not known") {
		t.Errorf("another store: %v", err)
	}
	if _, err := c.Trusted(ctx, "phone-sast"); err == nil {
		t.Error("another store was listed")
	}
	for name, ders := range map[string][][]byte{"none": nil, "empty": {{}}, "large": {make([]byte, 17<<10)}} {
		if err := c.Trust(ctx, "Phone-SAST-trust", "", ders...); err == nil || errors.As(err, &refused) && name == "x" {
			t.Errorf("%s: sent", name)
		}
	}
	// A password that was refused is sent once.
	n.begin = func(call certapi.Call) error { return &certapi.Refusal{Code: http.StatusUnauthorized} }
	n.calls = nil
	for range 3 {
		if _, err := c.Snapshot(ctx); !errors.Is(err, certapi.ErrLogin) {
			t.Errorf("401: %v", err)
		}
	}
	if len(n.calls) != 1 {
		t.Errorf("asked %q", n.calls)
	}
}

func TestMalformed(t *testing.T) {
	for _, body := range []string{"", "<html>Login</html>", "[]", "{}", `{"identities":3}`, `{"trusts":[{"service":4}]}`} {
		if s, err := certapi.ParseSnapshot([]byte(body)); !errors.Is(err, certapi.ErrMalformed) {
			t.Errorf("snapshot %q: %+v, %v", body, s, err)
		}
	}
	for _, body := range []string{"", "{}", `[{"certificate":"no PEM"}]`, `[{}]`, `"x"`} {
		if found, err := certapi.ParseTrusted([]byte(body)); !errors.Is(err, certapi.ErrMalformed) {
			t.Errorf("trusted %q: %v, %v", body, found, err)
		}
	}
	for _, body := range []string{"", "{}", "[1,2]", `[""]`} {
		if c, err := certapi.ParseChoices([]byte(body)); !errors.Is(err, certapi.ErrMalformed) {
			t.Errorf("options %q: %v, %v", body, c, err)
		}
	}
}

// What was read of a snapshot and served again is read the same; the words of a choice
// are in the answer; what is listed as trusted is DER that PEM holds.
func FuzzAnswers(f *testing.F) {
	der := []byte{0x30, 0x03, 2, 1, 1}
	text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	f.Add([]byte(`{"server":"pub","identities":[{"service":"tomcat","certificate":` + string(text) + `}],"trusts":[{"service":"tomcat-trust","certificate_data":[{"filename":"a.pem","certificate":` + string(text) + `}]}]}`))
	f.Add([]byte(`[{"certificate":` + string(text) + `}]`))
	f.Add([]byte(`{"services":{"trust":["Phone-SAST-trust"],"identity":["tomcat"]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := certapi.ParseSnapshot(body); err == nil {
			for _, c := range s.Trusted {
				if len(c.DER) == 0 {
					t.Fatal("a certificate without bytes")
				}
			}
			served := httptest.NewRecorder()
			certapi.NewServer(&node{snapshot: *s}).ServeHTTP(served, httptest.NewRequest("GET", certapi.Prefix+"snapshot/server", nil))
			again, err := certapi.ParseSnapshot(served.Body.Bytes())
			if err != nil || !reflect.DeepEqual(s.Own, again.Own) || !reflect.DeepEqual(s.Stores, again.Stores) || s.Server != again.Server {
				t.Fatalf("%+v became %+v, %v", s, again, err)
			}
		}
		if c, err := certapi.ParseChoices(body); err == nil {
			for _, store := range c.Stores {
				if !slices.Contains(c.Words, store) {
					t.Fatalf("the store %q is no word of the answer", store)
				}
			}
		}
		if ders, err := certapi.ParseTrusted(body); err == nil && bytes.Count(body, []byte("BEGIN")) < len(ders) && !bytes.Contains(body, []byte(`\u`)) {
			t.Fatalf("%d certificates in %q", len(ders), body)
		}
	})
}
