package axl

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/message"
)

// cluster is a backend of two nodes.
type cluster struct {
	version string
	phones  []Phone

	mu     sync.Mutex
	begin  func(Call) error
	calls  []string
	resets []string
	mixed  bool
}

func newCluster(phones int) *cluster {
	c := &cluster{version: "14.0.1.13900-155", mixed: true}
	for i := range phones {
		c.phones = append(c.phones, Phone{
			Name: fmt.Sprintf("SEP%012X", i), Product: "Cisco 8845", Model: "Cisco 8845", Protocol: "SIP",
			DevicePool: "Default", SecurityProfile: "Cisco 8845 - Standard SIP Secure Profile", Load: []string{"", "sip8845_65.14-3-1-0201-246"}[i%2],
		})
	}
	return c
}

func (c *cluster) Begin(call Call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call.Operation)
	if c.begin != nil {
		return c.begin(call)
	}
	return nil
}
func (c *cluster) Version() string { return c.version }
func (c *cluster) Nodes() []Node {
	return []Node{{Name: "cucm-pub", Description: "Publisher & first", Publisher: true}, {Name: "10.0.0.2"}}
}
func (c *cluster) Services() []Service {
	return []Service{{"cucm-pub", "Cisco Tftp", true}, {"cucm-pub", "Cisco CallManager", true}, {"10.0.0.2", "Cisco Tftp", false}}
}
func (c *cluster) Mixed() bool { return c.mixed }
func (c *cluster) Pools() []Pool {
	return []Pool{{"Branch", "G2", []string{"10.0.0.2", "cucm-pub"}}, {"Default", "Default", []string{"cucm-pub"}}}
}
func (c *cluster) SecurityByDefault() []Feature {
	return []Feature{{"Cisco 7962", "Security By Default"}, {"Cisco 8845", "Security By Default"}}
}
func (c *cluster) Certificates() []Certificate {
	token := Certificate{"Phone-SAST-trust", "", "CN=SAST-1", "CN=CA", "0a0b", []byte{0x30, 0, 2}}
	trust := token
	trust.Store = "CallManager-trust"
	return []Certificate{{"CallManager", "cucm-pub", "CN=cucm-pub", "CN=cucm-pub", "01", []byte{0x30, 0, 1}}, token, trust}
}
func (c *cluster) Phones(skip, first int) ([]Phone, int) {
	page := c.phones[min(skip, len(c.phones)):]
	if first >= 0 {
		page = page[:min(first, len(page))]
	}
	return page, len(c.phones)
}
func (c *cluster) ResetPhone(name string, kind ResetKind) error {
	for _, p := range c.phones {
		if p.Name == name {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.resets = append(c.resets, name+" "+string(kind))
			return nil
		}
	}
	return &Fault{Code: codeNotFound, Words: "Item not valid: The specified " + name + " was not found"}
}

