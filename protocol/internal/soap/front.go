package soap

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"ctlclient/message"
)

const (
	// maxRequest bounds a request, in bytes: a thousand names of phones fit ten times.
	maxRequest = 1 << 20

	// maxSessions bounds what is remembered of clients that come without their cookie.
	maxSessions = 1000

	cookie = "JSESSIONIDSSO"
)

// Credentials come with a request.
type Credentials struct {
	User, Password string // of Basic authentication; empty: none came
	Operation      string // "listPhone"; empty: not understood
}

// Refusal is an answer without SOAP.
type Refusal struct {
	Code       int           // 401, 403, 404, 503, ...
	RetryAfter time.Duration // told where it is not 0
}

// Error is Said in English.
func (e *Refusal) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Refusal) Said() error { return message.Errorf("refused with %d", e.Code) }

// Front is the server's side of one SOAP service.
type Front struct {
	// Begin is asked before a request is carried out. A *Refusal is answered with its
	// status code, any other error as a fault.
	Begin func(Credentials) error

	// Answer carries out the operation name and gives the answer's element. decode reads
	// the request.
	Answer func(name xml.Name, action string, decode func(any) error) ([]byte, error)

	// Fault says an error in the words of the service; nil: its text.
	Fault func(operation string, err error) *Fault

	mu       sync.Mutex
	sessions map[string]bool
}

// ForgetSessions makes every cookie given so far a stale one, which is answered with
// 404, as after a restart of the service.
func (f *Front) ForgetSessions() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
}

// session says whether the request may go on: it has a cookie of ours, or none, and then
// it gets one.
func (f *Front) session(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, err := r.Cookie(cookie); err == nil {
		return f.sessions[c.Value]
	}
	if f.sessions == nil || len(f.sessions) >= maxSessions {
		f.sessions = map[string]bool{}
	}
	id := rand.Text()
	f.sessions[id] = true
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: r.URL.Path, Secure: true, HttpOnly: true})
	return true
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.session(w, r) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	name, body, err := f.answer(r, data)
	if err != nil {
		f.fail(w, name, err)
		return
	}
	write(w, http.StatusOK, body)
}

func (f *Front) answer(r *http.Request, data []byte) (operation string, body []byte, err error) {
	name, decode, malformed := Request(data)
	c := Credentials{Operation: name.Local}
	c.User, c.Password, _ = r.BasicAuth()
	if err := f.Begin(c); err != nil {
		return name.Local, nil, err
	}
	if malformed != nil {
		return name.Local, nil, malformed
	}
	body, err = f.Answer(name, r.Header.Get("SOAPAction"), decode)
	return name.Local, body, err
}

func write(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(code)
	_, _ = w.Write(Envelope(body)) // a client that went away is no business of ours
}

func (f *Front) fail(w http.ResponseWriter, operation string, err error) {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		if refusal.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(refusal.RetryAfter/time.Second)))
		}
		if refusal.Code == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="Cisco Web Services Realm"`)
		}
		w.WriteHeader(refusal.Code)
		return
	}
	fault := &Fault{String: err.Error()}
	if f.Fault != nil {
		fault = f.Fault(operation, err)
	}
	body, err := fault.element()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, http.StatusInternalServerError, body)
}

// element writes a fault in the shape that a Unified Communications Manager gives it.
func (e *Fault) element() ([]byte, error) {
	type axl struct {
		Code    int    `xml:"axlcode"`
		Message string `xml:"axlmessage"`
		Request string `xml:"request"`
	}
	type detail struct {
		AXL *axl `xml:"axlError"`
	}
	v := struct {
		XMLName xml.Name `xml:"soapenv:Fault"`
		Code    string   `xml:"faultcode"`
		String  string   `xml:"faultstring"`
		Detail  detail   `xml:"detail"`
	}{Code: e.Code, String: e.String}
	if v.Code == "" {
		v.Code = "soapenv:Server"
	}
	if e.Message != "" {
		v.Detail.AXL = &axl{e.AXL, e.Message, e.Request}
	}
	return xml.Marshal(v)
}
