package osadmin_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/osadmin"
)

// folder is a node's TFTP folder.
type folder struct {
	mu     sync.Mutex
	files  map[string][]byte
	logins []string
	refuse error
}

func (f *folder) Login(user, password string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins = append(f.logins, user+":"+password)
	return user == "administrator" && password == "p&ss=wörd"
}

func (f *folder) Files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.files))
}

func (f *folder) Put(name string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return f.refuse
	}
	f.files[name] = data
	return nil
}

func (f *folder) Delete(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.files, name)
	return f.refuse
}

func newFolder() *folder {
	return &folder{files: map[string][]byte{"CTLFile.tlv": []byte("old"), "CTLFile.tlv.bak": nil, "Ringlist.xml": nil}}
}

func dial(t *testing.T, h http.Handler, password string) (*osadmin.Client, *int) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	asked := new(int)
	c, err := osadmin.New(server.Listener.Addr().String(), osadmin.Options{
		User: "administrator", Password: func(context.Context) ([]byte, error) { *asked++; return []byte(password), nil },
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
	return c, asked
}

const right = "p&ss=wörd"

func TestUploadAndDelete(t *testing.T) {
	for name, old := range map[string]bool{"tokens": false, "before 11": true} {
		t.Run(name, func(t *testing.T) {
			f := newFolder()
			s := osadmin.NewServer(f)
			s.Old = old
			c, asked := dial(t, s, right)
			data := bytes.Repeat([]byte("\x00\x01\r\n--list"), 1000)
			for range 2 { // each page has a token of its own
				answer, err := c.Upload(t.Context(), "CTLFile.tlv", data)
				if err != nil || !answer.Good || !strings.Contains(answer.Text, "CTLFile.tlv uploaded") {
					t.Fatalf("%+v, %v", answer, err)
				}
			}
			if !bytes.Equal(f.files["CTLFile.tlv"], data) {
				t.Errorf("%d bytes arrived", len(f.files["CTLFile.tlv"]))
			}
			s.ForgetSessions() // the session ended: one more login, nobody is asked
			if answer, err := c.Delete(t.Context(), "CTLFile.tlv"); err != nil || !answer.Good {
				t.Errorf("%+v, %v", answer, err)
			}
			if got := f.Files(); !slices.Equal(got, []string{"CTLFile.tlv.bak", "Ringlist.xml"}) {
				t.Errorf("left: %q", got)
			}
			if _, err := c.Delete(t.Context(), "CTLFile.tlv"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that is not there: %v", err)
			}
			if *asked != 1 || len(f.logins) != 2 {
				t.Errorf("asked %d times, logged in %d times", *asked, len(f.logins))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	f := newFolder()
	c, _ := dial(t, osadmin.NewServer(f), right)
	f.refuse = errors.New("the file name CTLFile.tlv is not allowed")
	var refused *osadmin.RefusedError
	if _, err := c.Upload(t.Context(), "CTLFile.tlv", []byte("new")); !errors.As(err, &refused) || !strings.Contains(message.Lines(refused.Hints()).String(), "CTLFile.tlv is not allowed") {
		t.Errorf("%v", err)
	}
	if string(f.files["CTLFile.tlv"]) != "old" {
		t.Error("the file was replaced")
	}
	f.refuse = nil
	if _, err := c.Upload(t.Context(), "Other.tlv", []byte("new")); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
	for _, name := range []string{"", "../x", "a/b", `a"b`, "a\r\nb", strings.Repeat("a", 101)} {
		if _, err := c.Upload(t.Context(), name, nil); err == nil || errors.As(err, &refused) && refused.Name == name {
			t.Errorf("%q was sent: %v", name, err)
		}
	}
}

// A wrong password is sent once, however often one asks.
func TestWrongPassword(t *testing.T) {
	f := newFolder()
	c, asked := dial(t, osadmin.NewServer(f), "wrong")
	for range 3 {
		var login *osadmin.LoginError
		if err := c.Login(t.Context()); !errors.Is(err, osadmin.ErrLogin) || !errors.As(err, &login) || strings.Contains(err.Error()+message.Lines(login.Hints()).String(), "wrong") {
			t.Errorf("%v", err)
		}
	}
	if *asked != 1 || len(f.logins) != 1 {
		t.Errorf("asked %d times, sent %d times", *asked, len(f.logins))
	}
}

// Another server is told nothing, and nobody is asked for the password.
func TestOtherCertificate(t *testing.T) {
	f := newFolder()
	server := httptest.NewTLSServer(osadmin.NewServer(f))
	defer server.Close()
	changed := errors.New("the certificate changed")
	c, err := osadmin.New(server.Listener.Addr().String(), osadmin.Options{User: "administrator",
		Password:   func(context.Context) ([]byte, error) { t.Error("the password was asked for"); return nil, nil },
		VerifyPeer: func(*x509.Certificate, []byte) error { return changed }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(t.Context()); !errors.Is(err, changed) || len(f.logins) != 0 {
		t.Errorf("%v, logins %q", err, f.logins)
	}
}

func TestGarbled(t *testing.T) {
	f := newFolder()
	s := osadmin.NewServer(f)
	c, _ := dial(t, s, right)
	s.Garbled = true
	answer, err := c.Upload(t.Context(), "CTLFile.tlv", []byte("new"))
	if err != nil || answer.Good || answer.Text != "" {
		t.Errorf("%+v, %v", answer, err)
	}
	// What is no such server at all.
	for name, page := range map[string]string{
		"nothing":      "",
		"another page": "<html><body><h1>It works!</h1></body></html>",
		"no fields":    `<form action="/cmplatform/x"><input type=submit></form>`,
	} {
		c, _ := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(page)) }), right)
		var odd *osadmin.PageError
		if _, err := c.Upload(t.Context(), "CTLFile.tlv", []byte("new")); !errors.As(err, &odd) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, _ = dial(t, http.NotFoundHandler(), right)
	if err := c.Login(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("404: %v", err)
	}
}

// A session that ends while the file is sent is said, and the next try logs in again.
func TestSessionEndsInTheMiddle(t *testing.T) {
	f := newFolder()
	s := osadmin.NewServer(f)
	end := true
	c, asked := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "Upload.do") && end {
			end = false
			s.ForgetSessions()
		}
		s.ServeHTTP(w, r)
	}), right)
	var odd *osadmin.PageError
	if _, err := c.Upload(t.Context(), "CTLFile.tlv", []byte("new")); !errors.As(err, &odd) || !strings.Contains(err.Error(), "read back") {
		t.Errorf("%v", err)
	}
	if _, err := c.Upload(t.Context(), "CTLFile.tlv", []byte("new")); err != nil || string(f.files["CTLFile.tlv"]) != "new" || *asked != 1 {
		t.Errorf("again: %v", err)
	}
}