// dial serves handler over TLS and makes a client of it that never really waits.
func dial(t testing.TB, handler http.Handler) *Client {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	c, err := New(s.Listener.Addr().String(), Options{
		User: "axl", Password: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
		VerifyPeer: func(*x509.Certificate, []byte) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	return c
}

func equal[T any](t *testing.T, what string, got, want T, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
	}
}

// Everything that can be asked, asked of our own server.
func TestOperations(t *testing.T) {
	b := newCluster(2)
	c := dial(t, NewServer(b))
	ctx := t.Context()

	v, err := c.Version(ctx)
	equal(t, "version", v, Version{"14.0.1.13900-155", "14.0"}, err)
	nodes, err := c.Nodes(ctx)
	equal(t, "nodes", nodes, b.Nodes(), err)
	services, err := c.Services(ctx)
	equal(t, "services", services, b.Services(), err)
	pools, err := c.Pools(ctx)
	equal(t, "pools", pools, b.Pools(), err)
	features, err := c.SecurityByDefault(ctx)
	equal(t, "features", features, b.SecurityByDefault(), err)
	names, err := c.FeatureNames(ctx)
	equal(t, "names of features", names, []string{"Security By Default"}, err)
	stores, err := c.StoreNames(ctx)
	equal(t, "names of stores", stores, storeNames, err)
	all, err := c.Certificates(ctx)
	equal(t, "certificates", all, b.Certificates(), err)
	some, err := c.Certificates(ctx, "Phone-SAST-trust")
	equal(t, "one store", some, b.Certificates()[1:2], err)
	n, err := c.CountPhones(ctx)
	equal(t, "count", n, 2, err)
	for _, want := range []bool{true, false} {
		b.mixed = want
		mixed, err := c.Mixed(ctx)
		equal(t, "mode", mixed, want, err)
	}
	tvs, err := c.TVSCertificates(ctx)
	equal(t, "TVS", tvs, []TVSCertificate{{"CN=cucm-pub", "CN=cucm-pub", "01"}, {"CN=SAST-1", "CN=CA", "0a0b"}}, err)
	entry, err := c.TVSCertificate(ctx, "CN=CA", "0a0b")
	equal(t, "TVS entry", entry, TVSEntry{tvs[1], nil, []string{"Phone-SAST-trust", "CallManager-trust"}}, err)
	if _, err := c.TVSCertificate(ctx, "CN=CA", "ff"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown certificate: %v", err)
	}

	for _, kind := range []ResetKind{Reset, Restart} {
		if err := c.ResetPhone(ctx, "SEP000000000001", kind); err != nil {
			t.Error(err)
		}
	}
	equal(t, "resets", b.resets, []string{"SEP000000000001 Reset", "SEP000000000001 Restart"}, nil)
	err = c.ResetPhone(ctx, "SEPFFFFFFFFFFFF", Reset)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "was not found (code 5007)") {
		t.Errorf("unknown phone: %v", err)
	}
	if err := c.ResetPhone(ctx, "SEP000000000001", "Apply Configuration"); err == nil {
		t.Error("another kind was taken")
	}
	if got := strings.Count(strings.Join(b.calls, " "), "getCCMVersion"); got != 1 {
		t.Errorf("the version was asked %d times", got)
	}
}

func allPhones(t *testing.T, c *Client) (phones []Phone, pages int, err error) {
	t.Helper()
	err = c.Phones(t.Context(), func(page []Phone) error {
		pages++
		phones = append(phones, page...)
		return nil
	})
	return phones, pages, err
}

// Phones come whole and in order, however little AXL gives at a time.
func TestPhonesInPages(t *testing.T) {
	for _, k := range []struct{ phones, limit int }{{0, 0}, {1, 0}, {DefaultPage, 0}, {2*DefaultPage + 1, 0}, {1000, 100_000}, {50, 2000}} {
		b := newCluster(k.phones)
		s := NewServer(b)
		s.MaxAnswer = k.limit
		got, n, err := allPhones(t, dial(t, s))
		if err != nil || len(got) != len(b.phones) || len(got) > 0 && !reflect.DeepEqual(got, b.phones) {
			t.Errorf("%+v: %d phones, %v", k, len(got), err)
		}
		if k.limit == 0 && n != (k.phones+DefaultPage-1)/DefaultPage {
			t.Errorf("%+v: %d pages", k, n)
		}
	}
	// One phone that does not fit is the end of it.
	s := NewServer(newCluster(5))
	s.MaxAnswer = 500
	_, _, err := allPhones(t, dial(t, s))
	if large, ok := errors.AsType[*TooLargeError](err); !ok || large.Total != 5 {
		t.Error(err)
	}
	// The caller's error ends the list.
	enough := errors.New("enough")
	if err := dial(t, NewServer(newCluster(5))).Phones(t.Context(), func([]Phone) error { return enough }); err != enough {
		t.Error(err)
	}
}

// A long answer to SQL is asked for in pages as well.
func TestSQLInPages(t *testing.T) {
	b := newCluster(0)
	s := NewServer(b)
	s.MaxAnswer = 530
	c := dial(t, s)
	pools, err := c.Pools(t.Context())
	equal(t, "pools", pools, b.Pools(), err)
	if n := strings.Count(strings.Join(b.calls, " "), "executeSQLQuery"); n < 3 {
		t.Errorf("%d questions: was it not too large?", n)
	}
	if _, err := c.SQL(t.Context(), "delete from device"); err == nil {
		t.Error("taken for a question")
	}
	fault, ok := errors.AsType[*Fault](func() error { _, err := c.SQL(t.Context(), "select x from nothing"); return err }())
	if !ok || fault.Code != -206 {
		t.Errorf("%+v", fault)
	}
}

// A busy server is asked again when it says, or after a while; not for ever.
func TestBusy(t *testing.T) {
	for _, k := range []struct {
		err  error
		wait time.Duration
	}{
		{&Refusal{Code: 503}, busyPause}, {&Refusal{Code: 503, RetryAfter: 7 * time.Second}, 7 * time.Second},
		{&Fault{Words: "Maximum AXL Memory Allocation Consumed. Please retry once requests in progress have completed"}, busyPause},
	} {
		for _, times := range []int{1, busyTries} {
			b, left := newCluster(0), times
			b.begin = func(Call) error {
				if left == 0 {
					return nil
				}
				left--
				return k.err
			}
			c := dial(t, NewServer(b))
			var slept, told []time.Duration
			c.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
			c.Waiting = func(d time.Duration, why error) {
				if !errors.Is(why, ErrBusy) {
					t.Error(why)
				}
				told = append(told, d)
			}
			_, err := c.Nodes(t.Context())
			if gaveUp := times == busyTries; gaveUp != errors.Is(err, ErrBusy) || !gaveUp && err != nil {
				t.Errorf("%v, %d times: %v", k.err, times, err)
			}
			if len(slept) != min(times, busyTries-1) || slept[0] != k.wait || !reflect.DeepEqual(slept, told) {
				t.Errorf("%v, %d times: slept %v, told %v", k.err, times, slept, told)
			}
		}
	}
	b := newCluster(0)
	b.begin = func(Call) error { return &Refusal{Code: 503} }
	c := dial(t, NewServer(b))
	c.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := c.Nodes(t.Context()); err != context.Canceled {
		t.Error(err)
	}
}

// A session that the server forgot is begun anew, without the caller's noticing.
func TestStaleCookie(t *testing.T) {
	b := newCluster(1)
	s := NewServer(b)
	c := dial(t, s)
	for range 3 {
		if _, err := c.Nodes(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.ForgetSessions()
	}
	if err := c.ResetPhone(t.Context(), b.phones[0].Name, Reset); err != nil || len(b.resets) != 1 {
		t.Errorf("%v, %d resets", err, len(b.resets))
	}
}

// What a person reads when the account will not do.
func TestAccount(t *testing.T) {
	for code, want := range map[int]error{401: ErrLogin, 403: ErrForbidden, 404: fs.ErrNotExist} {
		b := newCluster(0)
		b.begin = func(call Call) error {
			if call.User != "axl" || call.Password != "secret" {
				t.Errorf("%+v", call)
			}
			return &Refusal{Code: code}
		}
		c := dial(t, NewServer(b))
		for range 2 {
			_, err := c.Nodes(t.Context())
			h, ok := errors.AsType[interface {
				error
				message.Advisor
			}](err)
			if !errors.Is(err, want) || !ok || strings.Contains(err.Error(), "secret") || !strings.Contains(message.Lines(h.Hints()).String(), "AXL") {
				t.Errorf("%d: %v", code, err)
			}
		}
		if n := len(b.calls); code == 401 && n != 1 {
			t.Errorf("a wrong password was sent %d times", n)
		}
	}
	if e := (&Fault{Words: "User does not have permission to update"}); !errors.Is(e, ErrForbidden) || !strings.Contains(message.Lines(e.Hints()).String(), "Standard AXL API Access") {
		t.Errorf("%v: %s", e, message.Lines(e.Hints()).String())
	}
}

func TestSchemaOf(t *testing.T) {
	for version, want := range map[string]string{
		"14.0.1.13900-155": "14.0", "11.5.1.12900(21)": "11.5", "15.0": "15.0", " 12.5.1.1": "12.5",
		"": "", "14": "", "14.x": "", "a14.0": "", "1234.5": "", "14.0000": "",
	} {
		if got := schemaOf(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
	b := newCluster(0)
	b.version = "none"
	if _, err := dial(t, NewServer(b)).Nodes(t.Context()); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
}