// A page that lists files in ways that are not known deletes nothing.
func TestDeleteIsExact(t *testing.T) {
	for name, list := range map[string]string{
		"no button":    `<form action="/cmplatform/d.do"><table><tr><td><input type=checkbox name=s value=1></td><td>CTLFile.tlv</td></tr></table></form>`,
		"all in a row": `<form action="/cmplatform/d.do"><table><tr><td><input type=checkbox name=s value=1><input type=checkbox name=s value=2>CTLFile.tlv Ringlist.xml</td></tr></table><input type=submit name=d value="Delete Selected"></form>`,
		"elsewhere":    `<form action="https://example.com/d.do"><table><tr><td><input type=checkbox name=s value=1></td><td>CTLFile.tlv</td></tr></table><input type=submit name=d value="Delete Selected"></form>`,
		"a longer one": `<form action="/cmplatform/d.do"><table><tr><td><input type=checkbox name=s value=1></td><td>CTLFile.tlv.bak</td></tr></table><input type=submit name=d value="Delete Selected"></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/d.do"):
					t.Errorf("%s %s", r.Method, r.URL)
				case strings.HasSuffix(r.URL.Path, "tftpList.do"):
					w.Write([]byte(list))
				default:
					w.Write([]byte(`<a href="tftpList.do">files</a><form action=tftpFileUpload.do><input type=file name=file></form>`))
				}
			}), right)
			if answer, err := c.Delete(t.Context(), "CTLFile.tlv"); err == nil {
				t.Errorf("%+v", answer)
			}
		})
	}
}
